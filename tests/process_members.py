"""What the worker processes of a group do in tests; they must be able to import it."""

from __future__ import annotations

import os
import signal

import torch

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.process_group import ProcessGroup


def end_at_once(group: ProcessGroup) -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_with_an_error(group: ProcessGroup) -> None:
    """End with an error that should be reported."""
    raise UsageError("this one has a reason")


def be_there(group: ProcessGroup) -> None:
    """Sum once."""
    assert float(group.all_reduce(torch.ones(()))) == group.size
