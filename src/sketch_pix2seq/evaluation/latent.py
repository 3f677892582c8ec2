"""The latent space: does every category have a place of its own? Figures 4 to 6.

The paper shows t-SNE pictures. Numbers for the same question, all in the latent space itself:
silhouette (how much nearer a drawing is to its own category than to the next, -1 to 1) and the
share of drawings whose five nearest others are mostly of its category; the same for living beings
against things. The same numbers for plain pixels and for the judge's features are the yardsticks.

Source: silhouette by Rousseeuw (1987); t-SNE by van der Maaten and Hinton (2008), scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation
from sketch_pix2seq.evaluation.parts import Part
from sketch_pix2seq.sketch.raster import rasterise_batch

NEIGHBOURS = 5
YARDSTICKS = ("pixels", "judge")


def chosen(evaluation: Evaluation) -> Int64[np.ndarray, "N"]:
    """Return the numbers of the test drawings whose places are shown."""
    rng = np.random.default_rng([evaluation.settings.seed, 4])
    numbers = []
    for category in evaluation.groups.shown:
        own = evaluation.held_out.of_category(category)
        some = min(len(own), evaluation.settings.per_category_latent)
        numbers.append(np.sort(rng.choice(own, some, replace=False)))
    return np.concatenate(numbers)


def part_name(label: str) -> str:
    """Name the part that measures one space."""
    return f"{label}: latent space"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    numbers = chosen(evaluation)
    sketches = [evaluation.held_out.sketches[number] for number in numbers]
    spaces: dict[str, tuple[str, Callable[[], np.ndarray]]] = {
        model.label: (model.digest, partial(_codes, evaluation, model, numbers))
        for model in evaluation.models
    }
    spaces["pixels"] = ("", lambda: rasterise_batch(sketches).reshape(len(sketches), -1))
    spaces["judge"] = ("", lambda: evaluation.human[1].features[numbers])
    amounts = vars(evaluation.settings)
    facts = {
        **evaluation.facts,
        "per_category": amounts["per_category"],
        "per_category_latent": amounts["per_category_latent"],
    }
    for label, (digest, codes) in spaces.items():

        def measure(codes: Callable[[], np.ndarray] = codes) -> dict[str, Any]:
            return _measured(evaluation, codes(), evaluation.held_out.category_ids[numbers])

        yield Part(part_name(label), {**facts, "model": digest}, measure)


def _codes(
    evaluation: Evaluation, model: EvaluatedModel, numbers: Int64[np.ndarray, "N"]
) -> Float32[np.ndarray, "N Z"]:
    return np.asarray(evaluation.codes(model)[numbers])


def _measured(
    evaluation: Evaluation, codes: Float32[np.ndarray, "N Z"], category_ids: Int64[np.ndarray, "N"]
) -> dict[str, Any]:
    kinds = {"category": category_ids}
    if evaluation.groups.is_meaningful:
        kinds["group"] = np.isin(category_ids, evaluation.groups.first).astype(np.int64)
    measured: dict[str, Any] = {"places": places(codes, evaluation.settings.seed).tolist()}
    for name, kind in kinds.items():
        measured[f"{name}_silhouette"] = silhouettes(codes, kind).tolist()
        measured[f"{name}_neighbours"] = neighbours_agree(codes, kind).tolist()
    return measured


def places(codes: Float32[np.ndarray, "N Z"], seed: int) -> Float64[np.ndarray, "N 2"]:
    """Place codes on a plane by t-SNE, which keeps neighbours together.

    Args:
        codes: N >= 2.
        seed: Of what is left to chance.

    Returns:
        (N, 2), each coordinate from 0 to 1, to four digits.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(codes) - 1) / 3)
    model = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    with threadpool_limits(1):  # as many threads as processors would give other sums
        found = model.fit_transform(np.ascontiguousarray(codes, np.float32)).astype(np.float64)
    low, high = found.min(axis=0), found.max(axis=0)
    return np.asarray(np.round((found - low) / np.maximum(high - low, 1e-12), 4))


def silhouettes(
    codes: Float32[np.ndarray, "N Z"], kinds: Int64[np.ndarray, "N"]
) -> Float64[np.ndarray, "N"]:
    """Return the silhouette of each code.

    Args:
        codes: Places.
        kinds: What each belongs to: two kinds or more.

    Returns:
        (N,) from -1 (amid another kind) to 1 (amid its own).
    """
    from sklearn.metrics import silhouette_samples

    return np.asarray(np.round(silhouette_samples(codes, kinds).astype(np.float64), 4))


def neighbours_agree(
    codes: Float32[np.ndarray, "N Z"], kinds: Int64[np.ndarray, "N"]
) -> Bool[np.ndarray, "N"]:
    """Tell of each code whether most of its five nearest others are of its kind.

    Args:
        codes: Places.
        kinds: What each belongs to.

    Returns:
        (N,); a draw is decided for the kind with the smallest number.
    """
    from sklearn.neighbors import NearestNeighbors

    few = min(NEIGHBOURS, len(codes) - 1)
    near = NearestNeighbors(n_neighbors=few).fit(codes).kneighbors(return_distance=False)
    votes = np.stack([(kinds[near] == kind).sum(1) for kind in np.unique(kinds)], axis=1)
    return np.asarray(np.unique(kinds)[votes.argmax(1)] == kinds)
