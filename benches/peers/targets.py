"""What Kelisim means to reach, as ratios to other proxies on the same work in the same run."""

from typing import NamedTuple


class Target(NamedTuple):
    work: str
    peer: str
    most: float
    of: str = None  # another work of the peer, where it is not the same one


TARGETS = [
    Target("W1", "nginx", 0.95),
    Target("W1", "haproxy", 0.95),
    Target("W1", "nginx-tcp", 1.35),
    Target("W1", "haproxy-tcp", 1.35),
    Target("W2", "nginx-lua", 0.8),
    Target("W2", "kelisim", 1.10, "W1"),
    Target("W3", "nginx", 0.45),
    Target("W4", "nginx", 0.45),
    Target("W4s", "nginx", 0.08),
    Target("W5", "nginx", 0.8),
    Target("W5", "haproxy", 1.0),
    Target("W5b", "nginx", 0.8),
    Target("W5b", "haproxy", 1.0),
    Target("W5c", "nginx", 0.8),
    Target("W5c", "haproxy", 1.0),
]

LARGER = 1.10  # the page as gzip, against nginx's
TWO_CORES = 1.8  # times the requests of one
IDLE = {"plain": 4, "TLS": 15}  # KiB for each connection
LATENCY = 1.2  # p99 at half load, against nginx's
