"""Rendering drawings as the model's pictures, against cairo, on one core."""

from __future__ import annotations

from collections.abc import Sequence

import cairocffi
import numpy as np

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.sketch.geometry import fit
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch

SETTINGS = RasterSettings()


def measure(drawings: Sequence[Sequence[np.ndarray]]) -> list[Figure]:
    """Render drawings given as absolute points."""
    seconds = in_turn(
        {
            "ours": lambda: rasterise_batch(drawings, SETTINGS),
            "cairo": lambda: [with_cairo(strokes) for strokes in drawings],
        }
    )
    ours = rasterise_batch(drawings, SETTINGS)[:, 0]
    cairo = np.stack([with_cairo(strokes) for strokes in drawings])
    away = float(np.abs(ours - cairo).mean()) * 255
    rate = len(drawings) / seconds["ours"]
    return [
        Figure(
            work=f"rendering 48x48 ({len(drawings):,} drawings)",
            value=rate,
            unit="drawings/s a core",
            peer="cairocffi",
            peer_value=len(drawings) / seconds["cairo"],
            bar=">= 15,000/s",
            met=rate >= 15_000,
        ),
        Figure(
            work="rendering, mean absolute difference from cairo",
            value=away,
            unit="of 255",
            peer="bar",
            peer_value=2.0,
            bar="<= 2",
            met=away <= 2,
        ),
    ]


def with_cairo(strokes: Sequence[np.ndarray]) -> np.ndarray:
    """The same picture by cairo: round caps and joins, best antialiasing."""
    size, stride = (
        SETTINGS.size,
        cairocffi.ImageSurface.format_stride_for_width(cairocffi.FORMAT_A8, SETTINGS.size),
    )
    pixels = bytearray(stride * size)
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, size, size, pixels, stride)
    context = cairocffi.Context(surface)
    context.set_line_width(SETTINGS.line_width)
    context.set_line_cap(cairocffi.LINE_CAP_ROUND)
    context.set_line_join(cairocffi.LINE_JOIN_ROUND)
    points = np.concatenate(strokes)
    scale, middle = fit(points.min(0), points.max(0), size, SETTINGS.margin)
    for stroke in strokes:
        fitted = ((stroke - middle) * scale + size / 2).tolist()
        context.move_to(*fitted[0])
        for point in fitted[1:] or fitted:
            context.line_to(*point)
    context.stroke()
    surface.flush()
    return np.frombuffer(pixels, np.uint8).reshape(size, stride)[:, :size] / np.float32(255)
