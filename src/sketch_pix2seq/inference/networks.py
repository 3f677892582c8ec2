"""From a bundle's card and weights to the networks that compute with them.

A new architecture is entered here: what encodes its drawings, and what draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import RecurrentArchitecture
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.inference.classifier_network import ClassifierNetwork
from sketch_pix2seq.inference.decoder import Decoder
from sketch_pix2seq.inference.decoders import HyperDecoder, LayerNormDecoder, LSTMDecoder
from sketch_pix2seq.inference.encoders import ConvEncoder, PaperEncoder, RNNEncoder

Encoder: TypeAlias = Callable[[Float32[np.ndarray, "M ..."]], Float32[np.ndarray, "M Z"]]
"""From what `views_of` makes of drawings to their latent codes."""


def encoder_of(bundle: Bundle) -> Encoder:
    """Make the encoder of a bundle.

    Raises:
        BundleError: If its weights are not what its card says.
    """
    architecture = bundle.card.architecture
    assert isinstance(architecture, RecurrentArchitecture)
    weights = _part(bundle.arrays, "encoder.")
    latent_dim, picture_size = architecture.latent_dim, bundle.card.raster.size
    if architecture.encoder == "paper":
        return PaperEncoder(weights, latent_dim, picture_size)
    if architecture.encoder == "conv":
        assert architecture.encoder_width is not None
        return ConvEncoder(weights, latent_dim, architecture.encoder_width, picture_size)
    assert architecture.encoder_size is not None
    return RNNEncoder(weights, latent_dim, architecture.encoder_size)


def decoder_of(bundle: Bundle) -> Decoder[Any]:
    """Make the decoder of a bundle.

    Raises:
        BundleError: If its weights are not what its card says.
    """
    architecture = bundle.card.architecture
    assert isinstance(architecture, RecurrentArchitecture)
    weights = _part(bundle.arrays, "decoder.")
    sizes = architecture.latent_dim, architecture.decoder_size, architecture.num_components
    if architecture.name == "lstm":
        return LSTMDecoder(weights, *sizes)
    if architecture.name == "layer_norm":
        return LayerNormDecoder(weights, *sizes)
    assert architecture.hyper_size is not None
    assert architecture.hyper_embedding is not None
    return HyperDecoder(
        weights,
        *sizes,
        hyper_size=architecture.hyper_size,
        embedding_dim=architecture.hyper_embedding,
    )


def classifier_of(files: ClassifierFiles) -> ClassifierNetwork:
    """Make the network of a classifier.

    Raises:
        BundleError: If its weights are not what its card says.
    """
    card = files.card
    return ClassifierNetwork(files.arrays, len(card.categories), card.architecture.width)


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
