#!/usr/bin/env python3
"""Checks a bundle of a consent log, or a receipt, trusting nobody who made it. README.md beside this file says what it checks.

It was written from that file, deploy/leaves.md and the public specifications that it names, not from the
program's code. It needs Python 3.11 and python3-cryptography (for Ed25519 alone), and opens no connection.
From top to bottom: problems, files, forms, keys and checkpoints, the tree, leaves, records, texts, receipts, the walk.
What can't be read raises ValueError; whoever reads a file makes a problem `format` of it.
"""
import argparse, base64, bisect, dataclasses, functools, hashlib, itertools, json, os, re, sys, zipfile, zlib
from datetime import datetime, timedelta, timezone
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# In this order problems are reported. README.md, "Problems by name", says what they mean.
PROBLEMS = """format file_changed file_missing key_differs checkpoint_signature cosignature_forged root_mismatch
tile_mismatch inconsistent truncated ahead wrong_log leaf_unreadable record_changed record_unreadable record_missing
record_unexpected time_order back_dated forward_dated notice_unknown notice_changed notice_missing policy_unknown
policy_changed policy_missing""".split()
CLOCKS_DIFFER = 60_000  # milliseconds; README.md, "Times"
LATEST_SECOND = 253_402_207_200  # 9999-12-30T22:00:00Z; later moments are moved there
LONGEST_TEXT, LONGEST_MANIFEST, LONGEST_SIGNED, LONGEST_LINE = 1 << 30, 32 << 20, 1 << 20, 65_536  # bytes
RECEIPT = b"c2sp.org/tlog-proof@v1"
DEEPEST, MOST_SIGNATURES, NEVER, EVENT, OTHER = 32, 64, float("inf"), 1, 2
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

class WrongUse(Exception):
    """Nothing was checked; the sentence says what to do."""

def require(right):
    if not right:
        raise ValueError

# ---- Files: a ZIP file or a folder, and the problems that are found in it

# How files are called in the folders that hold nothing else.
NAMES = {"checkpoints": "([0-9]{12})", "consistency": "([0-9]{12})-([0-9]{12})", "records": r"[0-9]{12}\.jsonl",
         "notices": r"([0-9a-f]{64})\.json", "policies": r"([0-9a-f]{64})\.txt"}

class Bundle:
    def __init__(self, path):
        self.path, self.zip, self.problems, self.broken, names = path, None, set(), set(), []
        if os.path.isdir(path):
            paths = (os.path.join(place, name) for place, _, files in os.walk(path) for name in files)
            names = [os.path.relpath(file, path) for file in paths if os.path.isfile(file) and not os.path.islink(file)]
        else:
            try:
                self.zip = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
                raise WrongUse(f"{path}: not a bundle, or a download that broke off; "
                               "`kelisim log export --format bundle` makes one") from None
            entries = self.zip.infolist()
            self.entries = {entry.orig_filename: entry for entry in entries}
            promised = sum(entry.file_size for entry in entries)
            if len(self.entries) < len(entries) or promised > 100 * os.path.getsize(path) + (64 << 20):
                self.add("format", path)
            else:
                names = [name for name in self.entries if not name.endswith("/")]
        # A name that could lead out of the bundle is no file of it, but a stray.
        self.files = {name for name in names if not ("\\" in name or "\0" in name or {"", ".", ".."} & set(name.split("/")))}
        for stray in set(names) - self.files:
            self.add("format", stray)
    def add(self, problem, file=None, leaf=None):
        self.problems.add((problem, leaf, file))
    def below(self, folder):
        """The files of a folder, and what their names are made of. Other names are problems."""
        for name in sorted(name for name in self.files if name.startswith(folder + "/")):
            if parts := re.fullmatch(f"{folder}/{NAMES[folder]}", name):
                yield name, parts.groups()
            else:
                self.add("format", name)
    def chunks(self, name):
        """A file's bytes, some at a time; of one in a ZIP file at most as many as its directory says."""
        require(not self.zip or self.entries[name].compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        try:
            with self.zip.open(self.entries[name]) if self.zip else open(os.path.join(self.path, name), "rb") as file:
                while chunk := file.read(1 << 18):
                    yield chunk
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            raise ValueError from None
    def attempt(self, file, parse, *data):
        """What `parse` makes of it. None if it can't be read."""
        try:
            return parse(*data)
        except (ValueError, TypeError, RecursionError):
            self.add("format", file)
    def fetch(self, name, longest, parse):
        def read():
            data = bytearray()
            for chunk in self.chunks(name):
                data += chunk
                require(len(data) <= longest)
            return parse(bytes(data))
        return self.attempt(name, read) if name in self.files else self.add("file_missing", name)
    def lines(self, name):
        """The lines of a file without their ends. Raises at one that is too long or has no end."""
        rest = b""
        for chunk in self.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                require(len(line) <= LONGEST_LINE)
                yield line
            require(len(rest) <= LONGEST_LINE)
        require(not rest)

# ---- Forms: leaves and records are written in one way only, so they are read, looked at and written again

def parse_json(text):
    """README.md, "Bounds". Objects are tuples of their pairs, since a name may stand twice. What is no number from 0 on
    that is written with digits alone becomes a float, which no field takes."""
    depth = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[][{}]', text):
        depth += (token in "[{") - (token in "]}")
        require(depth <= DEEPEST)
    return json.loads(text, object_pairs_hook=tuple, parse_float=lambda _: 0.5, parse_constant=lambda _: require(False),
                      parse_int=lambda digits: int(digits) if digits.isdigit() and len(digits) <= 20 else 0.5)

def fields_of(pairs, **checks):
    """Of an object in which others may stand, too: the values of these fields, each there once and as it has to be."""
    require(type(pairs) is tuple)
    values = [[value for name, value in pairs if name == wanted] for wanted in checks]
    require(all(len(found) == 1 and check(found[0]) for found, check in zip(values, checks.values())))
    return [value for value, in values]

@functools.lru_cache(1024)
def milliseconds(text):
    """From 1970 to a moment or to the beginning of a day."""
    moment = datetime.fromisoformat(text + "T00:00:00.000Z" if len(text) == 10 else text)
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)

