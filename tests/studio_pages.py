"""What tests of the studio's pages do as a person does it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Page, expect

FIRST_TRY = """if (location.protocol === "http:" && !sessionStorage.settings) {
  sessionStorage.settings = JSON.stringify({ bestOf: 1 });
}"""
SPY = """Worker.prototype.post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message) {
  (window.sent ??= []).push(message);
  this.post(message);
};"""


def four_lines(width: int, height: int, name: str = "four.png", *, noise: int = 0) -> FilePayload:
    """A picture of four lines, on paper that is up to `noise` steps of 255 darker than white."""
    rng = np.random.default_rng(0)
    paper = 255 - rng.integers(0, noise + 1, (height, width), dtype=np.uint8)
    image, content = Image.fromarray(paper), io.BytesIO()
    for share in (0.2, 0.4, 0.6, 0.8):
        line = [(width * share, height * 0.2), (width * share, height * 0.8)]
        ImageDraw.Draw(image).line(line, fill=0, width=max(8, width // 60))
    image.save(content, "PNG")
    return FilePayload(name=name, mimeType="image/png", buffer=content.getvalue())


def sent(page: Page, method: str) -> dict[str, Any]:
    """The options of the last call of a method of the model."""
    calls = page.evaluate("sent")
    options: dict[str, Any] = [call for call in calls if call.get("method") == method][-1]["args"][
        1
    ]
    return options


def draw_circle(page: Page, selector: str = "#pad") -> None:
    """Draw with the mouse."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    for step, angle in enumerate(np.linspace(0, 2 * np.pi, 24)):
        x, y = middle + box["width"] / 3 * np.array([np.cos(angle), np.sin(angle)])
        page.mouse.move(x, y)
        if step == 0:
            page.mouse.down()
    page.mouse.up()


def press_amid_a_stroke(page: Page, keys: str) -> None:
    """Draw a stroke with the mouse, pressing keys before it is done."""
    box = page.locator("#pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.keyboard.press(keys)
    page.mouse.move(box["x"] + 200, box["y"] + 220)
    page.mouse.up()


def open_pad(page: Page, address: str) -> None:
    """Open a page with a pad, and wait until one can draw: the drawings may be on their way."""
    page.goto(address)
    expect(page.locator("#pad path").first).to_be_attached()


def all_drawn(page: Page) -> None:
    """Wait until every sheet is done."""
    expect(page.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(".sheet-card .paper.done")).to_have_count(6)


def copied_link(page: Page, opens: str = "[data-do=share]") -> str:
    """Copy the link of what is drawn, in the viewer; returns the address."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(opens).click()
    page.locator("[data-view=link]").click()
    expect(page.locator("#viewer-status")).to_contain_text("Link copied")
    page.locator("[data-view=close]").click()
    address: str = page.evaluate("navigator.clipboard.readText()")
    return address


def saved(page: Page, kind: str) -> Path:
    """Save what the viewer shows as a file of a kind."""
    with page.expect_download() as download:
        page.locator(f"[data-view={kind}]").click()
    path = Path(download.value.path())
    return path.rename(path.with_name(download.value.suggested_filename))
