"""The page Explore: the map of people's drawings, and what the model draws between them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from studio_pages import all_drawn


def test_every_point_of_the_map_is_drawn(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/map")
    board = sheet.locator("#map")
    expect(sheet.locator("#drawn.done")).to_have_count(1)
    assert sheet.locator(".person").count() > 600
    drawn = sheet.locator("#drawn").inner_html()
    box = board.bounding_box()
    assert box is not None
    for step in range(4):  # at one of these no drawing lies
        x, y = box["x"] + box["width"] * (0.5 + step / 50), box["y"] + box["height"] * 0.6
        sheet.mouse.click(x, y)
        if "Between drawings of: " in sheet.locator("#near").inner_text():
            break
    expect(sheet.locator("#near")).to_contain_text("Between drawings of: ")
    sheet.wait_for_function(
        "before => document.querySelector('#drawn.done')?.innerHTML !== before", arg=drawn
    )
    near = sheet.locator("#neighbours button")
    assert 2 <= near.count() <= 4
    name = near.first.inner_text()
    near.first.click()
    expect(sheet.locator("#near")).to_have_text(f"The place of a drawing of: {name}")
    pin = sheet.locator("#pin circle").bounding_box()
    assert pin is not None
    sheet.mouse.move(pin["x"] + pin["width"] / 2, pin["y"] + pin["height"] / 2)
    expect(sheet.locator("#tip")).to_contain_text(name)
    sheet.get_by_role("button", name="Enlarge or save").click()
    sheet.get_by_role("button", name="Redraw it").click()
    sheet.wait_for_url(f"{studio}/")
    all_drawn(sheet)
    assert sheet.locator("#pad path").count() >= 1


def test_a_category_is_found(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/map")
    expect(sheet.locator("#drawn.done")).to_have_count(1)
    field, pin = sheet.get_by_role("combobox", name="Find a word"), sheet.locator("#pin")
    field.fill("tea")
    expect(sheet.locator(".person.only")).to_have_count(4)  # of steaks and teapots
    field.fill("Teapot")
    field.press("Enter")
    expect(sheet.locator(".person.only")).to_have_count(2)
    expect(sheet.locator("#near")).to_have_text("The place of a drawing of: teapot")
    first = pin.get_attribute("transform") or ""
    field.press("Enter")  # the next one
    expect(pin).not_to_have_attribute("transform", first)
    expect(sheet.locator("#near")).to_have_text("The place of a drawing of: teapot")
    place = pin.get_attribute("transform") or ""
    sheet.reload()
    expect(sheet.locator(".person.only")).to_have_count(2)  # not forgotten
    expect(pin).to_have_attribute("transform", place)
    sheet.get_by_role("button", name="Show all").click()
    expect(sheet.locator(".person.only")).to_have_count(0)
    field.fill("zebu")
    field.press("Enter")
    expect(sheet.locator("#trouble")).to_contain_text("does not know “zebu”")


def test_it_is_zoomed_and_a_place_of_it_linked(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/map")
    board = sheet.locator("#map")

    def part() -> list[float]:
        return [float(one) for one in (board.get_attribute("viewBox") or "").split()]

    expect(sheet.locator("#drawn.done")).to_have_count(1)
    assert part() == [0, 0, 1000, 1000]
    sheet.get_by_role("button", name="Zoom in").click()
    board.focus()
    sheet.keyboard.press("+")
    assert part()[2] == pytest.approx(1000 / 1.6**2)
    for _ in range(20):  # the part in view follows the pin
        sheet.keyboard.press("ArrowLeft")
    x, _, side, _ = part()
    place = re.findall(r"[\d.]+", sheet.locator("#pin").get_attribute("transform") or "")
    assert x <= float(place[0]) <= x + side
    sheet.get_by_role("button", name="Copy link").click()
    assert re.search(r"#0\.\d+~0\.\d+~2\.6~0~0\.2$", sheet.url)
    other = sheet.context.new_page()
    other.goto(sheet.url)
    expect(other.locator("#drawn.done")).to_have_count(1)
    assert other.locator("#near").inner_text() == sheet.locator("#near").inner_text()
    expect(other.locator("#map")).not_to_have_attribute("viewBox", "0 0 1000 1000")
    other.close()
    box = board.bounding_box()
    assert box is not None
    sheet.mouse.move(box["x"] + 90, box["y"] + 90)
    before = board.get_attribute("viewBox") or ""
    sheet.mouse.wheel(0, 80)  # pans what is zoomed
    expect(board).not_to_have_attribute("viewBox", before)
    assert part()[2] == float(before.split()[2])
    board.focus()
    sheet.keyboard.press("0")
    expect(board).to_have_attribute("viewBox", "0 0 1000 1000")


def test_two_fingers_zoom_and_one_draws(studio: str, browser: Browser) -> None:
    """With the map and what is drawn both in view, on a small phone."""
    size = {"width": 320, "height": 568}
    with browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    ) as visitor:
        page = visitor.new_page()
        page.goto(f"{studio}/map")
        expect(page.locator("#drawn.done")).to_have_count(1)
        for name in ("#map", "#drawn", "#neighbours"):
            box = page.locator(name).bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= size["height"], name
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        board = page.locator("#map").bounding_box()
        assert board is not None
        x, y = board["x"] + board["width"] / 2, board["y"] + board["height"] / 2
        session = visitor.new_cdp_session(page)

        def touch(kind: str, *apart: float) -> None:
            points = [{"x": x + one, "y": y} for one in apart]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", 0)
        touch("touchEnd")
        expect(page.locator("#drawn.done")).to_have_count(1)
        expect(page.locator("#map")).to_have_attribute("viewBox", "0 0 1000 1000")
        touch("touchStart", -20, 20)
        touch("touchMove", -60, 60)
        touch("touchEnd")
        side = float((page.locator("#map").get_attribute("viewBox") or "").split()[2])
        assert side == pytest.approx(1000 / 3, rel=0.02)


def test_a_map_that_did_not_come_comes_with_the_next_press(studio: str, sheet: Page) -> None:
    sheet.route("**/gallery.ndjson", lambda route: route.abort())
    sheet.goto(f"{studio}/map")
    expect(sheet.locator("#trouble")).to_contain_text("cannot be loaded")
    sheet.unroute("**/gallery.ndjson")
    sheet.locator("#map").click()
    expect(sheet.locator("#drawn.done")).to_have_count(1)
    assert sheet.locator(".person").count() > 600
    expect(sheet.locator("#map")).not_to_have_attribute("aria-busy", "true")
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_whoever_goes_to_a_neighbour_by_key_stays_among_them(studio: str, sheet: Page) -> None:
    sheet.goto(f"{studio}/map")
    near = sheet.locator("#neighbours button")
    near.nth(1).focus()
    name = near.nth(1).inner_text()
    sheet.keyboard.press("Enter")
    expect(near.first).to_be_focused()
    expect(near.first).to_have_text(name)
