"""Checkpoints: one safetensors file each, written atomically.

All randomness of a run is a function of its seed and the step, and so is the order
of the drawings; the step number in a checkpoint therefore stands for the state of
every random generator and for the position in the data.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sketch_pix2seq.errors import DamagedCheckpointError, RunError

FORMAT_VERSION = 1
HEADER = "sketch_pix2seq"
BEST = "best.safetensors"
_PATTERN = "step-*.safetensors"
_PARTIAL = ".*.partial"
_NUMBERS = {"step": (int,), "skipped": (int,), "best_valid_loss": (int, float)}


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint after `step` steps lies."""
    return folder / f"step-{step:08d}.safetensors"


def save_checkpoint(path: Path, tensors: dict[str, Tensor], facts: dict[str, object]) -> None:
    """Write a checkpoint so that its name only ever names a whole file."""
    temporary = path.with_name(f".{path.name}.partial")
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"format_version": FORMAT_VERSION, "digest": _digest(stored), "facts": facts}
    # one entry alone: safetensors writes several in an order of its own
    metadata = {HEADER: json.dumps(header)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(stored, temporary, metadata=metadata)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            temporary.unlink()
        raise RunError(f"`{path}` could not be written", got=error) from error


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Raises:
        DamagedCheckpointError: If the file is missing or damaged.
        RunError: If it is of another version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            names = list(file.keys())
            # cloned: `get_tensor` returns views of the mapped file
            tensors = {name: file.get_tensor(name).clone() for name in names}
        version = header.get("format_version")
        if version != FORMAT_VERSION:
            raise RunError(f"`{path}` must be a checkpoint of format {FORMAT_VERSION}", got=version)
        is_whole = "digest" not in header or header["digest"] == _digest(tensors)
        facts = _checked(header["facts"])
    except (
        *(OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError),
        RecursionError,
    ) as error:
        raise DamagedCheckpointError(
            f"`{path}` is not a whole checkpoint", got=repr(error)[:200]
        ) from error
    if not is_whole:
        raise DamagedCheckpointError(f"`{path}` is not a whole checkpoint: its digest is wrong")
    return tensors, facts


def _checked(facts: dict[str, Any]) -> dict[str, Any]:
    """Refuse facts that should be numbers and are not."""
    for name, kinds in _NUMBERS.items():
        if name in facts and type(facts[name]) not in kinds:
            raise TypeError(f"`{name}` must be a number")
    return facts


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first, the best one not among them."""
    return sorted(folder.glob(_PATTERN))


def rotate(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints."""
    for path in checkpoints(folder)[:-keep]:
        path.unlink()


def clear_partial(folder: Path) -> None:
    """Delete checkpoints that a killed process left half written."""
    for path in folder.glob(_PARTIAL):
        path.unlink(missing_ok=True)


def _digest(tensors: dict[str, Tensor]) -> str:
    """A digest of names and values; safetensors itself does not notice a changed byte."""
    digest = blake2b(digest_size=16)
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().data)
    return digest.hexdigest()
