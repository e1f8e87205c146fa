"""What is measured besides the cost of a request: idle connections, latency at half load."""

import contextlib
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import idle
import latency

IDLE = ["nginx", "haproxy", "envoy", "caddy", "kelisim"]
LATENCY = ["nginx", "haproxy", "kelisim"]
LATENCY_SECONDS = 5


def say(text):
    print(text, file=sys.stderr, flush=True)


def idle_connections(proxies, works, place, cores, count, rounds):
    """KiB for each idle connection by proxy and kind, from a fresh process each time."""
    values = defaultdict(list)
    idle.raise_limit()
    for number in range(rounds):
        for kind, work in works.items():
            for proxy in random.sample(proxies, len(proxies)):
                with contextlib.ExitStack() as ending:
                    own = Path(ending.enter_context(tempfile.TemporaryDirectory(dir=place.folder)))
                    started = proxy().start(place._replace(folder=own), cores)
                    ending.callback(started.stop)
                    try:
                        each, before = idle.kib_for_each(started, work, count)
                    except OSError as error:
                        say(f"idle {kind}: {proxy.key}: {error}")
                        continue
                values[kind, proxy.key].append(each)
                say(f"round {number + 1}/{rounds} idle {kind:5} {proxy.key:10} {each:6.1f} KiB for each of {count} connections, {before} KiB before")
    return values


def latencies(able, work, machine, cores, folder, rounds):
    """At half of nginx's highest rate: that rate, and by proxy what came about, median and p99, one a round."""
    proxies = {key: started for key, started in able[work.key] if key in LATENCY}
    if "nginx" not in proxies:
        return None, {}
    rate = latency.highest_rate(work, proxies["nginx"], machine, cores, LATENCY_SECONDS) / 2
    values = defaultdict(list)
    for number in range(rounds):
        for key in random.sample(list(proxies), len(proxies)):
            came, middle, p99 = latency.at_rate(rate, number + 1, work, proxies[key], machine, cores, LATENCY_SECONDS, folder)
            values[key].append((came, middle, p99))
            say(f"round {number + 1}/{rounds} latency {key:10} {came:8.0f}/s of {rate:.0f}/s, median {middle * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms")
    return rate, values
