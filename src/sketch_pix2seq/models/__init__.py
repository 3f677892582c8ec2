"""Tensors in, tensors out: the networks and their losses.

This room holds the mixture over pen movements, the encoders, the decoders, the
auto-encoder made of them, the classifier, and the losses. It needs torch; it knows nothing of
files, recipes or devices.

Shape letters: B batch, T steps, N rows of a packed batch (all the steps of all
its drawings), M mixture components, Z latent, H decoder state, C channels.
"""

from sketch_pix2seq.models.attention import AttentionDecoder, AttentionModel
from sketch_pix2seq.models.autoencoder import SketchAutoencoder
from sketch_pix2seq.models.classifier import SketchClassifier
from sketch_pix2seq.models.decoders import Decoder, HyperDecoder, LSTMDecoder
from sketch_pix2seq.models.encoders import ConvEncoder, GridEncoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.models.losses import (
    ClassifierLosses,
    DrawingLosses,
    Losses,
    reconstruction_losses,
)
from sketch_pix2seq.models.mixture import StrokeMixture

__all__ = [
    "AttentionDecoder",
    "AttentionModel",
    "ClassifierLosses",
    "ConvEncoder",
    "Decoder",
    "DrawingLosses",
    "GridEncoder",
    "HyperDecoder",
    "LSTMDecoder",
    "Losses",
    "PaperEncoder",
    "RNNEncoder",
    "SketchAutoencoder",
    "SketchClassifier",
    "StrokeMixture",
    "reconstruction_losses",
]
