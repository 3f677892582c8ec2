"""A model that draws, and a way to call it as users do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from bundles import tiny_bundle
from sketch_pix2seq.inference.sketcher import Sketcher


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(tiny_bundle())


@pytest.fixture
def as_users(unchecked_shapes: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Without the tests' own type checks, which would be first to find a wrong type."""
    with unchecked_shapes():
        yield
