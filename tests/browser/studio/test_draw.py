"""Drawing in the studio: the pad, its history, links, and redrawings."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studio_pages import all_drawn, copied_link, draw_circle, open_pad, press_amid_a_stroke
from svg_cases import CASES


def test_undo_and_clear(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
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
    open_pad(sheet, studio)
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


def test_an_example_makes_way_for_the_first_stroke(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    yours, paths = sheet.locator("#yours"), sheet.locator("#pad path")
    expect(sheet.get_by_text("Draw over it")).to_be_visible()
    expect(yours).to_have_text("Example")
    expect(sheet.get_by_role("button", name="Undo")).to_be_disabled()
    draw_circle(sheet)
    expect(yours).to_have_text("Your drawing")
    expect(sheet.get_by_text("Draw over it")).to_be_hidden()
    expect(paths).to_have_count(1)
    sheet.locator(".example").nth(2).click()
    expect(yours).to_have_text("Example")
    draw_circle(sheet)
    expect(paths).to_have_count(1)
    sheet.get_by_role("button", name="Undo").click()  # the example is there again
    expect(yours).to_have_text("Example")
    sheet.get_by_role("button", name="Undo").click()
    expect(paths).to_have_count(1)
    expect(yours).to_have_text("Your drawing")
    sheet.get_by_role("button", name="Random drawing").click()
    expect(yours).to_have_text("Example")


def test_a_mouse_leaves_no_ring_and_keys_are_explained(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    expect(sheet.locator(".pad .cursor")).to_be_hidden()
    expect(sheet.locator(".pad-keys")).to_be_hidden()
    assert sheet.locator("#pad").evaluate("pad => getComputedStyle(pad).outlineStyle") == "none"
    sheet.keyboard.press("ArrowRight")
    expect(sheet.locator(".pad .cursor")).to_be_visible()
    expect(sheet.locator(".pad-keys")).to_contain_text("space bar")


def test_guesses_say_how_sure_they_are(package_studio: str, sheet: Page) -> None:
    sheet.goto(package_studio)
    all_drawn(sheet)
    expect(sheet.locator("#guesses")).to_have_text(re.compile(r"Looks like: cat \(\d+ %\)"))
    pad = sheet.locator("#pad").bounding_box()
    assert pad is not None
    lines = ((0.2, 0.2, 0.8, 0.3), (0.08, 0.78, 0.3, 0.5), (0.7, 0.5, 0.47, 0.94))  # of nothing
    for x0, y0, x1, y1 in lines:
        sheet.mouse.move(pad["x"] + x0 * pad["width"], pad["y"] + y0 * pad["height"])
        sheet.mouse.down()
        sheet.mouse.move(pad["x"] + x1 * pad["width"], pad["y"] + y1 * pad["height"])
        sheet.mouse.up()
    expect(sheet.locator("#guesses")).to_contain_text("Not sure")
    sheet.get_by_role("button", name="Clear").click()
    expect(sheet.locator("#guesses")).to_have_text("")


def test_seeds_stay_within_their_range(studio: str, sheet: Page) -> None:
    sheet.goto(studio)
    all_drawn(sheet)
    for typed, taken in (("9007199254740991", "2147483647"), ("-5", "0")):
        sheet.locator("[name=seed]").fill(typed)
        sheet.locator("[name=seed]").press("Enter")
        expect(sheet.locator("#note")).to_contain_text(f"{taken} it is")
        assert sheet.locator("[name=seed]").input_value() == taken
        all_drawn(sheet)


def test_redo_amid_a_stroke_leaves_that_stroke(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    sheet.keyboard.press("Control+z")
    press_amid_a_stroke(sheet, "Control+Shift+Z")
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("#pad path").first.get_attribute("d") != circle


def test_an_example_of_ours_that_is_cleared_does_not_come_back(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
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
    open_pad(sheet, studio)
    draw_circle(sheet)
    all_drawn(sheet)
    shared = copied_link(sheet)
    draw_circle(sheet)
    draw_circle(sheet)
    expect(sheet.locator("#pad path")).to_have_count(3)
    sheet.evaluate("address => { location.href = address }", shared)
    expect(sheet.locator("#pad path")).to_have_count(1)
    sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(3)


def test_of_a_drawing_that_was_kept_undo_takes_the_last_stroke(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    draw_circle(sheet)
    sheet.reload()
    all_drawn(sheet)
    sheet.get_by_role("button", name="Undo").click()
    expect(sheet.locator("#pad path")).to_have_count(1)
    sheet.get_by_role("button", name="Redo").click()
    expect(sheet.locator("#pad path")).to_have_count(2)


def test_drawing_by_keyboard(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    sheet.locator("#pad").focus()
    for key in ("Space", *["ArrowRight"] * 6, *["ArrowDown"] * 6, "Space"):
        sheet.keyboard.press(key)
    expect(sheet.locator("#status")).to_contain_text("6 redrawings ready")
    assert sheet.locator("#pad path").count() == 1


def test_a_link_holds_the_drawing(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    all_drawn(sheet)
    address = copied_link(sheet)
    assert re.search(r"#[\w-]{20,}~0~0\.\d+~1~1$", address)
    drawn = sheet.locator(".sheet-card .paper").first.inner_html()
    other = sheet.context.new_page()
    other.goto(address)
    all_drawn(other)
    assert other.locator("#pad path").count() == 1
    assert other.locator(".sheet-card .paper").first.inner_html() == drawn
    other.get_by_role("link", name="Complete").click()
    all_drawn(other)
    other.get_by_role("link", name="Redraw").click()
    all_drawn(other)
    expect(other.locator("#pad path")).to_have_count(1)  # what the link held, not the example
    other.goto("about:blank")
    other.goto(re.sub("~1$", "~16", address))  # of a page that offered other qualities
    expect(other.get_by_label("Quality")).to_have_value("8")
    other.close()
    sheet.goto("about:blank")
    sheet.goto(f"{studio}#not-a-drawing")
    expect(sheet.locator("#trouble")).to_contain_text("This link is incomplete")
    sheet.get_by_role("button", name="Close").click()
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_a_picture_is_dropped_in(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    example = Path(__file__).parents[3] / "src" / "sketch_pix2seq" / "examples" / "pig.png"
    sheet.locator("#file").set_input_files(example)
    expect(sheet.locator("#note")).to_contain_text("Lines found")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() > 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_svg_is_known_by_its_first_sign(
    studio: str, sheet: Page, tmp_path: Path, encoding: str
) -> None:
    """However long the comment before its element is; what is left out is said."""
    file = tmp_path / "drawing"
    comment = f"\n<!-- {'licence ' * 500} -->\n"
    file.write_text(comment + CASES["what is not read"].document, encoding)
    open_pad(sheet, studio)
    sheet.locator("#file").set_input_files(file)
    expect(sheet.locator("#note")).to_contain_text("Left out: 2 x text; picture; foreign object.")
    expect(sheet.locator("#pad path")).to_have_count(1)


def test_what_is_no_picture_is_said(studio: str, sheet: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.png"
    wrong.write_text("no picture")
    open_pad(sheet, studio)
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
    open_pad(sheet, studio)
    draw_circle(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    press_amid_a_stroke(sheet, "Control+z")
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("#pad path").first.get_attribute("d") == circle


def test_a_drawing_is_still_there_on_the_way_back(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    all_drawn(sheet)
    circle = sheet.locator("#pad path").first.get_attribute("d")
    sheet.get_by_role("link", name="Blend").click()
    sheet.wait_for_url("**/mix")
    sheet.go_back()
    all_drawn(sheet)
    assert sheet.locator("#pad path").first.get_attribute("d") == circle


def test_enter_in_a_setting_keeps_the_drawing(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    draw_circle(sheet)
    sheet.locator("[name=seed]").fill("-3.7")
    sheet.locator("[name=seed]").press("Enter")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() == 1
    assert sheet.locator("[name=seed]").input_value() == "0"
    assert sheet.url.rstrip("/") == studio


def test_trouble_is_said_and_goes_with_the_next_success(
    studio: str, sheet: Page, tmp_path: Path
) -> None:
    open_pad(sheet, studio)
    wrong = tmp_path / "empty.svg"
    wrong.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>cat</text></svg>')
    sheet.locator("#file").set_input_files(wrong)
    expect(sheet.locator("#trouble")).to_have_text(
        "This SVG has no visible lines. Text and embedded images are ignored."
    )
    draw_circle(sheet)
    all_drawn(sheet)
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_a_model_whose_worker_ends_is_loaded_again(studio: str, sheet: Page) -> None:
    open_pad(sheet, studio)
    all_drawn(sheet)
    (worker,) = sheet.workers
    with worker.expect_event("close"):
        worker.evaluate("setTimeout(() => { throw new Error('no memory'); })")
    draw_circle(sheet)
    all_drawn(sheet)
    assert len(sheet.workers) == 1
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_nobody_needs_a_mouse(studio: str, sheet: Page) -> None:
    sheet.set_viewport_size({"width": 390, "height": 844})
    open_pad(sheet, studio)
    tops = sheet.evaluate(
        """() => [...document.querySelectorAll("main button, main input, main [tabindex='0']")]
        .filter(one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility())
        .map(one => one.getBoundingClientRect().top + scrollY)"""
    )
    assert all(later > earlier - 60 for earlier, later in pairwise(tops))


def test_strokes_are_shown_in_pencil_while_drawings_are_made(studio: str, browser: Browser) -> None:
    """At once, in place of a wait for all of them; the drawings that are kept follow in ink."""
    with browser.new_context(reduced_motion="no-preference") as visitor:
        page = visitor.new_page()
        page.goto(studio)
        page.wait_for_function("() => document.querySelector('.sheet-card .paper.done')")
        page.evaluate(
            """() => {
            window.events = [];
            const note = (records) => {
              for (const { target, addedNodes } of records) {
                if ([...addedNodes].some((one) => one.matches?.(".pencil")))
                  window.events.push("pencil");
                if (target.id === "status") window.events.push("ready");
              }
            };
            const seen = { childList: true, subtree: true };
            new MutationObserver(note).observe(document.body, seen);
            }"""
        )
        page.locator("[name=seed]").fill("5")
        page.locator("[name=seed]").press("Enter")
        page.wait_for_function("() => events.includes('ready')")
        events = page.evaluate("events")
        assert events.index("pencil") < events.index("ready")
        expect(page.locator(".sheet-card .pencil")).to_have_count(0)
