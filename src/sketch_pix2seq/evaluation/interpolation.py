"""Interpolation between two drawings: what appears, and how evenly? Figures 7 to 9 of the paper.

Codes on the straight line between the codes of two test drawings are drawn with the same noise.
The *off-category rate* is the share of drawings that the judge assigns to neither category of the
two ends (*intrusion* in the paper comparison). A model that draws badly has a high rate everywhere:
so the rate at the two ends is reported as well, and what matters is the excess of the inner
drawings over it.

The rate with the best of several kept (`Sketcher.mix`) is reported as well.

*Smoothness*: of the judge's features of neighbouring drawings, the longest step as a share of the
whole way (even steps: a tenth), and the whole way as a multiple of the straight line between the
ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64

from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results, drawing_seeds
from sketch_pix2seq.evaluation.parts import KeptSketch, Part, keep_sketch, kept_sketch
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section, sheet_svg
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, columns, counted, listed
from sketch_pix2seq.inference.mixing import path_through
from sketch_pix2seq.io.sheet import SheetRow
from sketch_pix2seq.sketch.sketch import Sketch

STEPS, FINE_STEPS = 11, 51
"""Drawings from one to another, both ends included: the paper's figures 7 and 8, and 9."""
_FINE_LINES = 3  # in which a row of 51 is set


def part_name(label: str) -> str:
    """Name the part that measures a model."""
    return f"{label}: interpolation"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    settings = evaluation.settings
    facts = {
        **evaluation.facts,
        "temperature": settings.temperature,
        "paths": settings.paths,
        "best_of": settings.best_of,
        "groups": evaluation.groups.all,
    }
    for model in (*evaluation.models, *evaluation.retrained):
        measure = partial(_measured, evaluation, model)
        yield Part(part_name(model.name), {**facts, "model": model.digest}, measure, version=7)


def num_paths(evaluation: Evaluation) -> int:
    """How many pairs of drawings there are of each pair of categories.

    As many as are asked for, or as the smallest category has drawings.
    """
    sizes = [len(evaluation.held_out.of_category(kind)) for kind in evaluation.groups.all]
    return min(evaluation.settings.paths, *sizes)


def ends(evaluation: Evaluation) -> Int64[np.ndarray, "P 2"]:
    """Choose the drawings between which to go: the same for every model.

    Returns:
        (P, 2) numbers of test drawings: `num_paths` for each pair of categories. No drawing is an
        end twice before all of its category have been one, so that paths are independent where
        there are enough. The judge recognises all of them, if it recognises `num_paths`.
    """
    rng = np.random.default_rng([evaluation.settings.seed, 7])
    recognised = evaluation.human[0] == evaluation.held_out.category_ids
    count = num_paths(evaluation)
    drawings: dict[int, Iterator[int]] = {}
    for category in evaluation.groups.all:
        members = evaluation.held_out.of_category(category)
        sure = members[recognised[members]]
        chosen = rng.permutation(sure if len(sure) >= count else members)
        drawings[category] = itertools.cycle(chosen.tolist())
    return np.array(
        [
            [next(drawings[side]) for side in pair]
            for pair in evaluation.groups.pairs
            for _ in range(count)
        ]
    )


def _measured(evaluation: Evaluation, model: EvaluatedModel) -> dict[str, Any]:
    pairs = ends(evaluation)
    drawn = _between(evaluation, model, pairs, STEPS)
    predicted, scores = evaluation.classify([sketch for row in drawn for sketch in row])
    features = scores.features.reshape(len(pairs), STEPS, -1)
    measured = {
        "categories": evaluation.held_out.category_ids[pairs].tolist(),
        "predicted": predicted.reshape(len(pairs), STEPS).tolist(),
        **{name: values.tolist() for name, values in smoothness(features).items()},
    }
    if model.training > 0:  # only its rates are reported
        return measured
    best = _best_between(evaluation, model, pairs)
    first_of_pairs = range(0, len(pairs), num_paths(evaluation))
    # every other category with the first one, in many steps, as in figure 9
    with_first = [
        index
        for index, pair in zip(first_of_pairs, evaluation.groups.pairs, strict=True)
        if pair[0] == evaluation.groups.first[0]
    ]
    fine = _between(evaluation, model, pairs[with_first], FINE_STEPS)
    return {
        **measured,
        **({} if best is None else {"predicted_of_best": best.tolist()}),
        "shown": [[keep_sketch(sketch) for sketch in drawn[index]] for index in first_of_pairs],
        "fine": [[keep_sketch(sketch) for sketch in row] for row in fine],
    }


