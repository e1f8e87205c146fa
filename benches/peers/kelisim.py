"""Kelisim at work, as it is shipped, before visitors whose consent stands in its log."""

import re
import urllib.parse

import client
from messages import PAGE_REQUEST
from peers import PAGES, PLAIN, TLS, Started, named_ports, plain_or_tls
from processes import Running

# `pages` is the site whose policy changed, so that visitors are asked again.
SITE, CHANGED = "localhost", "127.0.0.1"
EDITION = """id: {id}
effective: {effective}
language: ru
categories: functional, analytical, marketing
asks_again: {asks_again}
---
Политика

Текст редакции {id}.
"""


class Kelisim:
    can, cannot = PLAIN + ["W2"] + PAGES + TLS, {}
    key, title, workers = "kelisim", "Kelisim", 1

    def start(self, place, cores):
        ports = named_ports("plain", "tls", "admin")
        values = place.values(self.key, ports, workers=self.workers)
        path = place.write(f"{self.key}.toml", "kelisim.toml", values)
        for policy in ("policy", "policy-changed"):
            edition(place.folder / f"{self.key}-{policy}", "first", "2026-01-01", "no")

        def run():
            command = [place.machine.kelisim, "run", "--config", path]
            return Running(self.key, command, cores, place.folder, ports.values())

        first = run()
        try:
            started = Consented(first, ports)
        finally:
            first.stop()
        edition(place.folder / f"{self.key}-policy-changed", "second", "2026-02-01", "yes")
        started.running = run()
        return started


class KelisimTwo(Kelisim):
    can = ["W2"]
    key, title, workers = "kelisim-2", "Kelisim, two workers", 2


def edition(folder, name, effective, asks_again):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ru.txt").write_text(EDITION.format(id=name, effective=effective, asks_again=asks_again))


class Consented(Started):
    """Kelisim with the records that visitors were given when they chose, by site, scheme and choice."""

    def __init__(self, running, ports):
        super().__init__(running, plain_or_tls(ports))
        self.ports = ports
        functional = {"choice": "save", "functional": "on"}
        self.records = {
            ("accepted", False): self.chosen(SITE, False, {"choice": "accept"}),
            ("answered", False): self.chosen(SITE, False, functional),
            ("answered", True): self.chosen(SITE, True, functional),
            ("asked_again", False): self.chosen(CHANGED, False, functional),
        }

    def chosen(self, site, tls, choice):
        """Opens a page, answers its banner as a browser's form does, and gives the record that is set: `name=value`."""
        port = self.ports["tls" if tls else "plain"]
        host = f"{site}:{port}"
        banner = client.send(port, "/page", PAGE_REQUEST, host, tls).body.decode()
        name = re.search(r'name="edition" value="([^"]*)"', banner)[1]
        form = urllib.parse.urlencode({**choice, "edition": name, "language": "ru", "layer": "settings" if "functional" in choice else "banner", "to": "/"})
        headers = PAGE_REQUEST + [("Content-Type", "application/x-www-form-urlencoded")]
        reply = client.send(port, "/_kelisim/choice", headers, host, tls, "POST", form.encode())
        record = next((line for line in reply.all("set-cookie") if re.match(r"(__Host-)?kelisim=", line)), None)
        if reply.status != 303 or record is None:
            raise RuntimeError(f"the choice was not recorded: {reply.status} {reply.headers}")
        return record.split(";")[0]

    def extra_cookie(self, work):
        return self.records[(work.record, work.tls)] if work.record else None

    def host(self, work):
        return CHANGED if work.record == "asked_again" else SITE
