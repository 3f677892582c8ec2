"""The exported studio on a plain file server, in a folder of it, with the network cut."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from simulated_photo import simulate_photo

from accessibility import violations
from benchmarks.tracing import compared
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.web.studio.pages import VIEWS, examples_of_the_package, write_studio
from studio_pages import saved


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *said: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("host")
    folder = root / "some" / "where"
    folder.mkdir(parents=True)
    write_studio(Sketcher.load(num_threads=1), folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/some/where/"
    server.shutdown()
    server.server_close()
    thread.join(20)


def all_drawn(page: Page, count: int = 6) -> None:
    workspace = page.locator("#workspace")
    expect(workspace).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    expect(page.locator(".paper.done")).to_have_count(count)


def stroke(page: Page, selector: str = "#pad") -> None:
    box = page.locator(selector).bounding_box()
    assert box is not None
    for step, (x, y) in enumerate(((0.2, 0.3), (0.7, 0.3), (0.7, 0.7), (0.25, 0.6))):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if step == 0:
            page.mouse.down()
    page.mouse.up()


@pytest.mark.slow
def test_it_works_from_any_folder_and_without_a_network(
    site: str, sheet: Page, tmp_path: Path
) -> None:
    asked: list[str] = []
    sheet.on("request", lambda request: asked.append(request.url))

    def cut_off() -> None:
        sheet.context.set_offline(True)
        asked.clear()

    def go_on(page: str) -> None:
        # of itself the browser asks for the icon when the address changes
        assert not [url for url in asked if not re.search("^blob:|/icon.svg$", url)]
        sheet.context.set_offline(False)
        sheet.get_by_role("link", name=page, exact=True).click()

    sheet.goto(site)
    all_drawn(sheet)
    cut_off()
    before = sheet.locator(".sheet-card .paper").first.inner_html()
    stroke(sheet)
    expect(sheet.locator("#status")).to_contain_text("6 redrawings ready")
    all_drawn(sheet)
    assert sheet.locator(".sheet-card .paper").first.inner_html() != before
    sheet.get_by_label("Smooth lines").uncheck()
    sheet.get_by_role("button", name="Save all six").click()
    six = Sketch.open(saved(sheet, "svg"))
    assert saved(sheet, "gif").read_bytes().startswith(b"GIF89a")
    sheet.get_by_role("button", name="Next drawing").click()
    one = Sketch.open(saved(sheet, "svg"))
    assert 0 < one.num_points < six.num_points
    assert one.bounds is not None
    assert np.ptp(np.reshape(one.bounds, (2, 2)), axis=0).max() == pytest.approx(
        1024 * 11 / 12, abs=0.1
    )
    ink = np.asarray(Image.open(saved(sheet, "png")).convert("L"), np.float32)
    python = np.asarray(one.to_image(1024), np.float32)
    assert ink.shape == python.shape
    assert np.abs(ink - python).mean() < 2
    sheet.get_by_role("button", name="Close").click()

    go_on("Draw by name")
    all_drawn(sheet)
    cut_off()
    sheet.get_by_role("combobox", name="Word").fill("teapot")
    sheet.keyboard.press("Enter")
    expect(sheet.locator("#status")).to_have_text("6 drawings of: teapot.")
    all_drawn(sheet)
    assert sheet.locator(".word-card path").count() > 12

    go_on("Complete")
    all_drawn(sheet)
    cut_off()
    sheet.get_by_label("It is to become").fill("sail boat")
    sheet.keyboard.press("Tab")
    expect(sheet.locator("#trouble")).to_contain_text("does not know “sail boat”")
    sheet.get_by_label("It is to become").fill("sailboat")
    sheet.keyboard.press("Tab")
    all_drawn(sheet)
    assert sheet.locator(".sheet-card .given path").count() >= 6

    go_on("Blend")
    all_drawn(sheet, 12)
    cut_off()
    stroke(sheet, "#second")
    expect(sheet.locator("#workspace")).to_have_attribute("aria-busy", "true")
    all_drawn(sheet, 12)
    sheet.get_by_role("button", name="All 11 steps").click()
    assert len(Sketch.open(saved(sheet, "svg")).strokes) >= 11
    sheet.get_by_role("button", name="Close").click()

    go_on("Explore")
    all_drawn(sheet, 1)
    cut_off()
    before = sheet.locator("#drawn").inner_html()
    sheet.locator("#map").focus()
    sheet.keyboard.press("ArrowRight")
    sheet.wait_for_function(
        "before => document.querySelector('#drawn.done')?.innerHTML !== before", arg=before
    )
    go_on("Redraw")
    all_drawn(sheet)


def test_it_opens_without_a_network_after_the_first_visit(site: str, sheet: Page) -> None:
    sheet.goto(site)
    all_drawn(sheet)
    sheet.evaluate("async () => { await navigator.serviceWorker.ready; }")
    sheet.context.set_offline(True)
    sheet.reload()
    all_drawn(sheet)
    stroke(sheet)
    all_drawn(sheet)
    sheet.get_by_role("link", name="Draw by name", exact=True).click()
    all_drawn(sheet)
    assert sheet.evaluate("caches.keys().then(names => names.length)") == 1


@pytest.mark.slow
def test_photos_become_an_svg_as_by_python(site: str, sheet: Page, tmp_path: Path) -> None:
    """Without the model: on the page Trace, under its strict policy, the network cut."""
    sheet.goto(site + "trace.html")
    found = sheet.locator("#found")
    expect(found).to_have_text(re.compile(r"^\d+ strokes, \d+ points\.$"))  # of the example
    sheet.context.set_offline(True)
    scores = []
    for seed, sketch in enumerate(examples_of_the_package()[:3]):
        photo = simulate_photo(sketch, seed)
        said = found.inner_text()
        sheet.locator("#file").set_input_files(
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        )
        expect(found).not_to_have_text(said)
        expect(sheet.locator("#workspace")).not_to_have_attribute("aria-busy", "true")
        with sheet.expect_download() as download:
            sheet.get_by_role("button", name="Save SVG").click()
        traced, expected = Sketch.open(Path(download.value.path()).read_bytes()), Sketch.open(photo)
        assert traced.frame is not None
        assert expected.frame is not None
        assert traced.frame.size_mm == pytest.approx(150)
        assert traced.frame.line_width == pytest.approx(expected.frame.line_width, rel=0.03)
        scale = 256 / expected.frame.width
        both = [[scale * stroke for stroke in one.strokes] for one in (expected, traced)]
        scores.append(compared(*both)[0])
    assert np.mean(scores) >= 0.95


def test_pictures_and_svgs_are_read_without_a_server(
    site: str, sheet: Page, tmp_path: Path
) -> None:
    sheet.goto(site)
    all_drawn(sheet)
    drawing = examples_of_the_package()[0]
    picture, vector = tmp_path / "one.png", tmp_path / "one.svg"
    drawing.save(picture)
    drawing.save(vector)
    for path in (picture, vector):
        sheet.get_by_role("button", name="Clear").click()
        sheet.locator("#file").set_input_files(path)
        expect(sheet.locator("#note")).to_contain_text("Lines found")
        all_drawn(sheet)
        assert abs(sheet.locator("#pad path").count() - len(drawing.strokes)) <= 1


def test_a_model_that_cannot_be_loaded_is_tried_again(site: str, sheet: Page) -> None:
    sheet.route("**/weights.safetensors", lambda route: route.abort())
    sheet.goto(site)
    expect(sheet.locator("#trouble")).to_contain_text("The model cannot be loaded")
    expect(sheet.locator(".sheet-card .paper.blank")).to_have_count(6)
    expect(sheet.locator("#guesses")).to_have_text("")
    sheet.context.set_offline(True)
    sheet.unroute("**/weights.safetensors")
    sheet.context.set_offline(False)  # what failed is tried again by itself
    all_drawn(sheet)
    expect(sheet.locator("#notice")).to_have_class("notice")


def test_loading_is_shown(site: str, sheet: Page) -> None:
    def send_late(route: Route) -> None:
        sheet.wait_for_timeout(900)
        route.continue_()

    sheet.route("**/weights.safetensors", send_late)
    sheet.goto(site, wait_until="commit")
    expect(sheet.locator("#loading")).to_be_visible()
    expect(sheet.locator("#loading")).to_contain_text("Loading the model, 8 MB")
    all_drawn(sheet)
    expect(sheet.locator("#loading")).to_be_hidden()


@pytest.mark.parametrize(
    "page",
    ["", *(pytest.param(f"{view.name}.html", marks=pytest.mark.slow) for view in VIEWS[1:])],
)
def test_axe_finds_nothing_wrong(site: str, sheet: Page, page: str) -> None:
    sheet.goto(site + page)
    expect(sheet.locator("#workspace")).to_be_visible()
    assert violations(sheet) == []
