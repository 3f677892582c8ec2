"""Make the pictures of the documents with the model in the package.

    python scripts/draw_docs.py --quickdraw FOLDER --icons FOLDER

FOLDER of Quick, Draw! holds `simplified/<category>.ndjson.gz`; that of icons holds the npm packages
lucide-static, feather-icons, bootstrap-icons and @tabler/icons, each unpacked into a folder of its
own (`npm pack NAME`, `tar xf`).
Without one of them the sheet of real-world pictures is left as it is.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from simulated_photo import simulate_photo

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.io.saving import png_bytes
from sketch_pix2seq.io.sheet import Cell, Sheet, SheetRow
from sketch_pix2seq.sketch.curves import curves_of, flattened
from sketch_pix2seq.sketch.raster import rasterise

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "src" / "sketch_pix2seq" / "examples"
IMAGES = ROOT / "docs" / "images"
NUM_REDRAWINGS = 4
BEST_OF = 8
STARTED = 0.5  # share of the strokes that are given

PHOTOS = (("cat", 3), ("pig", 1), ("face", 1), ("car", 1), ("teapot", 2), ("rabbit", 1), ("bus", 0))
ICONS = (
    "lucide-static/icons/cat.svg",
    "lucide-static/icons/rabbit.svg",
    "lucide-static/icons/piggy-bank.svg",
    "lucide-static/icons/bus.svg",
    "lucide-static/icons/alarm-clock.svg",
    "lucide-static/icons/smile.svg",
    "feather-icons/dist/icons/truck.svg",
    "bootstrap-icons/icons/car-front.svg",
    "@tabler/icons/icons/outline/pig.svg",
)
# (category, which of the last ones, how it is shown)
SCRIBBLES = (
    ("cat", 7, "thick marker"),
    ("pig", 5, "light on dark"),
    ("face", 4, "red pen, transparent"),
    ("car", 6, "tiny, 40 pixels"),
    ("alarm clock", 2, "grey on grey"),
    ("teapot", 7, "JPEG of bad quality"),
    ("truck", 1, "yellow on white"),
)


def main() -> None:
    """Make all pictures that can be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quickdraw", type=Path)
    parser.add_argument("--icons", type=Path)
    options = parser.parse_args()
    sketcher = Sketcher.load()
    print(photo_to_plotter(sketcher))
    print(traced())
    print(completed(sketcher))
    print(toured(sketcher))
    print(drawing_itself(sketcher))
    if options.quickdraw and options.icons:
        print(real_world(sketcher, options.quickdraw / "simplified", options.icons))


def photo_to_plotter(sketcher: Sketcher) -> Path:
    """A photo, what is seen of it at each stage, the strokes, and redrawings."""
    (cat,) = read_sketches(EXAMPLES / "cat.svg")
    photo = simulate_photo(cat, seed=9)
    stages: dict[str, Image.Image] = {}
    read = read_picture(photo, on_stage=stages.__setitem__)
    redrawn = sketcher.redraw(read, n=2, best_of=BEST_OF)
    names = ("contrast", "ink", "strokes")
    return Sheet(
        rows=[
            SheetRow(
                [
                    _opened(photo),
                    *(stages[name] for name in names),
                    _as_curves(read),
                    *(drawing.smoothed() for drawing in redrawn),
                ]
            )
        ],
        headings=["photo", *names, "traced", "redrawn", "redrawn"],
        cell=176,
    ).save(IMAGES / "photo-to-plotter.png")


def traced() -> Path:
    """Pictures, and their strokes, each in a colour; of a rough one also with lines merged."""
    rng = np.random.default_rng(0)
    (cat,) = read_sketches(EXAMPLES / "cat.svg")
    strokes = [_wavering(stroke, rng) for stroke in cat.strokes for _ in range(3)]
    rough = png_bytes(Sketch.from_points(strokes).to_image(700))
    rows = [
        ("the pig", (EXAMPLES / "pig.png").read_bytes()),
        ("the cat, a photo", simulate_photo(cat, seed=9)),
        ("the cat, drawn 3 times", rough),
    ]
    return Sheet(
        rows=[
            SheetRow(
                [
                    _opened(data),
                    *(_in_colours(read_picture(data, merge_lines=one)) for one in (False, True)),
                ],
                label,
            )
            for label, data in rows
        ],
        headings=["picture", "trace", "--merge-lines"],
        set_apart=1,
        cell=200,
    ).save(IMAGES / "traced.png")


