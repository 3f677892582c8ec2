"""The studio, served, and somebody who visits it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from bundles import tiny_studio_bundle
from serving import serving
from sketch_pix2seq import Sketcher
from sketch_pix2seq.web.studio.app import create_studio
from studio_pages import FIRST_TRY


@pytest.fixture(scope="module")
def studio() -> Iterator[str]:
    """Its address. The model knows nothing, but draws at once."""
    with serving(create_studio(Sketcher(tiny_studio_bundle(), num_threads=1))) as address:
        yield address


@pytest.fixture(scope="module")
def package_studio() -> Iterator[str]:
    """The address of one with the package's model, which recognises what it sees."""
    with serving(create_studio(Sketcher.load(num_threads=1))) as address:
        yield address


@pytest.fixture
def sheet(sheet: Page) -> Page:
    """A page of somebody who takes the first try, which is drawn soonest."""
    sheet.context.add_init_script(FIRST_TRY)
    return sheet
