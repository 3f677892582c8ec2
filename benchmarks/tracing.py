"""Tracing pictures of drawings whose strokes are known, beside other tracers where installed.

Every drawing is rendered by cairo, thin and thick, at two sizes, and all together as pages of
twenty at 300 dots an inch. F1 counts strokes that are traced as one line: matched one to one,
each covers 80 % of the other within 3 of 256. Miss and off are the mean distances from true to
traced lines and back, of 256. Peers: `pyautotrace`, and `scikit-image` with `sknw`.
"""

from __future__ import annotations

import importlib
import io
import math
import time
from collections.abc import Callable, Sequence

import cairocffi
import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from benchmarks.figures import Figure
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.svg.svg_in import read_svg

FRAME = 256.0
MARGIN = 20.0
NEAR = 3.0
COVERED = 0.8
KINDS = {"256 px, 2 wide": (256, 2), "256 px, 8 wide": (256, 8), "1,000 px, 4 wide": (1000, 4)}
KINDS["1,000 px, 30 wide"] = (1000, 30)
NUM = 30
PAGE = (4, 5, 620)  # columns, rows, pixels of a side of each drawing
PAGE_WIDTH = 6.0
BARS_MS = {"1,000 px, 4 wide": 40.0, "page": 1500.0}

Strokes = Sequence[np.ndarray]
Tracer = Callable[[bytes], Strokes]


