"""What all tests share: shapes checked at run time, seeded generators, real drawings if any.

Shapes and types are checked in tests of the rooms where arrays are made and changed. Tests that go
through all of them from outside (`WHOLE`) run as users run it, in two thirds of the time.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import hypothesis
import jaxtyping
import numpy as np
import pytest
from jaxtyping import install_import_hook

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: threads would only wait
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
gc.disable()  # until all tests are collected: there is little rubbish, and much to look through
ROOT = Path(__file__).parents[1]
WHOLE_ROOMS = ("cli", "evaluation", "web")
WHOLE = ("tests/browser/", *(f"tests/{room}/" for room in WHOLE_ROOMS), "tests/test_")
ROOMS = (path.stem for path in (ROOT / "src" / "sketch_pix2seq").iterdir())
CHECKED = [f"sketch_pix2seq.{room}" for room in ROOMS if room not in WHOLE_ROOMS]
install_import_hook(CHECKED, "shape_checks.check")
hypothesis.settings.register_profile("any machine", deadline=None)  # a busy one is slow at times
hypothesis.settings.load_profile("any machine")

QUICKDRAW_VARIABLE = "SKETCH_PIX2SEQ_QUICKDRAW"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Check shapes in a test and its fixtures, or do not."""
    path = item.path.relative_to(ROOT).as_posix()
    jaxtyping.config.update("jaxtyping_disable", path.startswith(WHOLE))
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as processors: a third of the time is waiting for browsers and others."""
    from sketch_pix2seq.processors import num_processors  # not before the hook for shapes is there

    return max(1, num_processors() * 3 // 2)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for pytest-xdist: a file keeps what it has set up, and scarce things are shared.

    One process has the database server, and one the tests that kill processes or measure what a
    busy machine cannot do in time.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is not None:
            continue
        path = item.path.relative_to(ROOT).as_posix()
        group = "web/turing" if "tests/web/turing/" in path else path
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish() -> None:
    """Look for rubbish again, but not among modules and tests."""
    gc.freeze()
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test after a long text, nor after bytes: an archive's hold the time.

    Each process would have another, and they must agree on the names.
    """
    return argname if isinstance(val, bytes) or len(str(val)) > 200 else None


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator of the test's own: seeded by its name, the same in every run."""
    group = request.node.get_closest_marker("xdist_group").args[0]
    name = request.node.nodeid.removesuffix(f"@{group}")  # which pytest-xdist adds
    return np.random.default_rng(list(name.encode()))


@pytest.fixture(scope="session")
def unchecked_shapes() -> Callable[[], AbstractContextManager[None]]:
    """A context without shape checks, for wrong types that they would be first to refuse."""

    @contextmanager
    def without() -> Iterator[None]:
        before = jaxtyping.config.jaxtyping_disable
        jaxtyping.config.update("jaxtyping_disable", True)
        try:
            yield
        finally:
            jaxtyping.config.update("jaxtyping_disable", before)

    return without


@pytest.fixture(scope="session")
def quickdraw() -> Path:
    """The folder of real simplified drawings, where this machine has one."""
    folder = os.environ.get(QUICKDRAW_VARIABLE)
    if not folder:
        pytest.skip(f"no real drawings: {QUICKDRAW_VARIABLE} names no folder")
    simplified = Path(folder) / "simplified"
    if not simplified.is_dir():
        pytest.skip(f"no real drawings: {QUICKDRAW_VARIABLE} names a folder without simplified/")
    return simplified
