"""`default` in the place of a path: the model in the package, and its judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketch_pix2seq.errors import BundleError

if TYPE_CHECKING:
    from sketch_pix2seq.inference.bundle import Bundle, JudgeFiles


def model_at(place: Path | None) -> Path | None:
    """Tell where a model lies; None: in the package."""
    return None if place is None or _is_ours(place) else place


def bundle_at(place: Path) -> Bundle:
    """Read a bundle, or the one in the package.

    Raises:
        BundleError: If there is none, or it is not whole.
    """
    from sketch_pix2seq.inference.bundle import Bundle

    return Bundle.default() if _is_ours(place) else Bundle.open(place)


def judge_at(place: Path) -> JudgeFiles:
    """Read an exported judge, or the one that a model's bundle holds.

    Raises:
        BundleError: If there is none, or it is not whole.
    """
    from sketch_pix2seq.inference.bundle import Bundle, read_judge

    if not _is_ours(place):
        return read_judge(place)
    judge = Bundle.default().judge
    if judge is None:
        raise BundleError("the model in the package holds no judge")
    return judge


def _is_ours(place: Path) -> bool:
    """Whether the model in the package is meant."""
    return place == Path("default") and not place.exists()
