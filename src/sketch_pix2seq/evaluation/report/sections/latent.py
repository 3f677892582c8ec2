"""The latent space: t-SNE and its numbers."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.evaluation import latent
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.sections.section import (
    Figure,
    Found,
    Section,
    listed,
    share_of,
)
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, format_cell


def latent_section(found: Found) -> Section:
    """Make the section."""
    numbers = latent.chosen(found.evaluation)
    kinds = found.evaluation.held_out.category_ids[numbers]
    places = np.searchsorted(np.sort(found.evaluation.groups.shown), kinds)
    names = found.names(sorted(found.evaluation.groups.shown))
    labels = [*latent.YARDSTICKS, *found.labels]
    of_each = {label: found.measured[latent.part_name(label)] for label in labels}
    columns = [
        Column("space", "text"),
        Column("silhouette", "number"),
        Column("neighbours agree"),
    ]
    grouped = found.evaluation.groups.is_meaningful
    if grouped:
        columns += [
            Column("silhouette, living and things", "number"),
            Column("neighbours agree, living and things"),
        ]
    rows: list[list[Cell]] = []
    for label, one in of_each.items():
        row: list[Cell] = [label]
        for name in ("category", "group")[: 1 + grouped]:
            row.append(share_of(np.array(one[f"{name}_silhouette"]), found))
            row.append(share_of(np.array(one[f"{name}_neighbours"]), found))
        rows.append(row)
    panels = [(label, np.array(of_each[label]["places"])) for label in found.labels]
    silhouettes = [row[1] for row in rows[len(latent.YARDSTICKS) :]]
    each = found.evaluation.settings.per_category_latent
    return Section(
        name="latent",
        title="Latent space: does every category have a place of its own?",
        see="Islands of one colour: categories that the model keeps apart without knowing of them.",
        how=f"Up to {each} test drawings of each category ({', '.join(names)}); t-SNE, perplexity "
        f"30, seed {found.evaluation.settings.seed}. The numbers are measured in the latent space "
        "itself, not in the picture.",
        paper="clusters without the KL term, categories mixed with it (Figures 5 and 6, no "
        "numbers).",
        ours=f"silhouette {listed(found.labels, silhouettes, 'number')}; "
        f"of plain pixels {format_cell(rows[0][1], 'number').text}.",
        tables=[
            Table(
                name="latent",
                title="How well categories are kept apart",
                columns=columns,
                rows=rows,
                yardsticks=len(latent.YARDSTICKS),
            )
        ],
        figures=[
            Figure(
                "latent",
                "Test drawings in the latent space",
                charts.clouds(panels, places, names),
                "Each mark is a drawing; marks that are neighbours in the latent space are "
                "neighbours here, while distances between islands mean little.",
            )
        ],
    )
