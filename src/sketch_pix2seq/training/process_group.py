"""The processes that train one model together: here, or on many machines.

Each process takes its part of every batch; gradients and losses are summed over all of them. The
command itself is the main process and starts the workers, or torchrun starts all of them and gives
each its rank in environment variables.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import torch
from torch import Tensor, distributed
from torch.distributed import HashStore, TCPStore  # type: ignore[attr-defined]

from sketch_pix2seq.errors import LostProcessError, SketchPix2SeqError, UsageError
from sketch_pix2seq.processors import num_processors

SECONDS_TO_END = 10.0
TIMEOUT_SECONDS = 3600.0  # the workers wait this long while the main process validates
_POLL_SECONDS = 0.2


class ProcessGroup:
    """The processes that train together, as one of them sees them.

    Args:
        rank: Number of this process, from 0; 0 is the main process.
        size: Number of processes.
        device: Device of this process.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str = "cpu") -> None:
        self.rank = rank
        self.size = size
        self.device = torch.device(device)
        if self.device.type == "cuda":  # ten bits of fraction in products, sums in 32-bit floats
            torch.set_float32_matmul_precision("high")

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and reports."""
        return self.rank == 0

    def all_reduce(self, values: Tensor) -> Tensor:
        """The sum over all processes, on the device that the values came from.

        Raises:
            LostProcessError: If another process has ended.
        """
        return values if self.size == 1 else self._exchanged(values, distributed.all_reduce)

    def broadcast(self, values: Tensor) -> Tensor:
        """The values of the main process. Raises: as `all_reduce`."""
        return values if self.size == 1 else self._exchanged(values, distributed.broadcast, 0)

    def all_reduce_gradients(self, parameters: list[Tensor]) -> None:
        """Make each gradient the sum over all processes, in one message. Raises: the same."""
        if self.size == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        summed = self.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = summed.split([gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def _exchanged(self, values: Tensor, exchange: Callable[..., object], *words: int) -> Tensor:
        moved = values.to(self.device, copy=True).contiguous()
        try:
            exchange(moved, *words)
        except RuntimeError as error:
            raise LostProcessError(
                "another process of the run has ended",
                do="Read its own error above, if there is one, and continue with --resume.",
            ) from error
        return moved.to(values.device)


def is_main_process() -> bool:
    """Whether this process is, or will be, the main one of its group."""
    ranks = _torchrun_ranks(os.environ)
    return ranks is None or ranks[0] == 0


def group_size(devices: int) -> int:
    """How many processes train together: `devices`, or as many as torchrun started."""
    ranks = _torchrun_ranks(os.environ)
    return devices if ranks is None else ranks[1]


def threads_per_process(devices: int) -> int:
    """With how many threads each process of a group computes.

    Args:
        devices: As of `join_processes`.
    """
    ranks = _torchrun_ranks(os.environ)
    if ranks is None and devices == 1:
        return torch.get_num_threads()
    return _threads(devices if ranks is None else ranks[3])


def _threads(local_size: int) -> int:
    """Each process's share of the processors, unless the user or a GPU makes that needless."""
    on_gpu = torch.cuda.device_count() >= local_size
    if on_gpu or "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    return max(1, num_processors() // local_size)


@contextmanager
def join_processes(devices: int, work: Callable[[ProcessGroup], object]) -> Iterator[ProcessGroup]:
    """Start workers and join them as the main process, or join the group that torchrun started.

    Args:
        devices: Number of processes on this machine; 1 under torchrun, which has its own count.
        work: The function that each worker runs; it can be pickled.

    Raises:
        UsageError: As `check_devices`.
        LostProcessError: If a worker ends before it has joined.
    """
    check_devices(devices)
    ranks = _torchrun_ranks(os.environ)
    if ranks is None and devices == 1:
        yield ProcessGroup(device="cuda" if torch.cuda.is_available() else "cpu")
    elif ranks is None:
        with _started(devices, work) as group:
            yield group
    else:
        rank, size, local_rank, local_size = ranks
        with _joined(rank, size, local_rank, local_size, None) as group:
            yield group