def measure(drawings: Sequence[Strokes]) -> list[Figure]:
    """Measure some of the drawings given as absolute points."""
    some = [fitted(strokes) for strokes in drawings if 3 <= len(strokes) <= 25]
    some = some[:: max(len(some) // NUM, 1)][:NUM]
    tracers = {"ours": ours, **peers()}
    figures = []
    for kind, (size, width) in KINDS.items():
        pictures = [png(rendered(strokes, size, width)) for strokes in some]
        results = {
            name: scores(tracer, some, pictures, FRAME / size) for name, tracer in tracers.items()
        }
        figures += rows(kind, results)
    columns, lines, side = PAGE
    page = [
        (stroke + np.array([k % columns, k // columns]) * FRAME) * (side / FRAME)
        for k, strokes in enumerate(some[: columns * lines])
        for stroke in strokes
    ]
    picture = png(painted(page, (columns * side, lines * side), PAGE_WIDTH, 1.0))
    truth = [stroke * (FRAME / side) for stroke in page]
    results = {
        name: scores(tracer, [truth], [picture], FRAME / side) for name, tracer in tracers.items()
    }
    return figures + rows("page", results)


def rows(kind: str, results: dict[str, dict[str, float]]) -> list[Figure]:
    """A figure for each measure, beside the best peer at it."""
    figures = []
    for name, unit, better in (("F1", "", max), ("miss", "of 256", min), ("off", "of 256", min)):
        own = results["ours"][name]
        others = {peer: result[name] for peer, result in results.items() if peer != "ours"}
        peer = better(others, key=lambda name: others[name]) if others else "no peer installed"
        beside = others.get(peer, math.nan)
        figures.append(
            Figure(
                work=f"tracing, {kind}: {name}",
                value=own,
                unit=unit,
                peer=peer,
                peer_value=beside,
                bar="ahead of every peer" if others else "",
                met=not others or (own > beside if better is max else own < beside),
            )
        )
    if kind in BARS_MS:
        own, bar = results["ours"]["ms"], BARS_MS[kind]
        figures.append(
            Figure(
                work=f"tracing, {kind}: processor time",
                value=own,
                unit="ms",
                peer="bar",
                peer_value=bar,
                bar=f"<= {bar:,.0f} ms",
                met=own <= bar,
            )
        )
    return figures


def scores(
    tracer: Tracer, drawings: Sequence[Strokes], pictures: Sequence[bytes], scale: float
) -> dict[str, float]:
    """Means over drawings of F1, miss and off, and the median time of a picture."""
    found, taken = [], []
    for strokes, picture in zip(drawings, pictures, strict=True):
        began = time.process_time()
        lines = tracer(picture)
        taken.append(1000 * (time.process_time() - began))
        found.append(compared(strokes, [line * scale for line in lines]))
    f1, miss, off = np.mean(found, axis=0).tolist()
    return {"F1": f1, "miss": miss, "off": off, "ms": float(np.median(taken))}


def compared(true: Strokes, traced: Strokes) -> tuple[float, float, float]:
    """F1, miss and off of one drawing."""
    if not traced:
        return 0.0, FRAME, 0.0
    one, other = [spaced(line) for line in true], [spaced(line) for line in traced]
    all_one, all_other = np.concatenate(one), np.concatenate(other)
    cover = np.zeros((len(one), len(other)))
    for i, stroke in enumerate(one):
        for j, line in enumerate(other):
            if abs(len(stroke) - len(line)) <= 0.35 * max(len(stroke), len(line)) + 8:
                cover[i, j] = min(
                    (nearest(stroke, line) < NEAR).mean(), (nearest(line, stroke) < NEAR).mean()
                )
    pairs = linear_sum_assignment(-cover)
    f1 = 2 * float((cover[pairs] >= COVERED).sum()) / (len(one) + len(other))
    miss, off = nearest(all_one, all_other).mean(), nearest(all_other, all_one).mean()
    return f1, float(miss), float(off)


def nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each point to the nearest of others."""
    return np.asarray(cKDTree(others).query(points)[0])


def spaced(line: np.ndarray) -> np.ndarray:
    """Points one unit apart along a line."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, int(along[-1]) + 1))
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)


def fitted(strokes: Strokes) -> list[np.ndarray]:
    """A drawing in the middle of a square frame."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    scale = (FRAME - 2 * MARGIN) / size.max()
    return [(np.asarray(s, float) - low - size / 2) * scale + FRAME / 2 for s in strokes]


def rendered(strokes: Strokes, size: int, width: float) -> np.ndarray:
    """Black lines so many pixels wide on white."""
    return painted(strokes, (size, size), width, size / FRAME)


def painted(strokes: Strokes, size: tuple[int, int], width: float, scale: float) -> np.ndarray:
    """Scaled strokes, black on white, lines so many pixels wide."""
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, *size)
    pen = cairocffi.Context(surface)
    pen.set_line_width(width)
    pen.set_line_cap(cairocffi.LINE_CAP_ROUND)
    pen.set_line_join(cairocffi.LINE_JOIN_ROUND)
    for stroke in strokes:
        points = (np.asarray(stroke) * scale).tolist()
        pen.move_to(*points[0])
        for point in points[1:] or points:
            pen.line_to(*point)
        pen.stroke()
    pixels = np.frombuffer(bytes(surface.get_data()), np.uint8)
    return 255 - pixels.reshape(size[1], surface.get_stride())[:, : size[0]]


def png(picture: np.ndarray) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    return file.getvalue()


def ours(picture: bytes) -> Strokes:
    """What is measured."""
    return read_picture(picture).strokes


def peers() -> dict[str, Tracer]:
    """Other tracers that are installed, given black and white: both are made for it."""
    found: dict[str, Tracer] = {}
    for name, modules, tracer in (
        ("autotrace, centre lines", ["autotrace"], with_autotrace),
        ("scikit-image and sknw", ["skimage.morphology", "sknw"], with_skeleton),
    ):
        try:
            for module in modules:
                importlib.import_module(module)
        except ImportError:
            continue
        found[name] = tracer
    return found


def with_autotrace(picture: bytes) -> Strokes:
    """Lines by autotrace."""
    autotrace = importlib.import_module("autotrace")
    colours = np.repeat(np.where(_is_ink(picture), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    vector = autotrace.Bitmap(colours).trace(centerline=True, background_color=(255, 255, 255))
    return read_svg(vector.encode("svg"), as_written=True).strokes


def with_skeleton(picture: bytes) -> Strokes:
    """Every piece between junctions of what scikit-image thins."""
    skeleton = importlib.import_module("skimage.morphology").skeletonize(_is_ink(picture))
    graph = importlib.import_module("sknw").build_sknw(
        skeleton.astype(np.uint8), multi=True, ring=True
    )
    lines = [edge["pts"][:, ::-1] + 0.5 for _, _, edge in graph.edges(data=True)]
    return [line for line in lines if len(line) > 1]


def _is_ink(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L")) < 128
