"""Drawings enlarged, saved as files of every kind, copied, and carried from page to page."""

from __future__ import annotations

import io
import itertools
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from accessibility import violations
from sketch_pix2seq import Sketch
from sketch_pix2seq.io.animation import timing_of
from studio_pages import all_drawn, copied_link, draw_circle, saved

READ_CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read();
  const file = await item.getType("image/png");
  return [...new Uint8Array(await file.arrayBuffer())];
}"""
PLAY = """bytes => new Promise((done, fail) => {
  const video = document.createElement("video");
  video.muted = true;
  video.onended = () => {
    const sheet = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const pen = sheet.getContext("2d");
    pen.drawImage(video, 0, 0);
    const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) dark += data[i + 1] < 128;
    done([sheet.width, sheet.height, dark / (sheet.width * sheet.height)]);
  };
  video.onerror = () => fail(new Error(video.error.message));
  video.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  video.play();
})"""


def picture(path: Path) -> Image.Image:
    """A picture in a file."""
    return Image.open(io.BytesIO(path.read_bytes()))


def pictures(content: bytes) -> list[np.ndarray]:
    """The frames of a GIF, grey."""
    with Image.open(io.BytesIO(content)) as film:
        frames = []
        for number in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(number)
            frames.append(np.asarray(film.convert("L"), np.int64))
    return frames


@pytest.fixture
def drawn(studio: str, sheet: Page) -> Page:
    """The page Redraw with redrawings of its example; nothing may be asked of the server's API."""
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.goto(studio)
    all_drawn(sheet)
    assert not [url for url in asked if "/api/" in url]
    return sheet


def test_one_drawing_in_every_kind_of_file(drawn: Page) -> None:
    drawn.locator(".sheet-card").nth(1).click()
    expect(drawn.locator("#viewer-title")).to_have_text("Redrawing 2")
    svg = saved(drawn, "svg")
    assert svg.name.endswith("redrawing-2-seed-0.svg")
    sketch = Sketch.open(svg)
    png = picture(saved(drawn, "png"))
    assert png.size == (1024, 1024)
    assert png.getpixel((0, 0)) == (255, 255, 255, 255)
    animated = saved(drawn, "animated").read_text()
    assert Sketch.open(animated.encode()).num_points == sketch.num_points
    times = [one.get("style") for one in ET.fromstring(animated).iter() if one.get("pathLength")]
    assert len(times) == len(sketch.strokes)
    frames = pictures(saved(drawn, "gif").read_bytes())
    assert len(frames) > 20
    assert frames[0].mean() > 254
    for before, after in itertools.pairwise(frames):
        assert (after - before).max() <= 0  # ink only comes
    whole = np.asarray(png.convert("L").resize((640, 640), Image.Resampling.BOX), np.int64)
    assert np.abs(frames[-1] - whole).mean() < 2
    drawn.get_by_label("Transparent background").check()
    clear = np.asarray(picture(saved(drawn, "png")))
    assert clear[0, 0].tolist() == [0, 0, 0, 0]
    assert (clear[..., 3] > 200).mean() > 0.001
    assert "<rect" not in saved(drawn, "svg").read_text()


