"""The classifier's network in numpy against that in torch."""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
from safetensors.numpy import load

from sketch_pix2seq.inference.classifier import ClassifierNetwork
from sketch_pix2seq.models.classifier import SketchClassifier


def pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    return (rng.random((count, 1, 48, 48)) > 0.9).astype(np.float32)


def test_logits_and_features_are_torchs(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    module, shown = SketchClassifier(6, 8).eval(), pictures(rng, 10)
    network = ClassifierNetwork({n: t.numpy() for n, t in module.state_dict().items()}, 6, 8)
    with torch.no_grad():
        features = module.features(torch.from_numpy(shown))
        expected = module.head(features), features
    for got, wanted in zip(network(shown), expected, strict=True):
        np.testing.assert_allclose(got, wanted.numpy(), atol=1e-5)


def test_the_default_bundles_classifier_is_torchs(rng: np.random.Generator) -> None:
    bundle = resources.files("sketch_pix2seq").joinpath("bundles", "default")
    weights = load(bundle.joinpath("classifier.safetensors").read_bytes())
    num_categories, width = len(weights["head.bias"]), len(weights["layers.0.weight"])
    module, shown = SketchClassifier(num_categories, width).eval(), pictures(rng, 3)
    module.load_state_dict({n: torch.from_numpy(a).float() for n, a in weights.items()})
    with torch.no_grad():
        expected = module.head(module.features(torch.from_numpy(shown)))
    logits, _ = ClassifierNetwork(weights, num_categories, width)(shown)
    np.testing.assert_allclose(logits, expected.numpy(), atol=5e-4)


def test_a_picture_is_classified_the_same_alone(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    weights = {n: t.numpy() for n, t in SketchClassifier(6, 8).state_dict().items()}
    network, shown = ClassifierNetwork(weights, 6, 8), pictures(rng, 13)
    together = network(shown)
    for row in range(13):
        for alone, all_rows in zip(network(shown[row : row + 1]), together, strict=True):
            assert alone.tobytes() == all_rows[row : row + 1].tobytes()
    assert network(shown[:0])[0].shape == (0, 6)
