"""Download one file from a server: whole and unchanged, or not at all.

A partial file lies beside its target under a hidden name that holds a digest of the version's ETag,
so that the next attempt, today or next week, continues where this one stopped and never joins two
versions. Handles HTTP; does not read the file.
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

BytesReceived = Callable[[int, int | None], None]
"Called with the bytes of a file that are received, and with its size if that is known."

_BLOCK = 1 << 16
_RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_HEAD = frozenset({400, 403, 405, 501})  # servers that answer GET but not HEAD
_MEANINGS = {
    401: "the server wants a password",
    403: "the server does not give this file",
    404: "the server has no such file",
    410: "the server has this file no longer",
    429: "the server asks to come back later",
}


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to wait for a server, and how often to try again."""

    attempts: int = 6
    "Attempts in a row without a new byte before the download fails."
    first_wait: float = 1.0
    "Seconds before the second attempt; twice as long before each further one."
    longest_wait: float = 60.0
    "Upper limit of a wait in seconds, whatever the server asks for."
    connect_seconds: float = 10.0
    "Seconds for a connection to be made."
    read_seconds: float = 30.0
    "Seconds without a byte after which a connection counts as stalled."

    def wait(self, attempt: int) -> float:
        """Seconds to wait after an attempt, counted from 0, with random jitter."""
        longest: float = min(self.longest_wait, self.first_wait * 2.0**attempt)
        return longest * random.uniform(0.5, 1.0)


class _RetryableError(Exception):
    """An attempt failed in a way that another one may not.

    Args:
        why: The reason, in a few words.
        wait: Seconds that the server asks to wait; None: it does not ask.
        weight: How many failures it counts as: more if another attempt is unlikely to help.
    """

    def __init__(self, why: str, wait: float | None = None, weight: int = 1) -> None:
        super().__init__(why)
        self.wait = wait
        self.weight = weight


@dataclass(frozen=True)
class _ResponseInfo:
    """What the headers of a response say of a file.

    Args:
        size: Bytes of the file; None: not given.
        etag: Strong ETag of this version; None: not given.
        md5: MD5 digest of the content; None: not given.
    """

    size: int | None
    etag: str | None
    md5: bytes | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> _ResponseInfo:
        """From a response's headers; invalid ones count as not given."""
        length = headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,18}", length) else None
        etag = headers.get("ETag", "")
        found = re.search(r"\bmd5=([A-Za-z0-9+/=]+)", headers.get("x-goog-hash", ""))
        text = found[1] if found else headers.get("Content-MD5", "")
        try:
            md5 = base64.b64decode(text, validate=True)
        except binascii.Error:
            md5 = b""
        strong = bool(etag) and not etag.startswith("W/")
        return cls(size, etag if strong else None, md5 if len(md5) == 16 else None)


