"""A recipe: every number that decides how a model is trained.

A recipe is a frozen tree of settings. `Recipe.with_settings` changes single ones
by their dotted names, as `--set optimiser.learning_rate=0.0005` does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any, Literal

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.training.settings import from_dict, replace_settings, with_new_names


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The networks."""

    encoder: Literal["paper", "conv", "rnn", "grid"] = "paper"
    "`paper`: the picture, as in Figure 1; `conv`: stronger; `rnn`: the strokes; `grid`: tokens."
    encoder_width: int = 24
    "Channels of the first layer of the `conv` and `grid` encoders; a multiple of 8."
    encoder_size: int = 256
    "Hidden size of each of the two LSTMs of the `rnn` encoder."
    latent_dim: int = 128
    "Length of the latent code."
    decoder: Literal["lstm", "layer_norm", "hyper", "attention"] = "lstm"
    "An LSTM, one with layer normalisation, a HyperLSTM, or a transformer that sees its pen."
    decoder_size: int = 512
    "Hidden size of the decoder."
    num_layers: int = 4
    "Layers of the `attention` decoder."
    head_size: int = 32
    "Size of each head of the `attention` decoder; a divisor of `decoder_size`."
    expansion: int = 4
    "How many times `decoder_size` is inside each layer of the `attention` decoder."
    class_weight: float = 0.1
    "Weight of the cross entropy of categories, predicted from codes, with `attention`."
    keep: float = 1.0
    "Probability with which dropout keeps what a layer of the `attention` decoder adds."
    hyper_size: int = 256
    "Hidden size of the smaller LSTM inside the `hyper` decoder."
    hyper_embedding: int = 32
    "Length of the code with which it scales each gate."
    num_components: int = 20
    "Gaussians in the mixture of one step."
    recurrent_keep: float = 0.9
    "Probability with which recurrent dropout keeps a candidate."

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        _require(
            (
                "encoder_width",
                self.encoder_width > 0 and self.encoder_width % 8 == 0,
                "be a positive multiple of 8",
            ),
            *(
                (name, getattr(self, name) > 0, "be positive")
                for name in (
                    "encoder_size",
                    "latent_dim",
                    "decoder_size",
                    "hyper_size",
                    "hyper_embedding",
                    "num_components",
                    "num_layers",
                    "head_size",
                    "expansion",
                )
            ),
            ("class_weight", self.class_weight >= 0, "not be negative"),
            ("keep", 0 < self.keep <= 1, "lie in (0, 1]"),
            (
                "encoder",
                (self.encoder == "grid") == (self.decoder == "attention"),
                "be `grid` with the decoder `attention`, and only with it",
            ),
            (
                "decoder_size",
                self.decoder != "attention" or self.decoder_size % max(self.head_size, 1) == 0,
                "be a multiple of `head_size`",
            ),
            ("recurrent_keep", 0 < self.recurrent_keep <= 1, "lie in (0, 1]"),
            settings=self,
        )


@dataclass(frozen=True, kw_only=True)
class KLSettings:
    """The KL term, which holds the latent codes near a standard normal."""

    weight: float = 0.0
    "Its weight in the end; 0: there is no such term at all."
    first_weight: float = 0.01
    "Its weight at the first step."
    decay: float = 0.99995
    "Factor a step by which its weight comes nearer to the last one."
    free_nats: float = 0.2
    "A mean over batch and dimensions below this has no gradient."

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        _require(
            ("weight", self.weight >= 0, "not be negative"),
            ("first_weight", self.first_weight >= 0, "not be negative"),
            ("decay", 0 < self.decay <= 1, "lie in (0, 1]"),
            ("free_nats", self.free_nats >= 0, "not be negative"),
            settings=self,
        )

    def weight_at(self, step: int) -> float:
        """The weight at a step, from 0.

        Source: Ha & Eck's reference code: 0.5 - (0.5 - 0.01) * 0.99995^step. There a
        final weight of 0 still leaves 0.01 * 0.99995^step; here it is truly none.
        """
        if self.weight == 0:
            return 0.0
        return self.weight - (self.weight - self.first_weight) * self.decay**step


@dataclass(frozen=True, kw_only=True)
class ConditionSettings:
    """How often the `attention` decoder is given what, in training."""

    shown: float = 0.35
    "Share of drawings whose whole picture it sees."
    partly: float = 0.1
    "Share of drawings of whose picture it sees some blocks."
    code_with_picture: float = 0.5
    "How often it is given the latent code as well, if it sees any of the picture."
    code_alone: float = 0.7
    "How often it is given the latent code, if it sees nothing of the picture."
    category: float = 0.4
    "How often it is given the category."

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        names = ("shown", "partly", "code_with_picture", "code_alone", "category")
        _require(
            *((name, 0 <= getattr(self, name) <= 1, "lie in [0, 1]") for name in names),
            ("partly", self.shown + self.partly <= 1, "be at most 1 - `shown`"),
            settings=self,
        )


