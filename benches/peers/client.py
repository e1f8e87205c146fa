"""A client of the checks: one request on a connection of its own, and every byte of what comes back."""

import socket
import ssl
import subprocess


class Reply:
    def __init__(self, head, body, version=None, cipher=None, alpn=None):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.body, self.version, self.cipher, self.alpn = body, version, cipher, alpn
        self.head_bytes = len(head)

    def all(self, name):
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def header(self, name):
        return next(iter(self.all(name)), None)


def trusting_nobody(alpn):
    """The certificate was made a moment ago for this machine alone."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(alpn)
    return context


def send(port, path, headers, host, tls=False, method="GET", body=b""):
    """Asks by HTTP/1.1, and reads one answer by its length or its chunks."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    version = cipher = alpn = None
    if tls:
        stream = trusting_nobody(["http/1.1"]).wrap_socket(stream, server_hostname=host.split(":")[0])
        version, cipher, alpn = stream.version(), stream.cipher()[0], stream.selected_alpn_protocol()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"] + [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with stream, stream.makefile("rb") as file:
        stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline()
            if not line:
                raise ConnectionError(f"the connection ended in an answer's head: {head!r}")
            head += line
        reply = Reply(head[:-2], b"", version, cipher, alpn)
        if reply.header("transfer-encoding") == "chunked":
            while length := int(file.readline().split(b";")[0], 16):
                reply.body += file.read(length)
                file.readline()
            file.readline()
        else:
            reply.body = file.read(int(reply.header("content-length") or 0))
    return reply


def body_over_http2(port, path, headers, host):
    """The body that comes over HTTP/2, by nghttp."""
    command = ["nghttp", "--no-dep", f"https://{host}:{port}{path}"]
    for name, value in headers:
        command += ["-H", f"{name.lower()}: {value}"]
    return subprocess.run(command, capture_output=True, check=True, timeout=20).stdout


def alpn_of_http2(port, host):
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    with trusting_nobody(["h2", "http/1.1"]).wrap_socket(stream, server_hostname=host) as tls:
        return tls.selected_alpn_protocol()
