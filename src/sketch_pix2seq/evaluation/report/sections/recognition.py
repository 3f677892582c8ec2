"""Recognition: is the redrawing of the right kind?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.evaluation import redrawing
from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.claims import recognised
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
from sketch_pix2seq.evaluation.shown import from_shown
from sketch_pix2seq.io.sheet import Cell as SheetCell
from sketch_pix2seq.io.sheet import SheetRow

MANY = 12
"""Categories that the page shows one by one; the tables beside it hold all."""


def recognition_section(found: Found) -> Section:
    """Make the section."""
    evaluation, held_out = found.evaluation, found.evaluation.held_out
    human = evaluation.human[0] == held_out.category_ids
    right = {HUMAN: human[None]}
    right |= {model.label: recognised(evaluation, found.measured, model) for model in found.models}
    kinds = range(len(held_out.categories))
    rows: list[list[Cell]] = [
        [
            label,
            share_of(values, found),
            *(share_of(values[:, held_out.of_category(kind)], found) for kind in kinds),
        ]
        for label, values in right.items()
    ]
    columns = [Column("model", "text"), Column("all"), *map(Column, held_out.categories)]
    by_config = [_by_config(found, model) for model in found.models]
    way_columns = [Column("model", "text"), *(Column(name) for name in _way_names(found))]
    chart_rows = ["all", *held_out.categories][: 1 + MANY]
    values = [
        [cell for row in rows if isinstance(cell := row[1 + place], Estimate)]
        for place in range(len(chart_rows))
    ]
    shares = _confusion(found)
    figures = [
        Figure(
            "redrawings",
            "Test drawings and their redrawings",
            _examples(found),
            "Human: what the models were shown. Beside it, what each of them drew.",
        ),
        Figure(
            "recognition",
            "Rec overall and by category",
            charts.dots(chart_rows, list(right), values),
            "Marks that lie outside each other's bars differ by more than chance.",
        ),
    ]
    if len(kinds) <= MANY:
        chart = charts.confusions(list(shares.items()), held_out.categories)
        figures.append(
            Figure(
                "confusion",
                "What is taken for what, in per cent",
                chart,
                "Rows: what was drawn. Columns: what the judge sees. A red column is a category "
                "that a model falls back on.",
            )
        )
    return Section(
        name="recognition",
        title="Recognition: is the redrawing of the right kind?",
        see="How near each model comes to the first line, human drawings, in every category.",
        how=f"{len(human):,} test drawings, redrawn ({found.settled}); the judge, a classifier "
        "trained on training drawings alone, says what it sees. Bars: 95 % bootstrap over "
        "drawings.",
        paper="gives no such figure; in its human Turing test 60 % (CNN), 57 % (CNN+KL), 53 % "
        "(RNN) and 50 % (RNN+KL) of redrawings were taken for human, and 58 % of human drawings.",
        ours=f"{listed([str(row[0]) for row in rows], [row[1] for row in rows])}.",
        tables=[
            Table(
                name="recognition",
                title="Rec: share that the judge recognises",
                columns=columns,
                rows=rows,
                yardsticks=1,
                page_columns=2 + MANY,
            ),
            Table(
                name="recognition-by-way",
                title="Rec by temperature, and the best of several, as the model itself chooses it",
                columns=way_columns,
                rows=by_config,
            ),
            Table(
                name="confusion",
                title="What is taken for what",
                columns=[
                    Column("model", "text"),
                    Column("drawn", "text"),
                    *map(Column, held_out.categories),
                ],
                rows=[
                    [label, name, *map(float, row)]
                    for label, matrix in shares.items()
                    for name, row in zip(held_out.categories, matrix, strict=True)
                ],
                page_columns=0,
            ),
        ],
        figures=figures,
    )


def _way_names(found: Found) -> list[str]:
    names = []
    for config in _first_seed_configs(found):
        of = f", best of {config.best_of}" if config.best_of > 1 else ""
        names.append(f"temperature {config.temperature:g}{of}")
    return names


def _first_seed_configs(found: Found) -> list[redrawing.SamplingConfig]:
    """All configurations with the first seed, by temperature."""
    seed = found.evaluation.settings.seed
    configs = [
        config for config in redrawing.sampling_configs(found.evaluation) if config.seed == seed
    ]
    return sorted(configs, key=lambda config: (config.best_of, config.temperature))


def _by_config(found: Found, model: EvaluatedModel) -> list[Cell]:
    right = found.evaluation.held_out.category_ids
    predicted = [
        found.measured[redrawing.part_name(model, config)]["predicted"]
        for config in _first_seed_configs(found)
    ]
    return [model.label, *(share_of(np.array(one) == right, found) for one in predicted)]


def _examples(found: Found) -> str:
    evaluation = found.evaluation
    numbers = redrawing.examples(evaluation)
    drawn = [found.measured[redrawing.examples_name(model)] for model in found.models]
    blocks = 2 if len(found.models) <= 6 else 1
    rows = []
    for first in range(0, len(numbers), blocks):
        cells: list[SheetCell] = []
        for place in range(first, min(first + blocks, len(numbers))):
            cells.append(evaluation.held_out.sketches[numbers[place]])
            cells += [from_shown(model[place]) for model in drawn]
        kind = evaluation.held_out.category_ids[numbers[first]]
        rows.append(SheetRow(cells, label=found.categories[kind]))
    return sheet_svg(
        rows, 72 if len(found.models) <= 4 else 60, [HUMAN, *found.labels] * blocks, apart=0
    )


def _confusion(found: Found) -> dict[str, Float64[np.ndarray, "K K"]]:
    """Of each category, for human drawings and each model's, how often it is taken for each."""
    right = found.evaluation.held_out.category_ids
    kinds = len(found.categories)
    predicted = {HUMAN: [found.evaluation.human[0]]}
    for model in found.models:
        names = [
            redrawing.part_name(model, config)
            for config in redrawing.main_configs(found.evaluation)
        ]
        predicted[model.label] = [np.array(found.measured[name]["predicted"]) for name in names]
    shares = {}
    for label, several in predicted.items():
        counts = np.zeros((kinds, kinds))
        for one in several:
            np.add.at(counts, (right, one), 1)
        shares[label] = counts / counts.sum(axis=1, keepdims=True)
    return shares
