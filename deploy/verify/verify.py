#!/usr/bin/env python3
"""Checks a bundle of a consent log, or a receipt, trusting nobody who made it. README.md beside this file says what it checks.

It follows that file, deploy/leaves.md and the public specifications that they name, and shares no code with the
program. It needs Python 3.11 and python3-cryptography (for Ed25519 alone), and opens no connection.
From top to bottom: the problems, files, forms, signatures, the tree, leaves, checkpoints, records, texts, the report, receipts.
"""
import argparse, base64, bisect, functools, hashlib, itertools, json, os, re, stat, sys, zipfile, zlib
from array import array
from datetime import datetime, timedelta, timezone
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# README.md, "Problems": every problem has one of these names. They are reported in this order.
PROBLEMS = {
    "format": "this file can't be read as what its name says it is",
    "file_changed": "this file is not the one that the manifest describes",
    "file_missing": "this file should be here and is not",
    "key_differs": "the key in the bundle is not the key that you gave",
    "checkpoint_signature": "the log's key did not sign this checkpoint",
    "cosignature_forged": "a witness's name stands under this checkpoint, but the witness did not sign it",
    "root_mismatch": "the leaves in the bundle are not the leaves that this checkpoint was signed over",
    "tile_mismatch": "the hashes in this tree are not those of the leaves",
    "inconsistent": "this is signed by the log and contradicts the log: its history was changed after it was signed",
    "truncated": "this checkpoint has more leaves than the log kept: leaves at the end were thrown away, by hand or by the "
                 "restore of a backup",
    "ahead": "this checkpoint has more leaves than the bundle: it was signed after the bundle was made, or leaves at the end "
             "were thrown away; ask for a bundle that reaches it, and believe the second if none comes",
    "wrong_log": "the name of the log and the leaf with which it starts do not belong together",
    "leaf_unreadable": "this leaf does not say anything in the known form",
    "record_changed": "this record is not the one that was written into the log",
    "record_unreadable": "this record is the one that was written, but does not have the known form",
    "record_missing": "the log has an event here, its record is not in the bundle, and no leaf says that it was deleted",
    "record_unexpected": "there should be no record here: it was deleted, is outside of the bundle's range, "
                         "or the leaf is not an event",
    "time_order": "this consent claims to be older than what was written into the log before it",
    "back_dated": "this consent claims a time before a checkpoint that a witness had seen without it",
    "forward_dated": "this event claims a time after a witness had already seen it",
    "notice_unknown": "the log did not have this notice before the event that names it",
    "notice_changed": "this notice is not the text that was written into the log",
    "notice_missing": "an event names this notice, and its text is not in the bundle",
    "policy_unknown": "the log did not have this edition of the policy before the event that names it",
    "policy_changed": "this text of the policy is not the text that was written into the log",
    "policy_missing": "an event names this edition of the policy, and its text is not in the bundle",
}
CLOCKS_DIFFER = 60_000  # milliseconds; README.md, "Times"
LATEST_SECOND = 253_402_207_200  # 9999-12-30T22:00:00Z; later moments are moved there
LONGEST_FILE, LONGEST_MANIFEST, LONGEST_SIGNED, LONGEST_RECEIPT, LONGEST_LINE = 1 << 30, 32 << 20, 512 << 10, 1 << 20, 65_536  # bytes
DEEPEST, MOST_SIGNATURES, NEVER, EVENT, OTHER = 32, 64, float("inf"), 1, 2
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

class Unreadable(Exception):
    """This does not have its form."""

class WrongUse(Exception):
    """Nothing can be checked, and why; no finding."""

class Findings:
    """What was found, each thing once."""
    def __init__(self):
        self.problems, self.origin, self.size, self.period = set(), "", 0, None
        self.records, self.witnesses, self.key_given = None, [], False
        self.follows, self.given_checkpoints, self.has_page = [], [], False
        self.bracketed = {"events": 0, "of": 0, "widest_seconds": None}
    def add(self, problem, file=None, leaf=None):
        self.problems.add((problem, leaf, file))
    def sorted_problems(self):
        order = {name: place for place, name in enumerate(PROBLEMS)}
        return sorted(self.problems, key=lambda p: (order[p[0]], -1 if p[1] is None else p[1], p[2] or ""))

# ---- Files: a ZIP file or a folder

class Bundle:
    """The files by their names. A name that could lead out of the bundle is no file of it, but a stray."""
    def __init__(self, path, found):
        self.path, self.found, self.zip = path, found, None
        if os.path.isdir(path):
            names = set(files_below(path))
        else:
            self.zip, self.entries = open_zip(path)
            names = {name for name in self.entries if not name.endswith("/")}
        self.names = sorted(filter(is_plain, names))
        self.known = frozenset(self.names)
        for stray in names - self.known:
            found.add("format", stray)
    def below(self, folder, form):
        """The files of a folder by what `form` takes from their names. Other names are problems."""
        for name in self.names:
            if name.startswith(folder + "/"):
                if parts := re.fullmatch(f"{folder}/{form}", name):
                    yield name, parts
                else:
                    self.found.add("format", name)
    def chunks(self, name):
        """A file's bytes, some at a time; of one in a ZIP file at most as many as its directory says."""
        if self.zip and self.entries[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable
        try:
            with self.zip.open(self.entries[name]) if self.zip else open(os.path.join(self.path, name), "rb") as file:
                while chunk := file.read(1 << 18):
                    yield chunk
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError):
            raise Unreadable from None
    def fetch(self, name, longest, parse=lambda data: data):
        """A file as `parse` understands it. None if that is a problem, which then is noted."""
        if name not in self.known:
            return self.found.add("file_missing", name)
        try:
            data = bytearray()
            for chunk in self.chunks(name):
                data += chunk
                if len(data) > longest:
                    raise Unreadable
            return parse(bytes(data))
        except Unreadable:
            return self.found.add("format", name)
    def lines(self, name):
        """The lines of a file without their ends. One that is too long or has no end is None, and the last."""
        rest = b""
        for chunk in self.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if len(line) > LONGEST_LINE:
                    yield None
                    return
                yield line
            if len(rest) > LONGEST_LINE:
                break
        if rest:
            yield None

