"""One file from a server, whole and unchanged or not at all.

What has come of a file lies beside its place under a hidden name, with the mark (ETag) of the
version it is of, so that the next attempt, today or next week, goes on where this one stopped
and never joins two versions. Knows HTTP; does not know what is in the file.
"""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import os
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedRandom
from pathlib import Path

import urllib3
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)

from sketch_pix2seq.errors import DownloadError

if sys.platform != "win32":
    import fcntl

Arrived = Callable[[int, int | None], None]
"Told how many bytes of a file there are now, and how many there will be if that is known."

_BLOCK = 1 << 16
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_HEAD = frozenset({400, 403, 405, 501})  # servers that answer GET but not HEAD
_MEANINGS = {
    401: "the server wants a password",
    403: "the server does not give this file",
    404: "the server has no such file",
    410: "the server has this file no longer",
    429: "the server asks to come back later",
}


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, and how often to ask again."""

    attempts: int = 6
    "Attempts in a row that bring nothing new before it is given up."
    first_wait: float = 1.0
    "Seconds before the second attempt; twice as long before each further one."
    longest_wait: float = 60.0
    "Seconds that are never exceeded, whatever the server asks for."
    connect_seconds: float = 10.0
    "Seconds for a connection to be made."
    read_seconds: float = 30.0
    "Seconds without a byte after which a connection counts as stalled."

    def wait(self, attempt: int) -> float:
        """Seconds to wait after an attempt, counted from 0: some chance is in it."""
        longest: float = min(self.longest_wait, self.first_wait * 2.0**attempt)
        return longest * random.uniform(0.5, 1.0)


class _AgainError(Exception):
    """An attempt failed in a way that another one may not.

    Args:
        why: In a few words.
        wait: Seconds that the server asks to wait, if it does.
        weight: As how many failures it counts: more, where hope is small.
    """

    def __init__(self, why: str, wait: float | None = None, weight: int = 1) -> None:
        super().__init__(why)
        self.wait = wait
        self.weight = weight


@dataclass(frozen=True)
class _Facts:
    """What the server says of a file.

    Args:
        size: In bytes, None if it does not say.
        mark: Of this version (strong ETag), None if it has none.
        md5: Digest of the content, None if it does not say.
    """

    size: int | None
    mark: str | None
    md5: bytes | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> _Facts:
        """From a response's headers; what makes no sense counts as not said."""
        length = headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,18}", length) else None
        mark = headers.get("ETag", "")
        told = re.search(r"\bmd5=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", ""))
        text = told[1] if told else headers.get("Content-MD5", "")
        try:
            md5 = base64.b64decode(text, validate=True)
        except binascii.Error:
            md5 = b""
        strong = bool(mark) and not mark.startswith("W/")
        return cls(size, mark if strong else None, md5 if len(md5) == 16 else None)


