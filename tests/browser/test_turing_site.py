"""The Turing site in a real browser: a whole session, with all that people do to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accessibility import violations
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.routes import MIN_LOOK_MS
from sketch_pix2seq.web.turing.store import Store
from studies import scribbles, write_study

UNLIMITED = Limits(body_bytes=4096, per_second=1e6, burst=10**6)
TOKEN = "open sesame, please"
SLOW_DOUBLE_CLICK = """async (button) => {
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 150)); // the next sketch is there already
    button.click();
}"""
SIZES = (
    *((320, 568), (390, 760), (768, 1024), (1440, 900), (360, 640), (600, 500)),
    *(
        (844, 390),
        (740, 360),
        (667, 375),
        (568, 320),
        (480, 320),
        (430, 320),
    ),  # phones on their side
    *((720, 450), (683, 384), (640, 400), (800, 450), (833, 480), (960, 480)),  # zoomed pages
)
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


def begin(page: Page, site: str, *, touch: bool = False) -> None:
    page.goto(site)
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("link", name="Start").click()
    expect_number(page, 1, touch=touch)


def expect_number(page: Page, number: int, total: int = 12, *, touch: bool = False) -> None:
    """Wait until the page asks about so-many-th sketch, and takes an answer."""
    expect(page.locator("#count")).to_have_text(f"Sketch {number} of {total}")
    expect(page.locator("#vote:not([aria-busy=true])")).to_be_visible()
    expect(page.locator(".answer kbd:not([hidden])").first).to_be_visible(visible=not touch)
    page.wait_for_timeout(MIN_LOOK_MS + 20)


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
    other.wait_for_timeout(MIN_LOOK_MS + 20)
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

    sheet.get_by_role("link", name="Pause").click()
    code = sheet.locator(".code code").inner_text()
    kept = context.storage_state()
    context.close()  # the browser is closed, and opened again
    with browser.new_context(storage_state=kept) as later:
        page = later.new_page()
        page.goto(site)
        expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
        page.get_by_role("link", name="Continue").click()
        expect_number(page, 5)
        for number in range(5, 9):
            page.keyboard.press("ArrowLeft" if number % 2 else "ArrowRight")
            expect_number(page, number + 1)
    with browser.new_context() as phone:  # the rest on another device
        page = phone.new_page()
        page.goto(site)
        page.get_by_text("Continue with a code").click()
        page.get_by_label("Your code").fill(code.lower())
        page.get_by_role("button", name="Continue").click()
        for number in range(9, 13):
            expect_number(page, number)
            answer(page, "Human")
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        page.goto(f"{site}/question")
        expect(page).to_have_url(re.compile("/thanks$"))
    assert len(counting.votes()) == 12
    assert {vote.participant for vote in counting.votes()} == {"0001"}


@pytest.mark.parametrize("scripts", [True, False])
def test_a_class_takes_part_over_plain_http(
    browser: Browser, site: str, counting: Store, scripts: bool
) -> None:
    with browser.new_context(java_script_enabled=scripts) as pupil:
        page = pupil.new_page()
        page.goto(site.replace("127.0.0.1", "192.0.2.1"))
        page.get_by_role("button", name="I agree").click()
        page.get_by_role("link", name="Start").click()
        page.wait_for_timeout(MIN_LOOK_MS + 20)
        answer(page, "Human")
        expect(page.locator("#count")).to_have_text("Sketch 2 of 12")
    assert len(counting.votes()) == 1


def test_without_scripts_it_works_alike(browser: Browser, site: str, counting: Store) -> None:
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(site)
        page.get_by_role("button", name="I agree").click()
        page.get_by_role("link", name="Start").click()
        first = asked(page)
        expect(page.locator(".answer kbd").first).to_be_hidden()  # no key works here
        page.wait_for_timeout(MIN_LOOK_MS)
        page.get_by_role("button", name="Human").dblclick()
        page.wait_for_timeout(MIN_LOOK_MS)
        page.go_back()
        assert len(counting.votes()) == 1
        for _ in range(3):
            page.goto(f"{site}/question")
            assert asked(page) != first
            page.wait_for_timeout(MIN_LOOK_MS)
            answer(page, "Computer")
            expect(page.get_by_role("heading", name="Who drew this?")).to_be_visible()
    assert len(counting.votes()) == 4


def test_no_answer_counts_before_the_first_sketch_is_seen(
    sheet: Page, site: str, counting: Store
) -> None:
    attempts: list[str] = []

    def fail_at_first(route: Route) -> None:
        attempts.append(route.request.url)
        if attempts.count(route.request.url) > 2:  # the page's own attempt, and the script's first
            route.continue_()
        else:
            route.abort()

    sheet.route("**/sketches/*.png", fail_at_first)
    sheet.goto(site)
    sheet.get_by_role("button", name="I agree").click()
    sheet.get_by_role("link", name="Start").click()
    expect(sheet.get_by_text("Loading the next sketch")).to_be_visible()
    sheet.wait_for_timeout(MIN_LOOK_MS + 20)
    sheet.keyboard.press("ArrowLeft")
    expect_number(sheet, 1)
    assert sheet.locator("#sketch").evaluate("sketch => sketch.naturalWidth") > 0
    assert counting.votes() == []
    sheet.keyboard.press("ArrowLeft")
    expect_number(sheet, 2)
    assert len(counting.votes()) == 1


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
    expect(sheet.get_by_text("Not saved yet")).to_be_visible()
    while not held:
        sheet.wait_for_timeout(50)
    held[0].fetch()  # kept, but the answer is lost on its way
    held[0].fulfill(status=503, body="{}")
    expect_number(sheet, 2)
    expect(sheet.get_by_text("Not saved yet")).to_be_hidden()
    assert len(attempts) == 3
    assert len(set(attempts)) == 1
    assert [vote.human for vote in counting.votes()] == [True]


@pytest.mark.parametrize("touch", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_both_answers_are_whole_and_alike_on_every_screen(
    browser: Browser, site: str, touch: bool
) -> None:
    with browser.new_context(has_touch=touch) as visitor:
        page = visitor.new_page()
        begin(page, site, touch=touch)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            boxes = []
            for name in ("Human", "Computer"):
                button = page.get_by_role("button", name=name)
                box = button.bounding_box()
                assert box is not None
                assert box["x"] >= 0 and box["y"] >= 0
                assert box["x"] + box["width"] <= width, (width, height)
                assert box["y"] + box["height"] <= height, (width, height)
                assert box["height"] >= 44
                fits = "button => button.scrollWidth <= button.clientWidth"
                assert button.evaluate(fits), (width, height)
                boxes.append(box)
            human, computer = boxes
            assert human["width"] == pytest.approx(computer["width"], abs=0.5), (width, height)
            assert (human["y"], human["height"]) == (computer["y"], computer["height"])
            paper = page.locator("#sketch").bounding_box()
            assert paper is not None
            assert paper["width"] == pytest.approx(paper["height"], abs=1.5)
            assert paper["width"] >= 150
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (width, height)


@pytest.mark.parametrize("touch", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_nothing_emphasises_the_last_answer_at_the_next_sketch(
    browser: Browser, site: str, touch: bool
) -> None:
    looks = """buttons => buttons.map((button) => {
        const look = getComputedStyle(button);
        return [look.borderColor, look.backgroundColor, look.outlineStyle, look.color].join();
    })"""
    with browser.new_context(has_touch=touch, is_mobile=touch) as visitor:
        page = visitor.new_page()
        begin(page, site, touch=touch)
        for number, name in enumerate(("Computer", "Human", "Computer"), 2):
            button = page.get_by_role("button", name=name)
            button.tap() if touch else button.click()
            expect_number(page, number, touch=touch)
            human, computer = page.locator(".answer").evaluate_all(looks)
            assert human == computer
        page.keyboard.press("ArrowLeft")  # keys would show where the focus is
        expect_number(page, 5, touch=touch)
        human, computer = page.locator(".answer").evaluate_all(looks)
        assert human == computer
        page.get_by_role("button", name="Computer").focus()
        page.keyboard.press("Enter")  # who answers so needs to see it
        expect_number(page, 6, touch=touch)
        expect(page.get_by_role("button", name="Computer")).to_be_focused()


def test_no_page_scrolls_sideways_on_the_narrowest_screen(
    browser: Browser, tmp_path: Path, serving: Serving
) -> None:
    unbroken = "https://example.org/" + "x" * 90
    settings = StudySettings(
        consent=f"# {'Donau' * 20}\n\n{unbroken}\n\n| a | b |\n|---|---|\n| {'c' * 40} | d |",
        contact=f"Ada, {'a' * 50}@example.org, {unbroken}",
        completion_url=unbroken,
        completion_code="C" * 60,
        id_parameters=("id",),
        show_score=True,
    )
    study = replace(scribbles(1), settings=settings)
    study = replace(study, made={**study.made, "licence": f"CC BY 4.0 ({unbroken})"})
    write_study(tmp_path / "study", study)
    store = Store.open(str(tmp_path / "votes.sqlite"), study.digest)
    app = create_turing(study, tmp_path / "study", store, results_token=TOKEN, limits=UNLIMITED)
    with serving(app) as site, browser.new_context(viewport={"width": 320, "height": 600}) as one:
        page = one.new_page()

        def expect_narrow() -> None:
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320, page.url

        for address in ("/", f"/?id={'z' * 200}"):
            page.goto(site + address)
            expect_narrow()
        page.get_by_role("button", name="I agree").click()
        for path in ("/how", "/question", "/pause", "/withdraw", "/results"):
            page.goto(site + path)
            expect_narrow()
        page.goto(f"{site}/question")
        for number in range(1, 7):
            expect_number(page, number, 6)
            answer(page, "Human")
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        expect_narrow()


def test_a_wrong_code_stays_to_be_mended(sheet: Page, site: str) -> None:
    typed = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-Y"
    sheet.goto(site)
    sheet.get_by_text("Continue with a code").click()
    sheet.get_by_label("Your code").fill(typed)
    sheet.get_by_role("button", name="Continue").click()
    expect(sheet.get_by_role("alert")).to_have_text(re.compile("Code not found. Please check it"))
    expect(sheet.get_by_label("Your code")).to_have_value(typed)
    expect(sheet.get_by_label("Your code")).to_be_focused()


def test_a_laboratorys_participant_comes_from_elsewhere_and_goes_back(
    browser: Browser, tmp_path: Path, serving: Serving
) -> None:
    settings = StudySettings(
        per_participant=4,
        swap_sides=True,
        record_times=True,
        show_score=True,
        min_age=18,
        consent="# Our lab\n\n<script>alert(1)</script>",
        id_parameters=("PROLIFIC_PID",),
        completion_code="C1A2",
    )
    study = replace(scribbles(), settings=settings)
    write_study(tmp_path / "study", study)
    store = Store.open(str(tmp_path / "votes.sqlite"), study.digest)
    app = create_turing(study, tmp_path / "study", store, results_token=TOKEN, limits=UNLIMITED)
    with serving(app) as site:
        for number, left in ((1, "Human"), (2, "Computer")):
            with browser.new_context() as visitor:
                page = visitor.new_page()
                page.goto(f"{site}/?PROLIFIC_PID=5f{number}&SESSION_ID=1")
                expect(page.get_by_role("heading", name="Our lab")).to_be_visible()
                page.get_by_role("button", name="I agree").click()
                expect(page.get_by_role("checkbox")).to_be_focused()  # the browser asks for it
                page.get_by_label("I am 18 years old or older").check()
                page.get_by_role("button", name="I agree").click()
                page.get_by_role("link", name="Start").click()
                for place in range(1, 5):
                    expect_number(page, place, 4)
                    expect(page.locator(".answer").first).to_contain_text(left)
                    page.keyboard.press("ArrowLeft")
                expect(page.get_by_text("C1A2")).to_be_visible()
                expect(
                    page.get_by_text(re.compile(r"You were right about \d of 4"))
                ).to_be_visible()
        votes = store.votes()
        assert [vote.position for vote in votes] == [1, 2, 3, 4] * 2
        assert all(MIN_LOOK_MS <= (vote.response_ms or 0) < 60_000 for vote in votes)
        assert [vote.human for vote in votes] == [True] * 4 + [False] * 4
        assert [vote.human_left for vote in votes] == [True] * 4 + [False] * 4
        assert [one[1:] for one in store.external_ids()] == [("5f1", 4), ("5f2", 4)]


def test_results_open_in_the_browser(sheet: Page, site: str) -> None:
    begin(sheet, site)
    sheet.keyboard.press("ArrowLeft")
    expect_number(sheet, 2)
    sheet.goto(f"{site}/results")
    sheet.get_by_label("Token").fill(TOKEN)
    sheet.get_by_role("button", name="Show results").click()
    expect(
        sheet.get_by_role("heading", name="How often each source was judged human")
    ).to_be_visible()
    assert TOKEN not in sheet.url
    # its style is there
    expect(sheet.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    with sheet.expect_download() as fetched:
        sheet.get_by_role("button", name="Download votes (CSV)").click()
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
    sheet.get_by_role("link", name="Start").click()
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
    sheet.get_by_role("button", name="Show results").click()
    expect(
        sheet.get_by_role("heading", name="How often each source was judged human")
    ).to_be_visible()
    check("results with votes")
    assert found == {name: [] for name in found}


@pytest.mark.slow
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
            page.get_by_role("link", name="Start").click()
            button = page.get_by_role("button", name="Computer")
            page.wait_for_timeout(MIN_LOOK_MS + 20)
            button.tap() if has_touch else button.click()
            expect(page.locator("#count")).to_have_text("Sketch 2 of 12")
            expect(page.locator("#vote:not([aria-busy=true])")).to_be_visible()
            page.wait_for_timeout(300)  # as long as Chromium calls what was tapped active
            human, computer = page.evaluate(looks)
            assert human == computer
