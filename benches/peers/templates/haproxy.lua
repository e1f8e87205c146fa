-- What HAProxy's rules can't do: drop one of several lines of the same name.
local find, sub = string.find, string.sub
local exact = { @exact@ }
-- Beginnings, by their length.
local beginnings = { @beginnings@ }
local lengths = { @lengths@ }

local function refused(line)
    local name = sub(line, 1, (find(line, "=", 1, true) or 1) - 1)
    if exact[name] then return true end
    for at = 1, #lengths do
        if beginnings[sub(name, 1, lengths[at])] then return true end
    end
    return false
end

core.register_action("keep_set_cookies", { "http-res" }, function(transaction)
    local lines = transaction.http:res_get_headers()["set-cookie"]
    if not lines then return end
    local kept, count, all = {}, 0, 0
    for at = 0, #lines do
        all = all + 1
        if not refused(lines[at]) then
            count = count + 1
            kept[count] = lines[at]
        end
    end
    if count == all then return end
    transaction.http:res_del_header("set-cookie")
    for at = 1, count do transaction.http:res_add_header("set-cookie", kept[at]) end
end)
