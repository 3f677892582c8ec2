"""Engines that read shards: this process, several on this machine, or a Ray cluster.

Each gives the same results in the same order, so that a data set does not depend on the engine.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any
from urllib.parse import urlsplit

from sketch_pix2seq.data.options import Engine
from sketch_pix2seq.data.read_shard import Progress, Shard, ShardResult, read_shard
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.processors import num_processors

WORTH_A_WORKER = 16_000_000
"""Bytes of sources for each process: fewer are read before another process has started."""


SECONDS_TO_ANSWER = 10
"""How long a Ray cluster may take to accept a connection."""


def check_workers(workers: int | None, engine: str) -> None:
    """Check the number of workers and the engine.

    Raises:
        UsageError: If one of them is out of its range.
    """
    if workers is not None and (type(workers) is not int or not 1 <= workers <= 1024):
        raise UsageError("`workers` must be a whole number from 1 to 1,024", got=workers)
    if engine not in ("local", "ray"):
        raise UsageError("`engine` must be local or ray", got=engine)


def read_shards(
    shards: Sequence[Shard],
    *,
    workers: int | None = None,
    engine: Engine = "local",
    progress: Progress | None = None,
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
    total = sum(shard.size for shard in shards)
    counter = _ProgressCounter(total, progress)
    if engine == "ray":
        return _on_ray(shards, workers, counter)
    num = workers or min(num_processors(), 1 + total // WORTH_A_WORKER)
    if min(num, len(shards)) > 1:
        return _in_processes(shards, num, counter)
    return [counter.done(read_shard(shard, counter.within)) for shard in shards]


class _ProgressCounter:
    """Counts the bytes that are read, over all shards."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def within(self, done: int) -> None:
        """Report that `done` bytes of the current shard are read."""
        if self._progress:
            self._progress(self._done + done, self._total)

    def done(self, part: ShardResult) -> ShardResult:
        """Count a whole shard."""
        self._done += part.shard.size
        self.within(0)
        return part


def _in_processes(
    shards: Sequence[Shard], workers: int, counter: _ProgressCounter
) -> list[ShardResult]:
    """Read shards in processes of this machine."""
    context = get_context("spawn")
    worker_end, parent_end = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        min(workers, len(shards)),
        mp_context=context,
        initializer=_start_worker,
        initargs=(worker_end,),
    )
    futures: list[Future[ShardResult]] = []
    try:
        futures.extend(pool.submit(read_shard, shard) for shard in shards)
        return [counter.done(future.result()) for future in futures]
    except BrokenProcessPool as error:
        raise DatasetError(
            "a worker ended before its work was done", do="Ask for fewer `workers`."
        ) from error
    finally:
        parent_end.close()  # workers that still read end at once
        pool.shutdown(wait=True, cancel_futures=True)
        worker_end.close()


def _start_worker(parent_pipe: Connection) -> None:
    """Ignore Ctrl-C, and end when the parent closes its end of the pipe or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        wait([parent_pipe])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _check_reachable(address: str) -> None:
    """Check that a cluster answers: Ray itself would try for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = place.hostname, place.port
        if host and port:
            socket.create_connection((host, port), SECONDS_TO_ANSWER).close()
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"the Ray cluster at `{address}` must answer",
            got=error,
            do="Start it, or set RAY_ADDRESS to where it is.",
        ) from error


def _on_ray(
    shards: Sequence[Shard], workers: int | None, counter: _ProgressCounter
) -> list[ShardResult]:
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
    at_once = workers or len(shards)
    refs: dict[int, Any] = {}
    found: list[ShardResult] = []
    try:
        for number in range(len(shards)):
            for ahead in range(number, min(number + at_once, len(shards))):
                if ahead not in refs:
                    refs[ahead] = task.remote(shards[ahead])
            found.append(counter.done(ray.get(refs[number])))
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, DatasetError) else error) from None
    except ray.exceptions.RayError as error:
        raise DatasetError("the Ray cluster failed", got=str(error).splitlines()[0]) from error
    finally:
        for number in range(len(found), len(refs)):
            ray.cancel(refs[number], force=True)
    return found
