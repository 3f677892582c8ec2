"""How well drawings are read from photos of folded and taped sheets, notes, and on pale tables.

    python scripts/measure_paper.py [--drawings N] [--seed S]

Drawings of people, from the gallery of the package's model, are drawn with a pen on each kind of
paper and photographed, all simulated: light that falls off, grain, noise, a JPEG. Prints for each
kind how much of what is traced is drawn, and how much of what is drawn is traced (within 9 pixels
of 1,200 x 900; a picture that is refused counts as neither), strokes and pictures that are refused.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.tracing import FRAME, fitted, nearest, spaced
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.sketch import Sketch

SIZE = (1200, 900)
SHEET = (150, 100, 1050, 800)  # left, top, right and bottom
NEAR = 9.0  # pixels
Colour = tuple[int, int, int]
PAPER, WOOD = (240, 238, 233), (140, 106, 80)
PENS: tuple[Colour, ...] = ((40, 40, 50), (30, 40, 120))
NOTES: tuple[Colour, ...] = ((247, 230, 110), (250, 150, 190), (150, 210, 240), (190, 230, 140))
TABLES: tuple[Colour, ...] = (
    *((222, 196, 158), (236, 214, 170), (170, 172, 175), (200, 202, 205)),
    *((225, 222, 215), (170, 195, 220), (240, 230, 205)),
)
TAPES: tuple[Colour, ...] = ((222, 205, 150), (60, 110, 190), (236, 234, 228))
SIDE, CORNER = 640, (280, 130)  # of the square that drawings lie in
Paint = Callable[[Image.Image], None]
Photograph = Callable[[Paint, np.random.Generator], Image.Image]


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    gallery = Bundle.default().gallery
    assert gallery is not None
    chosen = gallery.items[:: len(gallery.items) // options.drawings][: options.drawings]
    print("| paper | traced is drawn, % | drawn is traced, % | strokes | true ones | refused |")
    print("|---|---|---|---|---|---|")
    for photograph in (plain, folded, taped, note, pale_table):
        rng = np.random.default_rng(options.seed)
        found = [measured(item.sketch, photograph, rng) for item in chosen]
        precision, recall, strokes, true, refused = np.array(found).T
        shares = f"{100 * precision.mean():.1f} | {100 * recall.mean():.1f}"
        counts = " | ".join(f"{some.sum():.0f}" for some in (strokes, true, refused))
        print(f"| {photograph.__name__} | {shares} | {counts} |")


def measured(
    sketch: Sketch, photograph: Photograph, rng: np.random.Generator
) -> tuple[float, float, int, int, bool]:
    """The numbers of one photo."""
    strokes = [stroke * (SIDE / FRAME) + CORNER for stroke in fitted(sketch.strokes)]
    pen, width = PENS[int(rng.integers(len(PENS)))], int(rng.integers(4, 8))

    def paint(image: Image.Image) -> None:
        for stroke in strokes:
            ImageDraw.Draw(image).line([*map(tuple, stroke.tolist())], pen, width, joint="curve")

    file = io.BytesIO()
    image = photograph(paint, rng).filter(ImageFilter.GaussianBlur(1.2))
    noisy = np.asarray(image) + rng.normal(0, 4, (*image.size[::-1], 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "jpeg", quality=88)
    try:
        traced = read_picture(file.getvalue(), straighten=False).strokes
    except DrawingError:
        return 0.0, 0.0, 0, len(strokes), True
    one, other = (np.concatenate([*map(spaced, lines)]) for lines in (strokes, traced))
    near = [float((nearest(*pair) <= NEAR).mean()) for pair in ((other, one), (one, other))]
    return near[0], near[1], len(traced), len(strokes), False


def plain(paint: Paint, rng: np.random.Generator) -> Image.Image:
    """A sheet that fills the picture."""
    image = lit(SIZE, PAPER, rng)
    paint(image)
    return image


def folded(paint: Paint, rng: np.random.Generator) -> Image.Image:
    """The same, folded once each way: thin shadows, and halves that are not equally light."""
    image = np.asarray(plain(paint, rng), float)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    for across, along, side in ((x, y, SIZE[0]), (y, x, SIZE[1])):
        away = across - rng.uniform(0.35, 0.65) * side + rng.uniform(-0.01, 0.01) * along
        dark = rng.uniform(0.15, 0.35) * np.exp(-((away / rng.uniform(2, 4)) ** 2))
        light = 0.05 * np.exp(-(((away - 7) / 5) ** 2)) - rng.uniform(0.02, 0.08) * (away > 0)
        image *= (1 - dark + light)[..., None]
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def taped(paint: Paint, rng: np.random.Generator) -> Image.Image:
    """A sheet on a table, with tape over its four corners."""
    image = lit(SIZE, WOOD, rng)
    left, top, right, bottom = SHEET
    image.paste(lit((right - left, bottom - top), PAPER, rng), (left, top))
    paint(image)
    colour = TAPES[int(rng.integers(len(TAPES)))]
    for x, y, turn in (
        (left, top, 45),
        (right, top, -45),
        (left, bottom, -45),
        (right, bottom, 45),
    ):
        sides = (int(rng.integers(120, 200)), int(rng.integers(45, 75)))
        piece = Image.new("RGBA", sides, (*colour, 230))
        piece = piece.rotate(turn + rng.uniform(-8, 8), expand=True)
        image.paste(piece, (x - piece.width // 2, y - piece.height // 2), piece)
    return image


def note(paint: Paint, rng: np.random.Generator) -> Image.Image:
    """A coloured note on a table."""
    image = lit(SIZE, WOOD, rng)
    colour = NOTES[int(rng.integers(len(NOTES)))]
    ImageDraw.Draw(image).rectangle((260, 110, 940, 790), colour)
    paint(image)
    return image


def pale_table(paint: Paint, rng: np.random.Generator) -> Image.Image:
    """A sheet on a table that is hardly darker, with its shadow."""
    image = lit(SIZE, TABLES[int(rng.integers(len(TABLES)))], rng)
    left, top, right, bottom = SHEET
    shadow = Image.new("L", SIZE)
    moved = (left + 3, top + 5, right + 6, bottom + 8)
    ImageDraw.Draw(shadow).rectangle(moved, int(rng.integers(40, 110)))
    image.paste((40, 35, 30), mask=shadow.filter(ImageFilter.GaussianBlur(4)))
    image.paste(lit((right - left, bottom - top), PAPER, rng), (left, top))
    paint(image)
    return image


def lit(size: tuple[int, int], colour: Colour, rng: np.random.Generator) -> Image.Image:
    """A ground with a grain, in light that falls off towards one corner."""
    y, x = np.mgrid[: size[1], : size[0]]
    light = 1 - 0.12 * x / size[0] - 0.08 * y / size[1]
    ground = light[..., None] * colour + rng.normal(0, 4, (size[1], size[0], 1))
    return Image.fromarray(ground.clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
