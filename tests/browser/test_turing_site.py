"""The Turing site in a real browser: a whole session, with all that people do to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accessibility import violations
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.routes import LEAST_LOOK_MS
from sketch_pix2seq.web.turing.store import Store
from studies import write_study

UNLIMITED = Limits(body_bytes=4096, per_second=1e6, burst=10**6)
TOKEN = "open sesame, please"
SLOW_DOUBLE_CLICK = """async (button) => {
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 150)); // the next sketch is there already
    button.click();
}"""
Serving = Callable[[FastAPI], AbstractContextManager[str]]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return write_study(tmp_path / "study")


@pytest.fixture
def counting(study: Study, tmp_path: Path) -> Iterator[Store]:
    """The votes, seen from beside the site."""
    opened = Store.open(str(tmp_path / "votes.sqlite"), study.digest)
    yield opened
    opened.close()


@pytest.fixture
def site(study: Study, counting: Store, tmp_path: Path, serving: Serving) -> Iterator[str]:
    store = Store.open(str(tmp_path / "votes.sqlite"), study.digest)
    app = create_turing(study, tmp_path / "study", store, results_token=TOKEN, limits=UNLIMITED)
    with serving(app) as address:
        yield address


def begin(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("link", name="Show me the first sketch").click()
    expect_number(page, 1)


def expect_number(page: Page, number: int, total: int = 12) -> None:
    """Wait until the page asks about so-many-th sketch, and takes an answer."""
    expect(page.locator("#count")).to_have_text(f"Sketch {number} of {total}")
    expect(page.locator("#vote:not([aria-busy=true])")).to_be_visible()
    expect(page.locator(".answer kbd").first).to_be_visible()  # the script is there
    page.wait_for_timeout(LEAST_LOOK_MS + 20)


def asked(page: Page) -> str:
    return page.locator("input[name=sketch]").input_value()


def answer(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_whole_session_with_interruptions(
    browser: Browser, context: BrowserContext, sheet: Page, site: str, counting: Store
) -> None:
    begin(sheet, site)
    seen = [asked(sheet)]
    sheet.get_by_role("button", name="Human").dblclick()  # one answer, not two
    expect_number(sheet, 2)
    seen.append(asked(sheet))
    sheet.get_by_role("button", name="Computer").evaluate(SLOW_DOUBLE_CLICK)
    expect_number(sheet, 3)
    seen.append(asked(sheet))
    other = context.new_page()  # a second tab asks the same
    other.goto(f"{site}/question")
    assert asked(other) == seen[2]
    other.wait_for_timeout(LEAST_LOOK_MS + 20)
    answer(other, "Computer")
    expect_number(other, 4)
    answer(sheet, "Human")  # of what is answered already
    expect_number(sheet, 4)
    seen.append(asked(sheet))
    other.close()
    sheet.go_back()  # to the instructions, and forth again
    sheet.go_forward()
    expect_number(sheet, 4)
    assert asked(sheet) == seen[3]
    sheet.keyboard.press("ArrowLeft")
    expect_number(sheet, 5)
    votes = {vote.sketch: vote.human for vote in counting.votes()}
    assert votes == dict(zip(seen, [True, False, False, True], strict=True))

    sheet.get_by_role("link", name="Stop for now").click()
    code = sheet.locator(".code code").inner_text()
    kept = context.storage_state()
    context.close()  # the browser is closed, and opened again
    with browser.new_context(storage_state=kept) as later:
        page = later.new_page()
        page.goto(site)
        expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
        page.get_by_role("link", name="Go on").click()
        expect_number(page, 5)
        for number in range(5, 9):
            page.keyboard.press("ArrowLeft" if number % 2 else "ArrowRight")
            expect_number(page, number + 1)
    with browser.new_context() as phone:  # the rest on another device
        page = phone.new_page()
        page.goto(site)
        page.get_by_text("I began on another device").click()
        page.get_by_label("Your code").fill(code.lower())
        page.get_by_role("button", name="Go on").click()
        for number in range(9, 13):
            expect_number(page, number)
            answer(page, "Human")
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        page.goto(f"{site}/question")
        expect(page).to_have_url(re.compile("/thanks$"))
    assert len(counting.votes()) == 12
    assert {vote.participant for vote in counting.votes()} == {"0001"}


def test_without_scripts_it_works_alike(browser: Browser, site: str, counting: Store) -> None:
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(site)
        page.get_by_role("button", name="I agree").click()
        page.get_by_role("link", name="Show me the first sketch").click()
        first = asked(page)
        expect(page.locator(".answer kbd").first).to_be_hidden()  # no key works here
        page.wait_for_timeout(LEAST_LOOK_MS)
        page.get_by_role("button", name="Human").dblclick()
        page.wait_for_timeout(LEAST_LOOK_MS)
        page.go_back()
        assert len(counting.votes()) == 1
        for _ in range(3):
            page.goto(f"{site}/question")
            assert asked(page) != first
            page.wait_for_timeout(LEAST_LOOK_MS)
            answer(page, "Computer")
            expect(page.get_by_role("heading", name="Who drew this?")).to_be_visible()
    assert len(counting.votes()) == 4


def test_an_answer_that_does_not_arrive_is_sent_again(
    sheet: Page, site: str, counting: Store
) -> None:
    begin(sheet, site)
    attempts: list[str] = []
    held: list[Route] = []

    def fail_at_first(route: Route) -> None:
        attempts.append(route.request.post_data or "")
        if len(attempts) == 1:
            route.abort()
        elif len(attempts) == 2:
            held.append(route)  # until the words below have been seen, however busy the machine is
        else:
            route.continue_()

    sheet.route("**/api/vote", fail_at_first)
    sheet.keyboard.press("ArrowLeft")
    expect(sheet.get_by_text("Your answer is not kept yet")).to_be_visible()
    while not held:
        sheet.wait_for_timeout(50)
    held[0].fetch()  # kept, but the answer is lost on its way
    held[0].fulfill(status=503, body="{}")
    expect_number(sheet, 2)
    expect(sheet.get_by_text("Your answer is not kept yet")).to_be_hidden()
    assert len(attempts) == 3
    assert len(set(attempts)) == 1
    assert [vote.human for vote in counting.votes()] == [True]


def test_the_question_fits_on_every_screen(browser: Browser, site: str) -> None:
    with browser.new_context() as visitor:
        page = visitor.new_page()
        begin(page, site)
        sizes = [(320, 568), (390, 760), (844, 390), (768, 1024), (1440, 900)]
        sizes += [(720, 450), (683, 384), (640, 400), (667, 375), (568, 320), (834, 480)]  # low
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            widths = []
            for name in ("Human", "Computer"):
                box = page.get_by_role("button", name=name).bounding_box()
                assert box is not None
                assert box["x"] >= 0 and box["y"] >= 0
                assert box["x"] + box["width"] <= width
                assert box["y"] + box["height"] <= height, (width, height)
                assert box["height"] >= 44
                widths.append(box["width"])
            assert widths[0] == pytest.approx(widths[1], abs=1)
            paper = page.locator("#sketch").bounding_box()
            assert paper is not None
            assert paper["width"] == pytest.approx(paper["height"], abs=1.5)
            assert paper["width"] >= 170


def test_results_open_in_the_browser(sheet: Page, site: str) -> None:
    begin(sheet, site)
    sheet.keyboard.press("ArrowLeft")
    expect_number(sheet, 2)
    sheet.goto(f"{site}/results")
    sheet.get_by_label("Token").fill(TOKEN)
    sheet.get_by_role("button", name="Show the results").click()
    expect(sheet.get_by_role("heading", name="Taken for human")).to_be_visible()
    assert TOKEN not in sheet.url
    # its style is there
    expect(sheet.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    with sheet.expect_download() as fetched:
        sheet.get_by_role("button", name="All votes as CSV").click()
    assert fetched.value.suggested_filename == "votes.csv"
    assert len(Path(fetched.value.path()).read_text().splitlines()) == 2


def test_axe_finds_nothing_wrong(sheet: Page, site: str) -> None:
    found: dict[str, list[str]] = {}

    def check(name: str) -> None:
        found[name] = violations(sheet)

    sheet.goto(site)
    check("start")
    sheet.get_by_role("button", name="I agree").click()
    check("how")
    sheet.get_by_role("link", name="Show me the first sketch").click()
    for number in range(1, 13):
        expect_number(sheet, number)
        if number == 2:
            check("question")
        sheet.keyboard.press("ArrowLeft" if number % 2 else "ArrowRight")
    expect(sheet.get_by_role("heading", name="Thank you")).to_be_visible()
    check("thanks")
    for name in ("pause", "withdraw", "results", "no-such-page"):
        sheet.goto(f"{site}/{name}")
        check(name)
    sheet.goto(f"{site}/results")
    sheet.get_by_label("Token").fill(TOKEN)
    sheet.get_by_role("button", name="Show the results").click()
    expect(sheet.get_by_role("heading", name="Taken for human")).to_be_visible()
    check("results with votes")
    assert found == {name: [] for name in found}


def test_no_answer_is_set_off_by_the_pointer_that_gave_the_last_one(
    browser: Browser, site: str
) -> None:
    looks = """() => [...document.querySelectorAll("button.answer")].map(one => {
        const { borderColor, backgroundColor, outlineStyle } = getComputedStyle(one);
        return [borderColor, backgroundColor, outlineStyle].join();
    })"""
    for has_touch in (False, True):
        with browser.new_context(has_touch=has_touch, reduced_motion="reduce") as visitor:
            page = visitor.new_page()
            page.goto(site)
            page.get_by_role("button", name="I agree").click()
            page.get_by_role("link", name="Show me the first sketch").click()
            button = page.get_by_role("button", name="Computer")
            page.wait_for_timeout(LEAST_LOOK_MS + 20)
            button.tap() if has_touch else button.click()
            expect(page.locator("#count")).to_have_text("Sketch 2 of 12")
            expect(page.locator("#vote:not([aria-busy=true])")).to_be_visible()
            page.wait_for_timeout(300)  # as long as Chromium calls what was tapped active
            human, computer = page.evaluate(looks)
            assert human == computer
