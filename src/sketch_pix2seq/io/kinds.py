"""The kind of a file: by its content, and by its name where the content is not enough."""

from __future__ import annotations

import codecs
import csv
import re
from enum import Enum, auto
from pathlib import PurePath

from sketch_pix2seq.errors import DrawingError

HEAD = 8192
"""Bytes of the beginning of a file by which it is known."""
ONE_DRAWING = (
    *(".svg", ".svgz", ".inkml", ".excalidraw", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".jp2", ".tga", ".pbm", ".pgm", ".ppm", ".pnm"),
)
"""Suffixes of files that are one drawing each: a folder of them is a category."""
MANY_DRAWINGS = (
    *(".ndjson", ".jsonl", ".json", ".csv", ".npz", ".npy", ".bin", ".parquet"),
    ".excalidrawlib",
)
"""Suffixes of files of many drawings."""

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SIGNS = (",", ";", "\t")  # between the columns of a CSV
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)[\s/>]")
_UNPACK, _EXPORT = "Unpack it first.", "Export it as an SVG or a picture."
_STARTS = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
)
_BMP_OR_PNM = re.compile(  # as text may begin with these letters, what follows counts as well
    rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00{3}|P[1-6]\s+[\d#]", re.DOTALL
)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_REFUSED = {  # how a file begins, what it is, and what to do
    rb"%PDF": ("a PDF", "Save the page as a PNG at 300 dpi."),
    rb"%!PS": ("PostScript", "Save it as SVG or PNG."),
    rb"8BPS\x00|gimp xcf |\xd0\xcf\x11\xe0": ("a document of another program", _EXPORT),
    rb"II\+\x00|\x00\x00\x01\x00": ("a BigTIFF or an icon", "Save it as a PNG."),
    rb"\xff\x0a|\x00{3}\x0cJXL ": ("a JPEG XL", "Save it as a PNG or JPEG."),
    rb"PK\x03\x04": ("a zip archive", _UNPACK),
    rb"BZh\d[\x31\x17]|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a|\x1f\x8b|.{257}ustar": (
        "an archive",
        _UNPACK,
    ),
    rb"\x80[\x02-\x05]": ("a pickle, which is a program", "Save arrays with `numpy.savez`."),
    rb"\s*0\r?\n\s*SECTION|AC10\d\d\x00": ("a CAD drawing", _EXPORT),
    rb"\x89HDF|ARROW1\x00|SQLite format": ("a data file", "Write an ndjson: a drawing a line."),
}
_DOCUMENT = re.compile(
    r'"(type"\s*:\s*"excalidraw|elements"\s*:\s*\[|tldrawFileFormatVersion|train"\s*:\s*\[)'
)


class Kind(Enum):
    """The kinds of files that drawings are read from."""

    SVG = auto()
    INKML = auto()
    PICTURE = auto()
    LINES = auto()
    "ndjson, a drawing a line"
    JSON = auto()
    "other JSON"
    CSV = auto()
    NPZ = auto()
    NPY = auto()
    BINARY = auto()
    "Quick, Draw!'s own"
    PARQUET = auto()


ALONE = frozenset((Kind.SVG, Kind.INKML, Kind.PICTURE))
"""Kinds of which a file is one drawing."""


def kind_of(head: bytes, name: str = "") -> Kind:
    """Return the kind of a file.

    Args:
        head: Its first `HEAD` bytes, unpacked if it is gzipped.
        name: Its name, if it has one.

    Raises:
        DrawingError: If it is of a kind that is not read, saying what to do.

    Example:
        >>> kind_of(b"<svg>").name, kind_of(b'[{"drawing": []}]').name
        ('SVG', 'JSON')
    """
    name = name.casefold().removesuffix(".gz")
    if name.endswith(".bin"):
        return Kind.BINARY
    if is_picture(head):
        return Kind.PICTURE
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    if head.startswith(b"\x93NUMPY"):
        return Kind.NPY
    if head.startswith(b"PK\x03\x04") and (name.endswith(".npz") or b".npy" in head[:200]):
        return Kind.NPZ
    if (refused := refused_kind(head)) is not None:
        what, do = refused
        raise DrawingError("a file must be of a kind that is read", got=what, do=do)
    encoding = encoding_of(head)
    text = head.decode(encoding, "ignore").lstrip()
    if text.startswith("<"):
        first = _ELEMENT.search(text)
        return Kind.INKML if first and first[1] == "ink" else Kind.SVG
    if text.startswith("{"):
        return Kind.JSON if _is_document(text) else Kind.LINES
    if text.startswith("["):
        return Kind.JSON
    if name.endswith((".csv", ".tsv")) or "drawing" in header_of(text)[0]:
        return Kind.CSV
    if not text or (name.endswith((".ndjson", ".jsonl")) and not _CONTROL.search(text)):
        return Kind.LINES
    raise DrawingError(
        "an input must be an SVG, a picture (PNG, JPEG, ...), an ndjson or other JSON of drawings, "
        "a CSV, an npz, npy or Parquet, InkML or Excalidraw",
        got="something else",
    )


def is_picture(head: bytes) -> bool:
    """Whether a file is a picture of pixels, by how it begins (32 bytes)."""
    if head.startswith(_STARTS) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return True
    if is_heic(head) or _BMP_OR_PNM.match(head):
        return True
    return head[4:12] in (b"ftypavif", b"ftypavis") or _is_tga(head)


def is_heic(head: bytes) -> bool:
    """Whether a file is a photo of an iPhone (12 bytes), which needs the extra `heif`."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC


def refused_kind(head: bytes) -> tuple[str, str] | None:
    """What kind of file that is not read this is, and what to do; None: not known."""
    matches = (kind for pattern, kind in _REFUSED.items() if re.match(pattern, head, re.DOTALL))
    return next(matches, None)


def _is_tga(head: bytes) -> bool:
    """Whether a file begins like a TGA, which has no magic number."""
    return (
        len(head) >= 18
        and head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and head[16] in (8, 16, 24, 32)
        and head[1] == (head[2] in (1, 9))
        and any(head[12:14])
        and any(head[14:16])
    )


def encoding_of(head: bytes) -> str:
    """Name the encoding of a text by how it begins; UTF-8 if nothing says otherwise."""
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding
    if head[:1] in b"{[<" and head[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[1:2] in (b"{", b"[", b"<") else "utf-8"


def header_of(text: str) -> tuple[list[str], str]:
    """Return the names of the columns of a CSV, in small letters, and the sign between them."""
    first = text.splitlines()[:1]
    headers = []
    for sign in _SIGNS:
        try:
            names = next(csv.reader(first, delimiter=sign), [])
        except csv.Error:
            names = []
        headers.append(([name.strip().casefold() for name in names], sign))
    return next((header for header in headers if "drawing" in header[0]), headers[0])


def stem(name: str) -> str:
    """Return a file's name without its suffix and `.gz`.

    Example:
        >>> stem("v1.0.svg"), stem("cat.ndjson.gz"), stem(".svg")
        ('v1.0', 'cat', '.svg')
    """
    return PurePath(without_suffix(name, ".gz")).stem or name


def without_suffix(name: str, suffix: str) -> str:
    """Return a file's name without this suffix, however it is written.

    Example:
        >>> without_suffix("cat.NDJSON", ".ndjson")
        'cat'
    """
    return name[: -len(suffix)] if name.casefold().endswith(suffix) else name


def is_drawing(path: PurePath) -> bool:
    """Whether a file of a folder is one of drawings, by its name; hidden ones are not."""
    name = path.name.casefold()
    suffixes = (*MANY_DRAWINGS, *ONE_DRAWING)
    return not name.startswith(".") and name.removesuffix(".gz").endswith(suffixes)


def _is_document(text: str) -> bool:
    """Whether JSON that begins with an object is more than a drawing a line."""
    first, *following = text.split("\n", 1)
    goes_on = "".join(following).lstrip()[:1]  # a new object follows a line that is cut short
    is_open = first.count("{") > first.count("}") or first.count("[") > first.count("]")
    return bool(_DOCUMENT.search(text)) or (is_open and goes_on not in ("", "{"))
