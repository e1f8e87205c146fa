#!/usr/bin/python3
"""Clocks that jump under the program itself, both ways, by faketime: what was granted keeps its dates, nothing is lost, nobody is locked out, and
nothing that was put off while the clock was wrong stays so for years.
"""
import datetime
import glob
import json
import os
import re
import socket
import ssl
import subprocess
import urllib.parse

from gateway import KELISIM, Gateway, ask, eventually, folder, named, running, site, tell

LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or ["missing"])[0]
PASSWORD = "a password of some length"
YEARS = 30 * 365
JUMPS = {"half an hour forward": 1 / 48, "two hours back": -1 / 12, "a hundred days forward": 100, "ten months back": -300, "thirty years forward": YEARS}
JSON = {"accept": "text/html", "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-user": "?1"}
FORM = {**JSON, "content-type": "application/x-www-form-urlencoded"}


class Clock:
    """What programs take for the time: the machine's, and so many days more or less."""

    def __init__(self, place):
        self.file, self.days = f"{place}/clock", 0
        self.jump(0)

    def jump(self, days):
        self.days = days
        with open(f"{self.file}.new", "w", encoding="ascii") as file:
            file.write(f"{days * 86400:+.0f}\n")
        os.replace(f"{self.file}.new", self.file)

    @property
    def environment(self):
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    @property
    def today(self):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=self.days)).date()

    def command(self, gateway, *words):
        return gateway.done(*words, env={**os.environ, **self.environment})


def records(upstream):
    """Choices under every clock are in the log, over a restart under each; and each record counts in its term and in no other."""
    with folder() as place:
        clock, gateway, kept = Clock(place), Gateway(place, upstream), []
        with running(gateway, environment=clock.environment):
            first = gateway.choose().record
            kept.append(first)
            for name, days in JUMPS.items():
                clock.jump(days)
                # What is valid for half a year is over, one of the future is not believed, and within half an hour all is as it was.
                outlives = 0 <= days < 180
                assert gateway.page(first).shows_banner != outlives, name
                kept += [gateway.choose().record for _ in range(3)]
                assert not gateway.page(kept[-1]).shows_banner, name
                clock.jump(0)
                assert not gateway.page(first).shows_banner, f"back from {name}"
            gateway.stop()
        for days in (*JUMPS.values(), 0):
            clock.jump(days)
            with running(gateway, environment=clock.environment):
                kept.append(gateway.choose().record)
                assert "was restored" not in "".join(gateway.said), gateway.said
                gateway.stop()
        log = gateway.log()
        for record in kept:
            leaf, consent = named(record)
            assert log.get(leaf, [None])[0] == consent, f"leaf {leaf} was acknowledged and is {log.get(leaf)}"
        bundle = f"{place}/bundle.zip"
        gateway.done("log", "export", "--format", "bundle", "--out", bundle)
        verified = subprocess.run([KELISIM, "log", "verify", "--json", bundle], capture_output=True, text=True, check=False)
        problems = {problem["problem"] for problem in json.loads(verified.stdout)["problems"]}
        assert problems <= {"time_order", "forward_dated"}, problems
        tell("records under a clock that jumps", jumps=len(JUMPS) * 2, starts=len(JUMPS) + 1, choices=len(kept), lost="none")


def limits(upstream):
    """What a minute allows is allowed again after a jump."""
    with folder() as place:
        clock, gateway = Clock(place), Gateway(place, upstream, limit=2)
        with running(gateway, environment=clock.environment):
            for days in (0, YEARS, 0, -300, 0):
                clock.jump(days)
                statuses = [gateway.choose().status for _ in range(3)]
                assert statuses == [303, 303, 429], f"{days} days: {statuses}"


def sessions(upstream):
    """Who signed in or guessed while the clock was ahead is signed out, and locks nobody out."""
    with folder() as place:
        clock, gateway = Clock(place), Gateway(place, upstream)
        gateway.done("user", "add", "anna", "--role", "operator", "--password-stdin", input=f"{PASSWORD}\n")

        def sign_in(password):
            return ask(gateway.admin, "POST", "/sign-in", FORM, urllib.parse.urlencode({"name": "anna", "password": password}))

        with running(gateway, environment=clock.environment):
            clock.jump(YEARS)
            cookie = sign_in(PASSWORD).headers["set-cookie"].split(";")[0]
            assert ask(gateway.admin, "GET", "/", {**JSON, "cookie": cookie}).status == 200
            statuses = [sign_in("wrong").status for _ in range(20)]
            assert statuses[-1] == 429, statuses
            clock.jump(0)
            assert ask(gateway.admin, "GET", "/", {**JSON, "cookie": cookie}).status == 303, "she is signed out"
            assert sign_in(PASSWORD).status == 303, "she gets in"


