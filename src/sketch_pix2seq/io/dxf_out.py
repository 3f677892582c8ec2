"""Writing a drawing as DXF, for CAD, laser cutters and plotters, by ezdxf."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.io.paper import layers_of, paper_for
from sketch_pix2seq.sketch.curves import curves_of
from sketch_pix2seq.sketch.geometry import Drawing, strokes_of

_MILLIMETRES = 4  # as DXF counts units
_DECIMALS = 4
_IMPORTING = threading.Lock()  # one environment for all threads


def to_dxf(
    drawing: Drawing,
    *,
    size: float | None = None,
    margin: float | None = None,
    curves: bool = False,
    size_mm: float | None = None,
) -> str:
    """Write a drawing as DXF R2010: millimetres, y up, the paper's lower left corner at (0, 0).

    Strokes are LWPOLYLINEs, dots are POINTs, and pens are layers of their colours. The header
    holds the extents of the drawing.

    Args:
        drawing: A `Sketch` or its strokes.
        size: As of `Sketch.to_svg`.
        margin: As of `Sketch.to_svg`.
        curves: Write strokes as SPLINEs, as `curves_of` finds them.
        size_mm: Length of the paper's longest side; None: that of the frame, or 96 pixels are an
            inch.

    Raises:
        MissingExtraError: If ezdxf is not installed.
        UsageError: If a number is out of its range.
    """
    with needs_extra("dxf"), _IMPORTING, _no_lasting_files():
        import ezdxf
        from ezdxf.appsettings import update_extents

    paper = paper_for(drawing, size, margin, size_mm=size_mm)
    mm = paper.mm_per_pixel

    def to_mm(points: np.ndarray) -> list[tuple[float, float]]:
        x, y = (paper.transform(points).reshape(-1, 2) * mm).T
        placed: Float64[np.ndarray, "N 2"] = np.stack([x, paper.height * mm - y], axis=1)
        return [(a, b) for a, b in placed.round(_DECIMALS).tolist()]

    document = ezdxf.new("R2010", units=_MILLIMETRES)
    space = document.modelspace()
    strokes = strokes_of(drawing)
    layer_of = ["0"] * len(strokes)
    for name, pen, some in layers_of(drawing):
        document.layers.add(name, true_color=int(pen[1:], 16))
        for number in some:
            layer_of[number] = name
    shapes = curves_of(drawing) if curves else [np.zeros((0, 4, 2))] * len(strokes)
    for stroke, pieces, layer in zip(strokes, shapes, layer_of, strict=True):
        attributes = {"layer": layer}
        if len(pieces):
            spline = space.add_spline(degree=3, dxfattribs=attributes)
            spline.control_points = to_mm(
                np.concatenate([pieces[:, :3].reshape(-1, 2), pieces[-1, 3:]])
            )
            knots = np.repeat(np.arange(len(pieces) + 1.0), 3)
            spline.knots = [knots[0], *knots, knots[-1]]
        elif len(stroke) > 1:
            space.add_lwpolyline(to_mm(stroke), dxfattribs=attributes)
        else:
            space.add_point(to_mm(stroke)[0], dxfattribs=attributes)
    update_extents(document)
    text = io.StringIO()
    document.write(text)
    return text.getvalue()


@contextmanager
def _no_lasting_files() -> Iterator[None]:
    """Give ezdxf, which writes a font list when it is imported, a temporary cache folder."""
    if "ezdxf.appsettings" in sys.modules:
        yield
        return
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before
