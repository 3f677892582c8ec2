"""Initial weights of a run that are those of a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.recipe import ModelSettings, Recipe


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """Weights of a trained model.

    Args:
        weights: By their names in the model's state dict, as 32-bit floats.
        facts: Their entry `started_from` in `run.json`.
        model: Settings of that model's networks; None: not known.
        categories: Categories of that model, in its order; None: not known.
    """

    weights: dict[str, Tensor]
    facts: dict[str, Any]
    model: ModelSettings | None = None
    categories: tuple[str, ...] | None = None

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> InitialWeights:
        """Read the content of a file of weights.

        Raises:
            UsageError: If `data` cannot be read.
        """
        try:
            weights = {key: tensor.float() for key, tensor in load(data).items()}
        except SafetensorError as error:
            raise UsageError(f"the weights of `{name}` cannot be read", got=error) from error
        return cls(weights, {"name": name, "sha256": sha256(data).hexdigest()})

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> InitialWeights:
        """Use the weights of a model that draws; a run that starts from them has its units."""
        card = bundle.card
        try:
            model = Recipe.from_dict(card.recipe).model
        except UsageError:  # made elsewhere: its weights may fit all the same
            model = None
        initial = cls.from_bytes(bundle.weights_file, card.name)
        facts = initial.facts | {"offset_scale": card.offset_scale}
        return replace(initial, facts=facts, model=model, categories=card.categories)

    @classmethod
    def from_classifier(cls, classifier: ClassifierFiles, name: str) -> InitialWeights:
        """Use the weights of an exported classifier."""
        initial = cls.from_bytes(classifier.weights_file, name)
        return replace(initial, categories=classifier.card.categories)

    def check(self, recipe: Recipe, categories: Sequence[str]) -> None:
        """Check that the weights are those of the networks that a recipe trains.

        Raises:
            UsageError: Naming what differs.
        """
        needs_categories = recipe.attends or recipe.task == "classify"
        if needs_categories and self.categories not in (None, tuple(categories)):
            raise UsageError(
                "`start_from` must know the categories of the data set, in their order, "
                f"{'with `attention`' if recipe.attends else 'to classify'}",
                got=_some_names(self.categories or ()),
                do=f"The data set has {_some_names(categories)}.",
            )
        expected, present = (
            {(name, tuple(tensor.shape)) for name, tensor in weights.items()}
            for weights in (build(recipe, len(categories)).state_dict(), self.weights)
        )
        if differ := sorted({name for name, _ in expected ^ present}):
            first = differ[0]
            raise UsageError(
                f"`start_from` must hold the networks of the recipe {recipe.name}: `{first}` must "
                f"be {dict(expected).get(first, 'left out')}",
                got=f"{dict(present).get(first, 'none')}, and {len(differ) - 1} more that differ",
                do=self._remedy(recipe),
            )

    def _remedy(self, recipe: Recipe) -> str:
        """Name the settings with which a recipe trains these networks."""
        settings = asdict(recipe.model)
        trained_with = settings if self.model is None else asdict(self.model)
        differ = [
            f"--set model.{name}={value}"
            for name, value in trained_with.items()
            if value != settings[name] and name != "recurrent_keep"
        ]
        if not differ:
            return "Give the settings with which that model was trained by --set."
        return f"That model was trained with {' '.join(differ)}."


def _some_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