def statistics(upstream):
    """Each day has its views, also the day after one that never was, and what was counted before stays."""
    with folder() as place:
        clock, gateway, counted = Clock(place), Gateway(place, upstream), {}
        # Each is looked at before the next jump, so that what waits is counted.
        with running(gateway, environment=clock.environment):
            for turn, days in enumerate((0, 1, YEARS, 0, -1, 3)):
                clock.jump(days)
                views(clock, gateway)
                for _ in range(turn + 2):
                    gateway.page()
                # A day that a clock was set back to by a little is the day after, of which it may be the rest.
                day = clock.today if days != -1 else clock.today + datetime.timedelta(days=1)
                counted[day] = counted.get(day, 0) + turn + 2
                views(clock, gateway)
            found = {day: views(clock, gateway, day) for day in counted}
            assert found == counted, f"{found}, and not {counted}"
        tell("statistics under a clock that jumps", days=len(counted), views=sum(counted.values()), lost="none")


def views(clock, gateway, day=None):
    day = day or clock.today
    report = json.loads(clock.command(gateway, "stats", "--json", "--compare", "none", "--from", str(day), "--to", str(day)))
    return sum(point["views"] for point in report["points"])


def free_ports(count):
    """Held together, so that they are several."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    [listener.close() for listener in held]
    return ports


def authority(place, directory, http, https):
    """Debian's pebble, and its name server, which leads every name to this machine."""
    management, names, names_management = free_ports(3)
    with open(f"{place}/pebble.json", "w", encoding="ascii") as file:
        settings = {
            "listenAddress": f"127.0.0.1:{directory}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": f"{place}/authority.pem",
            "privateKey": f"{place}/authority.key",
            "httpPort": http,
            "tlsPort": https,
        }
        json.dump({"pebble": settings}, file)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dns = ["-dns01", f"127.0.0.1:{names}", "-management", f"127.0.0.1:{names_management}", "-defaultIPv6", ""]
    server = subprocess.Popen(["pebble-challtestsrv", *dns, "-http01", "", "-https01", "", "-tlsalpn01", ""], **quiet)
    pebble = subprocess.Popen(
        ["pebble", "-strict", "-dnsserver", f"127.0.0.1:{names}", "-config", f"{place}/pebble.json"],
        env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"},
        **quiet,
    )

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", directory)) == 0

    eventually("the authority listens", listens, 60)
    return [server, pebble]


def certificates(upstream):
    """What failed while the clock was ahead is tried again when it is right; what is issued is served under every clock, and nobody asks for it
    again and again."""
    with folder() as place:
        [directory] = free_ports(1)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30000"]
            + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
            + ["-keyout", f"{place}/authority.key", "-out", f"{place}/authority.pem"],
            check=True,
            capture_output=True,
        )
        tls = (
            f'[tls.acme]\nnames = ["shop.example"]\ndirectory = "https://localhost:{directory}/dir"\ndirectory_ca = "{place}/authority.pem"\n'
            'terms_of_service_agreed = true\nchallenge = "http-01"\n'
        )
        clock, gateway = Clock(place), Gateway(place, upstream, server='https = ["127.0.0.1:0"]', tls=tls)
        clock.jump(YEARS)
        failed = lambda: sum(float(found) for found in re.findall(r"^kelisim_certificate_renewal_failures_total\S* (\S+)", metrics(), re.M))
        issued = lambda: sum(float(found) for found in re.findall(r"^kelisim_certificate_renewals_total\S* (\S+)", metrics(), re.M))
        metrics = lambda: ask(gateway.admin, "GET", "/metrics").text
        processes = []
        try:
            with running(gateway, environment=clock.environment):
                eventually("nobody is there yet", lambda: failed() == 1, 60)
                https = gateway.address("https=[")[1]
                processes += authority(place, directory, gateway.http[1], https)
                clock.jump(0)
                look_again(clock, gateway)
                eventually("a certificate comes", lambda: issued() == 1)
                tries = failed()
                for days in (YEARS, 0, -300, 0):
                    clock.jump(days)
                    look_again(clock, gateway)
                    assert served(https), f"{days} days"
                # By a clock that is ahead the certificate is over, and another one is asked for once: it comes, or not.
                assert issued() + failed() <= 1 + tries + 1, f"issued {issued()}, failed {failed()}"
                assert not gateway.page(gateway.choose().record).shows_banner
        finally:
            for process in processes:
                process.kill()
                process.wait()
        tell("certificates under a clock that jumps", jumps=5, left_behind=0)


def look_again(clock, gateway):
    """Has certificates looked at, as every minute, by a configuration that is another one."""
    with open(gateway.configuration, encoding="utf-8") as file:
        text = file.read()
    seconds = int(re.search(r'drain_timeout = "(\d+) s"', text)[1])
    with open(gateway.configuration, "w", encoding="utf-8") as file:
        file.write(text.replace(f'drain_timeout = "{seconds} s"', f'drain_timeout = "{seconds + 1} s"'))
    clock.command(gateway, "reload")


def served(port):
    """The certificate that somebody gets who asks for the site by TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 30) as stream, context.wrap_socket(stream, server_hostname="shop.example") as secure:
        return secure.getpeercert(binary_form=True)


def main():
    assert os.path.exists(LIBRARY), "Debian's package libfaketime is missing"
    upstream = site()
    for story in (records, limits, sessions, statistics, certificates):
        story(upstream)


if __name__ == "__main__":
    main()
