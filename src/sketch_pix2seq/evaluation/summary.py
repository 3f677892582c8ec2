"""The report's one table: each model's main figures side by side, beside the paper's.

And below it each training by itself, where a recipe was trained with several seeds.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.evaluation import diversity, interpolation, likeness
from sketch_pix2seq.evaluation.estimates import Estimate, estimate, ratio
from sketch_pix2seq.evaluation.evaluation import (
    Entry,
    EvaluatedDrawings,
    EvaluatedModel,
    Results,
)
from sketch_pix2seq.evaluation.redrawing import recognised, values_of
from sketch_pix2seq.evaluation.report.layout import Section
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, listed

TURING = {"human": 0.58, "cnn": 0.60, "cnn_kl": 0.57, "rnn": 0.53, "rnn_kl": 0.50}
"""Taken for a person's by people, in the paper's Table 3."""
MISSING_DISTANCE = 0.5
"""Of the side: how far off a redrawing without lines is."""
COLUMNS = (
    Column("drawings", "text"),
    Column("Rec"),
    Column("Ret 1"),
    Column("lines off"),
    Column("small strokes kept"),
    Column("off-category rate"),
    Column("two-sample, picture"),
    Column("two-sample, strokes"),
    Column("Fréchet distance", "number"),
    Column("diversity", "number"),
    Column("LR, nats", "number"),
    Column("paper: taken for human"),
)


def section(results: Results) -> Section:
    """Make the report's section."""
    human = results.measured[likeness.part_name(likeness.FLOOR)]
    right = results.evaluation.human[0] == results.evaluation.held_out.category_ids
    rows: list[list[Cell]] = [
        [
            "human",
            results.with_interval(right),
            *[None] * 4,
            *_two_sample(results, likeness.FLOOR),
            float(human["frechet"]),
            1.0,
            None,
            TURING["human"],
        ]
    ]
    rows += [_row(results, entry) for entry in results.entries]
    num_trainings = 1 + max((model.training for model in results.evaluation.retrained), default=0)
    several = f" Rec is that of up to {num_trainings} trainings." if num_trainings > 1 else ""
    return Section(
        name="summary",
        title="Summary: every model in one table",
        see="A good model is recognised as often as people (Rec), and its two-sample accuracy is "
        "50 %. `copy` traces the picture: the most that keeping to it can give, without any "
        "diversity. `nearest` is another person's drawing: what a metric gives without looking.",
        how=f"{len(right):,} test drawings ({results.sampling}).{several} Ret: by the judge's "
        "features, the first of all. Lines off: mean distance, of the side; half a side where "
        "nothing was drawn. Diversity: distance "
        "of two redrawings of one drawing; of two people's drawings of one category: 1. Intervals "
        "are in the sections below, in `tables/summary.csv` and in `results.json`.",
        paper="asked people: the share of redrawings that they took for a person's.",
        here=f"Rec {listed(rows)}.",
        tables=[
            Table(
                name="summary",
                title="All that was compared",
                columns=COLUMNS,
                rows=rows,
                yardsticks=1,
                has_intervals=False,
            ),
            *_trainings_table(results),
        ],
        figures=[],
    )


def _row(results: Results, entry: Entry) -> list[Cell]:
    """The main figures of a model or drawings, as `COLUMNS` says."""
    seed = results.evaluation.settings.seed
    spread = diversity.diversity(results, entry)
    of_model: list[Cell] = [None] * 3
    if isinstance(entry, EvaluatedModel):
        in_paper = TURING.get(entry.label.removesuffix("_small"))
        of_model = [_off_category_rate(results, entry), _reconstruction(results, entry), in_paper]
    return [
        entry.label,
        estimate(_over_trainings(results, entry), seed),
        results.with_interval(values_of(results, entry, "rank_by_judge") < 1),
        results.with_interval(_without_gaps(values_of(results, entry, "distance"))),
        ratio(values_of(results, entry, "kept"), values_of(results, entry, "small"), seed),
        of_model[0],
        *_two_sample(results, entry.label),
        float(results.measured[likeness.part_name(entry.label)]["frechet"]),
        None if spread is None else results.with_interval(spread),
        *of_model[1:],
    ]


def _over_trainings(results: Results, entry: Entry) -> Float64[np.ndarray, "R N"]:
    """How often each drawing is recognised, by training."""
    if isinstance(entry, EvaluatedDrawings):
        return np.asarray(recognised(results, entry).mean(axis=0, keepdims=True))
    trainings = results.evaluation.trainings(entry)
    return np.stack([recognised(results, training).mean(axis=0) for training in trainings])


def _without_gaps(values: Float64[np.ndarray, "S N"]) -> Float64[np.ndarray, "N"]:
    """Means over seeds of those that drew something; `MISSING_DISTANCE` where none did."""
    counts = np.isfinite(values)
    sums = np.where(counts, values, 0).sum(axis=0)
    means = sums / np.maximum(counts.sum(axis=0), 1)
    return np.where(counts.any(axis=0), means, MISSING_DISTANCE)


def _two_sample(results: Results, label: str) -> list[Estimate]:
    part = results.measured[likeness.part_name(label)]
    names = ("accuracy_by_picture", "accuracy_both_simplified")
    return [results.with_interval(np.array(part[name])) for name in names]


def _off_category_rate(results: Results, model: EvaluatedModel) -> Estimate:
    part = results.measured[interpolation.part_name(model.name)]
    return results.with_interval(interpolation.off_category_rates(part)["between"])


def _reconstruction(results: Results, model: EvaluatedModel) -> float | None:
    """Of the whole test split of the same data set, in nats a row, as measured at export."""
    test = model.card.metrics.get("test") or {}
    if test.get("data") != results.evaluation.held_out.digest:
        return None
    return float(test["valid"]["reconstruction"])


def _trainings_table(results: Results) -> list[Table]:
    """A line for each training of the models that were trained several times."""
    several = [results.evaluation.trainings(model) for model in results.models]
    rows: list[list[Cell]] = [
        [
            training.name,
            results.with_interval(recognised(results, training)),
            results.with_interval(values_of(results, training, "rank_by_judge") < 1),
            results.with_interval(_without_gaps(values_of(results, training, "distance"))),
            _off_category_rate(results, training),
            _reconstruction(results, training),
        ]
        for trainings in several
        if len(trainings) > 1
        for training in trainings
    ]
    if not rows:
        return []
    columns = (*COLUMNS[:4], COLUMNS[5], COLUMNS[10])
    title = "Each training: what another seed of the training changes"
    return [Table(name="trainings", title=title, columns=columns, rows=rows)]
