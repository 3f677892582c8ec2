"""How like a person's are the drawings? Measured without people, which does not replace them.

**Two-sample test**: a classifier learns to separate redrawings from human drawings, and is tested
on drawings that it was not trained on; an accuracy of 50 % means that it cannot. Its input is the
judge's features of the picture, or statistics of the strokes. A model whose training drawings were
simplified draws fewer points than people's files have, which gives it away; so the test is repeated
with people's drawings simplified as the model's training data were. These hold no point that the
simplification would leave out, and redrawings some; so it is repeated with both simplified.
**Frechet distance** of the judge's features: how far apart two normal distributions fitted to them
are. As in other work with a classifier of their own, these distances compare only with each other,
never with those of another judge.

One half of the test drawings is redrawn and compared with the other half, so that no redrawing
meets its own input. The floor is the first half itself against the other: human against human,
both simplified as the coarsest model's data were where redrawings are compared so.

Source: Lopez-Paz and Oquab (2017), classifier two-sample tests; Heusel et al. (2017), the distance,
there on Inception's features; Breiman (2001), random forests, scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from sketch_pix2seq.evaluation.evaluation import Entry, Evaluation, Results
from sketch_pix2seq.evaluation.parts import Part
from sketch_pix2seq.evaluation.report.layout import Section
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, columns, listed
from sketch_pix2seq.sketch.sketch import Sketch

FOLDS = 5
TREES = 100
FLOOR = "human"
ENOUGH = 100
"""Drawings on each side below which the report says that these accuracies say little."""


def part_name(label: str) -> str:
    """Name the part that measures a model, or people."""
    return f"{label}: likeness"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    facts = {**evaluation.facts, "temperature": evaluation.settings.temperature}
    coarsest = max((entry.epsilon for entry in evaluation.entries), default=0.0)
    measure = partial(_measured, evaluation, None, coarsest)
    yield Part(part_name(FLOOR), {**facts, "epsilon": coarsest}, measure)
    for entry in evaluation.entries:
        measure = partial(_measured, evaluation, entry, entry.epsilon)
        yield Part(part_name(entry.label), {**facts, "model": entry.digest}, measure)


def _measured(evaluation: Evaluation, entry: Entry | None, epsilon: float) -> dict[str, Any]:
    first_half, second_half = _halves(evaluation)
    humans = [evaluation.held_out.sketches[number] for number in second_half]
    if entry is None:
        drawings = [evaluation.held_out.sketches[number] for number in first_half]
    else:
        drawings = evaluation.redrawn(entry, first_half.tolist())
    features = [evaluation.classify(some)[1].features for some in (drawings, humans)]
    strokes = [stroke_figures(some) for some in (drawings, humans)]
    coarse = strokes
    if epsilon > 0:
        coarse = [
            stroke_figures([sketch.simplified(epsilon) for sketch in some])
            for some in (drawings, humans)
        ]
    pairs = {
        "accuracy_by_picture": features,
        "accuracy_by_strokes": strokes,
        "accuracy_refs_simplified": [coarse[0] if entry is None else strokes[0], coarse[1]],
        "accuracy_both_simplified": coarse,
    }
    measured: dict[str, Any] = {"frechet": frechet_distance(features[0], features[1])}
    for name, (first, second) in pairs.items():
        measured[name] = two_sample_accuracy(first, second, evaluation.settings.seed).tolist()
    return measured


def _halves(evaluation: Evaluation) -> tuple[Int64[np.ndarray, "N"], Int64[np.ndarray, "M"]]:
    """Cut the test drawings of every category into two equal halves."""
    rng = np.random.default_rng([evaluation.settings.seed, 2])
    first_half, second_half = [], []
    for category in range(len(evaluation.held_out.categories)):
        members = rng.permutation(evaluation.held_out.of_category(category))
        half = len(members) // 2
        first_half.append(members[:half])
        second_half.append(members[half : 2 * half])
    return np.concatenate(first_half), np.concatenate(second_half)


def two_sample_accuracy(
    first: Shaped[np.ndarray, "N F"], second: Shaped[np.ndarray, "M F"], seed: int
) -> Bool[np.ndarray, "K"]:
    """Train classifiers to separate the figures of two samples, and test them by cross-validation.

    Returns:
        (N + M,) whether each drawing was classified correctly, by a classifier trained without it.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    figures = np.concatenate([first, second])
    sample = np.repeat([0, 1], [len(first), len(second)])
    state = seed % 2**32  # scikit-learn takes no larger one
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=state)
    forest = RandomForestClassifier(TREES, random_state=state, min_samples_leaf=2)
    return np.asarray(cross_val_predict(forest, figures, sample, cv=folds) == sample)


