#!/usr/bin/env python3
"""Checks a bundle of a consent log (kelisim-bundle/v1), or a folder of its tiles, without trusting whoever made it.

One file, to be read before it is believed. Needs Python 3.11 and the package `cryptography` (Debian: python3-cryptography).
Written from RFC 6962 and RFC 9162 (the tree), C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-tiles, and the
description of leaves, records and bundles in README.md beside it. Exit code: 0 intact, 1 not intact, 2 wrong use.
"""
import argparse, base64, bisect, hashlib, itertools, json, os, re, sys, zipfile, zlib
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# The last moment that is told, in milliseconds: later ones are taken for it.
LATEST = 253_402_207_200_000

MEANING = {
    "format": "this file can't be read as what its name says it is",
    "file_changed": "this file is not the one that the manifest describes",
    "file_missing": "this file should be here and is not",
    "key_differs": "the key in the bundle is not the key that you gave",
    "checkpoint_signature": "the log's key did not sign this checkpoint",
    "cosignature_forged": "a witness's name stands under this checkpoint, but the witness did not sign it",
    "root_mismatch": "the leaves in the bundle are not the leaves that this checkpoint was signed over",
    "tile_mismatch": "the hashes in this tile are not those of the leaves",
    "inconsistent": "this is signed by the log and contradicts the log: its history was changed after it was signed",
    "truncated": "this checkpoint has more leaves than the log has now: leaves at the end were thrown away",
    "wrong_log": "the name of the log and the leaf with which it starts do not belong together",
    "leaf_unreadable": "this leaf does not say anything in the known form",
    "record_changed": "this record is not the one that was written into the log",
    "record_unreadable": "this record is the one that was written, but does not have the known form",
    "record_missing": "the log has an event here, its record is not in the bundle, and no leaf says that it was deleted",
    "record_unexpected": "there should be no record here: it was deleted, is outside of the bundle's range, or the leaf is not an event",
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
TOLERANCE = 60_000  # milliseconds by which two clocks may differ
U32, U64 = 2**32 - 1, 2**64 - 1
LONGEST = {"note": 1 << 19, "text": 16 << 20, "manifest": 128 << 20, "file": 1 << 30, "line": 1 << 16}
LANGUAGES, CATEGORIES = ("ru", "kk", "en"), ("necessary", "functional", "analytical", "marketing")
HEX32, HEX64, EDITION = "[0-9a-f]{32}", "[0-9a-f]{64}", r"(?!\.+$)[A-Za-z0-9._-]{1,32}"
UNREADABLE = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zipfile.BadZipFile, zlib.error)
EPOCH = datetime(1970, 1, 1)
sha256 = lambda data: hashlib.sha256(data).digest()


# What fields may hold: each of these makes a question that is asked of a value.
is_text = lambda pattern=".*": lambda value: type(value) is str and re.fullmatch(pattern, value, re.S) is not None
one_of = lambda *values: lambda value: type(value) is str and value in values
number = lambda limit=U64: lambda value: type(value) is int and 0 <= value <= limit
list_of = lambda fits: lambda value: type(value) is list and all(map(fits, value))
or_null = lambda fits: lambda value: value is None or fits(value)


def milliseconds(value, form=r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}[.][0-9]{3}Z"):
    """A time of the years 1970 to 9999 in milliseconds since 1970, or None."""
    try:
        right = type(value) is str and re.fullmatch(form, value)
        since = (datetime.fromisoformat(value.removesuffix("Z")) - EPOCH) // timedelta(milliseconds=1) if right else -1
    except ValueError:
        return None
    return since if 0 <= since <= 253_402_207_200_000 else None


day = lambda value: milliseconds(value, "[0-9]{4}-[0-9]{2}-[0-9]{2}")
a_time, a_day, a_flag = lambda value: milliseconds(value) is not None, lambda value: day(value) is not None, lambda value: type(value) is bool


def shaped(value, shape):
    """Whether a value is an object with exactly these fields in this order, each as it should be."""
    return type(value) is dict and list(value) == list(shape) and all(fits(value[name]) for name, fits in shape.items())


