"""Judges what a tool wrote: judge.py TOOL FILE... Prints what it found, and ends with 1 where a finding matters."""
import csv
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

# Findings that don't count, each with the reason.
TLS = {
    "DNS_CAArecord": "a record of the name, and localhost has none",
    "OCSP_stapling": "left out with reason: see [tls]",
    "cipher_order": "the client chooses, as Mozilla's configurations have it: all that are offered are good",
    "cert_trust": "the name alone is asked for, as it should be",
}
NIKTO = {
    "000287": "the gateway names itself in Via, as RFC 9110 (7.6.3) has it",
    "999996": "robots.txt of the site",
    "999990": "methods that the site allows",
    "013587": "security headers of pages are the site's; on the administration, those that a page on loopback has no use for",
    "999961": "a cookie of the site",
    "000029": "a cookie of the site",
}
WEIGHTS = ("MEDIUM", "HIGH", "CRITICAL", "FATAL")


def testssl(path):
    findings = json.load(open(path, encoding="utf-8"))
    if len(findings) < 50:
        return ["it did not come to its end"]
    bad = []
    for each in findings:
        if each["id"] == "overall_grade":
            print("   grade", each["finding"])
            if each["finding"] not in ("A", "A+"):
                bad.append("grade " + each["finding"])
        elif each["severity"] in WEIGHTS and each["id"] not in TLS:
            bad.append("%(severity)s %(id)s: %(finding)s" % each)
        elif each["severity"] in ("LOW", "WARN"):
            print("   %(severity)s %(id)s: %(finding)s" % each)
    return bad


def slowhttptest(path):
    rows = list(csv.DictReader(open(path, encoding="utf-8")))
    most = max(int(row["Connected"]) for row in rows)
    closed = int(rows[-1]["Closed"])
    lost = [row["Seconds"] for row in rows[1:] if row["Service Available"] == "0"]
    print("   %d connections at once, %d closed by the gateway in %s s, not available in %d of %d seconds" % (most, closed, rows[-1]["Seconds"], len(lost), len(rows) - 1))
    if not most:
        return ["nothing was connected"]
    return ["not available at second %s" % ", ".join(lost)] if lost else []


def comes_back(address):
    """Whether markup in an address is markup in the page, too."""
    request = urllib.request.Request(address, headers={"accept": "text/html", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    try:
        page = urllib.request.urlopen(request, timeout=60).read()
    except urllib.error.HTTPError as error:
        page = error.read()
    return any(tag.encode() in page for tag in re.findall("<[^>]*>?", urllib.parse.unquote(address)))


def nikto(path):
    """What it finds at an address and not at the site itself, whose file comes last, where there is one."""
    alone = open(sys.argv[4], encoding="utf-8").read() if len(sys.argv) > 4 else ""
    text = open(path, encoding="utf-8").read()
    if "End Time:" not in text:
        return ["it did not come to its end"]
    bad = []
    for number, what in sorted(set(re.findall(r"^\+ \[(\d+)\] (.*?)(?: See: .*)?$", text, re.MULTILINE))):
        if number in NIKTO:
            print("   " + what, "--", NIKTO[number])
        elif "[%s]" % number in alone:
            print("   " + what, "-- of the site itself")
        elif "XSS" in what and not comes_back(sys.argv[3] + what.split(": ")[0]):
            print("   " + what, "-- the address comes back escaped, as the way back of the banner's form")
        else:
            bad.append("%s %s" % (number, what))
    return bad


def wapiti(path):
    """What it finds through the gateway and not at the site itself, which comes second; alone, all that it finds."""
    through, direct = (
        {(kind, each["method"], each["path"], each["info"]) for kind, list in json.load(open(name, encoding="utf-8"))["vulnerabilities"].items() for each in list}
        if name else set()
        for name in (sys.argv[2:4] + [None])[:2]
    )
    for each in sorted(through & direct):
        print("   of the site itself:", *each)
    return [" ".join(each) for each in sorted(through - direct)]


def autobahn(path):
    """Through the gateway the echo server must be what it is alone. Where the suite allows two behaviours, which one comes is a matter of when bytes meet."""
    results = json.load(open(path, encoding="utf-8"))
    right = {"OK", "NON-STRICT", "INFORMATIONAL"}
    direct, through = results["direct"], results["through"]
    for name, cases in (("direct", direct), ("through", through)):
        kinds = [each["behavior"] for each in cases.values()]
        print("   %s: %d cases," % (name, len(kinds)), ", ".join("%d %s" % (kinds.count(kind), kind) for kind in sorted(set(kinds))))
    bad = []
    for case, alone in direct.items():
        for what in ("behavior", "behaviorClose"):
            one, other = alone[what], through[case][what]
            if one != other and not {one, other} <= right:
                bad.append("case %s: %s is %s and through the gateway %s" % (case, what, one, other))
    return bad if direct and direct.keys() == through.keys() else bad + ["not the same cases"]


bad = globals()[sys.argv[1]](sys.argv[2])
for line in bad:
    print("   MATTERS:", line)
sys.exit(1 if bad else 0)
