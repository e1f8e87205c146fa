local byte, find, sub, concat = string.byte, string.find, string.sub, table.concat
local exact = { @exact@ }
local beginnings = { @beginnings@ }
local lengths = { @lengths@ }
local first_bytes = { @first_bytes@ }

local function refused(name)
  if exact[name] then return true end
  for at = 1, #lengths do
    if beginnings[sub(name, 1, lengths[at])] then return true end
  end
  return false
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local line = headers:get("cookie")
  if not line then return end
  local kept, count, at, length = {}, 0, 1, #line
  while at <= length do
    local ending = find(line, ";", at, true) or length + 1
    local drop = false
    if first_bytes[byte(line, at)] then
      local equals = find(line, "=", at, true) or ending
      drop = refused(sub(line, at, (equals < ending and equals or ending) - 1))
    end
    if not drop then
      count = count + 1
      kept[count] = sub(line, at, ending - 1)
    end
    at = ending + 1
    while byte(line, at) == 32 do at = at + 1 end
  end
  headers:replace("cookie", concat(kept, "; ", 1, count))
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local all = headers:getNumValues("set-cookie")
  if all == 0 then return end
  local kept, count = {}, 0
  for at = 0, all - 1 do
    local line = headers:getAtIndex("set-cookie", at)
    if not refused(sub(line, 1, (find(line, "=", 1, true) or 1) - 1)) then
      count = count + 1
      kept[count] = line
    end
  end
  if count == all then return end
  headers:remove("set-cookie")
  for at = 1, count do headers:add("set-cookie", kept[at]) end
end
