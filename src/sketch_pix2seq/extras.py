"""Extras: optional dependencies of the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sketch_pix2seq.errors import MissingExtraError

_DISTRIBUTION = "sketch-pix2seq"


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Say how to install an extra if an import inside fails without it.

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
            do=f"Install what the extra `{name}` consists of: {install_command(name)}",
        ) from error


def install_command(extra: str) -> str:
    """Return a command that installs the packages of an extra.

    It does not name this package: somebody else may own its name in an index.

    Example:
        >>> "'psycopg[binary]>=3.2'" in install_command("postgres")
        True
    """
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a folder
        return "see `pyproject.toml`"
    return "pip install " + " ".join(f"'{package}'" for package in sorted(_needed(extra, lines)))


def _needed(extra: str, lines: list[str]) -> set[str]:
    """The requirements of an extra, and those of extras that it includes."""
    packages = set()
    for line in lines:
        package, _, marker = (part.strip() for part in line.partition(";"))
        if not re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", marker):
            continue
        included = re.fullmatch(rf"{_DISTRIBUTION}\[(.*)\]", package)
        if included is None:
            packages.add(package)
        else:
            packages.update(*(_needed(name.strip(), lines) for name in included[1].split(",")))
    return packages
