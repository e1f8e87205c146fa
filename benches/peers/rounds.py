"""Measuring: each work by all proxies one after the other, in a new order each round, in slices of which undisturbed ones count."""

import random
import sys
import time
from collections import defaultdict

from load import CONNECTIONS, Load
from processes import core_seconds, cpu_nanoseconds, user_and_system

WARMING = 0.5  # seconds until connections are open and caches warm
SLICE = 0.25  # seconds
DISTURBED = 0.06  # of a core's time: a slice in which others took more of the proxy's core does not count

UNCOUNTED = 0.02  # of the requests may be answered while the load generator ends


class Cell:
    """One proxy on one work in one round."""

    def __init__(self, cpu, user, rate, busy, kept, slices, failures):
        self.cpu, self.user, self.rate, self.busy = cpu, user, rate, busy
        self.kept, self.slices, self.failures = kept, slices, failures


def measured(work, started, origin, machine, load_cores, seconds):
    """Processor time of a proxy for each request that came to the site meanwhile."""
    pids, cores = started.running.pids(), started.running.cores
    asked_before = origin.requests()
    load = Load(work, started, machine, load_cores, int(WARMING + seconds + 1))
    try:
        time.sleep(WARMING)
        parts, until = [], time.monotonic() + seconds
        user_before = user_and_system(pids)
        moment = now(pids, origin, cores)
        while time.monotonic() < until and load.is_running():
            time.sleep(SLICE)
            before, moment = moment, now(pids, origin, cores)
            parts.append([after - earlier for earlier, after in zip(before, moment)])
        user_after = user_and_system(pids)
        said = load.result()
    finally:
        load.stop()
    used = [after - before for before, after in zip(user_before, user_after)]
    quiet = [part for part in parts if part[3] - part[1] / 1e9 + part[4] < DISTURBED * part[0] * len(cores)]
    counted = quiet or parts
    cpu, requests, span = (sum(part[at] for part in counted) for at in (1, 2, 0))
    if not requests:
        raise RuntimeError(f"{work.key}: no request came to the site")
    # Each slice asked the site for its count too. What was on its way at the end came to the site and was not counted by the load.
    asked = origin.requests() - asked_before - len(parts) - 2
    if not said.count <= asked <= said.count * (1 + UNCOUNTED) + CONNECTIONS * max(1, work.streams):
        raise RuntimeError(f"{work.key}: {said.count} requests were answered, and {asked} came to the site")
    return Cell(cpu / requests / 1e3, used[0] / sum(used) if sum(used) else 0, requests / span, cpu / 1e9 / span, len(quiet), len(parts), said.failures)


def now(pids, origin, cores):
    busy, stolen = map(sum, zip(*(core_seconds(core) for core in cores)))
    requests = origin.requests() - 1
    return time.monotonic(), cpu_nanoseconds(pids), requests, busy, stolen


def all_rounds(works, able, origin, machine, load_cores, rounds, seconds):
    """Cells by work and proxy, one a round. `able` says which proxies passed the check of a work."""
    cells = defaultdict(list)
    chance = random.Random()
    for number in range(rounds):
        for work in works:
            proxies = list(able[work.key])
            chance.shuffle(proxies)
            for key, started in proxies:
                try:
                    cell = measured(work, started, origin, machine, load_cores, seconds)
                except RuntimeError as error:
                    print(f"once more, since {error}", file=sys.stderr)
                    cell = measured(work, started, origin, machine, load_cores, seconds)
                cells[work.key, key].append(cell)
                print(
                    f"round {number + 1}/{rounds} {work.key:4} {key:15} {cell.cpu:8.1f} us/request, {cell.user:4.0%} user,"
                    f" core {cell.busy:4.0%} busy, {cell.rate:8.0f}/s, {cell.kept}/{cell.slices} slices" + (f", {cell.failures} FAILED" if cell.failures else ""),
                    file=sys.stderr, flush=True,
                )
    return cells
