"""The networks of a bundle: from drawings to codes, and to the conditions of a decoder.

A new architecture needs a subclass of `Networks` and a line in `networks_of` here;
CONTRIBUTING.md lists where else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import AttentionArchitecture, RecurrentArchitecture
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.attention import AttentionCondition, AttentionDecoder
from sketch_pix2seq.inference.decoders import Decoder, HyperDecoder, LSTMDecoder
from sketch_pix2seq.inference.encoders import ConvEncoder, GridEncoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.inference.noise import open_stream
from sketch_pix2seq.sketch.network_layout import GRID_LAYERS, total_stride
from sketch_pix2seq.sketch.raster import frame_scale

Encoder: TypeAlias = Callable[[Float32[np.ndarray, "M ..."]], Float32[np.ndarray, "M Z"]]
"""From what `views_of` makes of drawings to their latent codes."""
NUM_KEPT = 256
"""Conditions from codes that are kept while they may be drawn from again."""
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
        self,
        codes: Float32[np.ndarray, "N Z"],
        category_ids: Sequence[int] | None = None,
        n: int = 1,
    ) -> Sequence[Any]:
        """Conditions of n drawings from each code, and of categories if given."""

    def from_views(
        self,
        views: Float32[np.ndarray, "M ..."],
        codes: Float32[np.ndarray, "M Z"],
        n: int,
        fidelity: float | None,
        seeds: Sequence[int],
        category_ids: Sequence[int] | None = None,
    ) -> Sequence[Any]:
        """Conditions of n redrawings of each drawing, from its view and code.

        Args:
            views: As of `codes`.
            codes: Codes of the drawings.
            n: Redrawings of each drawing.
            fidelity: How much of the picture the decoder sees, from 0 to 1; None: all that it can.
            seeds: Of each drawing that of the choice of visible parts, with the index of the
                redrawing.
            category_ids: What the codes show, if that is known; counts only where they are all that
                is seen.
        """
        self.check_fidelity(fidelity)
        return self.from_codes(codes, category_ids, n)

    def check_fidelity(self, fidelity: float | None) -> None:
        """Check that a model that sees no picture need not keep to it."""
        if fidelity and not self.attends_to_picture:
            raise UsageError(
                "`fidelity` must be 0 or left out for a model that draws from its code alone",
                got=fidelity,
            )

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
        self,
        codes: Float32[np.ndarray, "N Z"],
        category_ids: Sequence[int] | None = None,
        n: int = 1,
    ) -> Sequence[Any]:
        """See `Networks`: the codes themselves."""
        return [code for code in codes for _ in range(n)]


class AttentionNetworks(Networks):
    """A grid encoder and a decoder that attends to its grids."""

    attends = True

    def __init__(
        self,
        encoder: GridEncoder,
        decoder: AttentionDecoder,
        *,
        attends_to_picture: bool,
        takes_category: bool,
    ) -> None:
        super().__init__(decoder, attends_to_picture=attends_to_picture)
        self._takes_category = takes_category
        self._encoder = encoder
        self._decoder = decoder

    def codes(self, views: Float32[np.ndarray, "M ..."]) -> Float32[np.ndarray, "M Z"]:
        """See `Networks`."""
        return self._encoder.codes(self._encoder.grids(views))

    def from_codes(
        self,
        codes: Float32[np.ndarray, "N Z"],
        category_ids: Sequence[int] | None = None,
        n: int = 1,
    ) -> Sequence[Any]:
        """See `Networks`."""

        @lru_cache(NUM_KEPT)
        def condition(number: int) -> AttentionCondition:
            category = None
            if category_ids is not None and self._takes_category:
                category = category_ids[number]
            return self._decoder.condition(latent=codes[number], category_id=category)

        return _OnAccess(lambda number: condition(number // n), n * len(codes))

    def from_views(
        self,
        views: Float32[np.ndarray, "M ..."],
        codes: Float32[np.ndarray, "M Z"],
        n: int,
        fidelity: float | None,
        seeds: Sequence[int],
        category_ids: Sequence[int] | None = None,
    ) -> Sequence[Any]:
        """See `Networks`."""
        if fidelity == 0 or not self.attends_to_picture:
            return super().from_views(views, codes, n, fidelity, seeds, category_ids)
        if len(views) == 0:
            return []
        if fidelity is None or fidelity == 1:
            grids = self._encoder.grids(views)
            whole = (
                self._decoder.condition(grid=grid, ink=view[0], latent=code)
                for grid, view, code in zip(grids, views, codes, strict=True)
            )
            return [condition for condition in whole for _ in range(n)]

        def partly_visible(number: int) -> AttentionCondition:
            drawing, redrawing = divmod(number, n)
            visible = _visible(views.shape[-1], fidelity, seeds[drawing], redrawing)
            return self._partly_visible(views[drawing], codes[drawing], visible)

        return _OnAccess(partly_visible, n * len(views))

    def _partly_visible(
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


class _OnAccess(Sequence[Any]):
    """Conditions of so many drawings, each made on access: they are large."""

    def __init__(self, make: Callable[[int], AttentionCondition], count: int) -> None:
        self._make, self._count = make, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[index] for index in range(self._count)[number]]
        return self._make(range(self._count)[number])


def _visible(size: int, fidelity: float, seed: int, index: int) -> Float32[np.ndarray, "S S"]:
    """Which blocks of a picture are visible: a random share of `fidelity`."""
    num_blocks = HIDDEN_BLOCKS**2
    visible = np.zeros(num_blocks, np.float32)
    visible[open_stream(seed, index).permutation(num_blocks)[: round(fidelity * num_blocks)]] = 1
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
    return AttentionNetworks(
        encoder,
        decoder,
        attends_to_picture=card.attends_to_picture,
        takes_category=card.takes_category,
    )


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
