#!/usr/bin/python3
"""Disks that refuse, fail and are slow, under a gateway at work: with files that are open already.

A file system of its own that an error makes read-only, as a failing disk does; and answers that strace gives in place of the kernel's. In all of
them nothing is granted without its event, pages go on, what was acknowledged is there afterwards, and it goes on by itself.
"""
import contextlib
import errno
import os
import signal
import socket
import subprocess
import time

from gateway import PATIENCE, Gateway, Site, eventually, folder, named, running, site, tell

ROUNDS = 3
# By how much memory may differ, in bytes, and how many descriptors more there may be: kept connections to the site.
MOST_GROWTH, MOST_KEPT = 24 << 20, 8
# How long a page may take while the disk stands still for longer, in seconds: the machine has other work as well.
LONGEST_PAGE = 5.0
# More choices at once than may wait for the disk, and for how long it stands still, in seconds: longer than a choice may wait.
FLOOD, STANDS_STILL = 1300, 12


@contextlib.contextmanager
def injected(gateway, *faults, threads=None):
    """Every thread of the gateway gets these answers of the kernel, or those with this name alone: the others then run as fast as ever."""
    file = f"{gateway.folder}/strace"
    calls = ",".join(fault.split(":")[0] for fault in faults)
    status = {thread: f"/proc/{gateway.id}/task/{thread}/status" for thread in os.listdir(f"/proc/{gateway.id}/task")}
    status = {thread: path for thread, path in status.items() if threads is None or f"Name:\t{threads}\n" in text_of(path)}
    whom = ["-f", "-p", str(gateway.id)] if threads is None else [word for thread in status for word in ("-p", thread)]
    command = ["strace", "-q", "-e", f"trace={calls}", "-e", "signal=none", "-o", file, *whom]
    tracer = subprocess.Popen([*command, *(word for fault in faults for word in ("-e", f"inject={fault}"))])
    is_traced = lambda path: not os.path.exists(path) or f"TracerPid:\t{tracer.pid}\n" in text_of(path)
    eventually("every thread is traced", lambda: all(map(is_traced, status.values())), 30)
    try:
        yield
    finally:
        # Nothing that a fault keeps waiting keeps the end from coming: whoever is traced is let go.
        tracer.send_signal(signal.SIGTERM)
        tracer.wait()
    with open(file, encoding="utf-8", errors="replace") as said:
        assert "INJECTED" in said.read() or any("delay" in fault for fault in faults), f"{faults} never happened"


def text_of(path):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path, encoding="ascii") as file:
        return file.read()
    return ""


@contextlib.contextmanager
def standing_still(mounted):
    """The disk takes no byte and gives no answer."""
    run("fsfreeze", "--freeze", mounted)
    try:
        yield
    finally:
        run("fsfreeze", "--unfreeze", mounted)


class Kept:
    """What was acknowledged, and the look of a gateway whose log can't be written."""

    def __init__(self, gateway):
        self.gateway, self.records = gateway, []

    def accept(self):
        answer = self.gateway.choose()
        if answer.status == 303:
            self.records.append(answer.record)
        else:
            assert (answer.status, answer.record) == (503, None), f"{answer.status}: {answer.headers}"
        return answer.status

    def nothing_is_granted(self):
        """Who accepted before stays, whoever accepts now has nothing, whoever takes back has taken back, and pages go on."""
        first = self.records[0]
        eventually("nothing is granted", lambda: self.accept() == 503)
        assert not self.gateway.page(first).shows_banner, "what was recorded stays"
        assert self.gateway.page().shows_banner and "answered=?0" in Site.consent, Site.consent
        health = [self.gateway.status(path) for path in ("/readyz/consent", "/readyz", "/healthz")]
        assert health == [503, 200, 200], health

    def goes_on(self):
        eventually("it is ready again", lambda: self.gateway.status("/readyz/consent") == 200)
        assert eventually("choices are recorded", lambda: self.accept() == 303)

    def all_there(self):
        log = self.gateway.log()
        for record in self.records:
            leaf, consent = named(record)
            assert log.get(leaf, [None])[0] == consent, f"leaf {leaf} was acknowledged: {log.get(leaf)}"
        expressed = [event for _, event in log.values()].count("expressed")
        assert expressed == len(self.records), f"{expressed} are in the log, {len(self.records)} were acknowledged"


