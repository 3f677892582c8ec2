"""Pictures traced by the JavaScript library in Chromium, against what Python reads of the same."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Error, Page
from simulated_photo import simulate_photo
from starlette.responses import HTMLResponse

from benchmarks.tracing import compared, fitted, png, rendered
from serving import serving
from sketch_pix2seq import Sketch
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.picture.sheet_edge import outside_of
from sketch_pix2seq.sketch.geometry import is_closed
from sketch_pix2seq.sketch.pen_order import pen_order
from sketch_pix2seq.web.site import new_site

TRACE = """async ([files, options]) => {
  const { trace } = await import("/static/sketch/client.js");
  const traced = [];
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    traced.push(await trace(new Blob([bytes]), options));
  }
  return traced;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """An empty page beside the library."""
    app = new_site("Library", "An empty page.")
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>Library</title>"))
    with serving(app) as address:
        yield address


def gallery(count: int) -> list[Sketch]:
    """Drawings of people, of many categories."""
    items = Bundle.default().gallery
    assert items is not None
    return [item.sketch for item in items.items[:: len(items.items) // count]][:count]


def traced_in(page: Page, files: Sequence[bytes], **options: Any) -> list[dict[str, Any]]:
    encoded = [base64.b64encode(file).decode() for file in files]
    found: list[dict[str, Any]] = page.evaluate(TRACE, [encoded, options])
    return found


def f1_of(traced: dict[str, Any], expected: Sketch) -> float:
    """Strokes found as Python found them; both in the frame of the picture, shown 256 large."""
    assert expected.frame is not None
    assert (traced["width"], traced["height"]) == (expected.frame.width, expected.frame.height)
    assert traced["lineWidth"] == pytest.approx(expected.frame.line_width, rel=0.03)
    assert traced["leftOut"] == (expected.left_out or "")
    scale = 256 / max(expected.frame.width, expected.frame.height)
    strokes = [scale * np.array(stroke).T for stroke in traced["strokes"]]
    return compared([scale * stroke for stroke in expected.strokes], strokes)[0]


@pytest.mark.parametrize(
    ("size", "width", "count"),
    [
        *((256, 3, 12), (1000, 5, 3)),
        *(
            pytest.param(*many, marks=pytest.mark.slow)
            for many in ((256, 3, 60), (1000, 5, 60), (1000, 30, 8))
        ),
    ],
)
def test_clean_pictures_are_traced_as_by_python(
    site: str, sheet: Page, size: int, width: int, count: int
) -> None:
    sheet.goto(site)
    files = [png(rendered(fitted(sketch.strokes), size, width)) for sketch in gallery(count)]
    found = traced_in(sheet, files)
    scores = [f1_of(*pair) for pair in zip(found, map(read_picture, files), strict=True)]
    assert np.mean(scores) > 0.99
    assert min(scores) > 0.8


def sheet_of_pens() -> bytes:
    """A tilted sheet on a table, drawn on in two colours."""
    image = Image.new("RGB", (1200, 900), (60, 45, 40))
    pen = ImageDraw.Draw(image)
    pen.polygon([(180, 60), (1010, 180), (930, 860), (100, 700)], (238, 236, 228))
    pen.line([(300, 250), (800, 330), (780, 600)], (200, 40, 40), 9, joint="curve")
    pen.ellipse((320, 420, 560, 640), outline=(30, 40, 160), width=9)
    pen.line([(620, 620), (700, 700)], (30, 40, 160), 9)
    return png(np.asarray(image.reduce(2)))


def test_a_sheet_is_straightened_and_pens_are_separated(site: str, sheet: Page) -> None:
    sheet.goto(site)
    file = sheet_of_pens()
    (found,), expected = traced_in(sheet, [file]), read_picture(file)
    assert f1_of(found, expected) == 1
    assert found["page"]["width"] == found["width"]
    assert expected.colours is not None
    for own, pythons in zip(found["colours"], expected.colours, strict=True):
        one, other = (
            [int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (own, pythons)
        )
        np.testing.assert_allclose(one, other, atol=12)
    (found,) = traced_in(sheet, [file], straighten=False)
    assert f1_of(found, read_picture(file, straighten=False)) == 1
    assert found["page"] is None


def small_sheet(share: float, turn: float, rng: np.random.Generator) -> bytes:
    """A sheet that is a share of the picture, on a table, in light that falls off."""
    image = Image.new("RGB", (1600, 1200), (85, 50, 30))
    scale = (share * image.width * image.height / (500 * 370)) ** 0.5
    sine, cosine = scale * np.sin(np.radians(turn)), scale * np.cos(np.radians(turn))

    def seen(line: list[tuple[int, int]]) -> list[tuple[float, ...]]:
        places = (np.array(line) - (250, 185)) @ [[cosine, sine], [-sine, cosine]] + (700, 650)
        return [tuple(place) for place in places.tolist()]

    pen = ImageDraw.Draw(image)
    pen.polygon(seen([(0, 0), (500, 0), (500, 370), (0, 370)]), (235, 232, 225))
    house = [(150, 290), (150, 160), (250, 80), (350, 160), (350, 290), (150, 290)]
    for line in (house, [(220, 290), (220, 220), (280, 220), (280, 290)]):
        pen.line(seen(line), (40, 40, 60), max(2, round(9 * scale)), joint="curve")
    light = np.linspace(0.95, 0.6, image.width)[None, :, None]
    grain = rng.normal(0, 3, (image.height, image.width, 1))
    return png((np.asarray(image) * light + grain).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("share", "turn"),
    [(0.03, 12), *(pytest.param(*few, marks=pytest.mark.slow) for few in ((0.03, 0), (0.01, 5)))],
)
def test_a_sheet_that_is_small_in_the_picture_is_found(
    site: str, sheet: Page, share: float, turn: float, rng: np.random.Generator
) -> None:
    sheet.goto(site)
    file = small_sheet(share, turn, rng)
    (found,), expected = traced_in(sheet, [file]), read_picture(file)
    assert found["leftOut"].startswith("what lies round the sheet")
    assert f1_of(found, expected) == 1


def test_what_lies_outside_a_sheet_is_the_same_to_the_pixel(
    site: str, sheet: Page, rng: np.random.Generator
) -> None:
    turns = np.sort(rng.uniform(0, 2 * np.pi, (20, 6)))
    outlines = np.stack([60 + 70 * np.cos(turns), 40 + 45 * np.sin(turns)], axis=-1)
    sheet.goto(site)
    found = sheet.evaluate(
        """async outlines => {
          const { outsideOf } = await import("/static/sketch/sheet_edge.js");
          return outlines.map(outline => [...outsideOf(outline, 120, 80).data]);
        }""",
        outlines.tolist(),
    )
    expected = [outside_of(outline, (120, 80)).ravel() for outline in outlines]
    assert np.count_nonzero(np.array(found) != expected) <= 2


def test_printed_lines_in_pieces_are_left_out(
    site: str, sheet: Page, rng: np.random.Generator
) -> None:
    image = Image.new("L", (1200, 900), 255)
    pen = ImageDraw.Draw(image)
    for x, y in itertools.product(range(20, 1200, 40), range(20, 900, 40)):
        first, last = rng.integers(5, 12, 2), rng.integers(18, 34, 2)
        pen.line([(x, y + first[0]), (x, y + last[0])], 60, 2)
        pen.line([(x + first[1], y), (x + last[1], y)], 60, 2)
    pen.line([(400, 660), (400, 400), (600, 240), (800, 400), (800, 660)], 0, 7, joint="curve")
    sheet.goto(site)
    file = png(np.asarray(image))
    (found,), expected = traced_in(sheet, [file]), read_picture(file)
    assert f1_of(found, expected) == 1
    assert "specks" in found["leftOut"]
    assert len(found["strokes"]) < 40


def coarse_grain(rng: np.random.Generator) -> Image.Image:
    """A bent line of crayon, whose grains are larger than a pixel."""
    image = Image.new("L", (600, 450), 0)
    ImageDraw.Draw(image).line([(60, 380), (300, 60), (540, 380)], 255, 18, joint="curve")
    grains = np.kron(rng.random((150, 200)) < 0.65, np.ones((3, 3), bool))
    return Image.fromarray(np.where((np.asarray(image) > 0) & grains, 90, 240).astype(np.uint8))


def notebook(rng: np.random.Generator) -> Image.Image:
    """A roof on ruled paper with punched holes, and a margin line in pieces."""
    image = Image.new("L", (600, 450), 255)
    pen = ImageDraw.Draw(image)
    for y in range(int(rng.integers(8, 16)), 450, 22):
        pen.line([(0, y), (600, y)], 205, 2)
        pen.line([(90, y), (90, y + 3)], 130, 2)
    for y in (90, 220, 350):
        pen.circle((22, y), 9, 70)
    pen.line([(200, 330), (300, 120), (400, 330)], 0, 6, joint="curve")
    return image


def thin_and_thick(rng: np.random.Generator) -> Image.Image:
    """A wide roof, and a short thin line beside it."""
    image = Image.new("L", (600, 450), 255)
    pen = ImageDraw.Draw(image)
    pen.line([(200, 330), (300, 120), (400, 330)], 0, 26, joint="curve")
    left = int(rng.integers(40, 60))
    pen.line([(left, 100), (left + 45, 108)], 0, 2)
    return image


def framed_eyes(rng: np.random.Generator) -> Image.Image:
    """A thin white ring and two dots in a thick grey frame, on black."""
    image = Image.new("L", (600, 450), 20)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 599, 449), outline=150, width=14)
    pen.circle((300, 225), 120, outline=240, width=3)
    for x in (260, 340):
        pen.circle((x, int(rng.integers(190, 200))), 4, 240)
    return image


def brown_paper(rng: np.random.Generator) -> Image.Image:
    """A roof in black on brown paper of coarse fibres, in the light of a lamp at one side."""
    image = Image.new("L", (600, 450), 0)
    ImageDraw.Draw(image).line([(150, 380), (300, 110), (450, 380)], 255, 7, joint="curve")
    fibres = np.kron(rng.normal(0, 14, (225, 300)), np.ones((2, 2)))
    paper = np.where(np.asarray(image) > 0, 35, 110 + fibres) * np.linspace(1.5, 0.6, 600)
    noisy = paper + rng.normal(0, 4, (450, 600))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def folded(rng: np.random.Generator) -> Image.Image:
    """A roof on paper that was folded once each way."""
    image = Image.new("L", (600, 450), 240)
    ImageDraw.Draw(image).line([(150, 380), (270, 110), (450, 380)], 20, 7, joint="curve")
    shown = np.asarray(image) * np.linspace(1, 0.7, 600)
    for axis, at in enumerate((210, 330)):
        away = np.arange(shown.shape[axis]) - at
        light = 1 - 0.25 * np.exp(-((away / 2.0) ** 2)) - 0.06 * (away > 0)
        shown = shown * np.expand_dims(light, 1 - axis)
    return Image.fromarray((shown + rng.normal(0, 2, shown.shape)).clip(0, 255).astype(np.uint8))


def taped_note(rng: np.random.Generator) -> Image.Image:
    """A roof on a yellow note that is taped to a wooden table."""
    image = Image.new("RGB", (600, 450), (130, 95, 70))
    pen = ImageDraw.Draw(image)
    pen.rectangle((70, 60, 530, 400), (247, 230, 110))
    pen.line([(150, 360), (270, 110), (450, 360)], (30, 40, 110), 7, joint="curve")
    for x, y in itertools.product((70, 530), (60, 400)):
        turn = 1 if (x == 70) == (y == 60) else -1
        pen.line([(x - 40, y + 40 * turn), (x + 40, y - 40 * turn)], (235, 225, 190), 26)
    shown = np.asarray(image) * np.linspace(1, 0.7, 600)[None, :, None]
    return Image.fromarray((shown + rng.normal(0, 2, shown.shape)).clip(0, 255).astype(np.uint8))


def pale_table(rng: np.random.Generator) -> Image.Image:
    """A roof on white paper that lies askew on beech, with its shadow."""
    image = Image.new("RGB", (600, 450), (222, 196, 158))
    pen = ImageDraw.Draw(image)
    for moved, colour in ((4, (160, 140, 112)), (-2, (160, 140, 112)), (0, (240, 238, 233))):
        corners = [(80, 50), (530, 70), (510, 400), (60, 380)]
        pen.polygon([(x + moved, y + moved) for x, y in corners], colour)
    pen.line([(150, 340), (270, 110), (450, 340)], (30, 40, 110), 6, joint="curve")
    shown = np.asarray(image) * np.linspace(1, 0.8, 600)[None, :, None]
    return Image.fromarray((shown + rng.normal(0, 2, shown.shape)).clip(0, 255).astype(np.uint8))


PAPERS = (
    *(coarse_grain, notebook, thin_and_thick, framed_eyes),
    *(brown_paper, folded, taped_note, pale_table),
)


@pytest.mark.parametrize("draw", PAPERS)
def test_grain_holes_and_thin_lines_are_read_as_by_python(
    site: str, sheet: Page, draw: Callable[[np.random.Generator], Image.Image]
) -> None:
    sheet.goto(site)
    file = png(np.asarray(draw(np.random.default_rng(3))))
    (found,), expected = traced_in(sheet, [file]), read_picture(file)
    assert len(expected.strokes) <= 6
    assert f1_of(found, expected) == 1
    assert found["leftOut"] == (expected.left_out or "")


@pytest.mark.parametrize("count", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_photos_are_traced_as_by_python(site: str, sheet: Page, count: int) -> None:
    sheet.goto(site)
    files = [simulate_photo(sketch, seed) for seed, sketch in enumerate(gallery(count))]
    found = traced_in(sheet, files)
    scores = [f1_of(*pair) for pair in zip(found, map(read_picture, files), strict=True)]
    assert np.mean(scores) > 0.97


def faint_sun(kind: str) -> bytes:
    """A black line and a blue one, and a ring that is nearly as light as the paper."""
    image = Image.new("RGB", (560, 480), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.line([(60, 300), (120, 90), (200, 300)], (0, 0, 0), 5, joint="curve")
    pen.line([(90, 420), (300, 400)], (60, 120, 200), 5)
    pen.ellipse((330, 150, 480, 300), outline=(240, 240, 240), width=6)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_faint_lines_are_traced_as_by_python(site: str, sheet: Page, kind: str) -> None:
    sheet.goto(site)
    file = faint_sun(kind)
    (found,), expected = traced_in(sheet, [file]), read_picture(file)
    assert len(expected.strokes) == 3
    assert f1_of(found, expected) == 1


def test_pens_keep_colours_on_glass_and_light_ones_are_dark(site: str, sheet: Page) -> None:
    sheet.goto(site)
    files, inks = [], ((255, 255, 255), (20, 30, 160), (170, 20, 25))
    for paper, some in (((170, 140, 110, 255), inks), ((0, 0, 0, 0), inks[1:])):
        image = Image.new("RGBA", (800, 600), paper)
        pen = ImageDraw.Draw(image)
        for number, ink in enumerate(some):
            y = 100 + 150 * number
            pen.line([(60, y), (740 - 60 * number, y + 20)], ink, 9)
        files.append(saved(image, "png"))
    for found, expected in zip(traced_in(sheet, files), map(read_picture, files), strict=True):
        assert found["colours"] == list(expected.colours or ())


def test_pictures_of_the_page_are_traced_too(site: str, sheet: Page) -> None:
    """An `ImageData` and an `ImageBitmap`, with a threshold and a tolerance."""
    sheet.goto(site)
    found = sheet.evaluate(
        """async () => {
          const { trace } = await import("/static/sketch/client.js");
          const canvas = new OffscreenCanvas(400, 300), pen = canvas.getContext("2d");
          pen.fillStyle = "white";
          pen.fillRect(0, 0, 400, 300);
          const draw = (colour, y) => {
            Object.assign(pen, { strokeStyle: colour, lineWidth: 6 });
            pen.stroke(new Path2D(`M50 ${y}q150 90 300 0`));
          };
          draw("black", 60);
          draw("#bbb", 160);
          const data = pen.getImageData(0, 0, 400, 300);
          const all = await trace(data), bitmap = await trace(await createImageBitmap(canvas));
          const dark = await trace(data, { threshold: 0.6 });
          const dense = await trace(data, { tolerance: 0 });
          const few = await trace(data, { tolerance: 20 });
          const count = ({ strokes }) => strokes.map(([xs]) => xs.length);
          return [all, bitmap, dark, dense, few].map(count).concat(dark.strokes[0][1][0]);
        }"""
    )
    both, bitmap, dark, dense, few, y = found
    assert both == bitmap
    assert len(both) == 2
    assert dark == [both[0]] or dark == [both[1]]
    assert y == pytest.approx(60, abs=4)
    assert min(dense) > 250
    assert max(few) == 3


ABORT = """async () => {
  const { trace } = await import("/static/sketch/client.js");
  const workers = { started: 0, ended: 0 };
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      workers.started++;
    }
    terminate() {
      workers.ended++;
      super.terminate();
    }
  };
  const pixels = new Uint8ClampedArray(4 * 100 * 100).fill(255);
  for (let at = 4 * 5000; at < 4 * 5400; at++) pixels[at] = at % 4 === 3 ? 255 : 0;
  const image = new ImageData(pixels, 100, 100), states = [];
  const aborted = async (other) => {
    const abort = new AbortController(), traced = trace(image, { signal: abort.signal });
    const another = other === "under way" ? trace(image) : null;
    abort.abort();
    const next = other === "next" ? trace(image) : null;
    const { name } = await traced.catch((error) => error);
    states.push([name, (await (another ?? next))?.strokes.length ?? 0, { ...workers }]);
  };
  for (const other of ["none", "next", "under way"]) await aborted(other);
  await trace(image, { signal: AbortSignal.abort() }).catch(({ name }) => states.push(name));
  await trace(image);
  return [...states, { ...workers }];
}"""


def test_an_aborted_trace_keeps_no_worker_busy(site: str, sheet: Page) -> None:
    """A worker that another call needs stays."""
    sheet.goto(site)
    assert sheet.evaluate(ABORT) == [
        ["AbortError", 0, {"started": 1, "ended": 1}],
        ["AbortError", 1, {"started": 3, "ended": 2}],
        ["AbortError", 1, {"started": 3, "ended": 2}],
        "AbortError",
        {"started": 3, "ended": 2},
    ]


def test_what_is_no_drawing_is_refused(site: str, sheet: Page) -> None:
    sheet.goto(site)
    with pytest.raises(Error, match="DrawingError: a picture must show lines; got one even"):
        traced_in(sheet, [png(np.full((90, 90), 200, np.uint8))])
    with pytest.raises(Error, match="DrawingError: a picture must be of a kind that"):
        traced_in(sheet, [b"no picture"])


def way_of_pen(strokes: Sequence[np.ndarray]) -> float:
    """How far the lifted pen goes."""
    return float(sum(np.hypot(*(b[0] - a[-1])) for a, b in itertools.pairwise(strokes)))


def test_the_lifted_pen_goes_a_short_way(site: str, sheet: Page) -> None:
    sheet.goto(site)
    rng = np.random.default_rng(0)
    page = [
        stroke + np.array([300 * (k % 4), 300 * (k // 4)])
        for k, sketch in enumerate(gallery(12))
        for stroke in sketch.strokes
    ]
    page = [page[place] for place in rng.permutation(len(page))]
    found = sheet.evaluate(
        """async strokes => {
          const { penOrder } = await import("/static/sketch/pen_order.js");
          return penOrder(strokes, 2);
        }""",
        [stroke.T.tolist() for stroke in page],
    )
    ordered = [np.array(stroke).T for stroke in found]
    assert sorted(map(drawn_length, ordered)) == pytest.approx(sorted(map(drawn_length, page)))
    python = pen_order(page, [is_closed(stroke, 2) for stroke in page])
    assert way_of_pen(ordered) < 1.25 * way_of_pen(python) < 0.2 * way_of_pen(page)


def drawn_length(stroke: np.ndarray) -> float:
    return float(np.hypot(*np.diff(stroke, axis=0).T).sum())


def test_pictures_of_all_kinds_are_traced_as_by_python(site: str, sheet: Page) -> None:
    sheet.goto(site)
    ink = Image.fromarray(255 - rendered(fitted(gallery(3)[1].strokes), 300, 5))
    wide = Image.new("L", (420, 300))
    wide.paste(ink, (60, 0))
    paper, black = (Image.new("RGB", wide.size, colour) for colour in ("white", "black"))
    on_white = Image.composite(black, paper, wide)
    lines = black.copy()
    lines.putalpha(wide)
    sticker = on_white.convert("RGBA")
    sticker.putalpha(Image.new("L", wide.size, 180))
    turned = Image.Exif()
    turned[0x0112] = 6
    files = [
        saved(lines, "png"),
        saved(sticker, "png"),
        saved(Image.composite(paper, Image.new("RGB", wide.size, (20, 40, 60)), wide), "png"),
        saved(on_white.quantize(5), "png"),
        saved(on_white.convert("L").convert("I;16").point(lambda value: value * 256), "png"),
        saved(on_white, "jpeg", exif=turned, quality=90),
        saved(on_white, "webp", quality=90),
        saved(on_white.resize((90, 64)), "gif"),
    ]
    scores = [
        f1_of(*pair) for pair in zip(traced_in(sheet, files), map(read_picture, files), strict=True)
    ]
    assert np.mean(scores) > 0.98


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