class Transfer:
    """Downloads files, one at a time in each thread.

    Args:
        retry_policy: When to try again.
        stopped: Set to end all transfers soon; partial files are kept.
    """

    def __init__(self, retry_policy: RetryPolicy, stopped: threading.Event | None = None) -> None:
        self._retry_policy = retry_policy
        self._stopped = stopped or threading.Event()
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=32,
            retries=urllib3.Retry(None, connect=0, read=0, status=0, other=0, redirect=5),
            timeout=urllib3.Timeout(
                connect=retry_policy.connect_seconds, read=retry_policy.read_seconds
            ),
            headers={"Accept-Encoding": "identity", "User-Agent": "sketch-pix2seq"},
        )

    def fetch(
        self, url: str, target: Path, on_progress: BytesReceived = lambda done, size: None
    ) -> bool:
        """Fetch a file, unless it is there.

        Args:
            url: URL of the file.
            target: Path of the file; its folder exists.
            on_progress: Called with the bytes that are received.

        Returns:
            Whether it was fetched; False if it existed already, with the right size.

        Raises:
            DownloadError: If it cannot be fetched, or a file of another size exists already.
        """
        failures = 0
        have = 0
        while True:
            try:
                return self._attempt(url, target, on_progress)
            except _RetryableError as error:
                have, before = _largest_part(target), have
                failures = 0 if have > before else failures + error.weight
                if failures >= self._retry_policy.attempts:
                    raise DownloadError(
                        f"`{target.name}` cannot be fetched, though tried again: {error}",
                        do=f"Call the command again later. {url}",
                    ) from error
                asked = error.wait
                wait = self._retry_policy.wait(max(failures - 1, 0))
                if asked is not None:
                    wait = min(max(asked, 0.0), self._retry_policy.longest_wait)
                if self._stopped.wait(wait):
                    raise DownloadError(f"`{target.name}` was interrupted") from error
            except OSError as error:
                raise DownloadError(
                    f"`{target}` cannot be written", got=error.strerror or str(error)
                ) from error

    def _attempt(self, url: str, target: Path, on_progress: BytesReceived) -> bool:
        info = self._ask(url)
        if target.exists():
            return _check_existing(target, info)
        part = _part_of(target, info.etag or "")
        with _opened(part, target) as file:
            start = file.seek(0, os.SEEK_END)
            if info.etag is None or (info.size is not None and start > info.size):
                start = file.seek(0)
                file.truncate()
            on_progress(start, info.size)
            if info.size is None or start < info.size:
                self._receive(url, info, file, start, on_progress)
            _check(file, info)
            _put_in_place(part, target)
        return True

    def _ask(self, url: str) -> _ResponseInfo:
        """Ask for the file's headers; the result is empty if the server refuses HEAD."""
        with self._response("HEAD", url, {}) as response:
            if response.status in _NO_HEAD:
                return _ResponseInfo(None, None, None)
            _accept(response, 200)
            return _ResponseInfo.of(response.headers)

    def _receive(
        self,
        url: str,
        info: _ResponseInfo,
        file: BufferedRandom,
        start: int,
        on_progress: BytesReceived,
    ) -> None:
        """Receive the content from byte `start` on."""
        headers = {}
        if start and info.etag is not None:
            headers = {"Range": f"bytes={start}-", "If-Range": info.etag}
        with self._response("GET", url, headers) as response:
            if response.status == 416:
                file.truncate(0)
                raise _RetryableError("the server refuses to go on in the middle")
            _accept(response, 200, 206)
            if not _continues(response, start):  # the whole file comes, perhaps another version
                start = 0
            now = _ResponseInfo.of(response.headers)
            if info.etag is not None and now.etag is not None and now.etag != info.etag:
                raise _RetryableError("the file was changed on the server meanwhile")
            file.seek(start)
            file.truncate()
            try:
                while block := response.read1(_BLOCK, decode_content=False):
                    if self._stopped.is_set():
                        raise _RetryableError("interrupted")
                    file.write(block)
                    start += len(block)
                    if info.size is not None and start > info.size:
                        file.truncate(0)
                        raise _RetryableError(f"more came than the {info.size:,} bytes announced")
                    on_progress(start, info.size)
            finally:
                file.flush()

    @contextmanager
    def _response(
        self, method: str, url: str, headers: dict[str, str]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request, and translate the library's errors."""
        response: urllib3.BaseHTTPResponse | None = None
        try:
            response = self._pool.request(
                method, url, headers={**self._pool.headers, **headers}, preload_content=False
            )
            yield response
        except urllib3.exceptions.MaxRetryError as error:
            raise _translated(error.reason or error) from error
        except HTTPError as error:
            raise _translated(error) from error
        finally:
            if response is not None:
                response.close()


def _translated(error: BaseException) -> Exception:
    """The library's error as one to retry, or as one that ends the download."""
    if isinstance(error, NameResolutionError):
        return _RetryableError("its address is not known here (is there internet?)", weight=3)
    if isinstance(error, NewConnectionError):
        return _RetryableError("no connection to the server (is there internet?)", weight=3)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return _RetryableError("the server does not answer in time")
    if isinstance(error, ProtocolError):
        return _RetryableError("the connection broke off")
    if isinstance(error, SSLError):
        return DownloadError("the server's certificate is not to be trusted", got=error)
    return DownloadError("the address cannot be used", got=error)


def _accept(response: urllib3.BaseHTTPResponse, *wanted: int) -> None:
    """Refuse any other status."""
    status = response.status
    if status in wanted:
        return
    meaning = _MEANINGS.get(
        status, "the server failed" if status >= 500 else "an unexpected answer"
    )
    if status in _RETRY_STATUSES:
        raise _RetryableError(f"{meaning} (status {status})", _retry_after(response))
    raise DownloadError(f"{meaning} (status {status})", do=f"Look at the address: {response.url}")


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds that the server asks to wait, given as a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}", text):
        return float(text)
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None


def _continues(response: urllib3.BaseHTTPResponse, start: int) -> bool:
    """Whether the answer continues at byte `start`."""
    if response.status != 206:
        return False
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != start:
        raise _RetryableError("the server sends another part than was asked for")
    return True


def _check_existing(target: Path, info: _ResponseInfo) -> bool:
    """Check a file that exists already; returns False: it was not fetched."""
    size = target.stat().st_size
    if info.size is not None and size != info.size:
        raise DownloadError(
            f"`{target}` is there already and must have {info.size:,} bytes",
            got=f"{size:,}",
            do="Remove it, or name another folder.",
        )
    return False


def _part_of(target: Path, etag: str) -> Path:
    """Path of the partial file of this version."""
    version = hashlib.blake2b(etag.encode(), digest_size=6).hexdigest()
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
    """Open and lock the partial file; those of other versions are removed."""
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


def _check(file: BufferedRandom, info: _ResponseInfo) -> None:
    """Check size and digest against what the server announced."""
    size = file.seek(0, os.SEEK_END)
    if info.size is not None and size != info.size:
        raise _RetryableError(f"only {size:,} of {info.size:,} bytes came")
    if info.md5 is not None:
        file.seek(0)
        if (
            hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
            != info.md5
        ):
            file.truncate(0)
            raise _RetryableError("what came is damaged: its MD5 is not what the server says")


def _put_in_place(part: Path, target: Path) -> None:
    """Rename the complete file, unless its name is taken meanwhile."""
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
