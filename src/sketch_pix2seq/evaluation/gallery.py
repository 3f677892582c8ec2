"""Making the gallery of a bundle: test drawings at their places on a map of the latent space.

Places are t-SNE's, as in the report's figure of the latent space. Drawings are of the test split,
which no model was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketch_pix2seq.bundle.gallery import Gallery, GalleryItem
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.evaluation import SPLIT
from sketch_pix2seq.evaluation.latent import places
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

MOST_CATEGORIES = 12
"""More colours than these cannot be distinguished."""


def build_gallery(
    sketcher: Sketcher,
    dataset: Dataset,
    *,
    per_category: int,
    categories: Sequence[str] = (),
    seed: int = 0,
) -> Gallery:
    """Choose test drawings and find their places.

    Args:
        sketcher: Whose latent space is shown.
        dataset: Its test split is chosen from.
        per_category: Drawings of each category, at most.
        categories: Which ones; none: those with the most test drawings, twelve at most.
        seed: Decides which drawings are chosen, and what t-SNE leaves to chance.

    Returns:
        The gallery, at least two drawings.

    Raises:
        UsageError: If a category is none of the data set, or there are too few drawings.
    """
    unknown = sorted(set(categories) - set(dataset.card.categories))
    if unknown:
        raise UsageError("`categories` must be of the data set", got=", ".join(unknown))
    rng = np.random.default_rng([seed, 5])
    split = dataset.split(SPLIT)
    sketches: list[Sketch] = []
    for category in categories or _richest(dataset):
        start, stop = split.category_range(dataset.card.categories.index(category))
        some = rng.permutation(np.arange(start, stop))[:per_category]
        sketches += [split.sketch(number) for number in np.sort(some).tolist()]
    if len(sketches) < 2:
        raise UsageError(f"a gallery needs two {SPLIT} drawings or more", got=len(sketches))
    spots = places(sketcher.encode(sketches), seed).tolist()
    return Gallery(
        tuple(GalleryItem(one, (x, y)) for one, (x, y) in zip(sketches, spots, strict=True))
    )


def _richest(dataset: Dataset) -> list[str]:
    counts = dataset.card.counts[SPLIT]
    return sorted(counts, key=lambda name: (-counts[name], name))[:MOST_CATEGORIES]
