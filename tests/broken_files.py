"""Files that are broken in every way we could think of, made by this script.

Each stands alone as a source; what must come of it is written beside it: `refused` (one clear
error, nothing left behind) or so many drawings that are kept of the good ones around it.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

GOOD = 120


class Broken(NamedTuple):
    """A broken file.

    Args:
        name: Its name, which says what is broken.
        content: Its bytes.
        kept: Good drawings in it that must be kept; None: the file must be refused.
    """

    name: str
    content: bytes
    kept: int | None


def good_lines() -> list[bytes]:
    """Simple drawings, all different, some in each split."""
    return [drawing([[[0, 9 + number], [0, number]]]) for number in range(GOOD)]


def among_good(line: bytes) -> bytes:
    """A line in the midst of good ones."""
    lines = good_lines()
    return b"\n".join([*lines[:20], line, *lines[20:]]) + b"\n"


def drawing(strokes: object, **fields: object) -> bytes:
    """A line."""
    return orjson.dumps({"word": "line", "drawing": strokes, **fields})


def broken_files() -> Iterator[Broken]:
    """All of them."""
    yield from _broken_lines()
    yield from _broken_text()
    yield from _broken_gzip()
    yield from _broken_binary()
    yield from _broken_npz()


def _broken_lines() -> Iterator[Broken]:
    million = list(range(1_000_000))
    line = drawing([[[0, 5], [0, 7]]])
    lines = {
        "not-json": b"a cat",
        "half-a-line": line[:-9],
        "half-a-number": line[:-3],
        "no-quote": line.replace(b'"drawing"', b'"drawing'),
        "single-quotes": line.replace(b'"', b"'"),
        "trailing-comma": line[:-1] + b",}",
        "two-in-a-line": line + line,
        "array": b"[1, 2]",
        "number": b"17",
        "null": b"null",
        "no-drawing": b'{"word": "line"}',
        "drawing-null": drawing(None),
        "drawing-text": drawing("M0 0"),
        "drawing-object": drawing({"x": [1]}),
        "no-stroke": drawing([]),
        "stroke-null": drawing([None]),
        "stroke-of-one-list": drawing([[[1, 2]]]),
        "stroke-of-four-lists": drawing([[[1], [2], [3], [4]]]),
        "stroke-without-points": drawing([[[], []]]),
        "more-x-than-y": drawing([[[1, 2], [3]]]),
        "text-coordinates": drawing([[["1"], ["2"]]]),
        "null-coordinates": drawing([[[None], [2]]]),
        "nested-coordinates": drawing([[[[1]], [2]]]),
        "nan": line.replace(b"5", b"NaN"),
        "infinity": line.replace(b"5", b"Infinity"),
        "1e400": line.replace(b"5", b"1e400"),
        "huge-number": line.replace(b"5", b"9" * 400),
        "far-away": line.replace(b"5", b"99999999999"),
        "wide": drawing([[[-32768, 32767], [0, 0]]]),
        "word-empty": drawing([[[0], [0]]], word=""),
        "word-long": drawing([[[0], [0]]], word="x" * 101),
        "word-number": drawing([[[0], [0]]], word=3),
        "word-null-sign": drawing([[[0], [0]]], word="a\0b"),
        "key-negative": drawing([[[0], [0]]], key_id=-1),
        "key-large": drawing([[[0], [0]]], key_id=str(2**64)),
        "key-text": drawing([[[0], [0]]], key_id="0x17"),
        "recognized-text": drawing([[[0], [0]]], recognized="yes"),
        "not-utf8": line.replace(b"line", b"l\xffne"),
        "half-a-character": line.replace(b"line", b"l\xc3"),
        "lone-surrogate": line.replace(b"line", b"\\ud800"),
        "utf16": line.decode().encode("utf-16"),
        "deep": b"[" * 100_000,
        "deep-drawing": b'{"drawing":' + b"[" * 2000 + b"]" * 2000 + b"}",
        "million-points": drawing([[million, million]]),
        "million-strokes": drawing([[[0], [0]]] * 1_000_000),
        "long-line": b'{"word": "' + b"x" * 9_000_000 + b'"}',
        "251-points": drawing([[[n % 250 for n in range(251)], [n % 7 for n in range(251)]]]),
        "zero-bytes": b"\0" * 1000,
    }
    for name, content in lines.items():
        yield Broken(f"{name}.ndjson", among_good(content), GOOD)
    duplicate = b'{"word":"line","drawing":[[[0,1],[0,1]]],"drawing":[[[0,77],[0,99]]]}'
    yield Broken("duplicate-keys.ndjson", among_good(duplicate), GOOD + 1)
    negative = drawing([[[-5, 300], [-7, 99]]])
    yield Broken("negative-coordinates.ndjson", among_good(negative), GOOD + 1)
    one_point = drawing([[[7], [7]], [[9], [900]]])
    yield Broken("one-point-strokes.ndjson", among_good(one_point), GOOD + 1)
    times = drawing([[[0.5, 30.5], [0, 77.25], [9, 3]]])
    yield Broken("time-runs-backwards.ndjson", among_good(times), GOOD + 1)
    yield Broken("twice-the-same.ndjson", among_good(good_lines()[0]), GOOD)


def _broken_text() -> Iterator[Broken]:
    text = b"\n".join(good_lines())
    yield Broken("empty.ndjson", b"", None)
    yield Broken("blank.ndjson", b"\n \n\t\n", None)
    yield Broken("only-one.ndjson", good_lines()[0], None)
    yield Broken("all-wrong.ndjson", b"{\n" * 50, None)
    yield Broken("other-line-ends.ndjson", text.replace(b"\n", b"\r\n"), GOOD)
    yield Broken("no-last-line-end.ndjson", text, GOOD)
    yield Broken("byte-order-mark.ndjson", b"\xef\xbb\xbf" + text, GOOD)
    yield Broken("html.ndjson", b"<html><body>404 Not Found</body></html>", None)
    yield Broken("json-list.ndjson", b"[" + text.replace(b"\n", b",\n") + b"]", GOOD)
    mixed = text + b"\n" + text.replace(b'"line"', b'"dot"')
    yield Broken("mixed-categories.ndjson", mixed, 2 * GOOD)


def _broken_gzip() -> Iterator[Broken]:
    packed = gzip.compress(b"\n".join(good_lines()))
    yield Broken("gzip-header-cut.ndjson.gz", packed[:5], None)
    yield Broken("gzip-only-header.ndjson.gz", packed[:10], None)
    yield Broken("gzip-trailer-cut.ndjson.gz", packed[:-4], GOOD - 1)
    # the last line of these has no end, and may be a part of one
    yield Broken("gzip-wrong-sum.ndjson.gz", packed[:-8] + b"\0" * 8, GOOD - 1)
    yield Broken("gzip-not-at-all.ndjson.gz", b"\n".join(good_lines()), GOOD)
    yield Broken("gzip-twice.ndjson.gz", gzip.compress(packed), None)
    yield Broken("gzip-then-rubbish.ndjson.gz", packed + b"rubbish", GOOD - 1)
    bomb = gzip.compress(b" " * 3_000_000) * 100
    yield Broken("gzip-bomb.ndjson.gz", bomb, None)


def _record(number: int, *counts: int, country: bytes = b"DE", recognized: int = 1) -> bytes:
    head = struct.pack("<Q2sbIH", number, country, recognized, 0, len(counts))
    y = bytes((number + place) % 256 for place in range(max(counts, default=0)))
    strokes = (struct.pack("<H", n) + bytes(n) + y[:n] for n in counts)
    return head + b"".join(strokes)


def _broken_binary() -> Iterator[Broken]:
    whole = b"".join(_record(n, n + 2) for n in range(GOOD))
    yield Broken("empty.bin", b"", None)
    for cut in (1, 5, 18, 22):
        yield Broken(f"cut-{cut}.bin", whole + _record(99, 3)[:-cut], GOOD)
    yield Broken("no-strokes.bin", whole + _record(99), GOOD)
    yield Broken("no-points.bin", whole + _record(99, 0), GOOD)
    yield Broken("odd-flag.bin", whole + _record(99, 3, recognized=7), GOOD)
    yield Broken("odd-country.bin", whole + _record(99, 3, country=b"\xff\xff"), GOOD)
    big_endian = struct.pack(">Q2sbIH", 1, b"DE", 1, 0, 2) + bytes(900)
    yield Broken("big-endian.bin", big_endian, None)
    yield Broken("rubbish.bin", bytes(range(256)) * 50, None)
    endless = struct.pack("<Q2sbIH", 1, b"DE", 1, 0, 65_535)
    endless += (struct.pack("<H", 65_535) + bytes(131_070)) * 20
    yield Broken("too-many-points.bin", whole + endless, GOOD)
    yield Broken("ndjson-inside.bin", b"\n".join(good_lines()), None)


def _broken_npz() -> Iterator[Broken]:
    file = io.BytesIO()
    rows = np.empty(GOOD, object)
    for number in range(GOOD):
        rows[number] = np.array([[0, 0, 0], [9 + number, number, 1]], np.int16)
    np.savez_compressed(file, train=rows)
    whole = file.getvalue()
    for share in (0.02, 0.3, 0.6, 0.9, 0.999):
        yield Broken(f"cut-{share}.npz", whole[: int(len(whole) * share)], None)
    yield Broken("empty.npz", b"", None)
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 0xFF
    yield Broken("changed.npz", bytes(changed), None)
    for name, members in {
        "no-arrays": {},
        "other-names": {"cats.npy": b"x"},
        "no-head": {"train.npy": b"x"},
        "zeros-bomb": {"train.npy": b"\0" * 100_000_000},
    }.items():
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        yield Broken(f"{name}.npz", file.getvalue(), None)
    nan = rows.copy()
    nan[3] = np.full((4, 3), np.nan)
    nan[5] = np.zeros((0, 3), np.int16)
    nan[7] = np.zeros((4, 5), np.int16)
    nan[9] = np.full((4, 3), 30_000, np.int16)
    file = io.BytesIO()
    np.savez(file, train=nan)
    yield Broken("odd-drawings.npz", file.getvalue(), GOOD - 4)


def write_svgs(folder: Path) -> int:
    """A folder with good SVG files and broken ones; returns how many are good."""
    folder.mkdir()
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99">'
    path = '<path d="M0 0L{0} 50L90 {0}" stroke="black" fill="none"/></svg>'
    for number in range(GOOD):
        (folder / f"good-{number:02}.svg").write_text(head + path.format(number))
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    bomb = f'<!DOCTYPE svg [<!ENTITY l0 "lol">{entities}]>{head}<text>&l8;</text></svg>'
    outside = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{head}&x;</svg>'
    for name, content in {
        "empty": b"",
        "cut": (head + path.format(3))[:-20].encode(),
        "bomb": bomb.encode(),
        "outside": outside.encode(),
        "not-utf8": head.encode() + b"\xff\xfe</svg>",
        "no-strokes": f"{head}</svg>".encode(),
        "nan": (head + path.format("nan")).encode(),
        "deep": (head + "<g>" * 50_000).encode(),
        "gzip-cut": gzip.compress(head.encode())[:20],
        "gzip-bomb": gzip.compress(b" " * 1_000_000) * 50,
        "png": b"\x89PNG\r\n",
    }.items():
        (folder / f"{name}.svg").write_bytes(content)
    (folder / "folder.svg").mkdir()
    (folder / "nowhere.svg").symlink_to(folder / "gone")
    (folder / "itself.svg").symlink_to(folder / "itself.svg")
    return GOOD
