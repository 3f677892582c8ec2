"""The studio, served, and somebody who visits it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

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


@pytest.fixture(scope="module")
def regular(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody whose browser keeps a process of the site, with scripts compiled, in an empty page.

    With it a page takes two thirds of the time.
    """
    with browser.new_context(reduced_motion="reduce", accept_downloads=True) as visitor:
        visitor.set_default_timeout(60_000)
        empty = visitor.new_page()
        empty.route("**", lambda route: route.fulfill(content_type="text/html", body=""))
        empty.goto("http://127.0.0.1/")
        yield visitor


@pytest.fixture
def context(regular: BrowserContext, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """They, without a past: what a test leaves behind is cleared."""
    yield regular
    empty, *others = regular.pages
    for page in others:
        page.close()
    regular.clear_cookies()
    regular.clear_permissions()
    session = regular.new_cdp_session(empty)
    for name in {"studio", "package_studio"}.intersection(request.fixturenames):
        everything = {"origin": request.getfixturevalue(name), "storageTypes": "all"}
        session.send("Storage.clearDataForOrigin", everything)
    session.detach()


@pytest.fixture
def sheet(sheet: Page) -> Page:
    """A page of somebody who takes the first try, which is drawn soonest."""
    sheet.add_init_script(FIRST_TRY)
    return sheet
