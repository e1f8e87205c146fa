"""Memory of connections that lie idle: each made one request and waits, as browsers' connections do."""

import resource
import socket
import time

import client
from processes import resident_kib
from messages import KILOBYTE

ASKED_AGAIN = 40  # connections that are used once more at the end, to see that they were kept
SETTLING = 2  # seconds until what a proxy frees later is free


def raise_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def read_answer(stream):
    said = b""
    while not said.endswith(KILOBYTE):
        part = stream.recv(65536)
        if not part:
            raise ConnectionError("the proxy closed a connection that lay idle")
        said += part
    return said


def kib_for_each(started, work, count):
    """How much all processes of a proxy grow for each of so many idle connections, in KiB."""
    port, host = started.port(work), started.host(work)
    lines = [f"GET {work.path} HTTP/1.1", f"Host: {host}"] + [f"{name}: {value}" for name, value in work.all_headers(started.extra_cookie(work))]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    context = client.trusting_nobody(["http/1.1"]) if work.tls else None

    def one():
        stream = socket.create_connection(("127.0.0.1", port), timeout=20)
        if context:
            stream = context.wrap_socket(stream, server_hostname=host)
        stream.sendall(request)
        read_answer(stream)
        return stream

    streams = [one()]
    try:
        time.sleep(SETTLING / 2)
        before = resident_kib(started.running.pids())
        streams += [one() for _ in range(count)]
        time.sleep(SETTLING)
        after = resident_kib(started.running.pids())
        for stream in streams[:: max(1, count // ASKED_AGAIN)]:
            stream.sendall(request)
            read_answer(stream)
    finally:
        for stream in streams:
            stream.close()
    return (after - before) / count, before
