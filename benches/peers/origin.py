"""The site behind the proxies, and what it saw."""

import json
import os
from pathlib import Path

from messages import KILOBYTE, SET_COOKIES, Parts, compressed, page
from processes import Running, filled, free_ports
import client


class Origin:
    def __init__(self, folder, cores, machine):
        self.folder, self.machine = Path(folder), machine
        (self.folder / "site").mkdir()
        (self.folder / "site" / "page").write_bytes(page())
        (self.folder / "site" / "page-gzip").write_bytes(page())
        (self.folder / "site" / "page-gzip.gz").write_bytes(compressed())
        stamp = os.stat(self.folder / "site" / "page-gzip")
        os.utime(self.folder / "site" / "page-gzip.gz", (stamp.st_mtime, stamp.st_mtime))
        parts = Parts()
        for name, contents in [("head.gz", parts.head), ("tail.gz", parts.tail), ("head.html", parts.plain_head), ("tail.html", parts.plain_tail)]:
            (self.folder / name).write_bytes(contents)
        [self.port] = free_ports(1)
        values = {
            "folder": self.folder, "user": machine.nginx_user, "workers": len(cores), "port": self.port, "modules": machine.nginx_modules, "lua": machine.lua_path,
            "kilobyte": KILOBYTE.decode(), "set_cookies": "\n".join(f"            add_header Set-Cookie '{line}';" for line in SET_COOKIES),
            "columns": ",".join(map(str, parts.columns)), "checksum_before": parts.checksum_before,
            "checksum_after": parts.checksum_after, "length": parts.length,
        }
        (self.folder / "origin.lua").write_text(filled("origin.lua", values))
        (self.folder / "origin.conf").write_text(filled("origin.conf", values))
        command = [machine.nginx, "-p", self.folder, "-c", self.folder / "origin.conf", "-e", self.folder / "origin.log"]
        self.running = Running("origin", command, cores, self.folder, [self.port])

    def last_seen(self):
        """The newest request of a check as it came to the site."""
        return json.loads((self.folder / "seen.log").read_text().splitlines()[-1])

    def requests(self):
        """How many requests there were: this one is counted too."""
        text = client.send(self.port, "/requests", [], "localhost").body.split()
        return int(text[9])

    def stop(self):
        self.running.stop()