def test_six_drawings_draw_themselves_at_once(drawn: Page) -> None:
    drawn.get_by_role("button", name="Save all six").click()
    expect(drawn.locator("#viewer-drawings .paper.done")).to_have_count(6)
    assert saved(drawn, "svg").name.endswith("redrawings-seed-0.svg")
    assert picture(saved(drawn, "png")).size == (1728, 1168)
    frames = pictures(saved(drawn, "gif").read_bytes())
    height, width = frames[0].shape
    assert (width, height) == (640, 432)
    early = frames[len(frames) // 3]
    cells = [
        early[row * height // 2 : (row + 1) * height // 2, column * width // 3 :][:, : width // 3]
        for row in range(2)
        for column in range(3)
    ]
    assert all((cell < 128).any() for cell in cells)
    assert "animation" in saved(drawn, "animated").read_text()


def test_animated_svgs_have_pythons_times(drawn: Page) -> None:
    drawn.locator("[data-do=share]").click()
    text = saved(drawn, "animated").read_text()
    sketch = Sketch.open(text.encode())
    timing = timing_of(sketch)
    style = f"animation-duration:{timing.end[0]:.2f}s;animation-delay:0.00s"
    assert style in text


@pytest.mark.slow
def test_a_video_plays_to_its_end(drawn: Page) -> None:
    drawn.locator(".sheet-card").first.click()
    film = saved(drawn, "video")
    assert film.suffix in (".mp4", ".webm")
    player = drawn.context.new_page()  # the studio's policy lets no page of it show videos
    width, height, dark = player.evaluate(PLAY, list(film.read_bytes()))
    assert (width, height) == (1024, 1024)
    assert 0.001 < dark < 0.2


def test_a_video_that_cannot_be_recorded_is_said(drawn: Page) -> None:
    drawn.evaluate("""() => {
      MediaRecorder.prototype.start = () => {
        throw new DOMException("no encoder", "NotSupportedError");
      };
    }""")
    drawn.locator(".sheet-card").first.click()
    drawn.locator("[data-view=video]").click()
    message = "This browser could not record the video. Save a GIF instead."
    expect(drawn.locator("#viewer-status")).to_have_text(message)
    expect(drawn.locator("#viewer progress")).to_be_hidden()
    assert saved(drawn, "png").name.endswith(".png")  # the viewer works on


def test_pictures_and_lines_are_copied(drawn: Page) -> None:
    drawn.context.grant_permissions(["clipboard-read", "clipboard-write"])
    drawn.locator(".sheet-card").first.click()
    drawn.locator("[data-view=copySvg]").click()
    expect(drawn.locator("#viewer-status")).to_have_text("Copied.")
    text = drawn.evaluate("navigator.clipboard.readText()")
    assert Sketch.open(text.encode()).num_points > 4
    drawn.locator("[data-view=next]").click()
    expect(drawn.locator("#viewer-title")).to_have_text("Redrawing 2")
    drawn.locator("[data-view=copyPng]").click()
    expect(drawn.locator("#viewer-status")).to_have_text("Copied.")
    copied = Image.open(io.BytesIO(bytes(drawn.evaluate(READ_CLIPBOARD))))
    assert copied.size == (1024, 1024)


def test_what_the_model_added_is_red_or_not(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/complete")
    all_drawn(sheet)
    sheet.locator(".sheet-card").first.click()
    text = saved(sheet, "svg").read_text()
    assert text.count('stroke="#111111"') == text.count('stroke="#c63f1f"') == 1
    with Image.open(saved(sheet, "gif")) as film:
        film.seek(film.n_frames - 1)  # type: ignore[attr-defined]
        red, green, _ = np.moveaxis(np.asarray(film.convert("RGB"), int), -1, 0)
    assert (red - green > 100).any()
    assert (red < 40).any()
    sheet.get_by_label("The model's lines in red").uncheck()
    assert "#c63f1f" not in saved(sheet, "svg").read_text()


def test_the_viewer_is_open_to_everybody(drawn: Page) -> None:
    drawn.locator(".sheet-card").nth(2).focus()
    drawn.keyboard.press("Enter")
    title = drawn.locator("#viewer-title")
    expect(title).to_have_text("Redrawing 3")
    assert violations(drawn) == []
    drawn.keyboard.press("ArrowRight")
    expect(title).to_have_text("Redrawing 4")
    for width in (320, 390, 820):
        drawn.set_viewport_size({"width": width, "height": 700})
        wide = drawn.evaluate("() => [viewer.scrollWidth, viewer.clientWidth, innerWidth]")
        assert wide[0] <= wide[1] <= wide[2]
    drawn.keyboard.press("Escape")
    expect(title).to_be_hidden()
    expect(drawn.locator(".sheet-card").nth(2)).to_be_focused()


def test_a_redrawing_goes_onto_the_pad_and_to_other_pages(drawn: Page) -> None:
    draw_circle(drawn)
    all_drawn(drawn)
    drawn.locator(".sheet-card").first.click()
    drawn.get_by_role("button", name="Redraw it").click()
    all_drawn(drawn)
    box = drawn.locator("#pad g").evaluate("ink => [ink.getBBox().x, ink.getBBox().y]")
    assert min(box) > 3  # within the pad, where it was not before
    drawn.locator(".sheet-card").first.click()
    drawn.get_by_role("button", name="Blend it").click()
    drawn.wait_for_url("**/mix")
    expect(drawn.locator(".strip .paper.done")).to_have_count(11)
    first = drawn.locator("#first path").first.get_attribute("d")
    drawn.get_by_role("button", name="Enlarge or save").click()
    expect(drawn.locator("#viewer-title")).to_have_text("Blend, 50 %")
    drawn.get_by_role("button", name="Redraw it").click()
    drawn.wait_for_url(lambda url: url.endswith("/"))
    all_drawn(drawn)
    drawn.locator(".sheet-card").nth(2).click()
    drawn.get_by_role("button", name="Blend it").click()
    drawn.wait_for_url("**/mix")
    expect(drawn.locator(".strip .paper.done")).to_have_count(11)
    assert drawn.locator("#second path").first.get_attribute("d") == first


def test_links_hold_both_drawings_of_a_blend_and_words(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/mix")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    draw_circle(sheet, "#first")
    expect(sheet.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    address = copied_link(sheet, "[data-do=one]")
    between = sheet.locator("#between").inner_html()
    sheet.evaluate("sessionStorage.clear()")
    sheet.goto("about:blank")
    sheet.goto(address)
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    assert sheet.locator("#between").inner_html() == between
    expect(sheet.locator("#first path")).to_have_count(1)
    sheet.goto(f"{studio}/name")
    sheet.get_by_role("combobox", name="Word").fill("teapot")
    sheet.keyboard.press("Enter")
    expect(sheet.locator("#status")).to_have_text("6 drawings of: teapot.")
    address, first = sheet.url, sheet.locator(".sheet-card .paper").first.inner_html()
    sheet.evaluate("sessionStorage.clear()")
    sheet.goto("about:blank")
    sheet.goto(address)
    expect(sheet.locator("#status")).to_have_text("6 drawings of: teapot.")
    all_drawn(sheet)
    assert sheet.locator(".sheet-card .paper").first.inner_html() == first
