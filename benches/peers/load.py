"""Load generators: wrk for HTTP/1.1, h2load for HTTP/2. Each keeps every connection busy until its time is over."""

import re
import subprocess
from typing import NamedTuple

from processes import before_others

CONNECTIONS = 64
FAILURES = [r"Non-2xx or 3xx responses: (\d+)", r"(\d+) failed", r"(\d+) timeout"]


def command(work, started, machine, cores, seconds, connections=CONNECTIONS, script=None):
    """The load generator's command, pinned to its cores."""
    host, port = started.host(work), started.port(work)
    words = ["taskset", "-c", ",".join(map(str, cores))]
    if work.streams:
        words += [machine.h2load, "-c", connections, "-t", len(cores), "-m", work.streams, "-D", seconds, f"https://{host}:{port}{work.path}"]
    else:
        words += [machine.wrk, "-t", len(cores), "-c", connections, "-d", f"{seconds}s", "--latency"]
        words += ["-s", script] if script else []
        words.append(f"http{'s' if work.tls else ''}://{host}:{port}{work.path}")
    for name, value in work.all_headers(started.extra_cookie(work)):
        words += ["-H", f"{name}: {value}"]
    return words


class Result(NamedTuple):
    """What a load generator counted, a second's share of it, failures, and latencies in seconds by percentile where they are told."""

    count: int
    rate: float
    failures: int
    percentiles: dict


class Load:
    """A load generator at work."""

    def __init__(self, work, started, machine, cores, seconds, connections=CONNECTIONS, script=None):
        self.patience = seconds + 20
        words = ["setpriv", "--pdeathsig", "KILL", *command(work, started, machine, cores, seconds, connections, script)]
        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        before_others(self.process.pid)

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        self.process.kill()
        self.process.communicate()

    def result(self):
        """What the generator says when its time is over."""
        try:
            said, _ = self.process.communicate(timeout=self.patience)
        except subprocess.TimeoutExpired:
            self.stop()
            raise RuntimeError("the load generator did not end") from None
        if self.process.returncode:
            raise RuntimeError(f"the load generator failed: {said[-500:]}")
        count = re.search(r"(\d+) requests in", said) or re.search(r"requests: .* (\d+) done", said)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said) or re.search(r"finished in .*?, ([\d.]+) req/s", said)
        errors = said.partition("Socket errors:")[2].partition("\n")[0]
        failures = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", errors)))
        failures += sum(int(number) for pattern in FAILURES for number in re.findall(pattern, said))
        percentiles = {int(name): seconds(value) for name, value in re.findall(r"^\s+(\d\d)%\s+(\S+)$", said, re.M)}
        return Result(int(count[1]), float(rate[1]), failures, percentiles)


def seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]
