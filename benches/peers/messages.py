"""The messages that every proxy is given: cookies, pages, what is put into them. The same bytes in each run."""

import gzip
import random
import struct
import zlib

KILOBYTE = b'{"text":"' + (b"one kilobyte of an answer that is no page " * 25)[: 1024 - 11] + b'"}'

# Twelve cookies as a shop's visitor has them. A name that ends with `*` is refused with everything that begins so.
REFUSED_RULES = ["_ga", "_gid", "_fbp", "_ga_*", "_ym_*", "_gcl_*"]
COOKIES = [
    ("PHPSESSID", "k3v9q1t7m5c2x8z4b6n0p1s3d5"),
    ("_ga", "GA1.1.1837465920.1764412800"),
    ("_ga_7K2M9X4QPL", "GS2.1.s1764412800$o12$g1$t1764413455$j37$l0$h1203948571"),
    ("csrftoken", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A0NTY3ODlhYmNk"),
    ("_gid", "GA1.1.564738291.1764326400"),
    ("_ym_uid", "1764412800918273645"),
    ("lang", "kk"),
    ("_ym_d", "1764412800"),
    ("_fbp", "fb.1.1764412800123.1029384756019283746"),
    ("wp_woocommerce_session_5f2b8c", "t_9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d%7C%7C1764585600%7C%7C1764582000%7C%7C" + "0123456789abcdef" * 10 + "0123456789a"),
    ("_gcl_au", "1.1.1203948576.1764412800.918273645.1764412801.1764412855"),
    ("theme", "dark"),
]
SET_COOKIES = [
    "PHPSESSID=k3v9q1t7m5c2x8z4b6n0p1s3d5; Path=/; HttpOnly; SameSite=Lax",
    "_ga=GA1.1.1837465920.1764412800; Path=/; Max-Age=63072000; SameSite=Lax",
    "lang=kk; Path=/; Max-Age=31536000; SameSite=Lax",
    "_fbp=fb.1.1764412800123.1029384756019283746; Path=/; Max-Age=7776000; SameSite=Lax",
]

BROWSER = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept-Language", "kk,ru;q=0.8,en;q=0.5"),
]
PAGE_REQUEST = BROWSER + [
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-User", "?1"),
]

COMMENT_BYTES = 48  # `<!-- ` and the number of a page that is never repeated, and ` -->`
PAGE_BYTES = 50 * 1024


def is_refused(name):
    return any(name.startswith(rule[:-1]) if rule.endswith("*") else name == rule for rule in REFUSED_RULES)


def cookie_line(cookies):
    return "; ".join(f"{name}={value}" for name, value in cookies)


def kept_cookies():
    return [(name, value) for name, value in COOKIES if not is_refused(name)]


def kept_set_cookies():
    return [line for line in SET_COOKIES if not is_refused(line.split("=")[0])]


def snippet():
    """A kilobyte to be put before `</body>`, without what a configuration file would have to escape."""
    text = '<script defer src="/consent/banner.js"></script><div class="consent" role="dialog"><p>'
    words = "We keep what the site needs and ask before anything else is kept on your device or read from it. "
    end = "</p><a href=/consent/settings>Settings</a></div>"
    return (text + (words * 20)[: 1024 - len(text) - len(end)] + end).encode()


def page():
    """50 KB of HTML that compresses as pages do: words by Zipf's law in paragraphs, lists, links and pictures of the site."""
    chance = random.Random(20261129)
    syllables = ["ka", "li", "so", "men", "tar", "qu", "el", "is", "im", "bo", "ras", "yn", "da", "ger", "ut", "ash", "no", "vi", "er", "th"]
    words = ["".join(chance.choice(syllables) for _ in range(chance.randint(1, 4))) for _ in range(2500)]
    weights = [1 / (rank + 2) ** 0.85 for rank in range(len(words))]

    def text(count):
        return " ".join(chance.choices(words, weights, k=count))

    parts = [
        '<!doctype html>\n<html lang="kk">\n<head>\n<meta charset="utf-8">\n<title>' + text(5) + "</title>\n",
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="stylesheet" href="/style.css">\n',
        '<script src="/site.js" defer></script>\n</head>\n<body class="front">\n<nav><ul>\n',
    ]
    parts += [f'<li><a href="/{chance.choice(words)}/{number}">{text(2)}</a></li>\n' for number in range(24)]
    parts.append("</ul></nav>\n<main>\n")
    end = "</main>\n<footer><p>" + text(20) + "</p></footer>\n</body>\n</html>\n"
    length = sum(map(len, parts)) + len(end)
    while length < PAGE_BYTES - 1200:
        number = chance.randint(100, 99999)
        part = f'<article id="a{number}"><h2>{text(4)}</h2>\n<img src="/media/{number}.jpg" width="640" height="360" alt="{text(3)}">\n'
        part += f'<p>{text(chance.randint(30, 90))}.</p>\n<p class="price">{chance.randint(500, 99999)} ₸ <a class="more" href="/item/{number}">{text(2)}</a></p></article>\n'
        parts.append(part)
        length += len(part.encode())
    rest = PAGE_BYTES - length - len("<p></p>\n")
    parts.append("<p>" + (text(400))[:rest] + "</p>\n")
    whole = ("".join(parts) + end).encode()
    assert len(whole) == PAGE_BYTES, len(whole)
    return whole


def split_page():
    """Where the comment of a page that is never repeated stands: behind the title, early in the head."""
    whole = page()
    at = whole.index(b"</title>\n") + len(b"</title>\n")
    return whole[:at], whole[at:]


def compressed():
    return gzip.compress(page(), compresslevel=6, mtime=0)


class Parts:
    """A gzip stream with a hole: the bytes before and after a comment that is stored without compression.

    Whoever fills the hole computes the checksum of the whole from that of the beginning with the comment: the checksum is
    linear, so `columns` says which bits of the end's checksum follow from each bit of the beginning's.
    """

    def __init__(self):
        before, after = split_page()
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        head = squeeze.compress(before) + squeeze.flush(zlib.Z_FULL_FLUSH)
        stored = b"\x00" + struct.pack("<HH", COMMENT_BYTES, COMMENT_BYTES ^ 0xFFFF)
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + head + stored
        self.tail = squeeze.compress(after) + squeeze.flush()
        self.plain_head, self.plain_tail = before, after
        self.checksum_before = zlib.crc32(before)
        self.checksum_after = zlib.crc32(after)
        self.columns = [zlib.crc32(after, 1 << bit) ^ self.checksum_after for bit in range(32)]
        self.length = len(before) + COMMENT_BYTES + len(after)
