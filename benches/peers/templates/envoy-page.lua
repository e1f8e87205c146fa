local snippet = '@snippet@'

function envoy_on_response(handle)
  local kind = handle:headers():get("content-type")
  if not kind or not kind:find("text/html", 1, true) then return end
  local body = handle:body(true)
  local page = body:getBytes(0, body:length())
  local at = page:find("</body>", 1, true)
  if not at then return end
  local length = body:setBytes(page:sub(1, at - 1) .. snippet .. page:sub(at))
  handle:headers():replace("content-length", length)
end
