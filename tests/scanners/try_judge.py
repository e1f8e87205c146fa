"""What the judge of the scanners lets through and what not: reports that are empty, cut or of a run that saw nothing, and findings beside those that
are allowed. tests/scanners/run begins with it."""
import contextlib
import copy
import http.server
import io
import json
import os
import sys
import tempfile
import threading
import unittest

import judge

FOLDER = tempfile.TemporaryDirectory()


def write(name, text):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))
    return path


class Foreign(http.server.BaseHTTPRequestHandler):
    """Takes a form from anywhere at /open, and from its own pages alone elsewhere."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        elsewhere = "elsewhere" in self.headers["origin"] and self.path != "/open"
        self.send_response(403 if elsewhere else 303)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<p>%s</p>" % (b"<img src=x>" if self.path.startswith("/raw") else b"&lt;img src=x&gt;"))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
threading.Thread(target=server.serve_forever, daemon=True).start()
ADDRESS = "http://127.0.0.1:%d" % server.server_address[1]


class Judged(unittest.TestCase):
    def check(self, passes, tool, report, *options, name="report.json"):
        said = io.StringIO()
        sys.argv = ["judge.py", tool, write(name, report), *options]
        with contextlib.redirect_stdout(said):
            outcome = judge.main()
        self.assertEqual(outcome, 0 if passes else 1, said.getvalue())

    def test_no_report_and_what_is_none_is_no_good_report(self):
        for tool in ("testssl", "slowhttptest", "nikto", "wapiti", "autobahn"):
            for text in ("", "{}", "[]", "null", "[{", "<html>Not found</html>\n" * 10):
                self.check(False, tool, text)
            sys.argv = ["judge.py", tool, os.path.join(FOLDER.name, "nothing")]
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(judge.main(), 1)

    def test_tls(self):
        def with_more(*more, without=()):
            named = [(name, "OK", "not offered") for name in judge.TLS_TRIED] + [("overall_grade", "OK", "A+"), ("scanTime", "INFO", "60")]
            return [{"id": name, "severity": severity, "finding": finding} for name, severity, finding in [*(each for each in named if each[0] not in without), *more]]

        self.check(True, "testssl", with_more(), "--graded")
        self.check(True, "testssl", with_more(("cert_trust", "HIGH", "Ok via SAN (SNI mandatory)"), ("DNS_CAArecord", "LOW", "--")), "--graded")
        self.check(True, "testssl", with_more(without=["overall_grade"]))
        self.check(False, "testssl", with_more(without=["overall_grade"]), "--graded")
        self.check(False, "testssl", with_more(("cert_trust", "HIGH", "certificate does not match supplied URI")))
        self.check(False, "testssl", with_more(("TLS1", "HIGH", "offered")))
        self.check(False, "testssl", with_more(("POODLE_SSL", "WARN", "test failed")))
        self.check(False, "testssl", with_more(("overall_grade", "MEDIUM", "B"), without=["overall_grade"]))
        self.check(False, "testssl", with_more(("scanProblem", "FATAL", "can't connect")))
        self.check(False, "testssl", with_more(without=["heartbleed"]))
        self.check(False, "testssl", with_more(without=["scanTime"]))

    def test_slow_clients(self):
        def table(closed, connected, available):
            rows = ["%d,%d,0,%d,%d" % (second, closed, connected, available if second == 3 else 500) for second in range(6)]
            return "Seconds,Closed,Pending,Connected,Service Available\n" + "\n".join(rows) + "\n"

        self.check(True, "slowhttptest", table(300, 100, 500), "--ends")
        self.check(True, "slowhttptest", table(0, 400, 500))
        self.check(False, "slowhttptest", table(0, 400, 500), "--ends")
        self.check(False, "slowhttptest", table(300, 100, 0))
        self.check(False, "slowhttptest", table(0, 1, 500))
        self.check(False, "slowhttptest", "Seconds,Closed,Pending,Connected,Service Available\n")

    def test_nikto(self):
        def report(*lines, requests=8000, end="+ End Time: now\n"):
            return "\n".join(["+ Server: none", *lines, "+ %d requests: 0 errors and 1 items reported" % requests, end])

        self.check(True, "nikto", report("+ [000287] /: Retrieved via header: 1.1 kelisim."))
        self.check(False, "nikto", report("+ [000287] /: Retrieved via header: 1.1 internal-host-7."))
        self.check(False, "nikto", report("+ [999990] OPTIONS: Allowed HTTP Methods: GET, HEAD, PUT ."))
        self.check(False, "nikto", report("+ [013587] /: Suggested security header missing: x-content-type-options. See: https://example.org"))
        self.check(False, "nikto", report("+ [000001] /secret: It is here."))
        self.check(False, "nikto", report(requests=40))
        self.check(False, "nikto", report("+ ERROR: *** Error limit (20) reached for host, giving up."))
        self.check(False, "nikto", report(end=""))
        alone = write("alone", report("+ [000029] /: Cookie a created without the httponly flag. See: https://example.org"))
        self.check(True, "nikto", report("+ [000029] /: Cookie a created without the httponly flag. See: https://example.org"), "--alone", alone)
        self.check(False, "nikto", report("+ [000029] /: Cookie kelisim created without the httponly flag."), "--alone", alone)
        scripting = "+ [000777] /%s?a=%%3Cimg%%20src=x%%3E: It is vulnerable to Cross Site Scripting (XSS)."
        self.check(True, "nikto", report(scripting % "escaped"), "--address", ADDRESS)
        self.check(False, "nikto", report(scripting % "raw"), "--address", ADDRESS)

    def test_wapiti(self):
        said = "found 100 URLs and forms\n[+] POST %s/form (1)\n" % ADDRESS + "".join("Launching module %s\n" % name for name in judge.WAPITI_MODULES)

        def report(kind="", info="", path="/", method="GET", part="vulnerabilities"):
            found = {"method": method, "path": path, "parameter": "", "info": info, "http_request": "%s %s HTTP/1.1\nHost: a\n\na=1" % (method, path)}
            return {"infos": {"target": ADDRESS + "/"}, "vulnerabilities": {}, "anomalies": {}, part: {kind: [found] if kind else []}}

        def check(passes, found, *options, words=said):
            write("report.txt", words)
            self.check(passes, "wapiti", found, *options)

        check(True, report())
        check(True, report(), "--form", "/form")
        check(False, report(), "--form", "/other")
        check(False, report(), words=said.replace("module xss", "module other"))
        check(False, report(), words=said.replace("100 URLs", "1 URLs"))
        check(False, report(), words=said + "900 requests were skipped due to network issues\n")
        found = report("Cross Site Scripting", "XSS via a", "/a")
        check(False, found)
        check(True, found, "--alone", write("alone.json", found))
        check(False, found, "--alone", write("alone.json", report("Cross Site Scripting", "XSS via b", "/a")))
        check(False, report("Internal Server Error", "500", "/a", part="anomalies"))
        check(True, report("Cross Site Request Forgery", "Lack of anti CSRF token", "/form", "POST"))
        check(False, report("Cross Site Request Forgery", "Lack of anti CSRF token", "/open", "POST"))
        check(False, report("Content Security Policy Configuration", "CSP is not set"))

    def test_websockets(self):
        direct = {"%d.1" % number: {"behavior": "OK", "behaviorClose": "OK"} for number in range(1, judge.AUTOBAHN_CASES + 1)}

        def check(passes, case, behavior, alone="OK"):
            one, other = copy.deepcopy(direct), copy.deepcopy(direct)
            one[case]["behavior"], other[case]["behavior"] = alone, behavior
            self.check(passes, "autobahn", {"direct": one, "through": other})

        check(True, "1.1", "OK")
        check(True, "3.1", "NON-STRICT")
        check(False, "1.1", "NON-STRICT")
        check(False, "3.1", "FAILED")
        check(False, "1.1", "FAILED", alone="FAILED")
        check(True, "1.1", "OK", alone="FAILED")
        check(False, "12.1", "UNIMPLEMENTED")
        self.check(False, "autobahn", {"direct": {}, "through": {}})


if __name__ == "__main__":
    unittest.main()