def _between(
    evaluation: Evaluation, model: EvaluatedModel, pairs: Int64[np.ndarray, "P 2"], steps: int
) -> list[list[Sketch]]:
    """Draw all that lies between pairs of drawings."""
    codes = evaluation.codes(model)
    paths = np.concatenate([path_through(codes[pair], steps) for pair in pairs])
    seeds = np.repeat(drawing_seeds(evaluation.settings.seed, len(pairs)), steps).tolist()
    several = model.sketcher.decode(paths, 1, evaluation.settings.temperature, seeds)
    drawn = [sketch for (sketch,) in several]
    return [drawn[first : first + steps] for first in range(0, len(drawn), steps)]


def _best_between(
    evaluation: Evaluation, model: EvaluatedModel, pairs: Int64[np.ndarray, "P 2"]
) -> Int64[np.ndarray, "P S"] | None:
    """Let the judge classify the best of several drawings, all along each path."""
    settings, sketches = evaluation.settings, evaluation.held_out.sketches
    if settings.best_of == 1:
        return None
    seeds = drawing_seeds(settings.seed, len(pairs))
    drawn = [
        model.sketcher.mix(
            [sketches[index] for index in pair],
            STEPS,
            settings.temperature,
            seed,
            best_of=settings.best_of,
        )
        for pair, seed in zip(pairs.tolist(), seeds, strict=True)
    ]
    predicted, _ = evaluation.classify([sketch for row in drawn for sketch in row])
    return predicted.reshape(len(pairs), STEPS)


def smoothness(features: Float32[np.ndarray, "P S F"]) -> dict[str, Float[np.ndarray, "P"]]:
    """Say how evenly paths go. A path that stands still has even steps and no detour.

    Returns:
        `longest_step`: as a share of the whole way, 1 / (S - 1) at least; `detour`: the whole way
        as a multiple of the straight line between the ends, 1 at least.

    Example:
        >>> straight = np.arange(5, dtype=np.float32)[None, :, None]
        >>> {name: values.tolist() for name, values in smoothness(straight).items()}
        {'longest_step': [0.25], 'detour': [1.0]}
    """
    steps = np.linalg.norm(np.diff(features.astype(np.float64), axis=1), axis=2)  # (P, S - 1)
    length = steps.sum(axis=1)
    straight = np.linalg.norm(features[:, -1] - features[:, 0].astype(np.float64), axis=1)
    even = np.full_like(length, 1 / steps.shape[1])
    return {
        "longest_step": np.divide(steps.max(axis=1), length, out=even, where=length > 0),
        "detour": np.divide(
            length, straight, out=np.ones_like(length), where=straight > 1e-9 * length
        ),
    }


def off_category_rates(measured: dict[str, Any]) -> dict[str, Float[np.ndarray, "P"]]:
    """Compute off-category rates from what was measured of one model.

    Returns:
        For each path the off-category rate of its inner drawings, `between`, and of its ends,
        `at_ends`; their difference, `excess`; and `best`, that of the inner drawings where the best
        of several is kept, if that was measured.
    """
    off = _is_off_category(measured, "predicted")
    between, at_ends = off[:, 1:-1].mean(axis=1), off[:, [0, -1]].mean(axis=1)
    rates = {"between": between, "at_ends": at_ends, "excess": between - at_ends}
    if "predicted_of_best" in measured:
        rates["best"] = _is_off_category(measured, "predicted_of_best")[:, 1:-1].mean(axis=1)
    return rates


def _is_off_category(measured: dict[str, Any], name: str) -> Bool[np.ndarray, "P S"]:
    predicted, pair = np.array(measured[name]), np.array(measured["categories"])
    return np.asarray((predicted[:, :, None] != pair[:, None, :]).all(axis=2))


