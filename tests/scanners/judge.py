"""Judges what a tool wrote: judge.py TOOL FILE, and what --help names. Prints what it found, and ends with 1 where a finding matters, and where a
report is empty, cut or of a run that saw nothing. What does not count is listed with its reason, as narrow as the tool's words allow; where a reason
can be tried, it is."""
import argparse
import csv
import http.client
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

# Findings that don't count: by the tool's name of them, which words of it, and the reason.
TLS = {
    "DNS_CAArecord": (".", "a record of the name, and localhost has none"),
    "OCSP_stapling": ("not offered", "left out with reason: see [tls]"),
    "cipher_order": ("^NOT a cipher order configured", "the client chooses, as Mozilla's configurations have it: all that are offered are good"),
    "cert_trust": (r"^Ok via SAN", "the name alone is asked for, as it should be"),
    "engine_problem": ("GOST", "what this machine's OpenSSL can't ask for is asked for by the tool itself"),
    "QUIC": ("^not tested due to lack of local OpenSSL support", "the gateway listens on no UDP"),
    "sessionresumption_ticket": ("^check failed because of connect problem", "a connection that came late; whether sessions are resumed weighs nothing"),
}
TLS_WEIGHTS = ("MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")
# What a grade is made of: without these the suite was not run as a whole.
TLS_TRIED = ("TLS1", "TLS1_2", "TLS1_3", "cert_chain_of_trust", "heartbleed", "ROBOT", "POODLE_SSL", "BEAST", "HSTS_time")
NIKTO = {
    "000287": (r"Retrieved via header: 1\.1 kelisim\.$", "the gateway names itself in Via, as RFC 9110 (7.6.3) has it"),
    "999990": (r"^OPTIONS: Allowed HTTP Methods: GET, HEAD, POST \.$", "the administration's pages and forms"),
    "013587": (r"missing: (strict-transport-security|permissions-policy)\.$", "over http on loopback there is no TLS to keep to, and the pages load nothing of others"),
}
NIKTO_REQUESTS = 3000
WAPITI_MODULES = ("backup", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "methods", "permanentxss", "redirect", "shellshock", "sql", "xss")
WAPITI_PAGES = 20
AUTOBAHN_CASES = 247
# In these the suite itself allows two behaviours, and which one comes is a matter of when bytes meet.
AUTOBAHN_EITHER = re.compile(r"^[34]\.")
SLOW_CONNECTIONS = 100


def allowed(listed, number, what):
    """The reason why a finding does not count, or None."""
    words, reason = listed.get(number, (None, None))
    return reason if words and re.search(words, what) else None


def testssl(report, asked):
    findings = json.loads(report)
    seen = {each["id"]: each for each in findings}
    bad = ["%(severity)s %(id)s: %(finding)s" % each for each in findings if each["id"] == "scanProblem"]
    if seen.get("scanTime", {}).get("severity") != "INFO":
        bad.append("it did not come to its end")
    bad += ["%s was not tried" % name for name in TLS_TRIED if name not in seen]
    if asked.graded and "overall_grade" not in seen:
        bad.append("it gave no grade")
    for each in findings:
        what = "%(severity)s %(id)s: %(finding)s" % each
        if each["id"] == "overall_grade":
            print("   grade", each["finding"])
            if each["finding"] not in ("A", "A+"):
                bad.append("grade " + each["finding"])
        elif each["id"].startswith("grade_cap_reason"):
            print("   " + what)
        elif each["severity"] in TLS_WEIGHTS and each["id"] != "scanProblem":
            # One name with several certificates has a number for each.
            reason = allowed(TLS, each["id"].split(" ")[0], each["finding"])
            if reason:
                print("   %s -- %s" % (what, reason))
            else:
                bad.append(what)
        elif each["severity"] == "LOW":
            print("   " + what)
    return bad


