"""`Sketch`: what a drawing is, everywhere in the package.

A thin, unchangeable value: points and what is known about them. The work is done by the
modules it calls (`pen`, `simplify`, `smooth`, `raster`, and those of the room `io`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32, Int, Shaped
from PIL import Image

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.sketch import geometry, pen, simplify, smooth
from sketch_pix2seq.sketch.coloured import coloured_picture
from sketch_pix2seq.sketch.distance import percent_apart
from sketch_pix2seq.sketch.normalise import QUICKDRAW_SIDE, quickdraw_normalise
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise

Order: TypeAlias = Literal["pen", "hand", "none"]
"""In which order strokes stand; see `Sketch.ordered`."""


_COLOUR = re.compile("#[0-9a-fA-F]{6}")


class Frame(NamedTuple):
    """The picture that a drawing was read from.

    Args:
        width: In pixels.
        height: In pixels.
        line_width: Usual width of its lines, in pixels.
        size_mm: Real length of its longest side, if it says so.
    """

    width: float
    height: float
    line_width: float
    size_mm: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Sketch:
    """One drawing: strokes of absolute points.

    *Convention*: (x, y) in pixels, y down, any scale. Strokes are in drawing order. An empty
    drawing has no strokes; a stroke has at least one point (one point is a dot). Two sketches
    are equal when their strokes are; category and name are labels.

    Args:
        strokes: (P, 2) float32 arrays, P >= 1, finite. They become read-only.
        category: What is drawn, if known.
        name: Where it comes from, such as the stem of a file name.
        left_out: What of its file was not read, in one line.
        frame: Of a drawing read from a picture and still in its coordinates: that picture.
        colours: Of a drawing of several pens the colour of each stroke's, #rrggbb.

    Raises:
        DrawingError: If a stroke is something else. `Sketch.from_points` converts.

    Example:
        >>> Sketch.from_points([[(0, 0), (3, 4)], [(9, 9)]])
        Sketch(2 strokes, 3 points)
    """

    strokes: tuple[np.ndarray, ...]
    category: str | None = None
    name: str | None = None
    left_out: str | None = None
    frame: Frame | None = None
    colours: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check every stroke and make it read-only."""
        object.__setattr__(self, "strokes", tuple(self.strokes))
        for number, stroke in enumerate(self.strokes):
            geometry.check_stroke(stroke, f"stroke {number} of `strokes`")
            if stroke.flags.writeable:
                stroke.setflags(write=False)
        if self.colours is not None and len(self.colours) != len(self.strokes):
            got = f"{len(self.colours)} for {len(self.strokes)}"
            raise DrawingError("`colours` must be one for each stroke", got=got)
        for colour in self.colours or ():
            if not _COLOUR.fullmatch(str(colour)):
                raise DrawingError("a colour must be written as #rrggbb", got=repr(colour)[:40])

    # ---- from and to other forms

    @classmethod
    def from_points(
        cls, strokes: Iterable[Any], category: str | None = None, name: str | None = None
    ) -> Sketch:
        """Make a sketch from any sequences of (x, y) pairs; the points are copied.

        Raises:
            DrawingError: If something is not a pair of finite numbers.

        Example:
            >>> Sketch.from_points([[(0, 0), (3, 4)]]).bounds
            (0.0, 0.0, 3.0, 4.0)
        """
        arrays = []
        for number, stroke in enumerate(strokes):
            try:
                with np.errstate(over="ignore"):
                    arrays.append(np.array(stroke, np.float32))
            except (TypeError, ValueError, OverflowError):
                raise DrawingError(
                    f"stroke {number} of `strokes` must be pairs of numbers (x, y)"
                ) from None
        return cls(tuple(arrays), category, name)

    @classmethod
    def from_stroke3(
        cls,
        stroke3: Shaped[np.ndarray, " ..."],
        category: str | None = None,
        name: str | None = None,
    ) -> Sketch:
        """Make a sketch of (T, 3) rows of dx, dy, lift; the first is an offset from (0, 0).

        Example:
            >>> Sketch.from_stroke3(np.array([[3, 4, 0], [1, 0, 1]])).bounds
            (3.0, 4.0, 4.0, 4.0)
        """
        return cls(tuple(pen.stroke3_to_strokes(stroke3)), category, name)

    @classmethod
    def from_stroke5(
        cls,
        stroke5: Shaped[np.ndarray, " ..."],
        category: str | None = None,
        name: str | None = None,
        *,
        start_row: bool = False,
    ) -> Sketch:
        """Make a sketch of (S, 5) rows of dx, dy, down, up, end, up to the first end row.

        With `start_row` the first row is `START_STEP` and no part of the drawing.

        Example:
            >>> Sketch.from_stroke5(np.array([[3, 4, 0, 1, 0], [0, 0, 0, 0, 1]])).num_points
            1
        """
        stroke3 = pen.stroke5_to_stroke3(stroke5, start_row=start_row)
        return cls.from_stroke3(stroke3, category, name)

    def to_stroke3(self) -> Float32[np.ndarray, "T 3"]:
        """Return (T, 3) float32 rows of dx, dy, lift; the first row is an offset from (0, 0).

        Example:
            >>> Sketch.from_points([[(3, 4), (5, 4)]]).to_stroke3().tolist()
            [[3.0, 4.0, 0.0], [2.0, 0.0, 1.0]]
        """
        return pen.strokes_to_stroke3(self.strokes)

    def to_stroke5(self, max_steps: int | None = None) -> Float32[np.ndarray, "S 5"]:
        """Return rows of dx, dy, down, up, end: the points, then an end row; no start row.

        With `max_steps` there are `max_steps + 1` rows, padded with end rows.

        Example:
            >>> Sketch.from_points([[(3, 4)]]).to_stroke5().tolist()
            [[3.0, 4.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
        """
        return pen.stroke3_to_stroke5(self.to_stroke3(), max_steps)

    # ---- files

    @classmethod
    def open(
        cls,
        source: str | os.PathLike[str] | bytes | bytearray | memoryview | BufferedIOBase | BinaryIO,
    ) -> Sketch:
        """Read the one drawing of an SVG, a picture, a photo or an ndjson, in the frame of it.

        Args:
            source: A path, the content, the text of an SVG, or a file open for reading bytes.

        Raises:
            DrawingError: If there is no such file, or it holds no drawing, or several.
        """
        from sketch_pix2seq.io.reading import read_sketches

        sketch, *more = read_sketches(source)
        if more:
            subject = f"`{source}`" if isinstance(source, str | os.PathLike) else "a file"
            raise DrawingError(
                f"{subject} must hold one drawing",
                got=1 + len(more),
                do="Read all with `sketch_pix2seq.read_sketches`.",
            )
        return sketch

    # ---- measures

    @property
    def num_points(self) -> int:
        """Number of points of all strokes: as many as steps."""
        return sum(len(stroke) for stroke in self.strokes)

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """The smallest box around all points, (x0, y0, x1, y1); None if there are none."""
        return geometry.bounds(self.strokes)

    # ---- other sketches made from this one

    def centred(self) -> Sketch:
        """Move the middle of the bounding box to (0, 0), by whole pixels.

        Whole-numbered drawings stay so, as the middle is rounded down.

        Example:
            >>> Sketch.from_points([[(0, 0), (5, 8)]]).centred().bounds
            (-2.0, -4.0, 3.0, 4.0)
        """
        left, top, right, bottom = self.bounds or (0.0, 0.0, 0.0, 0.0)
        middle = np.floor([(left + right) / 2, (top + bottom) / 2])
        return self._moved([stroke - middle for stroke in self.strokes])

    def simplified(self, epsilon: float) -> Sketch:
        """Leave out points that are less than `epsilon` pixels from the line without them.

        Example:
            >>> Sketch.from_points([[(0, 0), (5, 0.4), (10, 0)]]).simplified(1.0).num_points
            2
        """
        return self._with(simplify.simplify(self.strokes, epsilon))

    def normalised(self) -> Sketch:
        """Normalise as QuickDraw does: fit 0 to 255, a point every pixel, simplify by 2, round.

        Example:
            >>> Sketch.from_points([[(10, 10), (20, 15)]]).normalised().bounds
            (0.0, 0.0, 255.0, 128.0)
        """
        return self._moved(quickdraw_normalise(self.strokes))

    def to_quickdraw_grid(self) -> Sketch:
        """Write points as Quick, Draw!'s files do, in whole numbers with a longest side of 255.

        Example:
            >>> Sketch.from_points([[(1, 1), (3, 2)]]).to_quickdraw_grid().bounds
            (0.0, 0.0, 255.0, 128.0)
        """
        if self.bounds is None:
            return self
        left, top, right, bottom = self.bounds
        longest = max(right - left, bottom - top)
        scale = QUICKDRAW_SIDE / longest if longest > 0 else 1.0
        corner = np.array((left, top))
        return self._moved([np.rint((stroke - corner) * scale) for stroke in self.strokes])

    def ordered(self, order: Order = "pen") -> Sketch:
        """Put strokes into another order, and turn them round; the picture stays the same.

        The strokes of several pens come pen by pen.

        A stroke whose ends meet may also begin at another of its points: ends that are as near as
        the line is wide, or a 96th of the drawing's longest side if its width is not known.

        Args:
            order: `pen`: the lifted pen of a plotter goes a short way. `hand`: as a person would
                draw, which is learned from Quick, Draw!; drawings of more than 300 strokes get
                `pen`, with a warning. `none`: as they are.

        Raises:
            UsageError: If `order` is something else.

        Example:
            >>> lines = Sketch.from_points([[(0, 0), (5, 0)], [(9, 9), (9, 0)], [(5, 0), (8, 0)]])
            >>> [stroke[0].tolist() for stroke in lines.ordered("pen").strokes]
            [[0.0, 0.0], [5.0, 0.0], [9.0, 0.0]]
        """
        from sketch_pix2seq.sketch.order import ordered_by_pen

        width = None if self.frame is None else self.frame.line_width
        strokes, colours = ordered_by_pen(self.strokes, self.colours, order, width)
        return replace(self, strokes=strokes, colours=colours)

    def smoothed(self) -> Sketch:
        """Put points on smooth lines through the points; corners stay sharp.

        Example:
            >>> Sketch.from_points([[(0, 0), (5, 1), (10, 0)]]).smoothed().num_points
            25
        """
        return self._with([smooth.smoothed(stroke) for stroke in self.strokes])

    def distance_to(self, other: Sketch) -> float:
        """How far its lines are from another drawing's, in % of the longest side; both ways' mean.

        Both are first fitted to a square. What is farther away than a tenth of it counts as being a
        tenth away.

        Example:
            >>> line = Sketch.from_points([[(0, 0), (10, 10)]])
            >>> line.distance_to(line)
            0.0
        """
        return percent_apart(self.strokes, other.strokes)

    def truncated(self, max_steps: int) -> Sketch:
        """Keep the first `max_steps` points, 0 or more.

        Example:
            >>> Sketch.from_points([[(0, 0), (1, 1)], [(5, 5), (6, 6)]]).truncated(3)
            Sketch(2 strokes, 3 points)
        """
        if max_steps < 0:
            raise UsageError("`max_steps` must be 0 or more", got=max_steps)
        kept = []
        for stroke in self.strokes:
            if max_steps <= 0:
                break
            kept.append(stroke[:max_steps])
            max_steps -= len(stroke)
        return self._with(kept)

    def picked(self, numbers: Sequence[int] | Int[np.ndarray, " K"]) -> Sketch:
        """Keep these strokes, in this order.

        Example:
            >>> Sketch.from_points([[(0, 0)], [(5, 5)], [(9, 9)]]).picked([2, 1]).bounds
            (5.0, 5.0, 9.0, 9.0)
        """
        colours = self.colours and tuple(self.colours[number] for number in numbers)
        strokes = tuple(self.strokes[number] for number in numbers)
        return replace(self, strokes=strokes, colours=colours)

    # ---- pictures

    def to_svg(
        self,
        *,
        size: float | None = None,
        margin: float | None = None,
        line_width: float | None = None,
        colour: str = "#111111",
        curves: bool = False,
        animate: bool = False,
        size_mm: float | None = None,
    ) -> str:
        """Return the drawing as an SVG document: a path for each stroke, no paper.

        Without `size` a drawing with a frame lies where it lies in its picture, with lines as wide
        as there. Any other is fitted into a square.

        Args:
            size: Width and height in pixels; None: those of the frame, or 256.
            margin: Pixels kept between the points and each edge; None: a 24th of `size`.
            line_width: In pixels; None: a 96th of `size`.
            colour: Any CSS colour; that of the pens, if they are known, goes before it.
            curves: Draw curves instead of straight lines, through every point; of a drawing with a
                frame as few as keep to its lines within 0.3 of their width.
            animate: Let the picture draw itself, stroke by stroke, once.
            size_mm: Real size of the paper's longest side, for plotters; None: that of the frame.

        Raises:
            UsageError: If a number is out of its range.

        Example:
            >>> Sketch.from_points([[(0, 0), (9, 9)]]).to_svg(size=48)[:4]
            '<svg'
        """
        from sketch_pix2seq.io.svg import svg_out

        return svg_out.to_svg(
            self,
            size=size,
            margin=margin,
            line_width=line_width,
            colour=colour,
            title=self.category,
            curves=curves,
            animate=animate,
            size_mm=size_mm,
        )

    def to_image(
        self,
        size: int = 256,
        *,
        margin: float | None = None,
        line_width: float | None = None,
        curves: bool = False,
    ) -> Image.Image:
        """Return the drawing as a Pillow picture, on white paper; arguments as of `to_svg`.

        It is grey, its lines are black; or RGB, in the colours of the pens, if they are known.

        Example:
            >>> Sketch.from_points([[(0, 0), (9, 9)]]).to_image(64).size
            (64, 64)
        """
        drawing, settings = self.smoothed() if curves else self, _settings(size, margin, line_width)
        if self.colours:
            return Image.fromarray(coloured_picture(drawing, settings))
        return Image.fromarray(np.rint(255 * (1 - rasterise(drawing, settings))).astype(np.uint8))

    def to_animation(
        self,
        kind: Literal["gif", "apng"] = "gif",
        size: int = 256,
        *,
        margin: float | None = None,
        line_width: float | None = None,
        curves: bool = False,
    ) -> bytes:
        """Return a GIF, or a PNG that moves, which draws itself again and again like a hand.

        The size is at most 1024; colours as of `to_image`, arguments as of `to_svg`.

        Example:
            >>> Sketch.from_points([[(0, 0), (9, 9)]]).to_animation(size=64)[:6]
            b'GIF89a'
        """
        from sketch_pix2seq.io import animation

        if kind not in ("gif", "apng"):
            raise UsageError("`kind` must be gif or apng", got=kind)
        drawing = self.smoothed() if curves else self
        return animation.animate(drawing, kind, _settings(size, margin, line_width))

    def save(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write the drawing to a file, at once; return the path.

        Args:
            path: Its suffix says how: .svg, .png, .gif, .apng, .dxf (needs the extra `dxf`) or
                .excalidraw.
            options: As for `to_svg`, `to_image` and `to_animation`; of the last two kinds those of
                `to_svg` that they can show.

        Raises:
            UsageError: If the suffix is another, or such files cannot show an option.
        """
        from sketch_pix2seq.io.atomic import atomic_write
        from sketch_pix2seq.io.saving import file_content

        path = Path(path)
        atomic_write(path, file_content(self, path, options))
        return path

    # ---- Python's own

    def __eq__(self, other: object) -> bool:
        """Compare the strokes by value."""
        if not isinstance(other, Sketch):
            return NotImplemented
        same_number = len(self.strokes) == len(other.strokes)
        return same_number and all(map(np.array_equal, self.strokes, other.strokes))

    def __hash__(self) -> int:
        """Hash the strokes by value; -0.0 and 0.0 are one number."""
        return hash(tuple((stroke + np.float32(0)).tobytes() for stroke in self.strokes))

    def __repr__(self) -> str:
        """Describe the drawing in a line."""
        labels = (("category", self.category), ("name", self.name))
        parts = [f"{label}={value!r}" for label, value in labels if value is not None]
        counts = [f"{len(self.strokes)} strokes", f"{self.num_points} points"]
        return f"Sketch({', '.join(counts + parts)})"

    def _repr_svg_(self) -> str:
        """Show the drawing in a notebook."""
        return self.to_svg()

    def _with(self, strokes: Sequence[np.ndarray]) -> Sketch:
        """Return a sketch of other strokes, or of the first ones, with the same labels."""
        colours = None if self.colours is None else self.colours[: len(strokes)]
        new = tuple(np.asarray(stroke, np.float32) for stroke in strokes)
        return replace(self, strokes=new, colours=colours)

    def _moved(self, strokes: Sequence[np.ndarray]) -> Sketch:
        """Return a sketch of strokes with other coordinates, which has no frame."""
        return replace(self._with(strokes), frame=None)


def _settings(size: int, margin: float | None, line_width: float | None) -> RasterSettings:
    """Settings of a picture of any size that looks as drawings of ours do."""
    return RasterSettings(
        size=size,
        margin=size / 24 if margin is None else margin,
        line_width=size / 96 if line_width is None else line_width,
    )
