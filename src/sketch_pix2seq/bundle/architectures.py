"""The networks of a bundle: their kinds and sizes, and the shapes of weights that follow.

A card names an architecture and its sizes. All that a file of weights must hold follows from them,
so a bundle is checked without building a network.

A new architecture needs its name in `ARCHITECTURES` here, with a subclass of `Architecture` unless
it is a cell of the recurrent one; CONTRIBUTING.md lists where else. Tests compare the shapes with
those of the torch networks.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

from sketch_pix2seq.bundle.checks import MAX_ATTENDED, MAX_FIRST_LAYER, MAX_STEPS, MAX_WEIGHTS
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.sketch.network_layout import (
    CLASSIFIER_LAYERS,
    CONV_LAYERS,
    ENCODING_DIM,
    GRID_LAYERS,
    NUM_CODE_TOKENS,
    NUM_GROUPS,
    NUM_SCALES,
    NUM_SHIFTS,
    PAPER_LAYERS,
    SUMMARY_LAYERS,
    VIEW_DIM,
    Layers,
    convolution_sizes,
    noise_dim,
    output_dim,
    total_stride,
)
from sketch_pix2seq.sketch.pen import STROKE5_DIM

PICTURE, STROKES = "picture", "strokes"
"""What an encoder reads."""

Shapes = dict[str, tuple[int, ...]]

_GATES = 4


class Architecture(ABC):
    """What a model is made of."""

    LIMITS: ClassVar[Mapping[str, int]]
    "The largest value of each size."

    name: str
    "What the card calls it."
    latent_dim: int
    "Length of the latent code."
    num_components: int
    "Gaussians in the mixture of one step."

    @property
    @abstractmethod
    def encoder_input(self) -> str:
        """What the encoder reads: `PICTURE` or `STROKES`."""

    @abstractmethod
    def problems(self, picture_size: int) -> list[str]:
        """Return a line for each size that does not fit; `shapes` needs sizes that do."""

    @abstractmethod
    def shapes(self, picture_size: int, num_categories: int) -> Shapes:
        """Return the shapes of all weights by the names that they have in training."""

    @property
    def noise_dim(self) -> int:
        """Length of the noise of one step, as `inference.noise` distributes it."""
        return noise_dim(self.num_components)

    def to_dict(self) -> dict[str, Any]:
        """As a card holds it: sizes that are None are left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class RecurrentArchitecture(Architecture):
    """An encoder and a recurrent decoder, as in the paper: all goes through the latent code.

    Args:
        name: Cell of the decoder: `lstm`, `layer_norm` or `hyper`.
        encoder: `paper`, `conv` or `rnn`.
        latent_dim: Length of the latent code.
        num_components: Gaussians in the mixture of one step.
        decoder_size: Hidden size of the decoder.
        encoder_width: Channels of the first layer, a multiple of 8; None but with `conv`.
        encoder_size: Hidden size of each of the two LSTMs; None but with `rnn`.
        hyper_size: Hidden size of the smaller LSTM; None but with `hyper`.
        hyper_embedding: Length of the code with which it scales each gate; None but with `hyper`.
    """

    LIMITS: ClassVar[Mapping[str, int]] = {
        "latent_dim": 1_024,
        "num_components": 100,
        "decoder_size": 2_048,
        "encoder_width": 256,
        "encoder_size": 2_048,
        "hyper_size": 2_048,
        "hyper_embedding": 256,
    }
    ENCODERS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "paper": (),
        "conv": ("encoder_width",),
        "rnn": ("encoder_size",),
    }
    DECODERS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "lstm": (),
        "layer_norm": (),
        "hyper": ("hyper_size", "hyper_embedding"),
    }
    STRIDES: ClassVar[Mapping[str, int]] = {
        "paper": total_stride(PAPER_LAYERS),
        "conv": total_stride(CONV_LAYERS),
        "rnn": 1,
    }
    "A picture's side must be a multiple of this."

    name: str
    encoder: str
    latent_dim: int
    num_components: int
    decoder_size: int
    encoder_width: int | None = None
    encoder_size: int | None = None
    hyper_size: int | None = None
    hyper_embedding: int | None = None

    @property
    def encoder_input(self) -> str:
        """See `Architecture`."""
        return STROKES if self.encoder == "rnn" else PICTURE

    def problems(self, picture_size: int) -> list[str]:
        """See `Architecture`."""
        if self.encoder not in tuple(self.ENCODERS):  # it may be of a type without a hash
            return [f"`encoder` must be {_one_of(self.ENCODERS)}, got {ascii(self.encoder)[:80]}"]
        unused = {*sum(self.ENCODERS.values(), ()), *sum(self.DECODERS.values(), ())}
        unused -= {*self.ENCODERS[self.encoder], *self.DECODERS[self.name]}
        surplus = [
            f"`{size}` must be left out of a model without such a part"
            for size in self.LIMITS
            if size in unused and getattr(self, size) is not None
        ]
        used = {size: limit for size, limit in self.LIMITS.items() if size not in unused}
        problems = surplus + _size_problems(self, used)
        stride = self.STRIDES[self.encoder]
        return problems or _picture_problems(picture_size, stride, self.encoder_width)

    def shapes(self, picture_size: int, num_categories: int) -> Shapes:
        """See `Architecture`."""
        return _joined(self._encoder_shapes(picture_size), self._decoder_shapes())

    def _encoder_shapes(self, picture_size: int) -> Shapes:
        side = picture_size // self.STRIDES[self.encoder]
        if self.encoder == "paper":
            layers: Shapes = {
                f"convolutions.{index}.weight": (after, before, 2, 2)
                for index, (before, after, _) in enumerate(convolution_sizes(1, 1, PAPER_LAYERS))
            }
            num_features = PAPER_LAYERS[-1][0] * side**2
        elif self.encoder == "conv":
            width = self.encoder_width or 0
            layers = _convolutions(1, width, CONV_LAYERS)
            num_features = CONV_LAYERS[-1][0] * width * side**2
        else:
            size = self.encoder_size or 0
            weight, bias = (_GATES * size, STROKE5_DIM + size), (_GATES * size,)
            layers = {"forwards": weight, "backwards": weight}
            layers |= {"forwards_bias": bias, "backwards_bias": bias}
            num_features = 2 * size
        return layers | _head(num_features, self.latent_dim)

    def _decoder_shapes(self) -> Shapes:
        size, latent = self.decoder_size, self.latent_dim
        gates = _GATES * size
        output = _linear("output", size, output_dim(self.num_components))
        if self.name in ("lstm", "layer_norm"):
            plain = self.name == "lstm"
            return {
                **_linear("start", latent, 2 * size),
                "latent.weight": (gates, latent),
                "weight": (gates, STROKE5_DIM + size),
                **({"latent.bias": (gates,)} if plain else _cell_norm("norm", size)),
                **output,
            }
        if self.name != "hyper":
            raise AssertionError(f"no decoder `{self.name}`")
        hyper, embedding = self.hyper_size or 0, self.hyper_embedding or 0
        num_codes = NUM_SCALES + NUM_SHIFTS
        return {
            **_linear("start", latent, 2 * (size + hyper)),
            "latent.weight": (gates, latent),
            "hyper_latent.weight": (_GATES * hyper, latent),
            "step_weight": (gates, STROKE5_DIM),
            "recurrent_weight": (gates, size),
            "hyper_weight": (_GATES * hyper, STROKE5_DIM + size + hyper),
            "code_weight": (num_codes * embedding, hyper),
            "code_bias": (NUM_SCALES * embedding,),
            "scaling": (num_codes, embedding, size),
            **_cell_norm("norm", size),
            **_cell_norm("hyper_norm", hyper),
            **output,
        }


