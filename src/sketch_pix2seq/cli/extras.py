"""Parts of the package that are installed only by those who ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sketch_pix2seq.errors import MissingExtraError


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Say how to install an extra if an import inside fails for want of it.

    Args:
        name: The extra, such as "train".

    Raises:
        MissingExtraError: If a module of another package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("sketch_pix2seq"):
            raise
        raise MissingExtraError(
            f"this needs `{error.name}`, which is not installed",
            do=f"Install it: pip install 'sketch-pix2seq[{name}]'",
        ) from error
