"""What the worker processes of a group do in tests; they must be able to import it."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import torch

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training import loop
from sketch_pix2seq.training.process_group import ProcessGroup
from sketch_pix2seq.training.recipe import Recipe


def end_at_once(group: ProcessGroup) -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_with_an_error(group: ProcessGroup) -> None:
    """End with an error that should be reported."""
    raise UsageError("this one has a reason")


def train_in_smaller_batches(recipe: Recipe, data: Path, group: ProcessGroup) -> None:
    """Train another recipe than the main process."""
    loop._work(replace(recipe, batch_size=4), data, group)


def be_there(group: ProcessGroup) -> None:
    """Sum once."""
    assert float(group.all_reduce(torch.ones(()))) == group.size