@contextlib.contextmanager
def ext4(place):
    """A file system in a file that becomes read-only at its first error; gives the name of its device."""
    image, mounted = f"{place}/image", f"{place}/site/state"
    os.makedirs(mounted)
    run("truncate", "--size=64M", image)
    run("mkfs.ext4", "-q", "-e", "remount-ro", image)
    device = run("losetup", "--find", "--show", image)
    try:
        run("mount", device, mounted)
        os.chmod(mounted, 0o700)
        yield device, mounted
    finally:
        subprocess.run(["umount", mounted], capture_output=True, check=False)
        run("losetup", "--detach", device)


def run(*words, allowed=(0,)):
    output = subprocess.run(words, capture_output=True, text=True, check=False)
    assert output.returncode in allowed, f"{' '.join(words)}: {output.stderr.strip()}; this needs root, loop devices and ext4"
    return output.stdout.strip()


def becomes_read_only(upstream):
    """The kernel itself makes the file system read-only, also for files that are open."""
    with folder() as place, ext4(place) as (device, mounted):
        gateway = Gateway(f"{place}/site", upstream)
        kept = Kept(gateway)
        for turn in range(ROUNDS):
            with running(gateway):
                kept.goes_on()
                opened = os.open(f"{mounted}/open-{turn}", os.O_WRONLY | os.O_CREAT)
                os.write(opened, b"it can be written")
                with open(f"/sys/fs/ext4/{os.path.basename(device)}/trigger_fs_error", "w", encoding="ascii") as trigger:
                    trigger.write("the disk fails")
                try:
                    os.write(opened, b"it can not")
                    raise AssertionError("the fault is not real: a file that is open can be written")
                except OSError as error:
                    assert error.errno == errno.EROFS, error
                finally:
                    os.close(opened)
                kept.nothing_is_granted()
                gateway.stop(signal.SIGKILL)
            # What an operator does with such a disk.
            run("umount", mounted)
            run("e2fsck", "-f", "-y", device, allowed=(0, 1))
            run("mount", device, mounted)
        with running(gateway):
            kept.goes_on()
            kept.all_there()
        tell("file systems that an error made read-only under open files", rounds=ROUNDS, acknowledged=len(kept.records), lost="none")


def refuses(upstream):
    """Writes and fsyncs fail, all of them or every third."""
    faults = {
        "open descriptors are read-only": ["pwrite64:error=EROFS", "ftruncate:error=EROFS", "fsync:error=EROFS"],
        "no byte is written": ["pwrite64:error=EIO"],
        "no fsync succeeds": ["fsync:error=EIO"],
    }
    with folder() as place:
        gateway = Gateway(place, upstream)
        kept = Kept(gateway)
        with running(gateway):
            kept.goes_on()
            for calls in faults.values():
                for _ in range(ROUNDS):
                    with injected(gateway, *calls):
                        kept.nothing_is_granted()
                    kept.goes_on()
            before = gateway.descriptors()
            for calls in (["fsync:error=EIO:when=1+3"], ["pwrite64:error=EIO:when=5+7"], ["pwrite64:error=ENOSPC:when=3+11"]):
                with injected(gateway, *calls):
                    answers = [kept.accept() for _ in range(40)]
                    assert 503 in answers, "it never refused"
                kept.goes_on()
            kept.all_there()
            eventually("descriptors are back", lambda: gateway.descriptors() <= before + MOST_KEPT)
            gateway.stop(signal.SIGKILL)
        with running(gateway):
            kept.goes_on()
            kept.all_there()
        tell("descriptors that refuse", kinds=len(faults) + 3, rounds=ROUNDS, acknowledged=len(kept.records), lost="none")