def section(results: Results) -> Section:
    """Make the report's section."""
    evaluation = results.evaluation
    by_label = {label: results.measured[part_name(label)] for label in results.labels}
    pairs, best_of = evaluation.groups.pairs, evaluation.settings.best_of
    rows: list[list[Cell]] = []
    for label, measured in by_label.items():
        rates = off_category_rates(measured)
        rows.append(
            [
                label,
                *(results.share(rates[name]) for name in ("between", "at_ends")),
                results.with_interval(rates["excess"]),
                *([results.share(rates["best"])] if best_of > 1 else []),
                results.with_interval(np.array(measured["longest_step"])),
                results.with_interval(np.array(measured["detour"])),
            ]
        )
    return Section(
        name="interpolation",
        title="Interpolation: what appears between two drawings?",
        see="Whether a drawing turns into another, or something else appears on the path.",
        how=f"{results.groups_in_words} {counted(len(pairs), 'pair')} of categories, "
        f"{counted(num_paths(evaluation), 'pair')} of test drawings "
        "each, the same for every model, of those that the judge recognises if there are enough; "
        f"{STEPS} steps, one noise (temperature "
        f"{evaluation.settings.temperature:g}, seed {evaluation.settings.seed}). The off-"
        "category rate is the share of drawings that the judge assigns to neither of the two "
        "categories. A model that draws badly has a high rate at the ends too: what counts is the "
        "excess of the inner drawings.",
        paper="with the KL term an unexpected other category intrudes (Figures 7 and 8, by eye).",
        here=f"excess of the off-category rate: {listed(rows, 3, 'points')}.",
        tables=[
            Table(
                name="interpolation",
                title="Off-category rate (intrusion), and how evenly drawings change",
                columns=[
                    *columns("model", "off-category rate, inner drawings", "at the ends"),
                    Column("excess", "points"),
                    *([Column(f"inner drawings, best of {best_of}")] if best_of > 1 else []),
                    Column("longest step (even: 10 %)"),
                    Column("detour (straight: 1)", "number"),
                ],
                rows=rows,
            )
        ],
        figures=_figures(results, by_label),
    )


def _figures(results: Results, by_label: dict[str, Any]) -> list[Figure]:
    """The off-category rate along the paths, and some of the paths."""
    evaluation = results.evaluation
    pairs, sketches = evaluation.groups.pairs, evaluation.held_out.sketches
    row_ends = ends(evaluation)[:: num_paths(evaluation)].tolist()
    along = [
        _is_off_category(measured, "predicted").mean(axis=0).tolist()
        for measured in by_label.values()
    ]
    figures = [
        Figure(
            "off-category",
            "Off-category rate, from one end to the other",
            charts.lines(
                results.labels,
                along,
                [f"{w / 10:g}" for w in range(STEPS)],
                "weight of the second drawing",
            ),
            "A hump in the middle: drawings of neither category appear on the path. A line that is "
            "high everywhere: the model draws badly.",
        )
    ]
    headings = ["human", *(f"{weight / (STEPS - 1):g}" for weight in range(STEPS)), "human"]
    for label, measured in by_label.items():
        sheet = [
            SheetRow(
                [sketches[pair[0]], *map(kept_sketch, row), sketches[pair[1]]],
                label=" to ".join(results.names(kinds)),
            )
            for kinds, pair, row in zip(pairs, row_ends, measured["shown"], strict=True)
        ]
        figures.append(
            Figure(
                f"interpolation-{label}",
                f"{label}: each of the first group to each of the second",
                sheet_svg(sheet, 60, headings),
                "Outermost the human drawings; between them their redrawings (0 and 1) and nine "
                "mixtures, all with one noise.",
            )
        )
    (first,) = results.names(evaluation.groups.first[:1])
    to = results.names(evaluation.groups.second)
    fine = zip(by_label[results.labels[0]]["fine"], to, strict=True)
    figures.append(
        Figure(
            "fine-interpolation",
            f"{results.labels[0]}: from {first} to {', '.join(to)} in {FINE_STEPS} drawings each",
            sheet_svg([line for row, name in fine for line in _fine_rows(row, name)], 44),
            "Read line by line, three lines for each pair: parts come and go one at a time.",
        )
    )
    return figures


def _fine_rows(row: Sequence[KeptSketch], name: str) -> list[SheetRow]:
    """Set a long row in several lines."""
    per_line = -(-len(row) // _FINE_LINES)
    return [
        SheetRow(
            [kept_sketch(sketch) for sketch in row[first : first + per_line]],
            label="" if first else f"to {name}",
        )
        for first in range(0, len(row), per_line)
    ]