def frechet_distance(first: Shaped[np.ndarray, "N F"], second: Shaped[np.ndarray, "M F"]) -> float:
    """Return the squared Frechet distance of normal distributions fitted to two samples.

    Of small samples it is too large, so compare samples of one size only.

    Example:
        >>> sample = np.random.default_rng(0).normal(size=(100, 3))
        >>> round(frechet_distance(sample, sample + [3, 0, 0]), 6)
        9.0
    """
    means = [sample.mean(axis=0, dtype=np.float64) for sample in (first, second)]
    covariances = [np.cov(sample.astype(np.float64), rowvar=False) for sample in (first, second)]
    root = _square_root(covariances[0])
    crossed = np.linalg.eigvalsh(root @ covariances[1] @ root)
    overlap = np.sqrt(np.maximum(crossed, 0)).sum()
    apart = ((means[0] - means[1]) ** 2).sum()
    return max(float(apart + sum(map(np.trace, covariances)) - 2 * overlap), 0.0)


def _square_root(matrix: Float64[np.ndarray, "F F"]) -> Float64[np.ndarray, "F F"]:
    """The root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def stroke_figures(sketches: Sequence[Sketch]) -> Float64[np.ndarray, "N 9"]:
    """Describe how drawings were drawn, whatever they show.

    Returns:
        (N, 9): strokes; points; length drawn, in longest sides; mean and spread of the length of
        a line from point to point; mean turn at a point, in radians; way of the lifted pen, in
        longest sides; share of the longest stroke; width to height. Zeros where there is no ink.
    """
    return np.array([_figures(sketch) for sketch in sketches], np.float64)


def _figures(sketch: Sketch) -> list[float]:
    if sketch.bounds is None:
        return [0.0] * 9
    left, top, right, bottom = sketch.bounds
    side = max(right - left, bottom - top, 1e-6)
    lines = [np.diff(stroke, axis=0) / side for stroke in sketch.strokes]
    lengths = [np.linalg.norm(line, axis=1) for line in lines]
    drawn = np.concatenate(lengths)
    turns = [_turns(line) for line in lines]
    turned = np.concatenate(turns)
    lifted = [
        float(np.linalg.norm(after[0] - before[-1])) / side
        for before, after in zip(sketch.strokes, sketch.strokes[1:], strict=False)
    ]
    whole = max(float(drawn.sum()), 1e-6)
    return [
        len(sketch.strokes),
        sketch.num_points,
        whole,
        float(drawn.mean()) if len(drawn) else 0.0,
        float(drawn.std()) if len(drawn) else 0.0,
        float(turned.mean()) if len(turned) else 0.0,
        sum(lifted),
        max(float(length.sum()) for length in lengths) / whole,
        (right - left + 1e-6) / (bottom - top + side * 1e-3),
    ]


def _turns(line: Shaped[np.ndarray, "P 2"]) -> Float64[np.ndarray, "Q"]:
    """By how much a stroke turns at its inner points."""
    angle = np.arctan2(line[:, 1], line[:, 0]).astype(np.float64)
    return np.asarray(np.abs((np.diff(angle) + np.pi) % (2 * np.pi) - np.pi))


def section(results: Results) -> Section:
    """Make the report's section."""
    rows: list[list[Cell]] = []
    for label in (FLOOR, *(entry.label for entry in results.entries)):
        measured = results.measured[part_name(label)]
        accuracies = [
            results.share(np.array(measured[f"accuracy_{name}"]))
            for name in ("by_picture", "by_strokes", "refs_simplified", "both_simplified")
        ]
        rows.append([label, *accuracies, float(measured["frechet"])])
    count = len(results.measured[part_name(FLOOR)]["accuracy_by_picture"]) // 2
    is_simplified = any(entry.epsilon > 0 for entry in results.entries)
    table_columns = [
        *columns("drawings", "accuracy by picture", "accuracy by strokes"),
        Column("... people's simplified alike"),
        Column("... both simplified alike"),
        Column("Fréchet distance", "number"),
    ]
    simplified = (
        "; those also with people's drawings simplified as the model's training data were, which "
        "hold no finer ones, and once more with redrawings simplified like them."
    )
    if not is_simplified:  # both columns would repeat the accuracy by strokes
        table_columns = table_columns[:3] + table_columns[5:]
        rows = [row[:3] + row[5:] for row in rows]
        simplified = "."
    few = (
        f" Of so few drawings, fewer than {ENOUGH} on each side, these accuracies say little: "
        "chance alone moves them by many points, the floor too."
    )
    return Section(
        name="likeness",
        title="Human-likeness, without humans",
        see="An accuracy of 50 % would mean that nothing distinguishes the drawings from a "
        "person's. The first line is human drawings against other human drawings: the floor.",
        how=f"{count:,} redrawings of one half of the test drawings against {count:,} human "
        f"drawings of the other half; random forest, {FOLDS}-fold."
        f"{few * (count < ENOUGH)} Features: the "
        f"judge's, and nine figures of the strokes{simplified} The Fréchet distance "
        "is of these judge features, comparable within this report only. All of this stands "
        "beside a Turing test with people, not in its place.",
        paper="asked 59 people: 58 % of human drawings were taken for human, 60 % of CNN "
        "redrawings.",
        here=f"two-sample test accuracy by the picture: {listed(rows)}.",
        tables=[
            Table(
                name="likeness",
                title="Two-sample test: accuracy of a classifier of redrawings and human drawings",
                columns=table_columns,
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=[],
    )