def is_slow(upstream):
    """Every fsync takes three seconds; then the disk stands still for longer than anybody may wait."""
    with folder() as place, ext4(place) as (_, mounted):
        gateway = Gateway(f"{place}/site", upstream)
        kept = Kept(gateway)
        with running(gateway):
            kept.goes_on()
            late, slowest_page, answered = choices_of_a_slow_disk(gateway, kept), 0, []
            memory, open_before = 0, gateway.descriptors()
            for turn in range(ROUNDS):
                with standing_still(mounted):
                    begun = time.monotonic()
                    waiting = [post(gateway) for _ in range(FLOOD)]
                    # Behind the flood itself, which costs the machine some work.
                    assert not gateway.page(kept.records[0]).shows_banner
                    still = time.monotonic()
                    while time.monotonic() < still + STANDS_STILL:
                        asked = time.monotonic()
                        assert not gateway.page(kept.records[0]).shows_banner
                        assert gateway.page().shows_banner
                        slowest_page = max(slowest_page, (time.monotonic() - asked) / 2)
                    answers = [taken(kept, stream) for stream in waiting]
                    answered.append(time.monotonic() - begun)
                    assert answers.count(503) == FLOOD, f"{answers.count(303)} were granted by a disk that stands still"
                    assert [gateway.status(path) for path in ("/readyz/consent", "/readyz")] == [503, 200]
                kept.goes_on()
                eventually("descriptors are back", lambda: gateway.descriptors() <= open_before + MOST_KEPT)
                # The first flood settles what is kept for the next ones.
                memory = gateway.resident() if turn == 0 else memory
            grown = gateway.resident() - memory
            assert grown < MOST_GROWTH, f"it grew by {grown >> 20} MiB"
            assert slowest_page < LONGEST_PAGE, f"a page took {slowest_page:.1f} s"
            log = gateway.log()
            for record in kept.records:
                leaf, consent = named(record)
                assert log.get(leaf, [None])[0] == consent, f"leaf {leaf} was acknowledged: {log.get(leaf)}"
        tell("a slow disk", slowest_choice=f"{late:.1f} s", acknowledged=len(kept.records), lost="none")
        tell(
            "a disk that stands still",
            rounds=ROUNDS,
            choices_at_once=FLOOD,
            granted=0,
            answered_within=f"{max(answered):.0f} s",
            slowest_page=f"{slowest_page * 1000:.0f} ms",
            grown=f"{grown >> 20} MiB",
        )


def choices_of_a_slow_disk(gateway, kept):
    """Each is answered, late or not at all granted; how late the last one was."""
    with injected(gateway, "fsync:delay_enter=3000000", threads="log-writer"):
        begun = time.monotonic()
        answers = [taken(kept, stream) for stream in [post(gateway) for _ in range(8)]]
        late = time.monotonic() - begun
        assert 303 in answers and late < 11, f"{answers} after {late:.1f} s"
    kept.goes_on()
    return late


def post(gateway):
    """Sends a choice, and does not wait for its answer."""
    form = "choice=accept&edition=first&language=ru&layer=banner&to=/"
    stream = socket.create_connection(gateway.http, PATIENCE)
    stream.sendall(
        f"POST /_kelisim/choice HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nsec-fetch-site: same-origin\r\nsec-fetch-user: ?1\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n\r\n{form}".encode()
    )
    return stream


def taken(kept, stream):
    """The answer; a record in it is kept."""
    with stream:
        text = b"".join(iter(lambda: stream.recv(65536), b"")).decode()
    status = int(text.split(" ")[1])
    lines = [line for line in text.split("\r\n") if line.startswith("set-cookie: kelisim=") and "kelisim=;" not in line]
    assert (status, len(lines)) in ((303, 1), (503, 0)), text
    if lines:
        kept.records.append(lines[0].split("=", 1)[1].split(";")[0])
    return status


def main():
    upstream = site()
    for story in (becomes_read_only, refuses, is_slow):
        story(upstream)


if __name__ == "__main__":
    main()
