"""The report's one table: each model's main figures side by side, beside the paper's.

And below it what lies behind two of its columns: how closely redrawings keep to their pictures, and
how much trainings with other seeds differ.
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


def section(found: Results) -> Section:
    """Make the report's section."""
    human = found.measured[likeness.part_name(likeness.FLOOR)]
    right = found.evaluation.human[0] == found.evaluation.held_out.category_ids
    rows: list[list[Cell]] = [
        [
            "human",
            found.with_interval(right),
            *[None] * 4,
            *_two_sample(found, likeness.FLOOR),
            float(human["frechet"]),
            1.0,
            None,
            TURING["human"],
        ]
    ]
    rows += [_row(found, entry) for entry in found.entries]
    num_trainings = 1 + max((model.training for model in found.evaluation.retrained), default=0)
    several = f" Rec is that of up to {num_trainings} trainings." if num_trainings > 1 else ""
    return Section(
        name="summary",
        title="Summary: every model in one table",
        see="A good model is recognised as often as people (Rec), cannot be separated from them "
        "(two-sample 50 %), and lies between `copy`, which keeps to the picture and has no "
        "diversity, and `nearest`, which is another drawing altogether.",
        how=f"{len(right):,} test drawings ({found.sampling}).{several} Ret: by the judge's "
        "features, the first of all. Lines off: mean distance, of the side. Diversity: distance "
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
            *_trainings_table(found),
        ],
        figures=[],
    )


def _row(found: Results, entry: Entry) -> list[Cell]:
    """The main figures of a model or drawings, as `COLUMNS` says."""
    seed = found.evaluation.settings.seed
    spread = diversity.diversity(found, entry)
    return [
        entry.label,
        estimate(_over_trainings(found, entry), seed),
        found.with_interval(values_of(found, entry, "rank_by_judge") < 1),
        found.with_interval(_without_gaps(values_of(found, entry, "distance"))),
        ratio(values_of(found, entry, "kept"), values_of(found, entry, "small"), seed),
        _off_category_rate(found, entry) if isinstance(entry, EvaluatedModel) else None,
        *_two_sample(found, entry.label),
        float(found.measured[likeness.part_name(entry.label)]["frechet"]),
        None if spread is None else found.with_interval(spread),
        _reconstruction(found, entry) if isinstance(entry, EvaluatedModel) else None,
        TURING.get(entry.label.removesuffix("_small")),
    ]


def _over_trainings(found: Results, entry: Entry) -> Float64[np.ndarray, "R N"]:
    """How often each drawing is recognised, by training."""
    if isinstance(entry, EvaluatedDrawings):
        return np.asarray(recognised(found, entry).mean(axis=0, keepdims=True))
    trainings = found.evaluation.trainings(entry)
    return np.stack([recognised(found, training).mean(axis=0) for training in trainings])


def _without_gaps(values: Float64[np.ndarray, "S N"]) -> Float64[np.ndarray, "N"]:
    """Means over seeds, of the drawings that have a number in any; a half where none has."""
    counts = np.isfinite(values)
    sums = np.where(counts, values, 0).sum(axis=0)
    return np.where(counts.any(axis=0), sums / np.maximum(counts.sum(axis=0), 1), 0.5)


def _two_sample(found: Results, label: str) -> list[Estimate]:
    part = found.measured[likeness.part_name(label)]
    names = ("accuracy_by_picture", "accuracy_both_simplified")
    return [found.with_interval(np.array(part[name])) for name in names]


def _off_category_rate(found: Results, model: EvaluatedModel) -> Estimate:
    part = found.measured[interpolation.part_name(model.name)]
    return found.with_interval(interpolation.off_category_rates(part)["between"])


def _reconstruction(found: Results, model: EvaluatedModel) -> float | None:
    """Of the same test drawings, in nats a row, as it was measured at export."""
    test = model.card.metrics.get("test") or {}
    if test.get("data") != found.evaluation.held_out.digest:
        return None
    return float(test["valid"]["reconstruction"])


def _trainings_table(found: Results) -> list[Table]:
    """A line for each training of the models that were trained several times."""
    several = [found.evaluation.trainings(model) for model in found.models]
    rows: list[list[Cell]] = [
        [
            training.name,
            found.with_interval(recognised(found, training)),
            found.with_interval(values_of(found, training, "rank_by_judge") < 1),
            found.with_interval(_without_gaps(values_of(found, training, "distance"))),
            _off_category_rate(found, training),
            _reconstruction(found, training),
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