def open_zip(path):
    """README.md, "Bounds": what names a file twice or promises too much is not looked into."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        raise WrongUse(f"{path}: not a bundle, or a download that broke off; kelisim log export --format bundle makes one") from None
    entries = {entry.orig_filename: entry for entry in file.infolist()}
    promised = sum(entry.file_size for entry in file.infolist())
    if len(entries) < len(file.infolist()) or promised > 100 * os.path.getsize(path) + (64 << 20):
        raise Unreadable
    return file, entries

def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in (os.path.join(place, name) for name in names):
            if stat.S_ISREG(os.lstat(name).st_mode):
                yield os.path.relpath(name, folder)

def is_plain(name):
    return not ("\\" in name or "\0" in name or {"", ".", ".."} & set(name.split("/")))

# ---- Forms: leaves and records are canonical, so that a pattern describes the whole of one

def decode(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreadable from None

class Fields(dict):
    """An object, and which of its names stand twice: then it is not known which value counts."""
    def __init__(self, pairs):
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = {name for name in names if names.count(name) > 1} if len(self) < len(names) else set()

def parse_json(text):
    """README.md, "Bounds". Numbers that are not whole and from 0 to 2^64 - 1 become a float, which no field takes."""
    def number(digits):
        return int(digits) if len(digits) <= 20 and digits[0] != "-" and int(digits) < 1 << 64 else 0.5
    def refuse(_):
        raise Unreadable
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise Unreadable
    try:
        return json.loads(text, parse_int=number, parse_float=lambda _: 0.5, parse_constant=refuse,
                          object_pairs_hook=Fields)
    except ValueError:
        raise Unreadable from None

def is_moment(text):
    """A moment of the calendar, from 1970 to LATEST_SECOND."""
    try:
        return datetime.fromisoformat(text) is not None and "1970" <= text <= "9999-12-30T22:00:00.000Z"
    except ValueError:
        return False

def milliseconds(moment):
    return (datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)

def are_ranges(text):
    """First and last leaf of each, ascending: then they can't be made to overlap a thousand times."""
    pairs = json.loads(text)
    return (all(first <= last < 1 << 64 for first, last in pairs)
            and all(before[1] < after[0] for before, after in zip(pairs, pairs[1:])))

def is_below_64(text):
    return text == "null" or int(text) < 1 << 64

NUMBER = "(?:0|[1-9][0-9]{0,19})"
TEXT = r'"(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00(?:0[0-7bef]|1[0-9a-f]))*"'
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
COUNT = (r'\{"site":%s,"what":"(?:set_cookie|cookie_pair|load|frame)","category":"(?:necessary|functional|analytical'
         r'|marketing|unknown)","refused":%s,"passed":%s\}' % (TEXT, NUMBER, NUMBER))
SUBSETS = [some for length in range(4) for some in itertools.combinations(("functional", "analytical", "marketing"), length)]
# How the parts of leaves and records are written, and what must hold besides.
PARTS = {
    "number": (NUMBER, is_below_64),
    "number or null": (f"(?:null|{NUMBER})", is_below_64),
    "log": ("[0-9a-f]{32}", None),
    "hash": ("[0-9a-f]{64}", None),
    "uuid": ("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", None),
    "text": (TEXT, None),
    "language": ("(?:ru|kk|en)", None),
    "edition": ("[A-Za-z0-9._-]{1,32}", lambda text: text.strip(".")),
    "day": ("[0-9]{4}-[0-9]{2}-[0-9]{2}", lambda text: is_moment(text + "T00:00:00.000Z")),
    "moment": (MOMENT, is_moment),
    "term": ("P(?:0D|[1-9][0-9]{0,9}M(?:[1-9][0-9]{0,9}D)?|[1-9][0-9]{0,9}D)",
             lambda text: all(int(number) < 1 << 32 for number in re.findall("[0-9]+", text))),
    "categories": (r"\[(?:%s)\]" % "|".join(",".join(f'"{name}"' for name in some) for some in SUBSETS), None),
    "page": (r'(?:null|"(?:[!#-\[\]-~]|\\["\\]){0,256}")', None),
    "predecessor": (r'(?:null|\{"log":"[0-9a-f]{32}","size":%s\})' % NUMBER,
                    lambda text: text == "null" or json.loads(text)["size"] < 1 << 64),
    "ranges": (r"\[(?:\[%s,%s\](?:,(?=\[)|(?=\])))*\]" % (NUMBER, NUMBER), are_ranges),
    "object": (r"\{.*\}", lambda text: parse_json(f"[{text}]")),
    "counts": (r"\[(?:%s(?:,(?=\{)|(?=\])))*\]" % COUNT, lambda text: all(
        one[name] < 1 << 64 for one in json.loads(text) for name in ("refused", "passed"))),
}

class Form:
    """The text itself, with <name:part> for a part that has its name in PARTS, and <this|that> for one of these words."""
    def __init__(self, form):
        self.checks = []
        self.pattern = re.compile("".join(map(self.piece, re.findall("<[^>]*>|[^<]+", form))), re.DOTALL)
    def piece(self, text):
        name, named, part = text[1:-1].partition(":")
        if not text.startswith("<") or not named:
            return f"(?:{name})" if text.startswith("<") else re.escape(text)
        pattern, check = PARTS[part]
        if check:
            self.checks.append((name, functools.lru_cache(1024)(check)))
        return f"(?P<{name}>{pattern})"
    def match(self, data):
        """The named parts, or None."""
        try:
            found = self.pattern.fullmatch(decode(data))
            return found if found and all(check(found[name]) for name, check in self.checks) else None
        except Unreadable:
            return None

