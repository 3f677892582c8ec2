"""Pictures as people have them: tables, squared paper, colours, dust, grain and borders."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.picture.splitting import split_drawings
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise
from sketch_pix2seq.sketch.sketch import Sketch

Colour = tuple[int, int, int]
Lines = list[list[tuple[float, float]]]
SIZE = (600, 450)
HOUSE: Lines = [[(200, 330), (200, 200), (300, 120), (400, 200), (400, 330), (200, 330)]]
DOOR: Lines = [[(270, 330), (270, 260), (330, 260), (330, 330)]]
SUN = [[(60 + 40 * np.cos(turn), 60 + 40 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 40)]]
EYES: Lines = [[(260, 250), (260, 251)], [(340, 250), (340, 251)]]
BLACK = (0, 0, 0)


def drawn(
    parts: list[tuple[Lines, Colour]],
    paper: Colour = (255, 255, 255),
    width: int = 5,
    ground: Image.Image | None = None,
) -> Image.Image:
    image = Image.new("RGB", SIZE, paper) if ground is None else ground.copy()
    pen = ImageDraw.Draw(image)
    for lines, colour in parts:
        for line in lines:
            pen.line([*line], colour, width, joint="curve")
    return image


def photographed(image: Image.Image, rng: np.random.Generator, noise: float = 3) -> bytes:
    """Light that falls off to the right, noise, and a JPEG."""
    light = np.linspace(0.95, 0.6, image.width)[None, :, None]
    grain = rng.normal(0, noise, (image.height, image.width, 1))
    picture = np.clip(np.asarray(image) * light + grain, 0, 255).astype(np.uint8)
    return as_file(Image.fromarray(picture), "jpeg", quality=85)


def as_file(image: Image.Image, kind: str = "png", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def dense(line: np.ndarray) -> np.ndarray:
    steps = np.linspace(0, 1, 40)[:, None]
    return np.concatenate([a + (b - a) * steps for a, b in itertools.pairwise(line)])


def differing(found: Sketch, *lines: Lines) -> tuple[float, float]:
    """Share of the true lines that is missing, and of the found ones that is too much."""
    width, height = SIZE
    settings = RasterSettings(size=width, margin=0.5, line_width=3)
    wide = RasterSettings(size=width, margin=0.5, line_width=16)
    corners = [np.array([[0.0, 0.0]]), np.array([[width, height]])]  # keep the place
    truth = [np.array(line, float) for part in lines for line in part] + corners
    read = [*found.strokes, *corners]
    true_thin, true_wide = (rasterise(truth, one) > 0.5 for one in (settings, wide))
    read_thin, read_wide = (rasterise(read, one) > 0.5 for one in (settings, wide))
    return (
        float((true_thin & ~read_wide).sum() / true_thin.sum()),
        float((read_thin & ~true_wide).sum() / read_thin.sum()),
    )


@pytest.mark.parametrize(
    ("paper", "house", "door", "sun"),
    [
        ((255, 255, 255), BLACK, (90, 180, 240), (255, 220, 40)),
        ((255, 255, 255), BLACK, (150, 150, 150), (200, 200, 200)),
        ((20, 20, 24), (255, 255, 255), (240, 90, 90), (90, 60, 190)),
        ((128, 128, 128), BLACK, (255, 255, 255), (200, 60, 60)),
    ],
)
def test_every_colour_is_ink(
    paper: Colour, house: Colour, door: Colour, sun: Colour, rng: np.random.Generator
) -> None:
    image = drawn([(HOUSE, house), (DOOR, door), (SUN, sun)], paper)
    assert max(differing(read_picture(as_file(image)), HOUSE, DOOR, SUN)) < 0.02
    if min(paper) > 200:
        found = read_picture(photographed(image, rng))
        assert max(differing(found, HOUSE, DOOR, SUN)) < 0.03


def test_dark_and_light_ink_on_glass() -> None:
    image = drawn([(HOUSE, BLACK), (SUN, (255, 255, 255))], (128, 128, 128))
    glass = image.convert("RGBA")
    glass.putalpha(Image.fromarray((np.asarray(image)[..., 0] != 128).astype(np.uint8) * 255))
    assert max(differing(read_picture(as_file(glass)), HOUSE, SUN)) < 0.02


@pytest.mark.parametrize("table", [(25, 22, 20), (85, 50, 30)])
@pytest.mark.parametrize("turn", [0, 6])
def test_a_sheet_on_a_dark_table(table: Colour, turn: int, rng: np.random.Generator) -> None:
    sheet = [(50, 40), (550, 60), (540, 420), (45, 410)] if turn else [(50, 40), (550, 410)]
    ground = Image.new("RGB", SIZE, table)
    pen = ImageDraw.Draw(ground)
    if turn:
        pen.polygon([*sheet], (235, 232, 225))
    else:
        pen.rectangle([*sheet], (235, 232, 225))
    data = photographed(drawn([(HOUSE, (40, 40, 60))], ground=ground), rng)
    found = read_picture(data)
    assert max(differing(found, HOUSE)) < 0.03
    assert (found.left_out or "").startswith("what lies round the sheet")
    assert found.frame is not None and found.frame[:2] == SIZE


@pytest.mark.parametrize("note", [(247, 230, 110), (250, 150, 190), (150, 210, 240)])
def test_a_coloured_note_on_a_wooden_table(note: Colour, rng: np.random.Generator) -> None:
    ground = Image.new("RGB", SIZE, (130, 95, 70))
    ImageDraw.Draw(ground).polygon([(120, 70), (480, 70), (480, 405), (120, 405)], note)
    found = read_picture(photographed(drawn([(HOUSE, (30, 40, 110))], ground=ground), rng))
    assert max(differing(found, HOUSE)) < 0.03
    assert (found.left_out or "").startswith("what lies round the sheet")


@pytest.mark.parametrize("tape", [(222, 205, 150), (60, 110, 190)])
def test_a_sheet_that_is_taped_to_the_table(tape: Colour, rng: np.random.Generator) -> None:
    ground = Image.new("RGB", SIZE, (110, 80, 60))
    pen = ImageDraw.Draw(ground)
    pen.rectangle([(60, 50), (540, 400)], (240, 238, 232))
    for x, y in itertools.product((60, 540), (50, 400)):
        turn = 1 if (x == 60) == (y == 50) else -1
        pen.line([(x - 40, y + 40 * turn), (x + 40, y - 40 * turn)], tape, 26)
    found = read_picture(photographed(drawn([(HOUSE, (40, 40, 60))], ground=ground), rng))
    assert max(differing(found, HOUSE)) < 0.03
    assert found.left_out == "what lies round the sheet"


def folded(image: Image.Image) -> Image.Image:
    """Folded once each way: a thin shadow, and two halves that are not equally light."""
    shown = np.asarray(image, float)
    for axis, at in enumerate((210, 330)):
        away = np.arange(shown.shape[axis]) - at
        light = 1 - 0.25 * np.exp(-((away / 2.0) ** 2)) - 0.06 * (away > 0)
        shown = shown * np.expand_dims(light, (1, 2) if axis == 0 else (0, 2))
    return Image.fromarray(shown.astype(np.uint8))


def test_folds_of_the_paper_are_left_out(rng: np.random.Generator) -> None:
    blank = Image.new("RGB", SIZE, (240, 238, 232))
    found = read_picture(photographed(folded(drawn([(HOUSE, BLACK)], ground=blank)), rng, 2))
    assert max(differing(found, HOUSE)) < 0.03
    assert "folds of the paper" in (found.left_out or "")
    horizon: Lines = [[(0, 345), (200, 338), (420, 347), (600, 341)]]
    parts = [(HOUSE, BLACK), (horizon, (150, 150, 150))]
    found = read_picture(photographed(drawn(parts, ground=blank), rng, 2))
    assert max(differing(found, HOUSE, horizon)) < 0.03


@pytest.mark.parametrize("table", [(25, 22, 20), (85, 50, 30), (110, 110, 110)])
@pytest.mark.parametrize(("share", "turn"), [(0.1, 0), (0.1, 25), (0.03, 0), (0.01, 12)])
def test_a_sheet_that_is_small_in_the_picture(
    table: Colour, share: float, turn: float, rng: np.random.Generator
) -> None:
    width, height = 1600, 1200
    scale = (share * width * height / (500 * 370)) ** 0.5
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    rotation = scale * np.array([[cosine, sine], [-sine, cosine]])

    def seen(line: list[tuple[float, float]]) -> list[tuple[float, ...]]:
        places = (np.array(line) - (300, 225)) @ rotation + (700, 650)
        return [tuple(place) for place in places.tolist()]

    image = Image.new("RGB", (width, height), table)
    pen = ImageDraw.Draw(image)
    pen.polygon(seen([(50, 40), (550, 40), (550, 410), (50, 410)]), (235, 232, 225))
    for line in [*HOUSE, *DOOR]:
        pen.line(seen(line), (40, 40, 60), max(2, round(9 * scale)), joint="curve")
    found = read_picture(photographed(image, rng), straighten=False)
    truth = np.concatenate([dense(np.array(seen(line))) for line in [*HOUSE, *DOOR]])
    read = np.concatenate([dense(stroke) for stroke in found.strokes])
    apart = np.hypot(*(truth[:, None] - read).transpose(2, 0, 1))
    assert max(apart.min(axis=0).max(), apart.min(axis=1).max()) < 12 * scale
    assert (found.left_out or "").startswith("what lies round the sheet")


@pytest.mark.parametrize("size", [(400, 300), (1600, 1200)])
def test_a_filled_window_drawn_with_chalk_is_no_sheet(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (20, 30, 25))
    pen, k, chalk = ImageDraw.Draw(image), size[0] / 100, (235, 235, 235)
    house = [(20, 60), (20, 30), (50, 10), (80, 30), (80, 60), (20, 60)]
    pen.line([(x * k, y * k) for x, y in house], chalk, round(k / 2))
    pen.rectangle((30 * k, 30 * k, 45 * k, 42 * k), fill=chalk)
    for line in ([(37, 30), (37, 42)], [(30, 36), (45, 36)]):
        pen.line([(x * k, y * k) for x, y in line], (20, 30, 25), round(k / 2))
    found = read_picture(as_file(image))
    assert found.bounds is not None
    assert np.allclose(found.bounds, np.array([20, 10, 80, 60]) * k, atol=2 * k)


@pytest.mark.parametrize("table", [(25, 22, 20), (85, 50, 30)])
@pytest.mark.parametrize("part", [(540, 0, 600, 450), (0, 0, 600, 60), (0, 390, 600, 450)])
def test_a_table_on_one_side_of_the_sheet(
    table: Colour, part: tuple[int, int, int, int], rng: np.random.Generator
) -> None:
    ground = Image.new("RGB", SIZE, (235, 232, 225))
    grain = rng.integers(-8, 8, (part[3] - part[1], part[2] - part[0], 1)) + np.array(table)
    grained = Image.fromarray(grain.clip(0, 255).astype(np.uint8))
    ground.paste(grained, part[:2])
    beside: Lines = [[(4, 200), (60, 230)]]  # at the border where the sheet goes on
    found = read_picture(photographed(drawn([(HOUSE + beside, BLACK)], ground=ground), rng))
    assert max(differing(found, HOUSE, beside)) < 0.03
    assert found.frame is not None and found.frame[:2] == SIZE


def test_margin_lines_and_the_sheets_edge_are_left_out(rng: np.random.Generator) -> None:
    ground = Image.new("RGB", SIZE, (252, 252, 250))
    pen = ImageDraw.Draw(ground)
    for y in range(12, SIZE[1], 22):
        pen.line([(0, y), (SIZE[0], y)], (190, 205, 235), 2)
    pen.line([(80, 0), (84, SIZE[1])], (220, 90, 100), 2)
    pen.line([(597, 0), (596, 300)], (90, 90, 90), 2)
    found = read_picture(photographed(drawn([(HOUSE, BLACK)], ground=ground), rng, noise=2))
    assert max(differing(found, HOUSE)) < 0.02
    assert (found.left_out or "").startswith("printed lines, lines along the border")


def test_lines_at_the_border_of_a_picture_cut_to_its_drawing_are_ink() -> None:
    image = Image.new("RGB", (300, 300), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.rectangle((1, 1, 298, 298), outline=BLACK, width=3)
    pen.circle((150, 150), 40, outline=BLACK, width=3)
    assert len(read_picture(as_file(image)).strokes) == 2


def test_a_shadow_over_half_of_a_sheet_is_no_table(rng: np.random.Generator) -> None:
    picture = np.asarray(drawn([(HOUSE, BLACK)], (240, 240, 235))).copy()
    picture[:, 320:] = picture[:, 320:] // 2
    found = read_picture(photographed(Image.fromarray(picture), rng))
    assert max(differing(found, HOUSE)) < 0.03


@pytest.mark.parametrize("is_squared", [False, True])
@pytest.mark.parametrize("is_photo", [False, True])
def test_printed_lines_are_left_out(
    is_squared: bool, is_photo: bool, rng: np.random.Generator
) -> None:
    ground = Image.new("RGB", SIZE, (252, 252, 250))
    pen = ImageDraw.Draw(ground)
    for y in range(12, SIZE[1], 22):
        pen.line([(0, y), (SIZE[0], y + 6)], (190, 205, 235), 2)
    for x in range(9, SIZE[0] if is_squared else 0, 22):
        pen.line([(x, 0), (x, SIZE[1])], (190, 205, 235), 2)
    image = drawn([(HOUSE, (30, 30, 110))], ground=ground)
    data = photographed(image, rng, noise=2) if is_photo else as_file(image)
    found = read_picture(data)
    assert max(differing(found, HOUSE)) < 0.02
    assert len(found.strokes) <= 4
    assert "printed lines" in (found.left_out or "")


def test_printed_lines_that_a_copy_left_in_pieces_are_left_out(rng: np.random.Generator) -> None:
    ground = Image.new("RGB", (1200, 900), (255, 255, 255))
    pen = ImageDraw.Draw(ground)
    for x in range(20, 1200, 40):
        for y in range(10, 890, 30):
            top = y + int(rng.integers(0, 8))
            pen.line(
                [(x + y // 60, top), (x + y // 60, top + int(rng.integers(4, 18)))], (60, 60, 60), 2
            )
    house = [[(2 * x, 2 * y) for x, y in line] for line in HOUSE]
    for line in house:
        pen.line([*line], BLACK, 7, joint="curve")
    found = read_picture(as_file(ground))
    assert len(found.strokes) < 40
    assert len(found.strokes[0]) >= 5
    assert found.bounds is not None


@pytest.mark.parametrize("kind", ["ruled", "dotted"])
def test_holes_and_margins_of_printed_paper_are_left_out(
    kind: str, rng: np.random.Generator
) -> None:
    image = notebook(kind)
    files = [as_file(image)]
    if kind == "ruled":  # in a photo the dots can hardly be seen
        files.append(photographed(image, rng, noise=2))
    for data in files:
        found = read_picture(data)
        assert max(differing(found, HOUSE, EYES)) < 0.02
        assert len(found.strokes) <= 6


def notebook(kind: str) -> Image.Image:
    """A house and two discs on ruled or dotted paper with punched holes, and a pale margin line."""
    ground = Image.new("RGB", SIZE, (252, 252, 250))
    pen = ImageDraw.Draw(ground)
    for y in range(12, SIZE[1], 22):
        if kind == "ruled":
            pen.line([(0, y), (SIZE[0], y + 6)], (190, 205, 235), 2)
        for x in range(12, SIZE[0] if kind == "dotted" else 0, 22):
            pen.point([(x, y), (x + 1, y)], (150, 160, 190))
    if kind == "ruled":
        pen.line([(80, 0), (84, SIZE[1])], (240, 180, 190), 2)
        shades = np.asarray(ground).copy()
        shades[10::22, 79:87] = (225, 120, 130)  # darker where the lines cross
        ground = Image.fromarray(shades)
        pen = ImageDraw.Draw(ground)
    for y in (90, 220, 350):
        pen.circle((22, y), 9, (70, 70, 70))
    image = drawn([(HOUSE, BLACK)], ground=ground)
    for middle, *_ in EYES:
        ImageDraw.Draw(image).circle(middle, 8, BLACK)
    return image


def test_drawn_lines_that_are_evenly_apart_are_ink() -> None:
    fence: Lines = [[(x, 100), (x, 400)] for x in range(20, 600, 30)]
    found = read_picture(as_file(drawn([(fence, BLACK)])))
    assert len(found.strokes) == len(fence)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_dust_is_left_out(side: int, rng: np.random.Generator) -> None:
    image = drawn([(HOUSE, BLACK), (SUN, BLACK)], width=6)
    for x, y in rng.integers(0, 440, (40, 2)).tolist():
        image.paste(BLACK, (x, y, x + side, y + side))
    found = read_picture(as_file(image))
    assert max(differing(found, HOUSE, SUN)) < 0.03
    assert len(found.strokes) <= 6


def test_grain_of_pencil_is_closed(rng: np.random.Generator) -> None:
    ink = np.asarray(drawn([(HOUSE, BLACK), (SUN, BLACK)], width=9).convert("L")) < 128
    picture = np.where(ink & (rng.random(ink.shape) < 0.65), 110, 240)
    picture = picture + rng.normal(0, 3, ink.shape)
    found = read_picture(as_file(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))))
    assert max(differing(found, HOUSE, SUN)) < 0.03
    assert len(found.strokes) <= 8


@pytest.mark.parametrize(("cell", "width"), [(1, 7), (3, 19), (6, 30)])
def test_grain_of_any_size_is_closed(cell: int, width: int, rng: np.random.Generator) -> None:
    size = (2 * SIZE[0], 2 * SIZE[1])
    ground = Image.new("RGB", size, (255, 255, 255))
    lines = [[(2 * x, 2 * y) for x, y in line] for line in HOUSE + SUN]
    ink = np.asarray(drawn([(lines, BLACK)], width=width, ground=ground).convert("L")) < 128
    grains = rng.random((size[1] // cell + 1, size[0] // cell + 1)) < 0.6
    paper = ~np.kron(grains, np.ones((cell, cell), bool))[: size[1], : size[0]]
    picture = np.where(ink & ~paper, 95, 238) + rng.normal(0, 2, ink.shape)
    found = read_picture(as_file(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))))
    halved = Sketch.from_points([stroke / 2 for stroke in found.strokes])
    assert max(differing(halved, HOUSE, SUN)) < 0.03
    assert len(found.strokes) <= 16


def test_what_lies_at_the_border_of_a_photo_is_kept(rng: np.random.Generator) -> None:
    grass: Lines = [[(x, 446), (x + 8, 425), (x + 16, 446)] for x in range(20, 580, 60)]
    corner_sun: Lines = [[(0.0, 70.0), (50.0, 50.0), (70.0, 0.0)]]
    data = photographed(
        drawn([(HOUSE, BLACK), (grass, BLACK), (corner_sun, BLACK)], (240, 238, 230)), rng
    )
    missing, _ = differing(read_picture(data), HOUSE, grass, corner_sun)
    assert missing < 0.03


def test_thin_lines_beside_thick_ones() -> None:
    thin: Lines = [[(500, 60), (520, 400)]]
    image = drawn([(HOUSE, BLACK)], width=24)
    ImageDraw.Draw(image).line([*thin[0]], (150, 150, 150), 1)
    missing, extra = differing(read_picture(as_file(image)), thin)
    assert missing < 0.03 and extra < 0.9


def test_short_thin_lines_beside_thick_ones() -> None:
    smile: Lines = [[(480, 100), (500, 112), (525, 108)]]
    image = drawn([(HOUSE, BLACK)], width=24)
    ImageDraw.Draw(image).line([*smile[0]], BLACK, 2)
    assert differing(read_picture(as_file(image)), smile)[0] < 0.03


def test_dots_within_a_thick_frame_stay() -> None:
    image = drawn([(HOUSE, (240, 240, 240))], (20, 20, 24), width=3)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=(150, 150, 150), width=14)
    for (x, y), *_ in EYES:
        pen.circle((x, y), 4, (240, 240, 240))
    found = read_picture(as_file(image))
    dots = [stroke for stroke in found.strokes if np.ptp(stroke, axis=0).max() < 12]
    assert len(dots) == 2


def test_a_page_is_split_in_reading_order(rng: np.random.Generator) -> None:
    places = [(column * 300, row * 260) for row in range(3) for column in range(4)]
    cross = np.array([[(40, 40), (200, 190)], [(200, 45), (50, 200)]])
    strokes = [line + place + rng.uniform(-9, 9, 2) for place in places for line in cross]
    page = Sketch.from_points([strokes[k] for k in rng.permutation(len(strokes))])
    drawings = split_drawings(page)
    assert [len(one.strokes) for one in drawings] == [2] * 12
    for place, one in zip(places, drawings, strict=True):
        assert one.bounds is not None
        assert abs(one.bounds[0] - place[0] - 40) < 12 and abs(one.bounds[1] - place[1] - 40) < 12
    assert split_drawings(Sketch.from_points(cross)) == [Sketch.from_points(cross)]


def test_a_page_keeps_all_its_drawings_and_its_frame() -> None:
    image = Image.new("L", (1654, 2339), 255)  # A4 at 200 dots an inch
    pen = ImageDraw.Draw(image)
    for number in range(20):
        x, y = 60 + 400 * (number % 4), 80 + 450 * (number // 4)
        pen.ellipse((x, y, x + 200, y + 200), outline=0, width=4)
        pen.line([(x + 40, y + 90), (x + 48, y + 90)], 0, 4)
    drawings = read_sketches(as_file(image), split=True)
    assert [len(one.strokes) for one in drawings] == [2] * 20
    assert [one.name for one in drawings[:2]] == ["01", "02"]
    svg = drawings[5].to_svg()
    assert 'viewBox="0 0 1654 2339"' in svg
    (again,) = read_sketches(svg.encode())
    assert again.bounds == pytest.approx(drawings[5].bounds, abs=0.1)
    assert drawings[5].frame is not None and abs(drawings[5].frame.line_width - 4) < 1.5
    assert drawings[5].centred().frame is None
