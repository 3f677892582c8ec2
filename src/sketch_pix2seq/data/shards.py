"""The first pass of preparing: each shard is read once, into one buffer file a category.

Shards are independent of each other: `read_shard` may run on any machine that sees the files, and
its result can be pickled. `read_shards` runs it in this process, in several of this machine, or on
a Ray cluster; results and their order are the same.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from sketch_pix2seq.data.encode import CategoryBuffer, encode
from sketch_pix2seq.data.options import Engine, PrepareOptions
from sketch_pix2seq.data.reading import ReadReport, read_drawings
from sketch_pix2seq.data.sources import Source, SourceFile, SourceFolder
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.processors import num_processors

ByteProgress = Callable[[int, int], None]
"Called with the bytes of the sources that are read, and with their total."

SHARD_BYTES = 64_000_000
"A larger ndjson that is not gzipped is read in parts of this size."
WORTH_A_WORKER = 16_000_000
"Bytes of sources for each process: fewer are read before another process has started."
SECONDS_TO_ANSWER = 10
"How long a Ray cluster may take to accept a connection."
_NOT_RECOGNISED = "a drawing must be one that Quick, Draw! recognised"
_BLOCK = 1024
_MAX_CATEGORIES = np.iinfo(np.int16).max


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A source or a part of one, to be read by one worker.

    Args:
        number: Index of the shard, from 0.
        num_shards: Number of all shards.
        source: Index of its source.
        path: The source.
        files: The files to read, if the source is a folder.
        span: First byte and the byte after the last, if it is a part of the source.
        size: Size in bytes.
        folder: Folder for the buffer files; emptied first.
        options: Options of `prepare`.
    """

    number: int
    num_shards: int
    source: int
    path: Path
    files: tuple[Path, ...] | None
    span: tuple[int, int] | None
    size: int
    folder: Path
    options: PrepareOptions

    def open(self) -> Source:
        """The source, ready to be read."""
        if self.files is not None:
            return SourceFolder(self.path, list(self.files))
        return SourceFile(self.path, self.span)


@dataclass(frozen=True, kw_only=True)
class ShardResult:
    """The result of reading a shard.

    Args:
        shard: The shard.
        sha256: Digest of its source; of a later part of one, of nothing.
        report: How many records were kept, and why others were not.
        buffers: A buffer file for each category, in the order of their first drawings.
    """

    shard: Shard
    sha256: str
    report: ReadReport
    buffers: dict[str, Path]


def shards_of(sources: Sequence[Source], folder: Path, options: PrepareOptions) -> list[Shard]:
    """Split sources into shards in their order, the same ones for every engine.

    Each shard makes a folder for its buffers in `folder`.
    """
    parts = [
        (number, source, span)
        for number, source in enumerate(sources)
        for span in _spans(source, options)
    ]
    return [
        Shard(
            number=index,
            num_shards=len(parts),
            source=number,
            path=source.path,
            files=tuple(source.files) if isinstance(source, SourceFolder) else None,
            span=span,
            size=source.size if span is None else span[1] - span[0],
            folder=folder / f"{index:06d}",
            options=options,
        )
        for index, (number, source, span) in enumerate(parts)
    ]


def _spans(source: Source, options: PrepareOptions) -> list[tuple[int, int] | None]:
    """The parts of a source: one, unless it is large and can be cut."""
    if isinstance(source, SourceFolder) or source.size <= SHARD_BYTES:
        return [None]
    if options.strict or not source.can_be_cut():  # a wrong line is refused by its number
        return [None]
    starts = range(0, source.size, SHARD_BYTES)
    return [(start, min(start + SHARD_BYTES, source.size)) for start in starts]


def read_shard(shard: Shard, progress: Callable[[int], None] | None = None) -> ShardResult:
    """Read a shard into its buffer files. If it fails, it can be read again from the start.

    Raises:
        DatasetError: If its source cannot be read, or has too many categories.
    """
    shutil.rmtree(shard.folder, ignore_errors=True)
    shard.folder.mkdir()
    source, report = shard.open(), ReadReport()
    buffers: dict[str, Path] = {}
    drawings = _selected(source, report, shard.options)
    while block := list(islice(drawings, _BLOCK)):
        _write_block(block, shard, buffers, report)
        if progress:
            progress(source.bytes_read)
    return ShardResult(shard=shard, sha256=source.sha256(), report=report, buffers=buffers)


def _write_block(
    block: list[tuple[str, SimplifiedDrawing]],
    shard: Shard,
    buffers: dict[str, Path],
    report: ReadReport,
) -> None:
    by_category: defaultdict[str, list[SimplifiedDrawing]] = defaultdict(list)
    for category, drawing in block:
        by_category[category].append(drawing)
    left_out: Counter[str] = Counter()
    for category, drawings in by_category.items():
        if category not in buffers:
            check_num_categories(len(buffers) + 1)
            buffers[category] = shard.folder / f"{len(buffers)}.buffer"
        encoded = encode(drawings, source=shard.source, options=shard.options, left_out=left_out)
        CategoryBuffer(buffers[category]).append(encoded)
    for reason, num in left_out.items():
        report.leave_out(reason, num)


