"""Pictures as input: cartoons, or a folder of the user's."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.evaluation import pictures
from sketch_pix2seq.evaluation.report.sections.section import (
    Figure,
    Found,
    Section,
    listed,
    share_of,
    sheet_svg,
)
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table
from sketch_pix2seq.evaluation.shown import from_shown
from sketch_pix2seq.io.sheet import SheetRow


def pictures_section(found: Found) -> Section:
    """Make the section."""
    counted = [place for place, one in enumerate(found.shown) if one.category is not None]
    right = np.array([found.shown[place].category for place in counted], np.int64)
    predicted, _ = found.evaluation.judged([one.sketch for one in found.shown])
    rows: list[list[Cell]] = []
    if counted:
        rows.append(["the pictures themselves", share_of(predicted[counted] == right, found)])
    drawn = [found.measured[pictures.part_name(model)] for model in found.models]
    for model, one in zip(found.models, drawn, strict=True):
        if counted:
            hits = np.array(one["predicted"])[counted] == right[:, None]
            rows.append([model.label, share_of(hits.mean(axis=1), found)])
    sheet = [
        SheetRow(
            [
                picture.sketch,
                *(from_shown(sketch) for one in drawn for sketch in one["shown"][place]),
            ],
            label=picture.name,
        )
        for place, picture in enumerate(found.shown)
    ]
    headings = [
        "",
        *(name for label in found.labels for name in [label, *[""] * (pictures.SHOWN - 1)]),
    ]
    cell = max(44, min(88, 780 // max(len(headings), 1)))
    recognised = (
        listed([str(row[0]) for row in rows], [row[1] for row in rows]) if rows else "none counted"
    )
    return Section(
        name="pictures",
        title="Pictures as input: cartoons",
        see="Right kind, similar pose: the head turned the same way, the same parts.",
        how=f"{len(found.shown)} pictures, {len(counted)} of them of a category of the data set; "
        f"{pictures.REDRAWINGS} redrawings of each go to the judge (temperature "
        f"{found.evaluation.settings.temperature:g}, seed {found.evaluation.settings.seed}), "
        f"{pictures.SHOWN} are shown.",
        paper="redrawings of cartoon pigs, rabbits and cats are of the right category and a "
        "similar pose; an odd creature too is redrawn (Figure 10, no numbers).",
        ours=f"recognised: {recognised}.",
        tables=[
            Table(
                name="pictures",
                title="Rec of pictures",
                columns=[Column("drawings", "text"), Column("recognised")],
                rows=rows,
                yardsticks=1,
            )
        ]
        if rows
        else [],
        figures=[
            Figure(
                "pictures",
                "Pictures and redrawings",
                sheet_svg(sheet, cell, headings, apart=1),
                "Left what was shown (the lines that were read), beside it what each model drew.",
            )
        ],
    )
