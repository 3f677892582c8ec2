"""Retrieval: is it this drawing?"""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.evaluation import redrawing
from sketch_pix2seq.evaluation.report.sections.section import Found, Section, listed, share_of
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, format_cell


def retrieval_section(found: Found) -> Section:
    """Make the section."""

    def tops(ranks: np.ndarray) -> list[Cell]:
        return [share_of(np.atleast_2d(ranks) < top, found) for top in redrawing.TOPS]

    rows: list[list[Cell]] = []
    for model in found.models:
        distorted = found.measured[redrawing.distorted_name(model)]
        rows.append([f"human, distorted, by {model.label}", *tops(np.array(distorted["rank"]))])
    first = found.measured[redrawing.distorted_name(found.models[0])]
    yardsticks = len(rows)
    by_judge: list[list[Cell]] = [
        ["human, distorted", *tops(np.array(first["rank_by_judge"]))],
    ]
    for model in found.models:
        parts = [
            found.measured[redrawing.part_name(model, config)]
            for config in redrawing.main_configs(found.evaluation)
        ]
        rows.append([model.label, *tops(np.array([part["rank"] for part in parts]))])
        by_judge.append([model.label, *tops(np.array([part["rank_by_judge"] for part in parts]))])
    count = len(found.evaluation.held_out.sketches)
    columns = [Column("drawings", "text"), *(Column(f"top {top}") for top in redrawing.TOPS)]
    models = by_judge[1:]
    return Section(
        name="retrieval",
        title="Retrieval: is it this drawing?",
        see="Whether a redrawing keeps what sets its input apart from others of its kind.",
        how=f"All {count:,} test drawings are ranked by distance from a redrawing "
        f"({found.settled}): a hit if its own input is among the first. By chance, "
        f"{100 / count:.2f} % are first. Human drawings are distorted as in training (15 % larger "
        "or smaller, 8 degrees, every tenth point left out) and looked for in the same config.",
        paper="gives no such figure.",
        ours=f"first by the judge's features: human {format_cell(by_judge[0][1], 'share').text}, "
        f"{listed([str(row[0]) for row in models], [row[1] for row in models])}.",
        tables=[
            Table(
                name="retrieval-own",
                title="Ret by each model's own encoder (a model compared with itself)",
                columns=columns,
                rows=rows,
                yardsticks=yardsticks,
            ),
            Table(
                name="retrieval-judge",
                title="Ret by the judge's features (the same for all models)",
                columns=columns,
                rows=by_judge,
                yardsticks=1,
            ),
        ],
        figures=[],
    )
