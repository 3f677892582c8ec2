"""Quick, Draw!'s files from its public bucket, or from a copy of it.

Knows the URLs and fetches several files at once; `transfer` fetches one.

Source: addresses from the README of the Quick, Draw! Dataset (googlecreativelab/quickdraw-dataset).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import get_args
from urllib.parse import quote, urlsplit

from sketch_pix2seq.data.categories import find_categories
from sketch_pix2seq.data.options import BUCKET, Layout
from sketch_pix2seq.data.transfer import RetryPolicy, Transfer
from sketch_pix2seq.errors import DownloadError, UsageError

FileProgress = Callable[[str, int, int | None], None]
"Called with a file's name, the bytes of it that are received, and its size if that is known."
FileDone = Callable[[Path, bool], None]
"Called with a file's path, and whether it was fetched; False: it existed already."

_PLACES = {
    "simplified": ("full/simplified", ".ndjson"),
    "raw": ("full/raw", ".ndjson"),
    "binary": ("full/binary", ".bin"),
    "npz": ("sketchrnn", ".npz"),
}
_MOST_AT_ONCE = 32


def download(
    categories: Sequence[str],
    dest: str | Path,
    *,
    format: Layout = "simplified",  # noqa: A002 - the name of the flag
    base_url: str = BUCKET,
    parallel: int = 4,
    retry_policy: RetryPolicy | None = None,
    progress: FileProgress = lambda name, done, size: None,
    on_done: FileDone = lambda path, fetched: None,
) -> list[Path]:
    """Fetch one file a category.

    Convention:
        A file that exists already is left as it is. A partial file is kept under a hidden
        name, and the next call continues it.

    Args:
        categories: See `find_categories`.
        dest: The folder; it is made if it is not there.
        format: Which of Quick, Draw!'s layouts.
        base_url: Where the bucket, or a copy of it, is.
        parallel: Files at once.
        retry_policy: When to try again.
        progress: Called as bytes of a file arrive; from several threads.
        on_done: Called when a file is complete; from several threads.

    Returns:
        The files, in the order of the categories.

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
    stopped = threading.Event()
    transfer = Transfer(retry_policy or RetryPolicy(), stopped)
    place, suffix = _PLACES[format]

    def fetch(name: str) -> Path:
        url = f"{base_url.rstrip('/')}/{place}/{quote(name)}{suffix}"
        target = folder / f"{name}{suffix}"
        fetched = transfer.fetch(url, target, lambda done, size: progress(target.name, done, size))
        on_done(target, fetched)
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
    if type(parallel) is not int or not 1 <= parallel <= _MOST_AT_ONCE:
        wrong.append(f"`parallel` must be from 1 to {_MOST_AT_ONCE}, not {parallel!r}")
    if wrong:
        raise UsageError("; ".join(wrong))


def _wait_for_all(futures: Sequence[Future[Path]]) -> list[Path]:
    """Wait for all; report all failures together, equal ones once."""
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
