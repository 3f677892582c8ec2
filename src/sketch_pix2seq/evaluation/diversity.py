"""How much two redrawings of one drawing differ: copying must not be the best by every measure.

*Diversity* is the mean distance of the judge's features of two redrawings of one drawing, as a
share of that of two people's drawings of one category. A copy has 0; drawings that have nothing
but the category in common, as people's, 1. A redrawing without lines counts as a dot: two of them
are alike and have 0, as they do not differ; one of them differs from a redrawing with lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

from sketch_pix2seq.evaluation.evaluation import Entry, EvaluatedDrawings, Evaluation, Results
from sketch_pix2seq.evaluation.parts import Part

PER_CATEGORY = 50
"""Test drawings of each category that are redrawn twice, at most."""


def part_name(label: str) -> str:
    """Name the part that measures a model or drawings."""
    return f"{label}: diversity"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    temperature = evaluation.settings.temperature
    facts = {**evaluation.facts, "temperature": temperature, "drawings": PER_CATEGORY}
    for entry in evaluation.entries:
        measure = partial(_measured, evaluation, entry)
        yield Part(part_name(entry.label), {**facts, "model": entry.digest}, measure)


def _measured(evaluation: Evaluation, entry: Entry) -> dict[str, Any]:
    numbers = _numbers(evaluation)
    if entry.is_baseline:  # the same each time
        return {"distances": [0.0] * len(numbers)}
    if isinstance(entry, EvaluatedDrawings) and entry.num_repeats < 2:
        return {"distances": None}
    first, second = (
        evaluation.classify(evaluation.redrawn(entry, numbers, repeat))[1].features
        for repeat in (0, 1)
    )
    return {"distances": _distances(first, second).tolist()}


def _numbers(evaluation: Evaluation) -> list[int]:
    """Test drawings that are redrawn: the first ones of each category."""
    kinds = range(len(evaluation.held_out.categories))
    each = [evaluation.held_out.of_category(kind)[:PER_CATEGORY] for kind in kinds]
    return [int(number) for number in np.concatenate(each)]


def _distances(
    first: Shaped[np.ndarray, "N F"], second: Shaped[np.ndarray, "N F"]
) -> Float64[np.ndarray, "N"]:
    return np.asarray(np.linalg.norm(first.astype(np.float64) - second, axis=1))


def between_people(evaluation: Evaluation) -> float:
    """Return the mean distance of two people's drawings of one category."""
    features, distances = evaluation.human[1].features, []
    for kind in range(len(evaluation.held_out.categories)):
        numbers = evaluation.held_out.of_category(kind)[:PER_CATEGORY]
        distances.append(_distances(features[numbers], features[np.roll(numbers, 1)]))
    return float(np.concatenate(distances).mean())


def diversity(results: Results, entry: Entry) -> Float64[np.ndarray, "N"] | None:
    """Return the diversity of each of some drawings.

    None where each was drawn only once, or people's drawings do not differ from each other.
    People's mean distance is taken as it is: intervals do not hold its error.
    """
    distances = results.measured[part_name(entry.label)]["distances"]
    of_people = between_people(results.evaluation)
    return None if distances is None or of_people == 0 else np.array(distances) / of_people
