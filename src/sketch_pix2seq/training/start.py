"""Weights that a run begins with instead of its recipe's own: those of a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.recipe import ModelSettings, Recipe


@dataclass(frozen=True, eq=False)
class Start:
    """Weights to begin with.

    Args:
        weights: by the names of the model's own, as 32-bit floats.
        told: what the run's `run.json` says of them.
        model: settings of the networks that they are of; None: not known.
        categories: those that the networks know, in their order; None: not known.
    """

    weights: dict[str, Tensor]
    told: dict[str, Any]
    model: ModelSettings | None = None
    categories: tuple[str, ...] | None = None

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        name: str,
        rewarded_by: Sequence[str] = (),
        offset_scale: float | None = None,
        model: ModelSettings | None = None,
        categories: tuple[str, ...] | None = None,
    ) -> Start:
        """Read the weights of a bundle.

        Args:
            data: what its `weights.safetensors` holds.
            name: of the model, to be told.
            rewarded_by: digests of the judges that rewarded it, to be told as well.
            offset_scale: what it draws in units of, and the run will; None: it draws nothing.
            model: settings of its networks; None: not known.
            categories: those that it knows, in their order; None: not known.

        Raises:
            UsageError: if it holds no weights.
        """
        try:
            weights = {key: tensor.float() for key, tensor in load(data).items()}
        except SafetensorError as error:
            raise UsageError(f"the weights of `{name}` cannot be read", got=error) from error
        told = {"name": name, "sha256": sha256(data).hexdigest(), "rewarded_by": [*rewarded_by]}
        units = {} if offset_scale is None else {"offset_scale": offset_scale}
        return cls(weights, told | units, model, categories)

    def check(self, recipe: Recipe, categories: Sequence[str]) -> None:
        """Refuse weights that are not of the networks that a recipe trains.

        Args:
            recipe: what is to be trained.
            categories: of the data set.

        Raises:
            UsageError: naming what differs.
        """
        if recipe.attends and self.categories not in (None, tuple(categories)):
            raise UsageError(
                "`start_from` must know the categories of the data set, in their order, with "
                "`attention`",
                got=_some_names(self.categories or ()),
                do=f"The data set has {_some_names(categories)}.",
            )
        wanted = {
            name: tuple(tensor.shape)
            for name, tensor in build(recipe, len(categories)).state_dict().items()
        }
        given = {name: tuple(tensor.shape) for name, tensor in self.weights.items()}
        differ = sorted(
            name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name)
        )
        if differ:
            first = differ[0]
            raise UsageError(
                f"`start_from` must hold the networks of the recipe {recipe.name}: `{first}` must "
                f"be {wanted.get(first, 'left out')}",
                got=f"{given.get(first, 'none')}, and {len(differ) - 1} more that differ",
                do=self._remedy(recipe),
            )

    def _remedy(self, recipe: Recipe) -> str:
        """Name the settings with which a recipe trains these networks."""
        own = asdict(recipe.model)
        given = own if self.model is None else asdict(self.model)
        differ = [
            f"--set model.{name}={value}"
            for name, value in given.items()
            if value != own[name] and name != "recurrent_keep"
        ]
        if not differ:
            return "Give the settings with which that model was trained by --set."
        return f"That model was trained with {' '.join(differ)}."


def _some_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
