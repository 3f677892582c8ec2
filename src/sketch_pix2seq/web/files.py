"""Files that a site sends: compressed once, and known to browsers by a hash of what they hold.

Scripts and styles lie at addresses that hold a hash of all of them, so that a browser asks for
them once, and never mixes old ones with new ones. All else is asked for again, and sent again only
if it has changed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
ASK_AGAIN = "no-cache"
KEEP = "public, max-age=31536000, immutable"
_TEXT = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".ndjson": "application/x-ndjson",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
_OTHER = {".png": "image/png"}


class SentFile(NamedTuple):
    """A file as it is sent.

    Args:
        content: What it holds.
        packed: The same, gzipped; None where that is not worth it.
        media_type: Its media type.
        tag: Its ETag: weak, as it names the content, whether gzipped or not.
    """

    content: bytes
    packed: bytes | None
    media_type: str
    tag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> SentFile:
        """Prepare a file; its ending says what it is."""
        ending = PurePosixPath(name).suffix
        packed = gzip.compress(content, mtime=0) if ending in _TEXT else None
        kind = _TEXT.get(ending) or _OTHER.get(ending, "application/octet-stream")
        return cls(content, packed, kind, f'W/"{hashlib.sha256(content).hexdigest()[:32]}"')


def send(request: Request, file: SentFile, cache_control: str = ASK_AGAIN) -> Response:
    """Send a file; to a browser that has it, only that it is the same.

    Args:
        request: The client's request.
        file: The file.
        cache_control: How long a browser may keep it without asking.
    """
    headers = {"ETag": file.tag, "Cache-Control": cache_control}
    if file.packed is not None:
        headers["Vary"] = "Accept-Encoding"
    if _is_known(file.tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    if file.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)


def _is_known(tag: str, known: str) -> bool:
    """Whether a client has a file: `*`, or a tag by weak comparison (RFC 9110, 8.8.3.2)."""
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags


def _takes_gzip(accepted: str) -> bool:
    """Whether a client takes gzip: it names it, and not with a weight of 0 (RFC 9110, 12.5.3)."""
    for coding in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in coding.split(";"))
        if name == "gzip":
            weights = [part[2:] for part in parameters if part.startswith("q=")]
            return not any(re.fullmatch(r"0(\.0{0,3})?", weight) for weight in weights)
    return False


@cache
def static_files() -> dict[str, SentFile]:
    """Read the files of `static/`, by their address below it."""
    return {
        path.relative_to(STATIC).as_posix(): SentFile.of(path.name, path.read_bytes())
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }


@cache
def static_prefix() -> str:
    """Return where `static/` lies below a site's root; the name changes with what it holds."""
    names = "".join(f"{name} {file.tag}\n" for name, file in static_files().items())
    return f"static/{hashlib.sha256(names.encode()).hexdigest()[:12]}/"


def send_static(request: Request, path: str) -> Response:
    """Send a file of `static/`, by its address there, with or without the hash before it."""
    hashed = static_prefix().removeprefix("static/")
    file = static_files().get(path.removeprefix(hashed))
    if file is None:
        raise HTTPException(404)
    return send(request, file, KEEP if path.startswith(hashed) else ASK_AGAIN)
