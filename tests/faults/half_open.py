#!/usr/bin/python3
"""Half-open connections: the cable of a client and of a site is pulled, and no word comes of it.

A gateway, two clients and two sites, each in a network of its own, joined by virtual cables. One client and one site lose theirs while
connections of every kind stand. The gateway lets go of all of them within two minutes and a little, and of their descriptors; whoever waits for
the site that is gone is told; the client and the site that stay notice nothing. Takes two minutes and a half, nearly all of it waiting.
"""
import contextlib
import ctypes
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from gateway import NOTICE, Gateway, eventually, folder, running, tell

CLONE_NEWNET = 0x40000000
NAME = f"kelisim-{os.getpid()}"
# Which network has which number: the gateway's end of its cable is 10.231.NUMBER.1, the other one .2.
PLACES = {"gone": 1, "stays": 2, "site": 3, "lost": 4}
# After how many seconds the last of them must be gone: two minutes after the last word; or `answer` and `idle_timeout`, which are 135 s together.
LATEST = 150
MOST_KEPT = 8
SECOND_SITE = """
[[site]]
hosts = ["lost.example"]
upstream = "{upstream}"
[site.consent]
policy = "policy/"
{notice}"""
libc = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    output = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert output.returncode == 0, f"ip {' '.join(words)}: {output.stderr.strip()}; this needs root and network name spaces"


