"""The paper's Figure 3: a row for each human sketch and its redrawings, the share below each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sketch_pix2seq.evaluation.parts import kept_sketch
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.turing.study import Study, StudySketch
from sketch_pix2seq.io.svg.svg_out import drawing_group

_WIDTH = 960
_GAP, _BETWEEN, _HEAD, _BELOW = 10, 44, 30, 26
_MIN_CELL, _MAX_CELL = 44, 92


class Shown(NamedTuple):
    """A sketch as the grid shows it.

    Args:
        sketch: The sketch.
        words: Below it.
        is_above: Whether it is tagged human more often than the human sketch of its row.
        is_highest: Whether no other of its row is tagged human as often.
    """

    sketch: StudySketch
    words: str
    is_above: bool = False
    is_highest: bool = False


def rows_of(
    study: Study, category: str, shares: Mapping[str, float | None], counts: Mapping[str, int]
) -> list[list[Shown]]:
    """Put the sketches of a category into rows, with their shares and numbers of votes.

    Args:
        study: The study.
        category: One of its categories.
        shares: How often each sketch was tagged human, by their names; None: no vote.
        counts: Numbers of votes, by their names.

    Returns:
        A row for each human sketch, a sketch for each source: the human one first.
    """
    rows = []
    for sketches in rows_of_originals(study, category):
        known = [share for one in sketches if (share := shares[one.name]) is not None]
        human = shares[sketches[0].name]
        row = []
        for sketch in sketches:
            share = shares[sketch.name]
            if share is None:
                row.append(Shown(sketch, "–"))
                continue
            is_highest = len(known) > 1 and share == max(known) and known.count(share) == 1
            is_above = human is not None and share > human
            words = f"{100 * share:.0f} % ({counts[sketch.name]})"
            row.append(Shown(sketch, words, is_above, is_highest))
        rows.append(row)
    return rows


def rows_of_originals(study: Study, category: str) -> list[tuple[StudySketch, ...]]:
    """Return each human sketch of a category with its redrawings, in the order of the sources."""
    columns = [study.of(source, category) for source in study.sources]
    return list(zip(*columns, strict=True))


def grid(rows: Sequence[Sequence[Shown]]) -> str:
    """Draw rows of sketches, in blocks side by side where there is room, from left to right.

    SVG in the colours of the report's page: green above the human one, bold the highest.
    """
    num_columns = len(rows[0])
    fit = int((_WIDTH + _BETWEEN) / (num_columns * (_MAX_CELL + _GAP) + _BETWEEN))
    num_blocks = min(len(rows), max(fit, 2 if num_columns <= 7 else 1))
    room = (_WIDTH - _BETWEEN * (num_blocks - 1)) / num_blocks
    cell = max(_MIN_CELL, min(_MAX_CELL, room / num_columns - _GAP))
    wide = num_columns * (cell + _GAP)
    per_block = -(-len(rows) // num_blocks)
    width = max(_WIDTH, num_blocks * wide + _BETWEEN * (num_blocks - 1))
    parts: list[str] = []
    for block in range(num_blocks):
        left = block * (wide + _BETWEEN)
        for column, shown in enumerate(rows[0]):
            middle = left + column * (cell + _GAP) + cell / 2
            parts.append(charts.text(charts.short(shown.sketch.source), middle, 10, kind="small"))
        for place, row in enumerate(rows[block::num_blocks]):
            top = _HEAD + place * (cell + _BELOW + _GAP)
            for column, shown in enumerate(row):
                parts.append(_cell(shown, left + column * (cell + _GAP), top, cell))
    return charts.svg(width, _HEAD + per_block * (cell + _BELOW + _GAP), parts)


def _cell(shown: Shown, left: float, top: float, side: float) -> str:
    """A sketch in a frame, and its share: marked by shape too, for those who see no colours."""
    frame = charts.rect(left, top, side, side, 'class="frame" rx="6"')
    drawing = drawing_group(
        kept_sketch(shown.sketch.drawing), side, side / 9, side / 56, "var(--ink)", (left, top)
    )
    middle, line = left + side / 2, top + side + 13
    kind = "small" + " strong" * shown.is_highest + " c1" * shown.is_above
    tag = charts.text(shown.words, middle, line, kind=kind)
    if shown.is_above:
        half = 3.1 * len(shown.words) + 4
        pill = 'rx="9" fill="var(--c1)" fill-opacity="0.16"'
        tag = charts.rect(middle - half, line - 9, 2 * half, 18, pill) + tag
    return frame + drawing + tag
