"""Started drawings: what their completions begin with, and which of several are the best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.bundle.latents import LatentGaussians
from sketch_pix2seq.inference.best_of import cheapest, drawn_again_costs, surprise
from sketch_pix2seq.inference.drawings import Prefix, likeliest_prefix, prefix_of
from sketch_pix2seq.inference.latents import Completion, completed_code
from sketch_pix2seq.inference.networks import Networks
from sketch_pix2seq.inference.recognizer import Recognizer
from sketch_pix2seq.sketch.sketch import Sketch


class Start(NamedTuple):
    """What a completion begins with.

    Args:
        condition: The decoder's.
        prefix: The first steps, which are given.
        category_id: What it is to show.
    """

    condition: Any
    prefix: Prefix
    category_id: int


def starts_of(
    sketch: Sketch,
    code: Float32[np.ndarray, "Z"],
    completions: Sequence[Completion],
    gaussians: LatentGaussians,
    networks: Networks,
    card: BundleCard,
) -> list[Start]:
    """Prepare completions of a started drawing; those that become the same are prepared once.

    Raises:
        DrawingError: If the drawing has more points than the model draws.
    """

    def start(completion: Completion) -> Start:
        number = completion.category_id
        whole = completed_code(gaussians, code, completion)
        (condition,) = networks.from_codes(whole[None], [number])
        if not networks.attends:
            return Start(condition, prefix_of(sketch, card), number)
        log_probs = partial(networks.log_probs, condition)
        return Start(condition, likeliest_prefix(sketch, card, log_probs), number)

    starts = {completion: start(completion) for completion in dict.fromkeys(completions)}
    return [starts[completion] for completion in completions]


def best_completions(
    recognizer: Recognizer,
    card: BundleCard,
    sketches: Sequence[Sketch],
    drawings: Sequence[Sketch],
    category_ids: Sequence[int],
    n: int,
) -> list[list[Sketch]]:
    """Keep n completions of each started drawing: what shows its category, and nothing twice.

    Args:
        recognizer: Of the bundle.
        card: The bundle's.
        sketches: The started drawings.
        drawings: As many completions of each, one after the other.
        category_ids: What each completion was to show.
        n: How many of each are kept.
    """
    if not sketches:
        return []
    each = len(drawings) // len(sketches)
    started = [sketch for sketch in sketches for _ in range(each)]
    costs = surprise(recognizer, card, drawings, category_ids)
    costs = costs + drawn_again_costs(started, drawings)
    return [
        [drawings[number * each + index] for index in cheapest(own_costs, n)]
        for number, own_costs in enumerate(costs.reshape(-1, each))
    ]
