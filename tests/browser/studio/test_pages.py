"""The other pages of the studio, and what holds for all."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from accessibility import violations
from studio_pages import SPY, all_drawn, draw_circle, four_lines, saved, sent

PATHS = ("/", "/name", "/mix", "/map", "/complete", "/trace", "/mine")


def test_mix(studio: str, sheet: Page) -> None:
    sheet.add_init_script(SPY)
    sheet.goto(f"{studio}/mix")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    slider = sheet.locator("#slider")
    slider.focus()
    at_half = sheet.locator("#between").inner_html()
    for _ in range(5):
        sheet.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "0 % first, 100 % second drawing"
    assert sheet.locator("#between").inner_html() != at_half
    draw_circle(sheet, "#second")
    expect(sheet.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    expect(sheet.locator(".strip .paper.done")).to_have_count(11)
    sheet.get_by_role("button", name="All 11 steps").click()
    film = saved(sheet, "flip")
    assert film.name == "all-blends-seed-0-film.gif"
    with Image.open(film) as picture:
        assert picture.n_frames == 20  # type: ignore[attr-defined]  # there and back
    sheet.get_by_role("button", name="Close").click()
    sheet.get_by_label("Quality").select_option("best of 4")
    expect(sheet.locator("[data-do=all]")).to_be_disabled()
    expect(sheet.locator("[data-do=all]")).to_be_enabled(timeout=30_000)  # of 44 drawings
    assert sent(sheet, "mix")["bestOf"] == 4
    sheet.goto(studio)
    sheet.goto(f"{studio}/mix")
    expect(sheet.get_by_label("Quality")).to_have_value("4")  # kept while the tab is open


def test_a_word_is_drawn(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/name")
    all_drawn(sheet)
    word = sheet.get_by_role("combobox", name="Word")
    word.fill("tea")
    expect(sheet.locator(".words li:visible")).to_have_text(["steak", "teapot"])
    word.press("Enter")
    all_drawn(sheet)
    expect(sheet.locator("#status")).to_have_text("6 drawings of: teapot.")
    assert sheet.get_by_role("button", name="Save all six").is_enabled()
    word.fill("zebu")
    expect(sheet.get_by_text("No word contains these letters.")).to_be_visible()


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
    sheet.get_by_role("button", name="Whole image").click()
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


def test_a_picture_is_still_there_on_the_way_back(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/trace")
    found, lines = sheet.locator("#found"), sheet.locator("#lines")
    expect(found).to_contain_text("13 strokes")  # of the example
    sheet.locator("#file").set_input_files(four_lines(200, 300))
    expect(found).to_contain_text("4 strokes")
    sheet.get_by_label("Smoothing").fill("0")
    sheet.get_by_role("button", name="Crop").click()
    edges = sheet.get_by_role("form", name="Cut off")
    edges.get_by_label("right").fill("50")
    edges.get_by_label("right").press("Enter")
    expect(found).to_contain_text("2 strokes")
    sheet.get_by_role("button", name="Turn").click()
    expect(lines).to_have_attribute("viewBox", "0 0 300 100")
    drawn = lines.locator("path").get_attribute("d")
    sheet.get_by_role("button", name="Let the model redraw it").click()
    sheet.wait_for_url(f"{studio}/")
    all_drawn(sheet)
    sheet.go_back()
    expect(found).to_contain_text("2 strokes")
    expect(lines).to_have_attribute("viewBox", "0 0 300 100")
    assert lines.locator("path").get_attribute("d") == drawn
    sheet.get_by_role("button", name="Whole image").click()
    expect(found).to_contain_text("4 strokes")
    sheet.reload()
    expect(found).to_contain_text("4 strokes")


def test_a_large_picture_is_kept_smaller(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/trace")
    found = sheet.locator("#found")
    expect(found).to_contain_text("13 strokes")
    sheet.locator("#file").set_input_files(four_lines(1200, 2400, noise=30))
    expect(found).to_contain_text("4 strokes")
    expect(sheet.locator("#lines")).to_have_attribute("viewBox", "0 0 1200 2400")
    sheet.get_by_role("link", name="Blend").click()
    sheet.wait_for_url("**/mix")
    assert sheet.evaluate("JSON.stringify(sessionStorage).length") < 2_500_000  # Safari's limit
    sheet.go_back()
    expect(found).to_contain_text("4 strokes")
    expect(sheet.locator("#lines")).to_have_attribute("viewBox", "0 0 800 1600")


def test_complete(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/complete")
    all_drawn(sheet)
    sheet.get_by_role("button", name="Clear").click()
    draw_circle(sheet)
    expect(sheet.locator("#status")).to_contain_text("6 completed drawings ready")
    all_drawn(sheet)
    given = sheet.locator(".sheet-card .given path")
    assert given.count() == 6
    assert given.first.get_attribute("d")


@pytest.mark.parametrize("is_here", [True, False])
def test_a_link_that_nobody_else_can_open_says_so(studio: str, sheet: Page, is_here: bool) -> None:
    if not is_here:  # the same studio by an address that others might open
        local = studio
        studio = "http://192.0.2.77:8000"
        sheet.route(
            f"{studio}/**",
            lambda route: route.fulfill(
                response=sheet.request.get(route.request.url.replace(studio, local))
            ),
        )
    sheet.goto(studio)
    all_drawn(sheet)
    sheet.locator("[data-do=share]").click()
    sheet.locator("[data-view=link]").click()
    status = sheet.locator("#viewer-status")
    expect(status).to_contain_text(re.compile("Link copied|Copy this link"))
    assert ("opens on this computer alone" in status.inner_text()) is is_here
    assert sheet.url.startswith(f"{studio}/#A")  # to be copied where that is not allowed
    sheet.unroute_all(
        behavior="ignoreErrors"
    )  # what is still on its way must not reach other tests


@pytest.mark.parametrize("page", ["name", "map", "mix"])
def test_a_damaged_link_says_so_on_every_page(studio: str, sheet: Page, page: str) -> None:
    sheet.goto(f"{studio}/{page}#AQX!!!")
    expect(sheet.locator("#trouble")).to_contain_text("This link is incomplete")


DONE = """() => !document.querySelector("[aria-busy=true]")
  && document.querySelector(".paper.done, #lines path[d*=M], #none:not([hidden])")"""


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_wrong_or_from_elsewhere(studio: str, sheet: Page, path: str) -> None:
    """Axe looks at names, labels, contrast and roles."""
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.goto(studio + path)
    sheet.wait_for_function(DONE)
    assert violations(sheet) == []
    assert asked
    assert all(url.startswith((studio, "data:", "blob:")) for url in asked)


def test_of_a_word_that_could_not_be_drawn_nothing_is_said_to_be_there(
    studio: str, sheet: Page
) -> None:
    sheet.goto(f"{studio}/name")
    all_drawn(sheet)
    expect(sheet.locator("#status")).to_contain_text("6 drawings of: ")
    sheet.evaluate(
        """() => {
          Worker.prototype.postMessage = () => { throw new Error("The model is gone."); };
        }"""
    )
    sheet.locator("[data-word=owl]").click()
    expect(sheet.locator("#shown-word")).to_have_text("owl")
    expect(sheet.locator("#notice")).to_have_class(re.compile("trouble"))
    expect(sheet.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
    expect(sheet.locator("#status")).to_be_empty()


def test_no_letters_draw_the_word_that_is_shown_again(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/name")
    all_drawn(sheet)
    sheet.locator("[data-word=owl]").click()
    sheet.get_by_role("button", name="Draw it").click()
    expect(sheet.locator("#shown-word")).to_have_text("owl")


def test_a_frame_that_is_not_drawn_leaves_the_summary(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/trace")
    expect(sheet.locator("#found")).to_contain_text("13 strokes")
    crop = sheet.get_by_role("button", name="Crop")
    crop.click()
    expect(sheet.locator("#found")).to_contain_text("Draw a frame")
    crop.click()
    expect(sheet.locator("#found")).to_contain_text("13 strokes")


def test_a_frame_ends_where_the_picture_does(studio: str, sheet: Page) -> None:
    """Beyond it there would be white paper, whose edge is a line."""
    sheet.goto(f"{studio}/trace")
    expect(sheet.locator("#found")).to_contain_text("13 strokes")
    sheet.get_by_role("button", name="Crop").click()
    sheet.evaluate("scrollTo(0, 0)")
    stage = sheet.locator("#lines").bounding_box()
    assert stage is not None
    sheet.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
    sheet.mouse.down()
    sheet.mouse.move(stage["x"] - 20, stage["y"] - 20)
    sheet.mouse.up()
    sheet.get_by_role("button", name="Whole image").wait_for()
    box = sheet.locator("#lines").get_attribute("viewBox") or ""
    assert list(map(float, box.split())) == pytest.approx([0, 0, 450, 350], abs=4)


COUNTED_BITMAPS = """globalThis.numOpen = 0;
const make = createImageBitmap, { close } = ImageBitmap.prototype;
globalThis.createImageBitmap = (...image) => make(...image).finally(() => numOpen++);
ImageBitmap.prototype.close = function () {
  numOpen--;
  close.call(this);
};"""


def test_pictures_that_are_no_longer_shown_are_let_go(studio: str, sheet: Page) -> None:
    sheet.add_init_script(COUNTED_BITMAPS)
    sheet.goto(f"{studio}/trace")
    expect(sheet.locator("#found")).to_contain_text("13 strokes")
    for width in (200, 250, 300):
        sheet.locator("#file").set_input_files(four_lines(width, 200))
        expect(sheet.locator("#lines")).to_have_attribute("viewBox", f"0 0 {width} 200")
    expect(sheet.locator("#found")).to_contain_text("4 strokes")
    assert sheet.evaluate("numOpen") == 1


def test_a_picture_is_cropped_without_a_mouse(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/trace")
    found, lines = sheet.locator("#found"), sheet.locator("#lines")
    expect(found).to_contain_text("13 strokes")
    sheet.get_by_role("button", name="Crop").focus()
    sheet.keyboard.press("Enter")
    expect(found).to_contain_text("Draw a frame")
    assert violations(sheet) == []
    for side, share in (("left", "2"), ("top", "2"), ("right", "40"), ("bottom", "40")):
        sheet.keyboard.press("Tab")
        expect(sheet.get_by_role("form", name="Cut off").get_by_label(side)).to_be_focused()
        sheet.keyboard.type(share)
    frame = lines.locator("rect")
    shown = [float(frame.get_attribute(name) or "") for name in ("x", "y", "width", "height")]
    assert shown == pytest.approx([18, 14, 0.58 * 900, 0.58 * 700])
    sheet.get_by_role("button", name="Turn").click()
    assert float(frame.get_attribute("width") or "") == pytest.approx(0.58 * 700)
    for _ in range(3):
        sheet.get_by_role("button", name="Turn").click()
    sheet.get_by_label("bottom").focus()
    sheet.keyboard.press("Enter")
    expect(found).to_contain_text("6 strokes")
    box = lines.get_attribute("viewBox") or ""
    assert list(map(float, box.split())) == pytest.approx([0, 0, 522, 406], abs=1)
    expect(sheet.get_by_role("button", name="Whole image")).to_be_focused()
    expect(sheet.get_by_role("form", name="Cut off")).to_be_hidden()
    sheet.keyboard.press("Enter")
    expect(found).to_contain_text("13 strokes")
