"""Recognition and retrieval: is the redrawing of the right kind, and is it *this* drawing?

**Rec**: the share of redrawings that the judge takes for the category of their input. **Ret**: a
redrawing is encoded and all test drawings are ranked by the distance of their codes from its own;
a hit if its input is among the first 1, 10 or 50.

Ret by a model's own encoder compares a model with itself. So it is also measured by the judge's
features, the same eyes for all, and for human drawings: each test drawing is slightly distorted, as
in training, and stands for its own redrawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.data.augment import Augmentation, augment
from sketch_pix2seq.evaluation.contest import DOT, Contest, Contestant
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
class Way:
    """A way of drawing.

    Args:
        temperature: How freely.
        best_of: The best of so many.
        seed: Of the noise.
    """

    temperature: float
    best_of: int
    seed: int


def ways(contest: Contest) -> list[Way]:
    """Return all ways in which drawings are redrawn, the main one first."""
    settings = contest.settings
    found = main_ways(contest)
    found += [Way(heat, 1, settings.seed) for heat in settings.temperatures[1:]]
    if settings.best_of > 1:
        found.append(Way(settings.temperature, settings.best_of, settings.seed))
    return found


def main_ways(contest: Contest) -> list[Way]:
    """Return the main way of drawing, with each seed."""
    settings = contest.settings
    seeds = range(settings.seed, settings.seed + settings.num_seeds)
    return [Way(settings.temperature, 1, seed) for seed in seeds]


def part_name(model: Contestant, way: Way) -> str:
    """Name the part that measures a model's redrawings made in one way."""
    of = f", best of {way.best_of}" if way.best_of > 1 else ""
    return f"{model.label}: redrawing at {way.temperature:g}{of}, seed {way.seed}"


def distorted_name(model: Contestant) -> str:
    """Name the part that measures how a model's encoder finds distorted human drawings."""
    return f"{model.label}: finding distorted drawings"


def examples_name(model: Contestant) -> str:
    """Name the part that keeps some redrawings to be shown."""
    return f"{model.label}: examples"


def parts(contest: Contest) -> Iterator[Part]:
    """Yield all that is to be measured."""
    amount = {"per_category": contest.settings.per_category}
    for model in contest.models:
        facts = {**contest.facts, **amount, "model": model.digest}
        for way in ways(contest):

            def redrawn(model: Contestant = model, way: Way = way) -> dict[str, Any]:
                return _redrawn(contest, model, way)

            yield Part(part_name(model, way), {**facts, **vars(way)}, redrawn)

        def distorted(model: Contestant = model) -> dict[str, Any]:
            return _measured(contest, model, _distorted(contest))

        yield Part(distorted_name(model), facts, distorted)

        def examples(model: Contestant = model) -> list[ShownSketch]:
            return _examples(contest, model)

        heat = {"temperature": contest.settings.temperature}
        yield Part(examples_name(model), {**facts, **heat}, examples)


def _redrawn(contest: Contest, model: Contestant, way: Way) -> dict[str, Any]:
    drawn = model.sketcher.redraw(
        contest.held_out.sketches, 1, way.temperature, way.seed, best_of=way.best_of
    )
    return _measured(contest, model, [one for (one,) in drawn])


def examples(contest: Contest) -> list[int]:
    """Return the numbers of the test drawings that are shown: of every category the first ones."""
    shown = contest.groups.shown
    return [int(number) for kind in shown for number in contest.held_out.of_category(kind)[:SHOWN]]


def _examples(contest: Contest, model: Contestant) -> list[ShownSketch]:
    sketches = [contest.held_out.sketches[number] for number in examples(contest)]
    settings = contest.settings
    drawn = model.sketcher.redraw(sketches, 1, settings.temperature, settings.seed)
    return [as_shown(one) for (one,) in drawn]


def _measured(contest: Contest, model: Contestant, drawn: Sequence[Sketch]) -> dict[str, Any]:
    """What the judge says of drawings, and the ranks of the inputs that they stand for."""
    said, look = contest.judged(drawn)
    codes = model.sketcher.encode([one if one.strokes else DOT for one in drawn])
    return {
        "said": said.tolist(),
        "rank": ranks(codes, contest.codes(model)).tolist(),
        "rank_by_judge": ranks(look.features, contest.human[1].features).tolist(),
    }


def _distorted(contest: Contest) -> list[Sketch]:
    rng = np.random.default_rng(contest.settings.seed)
    return [
        Sketch.from_stroke3(augment(sketch.to_stroke3(), rng, DISTORTION))
        for sketch in contest.held_out.sketches
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
