"""Recognition and retrieval: is the redrawing of the right kind, and is it *this* drawing?

**Rec**: the share of redrawings that the judge takes for the category of their input. **Ret**: a
redrawing is encoded and all test drawings are ranked by the distance of their codes from its own;
a hit if its input is among the first 1, 10 or 50.

Ret by a model's own encoder compares a model with itself. So it is also measured by the judge's
features, the same for all models, and for human drawings: each test drawing is slightly distorted,
as in training, and stands for its own redrawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.data.augment import Augmentation, augment
from sketch_pix2seq.evaluation.evaluation import DOT, EvaluatedModel, Evaluation
from sketch_pix2seq.evaluation.parts import Part
from sketch_pix2seq.evaluation.shown import ShownSketch, as_shown
from sketch_pix2seq.sketch.sketch import Sketch

TOPS = (1, 10, 50)
"""Ranks that count as hits."""
DISTORTION = Augmentation(scale=0.15, rotate=8.0, drop=0.1)
"""How test drawings are distorted to stand for their own redrawings."""
SHOWN = 4
"""Test drawings of each category whose redrawings are shown."""
_AT_ONCE = 512


@dataclass(frozen=True)
class SamplingConfig:
    """How redrawings are sampled.

    Args:
        temperature: How freely.
        best_of: The best of so many.
        seed: Of the noise.
    """

    temperature: float
    best_of: int
    seed: int


def sampling_configs(evaluation: Evaluation) -> list[SamplingConfig]:
    """Return all configurations for redrawing, the main one first."""
    settings = evaluation.settings
    found = main_configs(evaluation)
    found += [
        SamplingConfig(temperature, 1, settings.seed) for temperature in settings.temperatures[1:]
    ]
    if settings.best_of > 1:
        found.append(SamplingConfig(settings.temperature, settings.best_of, settings.seed))
    return found


def main_configs(evaluation: Evaluation) -> list[SamplingConfig]:
    """Return the main configuration, with each seed."""
    settings = evaluation.settings
    seeds = range(settings.seed, settings.seed + settings.num_seeds)
    return [SamplingConfig(settings.temperature, 1, seed) for seed in seeds]


def part_name(model: EvaluatedModel, config: SamplingConfig) -> str:
    """Name the part that measures a model's redrawings made in one config."""
    of = f", best of {config.best_of}" if config.best_of > 1 else ""
    return f"{model.label}: redrawing at {config.temperature:g}{of}, seed {config.seed}"


def distorted_name(model: EvaluatedModel) -> str:
    """Name the part that measures how a model's encoder finds distorted human drawings."""
    return f"{model.label}: finding distorted drawings"


def examples_name(model: EvaluatedModel) -> str:
    """Name the part that keeps some redrawings to be shown."""
    return f"{model.label}: examples"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    amount = {"per_category": evaluation.settings.per_category}
    for model in evaluation.models:
        facts = {**evaluation.facts, **amount, "model": model.digest}
        for config in sampling_configs(evaluation):

            def redrawn(
                model: EvaluatedModel = model, config: SamplingConfig = config
            ) -> dict[str, Any]:
                return _redrawn(evaluation, model, config)

            yield Part(part_name(model, config), {**facts, **vars(config)}, redrawn)

        def distorted(model: EvaluatedModel = model) -> dict[str, Any]:
            return _measured(evaluation, model, _distorted(evaluation))

        yield Part(distorted_name(model), facts, distorted)

        def examples(model: EvaluatedModel = model) -> list[ShownSketch]:
            return _examples(evaluation, model)

        temperature = evaluation.settings.temperature
        yield Part(examples_name(model), {**facts, "temperature": temperature}, examples)


def _redrawn(
    evaluation: Evaluation, model: EvaluatedModel, config: SamplingConfig
) -> dict[str, Any]:
    drawn = model.sketcher.redraw(
        evaluation.held_out.sketches, 1, config.temperature, config.seed, best_of=config.best_of
    )
    return _measured(evaluation, model, [one for (one,) in drawn])


def examples(evaluation: Evaluation) -> list[int]:
    """Return the numbers of the test drawings that are shown: of every category the first ones."""
    shown = evaluation.groups.shown
    return [
        int(number) for kind in shown for number in evaluation.held_out.of_category(kind)[:SHOWN]
    ]


def _examples(evaluation: Evaluation, model: EvaluatedModel) -> list[ShownSketch]:
    sketches = [evaluation.held_out.sketches[number] for number in examples(evaluation)]
    settings = evaluation.settings
    drawn = model.sketcher.redraw(sketches, 1, settings.temperature, settings.seed)
    return [as_shown(one) for (one,) in drawn]


def _measured(
    evaluation: Evaluation, model: EvaluatedModel, drawn: Sequence[Sketch]
) -> dict[str, Any]:
    """What the judge says of drawings, and the ranks of the inputs that they stand for."""
    predicted, scores = evaluation.judged(drawn)
    codes = model.sketcher.encode([one if one.strokes else DOT for one in drawn])
    return {
        "predicted": predicted.tolist(),
        "rank": ranks(codes, evaluation.codes(model)).tolist(),
        "rank_by_judge": ranks(scores.features, evaluation.human[1].features).tolist(),
    }


def _distorted(evaluation: Evaluation) -> list[Sketch]:
    rng = np.random.default_rng(evaluation.settings.seed)
    return [
        Sketch.from_stroke3(augment(sketch.to_stroke3(), rng, DISTORTION))
        for sketch in evaluation.held_out.sketches
    ]


def ranks(
    queries: Float32[np.ndarray, "N Z"], codes: Float32[np.ndarray, "N Z"]
) -> Int64[np.ndarray, "N"]:
    """Count, for each query, the codes that are nearer to it than its own.

    Args:
        queries: One for each code.
        codes: What is searched.

    Returns:
        (N,), 0 where its own is the nearest.

    Example:
        >>> ranks(np.array([[0.9], [0.2]], np.float32), np.array([[1], [0]], np.float32)).tolist()
        [0, 0]
    """
    found = []
    squares = (codes.astype(np.float64) ** 2).sum(1)
    for first in range(0, len(queries), _AT_ONCE):
        some = queries[first : first + _AT_ONCE].astype(np.float64)
        distance = squares - 2 * some @ codes.T  # (M, N), but for each query's own square
        rows = np.arange(len(some))
        own = distance[rows, first + rows][:, None]
        found.append((distance < own - 1e-9 * np.abs(own)).sum(1))
    return np.concatenate(found)
