#!/usr/bin/env python3
"""Checks a bundle of a consent log, or a receipt, trusting nobody who made it. README.md says what is checked.

It was written from that file, deploy/leaves.md and the public specifications that they name, not from the program's
code. It needs Python 3.11 and python3-cryptography (for Ed25519 alone), and opens no connection. From top to bottom:
problems, files, forms, keys and checkpoints, the tree and its leaves, texts and records, receipts, the walk, words.
"""
import argparse, base64, bisect, functools, hashlib, io, itertools, json, os, re, sys, zipfile, zlib
from datetime import datetime, timedelta, timezone
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROBLEMS = {  # in the order in which they are reported
    "format": "this file can't be read as what its name says it is",
    "file_changed": "this file is not the one that the manifest describes",
    "file_missing": "this file should be here and is not",
    "key_differs": "the key that you gave is not the key of this log; nothing else was judged",
    "checkpoint_signature": "the log's key did not sign this checkpoint",
    "cosignature_forged": "a witness's name stands under this, and the witness did not sign it",
    "root_mismatch": "the leaves here are not the leaves that this checkpoint was signed over",
    "tile_mismatch": "the hashes in this tile are not those of the leaves",
    "inconsistent": "the log has signed this and contradicts it: its history was changed after it was signed",
    "truncated": "the log once had more leaves: those at the end were thrown away, by hand or by a restore",
    "wrong_log": "the name of the log and the leaf with which it starts do not belong together",
    "leaf_unreadable": "this leaf says nothing in the known form",
    "record_changed": "this record is not the one that was written into the log",
    "record_unreadable": "this record is the one that was written, and is not of the known form",
    "record_missing": "the log has an event here, its record is not in the bundle, and no leaf says it was deleted",
    "record_unexpected": "no record should be here: deleted, outside of the bundle's range, or the leaf is no consent",
    "time_order": "this consent claims to be older than what was written into the log before it",
    "back_dated": "this consent claims a time before a signature of a witness on the log without it",
    "forward_dated": "this event claims a time after a witness had already seen it",
    "notice_unknown": "the log has no such notice, or had none yet when the event named it",
    "notice_changed": "this notice is not the text that was written into the log",
    "notice_missing": "an event names this notice, and its text is not in the bundle",
    "policy_unknown": "the log has no such text of a policy, or had none yet when the event named it",
    "policy_changed": "this text of a policy is not the text that was written into the log",
    "policy_missing": "an event names this text of a policy, and it is not in the bundle",
}
EPOCH, LATEST = (datetime(*day, tzinfo=timezone.utc) for day in ((1970, 1, 1), (9999, 12, 30, 22)))
CLOCKS_DIFFER, NEVER, EVENT, OTHER = 60_000, float("inf"), 1, 2  # milliseconds; an index; kinds of leaves
LARGEST_FILE, LONGEST_LINE, LONGEST_NOTE, DEEPEST = 64 << 20, (1 << 16) + 1, 1 << 19, 32  # a line with its end
# What reading raises at something that is not of its form; whoever reads a file makes a problem `format` of it.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)

def require(right):
    if not right:
        raise ValueError

def sha256(data):
    return hashlib.sha256(data).digest()

# ---- Files: a ZIP file or a folder, and the problems that are found in it

