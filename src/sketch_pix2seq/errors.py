"""Every error that sketch-pix2seq raises on purpose.

    SketchPix2SeqError
    ├── InputError            something given to us is not what it must be
    │   ├── DrawingError      a drawing: SVG, picture, ndjson line, stroke array
    │   ├── DatasetError      a prepared data set, or the sources of one
    │   ├── RunError          a training run: its folder, checkpoints, numbers
    │   │   ├── DamagedCheckpointError
    │   │   └── LostProcessError
    │   ├── BundleError       an exported model
    │   └── StudyError        a Turing study, or the database of its votes
    ├── DownloadError         a file that a server does not give us, or not as it is
    ├── BusyError             more is asked for at once than can wait
    ├── UsageError            a flag, a setting or a recipe name (exit status 2)
    └── MissingExtraError     a part that was not installed with the package

Each message says what is wrong, what was got, and what to do next. This module
knows nothing of the rest of the package.
"""

from __future__ import annotations


class SketchPix2SeqError(Exception):
    """The root: catch this to catch all of ours.

    Args:
        wrong: What is wrong, the offending name in backticks, with the rule it breaks.
        got: The value or shape that was met instead.
        do: One sentence that says what to do next.

    Example:
        >>> str(SketchPix2SeqError("`size` must be positive", got=-1, do="Leave it out."))
        '`size` must be positive; got -1. Leave it out.'
    """

    def __init__(self, wrong: str, *, got: object = None, do: str | None = None) -> None:
        """Compose the one-line message."""
        self.do = do
        message = wrong if got is None else f"{wrong}; got {got}"
        if do is not None:
            message = f"{message.rstrip('.')}. {do}"
        super().__init__(message)


class InputError(SketchPix2SeqError):
    """Something given to us is not what it must be."""


class DrawingError(InputError):
    """A drawing that cannot be read, or an array that is not a drawing."""


class DatasetError(InputError):
    """A prepared data set, or a source of one, that cannot be used."""


class RunError(InputError):
    """A training run that cannot be started, continued or exported."""


class DamagedCheckpointError(RunError):
    """A checkpoint that is not whole; an older one may still be."""


class LostProcessError(RunError):
    """A training run whose processes have lost one of their number."""


class BundleError(InputError):
    """An exported model that cannot be loaded."""


class StudyError(InputError):
    """A Turing study that cannot be opened, or a database that does not hold its votes."""


class DownloadError(SketchPix2SeqError):
    """Files that cannot be fetched."""


class BusyError(SketchPix2SeqError):
    """More is asked for at once than can wait; the same may go through a little later."""


class UsageError(SketchPix2SeqError):
    """A flag, setting or recipe name that does not exist or does not fit."""


class MissingExtraError(SketchPix2SeqError):
    """A part of the package whose dependencies are not installed."""