# deploy/leaves.md. A leaf of kind consent is 32 bytes and has no form.
LEAVES = {kind: Form(form) for kind, form in {
    "start": '{"log":"<log:log>","follows":<follows:predecessor>,"day":"<day:day>"}',
    "notice": '{"notice_id":"<id:hash>","language":"<language:language>","edition":"<edition:edition>",'
              '"document_sha256":"<hash:hash>","day":"<day:day>"}',
    "policy": '{"edition":"<edition:edition>","language":"<language:language>","document_sha256":"<hash:hash>",'
              '"effective":"<effective:day>","day":"<day:day>"}',
    "erasure": '{"index":<index:number>,"reason":"<request|order>","day":"<day:day>"}',
    "retention": '{"ranges":<ranges:ranges>,"before":"<before:day>","day":"<day:day>"}',
    "configuration": '{"fingerprint":"<hash:hash>","summary":<summary:object>,"time":"<time:moment>"}',
    "service": '{"state":"<started|stopped>","version":<version:text>,"time":"<time:moment>"}',
    "access": '{"by":"<command_line|[0-9a-f]{8}>","what":"<read|export|incident>","form":"<csv|jsonl|jsonld|bundle|page>",'
              '"from":"<from:moment>","to":"<to:moment>","time":"<time:moment>"}',
    "enforcement": '{"day":"<day:day>","counts":<counts:counts>}',
}.items()}
# README.md, "Records".
SCHEMA = ('{"schema":"kelisim-%s/v1","record_id":"<record:uuid>","consent_id":"<consent:log>","site":<site:text>,'
         '"event":"<%s>","entity":"data_subject","time":"<time:moment>","validity":"<validity:term>",'
         '"valid_until":"<until:moment>","method":"<banner_form|settings_form|script|navigation|frame_form>",'
         '"offered":<offered:categories>,"allowed":<allowed:categories>,"edition":"<edition:edition>",'
         '"notice_id":"<notice:hash>","language":"<ru|kk|en>","page":<page:page>,'
         '"agent":"<chromium|firefox|safari|robot|other>","gpc":<true|false>,"dnt":<true|false>,"ends":<ends:number or null>')
CHOICE = Form(SCHEMA % ("record", "expressed|renewed|refused|withdrawn|implied") + "}")
FRAME = Form(SCHEMA % ("frame", "frame")
             + ',"host":<host:text>,"category":"<necessary|functional|analytical|marketing>"}')
SALTED = rb'"salt":"([0-9a-f]{64})","record":(\{.*\})\}'
LINE = re.compile(rb'\{"index":(0|[1-9][0-9]{0,19}),' + SALTED, re.DOTALL)

# ---- Hashes and signatures

def sha256(data):
    return hashlib.sha256(data).digest()

def from_base64(text):
    """RFC 4648, section 4, with padding, in the one way in which these bytes are written."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Unreadable from None
    if base64.b64encode(data).decode() != text:
        raise Unreadable
    return data

def is_name(text):
    """C2SP signed-note, "Format": no spaces, no plus; here no control characters either."""
    return text and not any(c in WHITE_SPACE or c == "+" or c < " " or "\x7f" <= c <= "\x9f" for c in text)

class Key:
    """A verifier key (C2SP signed-note, "Verifier keys"): of a log, type 1, or of a witness, type 4 (tlog-cosignature)."""
    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]
    @classmethod
    def parse(cls, text, kind):
        name, number, material = (text.split("+", 2) + ["", ""])[:3]
        data = from_base64(material)
        if not is_name(name) or len(data) != 33 or data[0] != kind or cls(name, kind, data[1:]).id.hex() != number:
            raise Unreadable
        return cls(name, kind, data[1:])
    def made(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            return True
        except InvalidSignature:
            return False

class Checkpoint:
    """C2SP signed-note, "Format", and tlog-checkpoint, "Note text": a checkpoint, and the file in which it is."""
    def __init__(self, note, file, given=False):
        self.file, self.right, self.seen, self.given = file, False, {}, given
        text, _, signatures = note.rpartition("\n\n")
        lines, (*signatures, end) = text.split("\n"), signatures.split("\n")
        if (end or not 1 <= len(signatures) <= MOST_SIGNATURES or any(c < " " and c != "\n" for c in note)
                or len(note.encode()) > LONGEST_SIGNED or len(lines) < 3 or "" in lines or not re.fullmatch(NUMBER, lines[1]) or not is_below_64(lines[1])):
            raise Unreadable
        self.text, self.origin, self.size, self.root = text + "\n", lines[0], int(lines[1]), from_base64(lines[2])
        self.signatures = [self.signature(line.split(" ")) for line in signatures]
        if len(self.root) != 32:
            raise Unreadable
    @staticmethod
    def signature(parts):
        if len(parts) != 3 or parts[0] != "\u2014" or not is_name(parts[1]) or len(from_base64(parts[2])) < 5:
            raise Unreadable
        return parts[1], from_base64(parts[2])
    def lines_of(self, key):
        return [data[4:] for name, data in self.signatures if name == key.name and data[:4] == key.id]
    def check(self, found, public, witnesses):
        """Every line under the log's name and key has to be right; the key's name is this checkpoint's own origin.
            tlog-cosignature, "Ed25519 signed message": the last line of a witness says when it has seen this."""
        key = Key(self.origin, 1, public)
        lines = self.lines_of(key)
        self.right = bool(lines and is_name(self.origin)) and all(key.made(line, self.text.encode()) for line in lines)
        if not self.right:
            found.add("checkpoint_signature", self.file)
        for witness in witnesses if self.right else ():
            times = [self.time_of(witness, line) for line in self.lines_of(witness)]
            if None in times:
                found.add("cosignature_forged", self.file)
            elif times:
                self.seen[witness] = min(times[-1], LATEST_SECOND)
        return self.right
    def time_of(self, witness, line):
        time = int.from_bytes(line[:8])
        right = (len(line) == 72 and time < 1 << 63
                 and witness.made(line[8:], f"cosignature/v1\ntime {time}\n{self.text}".encode()))
        return time if right else None

# ---- The tree: RFC 6962, section 2.1, and C2SP tlog-tiles

def node(left, right):
    return sha256(b"\1" + left + right)

def tree_hash(hashes):
    """MTH over what are already hashes."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return node(tree_hash(hashes[:half]), tree_hash(hashes[half:]))

def is_included(leaf, index, size, root, proof):
    """RFC 9162, section 2.1.3.2."""
    first, second = index, size - 1
    for step in proof:
        if second == 0:
            return False
        if first & 1 or first == second:
            leaf = node(step, leaf)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            leaf = node(leaf, step)
        first, second = first >> 1, second >> 1
    return second == 0 and leaf == root

