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

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64

from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation
from sketch_pix2seq.evaluation.parts import Part
from sketch_pix2seq.evaluation.settings import FINE_STEPS, STEPS
from sketch_pix2seq.evaluation.shown import as_shown
from sketch_pix2seq.inference.mixing import path_through
from sketch_pix2seq.sketch.sketch import Sketch


def part_name(model: EvaluatedModel) -> str:
    """Name the part that measures a model."""
    return f"{model.label}: interpolation"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    settings = evaluation.settings
    facts = {
        **evaluation.facts,
        "per_category": settings.per_category,
        "temperature": settings.temperature,
        "paths": settings.paths,
        "best_of": settings.best_of,
    }
    for model in evaluation.models:

        def measure(model: EvaluatedModel = model) -> dict[str, Any]:
            return _measured(evaluation, model)

        yield Part(part_name(model), {**facts, "model": model.digest}, measure)


def ends(evaluation: Evaluation) -> Int64[np.ndarray, "P 2"]:
    """Choose the drawings between which to go: the same for every model.

    Returns:
        (P, 2) numbers of test drawings: for each pair of categories `paths` pairs of drawings.
        The judge recognises all of them, where it recognises enough.
    """
    rng = np.random.default_rng([evaluation.settings.seed, 7])
    recognised = evaluation.human[0] == evaluation.held_out.category_ids
    columns = []
    for category in evaluation.groups.shown:
        own = evaluation.held_out.of_category(category)
        good = own[recognised[own]]
        columns.append((category, rng.permutation(good if len(good) else own)))
    by_category = dict(columns)
    count = evaluation.settings.paths
    pairs = [
        np.stack([np.resize(by_category[side], count) for side in pair], axis=1)
        for pair in evaluation.groups.pairs
    ]
    return np.concatenate(pairs)


def _measured(evaluation: Evaluation, model: EvaluatedModel) -> dict[str, Any]:
    pairs = ends(evaluation)
    drawn = _between(evaluation, model, pairs, STEPS)
    predicted, scores = evaluation.judged([sketch for row in drawn for sketch in row])
    features = scores.features.reshape(len(pairs), STEPS, -1)
    best = _best_between(evaluation, model, pairs)
    first_of_pairs = range(0, len(pairs), evaluation.settings.paths)
    # every other category with the first one, in many steps, as in figure 9
    with_first = [
        place
        for place, pair in zip(first_of_pairs, evaluation.groups.pairs, strict=True)
        if pair[0] == evaluation.groups.first[0]
    ]
    fine = _between(evaluation, model, pairs[with_first], FINE_STEPS)
    return {
        "categories": evaluation.held_out.category_ids[pairs].tolist(),
        "predicted": predicted.reshape(len(pairs), STEPS).tolist(),
        **({} if best is None else {"predicted_of_best": best.tolist()}),
        **{name: values.tolist() for name, values in smoothness(features).items()},
        "shown": [[as_shown(sketch) for sketch in drawn[place]] for place in first_of_pairs],
        "fine": [[as_shown(sketch) for sketch in row] for row in fine],
    }


def _between(
    evaluation: Evaluation, model: EvaluatedModel, pairs: Int64[np.ndarray, "P 2"], steps: int
) -> list[list[Sketch]]:
    """Draw all that lies between pairs of drawings."""
    codes = evaluation.codes(model)
    paths = np.concatenate([path_through(codes[pair], steps) for pair in pairs])
    settings = evaluation.settings
    drawn = [one for (one,) in model.sketcher.decode(paths, 1, settings.temperature, settings.seed)]
    return [drawn[first : first + steps] for first in range(0, len(drawn), steps)]


def _best_between(
    evaluation: Evaluation, model: EvaluatedModel, pairs: Int64[np.ndarray, "P 2"]
) -> Int64[np.ndarray, "P S"] | None:
    """Let the judge classify the best of several drawings, all along each path."""
    settings, people = evaluation.settings, evaluation.held_out.sketches
    if settings.best_of == 1:
        return None
    drawn = [
        model.sketcher.mix(
            [people[place] for place in pair],
            STEPS,
            settings.temperature,
            settings.seed,
            best_of=settings.best_of,
        )
        for pair in pairs.tolist()
    ]
    predicted, _ = evaluation.judged([sketch for row in drawn for sketch in row])
    return predicted.reshape(len(pairs), STEPS)


def smoothness(features: Float32[np.ndarray, "P S F"]) -> dict[str, Float[np.ndarray, "P"]]:
    """Say how evenly paths go.

    Args:
        features: Of S drawings on each of P paths.

    Returns:
        `longest_step`: as a share of the whole way, 1 / (S - 1) at least; `detour`: the whole way
        as a multiple of the straight line between the ends, 1 at least. A path that stands still
        has even steps and no detour.

    Example:
        >>> straight = np.arange(5, dtype=np.float32)[None, :, None]
        >>> {name: values.tolist() for name, values in smoothness(straight).items()}
        {'longest_step': [0.25], 'detour': [1.0]}
    """
    steps = np.linalg.norm(np.diff(features.astype(np.float64), axis=1), axis=2)  # (P, S - 1)
    way = steps.sum(axis=1)
    straight = np.linalg.norm(features[:, -1] - features[:, 0].astype(np.float64), axis=1)
    even = np.full_like(way, 1 / steps.shape[1])
    return {
        "longest_step": np.divide(steps.max(axis=1), way, out=even, where=way > 0),
        "detour": np.divide(way, straight, out=np.ones_like(way), where=straight > 1e-9 * way),
    }


def off_category_rates(measured: dict[str, Any]) -> dict[str, Float[np.ndarray, "P"]]:
    """Compute off-category rates.

    Args:
        measured: Of one model.

    Returns:
        For each path the off-category rate of its inner drawings, `between`, and of its ends,
        `at_ends`; their difference, `excess`; and `best`, that of the inner drawings where the best
        of several is kept, if that was measured.
    """
    off = _is_off_category(measured, "predicted")
    between, at_ends = off[:, 1:-1].mean(axis=1), off[:, [0, -1]].mean(axis=1)
    found = {"between": between, "at_ends": at_ends, "excess": between - at_ends}
    if "predicted_of_best" in measured:
        found["best"] = _is_off_category(measured, "predicted_of_best")[:, 1:-1].mean(axis=1)
    return found


def _is_off_category(measured: dict[str, Any], name: str) -> Bool[np.ndarray, "P S"]:
    predicted, pair = np.array(measured[name]), np.array(measured["categories"])
    return np.asarray((predicted[:, :, None] != pair[:, None, :]).all(axis=2))