def check_num_categories(num_categories: int) -> None:
    """Refuse more categories than a data set can have."""
    if num_categories > _MAX_CATEGORIES:
        raise DatasetError(f"a data set may have at most {_MAX_CATEGORIES} categories")


def _selected(
    source: Source, report: ReadReport, options: PrepareOptions
) -> Iterator[tuple[str, SimplifiedDrawing]]:
    """Yield a source's drawings with their categories, up to the limit of each category."""
    limit = options.limit
    counts: Counter[str] = Counter()
    full: list[bytes] = []  # how lines name the categories that are full: they are not parsed

    def is_full(line: bytes) -> bool:
        if not full or options.strict or line.count(b'"word"') != 1:
            return False
        return any(word in line for word in full)

    for drawing in read_drawings(source, strict=options.strict, report=report, skip=is_full):
        if options.recognized_only and drawing.recognized is False:
            report.leave_out(_NOT_RECOGNISED)
            continue
        category = drawing.word or source.category
        if limit is not None and counts[category] >= limit:
            report.read -= 1
            report.skipped += 1
            continue
        counts[category] += 1
        if counts[category] == limit and category.isascii() and '"' not in category:
            full += [f'"word":{blank}"{category}"'.encode() for blank in ("", " ")]
        yield category, drawing


def check_workers(workers: int | None, engine: str) -> None:
    """Refuse a number of workers or an engine that there is not."""
    if workers is not None and (type(workers) is not int or not 1 <= workers <= 1024):
        raise UsageError("`workers` must be a whole number from 1 to 1,024", got=workers)
    if engine not in ("local", "ray"):
        raise UsageError("`engine` must be local or ray", got=engine)


def read_shards(
    shards: Sequence[Shard],
    *,
    workers: int | None = None,
    engine: Engine = "local",
    progress: ByteProgress = lambda done, total: None,
) -> list[ShardResult]:
    """Read all shards.

    Args:
        shards: The shards.
        workers: Processes at once; None: as many as there are processors, fewer for little
            work. Of a Ray cluster: at most this many tasks at once, None: as many as it can.
        engine: `local`, or `ray` for a cluster, whose machines must see the same files.
        progress: Called with the bytes that are read, and with their total.

    Returns:
        The result of each shard, in their order.

    Raises:
        DatasetError: As the first failing shard raised it; or if a worker ended.
        MissingExtraError: If Ray is not installed.
    """
    check_workers(workers, engine)
    total, done = sum(shard.size for shard in shards), 0
    num = min(workers or min(num_processors(), 1 + total // WORTH_A_WORKER), len(shards))
    if engine == "ray":
        reading = _on_ray(shards, workers)
    elif num > 1:
        reading = _in_processes(shards, num)
    else:
        reading = (read_shard(shard, lambda now: progress(done + now, total)) for shard in shards)
    results = []
    for result in reading:
        results.append(result)
        done += result.shard.size
        progress(done, total)
    return results


def _in_processes(shards: Sequence[Shard], workers: int) -> Iterator[ShardResult]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            results = pool.map(read_shard, shards)
            pool.submit(int)  # a pool notices the end of a worker that started before a submit
            yield from results
        except BrokenProcessPool as error:
            raise DatasetError(
                "a worker ended before its work was done", do="Ask for fewer `workers`."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Let a worker end with Ctrl-C, and with the process that started it, even by kill -9.

    By themselves the workers of a killed process would wait for work for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _on_ray(shards: Sequence[Shard], workers: int | None) -> Iterator[ShardResult]:
    """Read shards on a Ray cluster: the one that RAY_ADDRESS names, or one on this machine."""
    with needs_extra("cluster"):
        import ray
    if not ray.is_initialized():
        _check_reachable(os.environ.get("RAY_ADDRESS", ""))
        ray.init(
            num_cpus=None if "RAY_ADDRESS" in os.environ else workers,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    task = ray.remote(read_shard)
    remaining = iter(shards)
    refs = deque(task.remote(shard) for shard in islice(remaining, workers or len(shards)))
    try:
        while refs:
            yield ray.get(refs[0])
            refs.popleft()
            refs.extend(task.remote(shard) for shard in islice(remaining, 1))
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, DatasetError) else error) from None
    except ray.exceptions.RayError as error:
        raise DatasetError("the Ray cluster failed", got=str(error).splitlines()[0]) from error
    finally:
        for ref in refs:
            ray.cancel(ref, force=True)


def _check_reachable(address: str) -> None:
    """Check that a cluster answers: Ray itself would try for minutes."""
    try:
        url = urlsplit(address if "://" in address else f"//{address}")
        if url.hostname and url.port:
            socket.create_connection((url.hostname, url.port), SECONDS_TO_ANSWER).close()
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"the Ray cluster at `{address}` must answer",
            got=error,
            do="Start it, or set RAY_ADDRESS to where it is.",
        ) from error