class Transfer:
    """Fetches files, each into its place.

    Args:
        patience: With the server.
        stopped: Set to make all transfers end soon; what has come is kept.
    """

    def __init__(self, patience: Patience, stopped: threading.Event | None = None) -> None:
        self._patience = patience
        self._stopped = stopped or threading.Event()
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=32,
            retries=urllib3.Retry(None, connect=0, read=0, status=0, other=0, redirect=5),
            timeout=urllib3.Timeout(connect=patience.connect_seconds, read=patience.read_seconds),
            headers={"Accept-Encoding": "identity", "User-Agent": "sketch-pix2seq"},
        )

    def fetch(self, url: str, target: Path, arrived: Arrived = lambda done, size: None) -> bool:
        """Fetch a file, unless it is there.

        Args:
            url: Its address.
            target: Its place; the folder exists.
            arrived: Told how much is there.

        Returns:
            Whether it was fetched; False if it was there, as large as the server says.

        Raises:
            DownloadError: If it cannot be had, or a file of another size has its place.
        """
        failures = 0
        have = 0
        while True:
            try:
                return self._attempt(url, target, arrived)
            except _AgainError as error:
                have, before = _largest_part(target), have
                failures = 0 if have > before else failures + error.weight
                if failures >= self._patience.attempts:
                    raise DownloadError(
                        f"`{target.name}` cannot be fetched, though tried again: {error}",
                        do=f"Call the command again later. {url}",
                    ) from error
                told = error.wait
                wait = self._patience.wait(max(failures - 1, 0))
                if told is not None:
                    wait = min(max(told, 0.0), self._patience.longest_wait)
                if self._stopped.wait(wait):
                    raise DownloadError(f"`{target.name}` was broken off") from error
            except OSError as error:
                raise DownloadError(
                    f"`{target}` cannot be written", got=error.strerror or str(error)
                ) from error

    def _attempt(self, url: str, target: Path, arrived: Arrived) -> bool:
        facts = self._ask(url)
        if target.exists():
            return _is_other(target, facts)
        part = _part_of(target, facts.mark or "")
        with _opened(part, target) as file:
            start = file.seek(0, os.SEEK_END)
            if facts.mark is None or (facts.size is not None and start > facts.size):
                start = file.seek(0)
                file.truncate()
            arrived(start, facts.size)
            if facts.size is None or start < facts.size:
                self._receive(url, facts, file, start, arrived)
            _check(file, facts)
            _put_in_place(part, target)
        return True

    def _ask(self, url: str) -> _Facts:
        """What the server says of the file; nothing, if it must not be asked."""
        with self._response("HEAD", url, {}) as response:
            if response.status in _NO_HEAD:
                return _Facts(None, None, None)
            _accept(response, 200)
            return _Facts.of(response.headers)

    def _receive(
        self, url: str, facts: _Facts, file: BufferedRandom, start: int, arrived: Arrived
    ) -> None:
        """Take what comes, from a place on."""
        headers = {}
        if start and facts.mark is not None:
            headers = {"Range": f"bytes={start}-", "If-Range": facts.mark}
        with self._response("GET", url, headers) as response:
            if response.status == 416:
                file.truncate(0)
                raise _AgainError("the server refuses to go on in the middle")
            _accept(response, 200, 206)
            if not _goes_on(response, start):  # the whole file comes, perhaps another version
                start = 0
            now = _Facts.of(response.headers)
            if facts.mark is not None and now.mark is not None and now.mark != facts.mark:
                raise _AgainError("the file was changed on the server meanwhile")
            file.seek(start)
            file.truncate()
            try:
                while block := response.read1(_BLOCK, decode_content=False):
                    if self._stopped.is_set():
                        raise _AgainError("broken off")
                    file.write(block)
                    start += len(block)
                    if facts.size is not None and start > facts.size:
                        file.truncate(0)
                        raise _AgainError(f"more came than the {facts.size:,} bytes announced")
                    arrived(start, facts.size)
            finally:
                file.flush()

    @contextmanager
    def _response(
        self, method: str, url: str, headers: dict[str, str]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Ask, and turn the library's errors into ours."""
        response: urllib3.BaseHTTPResponse | None = None
        try:
            response = self._pool.request(
                method, url, headers={**self._pool.headers, **headers}, preload_content=False
            )
            yield response
        except urllib3.exceptions.MaxRetryError as error:
            raise _told(error.reason or error) from error
        except HTTPError as error:
            raise _told(error) from error
        finally:
            if response is not None:
                response.close()


def _told(error: BaseException) -> Exception:
    """The library's error in a few words: another attempt may help, or none."""
    if isinstance(error, NameResolutionError):
        return _AgainError("its address is not known here (is there internet?)", weight=3)
    if isinstance(error, NewConnectionError):
        return _AgainError("no connection to the server (is there internet?)", weight=3)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return _AgainError("the server does not answer in time")
    if isinstance(error, ProtocolError):
        return _AgainError("the connection broke off")
    if isinstance(error, SSLError):
        return DownloadError("the server's certificate is not to be trusted", got=error)
    return DownloadError("the address cannot be used", got=error)


def _accept(response: urllib3.BaseHTTPResponse, *wanted: int) -> None:
    """Refuse any other status."""
    status = response.status
    if status in wanted:
        return
    meaning = _MEANINGS.get(status, "the server failed" if status >= 500 else "an odd answer")
    if status in _AGAIN:
        raise _AgainError(f"{meaning} (status {status})", _retry_after(response))
    raise DownloadError(f"{meaning} (status {status})", do=f"Look at the address: {response.url}")


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds that the server asks to wait: it says a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}", text):
        return float(text)
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None


def _goes_on(response: urllib3.BaseHTTPResponse, start: int) -> bool:
    """Whether the answer begins where we stopped."""
    if response.status != 206:
        return False
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != start:
        raise _AgainError("the server sends another part than was asked for")
    return True


def _is_other(target: Path, facts: _Facts) -> bool:
    """False for a file that is there already; one that cannot be it is refused."""
    size = target.stat().st_size
    if facts.size is not None and size != facts.size:
        raise DownloadError(
            f"`{target}` is there already and must have {facts.size:,} bytes",
            got=f"{size:,}",
            do="Remove it, or name another folder.",
        )
    return False


def _part_of(target: Path, mark: str) -> Path:
    """Where the beginning of this version of a file lies."""
    version = hashlib.blake2b(mark.encode(), digest_size=6).hexdigest()
    return target.with_name(f".{target.name}.{version}.part")


def _parts(target: Path) -> list[Path]:
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{12}}\.part")
    return [path for path in target.parent.iterdir() if pattern.fullmatch(path.name)]


def _largest_part(target: Path) -> int:
    sizes = [0]
    for path in _parts(target):
        with suppress(OSError):
            sizes.append(path.stat().st_size)
    return max(sizes)


@contextmanager
def _opened(part: Path, target: Path) -> Iterator[BufferedRandom]:
    """The beginning of a file, for us alone; those of other versions are removed."""
    for other in _parts(target):
        if other != part:
            other.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DownloadError(
                    f"`{target}` is being fetched by another process", do="Let it finish."
                ) from None
        yield file


def _check(file: BufferedRandom, facts: _Facts) -> None:
    """Refuse what is not what the server announced."""
    size = file.seek(0, os.SEEK_END)
    if facts.size is not None and size != facts.size:
        raise _AgainError(f"only {size:,} of {facts.size:,} bytes came")
    if facts.md5 is not None:
        file.seek(0)
        if (
            hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
            != facts.md5
        ):
            file.truncate(0)
            raise _AgainError("what came is damaged: its MD5 is not what the server says")


def _put_in_place(part: Path, target: Path) -> None:
    """Give the whole file its name, which must not be taken meanwhile."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(part, target)
    except FileExistsError:
        raise DownloadError(
            f"`{target}` appeared meanwhile", do="Remove it, or name another folder."
        ) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        part.rename(target)  # a file system without hard links
        return
    part.unlink()
