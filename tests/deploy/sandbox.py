#!/usr/bin/python3
"""Starts a program under the system-call filter of a service's unit, without systemd as the first process.

    sandbox.py UNIT WRITABLE_FOLDER USER COMMAND ...

Of the unit it applies SystemCallFilter, SystemCallErrorNumber, RestrictAddressFamilies, MemoryDenyWriteExecute, ProtectSystem,
CapabilityBoundingSet, AmbientCapabilities, NoNewPrivileges and UMask. The sets of system calls are those that systemd-analyze shows.
"""
import ctypes
import errno
import grp
import os
import pwd
import re
import socket
import subprocess
import sys

import seccomp

# linux/mman.h, linux/prctl.h, linux/mount.h, linux/sched.h
PROT_WRITE, PROT_EXEC = 2, 4
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def settings(path):
    """What stands under [Service]: of each name the list of its values."""
    found, section = {}, ""
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def calls_of(name):
    """The system calls of a set, with those of the sets within it."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in shown.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(word) for word in words))


def allowed_calls(lines):
    """The first line allows, those with ~ take away (systemd.exec(5))."""
    allowed = set()
    for line in lines:
        takes_away, words = line.startswith("~"), line.lstrip("~").split()
        named = set().union(*(calls_of(word) for word in words))
        allowed = allowed - named if takes_away else allowed | named
    # systemd needs these itself to start a program, so they are always allowed.
    return allowed | calls_of("@default") | {"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn"}


def limit_calls(unit):
    numbers = unit.get("SystemCallErrorNumber", ["EPERM"])
    filter_ = seccomp.SyscallFilter(seccomp.ERRNO(getattr(errno, numbers[-1])))
    allowed = allowed_calls(unit["SystemCallFilter"])
    special = {"socket"} | ({"mmap", "mprotect", "pkey_mprotect"} if unit.get("MemoryDenyWriteExecute") == ["true"] else set())
    for name in sorted(allowed - special):
        try:
            filter_.add_rule(seccomp.ALLOW, name)
        except RuntimeError:
            pass  # not a call of this machine's kind
    for family in unit["RestrictAddressFamilies"][-1].split():
        filter_.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, int(getattr(socket, family))))
    if "mmap" in special:
        both = PROT_WRITE | PROT_EXEC
        for protection in (0, PROT_WRITE, PROT_EXEC):
            filter_.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, protection))
        for call in ("mprotect", "pkey_mprotect"):
            filter_.add_rule(seccomp.ALLOW, call, seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    filter_.load()


def make_read_only(writable):
    """The whole root is read-only but for one folder, as with ProtectSystem=strict and a state directory."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source, target, flags):
        if libc.mount(source, target, None, flags, None) != 0:
            raise OSError(ctypes.get_errno(), target.decode())

    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "a mount namespace")
    mount(b"none", b"/", MS_REC | MS_PRIVATE)
    mount(writable.encode(), writable.encode(), MS_BIND)
    mount(b"none", b"/", MS_REMOUNT | MS_BIND | MS_RDONLY)


def capabilities(unit, name):
    return ",".join(word.lower().removeprefix("cap_") for word in " ".join(unit.get(name, [])).split())


def main():
    unit_path, writable, user, *command = sys.argv[1:]
    unit = settings(unit_path)
    make_read_only(os.path.realpath(writable))
    os.umask(int(unit["UMask"][-1], 8))
    listed = "".join(f",+{name}" for name in re.findall(r"[a-z_]+", capabilities(unit, "CapabilityBoundingSet")))
    ambient = "".join(f",+{name}" for name in re.findall(r"[a-z_]+", capabilities(unit, "AmbientCapabilities")))
    privileges = ["setpriv", f"--reuid={user}", f"--regid={grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_gid}", "--clear-groups", "--no-new-privs",
                  f"--bounding-set=-all{listed}", f"--inh-caps=-all{ambient}", f"--ambient-caps=-all{ambient}"]
    if command[0] != "--filtered":
        # Privileges first: the filter forbids to change them.
        os.execvp(privileges[0], privileges + [sys.executable, __file__, "--filtered", unit_path, "--"] + command)


if sys.argv[1] == "--filtered":
    limit_calls(settings(sys.argv[2]))
    os.execvp(sys.argv[4], sys.argv[4:])
main()
