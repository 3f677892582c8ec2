"""A sheet: drawings in rows and columns with quiet labels, as SVG or PNG.

The one layout behind the demo, training progress and looking through data.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.io.saving import png_bytes
from sketch_pix2seq.io.svg.svg_out import drawing_group, escaped, number
from sketch_pix2seq.sketch.coloured import coloured_picture
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.sketch.sketch import Sketch

Cell: TypeAlias = Sketch | Image.Image | None
"""What a cell shows: a drawing, a picture, or nothing."""


class SheetColours(NamedTuple):
    """Colours of a sheet, any of CSS: drawings and title, labels, lines between rows, paper."""

    ink: str
    grey: str
    hairline: str
    paper: str


PRINTED = SheetColours("#1b1b1b", "#8a8a8a", "#e7e7e7", "#ffffff")
"""Black on white."""
_EDGE = 36  # paper around everything
_LABEL_SIZE, _TITLE_SIZE = 12, 17
_LABEL_LIMIT = 150  # longer labels end in an ellipsis
_LABEL_GAP = 20
_SET_APART = 28  # between the first columns and the others
_MAX_SIDE = 30_000
_PLAIN = str.maketrans("‐‑‒–—‘’“”", "-----''\"\"")  # signs that the font lacks


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet: what its cells show, from the left, and a label at its left end."""

    cells: Sequence[Cell]
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Drawings in rows and columns.

    Args:
        rows: Rows of cells, from the top.
        headings: Written above the columns; fewer than columns is fine.
        title: Written above everything.
        note: Written below everything, small.
        cell: Width and height of a cell, in pixels.
        set_apart: Number of first columns that a line sets apart, such as the inputs.

    Raises:
        UsageError: If there is no cell, or a size is out of range.

    Example:
        >>> line = Sketch.from_points([[(0, 0), (9, 4)]])
        >>> Sheet(rows=[SheetRow([line, None, line])], cell=96).size
        (384, 168)
    """

    rows: Sequence[SheetRow]
    headings: Sequence[str] = ()
    title: str = ""
    note: str = ""
    cell: int = 112
    set_apart: int = 0

    def __post_init__(self) -> None:
        """Check that the sheet can be drawn."""
        if not 16 <= self.cell <= 1024:
            raise UsageError("`cell` must be from 16 to 1024", got=self.cell)
        if not any(row.cells for row in self.rows):
            raise UsageError("a sheet must have a cell", got="none")
        if max(self.size) > _MAX_SIDE:
            raise UsageError(
                f"a sheet must have sides of at most {_MAX_SIDE} pixels",
                got=f"{self.size[0]} x {self.size[1]}",
                do="Show fewer rows.",
            )

    @property
    def num_columns(self) -> int:
        """Number of cells of the longest row."""
        return max(len(row.cells) for row in self.rows)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, at scale 1."""
        note_height = 30 if self.note else 0
        bottom = self._top + len(self.rows) * self._row_height + note_height + _EDGE - 12
        return (self._left(self.num_columns - 1) + self.cell + _EDGE, bottom)

    def to_svg(self, colours: SheetColours = PRINTED) -> str:
        """Write the sheet as an SVG document."""
        width, height = self.size
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
            f' viewBox="0 0 {width} {height}">',
            f'<rect width="{width}" height="{height}" fill="{colours.paper}"/>',
            f'<g stroke="{colours.hairline}" stroke-width="1">',
            *(
                f'<path d="M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}"/>'
                for x0, y0, x1, y1 in self._rules()
            ),
            '</g><g font-family="Inter, Helvetica, Arial, sans-serif">',
            *(
                f'<text x="{number(text.x)}" y="{number(text.y)}" font-size="{text.size}"'
                f' fill="{getattr(colours, text.colour)}" text-anchor="{text.anchor}"'
                f' dominant-baseline="central">{escaped(text.words)}</text>'
                for text in self._texts()
            ),
            "</g>",
            *(self._cell_svg(cell, x, y, colours.ink) for cell, x, y in self._cells()),
            "</svg>\n",
        ]
        return "".join(parts)

    def to_image(self, scale: int = 2) -> Image.Image:
        """Draw the sheet as a Pillow picture of mode `RGB`.

        Args:
            scale: Picture pixels for each pixel of the layout, for sharp screens.

        Raises:
            UsageError: If `scale` is below 1 or the picture would be too large.
        """
        width, height = self.size
        if not 1 <= scale <= 8 or max(width, height) * scale > 2 * _MAX_SIDE:
            raise UsageError("`scale` must be from 1 to 8 and fit the sheet's size", got=scale)
        image = Image.new("RGB", (width * scale, height * scale), PRINTED.paper)
        draw = ImageDraw.Draw(image)
        for rule in self._rules():
            draw.line(
                [round(position * scale) for position in rule], fill=PRINTED.hairline, width=scale
            )
        anchors = {"start": "lm", "middle": "mm", "end": "rm"}
        for text in self._texts():
            position = (text.x * scale, text.y * scale)
            font = _font(text.size * scale)
            fill = getattr(PRINTED, text.colour)
            draw.text(position, text.words, fill=fill, font=font, anchor=anchors[text.anchor])
        for cell, x, y in self._cells():
            picture = self._cell_image(cell, self.cell * scale)
            if picture is not None:
                across, down = (self.cell * scale - side for side in picture.size)
                image.paste(picture, (x * scale + across // 2, y * scale + down // 2))
        return image

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the sheet to a file, at once; the suffix says how.

        Raises:
            UsageError: If the suffix is another than .svg or .png.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".svg":
            content = self.to_svg().encode()
        elif suffix == ".png":
            content = png_bytes(self.to_image())
        else:
            raise UsageError("a sheet must be saved as .svg or .png", got=path.name)
        atomic_write(path, content)
        return path

    def _repr_svg_(self) -> str:
        """Show the sheet in a notebook."""
        return self.to_svg()

    # ---- layout

    @cached_property
    def _label_width(self) -> int:
        width = max(_text_width(_shortened(row.label), _LABEL_SIZE) for row in self.rows)
        return round(width) + _LABEL_GAP if width > 0 else 0

    @property
    def _gap(self) -> int:
        return max(self.cell // 8, 4)

    @property
    def _row_height(self) -> int:
        return self.cell + self._gap + (self._gap & 1)

    @property
    def _top(self) -> int:
        return _EDGE + (44 if self.title else 0) + (26 if any(self.headings) else 0)

    def _left(self, column: int) -> int:
        apart = _SET_APART if 0 < self.set_apart <= column else 0
        return _EDGE + self._label_width + column * (self.cell + self._gap) + apart

    def _rules(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield hairlines: between rows, and beside the columns that are set apart."""
        right = self._left(self.num_columns - 1) + self.cell
        for row in range(1, len(self.rows)):
            y = self._top + row * self._row_height - self._gap / 2
            yield (_EDGE, y, right, y)
        if 0 < self.set_apart < self.num_columns:
            x = self._left(self.set_apart) - (self._gap + _SET_APART) / 2
            bottom = self._top + len(self.rows) * self._row_height - self._gap
            yield (x, self._top, x, bottom)

    def _texts(self) -> Iterator[_Text]:
        if self.title:
            yield _Text(self.title, _EDGE, _EDGE + 10, _TITLE_SIZE, "ink", "start")
        for column, heading in enumerate(self.headings[: self.num_columns]):
            x = self._left(column) + self.cell / 2
            words = _shortened(heading, self.cell + self._gap)
            yield _Text(words, x, self._top - 18, _LABEL_SIZE, "grey", "middle")
        for index, row in enumerate(self.rows):
            if row.label:
                middle = self._top + index * self._row_height + self.cell / 2
                yield _Text(_shortened(row.label), _EDGE, middle, _LABEL_SIZE, "grey", "start")
        if self.note:
            y = self._top + len(self.rows) * self._row_height + 12
            yield _Text(self.note, _EDGE, y, _LABEL_SIZE - 1, "grey", "start")

    def _cells(self) -> Iterator[tuple[Cell, int, int]]:
        for index, row in enumerate(self.rows):
            for column, cell in enumerate(row.cells):
                yield cell, self._left(column), self._top + index * self._row_height

    # ---- cells

    def _cell_svg(self, cell: Cell, x: int, y: int, ink: str) -> str:
        if cell is None:
            return ""
        if isinstance(cell, Sketch):
            margin, line_width = self.cell / 14, self.cell / 60
            return drawing_group(cell, self.cell, margin, line_width, ink, (x, y))
        picture = base64.b64encode(png_bytes(_fitted(cell, self.cell * 2))).decode()
        return (
            f'<image x="{x}" y="{y}" width="{self.cell}" height="{self.cell}"'
            f' href="data:image/png;base64,{picture}"/>'
        )

    def _cell_image(self, cell: Cell, side: int) -> Image.Image | None:
        if cell is None:
            return None
        if not isinstance(cell, Sketch):
            return _fitted(cell, side)
        settings = RasterSettings(size=side, margin=side / 14, line_width=side / 60)
        return Image.fromarray(coloured_picture(cell, settings, PRINTED.ink))


@dataclass(frozen=True)
class _Text:
    """Positioned words; `y` is the middle of their height, `colour` one of `SheetColours`."""

    words: str
    x: float
    y: float
    size: int
    colour: str
    anchor: str


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """Fit a picture into a square; the pixels of small ones stay sharp."""
    if picture.has_transparency_data:
        solid = picture.convert("RGBA")
        paper = Image.new("RGBA", solid.size, PRINTED.paper)
        picture = Image.alpha_composite(paper, solid)
    picture = picture.convert("RGB")
    longest = max(picture.size)
    if longest < side:
        factor = -(-side // longest)
        enlarged = (picture.width * factor, picture.height * factor)
        picture = picture.resize(enlarged, Image.Resampling.NEAREST)
        longest *= factor
    scale = side / longest
    width, height = (max(round(extent * scale), 1) for extent in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _text_width(words: str, size: int) -> float:
    return float(_font(size).getlength(words)) if words else 0.0


def _shortened(words: str, limit: float = _LABEL_LIMIT) -> str:
    """Cut a label that is too long, and say so with an ellipsis."""
    words = " ".join(words.translate(_PLAIN).split())[:200]
    if _text_width(words, _LABEL_SIZE) <= limit:
        return words
    while words and _text_width(words + "…", _LABEL_SIZE) > limit:
        words = words[:-1]
    return words.rstrip() + "…"
