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
    from sketch_pix2seq.errors import (
        BundleError,
        BusyError,
        DamagedCheckpointError,
        DatasetError,
        DownloadError,
        DrawingError,
        InputError,
        LostProcessError,
        MissingExtraError,
        RunError,
        SketchPix2SeqError,
        StudyError,
        UsageError,
    )
    from sketch_pix2seq.inference.classifier import Classifier
    from sketch_pix2seq.inference.sketcher import Sketcher
    from sketch_pix2seq.io.reading import read_sketches
    from sketch_pix2seq.sketch.sketch import Sketch

__version__ = "0.2.0"

__all__ = [
    "BundleError",
    "BusyError",
    "Classifier",
    "DamagedCheckpointError",
    "DatasetError",
    "DownloadError",
    "DrawingError",
    "InputError",
    "LostProcessError",
    "MissingExtraError",
    "RunError",
    "Sketch",
    "SketchPix2SeqError",
    "Sketcher",
    "StudyError",
    "UsageError",
    "__version__",
    "read_sketches",
]

_HOMES = {
    "Classifier": "sketch_pix2seq.inference.classifier",
    "Sketch": "sketch_pix2seq.sketch.sketch",
    "Sketcher": "sketch_pix2seq.inference.sketcher",
    "read_sketches": "sketch_pix2seq.io.reading",
}


def __getattr__(name: str) -> object:
    """Load a public name from its room when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "sketch_pix2seq.errors")), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
