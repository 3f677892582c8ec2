"""The latent space: does every category form a cluster of its own? Figures 4 to 6.

The paper shows t-SNE pictures. Numbers for the same question, all in the latent space itself:
silhouette (how much nearer a drawing is to its own category than to the next, -1 to 1) and
*neighbours agree*: the share of drawings whose category is the commonest among their five nearest
others, which two of five may be; the same for living beings against things. The same numbers for
plain pixels and for the judge's features are the yardsticks.

Source: silhouette by Rousseeuw (1987); t-SNE by van der Maaten and Hinton (2008), scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from sketch_pix2seq.bundle.gallery import Gallery, GalleryItem
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.evaluation import SPLIT, EvaluatedModel, Evaluation, Results
from sketch_pix2seq.evaluation.parts import Part
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table, format_cell, listed
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.raster import rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch

NEIGHBOURS = 5
PERPLEXITY = 30
"""Of t-SNE; less where there are fewer than about three times as many drawings."""
CANDIDATES = 4
"""Drawings that a gallery looks at for each that it shows."""
YARDSTICKS = ("pixels", "judge")


def chosen(evaluation: Evaluation) -> Int64[np.ndarray, "N"]:
    """Return the indices of the test drawings that are shown."""
    rng = np.random.default_rng([evaluation.settings.seed, 4])
    numbers = []
    for category in evaluation.groups.all:
        members = evaluation.held_out.of_category(category)
        some = min(len(members), evaluation.settings.per_category_latent)
        numbers.append(np.sort(rng.choice(members, some, replace=False)))
    return np.concatenate(numbers)


def part_name(label: str) -> str:
    """Name the part that measures one space."""
    return f"{label}: latent space"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    facts = {
        **evaluation.facts,
        "per_category_latent": evaluation.settings.per_category_latent,
        "groups": evaluation.groups.all,
    }
    for model in (*evaluation.models, *evaluation.retrained):
        measure = partial(_measured, evaluation, model.label, model)
        yield Part(part_name(model.name), {**facts, "model": model.digest}, measure)
    for label in YARDSTICKS:
        yield Part(part_name(label), facts, partial(_measured, evaluation, label, None))


def _codes(
    evaluation: Evaluation, label: str, model: EvaluatedModel | None
) -> Float32[np.ndarray, "N Z"]:
    numbers = chosen(evaluation)
    if model is not None:
        return np.asarray(evaluation.codes(model)[numbers])
    if label == "judge":
        return np.asarray(evaluation.human[1].features[numbers])
    sketches = [evaluation.held_out.sketches[number] for number in numbers]
    return rasterise_batch(sketches).reshape(len(sketches), -1)


def _measured(evaluation: Evaluation, label: str, model: EvaluatedModel | None) -> dict[str, Any]:
    codes = _codes(evaluation, label, model)
    category_ids = evaluation.held_out.category_ids[chosen(evaluation)]
    kinds = {"category": category_ids}
    if evaluation.groups.is_meaningful:
        kinds["group"] = np.isin(category_ids, evaluation.groups.first).astype(np.int64)
    measured: dict[str, Any] = {"places": plane_positions(codes, evaluation.settings.seed).tolist()}
    for name, kind in kinds.items():
        measured[f"{name}_silhouette"] = silhouettes(codes, kind).tolist()
        measured[f"{name}_neighbours"] = neighbours_agree(codes, kind).tolist()
    return measured


def plane_positions(codes: Float32[np.ndarray, "N Z"], seed: int) -> Float64[np.ndarray, "N 2"]:
    """Map two codes or more to a plane by t-SNE, which keeps neighbours together: 0 to 1.

    Codes that are all the same are all in the middle.
    """
    if (codes == codes[0]).all():  # t-SNE begins by dividing by their spread
        return np.full((len(codes), 2), 0.5)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    init = "pca" if codes.shape[1] > 1 else "random"
    state = seed % 2**32  # scikit-learn takes no larger one
    model = TSNE(perplexity=perplexity, init=init, random_state=state, n_jobs=1)
    with threadpool_limits(1):  # as many threads as processors would give other sums
        positions = model.fit_transform(np.ascontiguousarray(codes, np.float32)).astype(np.float64)
    low, high = positions.min(axis=0), positions.max(axis=0)
    return np.asarray(np.round((positions - low) / np.maximum(high - low, 1e-12), 4))


def silhouettes(
    codes: Float32[np.ndarray, "N Z"], kinds: Int64[np.ndarray, "N"]
) -> Float64[np.ndarray, "N"]:
    """Return the silhouette of each code, from -1 (amid another kind) to 1 (amid its own)."""
    from sklearn.metrics import silhouette_samples

    return np.asarray(np.round(silhouette_samples(codes, kinds).astype(np.float64), 4))


def neighbours_agree(
    codes: Float32[np.ndarray, "N Z"], kinds: Int64[np.ndarray, "N"]
) -> Bool[np.ndarray, "N"]:
    """Whether the commonest kind among the five nearest others of each code is its own.

    Of kinds that are as common the one with the smallest number counts.
    """
    from sklearn.neighbors import NearestNeighbors

    few = min(NEIGHBOURS, len(codes) - 1)
    near = NearestNeighbors(n_neighbors=few).fit(codes).kneighbors(return_distance=False)
    votes = np.stack([(kinds[near] == kind).sum(1) for kind in np.unique(kinds)], axis=1)
    return np.asarray(np.unique(kinds)[votes.argmax(1)] == kinds)


def build_gallery(
    sketcher: Sketcher,
    dataset: Dataset,
    *,
    per_category: int,
    categories: Sequence[str] = (),
    seed: int = 0,
) -> Gallery:
    """Choose test drawings, which no model was trained on, and their positions on a map.

    Those that the model's classifier recognises come first, if it has one: among people's drawings
    are scribbles, and words that nobody wants to see.

    Args:
        sketcher: The model with the latent space.
        dataset: Data set whose test drawings are chosen from.
        per_category: Drawings of each category, at most.
        categories: Their names; empty: all.
        seed: Decides which drawings are chosen, and what t-SNE leaves to chance.

    Returns:
        The gallery, at least two drawings.

    Raises:
        UsageError: If a category is not in the data set, or there are too few drawings.
    """
    unknown = sorted(set(categories) - set(dataset.card.categories))
    if unknown:
        raise UsageError("`categories` must be of the data set", got=", ".join(unknown))
    rng = np.random.default_rng([seed, 5])
    split = dataset.split(SPLIT)
    sketches: list[Sketch] = []
    for category in categories or dataset.card.categories:
        start, stop = split.category_range(dataset.card.categories.index(category))
        some = rng.permutation(np.arange(start, stop))[: CANDIDATES * per_category]
        candidates = [split.sketch(index) for index in some.tolist()]
        sketches += _recognised_first(sketcher, candidates, category)[:per_category]
    if len(sketches) < 2:
        raise UsageError(f"a gallery needs two {SPLIT} drawings or more", got=len(sketches))
    positions = plane_positions(sketcher.encode(sketches), seed).tolist()
    return Gallery(
        tuple(
            GalleryItem(sketch, (x, y)) for sketch, (x, y) in zip(sketches, positions, strict=True)
        )
    )


def _recognised_first(
    sketcher: Sketcher, candidates: Sequence[Sketch], category: str
) -> list[Sketch]:
    """Drawings that the classifier takes for their category, then the others."""
    if not (candidates and sketcher.can_classify and category in sketcher.card.categories):
        return list(candidates)
    labels = sketcher.classify(candidates).labels
    order = np.argsort([likeliest[0] != category for likeliest in labels], kind="stable")
    return [candidates[index] for index in order]


def section(results: Results) -> Section:
    """Make the report's section."""
    numbers = chosen(results.evaluation)
    kinds = results.evaluation.held_out.category_ids[numbers]
    colours = np.searchsorted(np.sort(results.evaluation.groups.all), kinds)
    names = results.names(sorted(results.evaluation.groups.all))
    labels = [*YARDSTICKS, *results.labels]
    by_label = {label: results.measured[part_name(label)] for label in labels}
    kinds_measured = {"category": ""}
    if results.evaluation.groups.is_meaningful:
        kinds_measured["group"] = ", living and things"
    columns = [Column("space", "text")]
    for words in kinds_measured.values():
        columns += [Column("silhouette" + words, "number"), Column("neighbours agree" + words)]
    rows: list[list[Cell]] = [
        [
            label,
            *(
                find(np.array(measured[f"{kind}_{measure}"]))
                for kind in kinds_measured
                for measure, find in (
                    ("silhouette", results.with_interval),
                    ("neighbours", results.share),
                )
            ),
        ]
        for label, measured in by_label.items()
    ]
    panels = [(label, np.array(by_label[label]["places"])) for label in results.labels]
    each = results.evaluation.settings.per_category_latent
    return Section(
        name="latent",
        title="Latent space: does every category have a place of its own?",
        see="Islands of one colour: categories that the model keeps apart without knowing of them.",
        how=f"Up to {each} test drawings of each category ({', '.join(names)}); t-SNE, "
        f"perplexity {PERPLEXITY} (a third of the drawings, if that is less), seed "
        f"{results.evaluation.settings.seed}.{results.left_out} The numbers are measured "
        "in the latent space itself, not in the picture.",
        paper="clusters without the KL term, categories mixed with it (Figures 5 and 6, no "
        "numbers).",
        here=f"silhouette {listed(rows[len(YARDSTICKS) :], form='number')}; "
        f"of plain pixels {format_cell(rows[0][1], 'number').text}.",
        tables=[
            Table(
                name="latent",
                title="How well categories are kept apart",
                columns=columns,
                rows=rows,
                yardsticks=len(YARDSTICKS),
            )
        ],
        figures=[
            Figure(
                "latent",
                "Test drawings in the latent space",
                charts.clouds(panels, colours, names),
                "Each mark is a drawing; marks that are neighbours in the latent space are "
                "neighbours here, while distances between islands mean little.",
            )
        ],
    )