def is_time(text):
    try:
        return 0 <= milliseconds(text) <= LATEST_SECOND * 1000
    except ValueError:
        return False

def is_number(value):
    return type(value) is int and 0 <= value < 1 << 64

def are_ranges(value):
    """First and last leaf of each, ascending: then they can't be made to overlap a thousand times."""
    end = -1
    for one in value if type(value) is list else [None]:
        if type(one) is not list or len(one) != 2 or not all(map(is_number, one)) or not end < one[0] <= one[1]:
            return False
        end = one[1]
    return True

def text(pattern, check=lambda text: True):
    matches = re.compile(pattern, re.DOTALL).fullmatch
    # Raises TypeError at a list or an object, which the cache can't hold.
    return functools.lru_cache(256)(lambda value: type(value) is str and matches(value) is not None and bool(check(value)))

PAGE, OPTIONAL = text("[!-~]{0,256}"), ["functional", "analytical", "marketing"]
HASH, MOMENT = text("[0-9a-f]{64}"), text(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z", is_time)
FIELDS = {  # how a field of this name is written, wherever it stands
    "consent_id log": text("[0-9a-f]{32}"), "document_sha256 fingerprint notice_id": HASH,
    "record_id": text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "host site version": text(".*"),
    "language": text("ru|kk|en"), "edition": text("[A-Za-z0-9._-]{1,32}", lambda edition: edition.strip(".")),
    "before day effective": text("[0-9]{4}-[0-9]{2}-[0-9]{2}", is_time), "from time to valid_until": MOMENT,
    "validity": text("P(0D|[1-9][0-9]{0,9}M([1-9][0-9]{0,9}D)?|[1-9][0-9]{0,9}D)",
                     lambda term: all(int(number) < 1 << 32 for number in re.findall("[0-9]+", term))),
    "index passed refused size": is_number, "ends": lambda value: value is None or is_number(value),
    "follows": lambda value: value is None or fits(value, "predecessor"),
    "ranges": are_ranges, "counts": lambda value: type(value) is list and all(fits(one, "count") for one in value),
    "allowed offered": lambda value: type(value) is list and value == [name for name in OPTIONAL if name in value],
    "dnt gpc": lambda value: type(value) is bool, "summary": lambda value: value == {},
    "page": lambda value: value is None or PAGE(value),
    "reason": text("request|order"), "state": text("started|stopped"), "by": text("command_line|[0-9a-f]{8}"),
    "form": text("csv|jsonl|jsonld|bundle|page"), "taken": text("read|export|incident"),
    "what": text("set_cookie|cookie_pair|load|frame"),
    "schema": text("kelisim-record/v1"), "event": text("expressed|renewed|refused|withdrawn|implied"),
    "frame_schema": text("kelisim-frame/v1"), "frame": text("frame"), "entity": text("data_subject"),
    "method": text("banner_form|settings_form|script|navigation|frame_form"),
    "agent": text("chromium|firefox|safari|robot|other"), "category": text("necessary|functional|analytical|marketing"),
    "counted": text("necessary|functional|analytical|marketing|unknown"),
}
FIELDS = {name: check for names, check in FIELDS.items() for name in names.split()}
FORMS = {  # deploy/leaves.md, and README.md, "Records": the fields in their order; after a colon, as what it is written
    "start": "log follows day",
    "notice": "notice_id language edition document_sha256 day",
    "policy": "edition language document_sha256 effective day",
    "erasure": "index reason day",
    "retention": "ranges before day",
    "configuration": "fingerprint summary time",
    "service": "state version time",
    "access": "by what:taken form from to time",
    "enforcement": "day counts",
    "predecessor": "log size",
    "count": "site what category:counted refused passed",
    "record": "schema record_id consent_id site event entity time validity valid_until method offered allowed edition "
              "notice_id language page agent gpc dnt ends",
    "frame": "schema:frame_schema record_id consent_id site event:frame entity time validity valid_until method offered "
             "allowed edition notice_id language page agent gpc dnt ends host category",
}
FORMS = {form: {field.partition(":")[0]: FIELDS[field.rpartition(":")[2]] for field in fields.split()}
         for form, fields in FORMS.items()}
LEAVES = list(FORMS)[:9]
SALTED = rb'"salt":"([0-9a-f]{64})","record":(\{.*\})\}'
LINE = re.compile(rb'\{"index":(0|[1-9][0-9]{0,19}),' + SALTED, re.DOTALL)
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

def fits(value, form):
    return type(value) is dict and list(value) == list(FORMS[form]) and all(
        check(part) for check, part in zip(FORMS[form].values(), value.values()))

def read_form(data, form):
    """What has this form and is written as such things are; otherwise None."""
    try:
        value = json.loads(data.decode())
        return value if fits(value, form) and encode(value) == data.decode() else None
    except (ValueError, TypeError, RecursionError):
        return None

def read_record(data):
    return read_form(data, "frame" if data.startswith(b'{"schema":"kelisim-frame/') else "record")

# ---- Hashes, keys and checkpoints

def sha256(data):
    return hashlib.sha256(data).digest()

def from_base64(text):
    """RFC 4648, section 4, with padding, in the one way in which these bytes are written."""
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text)
    return data