def _wavering(stroke: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A stroke of an unsteady hand."""
    along = np.linspace(0, 1, 40)[:, None]
    places = np.linspace(0, len(stroke) - 1, 40)
    dense = np.stack([np.interp(places, np.arange(len(stroke)), axis) for axis in stroke.T], axis=1)
    waves = np.sin(along * rng.uniform(3, 9, 2) + rng.uniform(0, 6, 2))
    wavering: np.ndarray = dense + 3 * waves
    return wavering


def _in_colours(sketch: Sketch) -> Sketch:
    """Each stroke in a colour."""
    pens = ("#d1495b", "#00798c", "#c88a00", "#30638e", "#7b2d8b", "#3c896d")
    colours = tuple(pens[number % len(pens)] for number in range(len(sketch.strokes)))
    return replace(sketch, colours=colours)


def _as_curves(sketch: Sketch) -> Sketch:
    """A traced drawing as SVGs show it."""
    pairs = zip(sketch.strokes, curves_of(sketch), strict=True)
    return Sketch.from_points(flattened(some, 1) if len(some) else dot for dot, some in pairs)


def completed(sketcher: Sketcher) -> Path:
    """The first points of the examples, each completed several times."""
    rows = []
    for whole in (
        *read_sketches(EXAMPLES / "cat.svg"),
        *read_sketches(EXAMPLES / "doodles.ndjson"),
    ):
        given = Sketch(whole.strokes[: round(STARTED * len(whole.strokes))])
        drawings = sketcher.complete(given, n=6, category=whole.category or "cat", best_of=4)
        rows.append(SheetRow([given, *(one.smoothed() for one in drawings)]))
    headings = ["started", "completed"]
    return Sheet(rows=rows, headings=headings, set_apart=1, cell=96).save(IMAGES / "complete.png")


def toured(sketcher: Sketcher) -> Path:
    """The house of the tour, what a model sees of it, and redrawings."""
    walls = [(40, 120), (40, 220), (200, 220), (200, 120)]
    house = Sketch.from_points([walls, [(20, 130), (120, 40), (220, 130)]])
    shown = house.normalised().centred()
    pixels = np.rint(255 * (1 - rasterise(shown))).astype(np.uint8)
    side = 4 * pixels.shape[-1]
    picture = Image.fromarray(pixels.squeeze()).resize((side, side), Image.Resampling.NEAREST)
    drawings = sketcher.redraw(shown, n=3, seed=1)
    row = SheetRow([_in_colours(house), picture, *(one.smoothed() for one in drawings)])
    headings = ["strokes", "picture", "redrawn"]
    return Sheet(rows=[row], headings=headings, set_apart=2, cell=120).save(IMAGES / "tour.png")


def drawing_itself(sketcher: Sketcher) -> Path:
    """A redrawing that draws itself."""
    (drawing,) = sketcher.redraw(EXAMPLES / "cat.svg", best_of=32)
    return drawing.save(IMAGES / "drawing-itself.svg", curves=True, animate=True)


def real_world(sketcher: Sketcher, quickdraw: Path, icons: Path) -> Path:
    """Pictures as people have them: photos, icons, scribbles; what was read, what was drawn."""
    shown: list[tuple[str, Cell, Sketch]] = [
        *_photos(quickdraw),
        *_icons(icons),
        *_scribbles(quickdraw),
    ]
    redrawn = sketcher.redraw([sketch for _, _, sketch in shown], NUM_REDRAWINGS, best_of=BEST_OF)
    rows = [
        SheetRow([cell, sketch, *(one.smoothed() for one in drawings)], label)
        for (label, cell, sketch), drawings in zip(shown, redrawn, strict=True)
    ]
    sheet = Sheet(rows=rows, headings=["shown", "read", "redrawn"], set_apart=2, cell=88)
    path = IMAGES / "real-world.png"
    atomic_write(
        path, png_bytes(sheet.to_image().quantize(128))
    )  # photos need no more colours here
    return path


def _photos(folder: Path) -> Iterator[tuple[str, Cell, Sketch]]:
    (cat,) = read_sketches(EXAMPLES / "cat.svg")
    drawings = [cat, *(_real(folder, category, number) for category, number in PHOTOS)]
    for seed, drawing in enumerate(drawings):
        photo = simulate_photo(drawing, seed)
        yield "photo", _opened(photo), read_picture(photo)


def _icons(folder: Path) -> Iterator[tuple[str, Cell, Sketch]]:
    for place in ICONS:
        package, _, inside = place.rpartition("/icons/")
        name, _, within = package.removeprefix("@").replace("tabler/", "tabler-").partition("/")
        (path,) = folder.glob(f"{name}-*/package/{within}/icons/{inside}".replace("//", "/"))
        (icon,) = read_sketches(path)
        yield f"icon, {path.stem}", icon, icon


def _scribbles(folder: Path) -> Iterator[tuple[str, Cell, Sketch]]:
    for category, number, how in SCRIBBLES:
        file = io.BytesIO()
        picture, options = _scribbled(_real(folder, category, number), how)
        picture.save(file, **options)
        yield how, _opened(file.getvalue()), read_picture(file.getvalue())


def _scribbled(drawing: Sketch, how: str) -> tuple[Image.Image, dict[str, Any]]:
    """Draw a scribble in a certain way; also how to save it."""
    width = {"thick marker": 34, "tiny, 40 pixels": 2}.get(how, 7)
    size = 40 if how.startswith("tiny") else 500
    grey = drawing.to_image(size, line_width=width)
    ink = 1 - np.asarray(grey, np.float32)[..., None] / 255
    colours = {
        "light on dark": ((30, 40, 60), (240, 240, 220)),
        "grey on grey": ((150, 150, 150), (105, 105, 105)),
        "yellow on white": ((255, 255, 255), (250, 215, 40)),
        "red pen, transparent": ((255, 255, 255), (200, 30, 40)),
    }
    paper, pen = (np.array(colour) for colour in colours.get(how, ((255,) * 3, (0,) * 3)))
    picture = Image.fromarray((paper + ink * (pen - paper)).astype(np.uint8))
    if how.startswith("red"):
        picture.putalpha(Image.fromarray((255 * ink[..., 0]).astype(np.uint8)))
    return picture, {"format": "jpeg", "quality": 8} if how.startswith("JPEG") else {
        "format": "png"
    }


def _real(folder: Path, category: str, number: int) -> Sketch:
    """One of the last drawings of a category."""
    return read_sketches(folder / f"{category}.ndjson.gz")[-1 - number]


def _opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


if __name__ == "__main__":
    main()
