"""A drawing that draws itself: as GIF, animated PNG or SVG, at the pace of a hand.

*Convention*: a hand moves along a line at one pace, over the paper somewhat faster, and a dot
takes a moment. Times are seconds.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from PIL import Image

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.coloured import painted, pens_of, rgb_of
from sketch_pix2seq.sketch.geometry import Drawing, arc_lengths, bounds, points_along, strokes_of
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch

PACE = 1.6
"""Longest sides of the drawing that the pen moves in a second."""
MAX_SECONDS = 12.0
"""Drawings that would take longer are drawn faster."""
HOLD_SECONDS = 1.6
"""How long the finished drawing stays before a picture starts again."""
FRAMES_A_SECOND = 25
MAX_SIZE = 1024
"""Largest side of an animated picture, in pixels."""

FILM = RasterSettings(size=384, margin=16, line_width=4)
"""How a film of drawings looks."""
FILM_SECONDS = 2.0
"""Seconds of a film from its first to its last drawing; of very many drawings more."""

_LEAST_STAY = 2  # hundredths of a second, which GIFs count in; browsers draw out shorter ones
_OVER_PAPER = 2.5  # times as fast as along a line
_LIFT_SECONDS = 0.08
_DOT_SECONDS = 0.1
_SHADES = 16  # of each pen, in a GIF
_MAX_PENS = 128  # in a GIF
_STYLE = (
    "@media (prefers-reduced-motion:no-preference){"
    ".line{stroke-dasharray:1 2;animation:line linear both}.dot{animation:dot linear both}}"
    "@keyframes line{0%{stroke-dashoffset:1;opacity:0}1%{opacity:1}100%{stroke-dashoffset:0}}"
    "@keyframes dot{0%{opacity:0}}"
)


@dataclass(frozen=True)
class Timing:
    """When the pen starts and ends each stroke, in seconds."""

    start: Float64[np.ndarray, "S"]
    end: Float64[np.ndarray, "S"]

    @property
    def seconds(self) -> float:
        """How long the whole drawing takes."""
        return float(self.end[-1]) if len(self.end) else 0.0


def timing_of(drawing: Drawing) -> Timing:
    """Compute when a hand would draw each stroke, within `MAX_SECONDS` in all.

    Example:
        >>> timing_of([np.array([[0, 0], [16, 0]]), np.array([[16, 0], [0, 0]])]).end.round(2)
        array([0.62, 1.33])
    """
    strokes = [np.asarray(stroke, np.float64) for stroke in strokes_of(drawing)]
    box = bounds(strokes)
    if box is None:
        return Timing(np.zeros(0), np.zeros(0))
    longest = max(box[2] - box[0], box[3] - box[1]) or 1.0
    drawn = np.array([arc_lengths(stroke)[-1] for stroke in strokes]) / longest
    moved = [float(np.hypot(*(b[0] - a[-1]))) for a, b in itertools.pairwise(strokes)]
    pauses = _LIFT_SECONDS + np.array(moved) / longest / (PACE * _OVER_PAPER)
    takes = np.maximum(drawn / PACE, _DOT_SECONDS)
    start = np.concatenate(([0.0], np.cumsum(takes[:-1] + pauses)))
    slower = max(1.0, float(start[-1] + takes[-1]) / MAX_SECONDS)
    return Timing(start / slower, (start + takes) / slower)


def animate(drawing: Drawing, kind: str, settings: RasterSettings) -> bytes:
    """Write a drawing as a `gif` or `apng` that draws itself again and again, on white paper.

    Its lines are black, or of the colours of their pens.

    A viewer that cannot animate PNGs shows the finished drawing.

    Args:
        drawing: A `Sketch` or its strokes.
        kind: Which.
        settings: Size, at most `MAX_SIZE`, margin and line width of the picture.
    """
    pens = [pen for pen, _ in pens_of(drawing)]
    return _encoded(*_frames(drawing, settings), kind, pens)


def check_size(size: int) -> None:
    """Refuse an animation that is too large (UsageError)."""
    if size > MAX_SIZE:
        raise UsageError(f"`size` of an animation must be at most {MAX_SIZE}", got=size)


def film(drawings: Sequence[Drawing], kind: str, settings: RasterSettings = FILM) -> bytes:
    """Show drawings one after the other, and back again; return the file's content.

    Args:
        drawings: Two or more.
        kind: `gif` or `apng`.
        settings: Size, margin and line width of the picture.
    """
    inks = rasterise_batch(drawings, settings)[:, 0]
    frames = [np.rint(255 * (1 - ink)).astype(np.uint8) for ink in inks]
    frames += frames[-2:0:-1]
    stay = 10 * max(round(100 * FILM_SECONDS / max(len(drawings) - 1, 1)), _LEAST_STAY)
    times = [stay] * len(frames)
    times[0] = times[len(drawings) - 1] = stay + 600
    return _encoded(frames, times, kind)


def animated(drawing: Drawing, paths: Sequence[str]) -> tuple[str, list[str]]:
    """Write the strokes of an SVG so that they appear one after the other.

    Args:
        drawing: A `Sketch` or its strokes.
        paths: Path data of each stroke.

    Returns:
        A `<style>`, and a `<path>` for each stroke. Who wants less motion sees the finished
        drawing.

    Example:
        >>> animated([np.array([[0, 0], [9, 0]])], ["M0 0L9 0"])[1][0][-84:]
        'd="M0 0L9 0" pathLength="1" style="animation-duration:0.62s;animation-delay:0.00s"/>'
    """
    strokes, timing = strokes_of(drawing), timing_of(drawing)
    elements = []
    for stroke, path, start, end in zip(strokes, paths, timing.start, timing.end, strict=True):
        kind = "dot" if len(stroke) == 1 else "line"
        style = f"animation-duration:{end - start:.2f}s;animation-delay:{start:.2f}s"
        elements.append(f'<path class="{kind}" d="{path}" pathLength="1" style="{style}"/>')
    return f"<style>{_STYLE}</style>", elements


def _frames(
    drawing: Drawing, settings: RasterSettings
) -> tuple[list[UInt8[np.ndarray, "H W ..."]], list[int]]:
    """Draw all pictures, grey or in colours, and how long each stays, in milliseconds."""
    check_size(settings.size)
    timing, strokes = timing_of(drawing), strokes_of(drawing)
    pens = pens_of(drawing)
    by_pen = [numbers for _, numbers in pens] or [list(range(len(strokes)))]
    num_frames = max(1, int(np.ceil(timing.seconds * FRAMES_A_SECOND)))
    ends = np.linspace(0, timing.seconds, num_frames + 1)
    inks = np.zeros((len(by_pen), settings.size, settings.size), np.float32)
    picture = _painted(inks, pens)
    pictures = []
    for start, end in itertools.pairwise(ends):
        drawn = dict(_drawn_between(strokes, timing, float(start), float(end)))
        parts = [[drawn[number] for number in some if number in drawn] for some in by_pen]
        new = rasterise_batch(parts, settings, within=drawing)[:, 0]
        rows, columns = (np.flatnonzero(new.any(axis=axes)) for axes in ((0, 2), (0, 1)))
        if len(rows):
            box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            inks[:, *box] = np.maximum(inks[:, *box], new[:, *box])
            picture = picture.copy()
            picture[box] = _painted(inks[:, *box], pens)
        pictures.append(picture)
    times = [1000 // FRAMES_A_SECOND] * num_frames
    times[-1] = round(1000 * HOLD_SECONDS)
    return pictures, times


def _painted(
    inks: Float32[np.ndarray, "N H W"], pens: Sequence[tuple[str, Any]]
) -> UInt8[np.ndarray, "H W ..."]:
    """Inks on paper, grey without pens."""
    if pens:
        return painted(inks, [pen for pen, _ in pens])
    return np.asarray(np.rint(255 * (1 - inks[0])).astype(np.uint8))


def _drawn_between(
    strokes: Sequence[np.ndarray], timing: Timing, start: float, end: float
) -> Iterator[tuple[int, Float64[np.ndarray, "P 2"]]]:
    """Yield numbers of strokes, and what of each is drawn in a span of time."""
    spans = zip(strokes, timing.start, timing.end, strict=True)
    for number, (stroke, first, last) in enumerate(spans):
        if last < start or first > end:
            continue
        points = np.asarray(stroke, np.float64)
        if len(points) == 1:
            yield number, points
            continue
        along = arc_lengths(points)
        from_, to = along[-1] * np.clip((np.array([start, end]) - first) / (last - first), 0, 1)
        inner = points[(along > from_) & (along < to)]
        ends = points_along(points, np.array([from_, to]), along)
        yield number, np.concatenate((ends[:1], inner, ends[1:]))


def _encoded(
    frames: Sequence[UInt8[np.ndarray, "H W ..."]],
    times: list[int],
    kind: str,
    pens: Sequence[str] = (),
) -> bytes:
    """Write pictures as a GIF of few shades of each pen, black without any, or as a PNG."""
    if kind == "gif":
        palette = _shades(pens or ["#000000"])
        pictures = [_in_shades(frame, palette) for frame in frames]
        options: dict[str, Any] = {"format": "GIF"}
    else:
        pictures = [Image.fromarray(frame) for frame in (frames[-1], *frames)]
        options = {"format": "PNG", "default_image": True}
    file = io.BytesIO()
    pictures[0].save(
        file, save_all=True, append_images=pictures[1:], duration=times, loop=0, **options
    )
    return file.getvalue()


def _shades(pens: Sequence[str]) -> list[int]:
    """A palette from white to each pen; the last of very many take the nearest of other shades."""
    pens = pens[:_MAX_PENS]
    share = np.linspace(0, 1, min(_SHADES, 256 // len(pens)))[:, None]
    shades = np.concatenate([255 + share * (rgb_of(pen) - 255.0) for pen in pens])
    palette: list[int] = np.rint(shades).astype(int).ravel().tolist()
    return palette


def _in_shades(frame: UInt8[np.ndarray, "H W ..."], palette: list[int]) -> Image.Image:
    """Write a picture in the colours of a palette; a grey one is of one pen."""
    if frame.ndim == 2:
        levels = np.rint((255 - frame.astype(np.float32)) / 255 * (_SHADES - 1)).astype(np.uint8)
        picture = Image.fromarray(levels, "P")
        picture.putpalette(palette)
        return picture
    shades = Image.new("P", (1, 1))
    shades.putpalette(palette)
    return Image.fromarray(frame).quantize(palette=shades, dither=Image.Dither.NONE)