def is_consistent(old, new, proof):
    """RFC 9162, section 2.1.4.2; for equal sizes and the empty tree RFC 6962, section 2.1.2: no hashes."""
    if old.size == new.size or old.size == 0:
        return not proof and (old.root == new.root if old.size == new.size else old.root == sha256(b""))
    if old.size > new.size or not proof:
        return False
    if old.size & (old.size - 1) == 0:
        proof = [old.root, *proof]
    first, second = old.size - 1, new.size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old_root = new_root = proof[0]
    for step in proof[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old_root, new_root = node(step, old_root), node(step, new_root)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            new_root = node(new_root, step)
        first, second = first >> 1, second >> 1
    return second == 0 and (old_root, new_root) == (old.root, new.root)

def tile_name(level, number, width):
    """tlog-tiles, "Merkle Tree": three digits in each part, x before all but the last, and how wide a partial tile is."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == 256 else f".p/{width}")

def tiles(row):
    """Number and width of the tiles in a row of so many hashes."""
    return ((number, min(256, row - 256 * number)) for number in range((row + 255) // 256))

class Tree:
    """The hashes of all tiles: `rows[level]` are those of level `level`, 32 bytes each."""
    def __init__(self):
        self.rows, self.complete = [bytearray() for _ in range(8)], True
    def append(self, tile):
        """Leaf hashes of one more tile. A full tile is one hash of the level above."""
        for row in self.rows:
            row += b"".join(tile)
            if len(row) % 8192:
                break
            tile = [tree_hash(split(row[-8192:]))]
    def root(self, size):
        """MTH(D[0:size]): on each level the last tile, and after it the root of what the level below has beyond."""
        right = []
        for level, row in enumerate(self.rows):
            width = size >> 8 * level
            last = split(row[width // 256 * 8192:width * 32]) + right
            right = [tree_hash(last)] if last else []
        return right[0] if right else sha256(b"")
    def compare(self, bundle, size):
        """Without all leaves nothing can be said of a tile but whether it is there and how long it is."""
        for level, row in enumerate(self.rows):
            for number, width in tiles(size >> 8 * level):
                name = tile_name(level, number, width)
                tile = bundle.fetch(name, 8192)
                if tile is not None and len(tile) != 32 * width:
                    bundle.found.add("format", name)
                elif tile is not None and self.complete and tile != row[8192 * number:8192 * number + 32 * width]:
                    bundle.found.add("tile_mismatch", name)

def split(hashes):
    return [bytes(hashes[at:at + 32]) for at in range(0, len(hashes), 32)]

# ---- Leaves

class Leaves:
    """What the leaves say. Of each one is kept whether it is an event, its commitment, and what deletes it."""
    def __init__(self, bundle, size):
        self.found, self.size, self.tree = bundle.found, size, Tree()
        self.kind, self.commitments = bytearray(size), bytearray(32 * size)  # kind: 0 not known, EVENT, OTHER
        self.deletions = array("q", bytes(8 * (size + 1)))  # how many more reach this leaf than the one before it
        self.starts, self.notices, self.policies, self.clock = [], {}, {}, []
        for number, width in tiles(size):
            entries = bundle.fetch(tile_name("entries", number, width), 256 * (2 + 65_535),
                                   functools.partial(split_entries, count=width))
            self.tree.complete &= entries is not None
            for index, leaf in enumerate(entries or [], 256 * number):
                self.read(index, leaf)
            if self.tree.complete:
                self.tree.append([sha256(b"\0" + leaf) for leaf in entries])
        self.tree.compare(bundle, size)
        self.deleted = bytearray(map(bool, itertools.accumulate(self.deletions)))
    def read(self, index, leaf):
        tag, _, body = leaf.partition(b"\n")
        if tag == b"kelisim-consent-leaf/v1" and len(body) == 32:
            self.kind[index], self.commitments[32 * index:32 * index + 32] = EVENT, body
            return
        kind = re.fullmatch(rb"kelisim-([a-z]+)-leaf/v1", tag)
        form = LEAVES.get(kind[1].decode()) if kind and b"\n" in leaf else None
        said = form and form.match(body)
        if not said:
            return self.found.add("leaf_unreadable", leaf=index)
        self.kind[index] = OTHER
        getattr(self, "read_" + kind[1].decode(), lambda *_: None)(index, said)
        parts = said.groupdict()
        now = milliseconds(parts["time"] if "time" in parts else parts["day"] + "T00:00:00.000Z")
        self.clock.append((index, now))
    def read_start(self, index, said):
        self.starts.append((index, said["log"], json.loads(said["follows"]), said["day"]))
    def follows(self):
        """Where the log went on from another one."""
        return [{"leaf": index, "log": old["log"], "size": old["size"], "day": day}
                for index, _, old, day in self.starts[1:] if old]
    def read_notice(self, index, said):
        self.notices.setdefault(said["id"], {}).setdefault(said["edition"], index)
    def read_policy(self, index, said):
        self.policies.setdefault(said["hash"], {}).setdefault((said["edition"], said["language"]), index)
    def read_erasure(self, index, said):
        self.delete(int(said["index"]), int(said["index"]), index)
    def read_retention(self, index, said):
        for first, last in json.loads(said["ranges"]):
            self.delete(first, last, index)
    def delete(self, first, last, index):
        """A leaf deletes only what stands before it."""
        if first < index:
            self.deletions[first] += 1
            self.deletions[min(last, index - 1) + 1] -= 1
    def check_starts(self):
        """README.md, "Names": the first leaf begins a log, and another start goes on from what stands before it."""
        if not self.starts or self.starts[0][0] != 0:
            self.found.add("wrong_log", leaf=0)
        for place, (index, _, follows, _) in enumerate(self.starts):
            before = {"log": self.starts[place - 1][1], "size": index} if place else None
            if (follows != before) if index == 0 or place else True:
                self.found.add("wrong_log", leaf=index)
    def judge(self, checkpoint):
        """What is wrong with a checkpoint's name and size, before its hash is looked at."""
        name, size = checkpoint.origin.rpartition("/")[2], checkpoint.size
        place = next((place for place, (_, log, *_) in enumerate(self.starts) if log == name), None)
        if place is None or size <= self.starts[place][0]:
            return "wrong_log"
        after = self.starts[place + 1][0] if place + 1 < len(self.starts) else self.size
        return None if size <= after else "truncated" if place + 1 < len(self.starts) else "ahead"

def split_entries(data, count):
    """tlog-tiles, "Log entries": big-endian uint16 length, and so many bytes."""
    entries, at = [], 0
    while at < len(data) and len(entries) < count:
        start, at = at + 2, at + 2 + int.from_bytes(data[at:at + 2])
        entries.append(data[start:at])
    if at != len(data) or len(entries) != count:
        raise Unreadable
    return entries

# ---- Checkpoints

def read_checkpoints(bundle, found, newest, public, witnesses):
    """All under checkpoints/, and the proofs between neighbours. Gives those that the log's key has signed, by size."""
    signed, sizes = {newest.size: newest}, {newest.size}
    for name, size in bundle.below("checkpoints", "([0-9]{12})"):
        sizes.add(int(size[1]))
        one = bundle.fetch(name, LONGEST_SIGNED, lambda data: Checkpoint(decode(data), name))
        if one and one.size != int(size[1]):
            found.add("format", name)
        elif one and one.check(found, public, witnesses):
            signed.setdefault(one.size, one)
    for old, new in itertools.pairwise(sorted(sizes)):
        if f"consistency/{old:012}-{new:012}" not in bundle.known:
            found.add("file_missing", f"consistency/{old:012}-{new:012}")
    for name, between in bundle.below("consistency", "([0-9]{12})-([0-9]{12})"):
        proof = bundle.fetch(name, LONGEST_SIGNED, parse_proof)
        old, new = (signed.get(int(size)) for size in between.groups())
        if proof is not None and old and new and not is_consistent(old, new, proof):
            found.add("inconsistent", name)
    return list(signed.values())

def parse_proof(data):
    hashes = [from_base64(line) for line in decode(data).removesuffix("\n").split("\n")] if data else []
    if any(len(one) != 32 for one in hashes):
        raise Unreadable
    return hashes

def was_before(one, newest, leaves):
    """Whether a checkpoint was certainly signed before the bundle's newest: its witness says so, or any witness and the log."""
    written = leaves.clock[-1][1]
    return any(time < newest.seen.get(witness, 0) or written - time * 1000 > CLOCKS_DIFFER for witness, time in one.seen.items())

def hold_to_log(found, leaves, newest, others, own, given):
    """README.md, step 8: whether what was signed is this log. Gives the checkpoints that are the log's."""
    leaves.check_starts()
    wrong = leaves.judge(newest) or own and own.name != newest.origin
    if wrong or given and given.name.rpartition("/")[2] not in [log for _, log, *_ in leaves.starts]:
        found.add("wrong_log", "checkpoint")
        newest.right = False
    same = leaves.tree.root(leaves.size) == newest.root
    if not same:
        found.add("root_mismatch", "checkpoint")
    for one in others:
        problem = leaves.judge(one)
        if problem == "ahead" and (not one.given or was_before(one, newest, leaves)):
            problem = "truncated"
        if not problem and same and leaves.tree.root(one.size) != one.root:
            problem = "inconsistent"
        if problem:
            found.add(problem, one.file)
            one.right = False
    return [one for one in [newest, *others] if one.right] if same else []

def describe_witnesses(witnesses, given, checkpoints):
    def moment(seconds):
        return (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat() + ".000Z" if seconds is not None else None
    for witness in witnesses:
        times = [one.seen[witness] for one in checkpoints if witness in one.seen]
        yield {"name": witness.name, "given": witness in given,
               "since": moment(min(times, default=None)), "until": moment(max(times, default=None)),
               "size": max((one.size for one in checkpoints if witness in one.seen), default=None)}

class Brackets:
    """For each leaf the latest signature of these witnesses on a log without it, and the earliest on one with it."""
    def __init__(self, checkpoints, witnesses):
        times = ((one.size, [time for key, time in one.seen.items() if key in witnesses]) for one in checkpoints)
        seen = sorted(one for one in times if one[1])
        self.sizes = [size for size, _ in seen]
        self.before = [None, *itertools.accumulate((max(times) for _, times in seen), max)]
        self.after = [None, *itertools.accumulate((min(times) for _, times in reversed(seen)), min)][::-1]
    def around(self, index):
        place = bisect.bisect_right(self.sizes, index)
        return self.before[place], self.after[place]

# ---- Manifest and records

def read_manifest(bundle, found):
    """None if there is none. Then there may be nothing that only a manifest explains."""
    if "manifest.json" in bundle.known:
        return bundle.fetch("manifest.json", LONGEST_MANIFEST, parse_manifest)
    if any(name.startswith(("records/", "notices/", "policies/")) for name in bundle.names):
        found.add("file_missing", "manifest.json")

def check_files(bundle, found, files):
    """Whether all files are as the manifest says. What has no name of its folder is noted as that alone."""
    for folder, form in (("checkpoints", "[0-9]{12}"), ("consistency", "[0-9]{12}-[0-9]{12}"), ("records", r"[0-9]{12}\.jsonl")):
        list(bundle.below(folder, form))
    for name in bundle.known - {"manifest.json"}:
        length, hasher = 0, hashlib.sha256()
        try:
            for chunk in bundle.chunks(name):
                length += len(chunk)
                hasher.update(chunk)
            if files.get(name) != (length, hasher.hexdigest()) and (
                    ("format", None, name) not in found.problems or name == "witnesses"):
                found.add("file_changed", name)
        except Unreadable:
            found.add("format", name)
    for name in files.keys() - bundle.known:
        found.add("file_missing", name)

def has(value, **fields):
    """The values of an object's fields, each of its type."""
    if type(value) is not Fields or value.twice & fields.keys():
        raise Unreadable
    if any(type(value.get(name)) is not kind for name, kind in fields.items()):
        raise Unreadable
    return tuple(value[name] for name in fields)

def parse_manifest(data):
    manifest = parse_json(decode(data))
    form, origin, _, leaves, period, files = has(manifest, format=str, origin=str, size=int, leaves=Fields, period=Fields, files=Fields)
    manifest["files"] = {name: has(file, bytes=int, sha256=str) for name, file in files.items()}
    first, after = has(leaves, first=int, after=int)
    if not {"from", "to"} <= period.keys() or period.twice & {"from", "to"}:
        raise Unreadable
    for bound in (period["from"], period["to"]):
        if bound is not None and not (type(bound) is str and re.fullmatch(MOMENT, bound) and is_moment(bound)):
            raise Unreadable
    texts = "".join([origin, *manifest["files"], *(file_hash for _, file_hash in manifest["files"].values())])
    if form != "kelisim-bundle/v1" or first > after or re.search("[\ud800-\udfff]", texts):  # half a character
        raise Unreadable
    return manifest

class Records:
    """The records of the range, each held to its leaf."""
    def __init__(self, bundle, leaves, manifest, brackets, trusted):
        self.found, self.leaves, self.brackets, self.trusted = bundle.found, leaves, brackets, trusted
        self.texts = Texts(bundle, leaves)
        period, stated, size = manifest["period"], manifest["leaves"], leaves.size
        if stated["after"] > size:
            self.found.add("format", "manifest.json")
        self.first = 0 if period["from"] is None else min(stated["first"], size)
        self.after = size if period["to"] is None else min(stated["after"], size)
        self.here, self.kept, self.events, self.widest = bytearray(size), 0, 0, None
        self.last, self.latest, self.tick = -1, 0, 0
        for name, _ in bundle.below("records", r"[0-9]{12}\.jsonl"):
            try:
                for line in bundle.lines(name):
                    if not self.read(line):
                        self.found.add("format", name)
            except Unreadable:
                self.found.add("format", name)
    def read(self, line):
        """False for a line that is none, or not in order."""
        parts = line is not None and LINE.fullmatch(line)
        index = int(parts[1]) if parts else -1
        if index <= self.last or index >= 1 << 64:
            return False
        self.last, leaves = index, self.leaves
        inside = self.first <= index < self.after
        if inside and not leaves.kind[index]:
            return True
        if not inside or leaves.deleted[index] or leaves.kind[index] != EVENT:
            self.found.add("record_unexpected", leaf=index)
            return True
        self.here[index] = 1
        commitment = sha256(b"kelisim-commitment/v1\n" + bytes.fromhex(parts[2].decode()) + parts[3])
        if commitment != leaves.commitments[32 * index:32 * index + 32]:
            self.found.add("record_changed", leaf=index)
            return True
        if event := CHOICE.match(parts[3]) or FRAME.match(parts[3]):
            self.kept += 1
            self.check_time(index, milliseconds(event["time"]), event["allowed"] != "[]" or event.re is FRAME.pattern)
            self.texts.check_event(index, event["notice"], event["edition"])
        else:
            self.found.add("record_unreadable", leaf=index)
        return True
    def check_time(self, index, time, is_consent):
        """README.md, "Times"."""
        clock = self.leaves.clock
        while self.tick < len(clock) and clock[self.tick][0] < index:
            self.latest = max(self.latest, clock[self.tick][1])
            self.tick += 1
        before, after = self.brackets.around(index)
        if is_consent and time + CLOCKS_DIFFER < self.latest:
            self.found.add("time_order", leaf=index)
            self.latest = time  # a clock that was set back is told once
        if is_consent and before is not None and time + CLOCKS_DIFFER < before * 1000:
            self.found.add("back_dated", leaf=index)
        if after is not None and time > after * 1000 + CLOCKS_DIFFER:
            self.found.add("forward_dated", leaf=index)
        before, after = self.trusted.around(index)
        if before is not None and after is not None:
            self.events += 1
            self.widest = max(self.widest or 0, after - before)
        self.latest = max(self.latest, time)
    def summary(self):
        """Counts of events, and those of the range that should be here and are not."""
        counts = {"first": self.first, "after": self.after, "kept": self.kept, "removed": 0, "outside": 0}
        for index in range(self.leaves.size):
            if self.leaves.kind[index] == EVENT:
                inside, deleted = self.first <= index < self.after, self.leaves.deleted[index]
                counts["removed"] += inside and deleted
                counts["outside"] += not inside and not deleted
                if inside and not deleted and not self.here[index]:
                    self.found.add("record_missing", leaf=index)
        return counts

class Texts:
    """Notices and policies: README.md, "Texts"."""
    def __init__(self, bundle, leaves):
        self.bundle, self.found, self.leaves, self.documents, self.since = bundle, bundle.found, leaves, {}, {}
        for name, wanted in bundle.below("notices", r"([0-9a-f]{64})\.json"):
            if self.is_as_named("notice", name, wanted[1], leaves.notices):
                self.documents[wanted[1]] = bundle.fetch(name, LONGEST_FILE, parse_notice)
        for name, wanted in bundle.below("policies", r"([0-9a-f]{64})\.txt"):
            self.is_as_named("policy", name, wanted[1], leaves.policies)
    def is_as_named(self, kind, name, wanted, leaves):
        data = self.bundle.fetch(name, LONGEST_FILE, lambda data: decode(data).encode())
        if data is not None and self.leaves.tree.complete and wanted not in leaves:
            self.found.add(kind + "_unknown", name)
        if data is not None and sha256(data).hex() != wanted:
            self.found.add(kind + "_changed", name)
        return data is not None and sha256(data).hex() == wanted
    def check_event(self, index, notice, edition):
        editions = self.leaves.notices.get(notice, {})
        if index < min(editions.values(), default=NEVER):
            return self.found.add("notice_unknown", leaf=index)
        if index < editions.get(edition, NEVER):
            self.found.add("policy_unknown", leaf=index)
        since = self.since.get((notice, edition))
        if since is None:
            since = self.need(notice, edition)
            if edition in editions:
                self.since[notice, edition] = since
        if index < since:
            self.found.add("policy_unknown", leaf=index)
    def need(self, notice, edition):
        """Notes what is not here of a notice and its policy. Gives the leaf from which on all of it was in the log."""
        if f"notices/{notice}.json" not in self.bundle.known:
            self.found.add("notice_missing", f"notices/{notice}.json")
        named = self.documents.get(notice) or []
        for _, policy in named:
            if f"policies/{policy}.txt" not in self.bundle.known:
                self.found.add("policy_missing", f"policies/{policy}.txt")
        return max((self.leaves.policies.get(policy, {}).get((edition, language), NEVER) + 1
                    for language, policy in named), default=0)

def parse_notice(data):
    """The policy that a notice's document names: language and hash of each text."""
    policy, = has(parse_json(decode(data)), policy=list)
    named = [has(one, language=str, sha256=str) for one in policy]
    if (any(not re.fullmatch("(ru|kk|en) [0-9a-f]{64}", " ".join(one)) for one in named)
            or len(dict(named)) < len(named)):
        raise Unreadable
    return named

# ---- The whole, and the report

def verify(path, given_key=None, given_witnesses=(), kept=()):
    """README.md, "The order of the walk". `kept` are checkpoints that the reader has from before."""
    found = Findings()
    found.key_given = given_key is not None
    try:
        bundle = Bundle(path, found)
    except Unreadable:
        found.add("format", path)
        return found
    found.has_page = "index.html" in bundle.known
    manifest = read_manifest(bundle, found)
    found.period = manifest and {name: manifest["period"][name] for name in ("from", "to")}
    own = bundle.fetch("key", LONGEST_SIGNED, parse_own_key)
    key, note = given_key or own, bundle.fetch("checkpoint", LONGEST_SIGNED, decode)
    if own and given_key and own.public != given_key.public:
        found.add("key_differs", "key")
    witnesses = read_witnesses(bundle, found, given_witnesses)
    if key is None or note is None:
        return found
    found.witnesses = list(describe_witnesses(witnesses, given_witnesses, []))
    try:
        newest = Checkpoint(note, "checkpoint")
    except Unreadable:
        found.add("format", "checkpoint")
        return found
    found.origin, found.size = newest.origin, newest.size
    newest.check(found, key.public, witnesses)
    if newest.size > 256 * len(bundle.names):
        found.add("format", "checkpoint")
        return found
    if manifest:
        check_files(bundle, found, manifest["files"])
        if (manifest["origin"], manifest["size"]) != (newest.origin, newest.size):
            found.add("file_changed", "checkpoint")
    _, *others = read_checkpoints(bundle, found, newest, key.public, witnesses)
    others += [one for one in kept if one.check(found, key.public, witnesses)]
    leaves = Leaves(bundle, newest.size)
    good = hold_to_log(found, leaves, newest, others, own, given_key) if leaves.tree.complete else []
    found.witnesses = list(describe_witnesses(witnesses, given_witnesses, good))
    found.follows = leaves.follows()
    found.given_checkpoints = [{"file": one.file, "size": one.size} for one in good if one.given]
    if manifest:
        trusted = [key for key in witnesses if key in given_witnesses] or witnesses
        records = Records(bundle, leaves, manifest, Brackets(good, witnesses), Brackets(good, trusted))
        found.records = records.summary()
        found.bracketed = {"events": records.events, "of": records.kept, "widest_seconds": records.widest}
    return found

def text_lines(data):
    return [line for line in (line.strip(WHITE_SPACE) for line in decode(data).split("\n")) if line]

def parse_own_key(data):
    if len(text_lines(data)) != 1:
        raise Unreadable
    return Key.parse(text_lines(data)[0], 1)

def read_witnesses(bundle, found, given):
    """Those that the reader gave, and those that the bundle names; each once."""
    witnesses = {(key.name, key.public): key for key in given}
    for line in (bundle.fetch("witnesses", LONGEST_SIGNED, text_lines) if "witnesses" in bundle.known else None) or []:
        try:
            key = Key.parse(line, 4)
            witnesses.setdefault((key.name, key.public), key)
            if any(one.name == key.name and one.public != key.public for one in given):
                found.add("key_differs", "witnesses")
        except Unreadable:
            found.add("format", "witnesses")
    return list(witnesses.values())

def as_json(found):
    problems = [{"problem": name, "leaf": leaf, "file": file} for name, leaf, file in found.sorted_problems()]
    return json.dumps({"intact": not problems, "problems": problems, "origin": found.origin, "size": found.size,
                       "key_given": found.key_given, "period": found.period, "follows": found.follows,
                       "given_checkpoints": found.given_checkpoints, "records": found.records,
                       "witnesses": found.witnesses, "bracketed": found.bracketed}, sort_keys=True)

def shown(text):
    """A stranger chose this: no control characters to the terminal."""
    return text if text.isprintable() else ascii(text)

def as_text(found):
    problems = found.sorted_problems()
    lines = [f"The log: {shown(found.origin) or 'unknown'}, {found.size} leaves.", *tell_intact(problems)]
    if records := found.records:
        first, after = found.period["from"] or "the log's beginning", found.period["to"] or "its end"
        lines.append(f"   Asked for was the period from {first} to {after}: leaves {records['first']} to before "
                     f"{records['after']}. {records['kept']} records are here and genuine, {records['removed']} were deleted as "
                     f"the log says. {records['outside']} events before or after them are not in this bundle.")
    else:
        lines.append("   No records were checked.")
    if found.has_page:
        lines.append("   index.html in it was written by whoever made the file and was not looked at.")
    if not found.key_given:
        lines.append("   The log's key came with the bundle: whoever made the bundle could have made the key. "
                     "Give the key that you know with --key.")
    for one in found.follows:
        lines.append(f"   The log goes on from another one after a restore of a backup on {one['day']}: of the log {one['log']} "
                     f"the first {one['size']} leaves are kept here; what was written into it after that is not.")
    for one in found.given_checkpoints:
        lines.append(f"   Your checkpoint of {one['size']} leaves ({shown(one['file'])}) is the beginning of this log"
                     + ("; the key that you gave signed it." if found.key_given else "."))
    any_given = any(one["given"] for one in found.witnesses)
    lines += tell_seen(found.witnesses, any_given, "this log")
    bracketed = found.bracketed
    alone = "" if bracketed["events"] == bracketed["of"] else "; of the others the times are the operator's word"
    lines.append(f"3. Times bracketed: {bracketed['events']} of {bracketed['of']} events" + (
        "; their times are the operator's word." if bracketed["widest_seconds"] is None else
        f"; the two signatures around one are at most {bracketed['widest_seconds']} seconds apart{alone}."
        + ("" if any_given else " The keys of these witnesses came with the bundle.")))
    return "\n".join(lines)

def tell_intact(problems):
    yield f"1. Intact: {'no' if problems else 'yes'}."
    for name, leaf, file in problems:
        place = f", leaf {leaf}" if leaf is not None else f", {shown(file)}"
        yield f"   {name}{place}: {PROBLEMS[name]}"

def tell_seen(witnesses, any_given, what):
    """Those that were given and have signed nothing come first."""
    counted = [one for one in witnesses if one["size"] is not None and one["given"] == any_given]
    yield "2. Seen from outside: " + ("by those below." if counted else
                                      f"No witness vouches for {what}: the operator could have made {what} yesterday.")
    for one in sorted(witnesses, key=lambda one: not (one["given"] and one["size"] is None)):
        did = ("has signed nothing that is here" if one["size"] is None else
               f"signed from {one['since']} to {one['until']}, up to {one['size']} leaves")
        yield f"   {shown(one['name'])} {did}" + ("." if one["given"] else "; its key came with the bundle"
                                                 + (" and does not count." if any_given else "; give the key that you know with --witness."))

# ---- Receipts

RECEIPT = re.compile(r"c2sp\.org/tlog-proof@v1\n(?:extra ([^\n]*)\n)?index (%s)\n((?:[^\n]+\n){0,63})\n(.*)" % NUMBER, re.DOTALL)

def read_receipt(path):
    """The bytes of a receipt, None of anything else."""
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            data = file.read(LONGEST_RECEIPT + 1)
            return data if data.startswith(b"c2sp.org/tlog-proof@v1") else None

class Receipt:
    """README.md, "Receipts"."""
    def __init__(self, path, data, key, witnesses):
        self.found, self.index, self.record, self.witnesses, self.salted = Findings(), None, None, [], None
        try:
            proof, note = self.parse(path, data)
        except Unreadable:
            self.found.add("format", path)
            return
        self.found.origin, self.found.size = note.origin, note.size
        if self.salted:
            salt, record = bytes.fromhex(self.salted[1].decode()), self.salted[2]
            commitment = sha256(b"kelisim-commitment/v1\n" + salt + record)
            leaf = sha256(b"\0kelisim-consent-leaf/v1\n" + commitment)
            if not is_included(leaf, self.index, note.size, note.root, proof):
                self.found.add("record_changed", path)
            elif CHOICE.match(record) or FRAME.match(record):
                self.record = json.loads(record)
            else:
                self.found.add("record_unreadable", path)
        witnesses = list({(one.name, one.public): one for one in witnesses}.values())
        note.check(self.found, key.public, witnesses)
        self.witnesses = list(describe_witnesses(witnesses, witnesses, [note]))
    def parse(self, path, data):
        parts = RECEIPT.fullmatch(decode(data)) if len(data) <= LONGEST_RECEIPT else None
        if not parts:
            raise Unreadable
        extra, index, proof, note = parts.groups()
        self.salted = None if extra is None else re.fullmatch(rb"\{" + SALTED, from_base64(extra), re.DOTALL)
        proof, note = parse_proof(proof.encode()), Checkpoint(note, path)
        if extra is not None and not self.salted or int(index) >= note.size:
            raise Unreadable
        self.index = int(index)
        return proof, note
    def as_json(self):
        said = json.loads(as_json(self.found))
        return json.dumps({name: said[name] for name in ("intact", "problems", "origin", "size")} | {
            "index": self.index, "record": self.record, "witnesses": self.witnesses}, sort_keys=True)
    def as_text(self):
        lines = ["A receipt that can't be read." if self.index is None else
                 f"A receipt of the log {shown(self.found.origin)}: leaf {self.index} of {self.found.size}."]
        if record := self.record:
            lines += [f"   {record['time']}, {shown(record['site'])}: {record['event']}, consent number {record['consent_id']}.",
                      f"   Offered: {', '.join(record['offered']) or 'nothing'}. Allowed: {', '.join(record['allowed']) or 'nothing'}.",
                      f"   Notice: {record['notice_id']}. Edition: {record['edition']}."]
        elif self.index is not None and not self.salted:
            lines.append("   It holds no record: what the leaf says is not in this file, so the leaf was not looked at.")
        seen = any(one["size"] is not None for one in self.witnesses)
        lines += [*tell_intact(self.found.sorted_problems()), *tell_seen(self.witnesses, True, "this receipt")]
        lines.append("3. Times bracketed: no; " + ("it was there when the witness signed, how long before is the operator's word."
                                                  if seen else "the time is the operator's word."))
        return "\n".join(lines)

def main():
    parser = argparse.ArgumentParser(description="Checks a bundle of a consent log, a folder of its tiles, or a receipt: "
                                                 "exit code 0 intact, 1 not intact, 2 wrong use.")
    parser.add_argument("bundle", metavar="FILE|DIR")
    parser.add_argument("--key", metavar="VKEY", type=functools.partial(option_key, 1), help="the log's key, known from elsewhere")
    parser.add_argument("--witness", metavar="VKEY", type=functools.partial(option_key, 4), action="append", default=[],
                        help="a witness's key, known from elsewhere; can be given again; then no other counts")
    parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[],
                        help="a checkpoint of this log that was kept from before; can be given again")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    try:
        return check(parser.parse_args())
    except OSError as error:
        print(f"{error.filename}: can't be read ({error.strerror}); see that the path is right", file=sys.stderr)
    except WrongUse as error:
        print(error, file=sys.stderr)
    return 2

def check(arguments):
    """Prints what was found; the exit code."""
    path = arguments.bundle
    data = read_receipt(path)
    if data is None:
        found = verify(path, arguments.key, arguments.witness, [read_kept(name) for name in arguments.checkpoint])
        print(as_json(found) if arguments.json else as_text(found))
        return 1 if found.problems else 0
    if arguments.key is None:
        raise WrongUse(f"{path}: a receipt is checked with the log's key; give it with --key, the site publishes it at /_kelisim/log/key")
    if arguments.checkpoint:
        raise WrongUse(f"{path}: a receipt has no log to compare a checkpoint with; leave --checkpoint out, or give a bundle")
    receipt = Receipt(path, data, arguments.key, arguments.witness)
    print(receipt.as_json() if arguments.json else receipt.as_text())
    return 1 if receipt.found.problems else 0

def read_kept(name):
    with open(name, "rb") as file:
        data = file.read(LONGEST_SIGNED + 1)
    try:
        if len(data) > LONGEST_SIGNED:
            raise Unreadable
        return Checkpoint(decode(data), name, given=True)
    except Unreadable:
        raise WrongUse(f"{name}: not a checkpoint; give the file as it came from /_kelisim/log/checkpoint "
                       "or out of an earlier bundle") from None

def option_key(kind, text):
    try:
        return Key.parse(text.strip(WHITE_SPACE), kind)
    except Unreadable:
        raise argparse.ArgumentTypeError("no verifier key of this kind") from None

if __name__ == "__main__":
    sys.exit(main())
