"""A gateway before a small site, as processes: what every story of this folder begins with."""
import contextlib
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

KELISIM = os.environ["KELISIM"]
# How long something may take that comes by itself; the disk of the machine may be busy with others.
PATIENCE = 180
PAGE = b"<!DOCTYPE html><html><head><title>Shop</title></head><body><p>Welcome</p></body></html>"
EDITION = (
    "id: first\neffective: 2020-01-01\nlanguage: ru\ncategories: functional, analytical\nasks_again: no\n---\nПолитика\n\nТекст.\n"
)
NOTICE = """[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
"""
CONFIGURATION = """
[server]
http = ["{listen}:0"]
admin = "127.0.0.1:0"
redirect_to_https = false
state_dir = "{folder}/state"
workers = 2
drain_timeout = "1 s"
{server}
{tls}
[controller]
name = "Shop"
bin = "260140000005"
address = "Astana"
email = "privacy@shop.example"
[[site]]
hosts = ["localhost", "127.0.0.1", "shop.example"]
upstream = "{upstream}"
[site.consent]
policy = "policy/"
{notice}{tables}
"""


def eventually(what, is_so, patience=PATIENCE):
    """Waits until something is so that comes by itself."""
    end = time.monotonic() + patience
    while True:
        found = is_so()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it never came to this: {what}")
        time.sleep(0.02)


class Site(http.server.BaseHTTPRequestHandler):
    """Answers every request with one page, and remembers what the gateway said of consent."""

    protocol_version = "HTTP/1.1"
    consent = None

    def do_GET(self):
        Site.consent = self.headers.get("kelisim-consent")
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def site():
    """Starts the site; its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


class Answer:
    """A whole answer with its status, headers and text."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()

    @property
    def shows_banner(self):
        return "id=\"kelisim\"" in self.text or "/_kelisim/choice" in self.text

    @property
    def record(self):
        """The record of a choice that was acknowledged."""
        for line in self.headers.get_all("set-cookie") or []:
            if line.startswith("kelisim="):
                return line.split(";")[0].removeprefix("kelisim=") or None
        return None


def ask(address, method, path, headers=None, body=None, timeout=30):
    host, port = address
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={"connection": "close", **(headers or {})})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Gateway:
    """`kelisim run` in a folder of its own."""

    def __init__(self, folder, upstream, server="", tables="", listen="127.0.0.1", tls="", limit=10000):
        self.folder, self.process, self.said = folder, None, []
        os.makedirs(f"{folder}/policy", exist_ok=True)
        with open(f"{folder}/policy/first.ru.txt", "w", encoding="utf-8") as file:
            file.write(EDITION)
        limits = f"{server}\n[server.limits]\nchoices_per_minute = {limit}\n"
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, upstream=upstream, server=limits, tables=tables, notice=NOTICE, listen=listen, tls=tls))

    @property
    def configuration(self):
        return f"{self.folder}/kelisim.toml"

    @property
    def state(self):
        return f"{self.folder}/state"

    def start(self, before=(), environment=None, own_id=None):
        """Starts it behind these words, and waits until it says where it listens. `own_id` finds its process number, where another one starts it."""
        command = [*before, KELISIM, "run", "--config", self.configuration]
        self.said = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        threading.Thread(target=lambda stream: self.said.extend(stream), args=[self.process.stderr], daemon=True).start()
        self.http = eventually(f"it listens: {self.said}", lambda: self.address("http=["))
        self.admin = self.address("admin=")
        self.id = own_id(self.process.pid) if own_id else self.process.pid
        return self

    def address(self, before):
        if self.process.poll() is not None:
            raise AssertionError(f"it did not start: {''.join(self.said)}")
        found = re.search(re.escape(before) + r"([0-9.]+):([0-9]+)", "".join(self.said))
        return (found[1], int(found[2])) if found else None

    def stop(self, by=signal.SIGTERM):
        os.kill(self.id, by)
        self.process.wait()

    def command(self, *words, before=(), **options):
        return subprocess.run(
            [*before, KELISIM, *words, "--config", self.configuration], capture_output=True, text=True, **options
        )

    def done(self, *words, **options):
        output = self.command(*words, **options)
        assert output.returncode == 0, f"{words}: {output}"
        return output.stdout

    def log(self):
        """The choices in the log: of each leaf the consent id and the event."""
        lines = (json.loads(line) for line in self.done("log", "export", "--format", "jsonl").splitlines())
        return {line["index"]: (line["record"]["consent_id"], line["record"]["event"]) for line in lines if "record" in line}

    def choose(self, choice="accept", record=None, timeout=30):
        """Posts a choice as a browser does that holds this record."""
        form = f"choice={choice}&edition=first&language=ru&layer=banner&to=/"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
            "sec-fetch-user": "?1",
        }
        if record:
            headers["cookie"] = f"kelisim={record}"
        return ask(self.http, "POST", "/_kelisim/choice", headers, form, timeout)

    def page(self, record=None):
        """Opens a page as a browser does that holds this record."""
        headers = {
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
            "accept": "text/html",
            "accept-language": "ru",
            "sec-fetch-dest": "document",
            "sec-fetch-mode": "navigate",
            "sec-fetch-site": "none",
        }
        if record:
            headers["cookie"] = f"kelisim={record}"
        return ask(self.http, "GET", "/", headers)

    def status(self, path):
        return ask(self.admin, "GET", path).status

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", ask(self.admin, "GET", "/metrics").text, re.M)
        return float(found[1]) if found else None

    def resident(self):
        """Resident memory, in bytes."""
        with open(f"/proc/{self.id}/status", encoding="ascii") as file:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M)[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.id}/fd"))


def named(record):
    """The leaf and the consent id that a record names (bytes 27 to 34 and 1 to 16 of its content)."""
    import base64

    content = base64.urlsafe_b64decode(record + "=" * (-len(record) % 4))
    return int.from_bytes(content[27:35], "big"), content[1:17].hex()


@contextlib.contextmanager
def folder():
    """A folder that is gone afterwards."""
    made = tempfile.mkdtemp(prefix="kelisim-faults-")
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def running(gateway, **options):
    """A gateway at work; it is killed when the story ends."""
    gateway.start(**options)
    try:
        yield gateway
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(gateway.id, signal.SIGKILL)
        gateway.process.kill()
        gateway.process.wait()


def tell(what, **figures):
    """One line of the report of a run."""
    print(f"  {what}: " + ", ".join(f"{name.replace('_', ' ')} {figure}" for name, figure in figures.items()), flush=True)