def slowhttptest(report, asked):
    rows = list(csv.DictReader(report.splitlines()))
    if len(rows) < 5:
        return ["it did not come to its end"]
    most = max(int(row["Connected"]) for row in rows)
    closed = int(rows[-1]["Closed"])
    made = closed + int(rows[-1]["Connected"])
    lost = [row["Seconds"] for row in rows[1:] if row["Service Available"] == "0"]
    print("   %d connections, %d of them at once, %d closed by the gateway in %s s, not available in %d of %d seconds"
          % (made, most, closed, rows[-1]["Seconds"], len(lost), len(rows) - 1))
    bad = ["not available at second %s" % ", ".join(lost)] if lost else []
    if made < SLOW_CONNECTIONS:
        bad.append("only %d connections were made" % made)
    if asked.ends and not closed:
        bad.append("the gateway closed none of them")
    return bad


def comes_back(address):
    """Whether markup in an address is markup in the page, too. Where there is none to look for, it may be anything."""
    request = urllib.request.Request(address, headers={"accept": "text/html", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    try:
        page = urllib.request.urlopen(request, timeout=60).read()
    except urllib.error.HTTPError as error:
        page = error.read()
    tags = re.findall("<[^>]*>?", urllib.parse.unquote(address))
    return not tags or any(tag.encode() in page for tag in tags)


def nikto_lines(report):
    return sorted(set(re.findall(r"^\+ \[(\d+)\] (.*?)(?: See: .*)?$", report, re.MULTILINE)))


def nikto(report, asked):
    """What it finds at an address and not at the site itself, word for word."""
    alone = nikto_lines(read(asked.alone)) if asked.alone else []
    ended = re.search(r"^\+ (\d+) requests: (\d+) errors? and", report, re.MULTILINE)
    if not ended or "End Time:" not in report:
        return ["it did not come to its end"]
    requests, errors = map(int, ended.groups())
    print("   %d requests, %d errors" % (requests, errors))
    bad = ["it " + each for each in re.findall(r"ERROR: .*", report)]
    if requests < NIKTO_REQUESTS:
        bad.append("only %d requests were made" % requests)
    for number, what in nikto_lines(report):
        reason = allowed(NIKTO, number, what)
        if (number, what) in alone:
            print("   " + what, "-- of the site itself")
        elif reason:
            print("   " + what, "--", reason)
        elif "XSS" in what and what.startswith("/") and not comes_back(asked.address + what.split(": ")[0]):
            print("   " + what, "-- the address comes back escaped, as the way back of the banner's form")
        else:
            bad.append("%s %s" % (number, what))
    return bad


def answer_to(target, text, cookie, own):
    """The status of a form that is sent again, by a page of its own or by one elsewhere."""
    head, body = text.split("\n\n", 1) if "\n\n" in text else (text, "")
    method, path = head.splitlines()[0].split(" ")[:2]
    address = urllib.parse.urlsplit(target)
    origin = "%s://%s" % (address.scheme, address.netloc) if own else "https://elsewhere.example"
    headers = {
        "host": address.netloc, "origin": origin, "sec-fetch-site": "same-origin" if own else "cross-site", "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document", "sec-fetch-user": "?1", "content-type": "application/x-www-form-urlencoded",
    }
    if cookie:
        headers["cookie"] = cookie
    if address.scheme == "https":
        # A certificate of the demonstration's own.
        connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=60, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, path, body.strip(), headers)
    return connection.getresponse().status


def wapiti_reason(kind, each, alone, target, cookie):
    """Why a finding does not count, or None."""
    info = each["info"]
    if kind == "Cross Site Request Forgery" and each["method"] == "POST":
        # Our forms have no token: where they come from is what counts, and that is tried here.
        own, elsewhere = (answer_to(target, each["http_request"], cookie, own) for own in (True, False))
        if elsewhere == 403 and own not in (401, 403, 429) and own < 500:
            return "sent from elsewhere it is answered 403, from its own page %d" % own
    if kind == "Content Security Policy Configuration" and each["path"] == "/" and "CSP is not set" in {what[-1] for what in alone}:
        return "a policy of hosts for a site that has none of its own"
    if kind == "HTTP Secure Headers" and "X-XSS-Protection" in info:
        return "browsers have given it up, and the pages have a policy"
    if kind == "HTTP Secure Headers" and "Strict-Transport-Security" in info and target.startswith("http://127.0.0.1:"):
        return "on loopback over http there is no TLS to keep to"
    return None


def wapiti_findings(report):
    return [(kind, each) for part in ("vulnerabilities", "anomalies") for kind, list in report[part].items() for each in list]


def wapiti(report, asked):
    """What it finds through the gateway and not at the site itself, where its report is named, too. What it said meanwhile lies beside the report."""
    report, said = json.loads(report), read(re.sub("json$", "txt", asked.file))
    key = lambda kind, each: (kind, each["method"], each["path"], each["parameter"], each["info"])
    alone = {key(*each) for each in wapiti_findings(json.loads(read(asked.alone)))} if asked.alone else set()
    pages = int((re.findall(r"found (\d+) URLs and forms", said) or ["0"])[0])
    skipped = sum(map(int, re.findall(r"(\d+) requests were skipped", said)))
    cut = re.findall(r"Max attack time was reached for module (\w+)", said)
    print("   %d pages and forms, %d requests without an answer, stopped by the clock: %s" % (pages, skipped, ", ".join(cut) or "none"))
    bad = ["module %s was not tried" % module for module in WAPITI_MODULES if "Launching module %s\n" % module not in said]
    bad += ["the form %s was not found" % path for path in asked.form if "[+] POST %s%s (" % (report["infos"]["target"].rstrip("/"), path) not in said]
    if pages < WAPITI_PAGES:
        bad.append("only %d pages and forms were found" % pages)
    if skipped > 10:
        bad.append("%d requests had no answer" % skipped)
    for kind, each in wapiti_findings(report):
        what = " ".join(str(part) for part in key(kind, each))
        reason = "of the site itself" if key(kind, each) in alone else wapiti_reason(kind, each, alone, report["infos"]["target"], asked.cookie)
        if reason:
            print("   %s -- %s" % (what, reason))
        else:
            bad.append(what)
    return bad


def autobahn(report, asked):
    """Through the gateway the echo server must be what it is alone, and alone it must be right."""
    results = json.loads(report)
    right = {"OK", "NON-STRICT", "INFORMATIONAL"}
    direct, through = results["direct"], results["through"]
    for name, cases in (("direct", direct), ("through", through)):
        kinds = [each["behavior"] for each in cases.values()]
        print("   %s: %d cases," % (name, len(kinds)), ", ".join("%d %s" % (kinds.count(kind), kind) for kind in sorted(set(kinds))))
    if len(direct) < (asked.cases or AUTOBAHN_CASES) or direct.keys() != through.keys():
        return ["%d cases alone and %d through the gateway" % (len(direct), len(through))]
    bad = []
    for case, alone in direct.items():
        for what in ("behavior", "behaviorClose"):
            one, other = alone[what], through[case][what]
            said = "case %s: %s is %s and through the gateway %s" % (case, what, one, other)
            if other in right and (one == other or other == "OK" or AUTOBAHN_EITHER.match(case)):
                if one != other:
                    print("   " + said)
            else:
                bad.append("%s (%s)" % (said, autobahn_words(asked.file, through[case], what)))
    return bad


def autobahn_words(index, case, what):
    """How the suite itself says what it saw in a case; the report of each lies beside the index."""
    if "reportfile" not in case:
        return "without a report"
    report = json.loads(read(os.path.join(os.path.dirname(index), case["reportfile"])))
    return report["result" if what == "behavior" else "resultClose"][:200]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("tool", choices=("testssl", "slowhttptest", "nikto", "wapiti", "autobahn"))
    options.add_argument("file")
    options.add_argument("--alone", help="the report of the site without the gateway")
    options.add_argument("--address", default="", help="where the tool looked")
    options.add_argument("--cookie", help="that of who is signed in")
    options.add_argument("--form", action="append", default=[], help="the path of a form that must have been tried")
    options.add_argument("--cases", type=int, help="how many there must be")
    options.add_argument("--graded", action="store_true", help="a grade is expected")
    options.add_argument("--ends", action="store_true", help="connections are expected to be closed by the gateway")
    asked = options.parse_args()
    try:
        bad = globals()[asked.tool](read(asked.file), asked)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, http.client.HTTPException) as error:
        bad = ["the report can't be judged: %r" % error]
    for line in bad:
        print("   MATTERS:", line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
