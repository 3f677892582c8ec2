"""How well are pictures and photos read? Measured on real drawings.

    python scripts/measure_reading.py QUICKDRAW [--drawings 200] [--judge BUNDLE]

Each drawing is given as strokes, as SVG, as a PNG of 1,000 pixels and as a simulated photo. Told
are, for each way: the difference of the 48x48 pictures in steps of 255; the distance of the model's
latent codes, in units of the median distance between two drawings; how often the code is nearest
to that of its own original; and how often the redrawing (best of 4) looks to the judge, by the five
nearest of all drawings, like its category. Then: how far traced lines are from drawn ones in
pictures of 256 pixels, and how many strokes are found.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from simulated_photo import photograph

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture_in import read_picture
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.io.svg_in import read_svg
from sketch_pix2seq.sketch.geometry import fit
from sketch_pix2seq.sketch.raster import rasterise_batch

CATEGORIES = (
    *("cat", "pig", "face", "car", "teapot", "alarm clock"),
    *("rabbit", "bus", "truck", "apple"),
)
NEIGHBOURS = 5
TRACED_SIZE = 256

WAYS: dict[str, Callable[[Sketch, int], Sketch]] = {
    "strokes": lambda drawing, seed: drawing,
    "SVG": lambda drawing, seed: read_svg(drawing.to_svg().encode()),
    "PNG": lambda drawing, seed: read_picture(_png(drawing, 1000, 8)),
    "photo": lambda drawing, seed: read_picture(photograph(drawing, seed)),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quickdraw", type=Path)
    parser.add_argument("--drawings", type=int, default=200)
    parser.add_argument("--judge", type=Path)
    options = parser.parse_args()
    each = options.drawings // len(CATEGORIES)
    drawings = [
        drawing
        for category in CATEGORIES
        for drawing in read_sketches(options.quickdraw / "simplified" / f"{category}.ndjson.gz")[
            :each
        ]
    ]
    labels = np.repeat(np.arange(len(CATEGORIES)), each)
    print_ways(drawings, labels, options.judge)
    print_traced(drawings)


def print_ways(drawings: list[Sketch], labels: np.ndarray, judge_bundle: Path | None) -> None:
    """Read all drawings in each way and compare."""
    sketcher = Sketcher.load()
    judge = sketcher if judge_bundle is None else Sketcher.load(judge_bundle)
    codes, seen = sketcher.encode(drawings), judge.encode(drawings)
    typical = float(np.median(_distances(codes, codes)))
    pictures = rasterise_batch(drawings)[:, 0]
    columns = ("mean", "median", "95 %", "code", "nearest", "right", "refused")
    print(" " * 8 + "".join(f"{column:>9}" for column in columns))
    for name, read in WAYS.items():
        found, refused = [], 0
        for seed, drawing in enumerate(drawings):
            try:
                found.append(read(drawing, seed))
            except DrawingError:
                refused += 1
                found.append(Sketch.from_points([[(0, 0)]]))
        apart = 255 * np.abs(rasterise_batch(found)[:, 0] - pictures).mean(axis=(1, 2))
        own = sketcher.encode(found)
        moved = float(np.median(np.linalg.norm(own - codes, axis=1))) / typical
        nearest = (_distances(own, codes).argmin(1) == np.arange(len(codes))).mean()
        redrawn = judge.encode([one for (one,) in sketcher.redraw(found, 1, best_of=4)])
        votes = labels[np.argsort(_distances(redrawn, seen), axis=1)[:, :NEIGHBOURS]]
        looks = np.array([np.bincount(some).argmax() for some in votes])
        right = (looks == labels).mean()
        cells = (apart.mean(), np.median(apart), np.percentile(apart, 95), moved)
        shares = f"{nearest:9.1%}{right:9.1%}{refused:9}"
        print(f"{name:8}" + "".join(f"{cell:9.3f}" for cell in cells) + shares)


def print_traced(drawings: list[Sketch]) -> None:
    """Compare traced lines with drawn ones."""
    to_traced, to_drawn, counts = [], [], []
    for drawing in drawings:
        traced = read_picture(_png(drawing, TRACED_SIZE, None))
        points = np.concatenate(drawing.strokes)
        scale, middle = fit(points.min(0), points.max(0), TRACED_SIZE, TRACED_SIZE / 24)
        drawn = (_dense(drawing) - middle) * scale + TRACED_SIZE / 2
        apart = _distances(drawn, _dense(traced))
        to_traced.append(apart.min(1).mean())
        to_drawn.append(apart.min(0).mean())
        counts.append((len(drawing.strokes), len(traced.strokes)))
    strokes = np.array(counts)
    off = np.abs(strokes[:, 0] - strokes[:, 1])
    print(
        f"traced at {TRACED_SIZE} pixels: drawn to traced {np.mean(to_traced):.2f} pixels", end=""
    )
    print(f" (95 %: {np.percentile(to_traced, 95):.2f}), back {np.mean(to_drawn):.2f}")
    print(f"strokes drawn {strokes[:, 0].mean():.1f}, found {strokes[:, 1].mean():.1f}", end="")
    print(f", within one {np.mean(off <= 1):.0%}, within two {np.mean(off <= 2):.0%}")


def _png(drawing: Sketch, size: int, line_width: float | None) -> bytes:
    file = io.BytesIO()
    drawing.to_image(size, line_width=line_width).save(file, "png")
    return file.getvalue()


def _dense(drawing: Sketch) -> np.ndarray:
    """Points of all strokes, about a pixel apart."""
    parts = []
    for stroke in drawing.strokes:
        way = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))))
        places = np.linspace(0, way[-1], max(2, int(way[-1])))
        parts.append(np.stack([np.interp(places, way, stroke[:, axis]) for axis in (0, 1)], 1))
    return np.concatenate(parts)


def _distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    distances: np.ndarray = np.linalg.norm(ones[:, None] - others[None], axis=2)
    return distances


if __name__ == "__main__":
    main()
