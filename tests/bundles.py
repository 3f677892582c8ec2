"""A bundle for tests: a tiny model with random weights, exported once in a test run."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import torch
from safetensors.torch import save

from sketch_pix2seq.export.graphs import export_judge_onnx, export_onnx, stored
from sketch_pix2seq.export.judge import Looking
from sketch_pix2seq.inference.bundle import (
    COMPLETION_FILE,
    DECODER_FILE,
    ENCODER_FILE,
    JUDGE_CARD_FILE,
    JUDGE_FILE,
    JUDGE_WEIGHTS_FILE,
    MODEL_FILE,
    NAMING_FILE,
    PICTURE,
    WEIGHTS_FILE,
    Bundle,
    BundleCard,
    JudgeFiles,
)
from sketch_pix2seq.inference.completion import Completion
from sketch_pix2seq.inference.judge import Judge, JudgeCard
from sketch_pix2seq.inference.naming import Naming
from sketch_pix2seq.models import (
    DecoderStep,
    LSTMDecoder,
    PaperEncoder,
    RNNEncoder,
    SketchAutoencoder,
)
from sketch_pix2seq.models import Judge as JudgeModel
from sketch_pix2seq.models.mixture import noise_dim
from sketch_pix2seq.sketch.raster import RasterSettings

LATENT_DIM = 16
SIZE = 48
NUM_COMPONENTS = 4
MAX_STEPS = 60


def tiny_model(encoder_input: str = PICTURE) -> SketchAutoencoder:
    """A model whose drawings have about 25 points in a few strokes, and sometimes too many."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        encoder = (
            PaperEncoder(LATENT_DIM) if encoder_input == PICTURE else RNNEncoder(LATENT_DIM, 12)
        )
        decoder = LSTMDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS)
        with torch.no_grad():
            decoder.output.bias[:3] = torch.tensor([3.0, 1.0, 0.3])  # down, up, end
            decoder.start.weight.normal_(std=0.3)
            encoder.head.mean.weight.normal_(std=0.3)
    return SketchAutoencoder(encoder, decoder).eval()


@functools.cache
def tiny_bundle(encoder_input: str = PICTURE) -> Bundle:
    """The model, exported."""
    model = tiny_model(encoder_input)
    card = BundleCard(
        name="tiny",
        categories=("noise",),
        latent_dim=LATENT_DIM,
        state_dim=DecoderStep(model.decoder).state_dim,
        noise_dim=noise_dim(NUM_COMPONENTS),
        offset_scale=20.0,
        max_steps=MAX_STEPS,
        temperature=0.8,
        encoder_input=encoder_input,
        raster=RasterSettings(),
    )
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    with tempfile.TemporaryDirectory() as folder:
        jaxtyping.config.update("jaxtyping_disable", True)  # torch cannot trace the checks
        try:
            (Path(folder) / WEIGHTS_FILE).write_bytes(weights)
            export_onnx(model, Path(folder), card, weights)
        finally:
            jaxtyping.config.update("jaxtyping_disable", False)
        encoder = (Path(folder) / ENCODER_FILE).read_bytes()
        decoder = (Path(folder) / DECODER_FILE).read_bytes()
    half = np.eye(LATENT_DIM, dtype=np.float32) / 2
    completion = Completion(half, np.zeros(LATENT_DIM, np.float32)).to_bytes()
    return Bundle(card, encoder, decoder, weights, completion)


def write_bundle(folder: Path, bundle: Bundle | None = None) -> Path:
    """Write a bundle, the tiny one if none is given, as a folder that can be opened."""
    bundle = bundle or tiny_bundle()
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_text(bundle.card.to_json(), encoding="utf-8")
    (folder / ENCODER_FILE).write_bytes(bundle.encoder)
    (folder / DECODER_FILE).write_bytes(bundle.decoder)
    judge_card, judge, judge_weights = bundle.judge or (None, None, None)
    for name, content in (
        (WEIGHTS_FILE, bundle.weights),
        (COMPLETION_FILE, bundle.completion),
        (NAMING_FILE, bundle.naming),
        (JUDGE_CARD_FILE, judge_card),
        (JUDGE_FILE, judge),
        (JUDGE_WEIGHTS_FILE, judge_weights),
    ):
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def plain_card(**changes: Any) -> BundleCard:
    """A card of a model that looks at pictures, for what needs no model."""
    values: dict[str, Any] = {
        "name": "plain",
        "categories": ("cat",),
        "latent_dim": 4,
        "state_dim": 9,
        "noise_dim": 7,
        "offset_scale": 30.0,
        "max_steps": 100,
        "temperature": 0.5,
        "raster": RasterSettings(),
    }
    return BundleCard(**values | changes)


@functools.cache
def tiny_judge_files(categories: tuple[str, ...]) -> JudgeFiles:
    """What a judge with random weights is: it says something of every drawing."""
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as place:
        torch.manual_seed(6)
        model = JudgeModel(len(categories), width=8).eval()
        weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
        folder = Path(place)
        (folder / JUDGE_WEIGHTS_FILE).write_bytes(weights)
        jaxtyping.config.update("jaxtyping_disable", True)
        try:
            export_judge_onnx(Looking(model), folder, RasterSettings().size, weights)
        finally:
            jaxtyping.config.update("jaxtyping_disable", False)
        card = tiny_judge_card(categories).to_json().encode()
        return JudgeFiles(card, (folder / JUDGE_FILE).read_bytes(), weights)


def tiny_judge_card(categories: tuple[str, ...]) -> JudgeCard:
    """What that judge is: one that knows mirror images."""
    recipe = {"augmentation": {"flip": 0.5}}
    return JudgeCard(categories=categories, raster=RasterSettings(), recipe=recipe)


def tiny_judge(categories: tuple[str, ...]) -> Judge:
    """That judge, of some categories."""
    return Judge(tiny_judge_files(categories))


def with_judge(bundle: Bundle, categories: tuple[str, ...], seed: int = 0) -> Bundle:
    """A bundle of some categories, with that judge and names of codes made up."""
    codes = np.random.default_rng(seed).normal(size=(30, LATENT_DIM)).astype(np.float32)
    naming = Naming.fitted(codes, np.arange(30) % len(categories), len(categories))
    return replace(
        bundle,
        card=replace(bundle.card, categories=categories),
        naming=naming.to_bytes(),
        judge=tiny_judge_files(categories),
    )


def write_judge(folder: Path, categories: tuple[str, ...]) -> Path:
    """Write that judge as a folder that can be opened."""
    folder.mkdir(parents=True)
    names = (JUDGE_CARD_FILE, JUDGE_FILE, JUDGE_WEIGHTS_FILE)
    for name, content in zip(names, tiny_judge_files(categories), strict=True):
        assert content is not None
        (folder / name).write_bytes(content)
    return folder