class Bundle:
    def __init__(self, path):
        self.path, self.problems, self.hashes = path, set(), {}
        if os.path.isdir(path):
            paths = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
            self.files = {os.path.relpath(file, path): None for file in paths
                          if os.path.isfile(file) and not os.path.islink(file)}
            return
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
            raise OSError(f"{path}: not a bundle, or a download that broke off; "
                          "`kelisim log export --format bundle` makes one") from None
        entries = self.zip.infolist()
        self.files = {entry.orig_filename: entry for entry in entries}
        promised = sum(entry.file_size for entry in entries)
        if len(self.files) < len(entries) or promised > 100 * os.path.getsize(path) + (64 << 20):
            self.add("format", path)
        self.files = {name: entry for name, entry in self.files.items() if not name.endswith("/")}
    def add(self, problem, file=None, leaf=None):
        self.problems.add((problem, leaf, file))
    def below(self, folder):
        return sorted(name for name in self.files if name.startswith(folder + "/"))
    def read(self, name, parse=bytes):
        """What `parse` makes of a file's bytes; None, and a problem, where it is not there or can't be read."""
        if name not in self.files:
            return self.add("file_missing", name)
        try:
            entry = self.files[name]  # None in a folder
            require(not entry or entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            # zipfile gives no more than the directory says, and looks at the checksum.
            with self.zip.open(entry) if entry else open(os.path.join(self.path, name), "rb") as file:
                data = file.read(LARGEST_FILE + 1)
            require(len(data) <= LARGEST_FILE)
            self.hashes[name] = sha256(data).hex()
            return parse(data)
        except (*UNREADABLE, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
            self.add("format", name)

# ---- Forms: leaves and records are written in one way only, and these patterns say in which

def below(limit):
    """The pattern of whole numbers below a limit, without zeros in front."""
    most = str(limit - 1)
    places = (at for at in range(1, len(most)) if most[at] > "0")
    near = (f"{most[:at]}[0-{int(most[at]) - 1}][0-9]{{{len(most) - at - 1}}}" for at in places)
    return f"(?:0|[1-9][0-9]{{0,{len(most) - 2}}}|{'|'.join([*near, most])})"

NUMBER, TERM, HEX = below(1 << 64), "(?!0)" + below(1 << 32), "[0-9a-f]"
DAY = "(?:19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}"
MOMENT = DAY + r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
# Any text: only quotation marks, backslashes and control characters are escaped, each in one way.
STRING = r'[^"\\\0-\x1f]*(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))[^"\\\0-\x1f]*)*'
COUNT = (rf'\{{"site":"{STRING}","what":"(?:set_cookie|cookie_pair|load|frame)",'
         rf'"category":"(?:necessary|functional|analytical|marketing|unknown)","refused":{NUMBER},"passed":{NUMBER}\}}')
FIELDS = {  # how a field of this name is written, wherever it stands: between quotation marks ...
    "log consent_id": HEX + "{32}", "commitment document_sha256 fingerprint notice_id": HEX + "{64}", "site host version": STRING,
    "record_id": f"{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}", "language": "ru|kk|en", "entity": "data_subject",
    "day before effective": DAY, "time from to valid_until": MOMENT, "edition": r'(?!\.+")[A-Za-z0-9._-]{1,32}',
    "validity": f"P(?:0D|{TERM}M(?:{TERM}D)?|{TERM}D)", "agent": "chromium|firefox|safari|robot|other",
    "method": "banner_form|settings_form|receipt_form|script|navigation|frame_form", "reason": "request|order",
    "category": "necessary|functional|analytical|marketing", "state": "started|stopped", "what": "read|export|incident",
    "by": f"command_line|{HEX}{{8}}", "form": "csv|jsonl|jsonld|bundle|page|backup"}
FIELDS = {name: f'"(?:{pattern})"' for name, pattern in FIELDS.items()} | {  # ... and without them
    "index": NUMBER, "ends": f"null|{NUMBER}", "gpc dnt": "true|false", "summary": r"\{.*\}",
    "page": r'null|"(?:[!#-\[\]-~]|\\["\\]){0,256}"', "ranges": rf"\[(?:\[{NUMBER},{NUMBER}\](?:,(?=\[)|(?=\])))*\]",
    "allowed offered": r'\[(?:"functional"(?:,(?=")|(?=\])))?(?:"analytical"(?:,(?=")|(?=\])))?(?:"marketing")?\]',
    "follows": rf'null|\{{"log":"{HEX}{{32}}","size":{NUMBER}\}}', "counts": rf"\[(?:{COUNT}(?:,(?=\{{)|(?=\])))*\]"}
FIELDS = {name: pattern for names, pattern in FIELDS.items() for name in names.split()}
RECORD = ("schema=kelisim-%s/v1 record_id consent_id site event=%s entity time validity valid_until method offered "
          "allowed edition notice_id language page agent gpc dnt ends")
FORMS = {  # deploy/leaves.md, and README.md, "Records": the fields in their order, or as they begin
    "start": "log follows day", "notice": "notice_id language edition document_sha256 day",
    "policy": "edition language document_sha256 effective day", "erasure": "index reason day",
    "retention": "ranges before day", "configuration": "fingerprint summary time", "service": "state version time",
    "access": "by what form from to time", "enforcement": "day counts", "key": "day commitment time"}

def matcher(fields):
    parts = (field.partition("=") for field in fields.split())
    parts = (f'"{name}":(?P<{name}>' + (f'"(?:{words})"' if words else FIELDS[name]) + ")" for name, _, words in parts)
    return re.compile(r"\{" + ",".join(parts) + r"\}", re.DOTALL).fullmatch

FORMS = {form: matcher(fields) for form, fields in FORMS.items()}
EVENT_RECORD = matcher(RECORD % ("record", "expressed|renewed|refused|withdrawn|implied"))
FRAME_RECORD = matcher(RECORD % ("frame", "frame") + " host category")

def milliseconds(text):
    """From 1970 to a moment or to the beginning of a day. Raises where the calendar has no such day."""
    moment = datetime.fromisoformat(text if len(text) > 10 else text + "T00:00:00Z")
    require(moment <= LATEST)
    return (moment - EPOCH) // timedelta(milliseconds=1)

def read_form(data, match):
    """The fields of what is written in this form, and when. Raises if it is written in another way."""
    fields = {name: value.strip('"') for name, value in match(data.decode()).groupdict().items()}
    for name in ("before", "effective", "valid_until", "from", "to", "day", "time"):
        if name in fields:
            fields["when"] = milliseconds(fields[name])
    return fields

def read_record(data):
    try:
        return read_form(data, FRAME_RECORD if data.startswith(b'{"schema":"kelisim-frame/') else EVENT_RECORD)
    except UNREADABLE:
        return None

def read_leaf(data):
    """Kind and fields of a leaf; None if it is of no known form."""
    tag, _, content = data.partition(b"\n")
    try:
        kind = tag.decode().removeprefix("kelisim-").removesuffix("-leaf/v1")
        require(tag == b"kelisim-%b-leaf/v1" % kind.encode() and (kind != "consent" or len(content) == 32))
        said = read_form(content, FORMS[kind]) if kind != "consent" else {}
        if kind == "configuration":
            parse_json(content)
        if kind == "retention":
            bounds = [int(number) for number in re.findall("[0-9]+", said["ranges"])]
            said["ranges"] = list(zip(bounds[::2], bounds[1::2]))
            # first <= last < next first: then no leaf names the same leaves a thousand times.
            order = [2 * bound + at % 2 for at, bound in enumerate(bounds)]
            require(order == sorted(set(order)))
        return kind, said
    except UNREADABLE:
        return None

def parse_json(data):
    """JSON of others, written in any way: not too deep, no NaN, no halves of characters. Of a name that stands twice
    the last counts. A number counts if it is whole, written with digits alone and below 2^64; others become 0.5."""
    text = data.decode()
    brackets = re.sub(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^][{}]', "", text, flags=re.DOTALL)
    require(max(itertools.accumulate(1 if one in "[{" else -1 for one in brackets), default=0) <= DEEPEST)
    require(not re.search(r"\\u[dD][89a-fA-F]", text.replace("\\\\", "")))
    whole = lambda digits: int(digits) if re.fullmatch(NUMBER, digits) else 0.5
    return json.loads(text, parse_int=whole, parse_float=lambda _: 0.5, parse_constant=lambda _: require(False))

# ---- Keys and checkpoints: C2SP signed-note, tlog-checkpoint, tlog-cosignature

BASE64, HASH, NAME = "[A-Za-z0-9+/]+={0,2}", "[A-Za-z0-9+/]{43}=", r"[^\s+\0-\x1f\x7f-\x9f]+"
NOTE = re.compile(rf"(([^\0-\x1f]+)\n({NUMBER})\n({HASH})\n(?:[^\0-\x1f]+\n)*)\n((?:\u2014 {NAME} {BASE64}\n){{1,64}})")

def from_base64(text):
    """RFC 4648, section 4, with padding, in the one way in which these bytes are written."""
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text)
    return data

class Key:
    """A verifier key (signed-note, "Verifier keys"): of a log, type 1, or of a witness, type 4."""
    def __init__(self, name, kind, public):
        self.name, self.public = name, public
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]
        self.text = f"{name}+{self.id.hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"
    @classmethod
    def parse(cls, text, kind):
        text = text.strip(" \t\n\f\r")
        require(re.fullmatch(rf"{NAME}\+{HEX}{{8}}\+[A-Za-z0-9+/]{{44}}", text))
        key = cls(text.partition("+")[0], kind, from_base64(text[-44:])[1:])
        require(key.text == text)
        return key
    def made(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
            return True
        except InvalidSignature:
            return False

class Checkpoint:
    def __init__(self, data, file, kept=False):
        self.file, self.kept, self.right, self.seen = file, kept, False, {}
        parts = NOTE.fullmatch(data.decode())
        require(parts and len(data) <= LONGEST_NOTE)
        self.text, self.origin, self.size, self.root = parts[1], parts[2], int(parts[3]), from_base64(parts[4])
        lines = (line.split(" ") for line in parts[5].splitlines())
        self.signatures = [(name, from_base64(signature)) for _, name, signature in lines]
        require(all(len(signature) > 4 for _, signature in self.signatures))
    def check(self, add, public, witnesses):
        """Every line under the log's name and key has to be right; the key's name is this checkpoint's own origin. The
        last right line of a witness says when it has seen this (tlog-cosignature, "Ed25519 signed message")."""
        def lines_of(key):
            return [data[4:] for name, data in self.signatures if name == key.name and data[:4] == key.id]
        key = Key(self.origin, 1, public)
        self.right = bool(lines_of(key)) and all(key.made(line, self.text) for line in lines_of(key))
        if not self.right:
            add("checkpoint_signature", self.file)
        for witness, line in ((one, line) for one in witnesses if self.right for line in lines_of(one)):
            time = int.from_bytes(line[:8])
            if time < 1 << 63 and witness.made(line[8:], f"cosignature/v1\ntime {time}\n{self.text}"):
                self.seen[witness.text] = min(time, int(LATEST.timestamp()))
            else:
                add("cosignature_forged", self.file)
        return self.right

def describe(witnesses, given, checkpoints):
    """Since when, until when and up to which size each witness has signed these checkpoints."""
    def moment(seconds):
        return None if seconds is None else (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for witness in witnesses:
        seen = [(one.seen[witness.text], one.size) for one in checkpoints if witness.text in one.seen]
        times, sizes = zip(*seen) if seen else ((None,), (None,))
        yield {"name": witness.name, "given": witness.text in [one.text for one in given], "since": moment(min(times)),
               "until": moment(max(times)), "size": max(sizes)}

def brackets(checkpoints, witnesses):
    """For a leaf the latest signature of a witness on a log without it, and the earliest on one with it."""
    names = {witness.text for witness in witnesses}
    signed = sorted((one.size, time) for one in checkpoints for witness, time in one.seen.items() if witness in names)
    sizes, times = [size for size, _ in signed], [time for _, time in signed]
    before = [None, *itertools.accumulate(times, max)]
    after = [None, *itertools.accumulate(reversed(times), min)][::-1]
    return lambda index: (before[place := bisect.bisect_right(sizes, index)], after[place])

# ---- The tree and its leaves: RFC 6962, section 2.1, and C2SP tlog-tiles

def node(left, right):
    return sha256(b"\1" + left + right)

def left_part(size):
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1

def tree_hash(hashes):
    """MTH over what are already hashes, 32 bytes each."""
    if len(hashes) <= 32:
        return bytes(hashes) or sha256(b"")
    half = 32 * left_part(len(hashes) // 32)
    return node(tree_hash(hashes[:half]), tree_hash(hashes[half:]))

def inclusion_root(index, size, leaf, path):
    """Section 2.1.1, from the end of the path: the root of a tree of this size with this leaf at this index."""
    if size == 1:
        return leaf
    half, other = left_part(size), path.pop()
    if index < half:
        return node(inclusion_root(index, half, leaf, path), other)
    return node(other, inclusion_root(index - half, size - half, leaf, path))

def consistency_roots(old, new, old_root, path):
    """Section 2.1.2, from the end of the path: both roots. `old_root` is None in what is not all of the old tree."""
    if old == new:
        root = old_root or path.pop()
        return root, root
    half, other = left_part(new), path.pop()
    if old <= half:
        old_root, new_root = consistency_roots(old, half, old_root, path)
        return old_root, node(new_root, other)
    old_root, new_root = consistency_roots(old - half, new - half, None, path)
    return node(other, old_root), node(other, new_root)

def parse_hashes(lines):
    hashes = [from_base64(line) for line in lines]
    require(all(len(one) == 32 for one in hashes))
    return hashes

def parse_proof(data):
    return parse_hashes(data.decode().removesuffix("\n").split("\n")) if data else []

def tiles(level, row):
    """Names, numbers and widths of the tiles over so many hashes (tlog-tiles, "Merkle Tree")."""
    for number in range((row + 255) // 256):
        width, (*before, last) = min(256, row - 256 * number), [part.zfill(3) for part in f"{number:,}".split(",")]
        path = "".join(f"x{part}/" for part in before) + last + ("" if width == 256 else f".p/{width}")
        yield f"tile/{level}/{path}", number, width

def split_entries(data, count):
    """tlog-tiles, "Log entries": big-endian uint16 length, and so many bytes."""
    entries, at = [], 0
    while at < len(data) and len(entries) < count:
        start, at = at + 2, at + 2 + int.from_bytes(data[at:at + 2])
        entries.append(data[start:at])
    require(at == len(data) and len(entries) == count)
    return entries

class Leaves:
    """What the leaves say. Of each one is kept its hash, whether it is an event, and whether its record was deleted."""
    def __init__(self, bundle, size):
        self.bundle, self.size, self.complete = bundle, size, True
        self.kind, self.hashes = bytearray(size), bytearray(32 * size)  # kind: 0 not known, EVENT, OTHER
        self.deletions = [0] * (size + 1)  # how many more reach this leaf than the one before it
        self.starts, self.times, self.notices, self.policies = [], [], {}, {}  # of each text its first leaf
        for name, number, width in tiles("entries", size):
            entries = bundle.read(name, functools.partial(split_entries, count=width))
            self.complete &= entries is not None
            for index, leaf in enumerate(entries or [], 256 * number):
                self.hashes[32 * index:32 * index + 32] = sha256(b"\0" + leaf)
                if (read := read_leaf(leaf)) is None:
                    bundle.add("leaf_unreadable", leaf=index)
                else:
                    self.take(index, *read)
        self.deleted = bytearray(map(bool, itertools.accumulate(self.deletions)))
        self.rows = [self.hashes]  # the hashes of all tiles by level: a full tile is one hash of the level above
        while len(row := self.rows[-1]) >= 8192:
            self.rows.append(b"".join(tree_hash(row[at - 8192:at]) for at in range(8192, len(row) + 1, 8192)))
    def take(self, index, kind, said):
        self.kind[index] = EVENT if kind == "consent" else OTHER
        self.times += [(index, said["when"])] if said else []
        match kind:
            case "start":
                follows = json.loads(said["follows"])
                self.starts.append({"leaf": index, "log": said["log"], "follows": follows, "day": said["day"]})
            case "notice":
                self.notices.setdefault(said["notice_id"], {}).setdefault(said["edition"], index)
            case "policy":
                text = said["edition"], said["language"]
                self.policies.setdefault(said["document_sha256"], {}).setdefault(text, index)
            case "erasure":
                said["ranges"] = [(int(said["index"]), int(said["index"]))]
        for first, last in said.get("ranges", []):
            if first < index:  # A leaf deletes only what stands before it.
                self.deletions[first] += 1
                self.deletions[min(last, index - 1) + 1] -= 1
    def root(self, size):
        """MTH(D[0:size]): on each level the last tile, and after it the root of what the level below has beyond."""
        right = b""
        for level, row in enumerate(self.rows):
            width = size >> 8 * level
            last = row[width // 256 * 8192:width * 32] + right
            right = tree_hash(last) if last else b""
        return right or sha256(b"")
    def check_tiles(self):
        for level, row in enumerate(self.rows):
            for name, number, width in tiles(level, len(row) // 32):
                tile = self.bundle.read(name)
                if tile is not None and tile != row[8192 * number:8192 * number + 32 * width]:
                    self.bundle.add("tile_mismatch", name)
    def check_proofs(self):
        """Each proof of consistency holds between the trees that the name of its file tells."""
        for name in self.bundle.below("consistency"):
            if sizes := re.fullmatch("consistency/([0-9]{12})-([0-9]{12})", name):
                old, new = map(int, sizes.groups())
                path = self.bundle.read(name, parse_proof)
                if path is not None and max(old, new) <= self.size and not self.is_consistent(old, new, path):
                    self.bundle.add("inconsistent", name)
    def is_consistent(self, old, new, path):
        if old in (0, new):
            return not path
        try:
            roots = old < new and consistency_roots(old, new, self.root(old), path)
        except IndexError:  # the proof is too short
            return False
        return roots == (self.root(old), self.root(new)) and not path
    def check_starts(self):
        """The first leaf begins a log, and another start goes on from what stands before it."""
        if not self.starts or self.starts[0]["leaf"] != 0:
            self.bundle.add("wrong_log", leaf=0)
        for before, start in itertools.pairwise([None, *self.starts]):
            if start["follows"] != (before and {"log": before["log"], "size": start["leaf"]}):
                self.bundle.add("wrong_log", leaf=start["leaf"])
    def judge(self, one, newest, same):
        """What is wrong with a checkpoint: README.md, step 7. `same`: the newest one's root is the tree's."""
        later = list(itertools.dropwhile(lambda start: start["log"] != one.origin.rpartition("/")[2], self.starts))
        if not later or one.size <= later[0]["leaf"] or one is newest and later[1:]:
            return "wrong_log"
        if one.size <= (later[1]["leaf"] if later[1:] else self.size):
            return "inconsistent" if same and one is not newest and self.root(one.size) != one.root else None
        # Certain if the next log went on without these leaves, or somebody signed them before what is here was signed.
        certain = later[1:] or not one.kept or any(
            time < newest.seen.get(witness, 0) or time * 1000 + CLOCKS_DIFFER < self.times[-1][1]
            for witness, time in one.seen.items())
        return "truncated" if certain else "ahead"

# ---- Texts and records

SALTED = rb'"salt":"([0-9a-f]{64})","record":(\{.*\})\}'
LINE = re.compile(rb'\{"index":(%b),%b\n' % (NUMBER.encode(), SALTED), re.DOTALL)

def consent_hash(salt, data):
    commitment = sha256(b"kelisim-commitment/v1\n" + bytes.fromhex(salt.decode()) + data)
    return sha256(b"\0kelisim-consent-leaf/v1\n" + commitment)

def parse_notice(data):
    """Language and hash of each text of the policy that could be read beside the notice."""
    policy = parse_json(data)["policy"]
    texts = {one["language"]: one["sha256"] for one in policy}
    require(type(policy) is list and len(texts) == len(policy))
    require(all(re.fullmatch("ru|kk|en", one) and re.fullmatch(HEX + "{64}", text) for one, text in texts.items()))
    return texts

class Records:
    """The notices and policies, and the records of the range, each held to its leaf."""
    def __init__(self, bundle, leaves, manifest, around, trusted):
        self.bundle, self.leaves, self.times = bundle, leaves, leaves.times[::-1]
        self.around, self.trusted = around, trusted  # the brackets by all witnesses, and by those that count
        self.first = 0 if manifest["from"] is None else min(manifest["first"], leaves.size)
        self.after = leaves.size if manifest["to"] is None else min(manifest["after"], leaves.size)
        self.here, self.kept, self.bracketed, self.widest = bytearray(leaves.size), 0, 0, None
        self.last, self.latest, self.policy_of = -1, 0, {}
        for kind, folder, known in (("notice", "notices", leaves.notices), ("policy", "policies", leaves.policies)):
            for name in bundle.below(folder):
                if bundle.read(name) is None:
                    continue
                # A text is called by its hash; what is called otherwise is no text that any leaf names.
                ending = ".json" if kind == "notice" else ".txt"
                named = name.removeprefix(folder + "/").removesuffix(ending) if name.endswith(ending) else name
                if named not in known:
                    bundle.add(kind + "_unknown", name)
                if named != bundle.hashes[name]:
                    bundle.add(kind + "_changed", name)
                elif kind == "notice":
                    self.policy_of[named] = bundle.read(name, parse_notice)
        for name in bundle.below("records"):
            for line in io.BytesIO(bundle.read(name) or b""):
                parts = LINE.fullmatch(line) if len(line) <= LONGEST_LINE else None
                if not parts or int(parts[1]) <= self.last:
                    bundle.add("format", name)
                else:
                    self.last = int(parts[1])
                    for problem in self.check(self.last, parts[2], parts[3]):
                        bundle.add(problem, leaf=self.last)
    def check(self, index, salt, data):
        """The problems of a record; README.md, step 9."""
        leaves = self.leaves
        if not self.first <= index < self.after or leaves.kind[index] != EVENT or leaves.deleted[index]:
            return ["record_unexpected"]
        self.here[index] = 1
        if consent_hash(salt, data) != leaves.hashes[32 * index:32 * index + 32]:
            return ["record_changed"]
        if (record := read_record(data)) is None:
            return ["record_unreadable"]
        self.kept += 1
        problems = self.check_time(index, record["when"], record["allowed"] != "[]" or record["event"] == "frame")
        editions = leaves.notices.get(record["notice_id"], {})
        if index < min(editions.values(), default=NEVER):
            problems.append("notice_unknown")
        elif index < self.since(record["notice_id"], record["edition"]):
            problems.append("policy_unknown")
        return problems
    @functools.lru_cache(4096)
    def since(self, notice, edition):
        """From which leaf on a notice and all of its policy was in the log. Notes what of it is not here."""
        texts = self.policy_of.get(notice) or {}
        for name in [f"notices/{notice}.json", *(f"policies/{text}.txt" for text in texts.values())]:
            if name not in self.bundle.files:
                self.bundle.add("notice_missing" if name.endswith("json") else "policy_missing", name)
        return max([self.leaves.notices[notice].get(edition, NEVER)] +
                   [self.leaves.policies.get(text, {}).get((edition, one), NEVER) for one, text in texts.items()])
    def check_time(self, index, time, is_consent):
        """README.md, "Times"."""
        while self.times and self.times[-1][0] < index:
            self.latest = max(self.latest, self.times.pop()[1])
        before, after = self.around(index)
        late = is_consent and time + CLOCKS_DIFFER < self.latest
        self.latest = time if late else max(self.latest, time)
        problems = ["time_order"] if late else []
        if is_consent and before is not None and time + CLOCKS_DIFFER < before * 1000:
            problems.append("back_dated")
        if after is not None and time > after * 1000 + CLOCKS_DIFFER:
            problems.append("forward_dated")
        before, after = self.trusted(index)
        if before is not None and after is not None:
            self.bracketed, self.widest = self.bracketed + 1, max(self.widest or 0, after - before)
        return problems
    def report(self):
        count = {"first": self.first, "after": self.after, "kept": self.kept, "removed": 0, "outside": 0}
        for index in (index for index, kind in enumerate(self.leaves.kind) if kind == EVENT):
            inside, deleted = self.first <= index < self.after, self.leaves.deleted[index]
            count["removed"] += inside and deleted
            count["outside"] += not inside and not deleted
            if inside and not deleted and not self.here[index]:
                self.bundle.add("record_missing", leaf=index)
        bracketed = {"events": self.bracketed, "of": self.kept, "widest_seconds": self.widest}
        return {"records": count, "bracketed": bracketed}

# ---- Receipts: C2SP tlog-proof

RECEIPT = re.compile(rf"c2sp\.org/tlog-proof@v1\n(?:extra ({BASE64}|)\n)?index ({NUMBER})\n"
                     rf"((?:{HASH}\n){{0,63}})\n(.*)", re.DOTALL)

def verify_receipt(path, data, key, witnesses):
    problems, witnesses = set(), list({one.text: one for one in witnesses}.values())
    report = {"origin": "", "size": 0, "index": None, "record": None, "leaf": None, "unchecked": [],
              "witnesses": [*describe(witnesses, witnesses, [])]}
    try:
        parts = RECEIPT.fullmatch(data.decode())
        one, index, up = Checkpoint(parts[4].encode(), path), int(parts[2]), [*map(from_base64, parts[3].split())]
        extra = None if parts[1] is None else from_base64(parts[1])
        own = extra is not None and extra.startswith(b"kelisim-")  # the leaf itself; else salt and record
        salted = re.fullmatch(rb"\{" + SALTED, extra or b"", re.DOTALL)
        require(index < one.size and (extra is None or own or salted))
    except UNREADABLE:
        return finished(report, {("format", None, path)})
    genuine = one.check(lambda problem, file: problems.add((problem, None, file)), key.public, witnesses)
    known = {one.origin, *(witness.name for witness in witnesses)}
    report |= {"origin": one.origin, "size": one.size, "index": index,
               "witnesses": [*describe(witnesses, witnesses, [one])],
               "unchecked": list(dict.fromkeys(name for name, _ in one.signatures if name not in known))}
    if extra is not None:
        leaf = sha256(b"\0" + extra) if own else consent_hash(*salted.groups())
        said = read_leaf(extra) if own else read_record(salted[2])
        try:
            same = inclusion_root(index, one.size, leaf, up) == one.root and not up
        except IndexError:  # the path is too short
            same = False
        if not same or not said:
            names = ("root_mismatch", "leaf_unreadable") if own else ("record_changed", "record_unreadable")
            problems.add((names[same], None, path))
        elif genuine and own:
            content = None if said[0] == "consent" else json.loads(extra.partition(b"\n")[2])
            report["leaf"] = {"kind": said[0], "content": content}
        elif genuine:
            report["record"] = json.loads(salted[2])
    return finished(report, problems)

def finished(report, problems):
    order = list(PROBLEMS)
    problems = sorted(problems, key=lambda one: (order.index(one[0]), -1 if one[1] is None else one[1], one[2] or ""))
    named = [{"problem": name, "leaf": leaf, "file": file} for name, leaf, file in problems]
    return {"intact": not problems, "problems": named} | report

# ---- The walk

def parse_manifest(data):
    said = parse_json(data)
    leaves, period, files = said["leaves"], said["period"], said["files"]
    require(said["format"] == "kelisim-bundle/v1" and type(said["origin"]) is str and type(files) is dict)
    require(all(type(number) is int for number in (said["size"], leaves["first"], leaves["after"])))
    for bound in (period["from"], period["to"]):
        require(bound is None or re.fullmatch(MOMENT, bound) and milliseconds(bound) >= 0)
    return {"origin": said["origin"], "size": said["size"], "files": files, **leaves, **period}

def verify(path, given_key=None, given=(), kept=()):
    """`given` are keys of witnesses, `kept` checkpoints that the reader has from before: file and bytes."""
    report = {"origin": "", "size": 0, "key_given": given_key is not None, "log_key": None, "period": None,
              "records": None, "witnesses": [], "bracketed": {"events": 0, "of": 0, "widest_seconds": None},
              "follows": [], "given_checkpoints": []}
    bundle = Bundle(path)
    if not bundle.problems:
        walk(bundle, report, given_key, given, kept)
    return finished(report, bundle.problems)

def walk(bundle, report, given_key, given, kept):
    """README.md, "The order of the walk"."""
    own, manifest = bundle.read("key", lambda data: Key.parse(data.decode(), 1)), None
    report["log_key"] = own and own.text
    if own and given_key and own.public != given_key.public:
        bundle.problems = {("key_differs", None, "key")}
        return
    named = bundle.read("witnesses", parse_witnesses) if "witnesses" in bundle.files else []
    witnesses = list({one.text: one for one in [*given, *(named or [])]}.values())
    # A folder of tiles has no manifest and needs none.
    if "manifest.json" in bundle.files or any(map(bundle.below, ("records", "notices", "policies"))):
        manifest = bundle.read("manifest.json", parse_manifest)
    report["period"] = manifest and {"from": manifest["from"], "to": manifest["to"]}
    newest = bundle.read("checkpoint", lambda data: Checkpoint(data, "checkpoint"))
    key = given_key or own
    if not key or not newest:
        return
    report |= {"origin": newest.origin, "size": newest.size, "witnesses": [*describe(witnesses, given, [])]}
    newest.check(bundle.add, key.public, witnesses)
    if newest.size > 256 * len(bundle.files):  # what is kept of each leaf is bounded by the files that are there
        return bundle.add("format", "checkpoint")
    others = [bundle.read(name, lambda data: Checkpoint(data, name)) for name in bundle.below("checkpoints")]
    others += [Checkpoint(data, file, kept=True) for file, data in kept]
    others = [one for one in others if one and one.check(bundle.add, key.public, witnesses)]
    leaves = Leaves(bundle, newest.size)
    if leaves.complete:
        hold_to_log(bundle, report, leaves, newest, others, own, given_key)
        good = [one for one in [newest, *others] if one.right]
        report["witnesses"] = [*describe(witnesses, given, good)]
        report["follows"] = [{"leaf": start["leaf"], "day": start["day"]} | start["follows"]
                             for start in leaves.starts[1:] if start["follows"]]
        if manifest:
            trusted = brackets(good, given or witnesses)
            report |= Records(bundle, leaves, manifest, brackets(good, witnesses), trusted).report()
    if manifest and (manifest["origin"], manifest["size"]) != (newest.origin, newest.size):
        bundle.add("file_changed", "checkpoint")
    for name in bundle.files.keys() - {"manifest.json"} if manifest else ():
        described = manifest["files"].get(name)
        if name in bundle.hashes or bundle.read(name) is not None:
            if bundle.hashes[name] != (described.get("sha256") if type(described) is dict else None):
                bundle.add("file_changed", name)
    for name in manifest["files"].keys() - bundle.files.keys() if manifest else ():
        bundle.add("file_missing", name)

def parse_witnesses(data):
    return [Key.parse(line, 4) for line in data.decode().split("\n") if line.strip(" \t\f\r")]

def hold_to_log(bundle, report, leaves, newest, others, own, given_key):
    """README.md, step 7: what was signed has to be this log; a checkpoint that is not counts no more."""
    leaves.check_tiles()
    leaves.check_starts()
    same, logs = leaves.root(leaves.size) == newest.root, [start["log"] for start in leaves.starts]
    number = given_key and given_key.name.rpartition("/")[2]
    if same:
        leaves.check_proofs()
    else:
        bundle.add("root_mismatch", "checkpoint")
    for one in [newest, *others]:
        problem = leaves.judge(one, newest, same)
        if one is newest and (own and own.name != one.origin or given_key and number not in logs):
            problem = "wrong_log"
        if problem not in (None, "ahead"):
            bundle.add(problem, one.file)
        if one.kept and (problem == "ahead" or same and not problem):
            report["given_checkpoints"].append({"file": one.file, "size": one.size, "reached": not problem})
        one.right &= same and not problem

# ---- Words for people

def shown(value):
    """A stranger chose this: no control characters to the terminal."""
    return value if value.isprintable() else ascii(value)

def as_json(report):
    return json.dumps(report, sort_keys=True)

def as_text(report, key=None):
    problems, is_receipt = report["problems"], "index" in report
    if [one["problem"] for one in problems] == ["key_differs"]:
        own, yours = (shown(text.rpartition("+")[0]) + "…" for text in (report["log_key"], key.text))
        yield "1. Intact: NOT JUDGED."
        yield f"   key_differs: The key that you gave is not the key of this log (the log's: {own}, yours: {yours})."
        yield "   Nothing else was judged."
        return
    yield f"The log: {shown(report['origin']) or 'unknown'}, {report['size']} leaves."
    short = not all(one["reached"] for one in report.get("given_checkpoints", []))
    yield f"1. Intact: {'NO.' if problems else 'yes, as far as it goes.' if short else 'yes.'}"
    for name, group in itertools.groupby(problems, lambda one: one["problem"]):
        places = [shown(one["file"]) if one["leaf"] is None else f"leaf {one['leaf']}" for one in group]
        more = f" and {len(places) - 20} more" if places[20:] else ""
        yield f"   {name}: {PROBLEMS[name]}: {', '.join(places[:20])}{more}"
    yield from receipt_text(report) if is_receipt else bundle_text(report)
    given = any(one["given"] for one in report["witnesses"])
    counted = [one for one in report["witnesses"] if one["size"] is not None and one["given"] == given]
    yield "2. Seen from outside: " + ("yes." if counted else
          "no witness that counts vouches for it: the operator could have made this log yesterday.")
    for one in report["witnesses"]:
        signed = "from {since} to {until}, up to {size} leaves".format(**one) if one["since"] else "nothing of this"
        whose = "" if one["given"] else "; its key came with the bundle" + (
                ", so this does not count" if given else ": give the one that you know with --witness")
        yield f"   {shown(one['name'])} has signed {signed}{whose}."
    for name in report.get("unchecked", []):
        yield f"   Signed by {shown(name)}, not checked: give its key with --witness."
    times = "no; the time is the operator's word."
    if is_receipt and counted:
        times = "the record was there when the witness signed; that it is not much older is the operator's word."
    elif not is_receipt:
        events, of, widest = (report["bracketed"][name] for name in ("events", "of", "widest_seconds"))
        times = f"{events} of {of}" + (f", by two signatures at most {widest} seconds apart" if events else "") + (
                "; the times of the others are the operator's word." if events < of else ".")
    yield f"3. Times bracketed: {times}"

def receipt_text(report):
    index, said, leaf = (report[name] for name in ("index", "record", "leaf"))
    if not report["problems"]:
        yield f"   This is leaf {index} of {report['size']} of a log that the key you gave has signed."
    if not report["problems"] and not said and not leaf:
        yield "   What it says is not in this file: the leaf was not looked at, only the signature."
    for name, value in (said or {}).items():
        still = "still " if name == "allowed" and said["event"] == "withdrawn" else ""
        yield f"   {still}{name}: {shown(value) if type(value) is str else json.dumps(value)}"
    if leaf and leaf["kind"] == "erasure":
        one, why = leaf["content"], "at the person's request" if leaf["content"]["reason"] == "request" else "by order"
        yield f"   Leaf {index} says: the record of leaf {one['index']} was deleted on {one['day']} {why}."
    elif leaf:
        yield f"   Leaf {index} says: {leaf['kind']} {json.dumps(leaf['content'])}" if leaf["content"] else (
              f"   Leaf {index} is a consent. Its record is not in this file, so it says nothing.")

def bundle_text(report):
    if count := report["records"]:
        period = report["period"]
        yield (f"   The period: from {period['from'] or 'the beginning'} to {period['to'] or 'the end'}, "
               f"leaves {count['first']} to before {count['after']}.")
        yield ("   Records here and genuine: {kept}; deleted, as the log says: {removed}; of leaves before and after "
               "these, and not here: {outside}.").format(**count)
    else:
        yield "   No record was compared with its leaf."
    for one in report["given_checkpoints"]:
        name = f"our checkpoint of {one['size']} leaves ({shown(one['file'])})"
        signed = "; the key that you gave signed it" if report["key_given"] else ""
        yield f"   Y{name} is the beginning of this log{signed}." if one["reached"] else (
              f"   AHEAD: it does NOT reach y{name}: ask for a bundle that does. If none comes, leaves are gone.")
    if not report["key_given"]:
        yield "   The log's key came with the bundle: whoever made it could have made the key. Give yours with --key."
    for one in report["follows"]:
        yield ("\nIMPORTANT: This log goes on from another one after a restore of a backup on {day}, as it says. "
               "What was in the log {log} beyond its first {size} leaves is gone; only a checkpoint kept from "
               "before can show whether there was more.\n").format(**one)

def main():
    def refuse(sentence):
        print(f"verify.py: {sentence}", file=sys.stderr)
        sys.exit(2)
    def parse(what, parser, *data):
        try:
            return parser(*data)
        except UNREADABLE:
            refuse(what)
    parser = argparse.ArgumentParser(description="Checks a bundle, a folder of tiles, a receipt. Exit code: 0 intact, "
                                     "1 not intact, 2 wrong use, 3 intact and shorter than a checkpoint of yours.")
    parser.error = refuse
    parser.add_argument("bundle", metavar="FILE|DIR")
    parser.add_argument("--key", help="the log's key, known from elsewhere")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key; can be given again")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file kept from before; can be given again")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    given = parser.parse_args()
    key = parse("--key: not the key of a log", Key.parse, given.key, 1) if given.key is not None else None
    witnesses = [parse("--witness: not the key of a witness", Key.parse, one, 4) for one in given.witness]
    try:
        kept = [(name, open(name, "rb").read(LONGEST_NOTE + 1)) for name in given.checkpoint]
        for name, data in kept:
            parse(f"{name}: not a checkpoint; a log has its own at /_kelisim/log/checkpoint", Checkpoint, data, name)
        data = b"" if os.path.isdir(given.bundle) else open(given.bundle, "rb").read(LARGEST_FILE)
        is_receipt = data.startswith(b"c2sp.org/tlog-proof@v1")
        if data.startswith(b"{"):
            refuse(f"{given.bundle}: JSON, so the readable form of a receipt or an export, which can't be checked by "
                   "itself; give the receipt's .tlog-proof, or a bundle (`kelisim log export --format bundle`)")
        if is_receipt and (kept or not key):
            refuse("a receipt has its own checkpoint: leave --checkpoint out" if key else
                   "a receipt is checked with --key, which the site publishes at /_kelisim/log/key")
        report = (verify_receipt(given.bundle, data, key, witnesses) if is_receipt else
                  verify(given.bundle, key, witnesses, kept))
    except OSError as error:
        refuse(error)
    print(as_json(report) if given.json else "\n".join(as_text(report, key)))
    return 1 if report["problems"] else 0 if all(one["reached"] for one in report.get("given_checkpoints", [])) else 3

if __name__ == "__main__":
    sys.exit(main())
