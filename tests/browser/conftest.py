"""Real pages in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from serving import serving as served

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")  # the first is the fastest
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# --no-sandbox: continuous integration is root; 192.0.2.1: this machine as others know it,
# which browsers trust less than 127.0.0.1; one process a site: see the studio's `context`;
# the others keep it from calling home
ARGUMENTS = (
    "--no-sandbox",
    "--host-resolver-rules=MAP 192.0.2.1 127.0.0.1",
    "--process-per-site",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=60_000)  # busy machines draw slowly


@pytest.fixture(scope="module")  # its loop stands in the way of other tests' loops
def browser() -> Iterator[Browser]:
    """Chromium without a window; every test opens contexts of its own."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: `make test` installs it on Debian")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor without a past, who sees no motion, as that would take time."""
    with browser.new_context(reduced_motion="reduce", accept_downloads=True) as visitor:
        visitor.set_default_timeout(60_000)
        yield visitor


@pytest.fixture
def sheet(context: BrowserContext) -> Iterator[Page]:
    """An empty page; errors in its scripts fail the test."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security" in said.text else None,
    )
    yield page
    assert not wrong


@pytest.fixture
def serving() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Serve a site on a free port as long as a `with` lasts."""
    return served
