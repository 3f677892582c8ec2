"""What the other processes of a group do in tests; they must be able to import it."""

from __future__ import annotations

import os
import signal

import torch

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.group import Group


def end_at_once(group: Group) -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_with_an_error(group: Group) -> None:
    """End with an error that should be told."""
    raise UsageError("this one has a reason")


def be_there(group: Group) -> None:
    """Add up once."""
    assert float(group.add_up(torch.ones(()))) == group.size
