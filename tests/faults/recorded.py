"""What programs did to a folder, as strace saw it: the system calls that change files, and what was said to others, in their order."""
import os
import re

CALLS = (
    "openat,open,creat,mkdir,mkdirat,pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,ftruncate,truncate,fallocate,fdatasync,fsync,"
    "sync_file_range,rename,renameat,renameat2,unlink,unlinkat,link,linkat,rmdir,symlink,symlinkat,copy_file_range,sendfile,splice"
)
# No write of ours is longer, in bytes.
LONGEST = 1 << 20
# Short numbers of processes are padded.
LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$", re.S)
WORD = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
DESCRIPTOR = re.compile(r"(?:^|, )(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2}|[^<>\\])*)>")


def recording(file):
    """The words of a command line that record what the command after them does."""
    return ["strace", "-f", "-q", "-y", "-xx", "-s", str(LONGEST), "-e", "signal=none", "-e", f"trace={CALLS}", "-o", file]


def first_child(process):
    """The program that strace started."""
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def bytes_of(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


class Call:
    """A system call: when it began and what it gave are two places in the order of things."""

    def __init__(self, name, words):
        self.name, self.result, self.words = name, None, words
        self.texts = []
        for escaped, cut in WORD.findall(words):
            assert not cut, f"a write of more than {LONGEST} bytes: {name}"
            self.texts.append(bytes_of(escaped))
        self.descriptors = [
            (number, os.fsdecode(bytes_of(path)) if path.startswith("\\x") else path)
            for number, path in DESCRIPTOR.findall(re.sub(WORD, '""', words))
        ]

    def numbers(self):
        """The last arguments, where they are numbers."""
        return [int(word) for word in re.findall(r", (-?\d+)(?=[,)])", self.words + ")")]

    def paths(self):
        """The paths in its words, each from the folder that is named before it."""
        folders = [path for number, path in self.descriptors if number == "AT_FDCWD" or self.name.endswith("at") or self.name.endswith("at2")]
        texts = [os.fsdecode(text) for text in self.texts]
        base = folders[0] if folders else "/"
        return [os.path.normpath(os.path.join(base, text)) for text in texts]


def read(file):
    """Of each call its beginning and its end: pairs of "begins" or "ends" and the call. A call that another one interrupts in the file is
    begun before it and ended after it."""
    unfinished = {}
    with open(file, encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = LINE.match(line.rstrip("\n"))
            if not found or " +++ " in line[:40] or " --- " in line[:40]:
                continue
            process, resumed, rest, name, words = found.groups()
            if resumed:
                call = unfinished.pop(process, None)
                if call is None:
                    continue
                end = rest
            elif words.endswith("<unfinished ...>"):
                call = Call(name, words.removesuffix("<unfinished ...>").rstrip())
                unfinished[process] = call
                yield "begins", call
                continue
            else:
                words, _, end = words.rpartition(") ")
                call = Call(name, words)
                yield "begins", call
            result = re.search(r"= (-?\d+|\?)(?:<((?:\\x[0-9a-f]{2})*)>)?([^<]*)$", end)
            call.result = int(result[1]) if result and result[1] != "?" else None
            call.opened = os.fsdecode(bytes_of(result[2])) if result and result[2] else None
            yield "ends", call
