"""Quick, Draw!'s categories, and their files from its public bucket or from a copy of it.

Source: names and addresses from the README of the Quick, Draw! Dataset
(googlecreativelab/quickdraw-dataset).
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from io import BufferedRandom
from pathlib import Path
from typing import get_args
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,  # noqa: A004 - of the library, not Python's
)

from sketch_pix2seq.data.options import BUCKET, Layout
from sketch_pix2seq.errors import DownloadError, UsageError
from sketch_pix2seq.io.atomic import locked

FileProgress = Callable[[str, int, int | None], None]
"Called with a file's name, the bytes of it that are received, and its size if that is known."
FileDone = Callable[[Path, bool], None]
"Called with a file's path, and whether it was fetched; False: it existed already."

ALL = "all"
"""Stands for every category."""
RETRIES = urllib3.Retry(
    total=5,  # in a row without a new byte
    other=1,  # if there is no connection at all
    backoff_factor=1,
    backoff_max=60,
    backoff_jitter=1,
    status_forcelist=(408, 425, 429, 500, 502, 503, 504),
)
"""When a file is tried again, and how long to wait before that."""

_LOCATIONS = {
    "simplified": ("full/simplified", ".ndjson"),
    "raw": ("full/raw", ".ndjson"),
    "binary": ("full/binary", ".bin"),
    "npz": ("sketchrnn", ".npz"),
}
_HIDDEN = ("part", "etag")
_MAX_AT_ONCE = 32
_BLOCK = 1 << 16
_REDIRECTS_ONLY = urllib3.Retry(None, connect=0, read=0, status=0, other=0, redirect=5)
_WORTH_A_RETRY = (ProtocolError, NewConnectionError, TimeoutError)
_MEANINGS = {
    401: "the server wants a password",
    403: "the server does not give this file",
    404: "the server has no such file",
    410: "the server has this file no longer",
    429: "the server asks to come back later",
}


@cache
def quickdraw_categories() -> tuple[str, ...]:
    """All names, by the alphabet.

    Example:
        >>> len(quickdraw_categories()), quickdraw_categories()[0]
        (345, 'aircraft carrier')
    """
    text = resources.files("sketch_pix2seq.data").joinpath("categories.txt").read_text("utf-8")
    return tuple(text.splitlines())


def find_categories(names: Sequence[str]) -> list[str]:
    """The categories of these names: in any case, `_` or `-` for a blank, `all` for all.

    Raises:
        UsageError: Naming every one that there is not, with the nearest right ones. If one name
            does not stand in a list.

    Example:
        >>> find_categories(["Alarm_Clock", "cat", "cat"])
        ['alarm clock', 'cat']
    """
    if isinstance(names, str):
        raise UsageError("`categories` must be a list", got=f"one name, `{names}`")
    known = {_plain(name): name for name in quickdraw_categories()}
    categories: list[str] = []
    wrong: list[str] = []
    for name in names:
        if _plain(name) == ALL:
            categories.extend(known.values())
        elif _plain(name) in known:
            categories.append(known[_plain(name)])
        else:
            near = difflib.get_close_matches(_plain(name), known, n=3)
            hint = f" (did you mean {' or '.join(known[key] for key in near)}?)" if near else ""
            wrong.append(f"there is no category `{name}`{hint}")
    if wrong:
        raise UsageError("; ".join(wrong), do="Quote a name that has a blank in it.")
    if not categories:
        raise UsageError("at least one category is needed", do=f"`{ALL}` stands for all.")
    return list(dict.fromkeys(categories))


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def download(
    categories: Sequence[str],
    dest: str | Path,
    *,
    format: Layout = "simplified",  # noqa: A002 - the name of the flag
    base_url: str = BUCKET,
    parallel: int = 4,
    retries: urllib3.Retry = RETRIES,
    read_seconds: float = 30.0,
    progress: FileProgress = lambda name, done, size: None,
    on_done: FileDone = lambda path, fetched: None,
) -> list[Path]:
    """Fetch one file a category, and return the files in the order of the categories.

    A file that exists already is left as it is. A partial file is kept under a hidden name, and
    the next call continues it.

    Args:
        categories: See `find_categories`.
        dest: The folder; it is made if it is not there.
        format: One of Quick, Draw!'s layouts.
        base_url: Address of the bucket, or of a copy of it.
        parallel: Files at once.
        retries: When a file is tried again.
        read_seconds: Seconds without a byte after which a connection counts as stalled.
        progress: Called as bytes of a file arrive; from several threads.
        on_done: Called when a file is complete; from several threads.

    Raises:
        UsageError: If an argument is out of its range.
        DownloadError: If some files cannot be fetched. All others are fetched before that.
    """
    names = find_categories(categories)
    _check(format, base_url, parallel)
    folder = Path(dest)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"`{folder}` cannot be made", got=error.strerror) from error
    http = urllib3.PoolManager(
        maxsize=_MAX_AT_ONCE,
        retries=_REDIRECTS_ONLY,
        timeout=urllib3.Timeout(connect=10.0, read=read_seconds),
        headers={"Accept-Encoding": "identity", "User-Agent": "sketch-pix2seq"},
    )
    stopped = threading.Event()
    directory, suffix = _LOCATIONS[format]

    def fetch(name: str) -> Path:
        target = folder / f"{name}{suffix}"
        is_new = not target.exists()
        if is_new:
            url = f"{base_url.rstrip('/')}/{directory}/{quote(name)}{suffix}"
            _Transfer(http, url, target, partial(progress, target.name), stopped).run(retries)
        on_done(target, is_new)
        return target

    with ThreadPoolExecutor(parallel, thread_name_prefix="download") as pool:
        futures = [pool.submit(fetch, name) for name in names]
        try:
            return _wait_for_all(futures)
        finally:  # nothing is under way here, unless it was broken off
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _check(format_: str, base_url: str, parallel: int) -> None:
    """Report all arguments out of range at once."""
    wrong = []
    if format_ not in get_args(Layout):
        wrong.append(f"`format` must be one of {', '.join(get_args(Layout))}, not {format_!r}")
    try:
        parts = urlsplit(base_url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        wrong.append(f"`base_url` must begin with http:// or https://, not {base_url!r}")
    if type(parallel) is not int or not 1 <= parallel <= _MAX_AT_ONCE:
        wrong.append(f"`parallel` must be from 1 to {_MAX_AT_ONCE}, not {parallel!r}")
    if wrong:
        raise UsageError("; ".join(wrong))


def _wait_for_all(futures: Sequence[Future[Path]]) -> list[Path]:
    """Wait for all; report all failures together."""
    paths: list[Path] = []
    failures: list[str] = []
    for future in futures:
        try:
            paths.append(future.result())
        except DownloadError as error:
            failures.append(str(error))
    if failures:
        missing = f"{len(failures)} of {len(futures)} files could not be fetched: "
        raise DownloadError((missing if len(futures) > 1 else "") + "; ".join(failures))
    return paths


class _AnswerError(ProtocolError):
    """The server answers with something else than the requested bytes."""

    def __init__(self, response: urllib3.BaseHTTPResponse, message: str | None = None) -> None:
        self.response = response
        status = response.status
        default = "the server failed" if status >= 500 else "an unexpected answer"
        super().__init__(message or f"{_MEANINGS.get(status, default)} (status {status})")


@dataclass(frozen=True)
class _Transfer:
    """The download of one file into a hidden file, which is renamed at the end.

    Beside it lies the ETag of its version, so that two versions are never joined.
    """

    http: urllib3.PoolManager
    url: str
    target: Path
    progress: Callable[[int, int | None], None]
    stopped: threading.Event

    def run(self, retries: urllib3.Retry) -> None:
        """Fetch the file, trying again as `retries` says."""
        part, etag = (self.target.with_name(f".{self.target.name}.{end}") for end in _HIDDEN)
        try:
            part.touch()
            with part.open("r+b") as file, locked(part) as is_locked:
                if is_locked is False:
                    raise DownloadError(
                        f"`{self.target}` is being fetched by another process", do="Let it finish."
                    )
                try:
                    self._fetch(file, etag, retries)
                except DownloadError:
                    if file.seek(0, os.SEEK_END) == 0:  # nothing to continue
                        part.unlink()
                        etag.unlink(missing_ok=True)
                    raise
                os.fsync(file.fileno())
            part.replace(self.target)
            etag.unlink(missing_ok=True)
        except OSError as error:
            raise DownloadError(
                f"`{self.target}` cannot be written", got=error.strerror or str(error)
            ) from error

    def _fetch(self, file: BufferedRandom, etag: Path, retries: urllib3.Retry) -> None:
        remaining, most = retries, file.seek(0, os.SEEK_END)
        while True:
            try:
                return self._receive(file, etag)
            except HTTPError as error:
                reason = (error.reason or error) if isinstance(error, MaxRetryError) else error
            answer = reason.response if isinstance(reason, _AnswerError) else None
            if not isinstance(reason, _WORTH_A_RETRY) or (
                answer and answer.status not in (200, 206, 416, *(retries.status_forcelist or ()))
            ):
                do = f"Look at the address: {self.url}"
                raise DownloadError(_meaning(reason), do=do) from reason
            size = file.seek(0, os.SEEK_END)
            if size > most:
                remaining, most = retries, size
            try:
                remaining = remaining.increment("GET", self.url, answer, None if answer else reason)
            except MaxRetryError as error:
                raise DownloadError(
                    f"`{self.target.name}` cannot be fetched, though tried again: "
                    f"{_meaning(reason)}",
                    do=f"Call the command again later. {self.url}",
                ) from error
            if self.stopped.wait(_seconds(remaining, answer)):
                raise DownloadError(f"`{self.target.name}` was interrupted") from reason

    def _receive(self, file: BufferedRandom, etag_file: Path) -> None:
        """Receive what is missing, or all of it if the server has another version."""
        start = file.seek(0, os.SEEK_END)
        etag = etag_file.read_text() if start and etag_file.exists() else ""
        range_headers = {"Range": f"bytes={start}-", "If-Range": etag} if etag else {}
        response = self.http.request(
            "GET", self.url, headers={**self.http.headers, **range_headers}, preload_content=False
        )
        with closing(response):
            if response.status == 416:
                file.truncate(0)
                raise _AnswerError(response, "the server refuses to go on in the middle")
            if response.status == 206:
                if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                    raise _AnswerError(response, "the server sends another part than asked for")
            elif response.status == 200:
                start = file.truncate(0)
                etag = response.headers.get("ETag", "")
                etag_file.write_text("" if etag.startswith("W/") else etag)
            else:
                raise _AnswerError(response)
            length = response.headers.get("Content-Length", "")
            size = start + int(length) if length.isdecimal() else None
            file.seek(start)
            self.progress(start, size)
            while block := response.read1(_BLOCK, decode_content=False):
                if self.stopped.is_set():
                    raise _AnswerError(response, "interrupted")
                start += file.write(block)
                self.progress(start, size)
            if size is not None and start != size:
                raise _AnswerError(response, f"only {start:,} of {size:,} bytes came")
            md5 = re.search(r"\bmd5=([\w+/=]+)", response.headers.get("x-goog-hash", ""))
            if md5 and md5[1] != _md5(file):
                file.truncate(0)
                raise _AnswerError(
                    response, "what came is damaged: its MD5 is not what the server says"
                )


def _md5(file: BufferedRandom) -> str:
    file.seek(0)
    md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return base64.b64encode(md5.digest()).decode()


def _seconds(retries: urllib3.Retry, answer: urllib3.BaseHTTPResponse | None) -> float:
    """Seconds to wait: as the server asks, or else longer each time."""
    try:
        wait = None if answer is None else retries.get_retry_after(answer)
    except InvalidHeader:
        wait = None
    return min(retries.get_backoff_time() if wait is None else wait, retries.backoff_max)


def _meaning(error: Exception) -> str:
    """What went wrong, in a few words."""
    meanings = (
        (_AnswerError, str(error)),
        (NameResolutionError, "its address is not known here (is there internet?)"),
        (NewConnectionError, "no connection to the server (is there internet?)"),
        (TimeoutError, "the server does not answer in time"),
        (ProtocolError, "the connection broke off"),
        (SSLError, f"the server's certificate is not valid; got {error}"),
    )
    default = f"the address cannot be used; got {error}"
    return next((text for kind, text in meanings if isinstance(error, kind)), default)
