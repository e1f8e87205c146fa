"""A disk as its cable may be pulled: what was synchronised is on it, and of everything else any part.

Of each page of a file (4 KiB) the disk may hold the last version that was synchronised or any later one, in each sector (512 bytes) another;
the length of a file may be any that it had since; of names that were made, changed or removed since their folder was synchronised any may be
so or not. That is less than file systems promise, and more than any of them loses. After a failed fsync the kernel holds pages for clean that
never came to the disk: they are written no more, until somebody changes them again.
"""
import os

PAGE, SECTOR = 4096, 512


class File:
    """The content of one file: in memory, and what of it is on the disk."""

    def __init__(self):
        self.now, self.kept_length, self.kept = bytearray(), 0, {}
        # Of each page and of the length what it was since the last fsync, with the number of the change.
        self.pages, self.lengths = {}, []

    def page(self, number):
        return bytes(self.now[number * PAGE : (number + 1) * PAGE]).ljust(PAGE, b"\0")

    def changed(self, first, last, change):
        for number in range(first // PAGE, -(-last // PAGE)):
            self.pages.setdefault(number, []).append((change, self.page(number)))

    def write(self, offset, data, change):
        if len(self.now) < offset + len(data):
            self.now.extend(bytes(offset + len(data) - len(self.now)))
            self.lengths.append((change, len(self.now)))
        self.now[offset : offset + len(data)] = data
        self.changed(offset, offset + len(data), change)

    def cut(self, length, change):
        before = len(self.now)
        if length < before:
            del self.now[length:]
            self.changed(length, before, change)
        else:
            self.now.extend(bytes(length - before))
        self.lengths.append((change, length))

    def synchronised(self, until):
        """What was changed before the call began is on the disk."""
        for number in list(self.pages):
            done = [version for change, version in self.pages[number] if change < until]
            if done:
                self.kept[number] = done[-1]
                self.pages[number] = self.pages[number][len(done) :]
                if not self.pages[number]:
                    del self.pages[number]
        done = [length for change, length in self.lengths if change < until]
        if done:
            self.kept_length = done[-1]
            self.lengths = self.lengths[len(done) :]

    def failed(self, random):
        """An fsync that failed: what came to the disk came, and the rest is forgotten."""
        for number, versions in self.pages.items():
            self.kept[number] = random.choice([self.kept.get(number, bytes(PAGE)), *(version for _, version in versions)])
        self.kept_length = random.choice([self.kept_length, *(length for _, length in self.lengths)])
        self.pages, self.lengths = {}, []
        if len(self.now) != self.kept_length:
            # The file system knows the length that its memory has.
            self.lengths = [(0, len(self.now))]

    def is_whole(self):
        return not self.pages and not self.lengths

    def after_power_loss(self, random, way):
        if way == "none":
            pages, length = {}, self.kept_length
        elif way == "all":
            pages, length = {number: versions[-1][1] for number, versions in self.pages.items()}, len(self.now)
        else:
            pages = {number: mixed(random, [self.kept.get(number, bytes(PAGE)), *(it for _, it in versions)]) for number, versions in self.pages.items()}
            length = random.choice([self.kept_length, *(length for _, length in self.lengths)])
        content = bytearray(length)
        for number, page in {**self.kept, **pages}.items():
            start = number * PAGE
            if start < length:
                content[start : start + PAGE] = page[: length - start]
        return bytes(content)


def mixed(random, versions):
    """A page of which each sector is of any version; or whole."""
    if random.random() < 0.5:
        return random.choice(versions)
    return b"".join(random.choice(versions)[start : start + SECTOR] for start in range(0, PAGE, SECTOR))


class Disk:
    """The files below one folder."""

    def __init__(self, root, random, leave_out=("-shm", "/control.sock")):
        self.root, self.random, self.leave_out = root, random, leave_out
        # What a path is now: a file, or None for a folder.
        self.names = {root: None}
        self.kept_names = {root: None}
        # Changes of names that no fsync of their folder has made sure: number, folders, and what becomes of which path.
        self.pending = []
        self.change = 0
        self.offsets, self.began = {}, {}
        # What was said to others and when; names that were given to what is not on the disk; of each name every whole content that it had.
        self.told, self.unsafe, self.versions = [], [], {}

    def holds(self, path):
        return path.startswith(self.root + "/") and not path.endswith(self.leave_out)

    def rename_all(self, changes):
        """Gives paths other content, at once."""
        self.change += 1
        folders = {os.path.dirname(path) for path, _ in changes}
        for path, what in changes:
            self.apply(self.names, path, what)
        self.pending.append((self.change, folders, changes))

    @staticmethod
    def apply(names, path, what):
        if what == "gone":
            names.pop(path, None)
        else:
            names[path] = what

    def file(self, path):
        found = self.names.get(path)
        assert found is not None or path not in self.names, f"{path} is a folder"
        return found

    def take(self, moment, call):
        """One beginning or end of a call."""
        self.change += 1
        name = call.name
        if moment == "begins":
            self.began[id(call)] = self.change
            if name in ("write", "writev", "sendto", "sendmsg", "pwrite64"):
                self.says(call)
            return
        began = self.began.pop(id(call), self.change)
        if name in ("fsync", "fdatasync"):
            self.synchronise(call, began)
        elif call.result is None or call.result < 0:
            return
        elif name in ("openat", "open", "creat"):
            self.open(call)
        elif name in ("mkdir", "mkdirat"):
            if self.holds(call.paths()[0]):
                self.rename_all([(call.paths()[0], None)])
        elif name in ("rename", "renameat", "renameat2"):
            self.rename(*call.paths())
        elif name in ("link", "linkat"):
            source, target = call.paths()
            if self.holds(target):
                self.versions.setdefault(target, set()).add(bytes(self.names[source].now))
                self.rename_all([(target, self.names[source])])
        elif name in ("unlink", "unlinkat", "rmdir"):
            if self.holds(call.paths()[0]) and call.paths()[0] in self.names:
                self.rename_all([(call.paths()[0], "gone")])
        elif name in ("write", "pwrite64", "ftruncate"):
            self.changes_content(call)
        elif name not in ("writev", "sendto", "sendmsg"):
            paths = [path for _, path in call.descriptors] + ([] if name in ("sendfile", "splice") else call.paths())
            assert not any(self.holds(path) for path in paths), f"a call that the disk does not know: {name}({call.words[:200]}"

    def says(self, call):
        path = call.descriptors[0][1] if call.descriptors else ""
        if not self.holds(path) and not path.endswith(".toml"):
            self.told.append((self.change, b"".join(call.texts)))

    def open(self, call):
        path = call.opened or call.paths()[0]
        if not self.holds(path):
            return
        if "O_CREAT" in call.words and path not in self.names:
            self.rename_all([(path, File())])
        file = self.names.get(path)
        if file is not None:
            self.offsets[(call.result, path)] = 0
            if "O_TRUNC" in call.words and file.now:
                file.cut(0, self.change)

    def rename(self, source, target):
        if not (self.holds(source) or self.holds(target)):
            return
        what = self.names[source]
        if what is not None and not what.is_whole():
            self.unsafe.append(f"{source} became {target} before its content was on the disk")
        if what is not None:
            self.versions.setdefault(target, set()).add(bytes(what.now))
        below = [path for path in self.names if path.startswith(source + "/")]
        moved = [(target + path.removeprefix(source), self.names[path]) for path in [source, *below]]
        self.rename_all([*moved, *((path, "gone") for path in [source, *below])])
        for (number, path), offset in list(self.offsets.items()):
            if path == source:
                self.offsets[(number, target)] = offset

    def changes_content(self, call):
        number, path = call.descriptors[0]
        file = self.names.get(path) if self.holds(path) else None
        if file is None:
            return
        if call.name == "ftruncate":
            file.cut(call.numbers()[-1], self.change)
            return
        data = call.texts[0][: call.result]
        if call.name == "pwrite64":
            file.write(call.numbers()[-1], data, self.change)
            return
        at = self.offsets.get((int(number), path), 0)
        file.write(at, data, self.change)
        self.offsets[(int(number), path)] = at + len(data)

    def synchronise(self, call, began):
        path = call.descriptors[0][1]
        if path != self.root and not self.holds(path):
            return
        file = self.names.get(path)
        if call.result != 0:
            if file is not None:
                file.failed(self.random)
        elif file is not None:
            file.synchronised(began)
        else:
            done = [it for it in self.pending if it[0] < began and path in it[1]]
            for _, _, changes in done:
                for changed, what in changes:
                    self.apply(self.kept_names, changed, what)
            self.pending = [it for it in self.pending if it not in done]

    def after_power_loss(self, random, way):
        """The files that may be there when the power is back: paths and contents, `None` for a folder."""
        names = dict(self.kept_names)
        # Journals keep the order of names; the third way is a disk that promises nothing.
        ordered = random.randrange(len(self.pending) + 1)
        for place, (_, _, changes) in enumerate(self.pending):
            if way == "all" or way == "ordered" and place < ordered or way == "any" and random.random() < 0.5:
                for path, what in changes:
                    self.apply(names, path, what)
        found = {}
        for path in sorted(names):
            if os.path.dirname(path) in found or path == self.root:
                found[path] = names[path].after_power_loss(random, way) if names[path] is not None else None
        return found
