"""The paper's Figure 3: a row for each human sketch and its redrawings, the share below each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sketch_pix2seq.evaluation.parts import kept_sketch
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.turing.study import Study, StudySketch
from sketch_pix2seq.io.svg_out import drawing_group

_WIDTH = 960
_GAP, _BETWEEN, _HEAD, _BELOW = 10, 44, 30, 26
_LEAST, _MOST = 44, 92

HIGHEST, ABOVE, PLAIN = "highest", "above", "plain"
"""How a share stands in its row: none is higher; above the human sketch's; neither."""


class Shown(NamedTuple):
    """A sketch, how often it was tagged human (None: no vote), and its standing."""

    sketch: StudySketch
    share: float | None
    standing: str


def rows_of(study: Study, category: str, shares: Mapping[str, float | None]) -> list[list[Shown]]:
    """Put the sketches of a category and their shares, which are by their names, into rows.

    Returns:
        A row for each human sketch, a sketch for each source: the human one first.
    """
    columns = [study.of(source, category) for source in study.sources]
    rows = []
    for sketches in zip(*columns, strict=True):
        known = [share for one in sketches if (share := shares[one.name]) is not None]
        human = shares[sketches[0].name]
        row = []
        for sketch in sketches:
            share, standing = shares[sketch.name], PLAIN
            if share is not None and len(known) > 1 and share == max(known):
                standing = HIGHEST
            elif share is not None and human is not None and share > human:
                standing = ABOVE
            row.append(Shown(sketch, share, standing))
        rows.append(row)
    return rows


def grid(rows: Sequence[Sequence[Shown]]) -> str:
    """Draw rows of sketches, in two blocks side by side where there is room.

    SVG in the colours of the report's page: green above the human one, red the highest.
    """
    num_columns = len(rows[0])
    num_blocks = 2 if len(rows) > 1 and num_columns <= 7 else 1
    room = (_WIDTH - _BETWEEN * (num_blocks - 1)) / num_blocks
    cell = max(_LEAST, min(_MOST, room / num_columns - _GAP))
    wide = num_columns * (cell + _GAP)
    per_block = -(-len(rows) // num_blocks)
    width = max(_WIDTH, num_blocks * wide + _BETWEEN * (num_blocks - 1))
    parts: list[str] = []
    for first in range(0, len(rows), per_block):
        left = first // per_block * (wide + _BETWEEN)
        for column, shown in enumerate(rows[0]):
            middle = left + column * (cell + _GAP) + cell / 2
            parts.append(charts.text(charts.short(shown.sketch.source), middle, 10, kind="small"))
        for place, row in enumerate(rows[first : first + per_block]):
            top = _HEAD + place * (cell + _BELOW + _GAP)
            for column, shown in enumerate(row):
                parts.append(_cell(shown, left + column * (cell + _GAP), top, cell))
    return charts.svg(width, _HEAD + per_block * (cell + _BELOW + _GAP), parts)


def _cell(shown: Shown, left: float, top: float, side: float) -> str:
    """A sketch in a frame, and its share: marked by shape too, for those who see no colours."""
    kind = "c3" if shown.standing == HIGHEST else "c1" if shown.standing == ABOVE else ""
    frame = charts.rect(left, top, side, side, 'class="frame" rx="6"')
    drawing = drawing_group(
        kept_sketch(shown.sketch.drawing), side, side / 9, side / 56, "var(--ink)", (left, top)
    )
    words = "–" if shown.share is None else f"{100 * shown.share:.0f} %"
    middle, line = left + side / 2, top + side + 13
    if not kind:
        return frame + drawing + charts.text(words, middle, line, kind="small")
    tag = charts.text(words, middle, line, kind=f"strong {kind}")
    if shown.standing == HIGHEST:
        half = 4.1 * len(words) + 4
        pill = 'rx="9" fill="var(--c3)" fill-opacity="0.18"'
        tag = charts.rect(middle - half, line - 9, 2 * half, 18, pill) + tag
    return frame + drawing + tag
