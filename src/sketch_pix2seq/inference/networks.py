"""The networks of a bundle: from drawings to codes, and to the conditions of a decoder.

A new architecture needs a subclass of `Networks` and a line in `networks_of` here;
CONTRIBUTING.md lists where else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import AttentionArchitecture, RecurrentArchitecture
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.attention import AttentionCondition, AttentionDecoder
from sketch_pix2seq.inference.decoders import Decoder, HyperDecoder, LSTMDecoder
from sketch_pix2seq.inference.encoders import ConvEncoder, GridEncoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.sketch.network_layout import GRID_LAYERS, total_stride
from sketch_pix2seq.sketch.raster import frame_scale

Encoder: TypeAlias = Callable[[Float32[np.ndarray, "M ..."]], Float32[np.ndarray, "M Z"]]
"""From what `views_of` makes of drawings to their latent codes."""
HIDDEN_BLOCKS = 8
"""At a fidelity between 0 and 1, blocks in each direction, each visible or not."""


class Networks(ABC):
    """Encoder and decoder of a bundle."""

    attends = False
    """Whether the decoder attends to tokens: a category beside the code, and a picture's grid."""

    def __init__(self, decoder: Decoder[Any], *, attends_to_picture: bool = False) -> None:
        self.decoder = decoder
        self.attends_to_picture = attends_to_picture
        "Whether it learned to see the picture itself, not only its code."

    @abstractmethod
    def codes(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        """Latent codes of drawings, from what `views_of` makes of them."""

    @abstractmethod
    def from_codes(
        self, codes: Float32[np.ndarray, "N Z"], category_ids: Sequence[int] | None = None
    ) -> Sequence[Any]:
        """Conditions of drawings that are drawn from their codes, and of categories if given."""

    def from_views(
        self,
        views: Float32[np.ndarray, "M ..."],
        codes: Float32[np.ndarray, "M Z"],
        n: int,
        fidelity: float | None,
        seed: int,
        category_ids: Sequence[int] | None = None,
    ) -> Sequence[Any]:
        """Conditions of n redrawings of each drawing, from its view and code.

        Args:
            views: As of `codes`.
            codes: Codes of the drawings.
            n: Redrawings of each drawing.
            fidelity: How much of the picture the decoder sees, from 0 to 1; None: all that it can.
            seed: Seed of the choice of visible parts, with the index of the redrawing.
            category_ids: What the codes show, if that is known; counts only where they are all that
                is seen.
        """
        if fidelity:
            raise UsageError(
                "`fidelity` must be 0 or left out for a model that draws from its code alone",
                got=fidelity,
            )
        conditions = self.from_codes(codes, category_ids)
        return [condition for condition in conditions for _ in range(n)]

    def log_probs(
        self, condition: Any, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
    ) -> Float32[np.ndarray, "N"]:
        """Log densities of the first steps of drawings, in nats, by which their frame is chosen.

        Zeros for a model that takes a started drawing to be as large as the whole.
        """
        return np.zeros(len(prefixes), np.float32)


class RecurrentNetworks(Networks):
    """An encoder, from views to codes, and a recurrent decoder, from codes to steps."""

    def __init__(self, encoder: Encoder, decoder: Decoder[Any]) -> None:
        super().__init__(decoder)
        self._encoder = encoder

    def codes(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        """See `Networks`."""
        return self._encoder(views)

    def from_codes(
        self, codes: Float32[np.ndarray, "N Z"], category_ids: Sequence[int] | None = None
    ) -> Sequence[Any]:
        """See `Networks`: the codes themselves."""
        return list(codes)


class AttentionNetworks(Networks):
    """A grid encoder and a decoder that attends to its grids."""

    attends = True

    def __init__(
        self, encoder: GridEncoder, decoder: AttentionDecoder, *, attends_to_picture: bool
    ) -> None:
        super().__init__(decoder, attends_to_picture=attends_to_picture)
        self._encoder = encoder
        self._decoder = decoder

    def codes(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        """See `Networks`."""
        return self._encoder.codes(self._encoder.grids(views))

    def from_codes(
        self, codes: Float32[np.ndarray, "N Z"], category_ids: Sequence[int] | None = None
    ) -> Sequence[Any]:
        """See `Networks`."""
        ids = [None] * len(codes) if category_ids is None else category_ids
        return [
            self._decoder.condition(latent=code, category_id=number)
            for code, number in zip(codes, ids, strict=True)
        ]

    def from_views(
        self,
        views: Float32[np.ndarray, "M ..."],
        codes: Float32[np.ndarray, "M Z"],
        n: int,
        fidelity: float | None,
        seed: int,
        category_ids: Sequence[int] | None = None,
    ) -> Sequence[Any]:
        """See `Networks`."""
        if fidelity == 0 or not self.attends_to_picture:
            return super().from_views(views, codes, n, fidelity, seed, category_ids)
        if len(views) == 0:
            return []
        if fidelity is None or fidelity == 1:
            grids = self._encoder.grids(views)
            whole = (
                self._decoder.condition(grid=grid, ink=view[0], latent=code)
                for grid, view, code in zip(grids, views, codes, strict=True)
            )
            return [condition for condition in whole for _ in range(n)]
        return _PartlyVisible(self, views, codes, n, fidelity, seed)

    def partly_visible(
        self,
        view: Float32[np.ndarray, "1 S S"],
        code: Float32[np.ndarray, "Z"],
        visible: Float32[np.ndarray, "S S"],
    ) -> AttentionCondition:
        """Condition of one redrawing that sees some blocks of its picture."""
        (grid,) = self._encoder.grids(view[None], visible[None, None])
        return self._decoder.condition(
            grid=grid, ink=view[0] * visible, visible=visible, latent=code
        )

    def log_probs(
        self, condition: Any, prefixes: Sequence[Float32[np.ndarray, "_ 5"]]
    ) -> Float32[np.ndarray, "N"]:
        """See `Networks`."""
        return self._decoder.log_probs(condition, prefixes)


class _PartlyVisible(Sequence[Any]):
    """Conditions of n redrawings of each drawing, made on access: each is large."""

    def __init__(
        self,
        networks: AttentionNetworks,
        views: Float32[np.ndarray, "M 1 S S"],
        codes: Float32[np.ndarray, "M Z"],
        n: int,
        fidelity: float,
        seed: int,
    ) -> None:
        self._networks, self._views, self._codes = networks, views, codes
        self._n, self._fidelity, self._seed = n, fidelity, seed

    def __len__(self) -> int:
        return len(self._views) * self._n

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[index] for index in range(len(self))[number]]
        drawing, redrawing = divmod(range(len(self))[number], self._n)
        view = self._views[drawing]
        visible = _visible(view.shape[-1], self._fidelity, self._seed, redrawing)
        return self._networks.partly_visible(view, self._codes[drawing], visible)


def _visible(size: int, fidelity: float, seed: int, index: int) -> Float32[np.ndarray, "S S"]:
    """Which blocks of a picture are visible: a random share of `fidelity`."""
    num_blocks = HIDDEN_BLOCKS**2
    rng = np.random.default_rng([seed, index])
    visible = np.zeros(num_blocks, np.float32)
    visible[rng.permutation(num_blocks)[: round(fidelity * num_blocks)]] = 1
    side = size // HIDDEN_BLOCKS
    return np.kron(visible.reshape(HIDDEN_BLOCKS, -1), np.ones((side, side), np.float32))


def networks_of(bundle: Bundle) -> Networks:
    """Make the networks of a bundle; a `BundleError` says if its weights do not fit its card."""
    architecture = bundle.card.architecture
    if isinstance(architecture, AttentionArchitecture):
        return _attention(bundle, architecture)
    assert isinstance(architecture, RecurrentArchitecture)
    return RecurrentNetworks(
        _recurrent_encoder(bundle, architecture), _recurrent_decoder(bundle, architecture)
    )


def _attention(bundle: Bundle, architecture: AttentionArchitecture) -> AttentionNetworks:
    card = bundle.card
    size = card.raster.size
    encoder = GridEncoder(
        _part(bundle.weights, "encoder."), architecture.latent_dim, architecture.encoder_width, size
    )
    decoder = AttentionDecoder(
        _part(bundle.weights, "decoder."),
        latent_dim=architecture.latent_dim,
        num_categories=len(card.categories),
        channels=GRID_LAYERS[-1][0] * architecture.encoder_width,
        grid_size=size // total_stride(GRID_LAYERS),
        width=architecture.decoder_size,
        num_layers=architecture.num_layers,
        head_size=architecture.head_size,
        expansion=architecture.expansion,
        num_components=architecture.num_components,
        step_pixels=card.offset_scale * frame_scale(card.raster),
        picture_size=size,
        max_steps=card.max_steps,
    )
    return AttentionNetworks(encoder, decoder, attends_to_picture=card.attends_to_picture)


def _recurrent_encoder(bundle: Bundle, architecture: RecurrentArchitecture) -> Encoder:
    weights = _part(bundle.weights, "encoder.")
    latent_dim, picture_size = architecture.latent_dim, bundle.card.raster.size
    if architecture.encoder == "paper":
        return PaperEncoder(weights, latent_dim, picture_size)
    if architecture.encoder == "conv":
        assert architecture.encoder_width is not None
        return ConvEncoder(weights, latent_dim, architecture.encoder_width, picture_size)
    assert architecture.encoder_size is not None
    return RNNEncoder(weights, latent_dim, architecture.encoder_size)


def _recurrent_decoder(bundle: Bundle, architecture: RecurrentArchitecture) -> Decoder[Any]:
    weights = _part(bundle.weights, "decoder.")
    sizes = architecture.latent_dim, architecture.decoder_size, architecture.num_components
    if architecture.name == "lstm":
        return LSTMDecoder(weights, *sizes)
    if architecture.name == "layer_norm":
        return LSTMDecoder(weights, *sizes, layer_norm=True)
    if architecture.name != "hyper":
        raise AssertionError(f"no decoder `{architecture.name}`")
    assert architecture.hyper_size is not None
    assert architecture.hyper_embedding is not None
    return HyperDecoder(
        weights,
        *sizes,
        hyper_size=architecture.hyper_size,
        embedding_dim=architecture.hyper_embedding,
    )


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
