"""From a bundle back to weights that a run can begin with."""

from __future__ import annotations

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.start import Start


def start_from(bundle: Bundle) -> Start:
    """The weights of a bundle.

    Args:
        bundle: as it was read.
    """
    card = bundle.card
    try:
        model = Recipe.from_dict(card.recipe).model
    except UsageError:  # of another version, or made elsewhere: its weights may fit all the same
        model = None
    return Start.from_bytes(
        bundle.weights, card.name, card.rewarded_by, card.offset_scale, model, card.categories
    )
