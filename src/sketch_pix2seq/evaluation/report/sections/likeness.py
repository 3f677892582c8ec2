"""Human-likeness, without humans."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.evaluation import likeness
from sketch_pix2seq.evaluation.report.sections.section import Found, Section, listed, share_of
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table


def likeness_section(found: Found) -> Section:
    """Make the section."""
    rows: list[list[Cell]] = []
    for label in (likeness.FLOOR, *found.labels):
        one = found.measured[likeness.part_name(label)]
        rows.append(
            [
                label,
                share_of(np.array(one["accuracy_by_picture"]), found),
                share_of(np.array(one["accuracy_by_strokes"]), found),
                share_of(np.array(one["accuracy_refs_simplified"]), found),
                share_of(np.array(one["accuracy_both_simplified"]), found),
                float(one["frechet"]),
            ]
        )
    count = len(found.measured[likeness.part_name(likeness.FLOOR)]["accuracy_by_picture"]) // 2
    return Section(
        name="likeness",
        title="Human-likeness, without humans",
        see="An accuracy of 50 % would mean that nothing distinguishes the drawings from a "
        "person's. The first line is human drawings against other human drawings: the floor.",
        how=f"{count:,} redrawings of one half of the test drawings against {count:,} human "
        f"drawings of the other half; random forest, {likeness.FOLDS}-fold. Features: the "
        "judge's, and nine figures of the strokes; those also with people's drawings simplified "
        "as the model's training data were, which has never seen finer ones, and once more with "
        "redrawings simplified like them. The Fréchet distance "
        "is of these judge features, comparable within this report only. All of this stands "
        "beside a Turing test with people, not in its place.",
        paper="asked 59 people: 58 % of human drawings were taken for human, 60 % of CNN "
        "redrawings.",
        ours="two-sample test accuracy by the picture: "
        f"{listed([str(row[0]) for row in rows], [row[1] for row in rows])}.",
        tables=[
            Table(
                name="likeness",
                title="Two-sample test: accuracy of a classifier of redrawings and human drawings",
                columns=[
                    Column("drawings", "text"),
                    Column("accuracy by picture"),
                    Column("accuracy by strokes"),
                    Column("... people's simplified alike"),
                    Column("... both simplified alike"),
                    Column("Fréchet distance", "number"),
                ],
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=[],
    )