@dataclass(frozen=True, kw_only=True)
class OptimiserSettings:
    """How the weights move. Adam with decoupled weight decay, clipped gradients."""

    learning_rate: float = 1e-3
    "Learning rate at the start (after the warm-up)."
    min_learning_rate: float = 1e-5
    "What the learning rate falls to."
    schedule: Literal["exponential", "cosine"] = "exponential"
    "`exponential`: falls by `decay` a step; `cosine`: reaches the minimum at the last step."
    decay: float = 0.9999
    "Factor a step of the `exponential` schedule."
    warmup_steps: int = 0
    "Steps over which the learning rate rises from 0."
    clip: float = 1.0
    "Largest absolute value of a gradient element; 0: no limit."
    clip_norm: float = 0.0
    "Largest norm of the whole gradient; 0: no limit."
    weight_decay: float = 0.0
    "Share of each matrix's weights that a step of learning rate 1 takes away."
    second_moment_decay: float = 0.999
    "Adam's decay of squared gradients."
    average_decay: float = 0.0
    "Weights that are validated and exported are a running average with this decay; 0: none."

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        _require(
            ("learning_rate", self.learning_rate > 0, "be positive"),
            (
                "min_learning_rate",
                0 <= self.min_learning_rate <= self.learning_rate,
                "lie between 0 and `learning_rate`",
            ),
            (
                "schedule",
                self.schedule in ("exponential", "cosine"),
                "be `exponential` or `cosine`",
            ),
            ("decay", 0 < self.decay <= 1, "lie in (0, 1]"),
            ("warmup_steps", self.warmup_steps >= 0, "not be negative"),
            ("clip", self.clip >= 0, "not be negative"),
            ("clip_norm", self.clip_norm >= 0, "not be negative"),
            ("weight_decay", self.weight_decay >= 0, "not be negative"),
            ("second_moment_decay", 0 < self.second_moment_decay < 1, "lie in (0, 1)"),
            ("average_decay", 0 <= self.average_decay < 1, "lie in [0, 1)"),
            settings=self,
        )


@dataclass(frozen=True, kw_only=True)
class RewardSettings:
    """Policy gradients: a classifier rewards the model's own drawings (`train --judge`)."""

    weight: float = 0.0
    "Nats a row that it is worth if every drawing is recognised for certain; 0: nothing is drawn."
    inputs: int = 30
    "Drawings of each batch that the model draws again."
    redrawings: int = 5
    "How often it draws each; 2 at least."
    mixed: float = 0.3
    "Share of them that are mixed with another one first: both categories count then."
    temperature: float = 0.5
    "At which it draws."

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        _require(
            ("weight", self.weight >= 0, "not be negative"),
            ("inputs", self.inputs > 0, "be positive"),
            ("redrawings", self.redrawings >= 2, "be 2 or more"),
            ("mixed", 0 <= self.mixed <= 1, "lie in [0, 1]"),
            ("temperature", self.temperature > 0, "be positive"),
            settings=self,
        )