@contextlib.contextmanager
def inside(place):
    """What this thread opens meanwhile belongs to that network."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{NAME}-{place}", os.O_RDONLY)
    try:
        assert libc.setns(other, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(own, CLONE_NEWNET) == 0
        os.close(own)
        os.close(other)


@contextlib.contextmanager
def networks():
    made = []
    try:
        for place in ("gateway", *PLACES):
            ip("netns", "add", f"{NAME}-{place}")
            made.append(place)
            ip("-n", f"{NAME}-{place}", "link", "set", "lo", "up")
        for place, number in PLACES.items():
            ends = [(f"{NAME}-gateway", f"to-{place}", 1), (f"{NAME}-{place}", "cable", 2)]
            ip("link", "add", ends[0][1], "netns", ends[0][0], "type", "veth", "peer", "name", ends[1][1], "netns", ends[1][0])
            for network, name, last in ends:
                ip("-n", network, "address", "add", f"10.231.{number}.{last}/24", "dev", name)
                ip("-n", network, "link", "set", name, "up")
        yield
    finally:
        for place in made:
            subprocess.run(["ip", "netns", "delete", f"{NAME}-{place}"], check=False)


def site(place):
    """A site that speaks to each connection as its path asks for; its address."""
    with inside(place):
        listener = socket.create_server((f"10.231.{PLACES[place]}.2", 0), backlog=64)

    def serve(stream):
        with contextlib.suppress(OSError):
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = stream.recv(4096)
                    if not piece:
                        return
                    head += piece
                path = head.split(b" ")[1]
                if path in (b"/silent", b"/chatty"):
                    stream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
                    while path == b"/chatty":
                        stream.sendall(b"\x81\x01a")
                        time.sleep(1)
                    stream.recv(1)
                elif path == b"/large":
                    stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\ncontent-length: 1073741824\r\n\r\n")
                    while True:
                        stream.sendall(bytes(65536))
                elif path == b"/hang":
                    stream.recv(1)
                else:
                    stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nfine")

    def accept():
        while True:
            stream, _ = listener.accept()
            threading.Thread(target=serve, args=[stream], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    address, port = listener.getsockname()
    return f"http://{address}:{port}"


class Client:
    """A connection to the gateway from one place."""

    def __init__(self, place, port, tls=None, protocols=("http/1.1",)):
        with inside(place):
            self.stream = socket.create_connection((f"10.231.{PLACES[place]}.1", port), 30)
        self.port = self.stream.getsockname()[1]
        if tls:
            context = ssl.create_default_context(cafile=tls)
            context.set_alpn_protocols(list(protocols))
            self.stream = context.wrap_socket(self.stream, server_hostname="localhost")

    def asks(self, path, host="localhost", upgrade=False, until=b"\r\n\r\n", more=""):
        upgrading = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        self.stream.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n{upgrading if upgrade else more}\r\n".encode())
        text = b""
        while until and until not in text:
            piece = self.stream.recv(65536)
            assert piece, text
            text += piece
        assert not upgrade or b" 101 " in text, text
        return self

    def asks_by_http_2(self, path):
        name = b"localhost"
        head = b"\x82\x87\x41" + bytes([len(name)]) + name + b"\x04" + bytes([len(path)]) + path
        frame = lambda kind, flags, stream, body: len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
        self.stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 5, 1, head))
        assert self.stream.recv(9), "it speaks HTTP/2"
        return self

    def ends(self):
        """Reads what still comes, to the end; all of it and after how long."""
        begun, text = time.monotonic(), b""
        self.stream.settimeout(LATEST + 30)
        with contextlib.suppress(ConnectionResetError):
            for piece in iter(lambda: self.stream.recv(65536), b""):
                text += piece
        return text, time.monotonic() - begun


def held(gateway):
    """The ports of the other side of all connections that the gateway holds."""
    ports = set()
    for kind in ("tcp", "tcp6"):
        with open(f"/proc/{gateway.id}/net/{kind}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                words = line.split()
                # With no number of a descriptor it is the system's alone.
                if words[9] != "0":
                    ports.add(int(words[2].split(":")[1], 16))
    return ports


def story(place):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{place}/key.pem", "-out", f"{place}/certificate.pem"],
        check=True,
        capture_output=True,
    )
    tls = f'[tls]\ncertificates = [{{ certificate = "{place}/certificate.pem", key = "{place}/key.pem" }}]'
    gateway = Gateway(
        place, site("site"), server='https = ["0.0.0.0:0"]', listen="0.0.0.0", tls=tls, tables=SECOND_SITE.format(upstream=site("lost"), notice=NOTICE)
    )
    with running(gateway, before=["ip", "netns", "exec", f"{NAME}-gateway"]):
        plain, secure, certificate = gateway.http[1], gateway.address("https=[")[1], f"{place}/certificate.pem"
        warm = Client("stays", plain).asks("/")
        before = gateway.descriptors()
        gone = {
            "plain, after an answer": Client("gone", plain).asks("/"),
            "plain, in the middle of an answer": Client("gone", plain).asks("/large"),
            "plain, waiting for an answer": Client("gone", plain).asks("/hang", until=None),
            "plain, WebSocket, silent": Client("gone", plain).asks("/silent", upgrade=True),
            "plain, WebSocket, the site speaks": Client("gone", plain).asks("/chatty", upgrade=True),
            "TLS, after the handshake": Client("gone", secure, certificate),
            "TLS, WebSocket, silent": Client("gone", secure, certificate).asks("/silent", upgrade=True),
            "TLS, WebSocket, the site speaks": Client("gone", secure, certificate).asks("/chatty", upgrade=True),
            "HTTP/2, after an answer": Client("gone", secure, certificate, ["h2"]).asks_by_http_2(b"/"),
            "HTTP/2, waiting for an answer": Client("gone", secure, certificate, ["h2"]).asks_by_http_2(b"/hang"),
        }
        left = {
            "the site is gone, WebSocket, silent": Client("stays", plain).asks("/silent", "lost.example", upgrade=True),
            "the site is gone, WebSocket, it spoke": Client("stays", plain).asks("/chatty", "lost.example", upgrade=True),
            "the site is gone, waiting for an answer": Client("stays", plain).asks("/hang", "lost.example", until=None, more="connection: close\r\n"),
            "the site is gone, in the middle of an answer": Client("stays", plain).asks("/large", "lost.example"),
        }
        stays = Client("stays", plain).asks("/chatty", upgrade=True)
        eventually("all of them are there", lambda: {client.port for client in [*gone.values(), *left.values()]} <= held(gateway))
        most = gateway.descriptors()
        ip("-n", f"{NAME}-gone", "link", "set", "cable", "down")
        ip("-n", f"{NAME}-lost", "link", "set", "cable", "down")
        begun, ended, told = time.monotonic(), {}, {}
        readers = [threading.Thread(target=lambda name=name, client=client: told.update({name: client.ends()})) for name, client in left.items()]
        [reader.start() for reader in readers]
        waiting = {**gone, **left}
        while len(ended) < len(waiting) and time.monotonic() < begun + LATEST:
            now = held(gateway)
            for name in waiting.keys() - ended.keys():
                if waiting[name].port not in now:
                    ended[name] = time.monotonic() - begun
            # Somebody who is there has all of it meanwhile.
            assert stays.stream.recv(65536)
        for name in waiting:
            print(f"  {name}: " + (f"let go after {ended[name]:.0f} s" if name in ended else "still held"), flush=True)
        assert len(ended) == len(waiting), f"still held after {LATEST} s: {sorted(waiting.keys() - ended.keys())}"
        [reader.join() for reader in readers]
        assert b"504" in told["the site is gone, waiting for an answer"][0][:20], told["the site is gone, waiting for an answer"]
        eventually("descriptors are back", lambda: gateway.descriptors() <= before + MOST_KEPT, 30)
        Client("stays", plain).asks("/", until=b"fine")
        tell("half-open connections", kinds=len(waiting), descriptors=f"{before}, {most}, {gateway.descriptors()}", last_after=f"{max(ended.values()):.0f} s")
        del warm


def main():
    if os.geteuid() != 0:
        sys.exit("This needs root: it makes networks of its own.")
    # Whoever ends it gets the machine back as it was.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with networks(), folder() as place:
        story(place)


if __name__ == "__main__":
    main()
