"""sketch-pix2seq: show it a sketch; it draws it again, stroke by stroke.

    >>> from sketch_pix2seq import Sketch
    >>> Sketch.from_points([[(0, 0), (10, 0), (10, 10)]]).num_points
    3

This module holds the public names and the version. It loads nothing until one
of those names is asked for: not torch, and not even numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sketch_pix2seq.inference.sketcher import Sketcher
    from sketch_pix2seq.sketch.sketch import Sketch

__version__ = "0.1.0"

__all__ = ["Sketch", "Sketcher", "__version__"]

_HOMES = {
    "Sketch": "sketch_pix2seq.sketch.sketch",
    "Sketcher": "sketch_pix2seq.inference.sketcher",
}


def __getattr__(name: str) -> object:
    """Load a public name from its room when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*globals(), *_HOMES])
