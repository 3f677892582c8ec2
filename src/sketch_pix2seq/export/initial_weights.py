"""From a bundle to the initial weights of a run."""

from __future__ import annotations

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.recipe import Recipe


def initial_weights_of(bundle: Bundle) -> InitialWeights:
    """The weights of a bundle, as a run can start from them.

    Args:
        bundle: the bundle of a model that draws.
    """
    card = bundle.card
    try:
        model = Recipe.from_dict(card.recipe).model
    except UsageError:  # of another version, or made elsewhere: its weights may fit all the same
        model = None
    return InitialWeights.from_bytes(
        bundle.weights, card.name, card.offset_scale, model, card.categories
    )
