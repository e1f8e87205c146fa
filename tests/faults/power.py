#!/usr/bin/python3
"""Power loss: whatever a disk may hold after it, every choice that was acknowledged before is there, and the state directory opens.

Real processes work on real files while strace writes down every change and every fsync, in their order. From that the files are made anew as a
disk may hold them whose power went at one moment (disk.py), hundreds of times, and the program is started on them. The moments and the
parts that survive are drawn by a seed, which is told when something is missing.

    power.py [SEED [CUTS]]
"""
import concurrent.futures
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sys
import threading

import disk
import recorded
from gateway import Gateway, ask, folder, named, running, site, tell

CLIENTS = 3
WAYS = ("none", "all", "ordered", "any", "any")


class Story:
    """What happens to one state directory, and what was promised meanwhile."""

    def __init__(self, upstream, place, seed):
        self.upstream, self.place = upstream, place
        self.gateway = Gateway(f"{place}/site", upstream)
        self.random = random.Random(seed)
        self.disk = disk.Disk(self.gateway.folder, self.random)
        # Configuration and policy were written by others, long ago.
        self.disk.holds = lambda path, holds=self.disk.holds: holds(path) and "/policy" not in path and not path.endswith(".toml")
        # Records of who accepted, whom the operator erases, and how many fsyncs failed.
        self.accepted, self.erased, self.failed_syncs = set(), set(), 0

    def record(self, work, *words, inject=(), end=signal.SIGTERM):
        """Runs the program once under strace, and keeps what it did."""
        file = f"{self.place}/trace"
        recording = [*recorded.recording(file), *inject]
        if words:
            self.gateway.done(*words, before=recording)
        else:
            with running(self.gateway, before=recording, own_id=recorded.first_child):
                work()
                self.gateway.stop(end)
        return list(recorded.read(file))

    def choices(self, count):
        """Visitors who accept, and every fifth changes their mind."""

        def client(number):
            for turn in range(count):
                answer = self.gateway.choose()
                if answer.status == 303:
                    self.accepted.add(answer.record)
                    if turn % 5 == 4:
                        self.gateway.choose("necessary", answer.record)
                else:
                    assert answer.status == 503, answer.status

        threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    def acknowledged(self, told):
        """The leaves and consent ids that visitors hold after what was said."""
        found = set()
        for _, text in told:
            for record in re.findall(rb"set-cookie: kelisim=([A-Za-z0-9_-]{60,});", text):
                if record.decode() in self.accepted:
                    found.add(named(record.decode()))
        return found


class Check:
    """One loss of power."""

    def __init__(self, story, way, moment, promised, erased, restoring, restored):
        self.story, self.way, self.moment = story, way, moment
        self.files = story.disk.after_power_loss(story.random, way)
        self.promised, self.erased, self.restoring, self.restored = promised, erased, restoring, restored
        self.signed = signed_size(story.disk.told)
        self.versions = {path: set(versions) for path, versions in story.disk.versions.items()}

    def run(self, number):
        place = f"{self.story.place}/after-{number}"
        gateway = Gateway(place, self.story.upstream)
        try:
            self.put(place)
            if self.restoring:
                # The same command finishes it.
                gateway.done("restore", f"{place}/backup.zip", "--replace")
            with running(gateway):
                said = "".join(gateway.said)
                assert self.restoring or self.restored or "was restored" not in said, said
                assert "is gone" not in said or not self.promised, said
                log = gateway.log()
                for leaf, consent in self.promised - self.story.erased:
                    assert log.get(leaf, [None])[0] == consent, f"leaf {leaf} was acknowledged and is {log.get(leaf)} of {len(log)}"
                for leaf, consent in self.erased:
                    assert log.get(leaf, [None])[0] != consent, f"leaf {leaf} was erased and is back"
                assert self.restoring or max(log, default=-1) + 40 >= self.signed, f"{self.signed} leaves were signed"
                assert gateway.choose().status == 303, "it goes on"
        except Exception as error:
            kept = f"{self.story.place}-lost"
            shutil.rmtree(kept, ignore_errors=True)
            with contextlib.suppress(AssertionError):
                self.put(kept)
            return f"at {self.moment}, {self.way} of what was not synchronised: {error} (the files are in {kept})"
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return None

    def put(self, place):
        for path, content in self.files.items():
            below = path.removeprefix(self.story.disk.root).lstrip("/")
            if not below:
                continue
            target = f"{place}/{below}"
            if content is None:
                os.makedirs(target, mode=0o700, exist_ok=True)
                continue
            if path in self.versions and not path.endswith(".sqlite"):
                assert content in self.versions[path], f"{below} is none of what was ever written there: {content[:100]}"
            if below.endswith("high-water.json"):
                # It names the file by its number and its birth, which no copy has.
                content = json.dumps({name: what for name, what in json.loads(content).items() if name != "database"}).encode()
            with open(target, "wb") as file:
                file.write(content)
            os.chmod(target, 0o600)