def is_name(text):
    """C2SP signed-note, "Format": no spaces, no plus; here no control characters either."""
    return text and not any(c in WHITE_SPACE or c == "+" or c < " " or "\x7f" <= c <= "\x9f" for c in text)

@dataclasses.dataclass(frozen=True)
class Key:
    """A verifier key (C2SP signed-note, "Verifier keys"): of a log, type 1, or of a witness, type 4 (tlog-cosignature)."""
    name: str
    kind: int
    public: bytes
    @property
    def id(self):
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]
    def made(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            return True
        except InvalidSignature:
            return False

def parse_key(text, kind):
    name, number, material = text.strip(WHITE_SPACE).split("+", 2)
    data = from_base64(material)
    key = Key(name, kind, data[1:])
    require(is_name(name) and len(data) == 33 and data[0] == kind and key.id.hex() == number)
    return key

class Checkpoint:
    """C2SP signed-note, "Format", and tlog-checkpoint, "Note text": a checkpoint, and the file in which it is."""
    def __init__(self, data, file):
        note, self.file, self.right, self.seen = data.decode(), file, False, {}
        text, _, signatures = note.rpartition("\n\n")
        lines, (*signatures, end) = text.split("\n"), signatures.split("\n")
        require(not end and 1 <= len(signatures) <= MOST_SIGNATURES and not any(c < " " and c != "\n" for c in note))
        require(len(lines) >= 3 and "" not in lines)
        self.text, self.origin, self.size, self.root = text + "\n", lines[0], to_number(lines[1]), from_base64(lines[2])
        require(len(self.root) == 32)
        self.signatures = []
        for dash, name, signature in (line.split(" ") for line in signatures):
            self.signatures.append((name, from_base64(signature)))
            require(dash == "\u2014" and is_name(name) and len(from_base64(signature)) >= 5)
    def lines_of(self, key):
        return [data[4:] for name, data in self.signatures if name == key.name and data[:4] == key.id]
    def check(self, add, public, witnesses):
        """Every line under the log's name and key has to be right; the key's name is this checkpoint's own origin.
        tlog-cosignature, "Ed25519 signed message": the last right line of a witness says when it has seen this."""
        key = Key(self.origin, 1, public)
        lines = self.lines_of(key)
        self.right = bool(lines and is_name(self.origin)) and all(key.made(line, self.text.encode()) for line in lines)
        if not self.right:
            add("checkpoint_signature", self.file)
        for witness, line in ((one, line) for one in witnesses if self.right for line in self.lines_of(one)):
            time = int.from_bytes(line[:8])
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            if len(line) == 72 and time < 1 << 63 and witness.made(line[8:], message):
                self.seen[witness] = min(time, LATEST_SECOND)
            else:
                add("cosignature_forged", self.file)
        return self.right

def to_number(digits):
    require(re.fullmatch("0|[1-9][0-9]{0,19}", digits) and int(digits) < 1 << 64)
    return int(digits)

# ---- The tree: RFC 6962, section 2.1, and C2SP tlog-tiles

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

def inclusion_root(index, size, leaf, proof):
    """Section 2.1.1, from the end of the proof: the root of a tree of this size with this leaf at this index."""
    if size == 1:
        return leaf
    half, other = left_part(size), proof.pop()
    if index < half:
        return node(inclusion_root(index, half, leaf, proof), other)
    return node(other, inclusion_root(index - half, size - half, leaf, proof))

def consistency_roots(old, new, old_root, proof):
    """Section 2.1.2, from the end of the proof: both roots. `old_root` is None in what is not all of the old tree."""
    if old == new:
        root = old_root or proof.pop()
        return root, root
    half, other = left_part(new), proof.pop()
    if old <= half:
        old_root, new_root = consistency_roots(old, half, old_root, proof)
        return old_root, node(new_root, other)
    old_root, new_root = consistency_roots(old - half, new - half, None, proof)
    return node(other, old_root), node(other, new_root)

def is_consistent(old, new, proof):
    try:
        start = sha256(b"") if old.size == 0 else old.root
        roots = consistency_roots(old.size, new.size, old.root, proof) if old.size else (sha256(b""), new.root)
        return roots == (old.root, new.root) and not proof
    except IndexError:  # the proof is too short
        return False

def parse_hashes(lines):
    hashes = [from_base64(line) for line in lines]
    require(all(len(one) == 32 for one in hashes))
    return hashes

def parse_proof(data):
    return parse_hashes(data.decode().removesuffix("\n").split("\n") if data else [])

def tile_name(level, number, width):
    """tlog-tiles, "Merkle Tree": three digits in each part, x before all but the last, and how wide a partial tile is."""
    *before, last = [part.zfill(3) for part in f"{number:,}".split(",")]
    return f"tile/{level}/" + "".join(f"x{part}/" for part in before) + last + ("" if width == 256 else f".p/{width}")

def tiles(row):
    """Number and width of the tiles in a row of so many hashes."""
    return ((number, min(256, row - 256 * number)) for number in range((row + 255) // 256))

# ---- Leaves

class Leaves:
    """What the leaves say. Of each one is kept its hash, whether it is an event, and whether its record was deleted."""
    def __init__(self, bundle, size):
        self.bundle, self.size, self.complete = bundle, size, True
        self.kind, self.hashes = bytearray(size), bytearray(32 * size)  # kind: 0 not known, EVENT, OTHER
        self.deletions = [0] * (size + 1)  # how many more reach this leaf than the one before it
        self.starts, self.notices, self.policies, self.times = [], {}, {}, []
        for number, width in tiles(size):
            entries = bundle.fetch(tile_name("entries", number, width), 256 * (2 + 65_535),
                                   functools.partial(split_entries, count=width))
            self.complete &= entries is not None
            for index, leaf in enumerate(entries or [], 256 * number):
                self.hashes[32 * index:32 * index + 32] = sha256(b"\0" + leaf)
                self.read(index, leaf)
        self.deleted = bytearray(map(bool, itertools.accumulate(self.deletions)))
        # The hashes of all tiles by level: a full tile is one hash of the level above.
        self.rows = [self.hashes]
        while len(row := self.rows[-1]) >= 8192:
            self.rows.append(b"".join(tree_hash(row[at - 8192:at]) for at in range(8192, len(row) + 1, 8192)))
        for level, row in enumerate(self.rows):
            for number, width in tiles(len(row) // 32):
                self.compare(tile_name(level, number, width), row[8192 * number:8192 * number + 32 * width])
    def compare(self, name, right):
        """Without all leaves nothing can be said of a tile but whether it is there and how long it is."""
        tile = self.bundle.fetch(name, len(right), bytes)
        if tile is not None and len(tile) < len(right):
            self.bundle.add("format", name)
        elif tile is not None and tile != right and self.complete:
            self.bundle.add("tile_mismatch", name)
    def root(self, size):
        """MTH(D[0:size]): on each level the last tile, and after it the root of what the level below has beyond."""
        right = b""
        for level, row in enumerate(self.rows):
            width = size >> 8 * level
            last = row[width // 256 * 8192:width * 32] + right
            right = tree_hash(last) if last else b""
        return right or sha256(b"")
    def read(self, index, leaf):
        tag, line_end, body = leaf.partition(b"\n")
        if tag == b"kelisim-consent-leaf/v1" and len(body) == 32:
            self.kind[index] = EVENT
            return
        kind = re.fullmatch(rb"kelisim-(\w+)-leaf/v1", tag)
        said = self.parse(kind[1].decode(), body) if kind and line_end else None
        if said is None:
            return self.bundle.add("leaf_unreadable", leaf=index)
        self.kind[index] = OTHER
        self.times.append((index, milliseconds(said.get("time") or said["day"])))
        match kind[1]:
            case b"start":
                self.starts.append({"leaf": index} | said)
            case b"notice":
                self.notices.setdefault(said["notice_id"], {}).setdefault(said["edition"], index)
            case b"policy":
                text = said["edition"], said["language"]
                self.policies.setdefault(said["document_sha256"], {}).setdefault(text, index)
        # A leaf deletes only what stands before it.
        for first, last in said.get("ranges") or ([(said["index"],) * 2] if kind[1] == b"erasure" else []):
            if first < index:
                self.deletions[first] += 1
                self.deletions[min(last, index - 1) + 1] -= 1
    @staticmethod
    def parse(kind, body):
        if kind == "configuration":  # its summary may be written in any way
            parts = re.fullmatch(rb'(\{"fingerprint":"\w*","summary":)(\{.*\})(,"time":"[^"]*"\})', body, re.DOTALL)
            try:
                parse_json(f"[{parts[2].decode()}]")
                body = parts[1] + b"{}" + parts[3]
            except (ValueError, TypeError):
                return None
        return read_form(body, kind) if kind in LEAVES else None
    def check_starts(self):
        """README.md, "Names": the first leaf begins a log, and another start goes on from what stands before it."""
        if not self.starts or self.starts[0]["leaf"] != 0:
            self.bundle.add("wrong_log", leaf=0)
        for before, start in itertools.pairwise([None, *self.starts]):
            follows = before and {"log": before["log"], "size": start["leaf"]}
            if start["follows"] != follows or start["leaf"] and not before:
                self.bundle.add("wrong_log", leaf=start["leaf"])
    def judge(self, one, newest):
        """What is wrong with a checkpoint's name and size, before its hash is looked at."""
        later = list(itertools.dropwhile(lambda start: start["log"] != one.origin.rpartition("/")[2], self.starts))
        if not later or one.size <= later[0]["leaf"]:
            return "wrong_log"
        if one.size <= (later[1]["leaf"] if later[1:] else self.size):
            return None
        certain = later[1:] or any(time < newest.seen.get(witness, 0) or
                                   time * 1000 + CLOCKS_DIFFER < self.times[-1][1]
                                   for witness, time in one.seen.items())
        return "truncated" if certain else "ahead"

def split_entries(data, count):
    """tlog-tiles, "Log entries": big-endian uint16 length, and so many bytes."""
    entries, at = [], 0
    while at < len(data) and len(entries) < count:
        start, at = at + 2, at + 2 + int.from_bytes(data[at:at + 2])
        entries.append(data[start:at])
    require(at == len(data) and len(entries) == count)
    return entries

# ---- Checkpoints

def read_checkpoints(bundle, newest, public, witnesses):
    """All under checkpoints/, and the proofs between neighbours. Gives those that the log's key has signed."""
    signed, sizes = {newest.size: newest}, {newest.size}
    for name, (size,) in bundle.below("checkpoints"):
        sizes.add(int(size))
        one = bundle.fetch(name, LONGEST_SIGNED, lambda data: Checkpoint(data, name))
        if one and one.size != int(size):
            bundle.add("format", name)
        elif one and one.check(bundle.add, public, witnesses):
            signed.setdefault(one.size, one)
    for old, new in itertools.pairwise(sorted(sizes)):
        if f"consistency/{old:012}-{new:012}" not in bundle.files:
            bundle.add("file_missing", f"consistency/{old:012}-{new:012}")
    for name, between in bundle.below("consistency"):
        proof = bundle.fetch(name, LONGEST_SIGNED, parse_proof)
        old, new = (signed.get(int(size)) for size in between)
        if proof is not None and old and new and not is_consistent(old, new, proof):
            bundle.add("inconsistent", name)
    return [one for one in signed.values() if one is not newest]

def hold_to_log(bundle, leaves, newest, others, own, given):
    """README.md, step 8: whether what was signed is this log. Gives the checkpoints that are the log's."""
    leaves.check_starts()
    wrong = leaves.judge(newest, newest) or own and own.name != newest.origin
    if wrong or given and given.name.rpartition("/")[2] not in [start["log"] for start in leaves.starts]:
        bundle.add("wrong_log", "checkpoint")
        newest.right = False
    same = leaves.root(leaves.size) == newest.root
    if not same:
        bundle.add("root_mismatch", "checkpoint")
    for one in others:
        problem = leaves.judge(one, newest)
        if not problem and same and leaves.root(one.size) != one.root:
            problem = "inconsistent"
        if problem:
            bundle.add(problem, one.file)
            one.right = False
    return [one for one in [newest, *others] if one.right] if same else []

def describe_witnesses(witnesses, given, checkpoints):
    def moment(seconds):
        return seconds and (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat() + ".000Z"
    for witness in witnesses:
        seen = [(one.seen[witness], one.size) for one in checkpoints if witness in one.seen]
        times, sizes = zip(*seen) if seen else ((None,), (None,))
        yield {"name": witness.name, "given": witness in given, "since": moment(min(times)),
               "until": moment(max(times)), "size": max(sizes)}

class Brackets:
    """For each leaf the latest signature of a witness on a log without it, and the earliest on one with it."""
    def __init__(self, checkpoints, witnesses):
        times = ((one.size, [time for witness, time in one.seen.items() if witness in witnesses]) for one in checkpoints)
        seen = sorted((size, times) for size, times in times if times)
        self.sizes = [size for size, _ in seen]
        self.before = [None, *itertools.accumulate((max(times) for _, times in seen), max)]
        self.after = [None, *itertools.accumulate((min(times) for _, times in reversed(seen)), min)][::-1]
    def around(self, index):
        place = bisect.bisect_right(self.sizes, index)
        return self.before[place], self.after[place]

# ---- Manifest and records

def read_manifest(bundle):
    """None if there is none. Then there may be nothing that only a manifest explains."""
    if "manifest.json" in bundle.files:
        return bundle.fetch("manifest.json", LONGEST_MANIFEST, parse_manifest)
    if any(name.startswith(("records/", "notices/", "policies/")) for name in bundle.files):
        bundle.add("file_missing", "manifest.json")

def parse_manifest(data):
    is_object, is_text = (lambda value: type(value) is tuple), text(".*")
    bound = lambda value: value is None or MOMENT(value)
    form, origin, size, leaves, period, files = fields_of(
        parse_json(data.decode()), format=text("kelisim-bundle/v1"), origin=is_text, size=is_number, leaves=is_object,
        period=is_object, files=is_object)
    first, after = fields_of(leaves, first=is_number, after=is_number)
    start, end = fields_of(period, **{"from": bound, "to": bound})
    files = {name: fields_of(file, bytes=is_number, sha256=is_text) for name, file in files}
    "".join([origin, *files, *(hashed for _, hashed in files.values())]).encode()  # raises at half a character
    require(first <= after)
    return {"origin": origin, "size": size, "first": first, "after": after, "from": start, "to": end, "files": files}

def check_files(bundle, files):
    """Whether all files are as the manifest says. What has no name of its folder is noted as that alone."""
    for folder in ("checkpoints", "consistency", "records"):
        list(bundle.below(folder))
    for name in bundle.files - {"manifest.json"}:
        length, hasher = 0, hashlib.sha256()
        try:
            for chunk in bundle.chunks(name):
                length += len(chunk)
                hasher.update(chunk)
            if files.get(name) != [length, hasher.hexdigest()] and (
                    ("format", None, name) not in bundle.problems or name == "witnesses"):
                bundle.add("file_changed", name)
        except ValueError:
            bundle.broken.add(name)
            bundle.add("format", name)
    for name in files.keys() - bundle.files:
        bundle.add("file_missing", name)

class Records:
    """The records of the range, each held to its leaf."""
    def __init__(self, bundle, leaves, manifest, brackets, trusted):
        self.bundle, self.leaves, self.texts = bundle, leaves, Texts(bundle, leaves)
        self.brackets, self.trusted = brackets, trusted  # by all witnesses, and by those who count
        if manifest["after"] > leaves.size:
            bundle.add("format", "manifest.json")
        self.first = 0 if manifest["from"] is None else min(manifest["first"], leaves.size)
        self.after = leaves.size if manifest["to"] is None else min(manifest["after"], leaves.size)
        self.here, self.kept, self.events, self.widest = bytearray(leaves.size), 0, 0, None
        self.last, self.latest, self.times = -1, 0, iter([*leaves.times, (NEVER, 0)])
        self.next_time = next(self.times)
        for name, _ in bundle.below("records"):
            if name not in bundle.broken:
                bundle.attempt(name, self.read_file, name)
    def read_file(self, name):
        for line in self.bundle.lines(name):
            parts = LINE.fullmatch(line)
            if parts and self.last < int(parts[1]) < 1 << 64:
                self.last = int(parts[1])
                self.read(self.last, *parts.groups()[1:])
            else:
                self.bundle.add("format", name)
    def read(self, index, salt, data):
        inside = self.first <= index < self.after
        if inside and not self.leaves.kind[index]:
            return None
        if not inside or self.leaves.deleted[index] or self.leaves.kind[index] == OTHER:
            return self.bundle.add("record_unexpected", leaf=index)
        self.here[index] = 1
        if consent_hash(salt, data) != self.leaves.hashes[32 * index:32 * index + 32]:
            return self.bundle.add("record_changed", leaf=index)
        record = read_record(data)
        if record is None:
            return self.bundle.add("record_unreadable", leaf=index)
        self.kept += 1
        self.check_time(index, milliseconds(record["time"]), record["allowed"] or record["event"] == "frame")
        self.texts.check(index, record["notice_id"], record["edition"])
    def check_time(self, index, time, is_consent):
        """README.md, "Times"."""
        while self.next_time[0] < index:
            self.latest, self.next_time = max(self.latest, self.next_time[1]), next(self.times)
        before, after = self.brackets.around(index)
        late = is_consent and time + CLOCKS_DIFFER < self.latest
        if late:
            self.bundle.add("time_order", leaf=index)
        if is_consent and before is not None and time + CLOCKS_DIFFER < before * 1000:
            self.bundle.add("back_dated", leaf=index)
        if after is not None and time > after * 1000 + CLOCKS_DIFFER:
            self.bundle.add("forward_dated", leaf=index)
        before, after = self.trusted.around(index)
        if before is not None and after is not None:
            self.events += 1
            self.widest = max(self.widest or 0, after - before)
        self.latest = time if late else max(self.latest, time)
    def count(self):
        """Of events, and those of the range that should be here and are not."""
        counts = {"first": self.first, "after": self.after, "kept": self.kept, "removed": 0, "outside": 0}
        for index in (index for index, kind in enumerate(self.leaves.kind) if kind == EVENT):
            inside, deleted = self.first <= index < self.after, self.leaves.deleted[index]
            counts["removed"] += inside and deleted
            counts["outside"] += not inside and not deleted
            if inside and not deleted and not self.here[index]:
                self.bundle.add("record_missing", leaf=index)
        return counts

def consent_hash(salt, data):
    commitment = sha256(b"kelisim-commitment/v1\n" + bytes.fromhex(salt.decode()) + data)
    return sha256(b"\0kelisim-consent-leaf/v1\n" + commitment)

class Texts:
    """Notices and policies: README.md, "Texts"."""
    def __init__(self, bundle, leaves):
        self.bundle, self.leaves, self.named = bundle, leaves, {}
        for folder, kind, known in (("notices", "notice", leaves.notices), ("policies", "policy", leaves.policies)):
            for name, (wanted,) in bundle.below(folder):
                data = bundle.fetch(name, LONGEST_TEXT, lambda data: data.decode().encode())
                if data is not None and leaves.complete and wanted not in known:
                    bundle.add(kind + "_unknown", name)
                if data is not None and sha256(data).hex() != wanted:
                    bundle.add(kind + "_changed", name)
                elif data is not None and kind == "notice":
                    self.named[wanted] = bundle.attempt(name, parse_notice, data) or []
    def check(self, index, notice, edition):
        editions = self.leaves.notices.get(notice, {})
        if index < min(editions.values(), default=NEVER):
            return self.bundle.add("notice_unknown", leaf=index)
        if index < max(self.since(notice, edition), editions.get(edition, NEVER)):
            self.bundle.add("policy_unknown", leaf=index)
    @functools.lru_cache(1024)
    def since(self, notice, edition):
        """From which leaf on all of a notice's policy was in the log. Notes what of it is not here."""
        texts = self.named.get(notice, [])
        for kind, file in [("notice", f"notices/{notice}.json"), *(("policy", f"policies/{one}.txt") for _, one in texts)]:
            if file not in self.bundle.files:
                self.bundle.add(kind + "_missing", file)
        return max((self.leaves.policies.get(one, {}).get((edition, language), NEVER) for language, one in texts), default=0)

def parse_notice(data):
    """The policy that a notice's document names: language and hash of each text."""
    policy, = fields_of(parse_json(data.decode()), policy=lambda value: type(value) is list)
    texts = [fields_of(one, language=FIELDS["language"], sha256=HASH) for one in policy]
    require(len(dict(texts)) == len(texts))
    return texts

# ---- Receipts

def verify_receipt(path, data, key, witnesses):
    """README.md, "Receipts"."""
    problems, witnesses = set(), list(dict.fromkeys(witnesses))
    report = {"origin": "", "size": 0, "index": None, "record": None, "witnesses": list(describe_witnesses(witnesses, witnesses, []))}
    def add(problem, file):
        problems.add((problem, None, file))
    try:
        index, salted, proof, one = parse_receipt(data, path)
    except ValueError:
        add("format", path)
        return finished(report, problems)
    right = one.check(add, key.public, witnesses)
    report |= {"origin": one.origin, "size": one.size, "index": index,
               "witnesses": list(describe_witnesses(witnesses, witnesses, [one] if right else []))}
    if salted:
        try:
            root = inclusion_root(index, one.size, consent_hash(*salted), proof)
        except IndexError:  # the proof is too short
            root = None
        if root != one.root or proof:
            add("record_changed", path)
        elif (record := read_record(salted[1])) is None:
            add("record_unreadable", path)
        else:
            report["record"] = record
    return finished(report, problems)

def parse_receipt(data, path):
    """C2SP tlog-proof. In its extra line are salt and record: the leaf."""
    require(len(data) <= LONGEST_SIGNED)
    head, _, note = data.decode().partition("\n\n")
    tag, *lines = head.split("\n")
    extra = lines.pop(0)[6:] if lines and lines[0].startswith("extra ") else None
    salted = extra is not None and re.fullmatch(rb"\{" + SALTED, from_base64(extra), re.DOTALL)
    require(tag == RECEIPT.decode() and lines and lines[0].startswith("index ") and salted is not None)
    index, one = to_number(lines[0][6:]), Checkpoint(note.encode(), path)
    require(index < one.size)
    return index, salted and salted.groups(), parse_hashes(lines[1:]), one

# ---- The whole, and the report

def verify(path, given_key=None, given=(), kept=()):
    """`given` are keys of witnesses, `kept` checkpoints that the reader has from before: file and bytes."""
    report = {"origin": "", "size": 0, "key_given": given_key is not None, "period": None, "records": None,
              "witnesses": [], "bracketed": {"events": 0, "of": 0, "widest_seconds": None}, "follows": [],
              "given_checkpoints": []}
    bundle = Bundle(path)
    if ("format", None, path) not in bundle.problems:
        walk(bundle, report, given_key, list(given), kept)
    return finished(report, bundle.problems)

def finished(report, problems):
    problems = sorted(problems, key=lambda p: (PROBLEMS.index(p[0]), -1 if p[1] is None else p[1], p[2] or ""))
    named = [{"problem": name, "leaf": leaf, "file": file} for name, leaf, file in problems]
    return {"intact": not problems, "problems": named} | report

def walk(bundle, report, given_key, given, kept):
    """README.md, "The order of the walk"."""
    manifest = read_manifest(bundle)
    report["period"] = manifest and {"from": manifest["from"], "to": manifest["to"]}
    own, note = bundle.fetch("key", LONGEST_SIGNED, parse_own_key), bundle.fetch("checkpoint", LONGEST_SIGNED, utf8)
    if own and given_key and own.public != given_key.public:
        bundle.add("key_differs", "key")
    witnesses = read_witnesses(bundle, given)
    key = given_key or own
    if key is None or note is None:
        return
    report["witnesses"] = list(describe_witnesses(witnesses, given, []))
    newest = bundle.attempt("checkpoint", Checkpoint, note, "checkpoint")
    if newest is None:
        return
    report["origin"], report["size"] = newest.origin, newest.size
    newest.check(bundle.add, key.public, witnesses)
    if newest.size > 256 * len(bundle.files):
        return bundle.add("format", "checkpoint")
    if manifest:
        check_files(bundle, manifest["files"])
        if (manifest["origin"], manifest["size"]) != (newest.origin, newest.size):
            bundle.add("file_changed", "checkpoint")
    others = read_checkpoints(bundle, newest, key.public, witnesses)
    kept = [one for file, data in kept if (one := bundle.attempt(file, Checkpoint, data, file))
            and one.check(bundle.add, key.public, witnesses)]
    leaves = Leaves(bundle, newest.size)
    good = hold_to_log(bundle, leaves, newest, others + kept, own, given_key) if leaves.complete else []
    report["witnesses"] = list(describe_witnesses(witnesses, given, good))
    report["given_checkpoints"] = [{"file": one.file, "size": one.size} for one in kept if one in good]
    report["follows"] = [{"leaf": start["leaf"], "day": start["day"]} | start["follows"]
                         for start in leaves.starts[1:] if start["follows"]]
    if manifest:
        records = Records(bundle, leaves, manifest, Brackets(good, witnesses), Brackets(good, given or witnesses))
        report["records"] = records.count()
        report["bracketed"] = {"events": records.events, "of": records.kept, "widest_seconds": records.widest}

def utf8(data):
    return data.decode().encode()

def text_lines(data):
    return [line for line in (line.strip(WHITE_SPACE) for line in data.decode().split("\n")) if line]

def parse_own_key(data):
    line, = text_lines(data)
    return parse_key(line, 1)

def read_witnesses(bundle, given):
    """Those that the reader gave, and those that the bundle names; each once."""
    lines = bundle.fetch("witnesses", LONGEST_SIGNED, text_lines) if "witnesses" in bundle.files else None
    named = [key for line in lines or [] if (key := bundle.attempt("witnesses", parse_key, line, 4))]
    if any(own.name == key.name and own.public != key.public for own in named for key in given):
        bundle.add("key_differs", "witnesses")
    return list(dict.fromkeys([*given, *named]))

def as_json(report):
    return json.dumps(report, sort_keys=True)

def shown(value):
    """A stranger chose this: no control characters to the terminal."""
    return value if value.isprintable() else ascii(value)

def as_text(report):
    yield f"The log: {shown(report['origin']) or 'unknown'}, {report['size']} leaves."
    yield f"1. Intact: {'yes' if report['intact'] else 'no'}."
    for one in report["problems"]:
        yield f"   {one['problem']}, " + (shown(one["file"]) if one["leaf"] is None else f"leaf {one['leaf']}")
    if report["problems"]:
        yield "   README.md beside this program says under \"Problems by name\" what these names mean."
    yield from receipt_text(report) if "index" in report else bundle_text(report)
    trusted = [one for one in report["witnesses"] if one["given"]]
    seen = [one for one in report["witnesses"] if one["size"] is not None]
    for one in trusted:
        if one not in seen:
            yield f"   {shown(one['name'])} has signed nothing of this; it is a witness that you gave."
    yield "2. Seen from outside: " + ("by those below." if any(one in (trusted or seen) for one in seen) else
          "no witness that counts vouches for this log: the operator could have made this log yesterday.")
    for one in seen:
        yield f"   {shown(one['name'])} signed from {one['since']} to {one['until']}, up to {one['size']} leaves."
    if not all(one["given"] for one in seen):
        yield "   " + ("Witnesses that you did not give do not count: their keys came with the bundle." if trusted else
                       "The keys of these witnesses came with the bundle: give those that you know with --witness.")
    if "index" in report:
        yield "3. Times bracketed: no; the time is the operator's word."
    else:
        events, of, widest = (report["bracketed"][name] for name in ("events", "of", "widest_seconds"))
        yield f"3. Times bracketed: {events} of {of}, each by two signatures of witnesses" + (
            "" if widest is None else f" that are at most {widest} seconds apart") + (
            "; the times of the others are the operator's word." if events < of else ".")

def receipt_text(report):
    yield f"   This is leaf {report['index']} of {report['size']}."
    if report["record"]:
        yield from (f"   {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in report["record"].items())
    elif report["intact"]:
        yield "   What it says is not in this file: the leaf was not looked at, only the signature."

def bundle_text(report):
    if report["records"] and ("file_missing", "index.html") not in [(p["problem"], p["file"]) for p in report["problems"]]:
        yield "   index.html in it was written by whoever made the file and was not looked at."
    if records := report["records"]:
        yield (f"   Asked for was the period from {report['period']['from'] or 'the beginning'} to "
               f"{report['period']['to'] or 'the end'}: leaves {records['first']} to before {records['after']}. Records that "
               f"are here and genuine: {records['kept']}; deleted, as the log says: {records['removed']}; of events before "
               f"or after these leaves, and not here: {records['outside']}.")
    else:
        yield "   No records were checked."
    for start in report["follows"]:
        yield (f"   The log goes on from another one after a restore of a backup on {start['day']}: of the log {start['log']} "
               f"the first {start['size']} leaves are kept here; what was written into it after that is not.")
    for one in report["given_checkpoints"]:
        yield (f"   Your checkpoint of {one['size']} leaves ({shown(one['file'])}) is the beginning of this log"
               + ("; the key that you gave signed it." if report["key_given"] else "."))
    if not report["key_given"]:
        yield ("   The log's key came with the bundle: whoever made the bundle could have made the key. "
               "Give the key that you know with --key.")

def main():
    def key_of(kind):
        def key(text):  # its name stands in argparse's message
            return parse_key(text, kind)
        return key
    parser = argparse.ArgumentParser(description="Checks a bundle of a consent log, a folder of its tiles, or a receipt: "
                                                 "exit code 0 intact, 1 not intact, 2 wrong use.")
    def refuse(sentence):
        print(f"verify.py: {sentence}", file=sys.stderr)
        sys.exit(2)
    parser.error = refuse
    parser.add_argument("bundle", metavar="FILE|DIR")
    parser.add_argument("--key", metavar="VKEY", type=key_of(1), help="the log's key, known from elsewhere")
    parser.add_argument("--witness", metavar="VKEY", type=key_of(4), action="append", default=[],
                        help="a witness's key, known from elsewhere; can be given again")
    parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[],
                        help="a checkpoint of this log that was kept from before; can be given again")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    given = parser.parse_args()
    try:
        kept = [(name, open(name, "rb").read(LONGEST_SIGNED)) for name in given.checkpoint]
        for name, data in kept:
            try:
                Checkpoint(data, name)
            except ValueError:
                parser.error(f"{name}: not a checkpoint; a log has its own at /_kelisim/log/checkpoint")
        start = b"" if os.path.isdir(given.bundle) else open(given.bundle, "rb").read(LONGEST_SIGNED + 1)
        if start.startswith(RECEIPT):
            if not given.key:
                parser.error("a receipt is checked with --key, which the site publishes at /_kelisim/log/key")
            if kept:
                parser.error("a receipt has its own checkpoint: leave --checkpoint out")
            report = verify_receipt(given.bundle, start, given.key, given.witness)
        else:
            report = verify(given.bundle, given.key, given.witness, kept)
    except (OSError, WrongUse) as error:
        parser.error(str(error))
    print(as_json(report) if given.json else "\n".join(as_text(report)))
    return 0 if report["intact"] else 1

if __name__ == "__main__":
    sys.exit(main())
