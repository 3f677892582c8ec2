"""Reading a drawing from a picture file: from a drawing program, a scanner or a phone.

Lines of any colours and widths. The stages, which `on_stage` shows: picture -> ink or
paper -> thin centre lines -> strokes -> fewer points.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, Int64
from PIL import Image, ImageDraw

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture.centre_lines import centre_lines, centre_on_ink
from sketch_pix2seq.io.picture.decoding import decode
from sketch_pix2seq.io.picture.folds import folds
from sketch_pix2seq.io.picture.ink import Ink, find_ink
from sketch_pix2seq.io.picture.merging import merged
from sketch_pix2seq.io.picture.morphology import ink_width, rough_width
from sketch_pix2seq.io.picture.outer_edges import outer_edges
from sketch_pix2seq.io.picture.pen_colours import pen_colours
from sketch_pix2seq.io.picture.printed_lines import without_margin_lines
from sketch_pix2seq.io.picture.printed_marks import (
    binding_marks,
    printed_dashes,
    printed_dots,
    punched_holes,
)
from sketch_pix2seq.io.picture.regions import Regions
from sketch_pix2seq.io.picture.straightening import find_page
from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.io.picture.tracing import walk_lines
from sketch_pix2seq.sketch.simplify import simplify
from sketch_pix2seq.sketch.sketch import Frame, Sketch

_MIN_SIDE = 512  # smaller pictures are enlarged: their soft edges say more than their pixels
_THIN = 20  # pixels: ink of wider lines is shrunk before thinning
_DOT = 0.6  # of a line width squared: smaller specks are dirt; a dot of the pen has 0.8
_DOT_IN_PHOTO = 0.45  # the same in a photo, where dots are softer
_SURROUNDS = 0.95  # of both sides of the picture: what a frame reaches across
_MIN_FRAMED = 0.15  # of all lines are within a frame, for their width to count alone
_SPECK = 1.5  # of a line's width: what is longer is a thin line
_PRINTED = 4.0  # of a line width squared: printed dots are smaller
_DASH = 1.5  # of a line's width: pieces of printed lines are no wider
_HOLE = 2.5  # of a line's width: punched holes are wider
_PINHOLE = 0.3  # of a line width squared: smaller holes in ink are no part of the drawing
_BORDER = 0.012  # of the longest side: nobody draws as close along the picture's border
_WIDE = 1.6  # times as wide as the lines, and at the border: a corner of a shadow
_PEN = 15  # percent of rough lines are narrower than the pen, or it went once there
_MIN_PEN = 3.0  # pixels: widths of thinner lines are not known to a part of a pixel
_TOLERANCE = 0.05  # of the line's width, for leaving out points
_MIN_TOLERANCE = 0.5  # pixels
_COLOURS = ("#d1495b", "#00798c", "#edae49", "#30638e", "#7b2d8b", "#3c896d")

OnStage = Callable[[str, Image.Image], None]
"""Called with the name of each stage of reading a picture, and how it looks then."""


class Lines(NamedTuple):
    """Strokes and what is known of them.

    Args:
        strokes: In pixels of the ink.
        width: The usual one.
        pen_width: Width of narrow parts, where a pen went once.
        num_specks: Specks that were left out.
        had_edge: Whether lines along the border were left out.
    """

    strokes: list[Float[np.ndarray, "P 2"]]
    width: float
    pen_width: float
    num_specks: int
    had_edge: bool


def read_picture(
    data: bytes,
    *,
    on_stage: OnStage | None = None,
    straighten: bool = True,
    merge_lines: bool = False,
) -> Sketch:
    """Read a drawing from a picture file; it lies in its frame, in pixels of the picture.

    Args:
        data: The file's content.
        on_stage: Called at the stages `picture`, `contrast`, `ink`, `lines` and `strokes`, and
            `merged` if lines are.
        straighten: Whether a tilted sheet on a darker table is straightened; the frame is then the
            sheet.
        merge_lines: Whether lines over each other, or closely side by side, become one. The width
            in the frame is then that of the pen where it went once.

    Raises:
        DrawingError: If it is no picture, damaged, too large, blank, or no line drawing.

    Example:
        >>> import io
        >>> picture = Sketch.from_points([[(0, 0), (9, 4)]]).to_image(64, line_width=5)
        >>> file = io.BytesIO()
        >>> picture.save(file, "png")
        >>> len(read_picture(file.getvalue()).strokes)
        1
    """
    image, scale, has_others = decode(data)
    enlarged = max(1, min(_MIN_SIDE // max(image.size), 8))
    if enlarged > 1:
        size = (image.width * enlarged, image.height * enlarged)
        image = image.resize(size, Image.Resampling.BICUBIC)
    page = find_page(image, straighten=straighten)
    image = page.image
    ink = find_ink(image, softness=enlarged, outside=page.outside)
    has_edges = False
    if ink.is_photo and page.outside is None:
        edges = outer_edges(ink.mask, ink.contrast, ink.picture)
        has_edges = bool(edges.any())
        ink = ink._replace(mask=ink.mask & ~edges)
    lines = lines_of_ink(
        ink.mask, softness=enlarged, is_photo=ink.is_photo, is_printed=ink.has_printed_lines
    )
    if ink.has_printed_lines:
        size = ink.mask.shape[::-1]
        drawn = without_margin_lines(lines.strokes, size, lines.width)
        lines = lines._replace(strokes=drawn)
    is_fold = np.zeros(len(lines.strokes), bool)
    if ink.is_photo:
        is_fold = folds(lines.strokes, ink.contrast, lines.width)
        lines = lines._replace(strokes=list(itertools.compress(lines.strokes, ~is_fold)))
    if on_stage:
        _show(on_stage, ink, lines.strokes)
    left_out = [
        *(["all pages or frames but the first"] if has_others else []),
        *page.left_out,
        *(["printed lines"] if ink.has_printed_lines else []),
        *(["lines hardly darker than the paper"] if ink.has_lost_lines else []),
        *(["edges of the sheet"] if has_edges else []),
        *(["folds of the paper"] if is_fold.any() else []),
        *(["lines along the border"] if lines.had_edge else []),
        *([f"{specks:,} speck{'s' * (specks > 1)}"] if (specks := lines.num_specks) else []),
    ]
    colours = pen_colours(image, [stroke * ink.scale for stroke in lines.strokes])
    scale *= page.scale / enlarged
    strokes = [(stroke * ink.scale + page.corner) * scale for stroke in lines.strokes]
    width, height = (side * scale / page.scale for side in page.size)
    line_width = lines.pen_width if merge_lines else lines.width
    sketch = Sketch(
        tuple(stroke.astype(np.float32) for stroke in strokes),
        left_out=", ".join(left_out) or None,
        frame=Frame(width, height, line_width * ink.scale * scale),
        colours=colours,
    )
    if not merge_lines:
        return sketch
    sketch = merged(sketch)
    if on_stage:
        found = [(stroke / scale - page.corner) / ink.scale for stroke in sketch.strokes]
        on_stage("merged", _strokes_over(ink.picture.convert("L"), found))
    return sketch


def lines_of_ink(
    ink: Bool[np.ndarray, "H W"],
    *,
    softness: int = 1,
    is_clean: bool = False,
    is_photo: bool = False,
    is_printed: bool = False,
) -> Lines:
    """Trace the centre lines of ink, in pixels of `ink`; long ones first.

    Args:
        ink: (H, W).
        softness: Pixels of `ink` to one of the picture: steps as large are no part of lines.
        is_clean: Whether all ink is drawn: there are no specks, printed marks or edges of a sheet.
        is_photo: Whether ink has holes and shadows at the border.
        is_printed: Whether the paper is ruled or squared.

    Example:
        >>> lines_of_ink(np.ones((1, 9), bool)).strokes[0].round().tolist()
        [[0.0, 1.0], [8.0, 1.0]]
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    corner = np.array([columns[0], rows[0]])
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = max(1, int(rough_width(cropped) / _THIN))
    share = np.pad(_shrunk(cropped, factor), 1)
    small = share >= (min(0.25, 1 / factor) if factor > 1 else 0.5)
    if is_photo:
        _fill_pinholes(small, share)
    distance = centre_lines(small)
    margins = np.array(
        [[rows[0], ink.shape[0] - 1 - rows[-1]], [columns[0], ink.shape[1] - 1 - columns[-1]]]
    )
    dirt = (0, False)
    if not is_clean:
        dirt = _remove_dirt(
            small, distance, margins // factor, is_photo=is_photo, is_printed=is_printed
        )
    width, narrow = (
        max(ink_width(float(np.percentile(distance[distance > 0], share))), 1.0)
        for share in (50, _PEN)
    )
    lines = walk_lines(distance)
    strokes = centre_on_ink(
        [line.points for line in lines], [line.radii for line in lines], share, softness / 2
    )
    strokes = simplify(strokes, max(_MIN_TOLERANCE, softness / 4, _TOLERANCE * width))
    return Lines(
        [_upright(stroke - 1) * factor + corner for stroke in strokes],
        width * factor,
        min(width, max(narrow, _MIN_PEN)) * factor,
        *dirt,
    )