def canonical_json(data):
    """The object that these bytes are, in their one spelling: no white space, the shortest escapes; or None."""
    try:
        value = json.loads(data.decode())
        same = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() == data
    except (ValueError, RecursionError):
        return None
    return value if same else None


COUNT = {"site": is_text(), "what": one_of("set_cookie", "cookie_pair", "load", "frame"),
         "category": one_of("unknown", *CATEGORIES), "refused": number(), "passed": number()}
LEAVES = {
    "start": {"log": is_text(HEX32), "follows": or_null(lambda old: shaped(old, {"log": is_text(HEX32), "size": number()})), "day": a_day},
    "notice": {"notice_id": is_text(HEX64), "language": one_of(*LANGUAGES), "edition": is_text(EDITION),
               "document_sha256": is_text(HEX64), "day": a_day},
    "erasure": {"index": number(), "reason": one_of("request", "order"), "day": a_day},
    "retention": {"ranges": list_of(lambda pair: list_of(number())(pair) and len(pair) == 2), "before": a_day, "day": a_day},
    "policy": {"edition": is_text(EDITION), "language": one_of(*LANGUAGES), "document_sha256": is_text(HEX64),
               "effective": a_day, "day": a_day},
    "service": {"state": one_of("started", "stopped"), "version": is_text(), "time": a_time},
    "access": {"by": is_text("command_line|[0-9a-f]{8}"), "what": one_of("read", "export", "incident"),
               "form": one_of("csv", "jsonl", "jsonld", "bundle", "page"), "from": a_time, "to": a_time, "time": a_time},
    "enforcement": {"day": a_day, "counts": list_of(lambda count: shaped(count, COUNT))},
}


def read_leaf(data):
    """Kind and content of a leaf, or None."""
    tag, newline, content = data.partition(b"\n")
    kind = re.fullmatch(rb"kelisim-([a-z]+)-leaf/v1", tag)
    kind = kind[1].decode() if kind and newline else None
    if kind == "consent":
        return (kind, content) if len(content) == 32 else None
    if kind == "configuration":  # its summary is any object, as it was written
        parts = re.fullmatch(rb'\{"fingerprint":"[0-9a-f]{64}","summary":(\{.*\}),"time":"([^"]*)"\}', content, re.S)
        try:
            json.loads(parts[1].decode(), parse_constant=int)
            return (kind, {"time": parts[2].decode()}) if a_time(parts[2].decode()) else None
        except (TypeError, ValueError, RecursionError):
            return None
    value = canonical_json(content) if kind in LEAVES else None
    return (kind, value) if shaped(value, LEAVES.get(kind, {})) else None


a_set = lambda value: type(value) is list and value == [name for name in CATEGORIES[1:] if name in value]


def a_term(value):
    parts = re.fullmatch(r"P(?:([1-9]\d*)M)?(?:([1-9]\d*)D)?", value, re.A) if type(value) is str else None
    return value == "P0D" or bool(parts and value != "P" and all(int(part or 0) <= U32 for part in parts.groups()))


RECORD = {
    "schema": one_of("kelisim-record/v1", "kelisim-frame/v1"), "record_id": is_text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "consent_id": is_text(HEX32), "site": is_text(),
    "event": one_of("expressed", "renewed", "refused", "withdrawn", "implied", "frame"), "entity": one_of("data_subject"),
    "time": a_time, "validity": a_term, "valid_until": a_time,
    "method": one_of("banner_form", "settings_form", "script", "navigation", "frame_form"), "offered": a_set, "allowed": a_set,
    "edition": is_text(EDITION), "notice_id": is_text(HEX64), "language": one_of(*LANGUAGES),
    "page": or_null(is_text("[!-~]{0,256}")), "agent": one_of("chromium", "firefox", "safari", "robot", "other"),
    "gpc": a_flag, "dnt": a_flag, "ends": or_null(number()),
}
FRAME = RECORD | {"host": is_text(), "category": one_of(*CATEGORIES)}


