"""A classifier of sketches: from a picture to the logits of its categories.

It is not part of a model that draws; evaluations use it to score what such a model draws.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from sketch_pix2seq.models.encoders import convolutions
from sketch_pix2seq.models.losses import ClassifierLosses
from sketch_pix2seq.sketch.network_layout import CLASSIFIER_LAYERS, convolution_sizes

DROPOUT = 0.3


class SketchClassifier(nn.Module):
    """A sketch classifier: 3x3 convolutions, group norm, SiLU, mean over the picture.

    Args:
        num_categories: K.
        width: Channels of the first layer, a multiple of 8; the last has 8 times as many.

    It has about 520,000 weights at width 24 and costs a third of what a decoder of 512 costs.
    """

    def __init__(self, num_categories: int, width: int = 24) -> None:
        super().__init__()
        sizes = convolution_sizes(1, width, CLASSIFIER_LAYERS)
        self.layers = convolutions(sizes)
        self.head = nn.Linear(sizes[-1][1], num_categories)

    def forward(
        self,
        pictures: Float[Tensor, "B 1 H W"],
        category_ids: Int64[Tensor, "B"],
        generator: torch.Generator | None = None,
    ) -> ClassifierLosses:
        """Losses of a batch.

        Args:
            pictures: 1 = ink, 0 = paper.
            category_ids: Category of each drawing.
            generator: Random generator of the dropout; needed in training mode.
        """
        features = self.features(pictures)
        if self.training:
            chance = torch.empty_like(features).uniform_(generator=generator)
            features = features * (chance >= DROPOUT) / (1 - DROPOUT)
        logits = self.head(features)
        entropy = functional.cross_entropy(logits, category_ids, reduction="sum")
        num_right = int((logits.argmax(1) == category_ids).sum())
        return ClassifierLosses(entropy, num_right, len(category_ids))

    def features(self, pictures: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B F"]:
        """Features of the last layer, of which `head` makes the logits."""
        features: Tensor = self.layers(pictures).mean((2, 3))
        return features