def signed_size(told):
    """How many leaves the newest checkpoint covers that was given to somebody."""
    notes = [re.search(rb"/_kelisim/log/[0-9a-f]+\n(\d+)\n", text) for _, text in told if b"200 OK" in text]
    return max((int(note[1]) for note in notes if note), default=0)


def replay(story, calls, cuts, promised=None, erased=None, restoring=False, restored=False):
    """Goes through the calls again, and cuts the power at some of them."""
    # Half of them anywhere, the other half next to an fsync, a name, or a word to somebody.
    places = [place for place, (_, call) in enumerate(calls) if call.name in ("fsync", "rename", "unlink", "sendto", "writev", "write", "ftruncate")]
    chosen = {story.random.randrange(len(calls)) for _ in range(cuts // 2)}
    chosen |= {min(len(calls) - 1, story.random.choice(places) + story.random.randrange(2)) for _ in range(cuts - len(chosen))}
    checks, from_here = [], len(story.disk.told)
    for place, (moment, call) in enumerate(calls):
        story.disk.take(moment, call)
        story.failed_syncs += moment == "ends" and call.name == "fsync" and call.result != 0
        if place in chosen or place == len(calls) - 1:
            told = story.disk.told[from_here:]
            known = (promised or set()) | story.acknowledged(told)
            gone = (erased or (lambda _: set()))(told)
            checks.append(Check(story, story.random.choice(WAYS), f"{place} of {len(calls)}", known, gone, restoring, restored))
    return checks


def all_that(checks, seed):
    """Loses power at each of the moments; every fault is told."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(lambda it: it[1].run(it[0]), enumerate(checks)) if fault]
    for fault in faults[:10]:
        print(f"  seed {seed}: {fault}", file=sys.stderr)
    assert not faults, f"{len(faults)} of {len(checks)} losses of power lost something"


def life(place, upstream, seed, cuts):
    """A first start, choices, an erasure, a new key, a backup, more choices, the backup put back, choices again."""
    story = Story(upstream, place, seed)
    gateway, whole = story.gateway, []

    def first():
        story.choices(10)
        who = next(iter(story.accepted))
        story.erased = {named(who)}
        gateway.done("log", "erase", named(who)[1])
        key = open(f"{gateway.state}/log.pub", encoding="ascii").read()
        path = re.search(r"/_kelisim/log/[0-9a-f]+", key)[0]
        assert ask(gateway.http, "GET", f"{path}/checkpoint").status == 200
        story.choices(5)

    def erased(told):
        return story.erased if any(b'"erased"' in text for _, text in told) else set()

    calls = story.record(first)
    whole += replay(story, calls, cuts * 2, erased=erased)
    before = story.acknowledged(story.disk.told)
    always = lambda _: story.erased
    keys = open(f"{gateway.state}/record.keys", "rb").read()
    whole += replay(story, story.record(None, "key", "rotate"), cuts // 4, before, always)
    assert open(f"{gateway.state}/record.keys", "rb").read() != keys
    assert whole[-1].files.get(f"{gateway.state}/record.keys", keys) != keys, "a new key that was told is there"
    whole += replay(story, story.record(None, "backup", f"{gateway.folder}/backup.zip"), cuts // 2, before, always)
    assert whole[-1].files.get(f"{gateway.folder}/backup.zip"), "a backup that was told is there"
    more = story.record(lambda: story.choices(5), end=signal.SIGKILL)
    whole += replay(story, more, cuts // 2, before, always)
    restoring = story.record(None, "restore", f"{gateway.folder}/backup.zip", "--replace")
    # The last moment is after its last word.
    middle = replay(story, restoring, cuts, before, always, restoring=True)
    middle[-1].restoring, middle[-1].restored = False, True
    whole += middle
    whole += replay(story, story.record(lambda: story.choices(3)), cuts // 2, before, always, restored=True)
    all_that(whole, seed)
    assert not story.disk.unsafe, story.disk.unsafe
    tell("power lost in the life of a state directory", times=len(whole), choices=len(story.accepted), lost="none")


def failing(place, upstream, seed, cuts):
    """The same while every fifth fsync of each thread fails, and what it should have written is gone for good."""
    story = Story(upstream, place, seed)
    inject = ["-e", "inject=fsync:error=EIO:when=40+5"]
    with contextlib.suppress(ProcessLookupError):
        checks = replay(story, story.record(lambda: story.choices(25), inject=inject), cuts)
    assert story.failed_syncs > 3, story.failed_syncs
    all_that(checks, seed)
    tell("power lost while fsync fails", times=len(checks), failed_fsyncs=story.failed_syncs, choices=len(story.accepted), lost="none")


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20261122
    cuts = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    upstream = site()
    for story in (life, failing):
        with folder() as place:
            story(place, upstream, seed, cuts)


if __name__ == "__main__":
    main()
