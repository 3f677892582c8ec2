"""The studio as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from serving import serving
from sketch_pix2seq import Sketcher
from sketch_pix2seq.web.studio.app import create_studio

PATHS = ("/", "/name", "/mix", "/map", "/complete", "/trace")


@pytest.fixture(scope="module")
def studio() -> Iterator[str]:
    with serving(create_studio(Sketcher.load(num_threads=1))) as address:
        yield address


FIRST_TRY = """if (location.protocol === "http:" && !sessionStorage.settings) {
  sessionStorage.settings = JSON.stringify({ bestOf: 1 });
}"""
SPY = """Worker.prototype.post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message) {
  (window.sent ??= []).push(message);
  this.post(message);
};"""


def sent(page: Page, method: str) -> dict[str, Any]:
    """The options of the last call of a method of the model."""
    calls = page.evaluate("sent")
    options: dict[str, Any] = [call for call in calls if call.get("method") == method][-1]["args"][
        1
    ]
    return options


@pytest.fixture
def sheet(sheet: Page) -> Page:
    """A page of somebody who takes the first try, which is drawn soonest."""
    sheet.context.add_init_script(FIRST_TRY)
    return sheet


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


def all_drawn(page: Page) -> None:
    """Wait until every sheet is done."""
    expect(page.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(".sheet-card .paper.done")).to_have_count(6)


def test_draw_redraw_download(studio: str, sheet: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.goto(studio)
    all_drawn(sheet)  # the example
    before = sheet.locator(".sheet-card .paper").first.inner_html()
    draw_circle(sheet)
    all_drawn(sheet)
    expect(sheet.locator("#status")).to_contain_text("6 times drawn again")
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator(".sheet-card .paper").first.inner_html() != before
    sheet.get_by_role("button", name="Drawing 2").click()
    for name, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("GIF", b"GIF89a")):
        with sheet.expect_download() as download:
            sheet.get_by_role("button", name=name, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.read_bytes().startswith(begins)
        assert path.name == f"sketch.{name.lower()}"
    assert [url for url in asked if "/api/" in url] == [f"{studio}/api/save"]  # the GIF


def test_undo_and_clear(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    draw_circle(sheet)
    sheet.get_by_role("button", name="Undo").click()
    assert sheet.locator("#pad path").count() == 1
    sheet.locator("#pad").focus()
    sheet.keyboard.press("Control+z")
    assert sheet.locator("#pad path").count() == 0
    expect(sheet.locator(".sheet-card .paper.blank")).to_have_count(6)
    expect(sheet.get_by_role("button", name="Clear")).to_be_disabled()
    expect(sheet.get_by_role("button", name="Undo")).to_be_disabled()


def test_what_was_undone_cleared_or_replaced_comes_back(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    paths = sheet.locator("#pad path")
    draw_circle(sheet)
    draw_circle(sheet)
    sheet.get_by_role("button", name="Undo").click()
    expect(paths).to_have_count(1)
    sheet.get_by_role("button", name="Redo").click()
    expect(paths).to_have_count(2)
    expect(sheet.get_by_role("button", name="Redo")).to_be_disabled()
    sheet.get_by_role("button", name="Clear").click()
    expect(paths).to_have_count(0)
    sheet.keyboard.press("Control+z")
    expect(paths).to_have_count(2)
    sheet.locator(".example").first.click()
    sheet.keyboard.press("Control+z")
    expect(paths).to_have_count(2)
    sheet.keyboard.press("Control+Shift+Z")
    expect(paths).not_to_have_count(2)
    sheet.keyboard.press("Control+z")
    draw_circle(sheet)
    expect(sheet.get_by_role("button", name="Redo")).to_be_disabled()
    all_drawn(sheet)


def test_redo_amid_a_stroke_leaves_that_stroke(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    sheet.keyboard.press("Control+z")
    press_amid_a_stroke(sheet, "Control+Shift+Z")
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("#pad path").first.get_attribute("d") != circle


def test_an_example_of_ours_that_is_cleared_does_not_come_back(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.get_by_role("button", name="Clear").click()
    expect(sheet.locator("#pad path")).to_have_count(0)
    expect(sheet.locator("#pad")).to_be_focused()  # the button can be pressed no more
    sheet.keyboard.press("Control+z")
    expect(sheet.locator("#pad path")).to_have_count(0)


def test_the_pads_of_a_mixture_have_a_history_each(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/mix")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    draw_circle(sheet, "#first")
    draw_circle(sheet, "#second")
    first = sheet.locator(".pad-card").first
    first.get_by_role("button", name="Clear").click()
    expect(sheet.locator("#first path")).to_have_count(0)
    sheet.keyboard.press("Control+z")
    expect(sheet.locator("#first path")).to_have_count(1)
    expect(sheet.locator("#second path")).to_have_count(1)
    sheet.keyboard.press("Control+Shift+Z")
    expect(sheet.locator("#first path")).to_have_count(0)


def test_a_link_does_not_take_a_drawing_away(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    all_drawn(sheet)
    sheet.get_by_role("button", name="Share").click()
    shared = sheet.url
    draw_circle(sheet)
    draw_circle(sheet)
    expect(sheet.locator("#pad path")).to_have_count(3)
    sheet.evaluate("address => { location.href = address }", shared)
    expect(sheet.locator("#pad path")).to_have_count(1)
    sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(3)


def test_of_a_drawing_that_was_kept_undo_takes_the_last_stroke(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    draw_circle(sheet)
    sheet.reload()
    all_drawn(sheet)
    sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(1)
    sheet.get_by_role("button", name="Redo").click()
    expect(sheet.locator("#pad path")).to_have_count(2)


def test_drawing_by_keyboard(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.locator("#pad").focus()
    for key in ("Space", *["ArrowRight"] * 6, *["ArrowDown"] * 6, "Space"):
        sheet.keyboard.press(key)
    expect(sheet.locator("#status")).to_contain_text("drawn again")
    assert sheet.locator("#pad path").count() == 1


def test_a_link_holds_the_drawing(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    all_drawn(sheet)
    sheet.get_by_role("button", name="Share").click()
    address = sheet.url
    assert re.search(r"#[\w-]{20,}~0~0\.\d+$", address)
    drawn = sheet.locator(".sheet-card .paper").first.inner_html()
    other = sheet.context.new_page()
    other.goto(address)
    all_drawn(other)
    assert other.locator("#pad path").count() == 1
    assert other.locator(".sheet-card .paper").first.inner_html() == drawn
    other.close()
    sheet.goto("about:blank")
    sheet.goto(f"{studio}#not-a-drawing")
    expect(sheet.locator("#trouble")).to_contain_text("This link is damaged")
    sheet.get_by_role("button", name="Close").click()
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_a_picture_is_dropped_in(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    example = Path(__file__).parents[2] / "src" / "sketch_pix2seq" / "examples" / "pig.png"
    sheet.locator("#file").set_input_files(example)
    expect(sheet.locator("#note")).to_contain_text("the strokes that are in it")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() > 3


def test_what_is_no_picture_is_told(studio: str, sheet: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.png"
    wrong.write_text("no picture")
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.locator("#file").set_input_files(wrong)
    expect(sheet.locator("#trouble")).to_contain_text(
        "A picture must be of a kind that this browser"
    )


def test_the_same_seed_draws_the_same(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    first = sheet.locator(".sheet-card .paper").first
    drawn = first.inner_html()
    sheet.locator("[name=seed]").fill("7")
    sheet.locator("[name=seed]").press("Enter")
    expect(first).not_to_have_text("never")
    sheet.wait_for_function(
        "before => document.querySelector('.sheet-card .paper.done')?.innerHTML !== before",
        arg=drawn,
    )
    sheet.locator("[name=seed]").fill("0")
    sheet.locator("[name=seed]").press("Tab")
    sheet.wait_for_function(
        "before => document.querySelector('.sheet-card .paper.done')?.innerHTML === before",
        arg=drawn,
    )


def test_undo_amid_a_stroke_ends_that_stroke(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    press_amid_a_stroke(sheet, "Control+z")
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("#pad path").first.get_attribute("d") == circle


def test_a_drawing_is_still_there_on_the_way_back(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    all_drawn(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    sheet.get_by_role("link", name="Mix").click()
    sheet.wait_for_url("**/mix")
    sheet.go_back()
    all_drawn(sheet)
    assert sheet.locator("#pad path").first.get_attribute("d") == circle


def test_enter_in_a_setting_keeps_the_drawing(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    draw_circle(sheet)
    sheet.locator("[name=seed]").fill("-3.7")
    sheet.locator("[name=seed]").press("Enter")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("[name=seed]").input_value() == "0"
    assert sheet.url.rstrip("/") == studio


def test_trouble_is_told_and_goes_with_the_next_success(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.context.set_offline(True)
    sheet.get_by_role("button", name="GIF").click()
    expect(sheet.locator("#trouble")).to_contain_text("The studio does not answer")
    sheet.context.set_offline(False)
    draw_circle(sheet)
    all_drawn(sheet)
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_nobody_needs_a_mouse(studio: str, sheet: Page) -> None:
    sheet.set_viewport_size({"width": 390, "height": 844})
    sheet.goto(studio)
    all_drawn(sheet)
    tops = sheet.evaluate(
        """() => [...document.querySelectorAll("main button, main input, main [tabindex='0']")]
        .filter(one => one.tabIndex >= 0 && !one.disabled)
        .map(one => one.getBoundingClientRect().top + scrollY)"""
    )
    assert all(later > earlier - 60 for earlier, later in pairwise(tops))


def test_mix(studio: str, sheet: Page, tmp_path: Path) -> None:
    sheet.add_init_script(SPY)
    sheet.goto(f"{studio}/mix")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    slider = sheet.locator("#slider")
    slider.focus()
    at_half = sheet.locator("#between").inner_html()
    for _ in range(5):
        sheet.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "0 % the first, 100 % the second"
    assert sheet.locator("#between").inner_html() != at_half
    with sheet.expect_download() as download:
        sheet.locator("[data-save=gif]").click()
    assert Path(download.value.path()).read_bytes().startswith(b"GIF89a")
    draw_circle(sheet, "#second")
    expect(sheet.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    sheet.get_by_label("Best of").select_option("best of 4")
    expect(sheet.locator("[data-save=gif]")).to_be_disabled()
    expect(sheet.locator("[data-save=gif]")).to_be_enabled(timeout=30_000)  # of 44 drawings
    assert sent(sheet, "mix")["bestOf"] == 4
    sheet.goto(studio)
    sheet.goto(f"{studio}/mix")
    expect(sheet.get_by_label("Best of")).to_have_value("4")  # kept while the tab is open


def test_map(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/map")
    board = sheet.locator("#map")
    expect(board).not_to_have_attribute("aria-busy", "true")
    expect(sheet.locator("#drawn.done")).to_have_count(1)
    assert sheet.locator(".dot").count() > 100
    drawn = sheet.locator("#drawn").inner_html()
    box = board.bounding_box()
    assert box is not None
    sheet.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6)
    expect(sheet.locator("#near")).to_contain_text("Nearest drawing of a person")
    sheet.wait_for_function(
        "before => document.querySelector('#drawn.done')?.innerHTML !== before", arg=drawn
    )
    sheet.locator(".dot").first.scroll_into_view_if_needed()
    dot = sheet.locator(".dot").first.bounding_box()
    assert dot is not None
    sheet.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    expect(sheet.locator("#tip")).to_be_visible()
    sheet.locator(".key input").first.uncheck()
    assert sheet.locator(".dot[hidden]").count() > 0


def test_a_word_is_drawn(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/name")
    all_drawn(sheet)
    word = sheet.get_by_role("combobox", name="Word")
    word.fill("tea")
    expect(sheet.locator(".words li:visible")).to_have_text(["steak", "teapot"])
    word.press("Enter")
    all_drawn(sheet)
    expect(sheet.locator("#status")).to_have_text("6 drawings of: teapot.")
    assert sheet.get_by_role("button", name="SVG").is_enabled()
    word.fill("zebu")
    expect(sheet.get_by_text("No word of these letters.")).to_be_visible()


def test_fidelity_and_category_are_asked_for(studio: str, sheet: Page) -> None:
    sheet.add_init_script(SPY)
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.get_by_label("Fidelity").fill("0.25")
    sheet.get_by_label("Fidelity").dispatch_event("change")
    all_drawn(sheet)
    assert sent(sheet, "redraw")["fidelity"] == 0.25
    sheet.goto(f"{studio}/complete")
    all_drawn(sheet)
    sheet.get_by_label("It is to become").fill("cat")
    sheet.get_by_label("It is to become").dispatch_event("change")
    all_drawn(sheet)
    assert sent(sheet, "complete")["category"] == "cat"


def test_a_picture_is_traced_turned_cropped_and_redrawn(studio: str, sheet: Page) -> None:
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.goto(f"{studio}/trace")
    found, workspace = sheet.locator("#found"), sheet.locator("#workspace")
    expect(found).to_contain_text("13 strokes")  # of the example
    line = sheet.locator("#lines path")
    before = line.get_attribute("d")
    sheet.get_by_label("Detail").fill("-3")
    assert len(line.get_attribute("d") or "") < len(before or "")
    sheet.get_by_label("Detail").fill("0")
    sheet.get_by_label("Smoothing").fill("0")
    assert "C" not in (line.get_attribute("d") or "C")
    sheet.get_by_label("Cut the paper").check()
    x, y, width, height = map(
        float, (sheet.locator("#lines").get_attribute("viewBox") or "").split()
    )
    assert min(x, y) > 50
    assert width > height
    sheet.get_by_role("button", name="Turn").click()
    box = sheet.locator("#lines").get_attribute("viewBox") or ""
    assert box.split()[2:] == [f"{height:g}", f"{width:g}"]
    sheet.get_by_label("Cut the paper").uncheck()
    sheet.get_by_role("button", name="Crop").click()
    sheet.evaluate("scrollTo(0, 0)")
    stage = sheet.locator("#lines").bounding_box()
    assert stage is not None
    for share in (0.02, 0.6):
        sheet.mouse.move(stage["x"] + share * stage["width"], stage["y"] + share * stage["height"])
        if share == 0.02:
            sheet.mouse.down()
    sheet.mouse.up()
    expect(found).to_contain_text(re.compile("^(9|10) strokes"))
    box = sheet.locator("#lines").get_attribute("viewBox") or ""
    assert list(map(float, box.split())) == pytest.approx([0, 0, 0.58 * 700, 0.58 * 900], abs=4)
    sheet.get_by_role("button", name="Whole picture").click()
    expect(found).to_contain_text("13 strokes")
    expect(workspace).not_to_have_attribute("aria-busy", "true")
    threshold = sheet.get_by_label("Threshold", exact=True)
    threshold.fill("80")  # of a line that is half as dark as black
    threshold.dispatch_event("change")
    expect(sheet.locator("#trouble")).to_contain_text("must show lines")
    expect(sheet.get_by_role("button", name="Save SVG")).to_be_disabled()
    sheet.get_by_label("Find the threshold").check()
    expect(workspace).not_to_have_attribute("aria-busy", "true")
    expect(found).to_contain_text("13 strokes")
    assert not [url for url in asked if "/api/" in url or "/model/" in url]
    sheet.get_by_role("button", name="Let the model redraw it").click()
    sheet.wait_for_url(f"{studio}/")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() == 13


def test_complete(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/complete")
    all_drawn(sheet)
    sheet.get_by_role("button", name="Clear").click()
    draw_circle(sheet)
    expect(sheet.locator("#status")).to_contain_text("6 times completed")
    all_drawn(sheet)
    given = sheet.locator(".sheet-card .given path")
    assert given.count() == 6
    assert given.first.get_attribute("d")


def test_nothing_is_loaded_from_elsewhere(studio: str, sheet: Page) -> None:
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    for path in PATHS:
        sheet.goto(studio + path)
        sheet.wait_for_load_state("networkidle")
    assert asked
    assert all(url.startswith((studio, "data:", "blob:")) for url in asked)


@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_wider_than_the_screen(studio: str, sheet: Page, path: str) -> None:
    sheet.goto(studio + path)
    sheet.wait_for_load_state("networkidle")
    for width in (360, 820, 1366):
        sheet.set_viewport_size({"width": width, "height": 800})
        assert sheet.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_that_can_be_pressed_has_a_name(studio: str, sheet: Page) -> None:
    for path in PATHS:
        sheet.goto(studio + path)
        sheet.wait_for_load_state("networkidle")
        nameless = sheet.evaluate(
            """() => [...document.querySelectorAll("button, a, input, [tabindex='0']")]
            .filter(one => !(one.innerText?.trim() || one.getAttribute("aria-label")
                || one.labels?.length)).map(one => one.outerHTML.slice(0, 80))"""
        )
        assert not nameless, path
