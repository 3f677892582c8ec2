"""The report's one table: each model's main figures side by side, beside the paper's.

And below it each training by itself, where a recipe was trained with several seeds.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.evaluation import diversity, interpolation, likeness
from sketch_pix2seq.evaluation.estimates import estimate_share, ratio
from sketch_pix2seq.evaluation.evaluation import Entry, EvaluatedDrawings, EvaluatedModel, Results
from sketch_pix2seq.evaluation.redrawing import recognised, values_of
from sketch_pix2seq.evaluation.report.claims import paper_name
from sketch_pix2seq.evaluation.report.layout import Section
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, listed
from sketch_pix2seq.evaluation.turing.sections import PAPER

IN_PAPER = "paper: taken for human"
"""Column that is left out where no model is of a recipe of the paper."""
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
    Column(IN_PAPER),
)
OF_TRAININGS = ("drawings", "Rec", "Ret 1", "lines off", "off-category rate", "LR, nats")
"""Columns of the table of trainings."""


def section(results: Results) -> Section:
    """Make the report's section."""
    human = results.measured[likeness.part_name(likeness.FLOOR)]
    right = results.evaluation.human[0] == results.evaluation.held_out.category_ids
    of_people: dict[str, Cell] = {
        "drawings": "human",
        "Rec": results.share(right),
        **_two_sample(results, likeness.FLOOR),
        "Fréchet distance": float(human["frechet"]),
        "diversity": 1.0,
        IN_PAPER: PAPER["human"],
    }
    of_entries = [_row(results, entry) for entry in results.entries]
    rows = [of_people, *of_entries]
    assert {name for row in rows for name in row} <= {column.name for column in COLUMNS}
    beside_paper = any(row.get(IN_PAPER) is not None for row in of_entries)
    shown = [column for column in COLUMNS if beside_paper or column.name != IN_PAPER]
    num_trainings = 1 + max((model.training for model in results.evaluation.retrained), default=0)
    several = (
        f" Rec is that of up to {num_trainings} trainings, all else that of the first."
        if num_trainings > 1
        else ""
    )
    return Section(
        name="summary",
        title="Summary: every model in one table",
        see="A good model is recognised as often as people (Rec), and its two-sample accuracy is "
        "50 %. `copy` traces the picture: the most that keeping to it can give, without any "
        "diversity. `nearest` is another person's drawing: what a metric gives without looking.",
        how=f"{len(right):,} test drawings ({results.sampling}).{several} Ret: by the judge's "
        "features, the first of all. Lines off: mean distance, of the side, once both are moved "
        "and scaled to one square; half a side for a redrawing without lines. Two-sample accuracy "
        "by the strokes: both sides simplified as the model's training data were. Diversity: "
        "distance of two redrawings of one drawing; of two people's drawings of one category: 1. "
        "Intervals are in the sections below, in `tables/summary.csv` and in `results.json`.",
        paper="asked people: the share of redrawings that they took for a person's."
        if beside_paper
        else "asked people about redrawings by its own recipes; no model here is of one of them.",
        here=f"Rec {listed([[row['drawings'], row['Rec']] for row in rows])}.",
        tables=[
            Table(
                name="summary",
                title="All that was compared",
                columns=shown,
                rows=[[row.get(column.name) for column in shown] for row in rows],
                yardsticks=1,
                has_intervals=False,
            ),
            *_trainings_table(results),
        ],
        figures=[],
    )


def _row(results: Results, entry: Entry) -> dict[str, Cell]:
    """The main figures of a model or drawings, by the names of `COLUMNS`."""
    seed = results.evaluation.settings.seed
    spread = diversity.diversity(results, entry)
    row: dict[str, Cell] = {
        "drawings": entry.label,
        "Rec": estimate_share(_over_trainings(results, entry), seed),
        **_redrawing(results, entry),
        "small strokes kept": ratio(
            values_of(results, entry, "kept"), values_of(results, entry, "small"), seed
        ),
        **_two_sample(results, entry.label),
        "Fréchet distance": float(results.measured[likeness.part_name(entry.label)]["frechet"]),
        "diversity": None if spread is None else results.with_interval(spread),
    }
    if isinstance(entry, EvaluatedModel):
        recipe = paper_name(entry.card.name)
        in_paper = PAPER.get(recipe) if entry.name == recipe else None  # else it was changed
        row |= {**_of_model(results, entry), IN_PAPER: in_paper}
    return row


def _over_trainings(results: Results, entry: Entry) -> Float64[np.ndarray, "R N"]:
    """How often each drawing is recognised, by training."""
    if isinstance(entry, EvaluatedDrawings):
        return np.asarray(recognised(results, entry).mean(axis=0, keepdims=True))
    trainings = results.evaluation.trainings(entry)
    return np.stack([recognised(results, training).mean(axis=0) for training in trainings])


def _two_sample(results: Results, label: str) -> dict[str, Cell]:
    part = results.measured[likeness.part_name(label)]
    return {
        "two-sample, picture": results.share(np.array(part["accuracy_by_picture"])),
        "two-sample, strokes": results.share(np.array(part["accuracy_both_simplified"])),
    }


def _redrawing(results: Results, entry: Entry) -> dict[str, Cell]:
    """How close redrawings are to their drawings."""
    distances = values_of(results, entry, "distance")
    return {
        "Ret 1": results.share(values_of(results, entry, "rank_by_judge") < 1),
        "lines off": results.with_interval(np.nan_to_num(distances, nan=MISSING_DISTANCE)),
    }


def _of_model(results: Results, model: EvaluatedModel) -> dict[str, Cell]:
    """What is measured of models alone."""
    part = results.measured[interpolation.part_name(model.name)]
    between = interpolation.off_category_rates(part)["between"]
    return {
        "off-category rate": results.share(between),
        "LR, nats": _reconstruction(results, model),
    }


def _reconstruction(results: Results, model: EvaluatedModel) -> float | None:
    """Of the whole test split of the same data set, in nats a row, as measured at export."""
    test = model.card.metrics.get("test") or {}
    if test.get("data") != results.evaluation.held_out.digest:
        return None
    return float(test["valid"]["reconstruction"])


def _trainings_table(results: Results) -> list[Table]:
    """A line for each training of the models that were trained several times."""
    several = [results.evaluation.trainings(model) for model in results.models]
    rows: list[dict[str, Cell]] = [
        {
            "drawings": training.name,
            "Rec": results.share(recognised(results, training)),
            **_redrawing(results, training),
            **_of_model(results, training),
        }
        for trainings in several
        if len(trainings) > 1
        for training in trainings
    ]
    if not rows:
        return []
    columns = [column for column in COLUMNS if column.name in OF_TRAININGS]
    return [
        Table(
            name="trainings",
            title="Each training: what another seed of the training changes",
            columns=columns,
            rows=[[row[column.name] for column in columns] for row in rows],
        )
    ]
