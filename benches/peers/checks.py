"""What a proxy has to do with a message, by its bytes. A figure counts only where its check held."""

import gzip

import client
from messages import COMMENT_BYTES, COOKIES, KILOBYTE, SET_COOKIES, cookie_line, kept_cookies, kept_set_cookies, page, snippet, split_page


class Wrong(Exception):
    """A proxy does not do the job."""


def require(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def checked(work, started, origin, is_kelisim, forwards, asks_identity):
    """Sends one request through a proxy. Gives what is worth telling; raises `Wrong` where the bytes are not what they must be."""
    host, port = started.host(work), started.port(work)
    headers = work.all_headers(started.extra_cookie(work)) + [("X-Check", work.key)]
    reply = client.send(port, work.path, headers, host, work.tls)
    require(reply.status == 200, f"status {reply.status}")
    seen = origin.last_seen()
    require(seen["path"] == work.path and seen["protocol"] == "HTTP/1.1", f"the site was asked {seen}")
    if forwards:
        require(seen["for"] and seen["proto"] in ("https" if work.tls else "http", ""), f"the site was not told of the client: {seen}")
    if work.path in ("/page-gzip", "/page-new"):
        require((seen["encoding"] == "gzip") != asks_identity, f"the site sent the page as {seen['encoding'] or 'identity'}")
    told = {"encoded": reply.header("content-encoding"), "bytes": len(reply.body)}
    if work.tls:
        require((reply.version, reply.alpn) == ("TLSv1.3", "http/1.1"), f"{reply.version} and {reply.alpn} were agreed on")
        told["cipher"] = reply.cipher
    if work.streams:
        require(client.alpn_of_http2(port, host) == "h2", "HTTP/2 was not agreed on")
        require(client.body_over_http2(port, work.path, headers, host) == KILOBYTE, "the body over HTTP/2 is another one")
    CHECKS[work.check](reply, seen, is_kelisim)
    if work.check == "new_page":
        again = client.send(port, work.path, headers, host)
        require(again.body != reply.body, "the page did not change")
    return told


def same(reply, seen, _):
    require(reply.body == KILOBYTE, "the body is another one")
    require(not reply.all("set-cookie"), "a cookie was set")


def cookies(reply, seen, arriving, leaving):
    require(reply.body == KILOBYTE, "the body is another one")
    require(seen["cookie"] == cookie_line(arriving), f"the site saw {seen['cookie']!r}")
    require(reply.all("set-cookie") == leaving, f"the browser was told {reply.all('set-cookie')}")


def all_cookies(reply, seen, _):
    cookies(reply, seen, COOKIES, SET_COOKIES)


def kept(reply, seen, _):
    cookies(reply, seen, kept_cookies(), kept_set_cookies())


def same_page(body, whole, is_kelisim):
    """A peer's snippet stands before `</body>`, Kelisim's parts behind `<head>` and `<body …>`; every other byte is the site's."""
    if not is_kelisim:
        at = whole.index(b"</body>")
        require(body == whole[:at] + snippet() + whole[at:], "the page is not the site's with the snippet before its end")
        return
    head = whole.index(b"<head>") + len(b"<head>")
    start = whole.index(b"<body")
    start = whole.index(b">", start) + 1
    first, second, third = whole[:head], whole[head:start], whole[start:]
    require(body.startswith(first) and body.endswith(third), "beginning or end of the page is not the site's")
    inner = body[head : len(body) - len(third)]
    at = inner.find(second)
    require(at > 0 and b"<script" in inner[:at], "there is no script behind <head>, or the page's own head changed")
    banner = inner[at + len(second) :]
    require(b'name="edition" value="second"' in banner, "there is no banner that asks again behind <body>")
    require(b'value="accept"' in banner, "the banner can't be answered")


def identity_page(reply, _, is_kelisim):
    require(reply.header("content-encoding") is None, "the page came encoded")
    same_page(reply.body, page(), is_kelisim)


def decoded(reply):
    require(reply.header("content-encoding") == "gzip", "the page did not come as gzip")
    return gzip.decompress(reply.body)


def gzip_page(reply, _, is_kelisim):
    same_page(decoded(reply), page(), is_kelisim)


def new_page(reply, _, is_kelisim):
    body = decoded(reply)
    before, after = split_page()
    at = body.index(after[:40]) - COMMENT_BYTES
    same_page(body, before + body[at : at + COMMENT_BYTES] + after, is_kelisim)


CHECKS = {
    "same": same, "all_cookies": all_cookies, "kept_cookies": kept, "page": identity_page, "gzip_page": gzip_page, "new_page": new_page,
}