def read_record(data):
    value = canonical_json(data)
    frame = type(value) is dict and value.get("event") == "frame"
    right = shaped(value, FRAME if frame else RECORD) and frame == (value["schema"] == "kelisim-frame/v1")
    return value if right else None


def unbase64(text):
    """The bytes, where the text is their one spelling (RFC 4648, section 4); otherwise None."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


class Key:
    """A verifier key of a signed note: name+hash+base64 of type and key. Type 1 signs as a log, type 4 as a witness."""

    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]

    def __eq__(self, other):
        return other is not None and (self.name, self.kind, self.public) == (other.name, other.kind, other.public)

    @staticmethod
    def parse(text, kind):
        parts = text.strip().split("+", 2)
        data = unbase64(parts[2]) if len(parts) == 3 else None
        if not data or len(data) != 33 or data[0] != kind or not parts[0] or re.search(r"[\s\0-\x1f\x7f-\x9f]", parts[0]):
            return None
        key = Key(parts[0], kind, data[1:])
        return key if key.id.hex() == parts[1] else None

    def signed(self, note, signatures):
        """None where it has not signed, False where a signature is not its own, otherwise its time (0 for a log)."""
        time = None
        for name, data in signatures:
            if name == self.name and data[:4] == self.id:
                message, signature, time = note.encode(), data[4:], 0
                if self.kind == 4:
                    seconds = int.from_bytes(data[4:12], "big")
                    if seconds >= 1 << 63:
                        return False
                    message, signature, time = f"cosignature/v1\ntime {seconds}\n{note}".encode(), data[12:], min(seconds * 1000, LATEST)
                try:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
                except (InvalidSignature, ValueError):
                    return False
        return time


class Checkpoint:
    def __init__(self, file, text, role):
        self.file, self.role, self.cosigned, self.size = file, role, [], None
        head, gap, tail = text.rpartition("\n\n")
        if len(text.encode()) > LONGEST["note"] or re.search("[\0-\x09\x0b-\x1f]", text) or not gap or not tail.endswith("\n"):
            return
        self.signatures = []
        for line in tail[:-1].split("\n"):
            parts = re.fullmatch(r"\u2014 ([^ +]+) ([^ ]+)", line)
            data = unbase64(parts[2]) if parts else None
            if not data or len(data) < 5:
                return
            self.signatures.append((parts[1], data))
        self.note, lines = head + "\n", head.split("\n")
        if len(self.signatures) > 64 or len(lines) < 3 or not all(lines[3:]) or not lines[0]:
            return
        if re.fullmatch("0|[1-9][0-9]{0,19}", lines[1]) and int(lines[1]) <= U64:
            self.origin, self.root = lines[0], unbase64(lines[2])
            self.size = int(lines[1]) if self.root and len(self.root) == 32 else None


node = lambda left, right: sha256(b"\1" + left + right)


class Tree:
    """All complete subtrees of RFC 6962, section 2.1, by height: levels[h][i] is the hash of leaves i*2**h up to (i+1)*2**h."""

    def __init__(self, leaves):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])

    def root(self, size):
        """The hash of the first `size` leaves: its complete subtrees, joined from the right."""
        parts, start = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                parts.append(self.levels[height][start >> height])
                start += 1 << height
        root = parts.pop() if parts else sha256(b"")
        while parts:
            root = node(parts.pop(), root)
        return root


def consistent(first, second, first_hash, second_hash, path):
    """RFC 9162, section 2.1.4.2."""
    if first == second or first == 0 or first > second:
        return first <= second and not path and first_hash == (second_hash if first else sha256(b""))
    if first & (first - 1) == 0:
        path = [first_hash] + path
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for part in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(part, fr), node(part, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, part)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_hash and sr == second_hash


def tile_path(level, index, width):
    path = f"{index % 1000:03}"
    while index := index // 1000:
        path = f"x{index % 1000:03}/{path}"
    return f"tile/{level}/{path}" + ("" if width == 256 else f".p/{width}")


class Bundle:
    """The files of a ZIP or a folder. Each is read once; what was read is measured."""

    def __init__(self, path):
        self.path, self.sums, self.stray, names = path, {}, [], []
        self.zip = None if os.path.isdir(path) else zipfile.ZipFile(path)
        if self.zip:
            names = [name for name in self.zip.NameToInfo if not name.endswith("/")]
        else:
            for folder, folders, files in os.walk(path):
                for name in folders + files:
                    full = os.path.join(folder, name)
                    if os.path.islink(full) or (name in files and not os.path.isfile(full)):
                        self.stray.append(os.path.relpath(full, path))
                    elif name in files:
                        names.append(os.path.relpath(full, path))
        plain = lambda name: all(part not in ("", ".", "..") for part in name.split("/")) and not re.search(r"[\\\0]", name)
        self.names = {name for name in names if plain(name)}
        self.stray += [name for name in names if not plain(name)]

    def pieces(self, name, longest):
        """The bytes piece by piece; OSError or zipfile.BadZipFile where they can't be had."""
        length, digest = 0, hashlib.sha256()
        if self.zip and self.zip.NameToInfo[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError("compressed in another way than bundles are")
        with self.zip.open(name) if self.zip else open(os.path.join(self.path, name), "rb") as file:
            while piece := file.read(1 << 16):
                length += len(piece)
                if length > longest:
                    raise OSError("too long")
                digest.update(piece)
                yield piece
        self.sums[name] = (length, digest.hexdigest())


class Audit:
    def __init__(self, options):
        self.options, self.problems = options, set()
        self.newest, self.witnesses, self.records, self.brackets = None, [], None, [0, 0, None]
        self.checkpoints, self.valid, self.leaves = [], [], []

    def found(self, problem, leaf=None, file=None):
        self.problems.add((problem, leaf, file))

    def names(self, folder):
        return sorted(name for name in self.bundle.names if name.startswith(folder))

    def read(self, name, longest=LONGEST["note"]):
        if name not in self.bundle.names:
            return self.found("file_missing", file=name)
        try:
            return b"".join(self.bundle.pieces(name, longest))
        except UNREADABLE:
            return self.found("format", file=name)

    def text(self, name):
        data = self.read(name, LONGEST["text" if name.endswith((".json", ".txt")) else "note"])
        try:
            return data if data is None else data.decode()
        except UnicodeDecodeError:
            return self.found("format", file=name)

    def run(self):
        try:
            self.bundle = Bundle(self.options.bundle)
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return self.found("format", file=self.options.bundle)
        key, given = self.text("key"), self.options.key
        if key is not None:
            key = Key.parse(key, 1)
            if key is None:
                self.found("format", file="key")
            elif given and key != given:
                self.found("key_differs", file="key")
        self.key = given or key
        self.witnesses = [[key, True] for at, key in enumerate(self.options.witness) if key not in self.options.witness[:at]]
        for line in (self.text("witnesses") or "").split("\n") if "witnesses" in self.bundle.names else []:
            witness = Key.parse(line, 4)
            if witness is None and line.strip():
                self.found("format", file="witnesses")
            elif witness and all(known != witness for known, _ in self.witnesses):
                self.witnesses.append([witness, False])
        manifest, newest = self.manifest(), self.text("checkpoint")
        if not self.key or newest is None:
            self.witnesses = []
            return None
        self.newest = self.checkpoint("checkpoint", newest, "newest")
        if not self.newest:
            return None
        if self.newest.size > 256 * len(self.bundle.names):  # more leaves than the files can hold
            return self.found("format", file="checkpoint")
        sizes = {self.newest.size}
        for name in self.names("checkpoints/"):
            if re.fullmatch("checkpoints/[0-9]{12}", name):
                sizes.add(int(name[12:]))
                text = self.text(name)
                if text is not None:
                    self.checkpoint(name, text, int(name[12:]))
            else:
                self.found("format", file=name)
        for name in self.options.checkpoint:
            with open(name, "rb") as file:
                self.checkpoint(name, file.read(LONGEST["note"] + 1).decode(errors="replace"), "given")
        self.read_leaves()
        self.compare()
        self.read_tiles()
        self.proofs(sorted(sizes))
        if manifest:
            self.read_records(manifest)
            self.described(manifest)
        return None

    def manifest(self):
        if "manifest.json" not in self.bundle.names:
            if self.names("records/") or self.names("notices/") or self.names("policies/"):
                self.found("file_missing", file="manifest.json")
            return None
        data = self.read("manifest.json", LONGEST["manifest"])
        try:
            manifest = json.loads(data.decode(), parse_constant=int)
            span, count = manifest["leaves"], number()
            right = (manifest["format"] == "kelisim-bundle/v1" and count(span["first"]) and count(span["after"])
                     and span["first"] <= span["after"] and count(manifest["size"]) and type(manifest["origin"]) is str
                     and all(count(file["bytes"]) and type(file["sha256"]) is str for file in manifest["files"].values()))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            right = False
        return manifest if right else self.found("format", file="manifest.json")

    def checkpoint(self, file, text, role):
        checkpoint = Checkpoint(file, text, role)
        if checkpoint.size is None or (type(role) is int and role != checkpoint.size):
            return self.found("format", file=file)
        # After a restore the log goes on under another name, with the same key.
        signed = Key(checkpoint.origin, 1, self.key.public).signed(checkpoint.note, checkpoint.signatures)
        if signed is None or signed is False:
            self.found("checkpoint_signature", file=file)
            if role != "newest":
                return None
        else:
            for at, (witness, _) in enumerate(self.witnesses):
                time = witness.signed(checkpoint.note, checkpoint.signatures)
                if time is False:
                    self.found("cosignature_forged", file=file)
                elif time is not None:
                    checkpoint.cosigned.append((at, time))
        self.checkpoints.append(checkpoint)
        return checkpoint

    def read_leaves(self):
        size = self.newest.size
        self.kinds, self.removed, hashes = [], bytearray(size), []
        self.notices, self.policies, self.starts, self.times, self.whole = {}, {}, [], [], True
        for index in range(-(-size // 256)):
            width = min(256, size - index * 256)
            name = tile_path("entries", index, width)
            data, entries, at = self.read(name, 256 * 65_537), [], 0
            while data is not None and at + 2 <= len(data):
                end = at + 2 + int.from_bytes(data[at:at + 2], "big")
                entries.append(data[at + 2:end])
                at = end
            if data is not None and len(entries) == width and at == len(data):
                for entry in entries:
                    hashes.append(sha256(b"\0" + entry))
                    self.keep(len(hashes) - 1, read_leaf(entry))
            else:
                if data is not None:
                    self.found("format", file=name)
                self.whole = False
                hashes += [None] * width
                self.kinds += [None] * width
        self.hashes, self.tree = hashes, Tree(hashes) if self.whole else None

    def keep(self, index, leaf):
        """What later leaves and records depend on."""
        kind, value = leaf or (None, None)
        self.kinds.append(kind)
        if kind is None:
            return self.found("leaf_unreadable", leaf=index)
        if kind == "consent":
            return None
        if kind == "start":
            follows = {"log": self.starts[-1][1], "size": index} if self.starts else None
            if self.whole and (value["follows"] != follows or (not self.starts and index)):
                self.found("wrong_log", leaf=index)
            self.starts.append((index, value["log"]))
        elif kind == "notice":
            self.notices.setdefault(value["notice_id"], []).append((index, value["edition"]))
        elif kind == "policy":
            self.policies.setdefault(value["edition"], []).append((index, value["language"], value["document_sha256"]))
        elif kind == "erasure" and value["index"] < index:
            self.removed[value["index"]] = 1
        elif kind == "retention":
            for first, last in value["ranges"]:
                last = min(last, index - 1)
                if first <= last:
                    self.removed[first:last + 1] = b"\1" * (last + 1 - first)
        self.times.append((index, milliseconds(value["time"]) if "time" in value else day(value["day"])))

    def compare(self):
        """Every checkpoint against the tree."""
        if not self.tree:
            return
        if not self.starts or self.starts[0][0] != 0:
            self.found("wrong_log", leaf=0)
        same = self.tree.root(self.newest.size) == self.newest.root
        if not same:
            self.found("root_mismatch", file="checkpoint")
        for point in self.checkpoints:
            name = point.origin.rpartition("/")[2]
            own = next((at for at, (_, log) in enumerate(self.starts) if log == name), None)
            ends = [index for index, _ in self.starts[1:]] + [self.newest.size]
            newest = point.role == "newest"
            if own is None or (newest and own + 1 < len(self.starts)) or point.size <= self.starts[own][0]:
                self.found("wrong_log", file=point.file)
            elif point.size > ends[own]:
                self.found("truncated", file=point.file)
            elif newest and point.origin != self.key.name:
                self.found("wrong_log", file=point.file)
            elif same and not newest and self.tree.root(point.size) != point.root:
                self.found("inconsistent", file=point.file)
            elif same:
                self.valid += [(point.size, time, at) for at, time in point.cosigned]

    def read_tiles(self):
        size, level = self.newest.size, 0
        while (nodes := size >> (8 * level)) > 0:
            for index in range(-(-nodes // 256)):
                width = min(256, nodes - index * 256)
                name = tile_path(level, index, width)
                data = self.read(name, 8192)
                if data is not None and len(data) != 32 * width:
                    self.found("format", file=name)
                elif data is not None and self.tree:
                    if data != b"".join(self.tree.levels[8 * level][index * 256:index * 256 + width]):
                        self.found("tile_mismatch", file=name)
            level += 1

    def proofs(self, sizes):
        for old, new in zip(sizes, sizes[1:]):
            if f"consistency/{old:012}-{new:012}" not in self.bundle.names:
                self.found("file_missing", file=f"consistency/{old:012}-{new:012}")
        for name in self.names("consistency/"):
            pair = re.fullmatch("consistency/([0-9]{12})-([0-9]{12})", name)
            text = self.text(name) if pair else None
            path = [unbase64(line) for line in text.removesuffix("\n").split("\n")] if text else []
            if not pair or len(path) > 126 or any(not part or len(part) != 32 for part in path):
                self.found("format", file=name)
            elif text is not None:
                roots = [[point.root for point in self.checkpoints if point.role != "given" and point.size == int(part)]
                         for part in pair.groups()]
                if all(roots) and not consistent(int(pair[1]), int(pair[2]), roots[0][0], roots[1][0], path):
                    self.found("inconsistent", file=name)

    def lines(self, name):
        """The lines of a file of records; what is too long or has no end is a problem of the file."""
        rest = b""
        try:
            for piece in self.bundle.pieces(name, LONGEST["file"]):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
                if len(rest) > LONGEST["line"]:
                    raise OSError("too long")
            if rest:
                self.found("format", file=name)
        except UNREADABLE:
            self.found("format", file=name)

    def read_records(self, manifest):
        size, first, after = self.newest.size, manifest["leaves"]["first"], manifest["leaves"]["after"]
        if after > size:
            self.found("format", file="manifest.json")
        self.after = min(after, size)
        self.first = min(first, self.after)
        self.valid.sort()
        self.sizes = [size for size, _, _ in self.valid]
        times = [time for _, time, _ in self.valid]
        self.newest_before = list(itertools.accumulate(times, max))
        self.oldest_from = list(itertools.accumulate(reversed(times), min))[::-1]
        self.here, self.latest, self.next_time, self.kept, self.needed, last = bytearray(size), 0, 0, 0, set(), -1
        form = re.compile(rb'\{"index":(0|[1-9][0-9]{0,19}),"salt":"([0-9a-f]{64})","record":(\{.*\})\}', re.S)
        for name in self.names("records/"):
            if not re.fullmatch(r"records/[0-9]{12}\.jsonl", name):
                self.found("format", file=name)
                continue
            for line in self.lines(name):
                parts = form.fullmatch(line)
                if not parts or not last < int(parts[1]) <= U64:
                    self.found("format", file=name)
                else:
                    last = int(parts[1])
                    self.record(last, bytes.fromhex(parts[2].decode()), parts[3])
        texts = self.names("notices/") + self.names("policies/")
        for name in texts:
            self.text_file(name)
        for index in range(self.first, self.after):
            if self.kinds[index] == "consent" and not self.here[index] and not self.removed[index]:
                self.found("record_missing", leaf=index)
        for problem, name in self.needed:
            if name not in texts:
                self.found(problem, file=name)
        removed = sum(1 for index in range(self.first, self.after) if self.removed[index] and self.kinds[index] == "consent")
        self.records = {"first": self.first, "after": self.after, "kept": self.kept, "removed": removed}

    def record(self, index, salt, data):
        unknown = index < self.newest.size and self.kinds[index] is None
        if not self.first <= index < self.after or not (unknown or self.kinds[index] == "consent") or self.removed[index]:
            return self.found("record_unexpected", leaf=index)
        self.here[index] = 1
        if unknown:
            return None
        commitment = sha256(b"kelisim-commitment/v1\n" + salt + data)
        if sha256(b"\0kelisim-consent-leaf/v1\n" + commitment) != self.hashes[index]:
            return self.found("record_changed", leaf=index)
        event = read_record(data)
        if event is None:
            return self.found("record_unreadable", leaf=index)
        self.kept += 1
        time = milliseconds(event["time"])
        while self.next_time < len(self.times) and self.times[self.next_time][0] < index:
            self.latest = max(self.latest, self.times[self.next_time][1])
            self.next_time += 1
        at = bisect.bisect_right(self.sizes, index)
        before = self.newest_before[at - 1] if at else None
        covering = self.oldest_from[at] if at < len(self.sizes) else None
        if event["allowed"] or event["event"] == "frame":  # what allows nothing may have waited for the disk
            if self.latest - time > TOLERANCE:
                self.found("time_order", leaf=index)
            if before is not None and before - time > TOLERANCE:
                self.found("back_dated", leaf=index)
        if covering is not None and time - covering > TOLERANCE:
            self.found("forward_dated", leaf=index)
        self.latest = max(self.latest, time)
        self.brackets[1] += 1
        if before is not None and covering is not None:
            self.brackets[0] += 1
            self.brackets[2] = max(self.brackets[2] or 0, covering // 1000 - before // 1000)
        notices = [leaf for leaf in self.notices.get(event["notice_id"], []) if leaf[0] < index]
        policies = [leaf for leaf in self.policies.get(event["edition"], []) if leaf[0] < index]
        if notices:
            self.needed.add(("notice_missing", f"notices/{event['notice_id']}.json"))
        else:
            self.found("notice_unknown", leaf=index)
        if not policies and all(leaf[1] != event["edition"] for leaf in notices):
            self.found("policy_unknown", leaf=index)
        if any(leaf[1] == event["language"] for leaf in policies):
            self.needed.add(("policy_missing", f"policies/{event['edition']}.{event['language']}.txt"))
        return None

    def text_file(self, name):
        notice = re.fullmatch(f"notices/({HEX64})\\.json", name)
        policy = re.fullmatch(r"policies/(.*)\.(ru|kk|en)\.txt", name, re.S)
        text = self.text(name)
        if notice:
            # Its name is the hash of what was shown: no later leaf can give it another text.
            kind, known = "notice", [notice[1]] if notice[1] in self.notices else []
        elif policy and is_text(EDITION)(policy[1]):
            kind, known = "policy", [leaf[2] for leaf in self.policies.get(policy[1], []) if leaf[1] == policy[2]]
        else:
            return self.found("format", file=name)
        if not known and self.whole:
            self.found(f"{kind}_unknown", file=name)
        elif known and text is not None and hashlib.sha256(text.encode()).hexdigest() not in known:
            self.found(f"{kind}_changed", file=name)

    def described(self, manifest):
        if manifest["size"] != self.newest.size or manifest["origin"] != self.newest.origin:
            self.found("file_changed", file="checkpoint")
        files = manifest["files"]
        for name in self.bundle.names - {"manifest.json"}:
            if name not in self.bundle.sums and ("format", None, name) not in self.problems:
                self.read(name, LONGEST["file"])
            said = files.get(name)
            if name in self.bundle.sums and (not said or self.bundle.sums[name] != (said["bytes"], said["sha256"])):
                self.found("file_changed", file=name)
        for name in files.keys() - self.bundle.names:
            self.found("file_missing", file=name)
        for name in self.bundle.stray:
            self.found("format", file=name)

    def report(self):
        witnesses = []
        for at, (witness, given) in enumerate(self.witnesses):
            own = [(time, size) for size, time, other in self.valid if other == at]
            shown = lambda time: datetime.fromtimestamp(time / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            witnesses.append({"name": witness.name, "given": given, "since": shown(min(own)[0]) if own else None,
                              "until": shown(max(own)[0]) if own else None, "size": max(size for _, size in own) if own else None})
        order = {name: at for at, name in enumerate(MEANING)}
        problems = sorted(self.problems, key=lambda one: (order[one[0]], -1 if one[1] is None else one[1], one[2] or ""))
        events, of, widest = self.brackets
        return {"intact": not problems,
                "problems": [{"problem": problem, "leaf": leaf, "file": file} for problem, leaf, file in problems],
                "origin": self.newest.origin if self.newest else "", "size": self.newest.size if self.newest else 0,
                "key_given": bool(self.options.key), "records": self.records, "witnesses": witnesses,
                "bracketed": {"events": events, "of": of, "widest_seconds": widest}}


def print_report(report):
    problems, records = report["problems"], report["records"]
    plain = lambda text: json.dumps(text, ensure_ascii=False)[1:-1]
    print(f"The log: {plain(report['origin'])}, {report['size']} leaves.")
    print("1. Intact:", f"NO. {len(problems)} problems, below." if problems else "yes." + (
        f" The records of leaves {records['first']} to before {records['after']}: {records['kept']} are genuine, {records['removed']} were deleted as the log says." if records
        else " There are no records here, so only the tree was checked.")
        + ("" if report["key_given"] else " The log's key came with the bundle; give the key that you know with --key."))
    print("2. Seen from outside:")
    for one in report["witnesses"]:
        print("  ", plain(one["name"]), f"since {one['since']}, last at {one['until']}, up to {one['size']} leaves" if one["since"]
              else "has signed nothing that is here", "" if one["given"] else "(its key came with the bundle)")
    if not any(one["since"] for one in report["witnesses"]):
        print("   No witness vouches for this log: the operator could have made this log yesterday.")
    print("3. Times bracketed: {events} of {of} events lie between two signatures of witnesses; widest gap in seconds: "
          "{widest_seconds}".format(**report["bracketed"]))
    for one in problems[:50]:
        place = f", leaf {one['leaf']}" if one["leaf"] is not None else ", " + plain(one["file"])
        print(f"   {one['problem']}{place}: {MEANING[one['problem']]}")
    if len(problems) > 50:
        print(f"   … and {len(problems) - 50} more; --json prints all.")


def option_key(kind, text):
    if key := Key.parse(text, kind):
        return key
    raise argparse.ArgumentTypeError("not a verifier key of this kind")


def main():
    parser = argparse.ArgumentParser(description="Checks a bundle of a consent log, or a folder of its tiles.")
    parser.add_argument("bundle", metavar="FILE|DIR")
    parser.add_argument("--key", metavar="VKEY", type=lambda text: option_key(1, text), help="the log's key, known from elsewhere")
    parser.add_argument("--witness", metavar="VKEY", type=lambda text: option_key(4, text), action="append", default=[], help="a witness's key")
    parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[], help="a checkpoint kept from before")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    options = parser.parse_args()
    try:
        for name in options.checkpoint:
            open(name, "rb").close()
        audit = Audit(options)
        audit.run()
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    report = audit.report()
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print_report(report)
    return 0 if report["intact"] else 1


if __name__ == "__main__":
    sys.exit(main())
