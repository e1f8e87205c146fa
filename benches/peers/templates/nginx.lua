-- One compiled expression for all rules, by nginx's own PCRE with its compiler, as is usual in OpenResty.
require "resty.core"
local gsub, find = ngx.re.gsub, ngx.re.find
local refused_cookies = [[(?:^|; *)(?:_ga|_gid|_fbp|_ga_[^=;]*|_ym_[^=;]*|_gcl_[^=;]*)=[^;]*]]
local refused_line = [[^(?:_ga|_gid|_fbp|_ga_[^=;]*|_ym_[^=;]*|_gcl_[^=;]*)=]]

function kept_cookies()
    local line = ngx.var.http_cookie
    if not line then return "" end
    local kept = gsub(line, refused_cookies, "", "jo")
    if kept:byte(1) == 59 then kept = gsub(kept, "^; *", "", "jo") end
    return kept
end

function keep_set_cookies()
    local header = ngx.header
    local lines = header["Set-Cookie"]
    if not lines then return end
    if type(lines) == "string" then lines = { lines } end
    local kept, count = {}, 0
    for at = 1, #lines do
        if not find(lines[at], refused_line, "jo") then
            count = count + 1
            kept[count] = lines[at]
        end
    end
    if count < #lines then header["Set-Cookie"] = count > 0 and kept or nil end
end