def _torchrun_ranks(variables: Mapping[str, str]) -> tuple[int, int, int, int] | None:
    """Rank, size, and both on this machine; None if torchrun has not started this process."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    if any(name not in variables for name in names):
        return None
    rank, size, local_rank, local_size = (int(variables[name]) for name in names[:4])
    return rank, size, local_rank, local_size


def check_devices(devices: int, batch_size: int | None = None) -> None:
    """Check that this machine can train with that number of processes.

    Args:
        devices: As of `join_processes`.
        batch_size: Drawings that all processes share, each at least one; None: not known yet.

    Raises:
        UsageError: If it cannot.
    """
    if devices > 1 and _torchrun_ranks(os.environ) is not None:
        raise UsageError(
            "`devices` must be left out under torchrun",
            do="Give torchrun --nproc-per-node instead.",
        )
    if devices < 1:
        raise UsageError("`devices` must be 1 or more", got=devices)
    num_gpus = torch.cuda.device_count()
    if devices > 1 and not distributed.is_available():
        raise UsageError("this build of torch cannot train on several devices", got=devices)
    if num_gpus and devices > num_gpus:
        raise UsageError(f"`devices` must be at most {num_gpus}, the number of GPUs", got=devices)
    if batch_size is not None and group_size(devices) > batch_size:
        raise UsageError(
            "there must be at most as many processes as drawings in a batch",
            got=f"{group_size(devices)} for `batch_size` {batch_size}",
        )


@contextmanager
def _started(devices: int, work: Callable[[ProcessGroup], object]) -> Iterator[ProcessGroup]:
    """Start the workers, wait until they run, join them, and end them."""
    store = TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
    context = get_context("spawn")
    workers = [
        context.Process(target=_run_worker, args=(rank, devices, store.port, work), daemon=True)
        for rank in range(1, devices)
    ]
    for worker in workers:
        worker.start()
    try:
        _wait_for_workers(workers, store)
        with _joined(0, devices, 0, devices, store) as group:
            yield group
    finally:
        for worker in workers:  # they end by themselves once the main process has left the group
            worker.join(SECONDS_TO_END)
            worker.kill()


def _wait_for_workers(workers: Sequence[BaseProcess], store: Any) -> None:
    for rank, worker in enumerate(workers, 1):
        while not store.check([f"running/{rank}"]):
            worker.join(_POLL_SECONDS)
            if worker.exitcode is not None:
                raise LostProcessError(
                    f"process {rank} of the run ended as it started, with status {worker.exitcode}"
                )


def _run_worker(rank: int, size: int, port: int, work: Callable[[ProcessGroup], object]) -> None:
    """Run one worker; Ctrl-C is handled by the main process alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        store = TCPStore("127.0.0.1", port, None, False)
        store.set(f"running/{rank}", "")
        with _joined(rank, size, rank, size, store) as group:
            work(group)
    except LostProcessError:
        sys.exit(1)  # the process that ended first has reported why
    except SketchPix2SeqError as error:
        sys.stderr.write(f"process {rank}: {error}\n")
        sys.exit(1)


def _forget_failed_group() -> None:
    """Let this process join another group later.

    torch counts groups, and their names hold the number; only the end of a whole group begins anew.
    Without it the next group would wait for processes that call it by another name.
    """
    if not distributed.is_initialized():
        distributed.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
    distributed.destroy_process_group()


@contextmanager
def _joined(
    rank: int, size: int, local_rank: int, local_size: int, store: Any
) -> Iterator[ProcessGroup]:
    """Join the group, with this process's share of the processors."""
    # Imported before the group is made: its functions keep the current group as a default argument.
    # Imported later, by an optimiser, it would keep the group alive after `destroy_process_group`,
    # and gloo's threads would abort the interpreter at exit.
    import torch.distributed.nn.functional

    on_gpu = torch.cuda.device_count() >= local_size
    threads = torch.get_num_threads()
    device = f"cuda:{local_rank}" if on_gpu else "cpu"
    if on_gpu:
        torch.cuda.set_device(local_rank)
    torch.set_num_threads(_threads(local_size))
    try:
        distributed.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=timedelta(seconds=TIMEOUT_SECONDS),
        )
    except (OSError, RuntimeError) as error:
        _forget_failed_group()
        raise LostProcessError(
            "another process of the run has ended, or they did not find each other", got=error
        ) from error
    try:
        yield ProcessGroup(rank, size, device)
    finally:
        distributed.destroy_process_group()
        torch.set_num_threads(threads)
