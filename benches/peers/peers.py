"""The other proxies: how each is started for each work, and what each can't do."""

from typing import NamedTuple

from messages import REFUSED_RULES, snippet
from processes import Running, filled, free_ports

PLAIN = ["W1", "W2p"]
TLS = ["W5", "W5b", "W5c"]
PAGES = ["W3", "W4", "W4s"]


class Place(NamedTuple):
    """Where the proxies of a run live."""

    folder: object
    origin: int
    machine: object
    certificate: object
    key: object

    def values(self, name, ports, **more):
        return {
            "name": name, "folder": self.folder, "origin": self.origin, "certificate": self.certificate, "key": self.key,
            "user": self.machine.nginx_user, "modules": self.machine.nginx_modules, "lua": self.machine.lua_path, "snippet": snippet().decode(), **ports, **more,
        }

    def write(self, name, template, values):
        path = self.folder / name
        path.write_text(filled(template, values))
        return path


class Started:
    """A proxy at work: its process, and the port for each work."""

    def __init__(self, running, port):
        self.running, self.port = running, port

    def extra_cookie(self, work):
        return None

    def host(self, work):
        return "localhost"

    def stop(self):
        self.running.stop()


def plain_or_tls(ports):
    return lambda work: ports["tls"] if work.tls else ports["plain"]


def named_ports(*names):
    return dict(zip(names, free_ports(len(names))))


class Nginx:
    can = PLAIN + PAGES + TLS
    cannot = {"W2": "nginx alone can't drop one of several `Set-Cookie` lines; see nginx with Lua"}
    key, title, template, what, pages = "nginx", "nginx", "nginx.conf", "", "second_hop"

    def start(self, place, cores):
        ports = named_ports("plain", "tls")
        values = place.values(self.key, ports, what=self.what, pages=self.pages)
        path = place.write(f"{self.key}.conf", self.template, values)
        if self.key == "nginx-lua":
            place.write(f"{self.key}.lua", "nginx.lua", lua_tables())
        command = [place.machine.nginx, "-p", place.folder, "-c", path, "-e", place.folder / f"{self.key}.log"]
        waits = ports.values() if self.template == "nginx.conf" else [ports["plain"]]
        return Started(Running(self.key, command, cores, place.folder, waits), plain_or_tls(ports))


class NginxIdentity(Nginx):
    can, cannot = ["W4", "W4s"], {}
    key, title, pages = "nginx-identity", "nginx, site asked for identity", "site"
    what = "Here the site is asked not to encode, which spares the second hop."


class NginxLua(Nginx):
    can, cannot = ["W2"], {}
    key, title, template = "nginx-lua", "nginx with Lua", "nginx-lua.conf"


class NginxTcp(Nginx):
    can, cannot = ["W1"], {}
    key, title, template = "nginx-tcp", "nginx stream", "nginx-tcp.conf"


def expression_names():
    """The rules as branches of an expression for a whole name."""
    return [rule[:-1] + "[^=;]*" if rule.endswith("*") else rule for rule in REFUSED_RULES]


def lua_tables():
    """The rules as entries of Lua's tables."""
    beginnings = [rule[:-1] for rule in REFUSED_RULES if rule.endswith("*")]
    exact = [rule for rule in REFUSED_RULES if not rule.endswith("*")]
    entries = lambda keys: ", ".join(f"[{key}] = true" for key in keys)
    return {
        "exact": entries(f'"{name}"' for name in exact), "beginnings": entries(f'"{name}"' for name in beginnings),
        "lengths": ", ".join(map(str, sorted({len(name) for name in beginnings}))),
        "first_bytes": entries(sorted({ord(rule[0]) for rule in REFUSED_RULES})),
    }


MOST_LINES = 8  # `Set-Cookie` lines that HAProxy's rules are written out for

HTTP = "option http-keep-alive\n    option forwardfor\n    http-reuse always\n    timeout http-keep-alive 75s"


class Haproxy:
    can, mode = PLAIN + ["W2"] + TLS, "http"
    cannot = {
        "W3": "HAProxy changes no bodies but by an experimental Lua filter, which misses a tag that is cut in two",
        "W4": "as W3; and HAProxy can't decode", "W4s": "as W3; and HAProxy can't decode",
    }
    key, title = "haproxy", "HAProxy"
    what = f"Its rules keep up to {MOST_LINES} lines of Set-Cookie, each in a variable, and lose those beyond."

    def request_rule(self):
        names = "|".join(expression_names())
        kept = f"%[req.fhdr(cookie),'regsub(\"(^|; *)({names})=[^;]*\",\"\",g)','regsub(\"^; *\",\"\")']"
        return f"http-request set-header Cookie {kept} if {{ req.fhdr(cookie) -m found }}"

    def rules(self):
        counts = range(1, MOST_LINES + 1)
        beginnings = " ".join(rule[:-1] if rule.endswith("*") else rule + "=" for rule in REFUSED_RULES)
        there = [f"if {{ var(txn.all) -m int ge {at} }}" for at in range(MOST_LINES + 1)]
        return [
            self.request_rule(),
            "http-response set-var(txn.all) res.fhdr_cnt(set-cookie)",
            *[f"http-response set-var(txn.line{at}) res.fhdr(set-cookie,{at}) {there[at]}" for at in counts],
            f"http-response del-header Set-Cookie {there[1]}",
            *[
                f"http-response add-header Set-Cookie %[var(txn.line{at})] {there[at]} !{{ var(txn.line{at}) -m beg {beginnings} }}"
                for at in counts
            ],
        ]

    def global_lines(self, place):
        return ""

    def start(self, place, cores):
        ports = named_ports("plain", "tls", "refusing")
        pair = place.folder / "haproxy.pem"
        pair.write_text(place.certificate.read_text() + place.key.read_text())
        refusing = f"frontend refusing\n    bind 127.0.0.1:{ports['refusing']} backlog 4096\n    default_backend site\n    " + "\n    ".join(self.rules())
        bind_tls = f"bind 127.0.0.1:{ports['tls']} ssl crt {pair} alpn h2,http/1.1 backlog 4096"
        values = place.values(
            self.key, ports, what=self.what, mode=self.mode, bind_tls=bind_tls if self.mode == "http" else "",
            http=HTTP if self.mode == "http" else "", refusing=refusing if self.mode == "http" else "", **{"global": self.global_lines(place)},
        )
        path = place.write(f"{self.key}.cfg", "haproxy.cfg", values)
        command = [place.machine.haproxy, "-db", "-f", path]
        waits = ports.values() if self.mode == "http" else [ports["plain"]]
        port = lambda work: ports["refusing" if work.key == "W2" else "tls" if work.tls else "plain"]
        return Started(Running(self.key, command, cores, place.folder, waits), port)


class HaproxyLua(Haproxy):
    can, cannot = ["W2"], {}
    key, title, what = "haproxy-lua", "HAProxy with Lua", "Lines of Set-Cookie are dropped by Lua."

    def rules(self):
        return [self.request_rule(), "http-response lua.keep_set_cookies"]

    def global_lines(self, place):
        path = place.write("haproxy.lua", "haproxy.lua", lua_tables())
        return f"lua-load {path}"


class HaproxyTcp(Haproxy):
    can, cannot, mode = ["W1"], {}, "tcp"
    key, title, what = "haproxy-tcp", "HAProxy mode tcp", "It reads none of the messages."

    def rules(self):
        return []
