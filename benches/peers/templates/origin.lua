-- Pages that nobody has seen before: each has a comment with a number of its own, and is gzip-encoded where that is asked for.
local bit = require "bit"
local band, bxor, rshift = bit.band, bit.bxor, bit.rshift
local char = string.char

local function contents(name)
    local file = assert(io.open("@folder@/" .. name, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

local head, tail = contents("head.gz"), contents("tail.gz")
local plain_head, plain_tail = contents("head.html"), contents("tail.html")
local columns = { @columns@ }
local checksum_before, checksum_after, length = @checksum_before@, @checksum_after@, @length@

local bytewise = {}
for byte = 0, 255 do
    local sum = byte
    for _ = 1, 8 do
        sum = band(sum, 1) == 1 and bxor(rshift(sum, 1), 0xEDB88320) or rshift(sum, 1)
    end
    bytewise[byte] = sum
end

-- What the checksum of the whole is when that of everything before the end is this.
local function whole(before)
    local sum = checksum_after
    for place = 0, 31 do
        if band(rshift(before, place), 1) == 1 then sum = bxor(sum, columns[place + 1]) end
    end
    return sum
end

local function continued(sum, text)
    sum = bit.bnot(sum)
    for at = 1, #text do
        sum = bxor(rshift(sum, 8), bytewise[band(bxor(sum, text:byte(at)), 255)])
    end
    return bit.bnot(sum)
end

local function little_endian(number)
    return char(band(number, 255), band(rshift(number, 8), 255), band(rshift(number, 16), 255), band(rshift(number, 24), 255))
end

local size = little_endian(length)
local served = 0

function serve_new_page()
    served = served + 1
    local comment = string.format("<!-- %038d -->\n", served)
    local header = ngx.header
    header["Content-Type"] = "text/html; charset=utf-8"
    header["Vary"] = "Accept-Encoding"
    local accepts = ngx.var.http_accept_encoding
    if accepts and accepts:find("gzip", 1, true) then
        header["Content-Encoding"] = "gzip"
        header["Content-Length"] = #head + #comment + #tail + 8
        ngx.print(head, comment, tail, little_endian(whole(continued(checksum_before, comment))), size)
    else
        header["Content-Length"] = length
        ngx.print(plain_head, comment, plain_tail)
    end
end
