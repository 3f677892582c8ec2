"""A bundle for tests: a tiny model with random weights."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from sketch_pix2seq.bundle.architectures import (
    PICTURE,
    AttentionArchitecture,
    ClassifierArchitecture,
    RecurrentArchitecture,
)
from sketch_pix2seq.bundle.bundle import WEIGHTS_FILE, Bundle
from sketch_pix2seq.bundle.card import MODEL_FILE, BundleCard, ClassifierCard
from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.bundle.latents import LATENTS_FILE, NUM_MODES, LatentGaussians
from sketch_pix2seq.export.classifier import write_classifier as write_classifier_files
from sketch_pix2seq.export.files import stored
from sketch_pix2seq.inference.classifier import Classifier
from sketch_pix2seq.inference.sketcher import Prediction
from sketch_pix2seq.models import (
    AttentionDecoder,
    AttentionModel,
    GridEncoder,
    LSTMDecoder,
    PaperEncoder,
    RNNEncoder,
    SketchAutoencoder,
    SketchClassifier,
)
from sketch_pix2seq.models.attention import ConditionShares
from sketch_pix2seq.sketch.raster import RasterSettings, frame_scale
from sketch_pix2seq.training.recipe import ConditionSettings

LATENT_DIM = 16
SIZE = 48
ENCODER_SIZE = 12
NUM_COMPONENTS = 4
MAX_STEPS = 60
CLASSIFIER_WIDTH = 8
OFFSET_SCALE = 20.0
ATTENTION_CATEGORIES = ("cat", "clock", "dog")
ATTENTION_SIZE, HEAD_SIZE, ENCODER_WIDTH, PICTURE_SIZE = 24, 8, 8, 32


def tiny_model(encoder_input: str = PICTURE) -> SketchAutoencoder:
    """A model whose drawings have about 25 points in a few strokes, and sometimes too many."""
    encoder: PaperEncoder | RNNEncoder
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        if encoder_input == PICTURE:
            encoder = PaperEncoder(LATENT_DIM)
        else:
            encoder = RNNEncoder(LATENT_DIM, ENCODER_SIZE)
        decoder = LSTMDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS)
        with torch.no_grad():
            decoder.output.bias[:3] = torch.tensor([3.0, 1.0, 0.3])  # down, up, end
            decoder.start.weight.normal_(std=0.3)
            encoder.head.mean.weight.normal_(std=0.3)
    return SketchAutoencoder(encoder, decoder).eval()


@functools.cache
def tiny_bundle(encoder_input: str = PICTURE) -> Bundle:
    """The model, as a bundle."""
    model = tiny_model(encoder_input)
    card = BundleCard(
        name="tiny",
        architecture=plain_architecture(
            encoder_input,
            encoder_size=None if encoder_input == PICTURE else ENCODER_SIZE,
            latent_dim=LATENT_DIM,
            num_components=NUM_COMPONENTS,
            decoder_size=SIZE,
        ),
        categories=("noise",),
        offset_scale=OFFSET_SCALE,
        max_steps=MAX_STEPS,
        temperature=0.8,
        raster=RasterSettings(),
    )
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    return Bundle(card, weights, tiny_latents(1).to_bytes())


def tiny_latents(num_categories: int, seed: int = 0) -> LatentGaussians:
    """Gaussians of codes with made-up numbers."""
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(2, LATENT_DIM, LATENT_DIM)) * 0.1) + np.eye(LATENT_DIM)
    arrays = {
        "means": rng.normal(size=(num_categories, NUM_MODES, LATENT_DIM)),
        "shares": rng.dirichlet(np.ones(NUM_MODES), num_categories),
        "factor": factors[0],
        "prefix_means": rng.normal(size=(num_categories, LATENT_DIM)),
        "slope": rng.normal(size=(LATENT_DIM, LATENT_DIM)) * 0.2,
        "prefix_factor": factors[1],
    }
    rounded = {name: array.astype(np.float16) for name, array in arrays.items()}  # as in the file
    return LatentGaussians(**{name: array.astype(np.float32) for name, array in rounded.items()})


def tiny_attention_model(
    num_categories: int = len(ATTENTION_CATEGORIES), picture_size: int = PICTURE_SIZE
) -> AttentionModel:
    """An `attention` model whose drawings have a few dozen points."""
    raster = RasterSettings(size=picture_size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        encoder = GridEncoder(LATENT_DIM, num_categories, ENCODER_WIDTH, picture_size)
        decoder = AttentionDecoder(
            LATENT_DIM,
            num_categories,
            encoder.channels,
            encoder.grid_size,
            width=ATTENTION_SIZE,
            num_layers=2,
            num_heads=ATTENTION_SIZE // HEAD_SIZE,
            expansion=2,
            num_components=NUM_COMPONENTS,
        )
        with torch.no_grad():
            for weight in (*encoder.parameters(), *decoder.parameters()):
                weight.add_(torch.randn_like(weight), alpha=0.1)
            decoder.output.bias[:3] += torch.tensor([3.0, 1.0, 1.0])  # down, up, end
    step_pixels = OFFSET_SCALE * frame_scale(raster)
    shares = ConditionShares(**asdict(ConditionSettings()))
    return AttentionModel(encoder, decoder, step_pixels, picture_size, shares).eval()


@functools.cache
def tiny_attention_bundle() -> Bundle:
    """That model, as a bundle."""
    card = BundleCard(
        name="tiny_attention",
        architecture=AttentionArchitecture(
            latent_dim=LATENT_DIM,
            num_components=NUM_COMPONENTS,
            encoder_width=ENCODER_WIDTH,
            decoder_size=ATTENTION_SIZE,
            num_layers=2,
            head_size=HEAD_SIZE,
            expansion=2,
        ),
        categories=ATTENTION_CATEGORIES,
        offset_scale=OFFSET_SCALE,
        max_steps=MAX_STEPS,
        temperature=0.8,
        raster=RasterSettings(size=PICTURE_SIZE),
    )
    model = tiny_attention_model()
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    return Bundle(card, weights, tiny_latents(len(ATTENTION_CATEGORIES)).to_bytes())


@functools.cache
def tiny_studio_bundle() -> Bundle:
    """That model with all that the package's has around it: its categories, words and gallery.

    A page draws with it in a tenth of the time.
    """
    whole = Bundle.default()
    raster = RasterSettings()
    model = tiny_attention_model(len(whole.card.categories), raster.size)
    card = replace(
        whole.card,
        architecture=tiny_attention_bundle().card.architecture,
        offset_scale=OFFSET_SCALE,
        max_steps=MAX_STEPS,
        raster=raster,
    )
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    bundle = Bundle(card, weights, gallery_file=whole.gallery_file)
    return with_classifier(bundle, card.categories)


def plain_architecture(encoder_input: str = PICTURE, **changes: Any) -> RecurrentArchitecture:
    """An LSTM with an encoder of pictures or of strokes."""
    values: dict[str, Any] = {
        "name": "lstm",
        "encoder": "paper" if encoder_input == PICTURE else "rnn",
        "encoder_size": None if encoder_input == PICTURE else 5,
        "latent_dim": 4,
        "num_components": 2,
        "decoder_size": 8,
    }
    return RecurrentArchitecture(**values | changes)


def write_bundle(folder: Path, bundle: Bundle | None = None) -> Path:
    """Write a bundle, the tiny one if none is given, as a folder that can be opened."""
    bundle = bundle or tiny_bundle()
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_text(bundle.card.to_json(), encoding="utf-8")
    (folder / WEIGHTS_FILE).write_bytes(bundle.weights_file)
    if bundle.latents_file is not None:
        (folder / LATENTS_FILE).write_bytes(bundle.latents_file)
    if bundle.classifier is not None:
        write_classifier_files(folder, bundle.classifier)
    return folder


def plain_card(encoder_input: str = PICTURE, **changes: Any) -> BundleCard:
    """A card, for what needs no model."""
    values: dict[str, Any] = {
        "name": "plain",
        "architecture": plain_architecture(encoder_input),
        "categories": ("cat",),
        "offset_scale": 30.0,
        "max_steps": 100,
        "temperature": 0.5,
        "raster": RasterSettings(),
    }
    return BundleCard(**values | changes)


@functools.cache
def tiny_classifier_files(categories: tuple[str, ...]) -> ClassifierFiles:
    """A classifier with random weights that knows mirror images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        model = SketchClassifier(len(categories), CLASSIFIER_WIDTH)
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    card = ClassifierCard(
        architecture=ClassifierArchitecture(width=CLASSIFIER_WIDTH),
        categories=categories,
        raster=RasterSettings(),
        recipe={"augmentation": {"flip": 0.5}},
    )
    return ClassifierFiles(card, weights)


def tiny_classifier(categories: tuple[str, ...]) -> Classifier:
    """That classifier, of some categories."""
    return Classifier(tiny_classifier_files(categories))


def with_classifier(bundle: Bundle, categories: tuple[str, ...], seed: int = 0) -> Bundle:
    """A bundle of some categories, with that classifier and one of codes with made-up classes."""
    return replace(
        bundle,
        card=replace(bundle.card, categories=categories),
        latents_file=tiny_latents(len(categories), seed).to_bytes(),
        classifier=tiny_classifier_files(categories),
    )


def write_classifier(folder: Path, categories: tuple[str, ...]) -> Path:
    """Write that classifier as a folder that can be opened."""
    folder.mkdir(parents=True)
    write_classifier_files(folder, tiny_classifier_files(categories))
    return folder


def by_category(prediction: Prediction, categories: Sequence[str]) -> np.ndarray:
    """The probabilities (N, K) of a prediction, in the order of some categories."""
    rows = zip(prediction.labels, prediction.probabilities.tolist(), strict=True)
    found = [dict(zip(labels, shares, strict=True)) for labels, shares in rows]
    return np.array([[row[one] for one in categories] for row in found]).reshape(
        -1, len(categories)
    )
