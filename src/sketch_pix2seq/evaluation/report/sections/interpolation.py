"""Interpolation: what appears between two drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketch_pix2seq.evaluation import interpolation
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.sections.section import (
    HUMAN,
    Figure,
    Found,
    Section,
    listed,
    share_of,
    sheet_svg,
)
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table
from sketch_pix2seq.evaluation.settings import FINE_STEPS, STEPS
from sketch_pix2seq.evaluation.shown import ShownSketch, from_shown
from sketch_pix2seq.io.sheet import SheetRow

_FINE_LINES = 3  # in which a row of 51 is set


def interpolation_section(found: Found) -> Section:
    """Make the section."""
    evaluation = found.evaluation
    of_each = {
        model.label: found.measured[interpolation.part_name(model)] for model in found.models
    }
    pairs, best_of = evaluation.groups.pairs, evaluation.settings.best_of
    people = evaluation.held_out.sketches
    shown_ends = interpolation.ends(evaluation)[:: evaluation.settings.paths].tolist()
    rows: list[list[Cell]] = []
    along = []
    for label, one in of_each.items():
        rates = interpolation.off_category_rates(one)
        predicted, ends = np.array(one["predicted"]), np.array(one["categories"])
        along.append((predicted[:, :, None] != ends[:, None, :]).all(2).mean(0).tolist())
        rows.append(
            [
                label,
                *(share_of(rates[name], found) for name in ("between", "at_ends", "excess")),
                *([share_of(rates["best"], found)] if best_of > 1 else []),
                share_of(np.array(one["longest_step"]), found),
                share_of(np.array(one["detour"]), found),
            ]
        )
    figures = [
        Figure(
            "off-category",
            "Off-category rate, from one end to the other",
            charts.lines(
                found.labels,
                along,
                [f"{w / 10:g}" for w in range(STEPS)],
                "weight of the second drawing",
            ),
            "A hump in the middle: drawings of neither category appear on the path. A line that is "
            "high everywhere: the model draws badly.",
        )
    ]
    for label, one in of_each.items():
        sheet = [
            SheetRow(
                [people[pair[0]], *map(from_shown, row), people[pair[1]]],
                label=" to ".join(found.names(kinds)),
            )
            for kinds, pair, row in zip(pairs, shown_ends, one["shown"], strict=True)
        ]
        headings = [HUMAN, *(f"{weight / (STEPS - 1):g}" for weight in range(STEPS)), HUMAN]
        title = f"{label}: each of the first group to each of the second"
        figures.append(
            Figure(
                f"interpolation-{label}",
                title,
                sheet_svg(sheet, 60, headings),
                "Outermost the human drawings; between them their redrawings (0 and 1) and nine "
                "mixtures, all with one noise.",
            )
        )
    for label, one in list(of_each.items())[:1]:
        fine = [
            _fine_rows(row, name)
            for row, name in zip(one["fine"], found.names(evaluation.groups.second), strict=True)
        ]
        sheet = [line for rows_of_one in fine for line in rows_of_one]
        first = found.categories[evaluation.groups.first[0]]
        to = found.names(evaluation.groups.second)
        title = f"{label}: from {first} to {', '.join(to)} in {FINE_STEPS} drawings each"
        figures.append(
            Figure(
                "fine-interpolation",
                title,
                sheet_svg(sheet, 44),
                "Read line by line, three lines for each pair: parts come and go one at a time.",
            )
        )
    return Section(
        name="interpolation",
        title="Interpolation: what appears between two drawings?",
        see="Whether a drawing turns into another, or something else appears on the path.",
        how=f"{len(pairs)} pairs of categories, {evaluation.settings.paths} pairs of test drawings "
        f"each, the same for every model; {STEPS} steps, one noise (temperature "
        f"{evaluation.settings.temperature:g}, seed {evaluation.settings.seed}). The off-"
        "category rate is the share of drawings that the judge assigns to neither of the two "
        "categories. A model that draws badly has a high rate at the ends too: what counts is the "
        "excess of the inner drawings.",
        paper="with the KL term an unexpected other category intrudes (Figures 7 and 8, by eye).",
        ours=f"excess of the off-category rate: {listed(found.labels, [row[3] for row in rows])}.",
        tables=[
            Table(
                name="interpolation",
                title="Off-category rate (intrusion), and how evenly drawings change",
                columns=[
                    Column("model", "text"),
                    Column("off-category rate, inner drawings"),
                    Column("at the ends"),
                    Column("excess"),
                    *([Column(f"inner drawings, best of {best_of}")] if best_of > 1 else []),
                    Column("longest step (even: 10 %)"),
                    Column("detour (straight: 1)", "number"),
                ],
                rows=rows,
            )
        ],
        figures=figures,
    )


def _fine_rows(row: Sequence[ShownSketch], name: str) -> list[SheetRow]:
    """Set a long row in several lines."""
    per_line = -(-len(row) // _FINE_LINES)
    return [
        SheetRow(
            [from_shown(sketch) for sketch in row[first : first + per_line]],
            label="" if first else f"to {name}",
        )
        for first in range(0, len(row), per_line)
    ]
