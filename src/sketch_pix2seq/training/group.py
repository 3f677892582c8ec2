"""The processes that train one model together: here, or on many machines.

Each takes its part of every batch; what they must agree on they add up. The command itself
is the first process and starts the others, or all are started by torchrun, which tells each
its place in the environment.
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
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from sketch_pix2seq.errors import LostProcessError, SketchPix2SeqError, UsageError
from sketch_pix2seq.processors import num_processors

SECONDS_TO_END = 10.0
SILENT_SECONDS = 3600.0  # the others wait this long while the first one validates
_POLL_SECONDS = 0.2


class Group:
    """This process's place among those that train together.

    Args:
        rank: number of this process, from 0.
        size: how many there are.
        device: where this one computes.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str = "cpu") -> None:
        self.rank = rank
        self.size = size
        self.device = torch.device(device)
        if self.device.type == "cuda":  # ten bits of fraction in products, sums in 32-bit floats
            torch.set_float32_matmul_precision("high")

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    def add_up(self, values: Tensor) -> Tensor:
        """The sum over all processes, on the device that the values came from.

        Raises:
            LostProcessError: if one of them has ended.
        """
        if self.size == 1:
            return values
        moved = values.to(self.device, copy=True)
        with _told_if_lost():
            distributed.all_reduce(moved)
        return moved.to(values.device)

    def add_up_gradients(self, parameters: list[Tensor]) -> None:
        """Make each gradient the sum over all processes, in one message."""
        if self.size == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with _told_if_lost():
            distributed.all_reduce(flat)
        parts = flat.split([gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def as_the_first(self, values: Tensor) -> Tensor:
        """What the first process has."""
        if self.size == 1:
            return values
        moved = values.to(self.device, copy=True).contiguous()
        with _told_if_lost():
            distributed.broadcast(moved, 0)
        return moved.to(values.device)


def starts_as_first() -> bool:
    """Whether this process will be the first of its group."""
    told = _told_by_torchrun(os.environ)
    return told is None or told[0] == 0


@contextmanager
def group_of(devices: int, work: Callable[[Group], object]) -> Iterator[Group]:
    """Be the first of so many processes, or the one that torchrun made this one.

    Args:
        devices: processes on this machine; 1 under torchrun, which has its own count.
        work: what the other processes do: a function that can be pickled.

    Yields:
        The group, while it lasts.

    Raises:
        UsageError: as `check_devices`.
        LostProcessError: if one of the others ends before it has joined.
    """
    check_devices(devices)
    told = _told_by_torchrun(os.environ)
    if told is None and devices == 1:
        yield Group(device="cuda" if torch.cuda.is_available() else "cpu")
    elif told is None:
        with _started(devices, work) as group:
            yield group
    else:
        rank, size, local_rank, local_size = told
        with _member(rank, size, local_rank, local_size, None) as group:
            yield group


def _told_by_torchrun(variables: Mapping[str, str]) -> tuple[int, int, int, int] | None:
    """Rank, size, and both on this machine; None where torchrun has not started us."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    if any(name not in variables for name in names):
        return None
    rank, size, local_rank, local_size = (int(variables[name]) for name in names[:4])
    return rank, size, local_rank, local_size


def check_devices(devices: int) -> None:
    """Check that so many processes can share a run here.

    Raises:
        UsageError: if they cannot.
    """
    if devices > 1 and _told_by_torchrun(os.environ) is not None:
        raise UsageError(
            "`devices` is torchrun's to say", do="Leave it out, and give torchrun --nproc-per-node."
        )
    if devices < 1:
        raise UsageError("`devices` must be 1 or more", got=devices)
    at_hand = torch.cuda.device_count()
    if devices > 1 and not distributed.is_available():
        raise UsageError("this build of torch cannot train on several devices", got=devices)
    if at_hand and devices > at_hand:
        raise UsageError(f"`devices` must be at most {at_hand}, the GPUs at hand", got=devices)


@contextmanager
def _started(devices: int, work: Callable[[Group], object]) -> Iterator[Group]:
    """Start the others, wait until they are there, and see them off."""
    store = TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
    context = get_context("spawn")
    others = [
        context.Process(target=_other, args=(rank, devices, store.port, work), daemon=True)
        for rank in range(1, devices)
    ]
    for other in others:
        other.start()
    try:
        _wait_for(others, store)
        with _member(0, devices, 0, devices, store) as group:
            yield group
    finally:
        for other in others:  # without the first one they come to an end by themselves
            other.join(SECONDS_TO_END)
            other.kill()


def _wait_for(others: Sequence[BaseProcess], store: Any) -> None:
    """Wait until all have said that they are there; none may end before."""
    for rank, other in enumerate(others, 1):
        while not store.check([f"here/{rank}"]):
            other.join(_POLL_SECONDS)
            if other.exitcode is not None:
                raise LostProcessError(
                    f"process {rank} of the run ended before it began, with status {other.exitcode}"
                )


def _other(rank: int, size: int, port: int, work: Callable[[Group], object]) -> None:
    """What a process other than the first does; the first is told of Ctrl-C, not this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        store = TCPStore("127.0.0.1", port, None, False)
        store.set(f"here/{rank}", "")
        with _member(rank, size, rank, size, store) as group:
            work(group)
    except LostProcessError:
        sys.exit(1)  # whoever ended first has said why
    except SketchPix2SeqError as error:
        sys.stderr.write(f"process {rank}: {error}\n")
        sys.exit(1)


@contextmanager
def _member(rank: int, size: int, local_rank: int, local_size: int, store: Any) -> Iterator[Group]:
    """Join the others, with this process's share of the machine."""
    # Its functions keep the group of the moment as a default argument. Did an optimiser import it
    # first, the group would outlive its end, and gloo's threads abort the interpreter's.
    import torch.distributed.nn.functional

    on_gpu = torch.cuda.device_count() >= local_size
    threads = torch.get_num_threads()
    device = f"cuda:{local_rank}" if on_gpu else "cpu"
    if on_gpu:
        torch.cuda.set_device(local_rank)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, num_processors() // local_size))
    try:
        distributed.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=timedelta(seconds=SILENT_SECONDS),
        )
    except (OSError, RuntimeError) as error:
        raise LostProcessError(
            "the processes of the run did not find each other", got=error
        ) from error
    try:
        yield Group(rank, size, device)
    finally:
        distributed.destroy_process_group()
        torch.set_num_threads(threads)


@contextmanager
def _told_if_lost() -> Iterator[None]:
    """Say in a line that another process has ended, in place of the library's report."""
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            "another process of the run has ended",
            do="Its own error stands above, if it had time for one. --resume goes on.",
        ) from error