def _shrunk(ink: Bool[np.ndarray, "H W"], factor: int) -> Float32[np.ndarray, "h w"]:
    """Make ink smaller: how much of each pixel is ink."""
    if factor == 1:
        return ink.astype(np.float32)
    height, width = (-(-side // factor) * factor for side in ink.shape)
    padded = np.zeros((height, width), bool)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    blocks = padded.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def _fill_pinholes(ink: Bool[np.ndarray, "H W"], share: Float32[np.ndarray, "H W"]) -> None:
    """Fill holes in lines where the pen or the pencil left the paper bare."""
    bare = Regions.of(~ink)
    holes = bare.only(bare.areas < _PINHOLE * rough_width(ink) ** 2)
    ink[holes] = True
    share[holes] = 1


def _remove_dirt(
    ink: Bool[np.ndarray, "H W"],
    distance: Float32[np.ndarray, "H W"],
    margins: Int64[np.ndarray, "2 2"],
    *,
    is_photo: bool,
    is_printed: bool,
) -> tuple[int, bool]:
    """Remove specks smaller than a dot of the pen, printed marks, and outlines of shadows.

    Args:
        ink: (H, W), with an empty pixel on each side.
        distance: (H, W), 0 off the lines; set to 0 on what is removed.
        margins: How far the picture goes on beyond the ink, in pixels of `ink`: above and below,
            left and right.
        is_photo: Whether ink has holes and shadows at the border.
        is_printed: Whether the paper is ruled or squared.

    Returns:
        How many specks were removed, and whether there were lines along the border.
    """
    regions = Regions.of(ink)
    pixels = np.divmod(np.flatnonzero(distance > 0), distance.shape[1])
    labels, along = regions.labels[pixels], ink_width(distance[pixels])
    count = np.bincount(labels, minlength=len(regions.areas)).clip(1)
    mean = np.bincount(labels, along, minlength=len(regions.areas)) / count
    low, high = regions.boxes()
    counts_for = (high - low < _SURROUNDS * (margins.sum(axis=1) + ink.shape)[::-1]).any(axis=1)
    if count[counts_for].sum() < _MIN_FRAMED * count.sum():
        counts_for[:] = True
    is_large = counts_for & (regions.areas >= 0.2 * regions.areas[counts_for].max())
    usual = float(mean[is_large] @ count[is_large] / count[is_large].sum())
    is_speck = regions.areas < (_DOT_IN_PHOTO if is_photo else _DOT) * usual**2
    is_speck &= (high - low).max(axis=1) < _SPECK * usual
    is_mark = printed_dots(regions.areas, regions.middles(), _PRINTED * usual**2)
    is_mark |= printed_dashes(low, high, _DASH * usual, ink.shape[::-1])
    before = margins[::-1, 0] - 1
    sides = (np.array(ink.shape) - 2 + margins.sum(axis=1))[::-1].tolist()
    if is_printed or is_mark.any():
        min_width = _HOLE * usual
        is_mark |= punched_holes(regions.areas, low + before, high + before, min_width, sides)
    if is_photo:
        others = np.flatnonzero(~(is_speck | is_mark))
        is_mark[others] = binding_marks(low[others] + before, high[others] + before, sides)
    is_edge = _along_border(labels, pixels, ink.shape, margins, len(is_speck))
    is_dirt = is_speck | is_mark | is_edge
    if is_photo:
        edge = np.zeros_like(ink)
        (top, bottom), (left, right) = np.maximum(3 - margins, 0).tolist()
        edge[:top] = edge[len(edge) - bottom :] = True
        edge[:, :left] = edge[:, edge.shape[1] - right :] = True
        is_dirt |= regions.having(edge) & (mean > _WIDE * usual)
    if is_dirt.all():
        raise DrawingError(
            "a picture must show lines", got="only specks, printed marks or edges of the sheet"
        )
    distance[pixels] *= ~is_dirt[labels]
    return int((is_speck | is_mark).sum()), bool(is_edge.any())


def _along_border(
    labels: Int32[np.ndarray, "N"],
    pixels: tuple[np.ndarray, ...],
    shape: tuple[int, ...],
    margins: Int64[np.ndarray, "2 2"],
    num: int,
) -> Bool[np.ndarray, "R"]:
    """Which regions lie along the picture's border, and are long together: edges of the sheet."""
    sides = np.array(shape) - 2 + margins.sum(axis=1)
    away = np.full(len(labels), max(shape))
    for at, side, (before, _) in zip(pixels, sides.tolist(), margins.tolist(), strict=True):
        from_start = at - 1 + before
        away = np.minimum(away, np.minimum(from_start, side - 1 - from_start))
    is_far = away > _BORDER * sides.max()
    lengths = np.bincount(labels, minlength=num)
    along: Bool[np.ndarray, "R"] = np.bincount(labels, is_far, minlength=num) == 0
    # of a picture that is cut to its drawing, lines at the border are drawn
    is_edge = 0.3 * sides.min() < lengths[along].sum() < 0.5 * lengths.sum()
    return along if is_edge else np.zeros(num, bool)


def _show(on_stage: OnStage, ink: Ink, strokes: Sequence[np.ndarray]) -> None:
    grey = ink.picture.convert("L")
    on_stage("picture", grey)
    on_stage("contrast", Image.fromarray(255 - ink.contrast))
    on_stage("ink", Image.fromarray(np.where(ink.mask, 0, 255).astype(np.uint8)))
    on_stage("lines", Image.fromarray(np.where(thin(ink.mask), 0, 255).astype(np.uint8)))
    on_stage("strokes", _strokes_over(grey, strokes))


def _strokes_over(grey: Image.Image, strokes: Sequence[np.ndarray]) -> Image.Image:
    """Show the strokes over the picture, each in a colour, a dot where it begins."""
    width = max(grey.size) / 200
    over = grey.point(lambda value: 255 - (255 - value) // 3).convert("RGB")
    pen = ImageDraw.Draw(over)
    for number, stroke in enumerate(strokes):
        colour = _COLOURS[number % len(_COLOURS)]
        x, y = stroke[0]
        pen.line([tuple(point) for point in stroke.tolist()], colour, round(width))
        pen.circle((float(x), float(y)), 1.5 * width, fill=colour)  # where it begins
    return over


def _upright(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "P 2"]:
    """Turn a stroke so that it begins at its upper left end."""
    return stroke[::-1] if stroke[0].sum() > stroke[-1].sum() else stroke
