"""A recipe: every number that decides how a model is trained.

A recipe is a frozen tree of settings. `Recipe.with_settings` changes single ones
by their dotted names, as `--set optimiser.learning_rate=0.0005` does.
"""

from __future__ import annotations

from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.sketch.network_layout import (
    CONV_LAYERS,
    GRID_LAYERS,
    NUM_GROUPS,
    PAPER_LAYERS,
    SUMMARY_LAYERS,
    total_stride,
)
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.training.settings import CONFIG, from_dict, replace_settings, with_new_names

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=1)]
"""A decay, or the probability with which something is kept."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class ModelSettings:
    """The networks."""

    encoder: Literal["paper", "conv", "rnn", "grid"] = "paper"
    "`paper`: the picture, as in Figure 1; `conv`: stronger; `rnn`: the strokes; `grid`: tokens."
    encoder_width: Annotated[int, Field(gt=0, multiple_of=NUM_GROUPS)] = 24
    "Channels of the first layer of `conv` and `grid`, and of a classifier; a multiple of 8."
    encoder_size: PositiveInt = 256
    "Hidden size of each of the two LSTMs of the `rnn` encoder."
    latent_dim: PositiveInt = 128
    "Length of the latent code."
    decoder: Literal["lstm", "layer_norm", "hyper", "attention"] = "lstm"
    "An LSTM, one with layer normalisation, a HyperLSTM, or a transformer that sees its pen."
    decoder_size: PositiveInt = 512
    "Hidden size of the decoder."
    num_layers: PositiveInt = 4
    "Layers of the `attention` decoder."
    head_size: PositiveInt = 32
    "Size of each head of the `attention` decoder; a divisor of `decoder_size`."
    expansion: PositiveInt = 4
    "Width of the feed-forward network in each `attention` layer, in multiples of `decoder_size`."
    class_weight: NonNegativeFloat = 0.1
    "Weight of the cross entropy of categories, predicted from codes, with `attention`."
    keep: Factor = 1.0
    "Probability with which dropout keeps what a layer of the `attention` decoder adds."
    hyper_size: PositiveInt = 256
    "Hidden size of the smaller LSTM inside the `hyper` decoder."
    hyper_embedding: PositiveInt = 32
    "Length of the code with which it scales each gate."
    num_components: PositiveInt = 20
    "Gaussians in the mixture of one step."
    recurrent_keep: Factor = 0.9
    "Probability with which recurrent dropout keeps a candidate."

    def __post_init__(self) -> None:
        """Check the values that depend on each other."""
        _require(
            (
                (self.encoder == "grid") == (self.decoder == "attention"),
                "`model.encoder` must be `grid` with the decoder `attention`, and only with it",
            ),
            (
                self.decoder != "attention" or self.decoder_size % self.head_size == 0,
                "`model.decoder_size` must be a multiple of `model.head_size`",
            ),
        )


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class KLSettings:
    """The KL term, which holds the latent codes near a standard normal."""

    weight: NonNegativeFloat = 0.0
    "Its weight in the end; 0: there is no such term at all."
    first_weight: NonNegativeFloat = 0.01
    "Its weight at the first step."
    decay: Factor = 0.99995
    "Factor a step by which its weight comes nearer to the last one."
    free_nats: NonNegativeFloat = 0.2
    "A mean over batch and dimensions below this has no gradient."

    def weight_at(self, step: int) -> float:
        """The weight at a step, from 0.

        *Source*: Ha & Eck's reference code: 0.5 - (0.5 - 0.01) * 0.99995^step. There a
        final weight of 0 still leaves 0.01 * 0.99995^step; here it is truly none.
        """
        if self.weight == 0:
            return 0.0
        return self.weight - (self.weight - self.first_weight) * self.decay**step


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class ConditionSettings:
    """How often the `attention` decoder is given each condition, in training."""

    shown: Share = 0.35
    "Share of drawings whose whole picture it sees."
    partly: Share = 0.1
    "Share of drawings of whose picture it sees some blocks."
    code_with_picture: Share = 0.5
    "How often it is given the latent code as well, if it sees any of the picture."
    code_alone: Share = 0.7
    "How often it is given the latent code, if it sees nothing of the picture."
    category: Share = 0.4
    "How often it is given the category."

    def __post_init__(self) -> None:
        """Check the values that depend on each other."""
        _require(
            (self.shown + self.partly <= 1, "`conditions.partly` must be at most 1 - `shown`"),
        )


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class OptimiserSettings:
    """Adam with decoupled weight decay and clipped gradients."""

    learning_rate: PositiveFloat = 1e-3
    "Learning rate at the start (after the warm-up)."
    min_learning_rate: NonNegativeFloat = 1e-5
    "What the learning rate falls to."
    schedule: Literal["exponential", "cosine"] = "exponential"
    "`exponential`: falls by `decay` a step; `cosine`: reaches the minimum at the last step."
    decay: Factor = 0.9999
    "Factor a step of the `exponential` schedule."
    warmup_steps: NonNegativeInt = 0
    "Steps over which the learning rate rises from 0."
    clip: NonNegativeFloat = 1.0
    "Largest absolute value of a gradient element; 0: no limit."
    clip_norm: NonNegativeFloat = 0.0
    "Largest norm of the whole gradient; 0: no limit."
    weight_decay: NonNegativeFloat = 0.0
    "Share of each matrix's weights that a step of learning rate 1 takes away."
    second_moment_decay: Annotated[float, Field(gt=0, lt=1)] = 0.999
    "Adam's decay of squared gradients."
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    "Weights that are validated and exported are a running average with this decay; 0: none."

    def __post_init__(self) -> None:
        """Check the values that depend on each other."""
        _require(
            (
                self.min_learning_rate <= self.learning_rate,
                "`optimiser.min_learning_rate` must be at most `optimiser.learning_rate`",
            ),
        )


_STRIDES = {
    "paper": total_stride(PAPER_LAYERS),
    "conv": total_stride(CONV_LAYERS),
    "rnn": 1,
    "grid": total_stride((*GRID_LAYERS, *SUMMARY_LAYERS)),
}
"""For each encoder: the side of the picture must be a multiple of this."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Recipe:
    """Everything that decides a training run, except data and folder."""

    name: str
    "Name under which `sketch-pix2seq recipes` lists it."
    summary: str
    "What it is, in a line."
    task: Literal["redraw", "classify"] = "redraw"
    "`redraw`: a model that draws; `classify`: one that predicts the category of a drawing."
    num_steps: PositiveInt
    "Training steps."
    batch_size: PositiveInt = 100
    "Drawings a step."
    loss: Literal["valid", "magenta"] = "valid"
    "`valid` counts the rows of the drawings; `magenta` averages over padding, as sketch-rnn does."
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    "Of the first weights, the order of the drawings, augmentation, noise and dropout."
    precision: Literal["auto", "float32"] = "auto"
    "Of matrix products: `auto`, 16 bits where the machine multiplies them faster, or `float32`."
    balance: Share = 0.0
    "0 draws each category as often as it occurs, 1 all categories equally often."
    oversample: str = ""
    "Categories, with commas between, that together make up `oversample_share` of the drawings."
    oversample_share: Share = 0.0
    "Their share of the drawings."
    validate_every: PositiveInt = 1000
    "Steps between validations."
    validate_drawings: PositiveInt = 2000
    "Validation drawings on which losses are computed, at most."
    checkpoint_every: PositiveInt = 500
    "Steps between checkpoints."
    keep_checkpoints: PositiveInt = 3
    "Newest checkpoints kept; the best one is kept besides."
    sheet_every: NonNegativeInt = 1000
    "Steps between sheets of redrawings; 0: none."
    log_every: PositiveInt = 20
    "Steps between lines in the metrics."
    model: ModelSettings = field(default_factory=ModelSettings)
    kl: KLSettings = field(default_factory=KLSettings)
    conditions: ConditionSettings = field(default_factory=ConditionSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)
    raster: RasterSettings = field(default_factory=RasterSettings)

    def __post_init__(self) -> None:
        """Check the values that depend on each other."""
        draws, kl = self.task == "redraw", self.kl.weight > 0
        side = _STRIDES[self.model.encoder] if draws else 1
        _require(
            (draws or not self.sheet_every, "`sheet_every` must be 0 to classify"),
            (draws or not kl, "`kl.weight` must be 0 to classify"),
            (not (self.attends and kl), "`kl.weight` must be 0 with `attention`"),
            (
                self.attends or not self.augmentation.past_jitter,
                "`augmentation.past_jitter` must be 0 without `attention`",
            ),
            (
                self.oversample_share > 0 or not self.oversampled,
                "`oversample_share` must be above 0 with `oversample`",
            ),
            (self.raster.size % side == 0, f"`raster.size` must be a multiple of {side}"),
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
        optimiser = self.optimiser
        ignored: dict[str, str] = {}
        if self.task == "classify":
            for name in asdict(self.model).keys() - {"encoder_width"}:
                ignored[f"model.{name}"] = "`task` is classify"
            ignored |= dict.fromkeys(("loss", "precision"), "`task` is classify")
            for name in asdict(self.conditions):
                ignored[f"conditions.{name}"] = "`task` is classify"
        else:
            ignored |= self._ignored_by_architecture()
        if not self.oversampled:
            ignored["oversample_share"] = "`oversample` names no category"
        if self.kl.weight == 0:
            for name in ("first_weight", "decay", "free_nats"):
                ignored[f"kl.{name}"] = "`kl.weight` is 0"
        if optimiser.schedule == "cosine":
            ignored["optimiser.decay"] = "`optimiser.schedule` is cosine"
        return ignored

    def _ignored_by_architecture(self) -> dict[str, str]:
        """Of a recipe that draws: settings of other encoders and decoders, and why."""
        encoder, decoder = self.model.encoder, self.model.decoder
        by_encoder = {"model.encoder_size"}
        if encoder == "rnn":  # it reads strokes, and no picture
            pictures = ("augmentation.jitter", "augmentation.line_width")
            by_encoder = {*pictures, *(f"raster.{name}" for name in asdict(self.raster))}
        if encoder not in ("conv", "grid"):
            by_encoder.add("model.encoder_width")
        by_decoder = {"model.recurrent_keep", "augmentation.refit"}  # its drawings fill a frame
        if not self.attends:
            sizes = ("num_layers", "head_size", "expansion", "class_weight", "keep")
            by_decoder = {f"model.{name}" for name in sizes}
            by_decoder.update(f"conditions.{name}" for name in asdict(self.conditions))
        if decoder != "hyper":
            by_decoder.update(("model.hyper_size", "model.hyper_embedding"))
        return {
            **dict.fromkeys(by_encoder, f"`model.encoder` is {encoder}"),
            **dict.fromkeys(by_decoder, f"`model.decoder` is {decoder}"),
        }

    def with_settings(self, assignments: list[str]) -> Recipe:
        """Change single settings.

        Args:
            assignments: `key=value` each, the key dotted (`model.decoder_size=256`).

        Raises:
            UsageError: Naming every unknown key, with the nearest right ones, and
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
            UsageError: If a key is unknown or a value does not fit.
        """
        return from_dict(cls, with_new_names(values))


def _require(*rules: tuple[bool, str]) -> None:
    if problems := [rule for holds, rule in rules if not holds]:
        raise ValueError("; ".join(problems))
