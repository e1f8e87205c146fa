"""What is measured: each work as one request that is repeated, and what a proxy has to do with it."""

from typing import NamedTuple

from messages import BROWSER, COOKIES, PAGE_REQUEST, cookie_line

GZIP = ("Accept-Encoding", "gzip")


class Work(NamedTuple):
    key: str
    title: str
    path: str
    check: str  # which of the checks has to hold
    headers: list
    record: str = None  # whose consent Kelisim is shown besides
    tls: bool = False
    streams: int = 0  # of an HTTP/2 connection; none is HTTP/1.1

    def all_headers(self, extra_cookie=None):
        """The headers for a proxy; Kelisim's are longer by its own signed record."""
        cookies = [(name, value) for name, value in self.headers if name == "Cookie"]
        line = "; ".join(value for value in [cookies[0][1] if cookies else None, extra_cookie] if value)
        others = [header for header in self.headers if header[0] != "Cookie"]
        return others + ([("Cookie", line)] if line else [])


ACCEPTS_ALL = BROWSER + [("Accept", "*/*")]
WITH_COOKIES = ACCEPTS_ALL + [("Cookie", cookie_line(COOKIES))]

WORKS = [
    Work("W1", "pass-through, 1 KB", "/kilobyte", "same", ACCEPTS_ALL),
    Work("W2p", "12 cookies in, 4 lines out, nothing refused", "/cookies", "all_cookies", WITH_COOKIES, "accepted"),
    Work("W2", "the same, 7 cookies and 2 lines refused", "/cookies", "kept_cookies", WITH_COOKIES, "answered"),
    Work("W3", "banner into a page of 50 KB", "/page", "page", PAGE_REQUEST, "asked_again"),
    Work("W4", "the same page gzip-encoded, its bytes never seen", "/page-new", "new_page", PAGE_REQUEST + [GZIP], "asked_again"),
    Work("W4s", "the same, its bytes seen before", "/page-gzip", "gzip_page", PAGE_REQUEST + [GZIP], "asked_again"),
    Work("W5", "W1 over TLS 1.3, HTTP/1.1", "/kilobyte", "same", ACCEPTS_ALL, "answered", True),
    Work("W5b", "HTTP/2 over TLS 1.3, one stream", "/kilobyte", "same", ACCEPTS_ALL, "answered", True, 1),
    Work("W5c", "HTTP/2 over TLS 1.3, eight streams", "/kilobyte", "same", ACCEPTS_ALL, "answered", True, 8),
]