@dataclass(frozen=True, kw_only=True)
class AttentionArchitecture(Architecture):
    """A picture's grid of tokens, and a decoder that knows its pen's position and attends to it.

    Args:
        name: `attention`.
        latent_dim: Length of the latent code.
        num_components: Gaussians in the mixture of one step.
        encoder_width: Channels of the first layer, a multiple of 8.
        decoder_size: Width of the decoder, a multiple of `head_size`.
        num_layers: Layers of the decoder.
        head_size: Size of each head.
        expansion: Hidden size of each feed-forward layer, as a multiple of `decoder_size`.
    """

    LIMITS: ClassVar[Mapping[str, int]] = {
        "latent_dim": 1_024,
        "num_components": 100,
        "encoder_width": 256,
        "decoder_size": 2_048,
        "num_layers": 32,
        "head_size": 256,
        "expansion": 8,
    }
    STRIDE: ClassVar[int] = total_stride((*GRID_LAYERS, *SUMMARY_LAYERS))
    "A picture's side must be a multiple of this."

    name: str = "attention"
    latent_dim: int
    num_components: int
    encoder_width: int
    decoder_size: int
    num_layers: int
    head_size: int
    expansion: int

    @property
    def encoder_input(self) -> str:
        """See `Architecture`."""
        return PICTURE

    def problems(self, picture_size: int) -> list[str]:
        """See `Architecture`."""
        if problems := _size_problems(self, self.LIMITS):
            return problems
        problems = _picture_problems(picture_size, self.STRIDE, self.encoder_width)
        if self.decoder_size % self.head_size:
            problems.append("`decoder_size` must be a multiple of `head_size`")
        positions = (picture_size // total_stride(GRID_LAYERS)) ** 2 + MAX_STEPS
        if self.num_layers * self.head_size * positions > MAX_ATTENDED:
            problems.append("`num_layers` times `head_size` must be smaller for such pictures")
        return problems

    def shapes(self, picture_size: int, num_categories: int) -> Shapes:
        """See `Architecture`."""
        width, first = self.decoder_size, self.encoder_width
        channels = GRID_LAYERS[-1][0] * first
        encoder = {
            **_convolutions(2, first, GRID_LAYERS),
            **_convolutions(channels, first, SUMMARY_LAYERS, "summary"),
            **_head(channels * (picture_size // self.STRIDE) ** 2, self.latent_dim),
            **_linear("classes", self.latent_dim, num_categories),
        }
        decoder: Shapes = {
            **_linear("grid", channels, width),
            "grid_place": ((picture_size // total_stride(GRID_LAYERS)) ** 2, width),
            **_linear("code", self.latent_dim, NUM_CODE_TOKENS * width),
            "category.weight": (num_categories, width),
            "null": (width,),
            **_norm("memory_norm", width),
            **_linear("step", STROKE5_DIM + ENCODING_DIM + VIEW_DIM, width),
            "shown.weight": (3, width),
            **_norm("norm", width),
            **_linear("output", width, output_dim(self.num_components)),
        }
        for number in range(self.num_layers):
            layer = f"layers.{number}"
            decoder |= {
                **_norm(f"{layer}.norm", width),
                f"{layer}.query.weight": (width, width),
                f"{layer}.key_value.weight": (2 * self.head_size, width),
                f"{layer}.memory_key_value.weight": (2 * self.head_size, width),
                f"{layer}.out.weight": (width, width),
                **_norm(f"{layer}.feed_norm", width),
                **_linear(f"{layer}.feed_in", width, self.expansion * width),
                **_linear(f"{layer}.feed_out", self.expansion * width, width),
            }
        return _joined(encoder, decoder)


@dataclass(frozen=True, kw_only=True)
class ClassifierArchitecture:
    """A classifier of pictures: convolutions, a mean over the picture, one layer.

    Args:
        name: `conv`.
        width: Channels of the first layer, a multiple of 8.
    """

    LIMITS: ClassVar[Mapping[str, int]] = {"width": 256}

    name: str = "conv"
    width: int

    def to_dict(self) -> dict[str, Any]:
        """As a card holds it."""
        return dict(vars(self))

    def problems(self, picture_size: int) -> list[str]:
        """See `Architecture`."""
        if self.name != "conv":
            return [f"`name` of the architecture must be `conv`, got {ascii(self.name)[:80]}"]
        problems = _size_problems(self, self.LIMITS)
        return problems or _picture_problems(picture_size, 1, self.width, "width")

    def shapes(self, picture_size: int, num_categories: int) -> Shapes:
        """See `Architecture`."""
        num_features = CLASSIFIER_LAYERS[-1][0] * self.width
        layers = _convolutions(1, self.width, CLASSIFIER_LAYERS)
        return {**layers, **_linear("head", num_features, num_categories)}


ARCHITECTURES: Mapping[str, type[Architecture]] = {
    **dict.fromkeys(RecurrentArchitecture.DECODERS, RecurrentArchitecture),
    "attention": AttentionArchitecture,
}
"""What a card may name."""


def architecture_from(values: object) -> Architecture:
    """Make the architecture that a card describes; `problems` checks its sizes.

    Raises:
        BundleError: If its name is unknown, or a size is missing or unknown.
    """
    if not isinstance(values, dict) or not isinstance(values.get("name"), str):
        raise BundleError("`architecture` must be an object with a `name`")
    kind = ARCHITECTURES.get(values["name"])
    if kind is None:
        raise BundleError(
            f"`name` of the architecture must be {_one_of(ARCHITECTURES)}",
            got=ascii(values["name"])[:80],
            do="A newer release of sketch-pix2seq may know it.",
        )
    architecture: Architecture = _made(kind, values)
    return architecture


def classifier_from(values: object) -> ClassifierArchitecture:
    """The same for the card of a classifier."""
    if not isinstance(values, dict):
        raise BundleError("`architecture` must be an object")
    architecture: ClassifierArchitecture = _made(ClassifierArchitecture, values)
    return architecture


def _made(kind: type[Any], values: Mapping[str, object]) -> Any:
    names = {item.name for item in fields(kind)}
    if unknown := sorted(values.keys() - names):
        raise BundleError(f"`architecture` must not hold {ascii(unknown[0])[:80]}")
    needed = [item.name for item in fields(kind) if item.default is MISSING]
    if missing := [name for name in needed if name not in values]:
        raise BundleError(f"`architecture` must hold `{missing[0]}`")
    return kind(**values)


def weight_problems(shapes: Shapes) -> list[str]:
    """Return a line if there would be too many weights."""
    num = sum(math.prod(shape) for shape in shapes.values())
    rule = f"there must be at most {MAX_WEIGHTS:,} weights, got {num:,}"
    return [rule] if num > MAX_WEIGHTS else []


def _joined(encoder: Shapes, decoder: Shapes) -> Shapes:
    parts = {"encoder": encoder, "decoder": decoder}
    return {f"{part}.{name}": of for part, shapes in parts.items() for name, of in shapes.items()}


def _convolutions(num_inputs: int, width: int, layers: Layers, name: str = "layers") -> Shapes:
    """3x3 convolutions without bias, each with a group norm; every third layer has no weights."""
    shapes: Shapes = {}
    for index, (before, after, _) in enumerate(convolution_sizes(num_inputs, width, layers)):
        shapes[f"{name}.{3 * index}.weight"] = (after, before, 3, 3)
        shapes |= _norm(f"{name}.{3 * index + 1}", after)
    return shapes


def _linear(name: str, num_inputs: int, num_outputs: int) -> Shapes:
    return {f"{name}.weight": (num_outputs, num_inputs), f"{name}.bias": (num_outputs,)}


def _head(num_features: int, latent_dim: int) -> Shapes:
    mean = _linear("head.mean", num_features, latent_dim)
    return mean | _linear("head.log_var", num_features, latent_dim)


def _norm(name: str, size: int) -> Shapes:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def _cell_norm(name: str, size: int) -> Shapes:
    sizes = {"gain": _GATES * size, "shift": _GATES * size, "cell_gain": size, "cell_shift": size}
    return {f"{name}.{part}": (num,) for part, num in sizes.items()}


def _size_problems(architecture: object, limits: Mapping[str, int]) -> list[str]:
    return [
        f"`{name}` must be a whole number from 1 to {limit:,}, got {ascii(value)[:80]}"
        for name, limit in limits.items()
        for value in (getattr(architecture, name),)
        if not (type(value) is int and 0 < value <= limit)
    ]


def _picture_problems(
    picture_size: int, stride: int, width: int | None, name: str = "encoder_width"
) -> list[str]:
    """Return problems of a picture's side and of the channels of the first layer."""
    problems = []
    if picture_size % stride:
        problems.append(f"`size` of the raster must be a multiple of {stride}")
    if width and width % NUM_GROUPS:
        problems.append(f"`{name}` must be a multiple of {NUM_GROUPS}, got {width}")
    elif width and width * picture_size**2 > MAX_FIRST_LAYER:
        rule = f"`{name}` times the pixels of a picture must be at most {MAX_FIRST_LAYER:,}"
        problems.append(f"{rule}, got {width * picture_size**2:,}")
    return problems


def _one_of(names: Mapping[str, object]) -> str:
    *some, last = (f"`{name}`" for name in names)
    return f"{', '.join(some)} or {last}"
