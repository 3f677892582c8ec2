from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from sketch_pix2seq.models import SketchClassifier
from sketch_pix2seq.sketch.raster import rasterise_batch


@pytest.fixture
def classifier() -> SketchClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SketchClassifier(3, width=8)


def test_its_loss_is_the_librarys_and_parts_add_up(classifier: SketchClassifier) -> None:
    classifier.eval()
    pictures = torch.rand(5, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    categories = torch.tensor([0, 1, 2, 1, 0])
    losses = classifier(pictures, categories)
    features = classifier.features(pictures)
    logits = classifier.head(features)
    assert features.shape == (5, 64)
    torch.testing.assert_close(losses.total(), functional.cross_entropy(logits, categories))
    means = losses.means_of(losses.sums())
    assert means.values["accuracy"] == pytest.approx(
        float((logits.argmax(1) == categories).float().mean())
    )
    parts = [classifier(pictures[part], categories[part]) for part in (slice(0, 2), slice(2, 5))]
    whole = parts[0].sums() + parts[1].sums()
    torch.testing.assert_close(whole, losses.sums(), rtol=1e-5, atol=1e-6)
    total = sum(part.total(whole=whole) for part in parts)
    torch.testing.assert_close(total, losses.total())
    assert means.total() == means.values["cross_entropy"]


def test_dropout_follows_its_generator_and_ends_with_training(classifier: SketchClassifier) -> None:
    pictures, categories = torch.rand(4, 1, 48, 48), torch.zeros(4, dtype=torch.int64)
    first, again, other = (
        classifier(pictures, categories, torch.Generator().manual_seed(seed)).total().item()
        for seed in (1, 1, 2)
    )
    assert first == again != other
    classifier.eval()
    assert classifier(pictures, categories).total() == classifier(pictures, categories).total()


def test_it_learns_to_tell_shapes_apart(
    classifier: SketchClassifier, rng: np.random.Generator
) -> None:
    angles = np.linspace(0, 2 * np.pi, 30)
    drawings, labels = [], []
    for number in range(30):
        wide, high = rng.uniform(10, 50, 2)
        shape = (
            np.stack((wide * np.cos(angles), high * np.sin(angles)), 1),
            np.array([[0, 0], [wide, 0], [wide, high], [0, high], [0, 0]]),
            np.array([[0, 0], [wide, high]]),
        )[number % 3]
        drawings.append([shape])
        labels.append(number % 3)
    pictures, categories = torch.from_numpy(rasterise_batch(drawings)), torch.tensor(labels)
    optimiser = torch.optim.Adam(classifier.parameters(), 3e-3)
    for step in range(40):
        optimiser.zero_grad()
        classifier(pictures, categories, torch.Generator().manual_seed(step)).total().backward()
        optimiser.step()
    classifier.eval()
    losses = classifier(pictures, categories)
    assert losses.means_of(losses.sums()).values["accuracy"] > 0.95
