"""Every page in every window: nothing is cut off, and what one draws on is in view."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from studio_pages import FIRST_TRY

DONE = """() => !document.querySelector("[aria-busy=true]")
  && document.querySelector(".paper.done, #lines path[d*=M], #none:not([hidden])")"""
TOUCH = ((320, 568), (390, 844), (667, 375), (844, 390), (768, 1024), (820, 1180), (1180, 820))
DESK = ((720, 450), (640, 400), (1280, 800), (1366, 768), (1440, 900), (2560, 1300))
MAIN = {
    "": "#pad",
    "complete": "#pad",
    "name": "[name=word]",
    "mix": "#first",
    "map": "#map",
    "trace": ".stage",
    "mine": "[name=keeps]",
}
"""Of each page what one works on."""
BESIDE = {"map": "#drawn", "name": ".sheet-card"}
"""What is to be in view with it."""
WINDOWS = [(640, 100), (390, 200), (320, 200)]
"""Width in pixels, and size of letters in per cent of the usual."""


@pytest.fixture(params=["finger", "mouse"])
def hand(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visitor(browser: Browser, hand: str) -> Iterator[Page]:
    is_finger = hand == "finger"
    with browser.new_context(
        has_touch=is_finger, is_mobile=is_finger, reduced_motion="reduce"
    ) as context:
        context.add_init_script(FIRST_TRY)
        yield context.new_page()


@pytest.mark.parametrize(
    ("hand", "name"),
    [
        *(("finger", name) for name in MAIN),
        ("mouse", ""),
        *(pytest.param("mouse", name, marks=pytest.mark.slow) for name in list(MAIN)[1:]),
    ],
)
def test_what_one_works_on_is_in_view(studio: str, visitor: Page, hand: str, name: str) -> None:
    visitor.goto(f"{studio}/{name}")
    visitor.wait_for_function(DONE)
    for width, height in TOUCH if hand == "finger" else DESK:
        visitor.set_viewport_size({"width": width, "height": height})
        visitor.evaluate("() => new Promise(requestAnimationFrame)")
        where = f"{name or 'draw'}, {width}x{height}"
        assert visitor.evaluate("document.documentElement.scrollWidth") <= width, where
        for selector in (MAIN[name], BESIDE.get(name)):
            if selector is None:
                continue
            box = visitor.locator(selector).first.bounding_box()
            assert box is not None
            assert box["x"] >= 0, where
            assert box["y"] >= 0, where
            assert box["x"] + box["width"] <= width, where
            assert box["y"] + box["height"] <= height, where


@pytest.mark.parametrize("language", ["en", "de"])
def test_long_words_and_large_letters_cut_nothing_off(
    studio: str, browser: Browser, language: str
) -> None:
    windows = [*WINDOWS, (768, 100)] if language == "de" else WINDOWS
    with browser.new_context(locale=language) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        for name in MAIN:
            page.goto(f"{studio}/{'' if language == 'en' else 'de/'}{name}")
            for width, percent in windows:
                page.set_viewport_size({"width": width, "height": 1000})
                page.evaluate(f"document.documentElement.style.fontSize = '{percent}%'")
                page.evaluate("() => new Promise(requestAnimationFrame)")
                where = f"{name or 'draw'}, {width} pixels, {percent} %"
                root = "document.documentElement"
                assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), where
                assert page.evaluate("scrollX") == 0, where
                size = page.evaluate("getComputedStyle(document.body).fontSize")
                assert size == f"{percent * 0.16:g}px"


def test_the_map_names_what_is_near_whole(studio: str, browser: Browser) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{studio}/map")
        page.wait_for_function(DONE)
        near, below = page.locator("#near"), page.locator(".settings")
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 844})
            tops = []
            for words in ("Drawing of: cat", "Zwischen Zeichnungen von: Fernseher, Waschmaschine"):
                near.evaluate("(one, words) => { one.textContent = words }", words)
                box = below.bounding_box()
                assert box is not None
                tops.append(box["y"] + page.evaluate("scrollY"))
                assert near.evaluate("one => one.scrollWidth <= one.clientWidth")
            assert max(tops) - min(tops) < 1, width  # nothing moves


@pytest.mark.parametrize("language", ["en", "de"])
def test_hints_in_fields_are_whole(studio: str, browser: Browser, language: str) -> None:
    with browser.new_context(locale=language, reduced_motion="reduce") as context:
        page = context.new_page()
        for name in ("name", "map", "complete"):
            page.goto(f"{studio}/{'' if language == 'en' else 'de/'}{name}")
            for width in (320, 360, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 844})
                field = page.locator("input[placeholder]")
                is_whole = (
                    "one => (one.value = one.placeholder, one.scrollWidth <= one.clientWidth)"
                )
                assert field.evaluate(is_whole), f"{name}, {width} pixels"
                field.fill("")


def test_a_tablet_has_the_largest_pad(studio: str, visitor: Page, hand: str) -> None:
    visitor.goto(studio)
    visitor.wait_for_function(DONE)
    sides = {}
    for width, height in TOUCH if hand == "finger" else DESK:
        visitor.set_viewport_size({"width": width, "height": height})
        visitor.evaluate("() => new Promise(requestAnimationFrame)")
        box = visitor.locator("#pad").bounding_box()
        assert box is not None
        assert box["width"] == pytest.approx(box["height"], abs=0.5)
        sides[width, height] = box["width"]
    if hand == "mouse":
        assert all(side >= 200 for side in sides.values())
        return
    assert sides[320, 568] >= 255
    assert sides[390, 844] >= 320
    assert sides[667, 375] >= 220
    assert sides[820, 1180] > sides[768, 1024] > 550
    assert sides[1180, 820] > 400


def test_guesses_move_nothing(studio: str, visitor: Page) -> None:
    visitor.goto(studio)
    visitor.wait_for_function(DONE)
    for width in (320, 390, 820, 1280):
        visitor.set_viewport_size({"width": width, "height": 844})
        tops = []
        for words in ("", "cat", "house, or perhaps paint can, purse and suitcase, " * 3):
            visitor.locator("#guesses").evaluate(
                "(one, words) => { one.textContent = words }", words
            )
            box = visitor.locator(".sheets").bounding_box()
            assert box is not None
            tops.append(box["y"] + visitor.evaluate("scrollY"))
        assert max(tops) - min(tops) < 1, width


@pytest.mark.parametrize(
    ("origin", "usual", "target", "chosen"), [("", 2, "mix", 4), ("mix", 4, "", 2)]
)
def test_a_changed_setting_leaves_the_quality_of_other_pages(
    studio: str, context: BrowserContext, origin: str, usual: int, target: str, chosen: int
) -> None:
    page = context.new_page()
    page.goto(f"{studio}/{origin}")
    expect(page.locator("#best-of")).to_have_value(str(usual))
    page.locator("#seed").fill("7")
    page.locator("#seed").press("Enter")
    page.wait_for_function("() => sessionStorage.settings")
    page.goto(f"{studio}/{target}")
    expect(page.locator("#seed")).to_have_value("7")
    expect(page.locator("#best-of")).to_have_value(str(chosen))


def test_a_notice_on_a_phone_takes_the_width_it_needs(studio: str, sheet: Page) -> None:
    sheet.set_viewport_size({"width": 390, "height": 780})
    sheet.goto(f"{studio}/name")
    sheet.locator("[name=word]").fill("qwertz")
    sheet.keyboard.press("Enter")
    expect(sheet.locator("#notice")).to_have_class("notice shown trouble")
    box = sheet.locator("#notice").bounding_box()
    assert box is not None
    assert box["width"] > 300
