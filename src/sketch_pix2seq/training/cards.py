"""The cards of the bundles that runs are exported to, and their check before a run begins."""

from __future__ import annotations

from typing import Any

from sketch_pix2seq.bundle.architectures import (
    Architecture,
    AttentionArchitecture,
    ClassifierArchitecture,
    RecurrentArchitecture,
)
from sketch_pix2seq.bundle.card import BundleCard, ClassifierCard
from sketch_pix2seq.errors import BundleError, UsageError
from sketch_pix2seq.training.recipe import ModelSettings, Recipe

TEMPERATURE = 0.4  # on validation drawings: lower: lines jitter without end; higher: lines stray


def check_exportable(recipe: Recipe, data: dict[str, Any], offset_scale: float) -> None:
    """Refuse to train what no bundle could hold, such as networks that are too large.

    Args:
        recipe: What is to be trained.
        data: The data set's card, as JSON has it.
        offset_scale: Pixels to a unit of the offsets.

    Raises:
        UsageError: Saying what does not fit.
    """
    try:
        if recipe.task == "classify":
            ClassifierCard.from_json(classifier_card(recipe, data, {}).to_json())
        else:
            BundleCard.from_json(bundle_card(recipe, data, {}, offset_scale).to_json())
    except BundleError as error:
        raise UsageError("what is trained must fit into a bundle", got=error) from error


def bundle_card(
    recipe: Recipe,
    data: dict[str, Any],
    metrics: dict[str, Any],
    offset_scale: float,
    temperature: float = TEMPERATURE,
) -> BundleCard:
    """Return the card of a model that draws."""
    return BundleCard(
        name=recipe.name,
        categories=tuple(data["categories"]),
        architecture=architecture_of(recipe.model),
        offset_scale=offset_scale,
        max_steps=data["longest"],
        temperature=temperature,
        raster=recipe.raster,
        recipe=recipe.to_dict(),
        data=data,
        metrics=metrics,
        attribution=data["licence"],
    )


def classifier_card(
    recipe: Recipe, data: dict[str, Any], metrics: dict[str, Any]
) -> ClassifierCard:
    """Return the card of a classifier."""
    return ClassifierCard(
        architecture=ClassifierArchitecture(width=recipe.model.encoder_width),
        categories=tuple(data["categories"]),
        raster=recipe.raster,
        recipe=recipe.to_dict(),
        data=data,
        metrics=metrics,
        attribution=data["licence"],
    )


def architecture_of(settings: ModelSettings) -> Architecture:
    """Return the architecture of the networks that a recipe trains."""
    if settings.decoder == "attention":
        return AttentionArchitecture(
            **{size: getattr(settings, size) for size in AttentionArchitecture.LIMITS}
        )
    sizes = (
        *("latent_dim", "num_components", "decoder_size"),
        *RecurrentArchitecture.ENCODERS[settings.encoder],
        *RecurrentArchitecture.DECODERS[settings.decoder],
    )
    return RecurrentArchitecture(
        name=settings.decoder,
        encoder=settings.encoder,
        **{size: getattr(settings, size) for size in sizes},
    )