_SIDES = {"paper": 8, "conv": 16, "rnn": 1, "grid": 16}
"""What the side of the picture must be a multiple of, for each encoder."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run, but the data and the place."""

    name: str
    "Name under which `sketch-pix2seq recipes` lists it."
    summary: str
    "What it is, in a line."
    task: Literal["redraw", "classify"] = "redraw"
    "`redraw`: a model that draws; `classify`: one that predicts the category of a drawing."
    num_steps: int
    "Training steps."
    batch_size: int = 100
    "Drawings a step."
    loss: Literal["valid", "magenta"] = "valid"
    "`valid` counts the rows of the drawings; `magenta` averages over padding, as sketch-rnn does."
    seed: int = 0
    "Of the first weights, the order of the drawings, augmentation, noise and dropout."
    balance: float = 0.0
    "0 draws each category as often as it occurs, 1 all categories equally often."
    oversample: str = ""
    "Categories, with commas between, that together make up `oversample_share` of the drawings."
    oversample_share: float = 0.0
    "Their share of the drawings."
    validate_every: int = 1000
    "Steps between validations."
    validate_drawings: int = 2000
    "Drawings of the validation split looked at, at most."
    checkpoint_every: int = 500
    "Steps between checkpoints."
    keep_checkpoints: int = 3
    "Newest checkpoints kept; the best one is kept besides."
    sheet_every: int = 1000
    "Steps between sheets of redrawings; 0: none."
    log_every: int = 20
    "Steps between lines in the metrics."
    model: ModelSettings = field(default_factory=ModelSettings)
    kl: KLSettings = field(default_factory=KLSettings)
    conditions: ConditionSettings = field(default_factory=ConditionSettings)
    reward: RewardSettings = field(default_factory=RewardSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)
    raster: RasterSettings = field(default_factory=RasterSettings)

    def __post_init__(self) -> None:
        """Report every value that does not fit."""
        side = 1 if self.task == "classify" else _SIDES[self.model.encoder]
        counts = (
            "num_steps",
            "batch_size",
            "validate_every",
            "validate_drawings",
            "checkpoint_every",
            "keep_checkpoints",
            "log_every",
        )
        _require(
            *((name, getattr(self, name) > 0, "be positive") for name in counts),
            ("task", self.task in ("redraw", "classify"), "be `redraw` or `classify`"),
            ("loss", self.loss in ("valid", "magenta"), "be `valid` or `magenta`"),
            ("seed", 0 <= self.seed < 2**63, "lie in [0, 2^63)"),
            ("balance", 0 <= self.balance <= 1, "lie in [0, 1]"),
            ("oversample_share", 0 <= self.oversample_share <= 1, "lie in [0, 1]"),
            ("sheet_every", self.sheet_every >= 0, "not be negative"),
            ("sheet_every", self.task == "redraw" or not self.sheet_every, "be 0 to classify"),
            ("kl.weight", self.task == "redraw" or self.kl.weight == 0, "be 0 to classify"),
            ("reward.weight", self.task == "redraw" or not self.reward.weight, "be 0 to classify"),
            ("kl.weight", not self.attends or self.kl.weight == 0, "be 0 with `attention`"),
            ("reward.weight", not self.attends or not self.reward.weight, "be 0 with `attention`"),
            (
                "augmentation.past_jitter",
                self.attends or not self.augmentation.past_jitter,
                "be 0 without `attention`",
            ),
            ("raster", self.raster.size % side == 0, f"have a size that is a multiple of {side}"),
            settings=self,
        )

    @property
    def attends(self) -> bool:
        """Whether it trains the `attention` decoder."""
        return self.task == "redraw" and self.model.decoder == "attention"

    @property
    def oversampled(self) -> list[str]:
        """The categories that `oversample` names."""
        return [name.strip() for name in self.oversample.split(",") if name.strip()]

    def ignored_settings(self) -> dict[str, str]:
        """Dotted names of the settings that change nothing in this recipe, and why.

        Example:
            >>> Recipe(name="", summary="", num_steps=1).ignored_settings()["kl.free_nats"]
            '`kl.weight` is 0'
        """
        model, optimiser = self.model, self.optimiser
        ignored: dict[str, str] = {}
        if self.task == "classify":
            for name in asdict(model).keys() - {"encoder_width"}:
                ignored[f"model.{name}"] = "`task` is classify"
            ignored["loss"] = "`task` is classify"
        elif model.encoder not in ("conv", "grid"):
            ignored["model.encoder_width"] = f"`model.encoder` is {model.encoder}"
        if model.encoder != "rnn":
            ignored["model.encoder_size"] = f"`model.encoder` is {model.encoder}"
        if model.decoder != "hyper":
            for name in ("hyper_size", "hyper_embedding"):
                ignored[f"model.{name}"] = f"`model.decoder` is {model.decoder}"
        if not self.attends:
            for name in ("num_layers", "head_size", "expansion", "class_weight", "keep"):
                ignored[f"model.{name}"] = f"`model.decoder` is {model.decoder}"
            for name in asdict(self.conditions):
                ignored[f"conditions.{name}"] = f"`model.decoder` is {model.decoder}"
        else:
            ignored["model.recurrent_keep"] = "`model.decoder` is attention"
        if not self.oversampled:
            ignored["oversample_share"] = "`oversample` names no category"
        if self.kl.weight == 0:
            for name in ("first_weight", "decay", "free_nats"):
                ignored[f"kl.{name}"] = "`kl.weight` is 0"
        if self.reward.weight == 0:
            for name in asdict(self.reward).keys() - {"weight"}:
                ignored[f"reward.{name}"] = "`reward.weight` is 0"
        if optimiser.schedule == "cosine":
            ignored["optimiser.decay"] = "`optimiser.schedule` is cosine"
        return ignored

    def with_settings(self, assignments: list[str]) -> Recipe:
        """Change single settings.

        Args:
            assignments: `key=value` each, the key dotted (`model.decoder_size=256`).

        Raises:
            UsageError: naming every unknown key, with the nearest right ones, and
                every value that does not fit.
        """
        return replace_settings(self, assignments)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """From what `to_dict` gave, now or when settings had other names.

        Raises:
            UsageError: if a key is unknown or a value does not fit.
        """
        return from_dict(cls, with_new_names(values))


def _require(*rules: tuple[str, bool, str], settings: object) -> None:
    problems = [
        f"`{name}` must {rule}, got {attrgetter(name)(settings)!r}"
        for name, holds, rule in rules
        if not holds
    ]
    if problems:
        raise UsageError(f"{type(settings).__name__}: " + "; ".join(problems))
