"""Latency at half of the load that nginx can bear.

wrk knows no constant rate, so each of many connections waits for a random time, distributed exponentially, between an answer
and its next request. Together they make nearly a Poisson process whose rate hardly depends on the proxy: 256 connections of
which each waits for some 10 ms. wrk's clock for waiting ticks in milliseconds, so requests come in small bunches, to all alike.
"""

from load import Load

CONNECTIONS = 256
SCRIPT = """
function init() math.randomseed(%d) end
function delay() return math.floor(-math.log(1 - math.random()) * %f + math.random()) end
"""


def highest_rate(work, started, machine, cores, seconds):
    return Load(work, started, machine, cores, seconds).result().rate


def at_rate(rate, seed, work, started, machine, cores, seconds, folder):
    """Requests a second that came about, and the median and the 99th percentile of latency in seconds."""
    script = folder / "waiting.lua"
    script.write_text(SCRIPT % (seed, CONNECTIONS / rate * 1000))
    said = Load(work, started, machine, cores, seconds, CONNECTIONS, script).result()
    if said.failures:
        raise RuntimeError(f"{said.failures} requests failed")
    return said.rate, said.percentiles[50], said.percentiles[99]
