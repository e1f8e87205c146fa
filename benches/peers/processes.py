"""Processes that are measured: pinned to cores, ended whatever happens, and what they cost in time and memory."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 15  # seconds until a proxy has to listen, or to end


def free_ports(count):
    """Ports that nobody has now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def filled(template, values):
    """A template's text with each `@name@` replaced; a name without a value is an error."""
    text = (Path(__file__).parent / "templates" / template).read_text()
    return re.sub(r"@([a-z_0-9]+)@", lambda name: str(values[name[1]]), text)


FIRST = False  # whether what is started goes before everything else on the machine


def before_others(pid, priority=-20):
    """Lets the session that a process leads run before all others, if that is wanted; the kernel shares cores by session."""
    try:
        if FIRST:
            Path(f"/proc/{pid}/autogroup").write_text(str(priority))
    except OSError as error:
        print(f"no priority for process {pid}: {error}", file=sys.stderr)


class Running:
    """A program with all the processes that it starts. It ends with this one, also where this one is killed."""

    def __init__(self, name, command, cores, folder, ports=(), environment=None):
        self.name, self.cores = name, cores
        self.output = Path(folder) / f"{name}.out"
        pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", ",".join(map(str, cores))]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                pinned + [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env={**os.environ, **(environment or {})}, cwd=folder,
            )
        try:
            before_others(self.process.pid)
            self.wait_for(ports)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, ports):
        until = time.monotonic() + PATIENCE
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"{self.name} does not listen: {self.told()}") from None
                    time.sleep(0.05)

    def told(self):
        return self.output.read_text(errors="replace")[-2000:].strip()

    def pids(self):
        """The process, and its children and theirs."""
        found, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    new += [int(child) for child in children.read_text().split()]
                except OSError:
                    pass  # a thread that just ended
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def cpu_nanoseconds(pids):
    """What the processes used of the processor, all threads and those that ended, by the scheduler's own clock."""
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids)


def user_and_system(pids):
    """Seconds in the program and in the kernel, as /proc/PID/stat says in ticks."""
    both = [0, 0]
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        both[0] += int(fields[11]) / TICKS
        both[1] += int(fields[12]) / TICKS
    return both


def resident_kib(pids):
    """VmRSS of all processes together."""
    return sum(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids)


def core_seconds(core):
    """What a core did since it was started: busy seconds of all processes, and those that the host took away."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
            return (user + nice + system + irq + softirq) / TICKS, steal / TICKS
    raise RuntimeError(f"there is no core {core}")
