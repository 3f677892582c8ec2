"""The paper's four claims, each with numbers of our own and a verdict, whichever way they fall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sketch_pix2seq.evaluation import interpolation, latent, redrawing
from sketch_pix2seq.evaluation.estimates import Estimate, difference
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Results
from sketch_pix2seq.evaluation.report.tables import Form

_CLUSTERED = {"neighbours": "neighbours", "silhouette": "silhouette"}
_RATES = {"between": "off-category rate", "excess": "its excess"}
FOUR = ("cnn", "cnn_kl", "rnn", "rnn_kl")


class Comparison(NamedTuple):
    """One number for or against a claim: `value`, by how much it is in the claim's favour."""

    words: str
    value: Estimate
    form: Form = "points"


@dataclass(frozen=True)
class Claim:
    """A finding of the paper, its evidence, and the comparisons that test it."""

    words: str
    paper: str
    measure: str
    comparisons: Sequence[Comparison]

    @property
    def verdict(self) -> str:
        """`holds`, `holds in part`, `mixed`, `not seen` or `the opposite`, from all intervals."""
        values = [comparison.value for comparison in self.comparisons]
        in_favour, against = ([v.low > 0 for v in values], [v.high < 0 for v in values])
        if all(in_favour):
            return "holds"
        if all(against):
            return "the opposite"
        if any(in_favour) and any(against):
            return "mixed"
        return "holds in part" if any(in_favour) else "not seen"


def claims(results: Results) -> Iterator[Claim]:
    """Yield the four claims, if the four models are there."""
    measured = results.measured
    roles = {model.label.removesuffix("_small"): model for model in results.models}
    if not roles.keys() >= set(FOUR):
        return
    cnn, cnn_kl, rnn, rnn_kl = (roles[name] for name in FOUR)
    seed = results.evaluation.settings.seed
    right = {model.label: redrawing.recognised(results, model) for model in roles.values()}

    def rec(more: EvaluatedModel, less: EvaluatedModel) -> Comparison:
        value = difference(right[more.label], right[less.label], seed)
        return Comparison(f"Rec of {more.label} − {less.label}", value)

    yield Claim(
        "Looking at the picture (CNN) redraws better than reading the strokes (RNN)",
        "human Turing test: 60 % and 57 % taken for human with a CNN, 53 % and 50 % with an RNN",
        "share of redrawings that the judge recognises",
        [rec(cnn, rnn), rec(cnn_kl, rnn_kl)],
    )
    yield Claim(
        "Without the KL term redrawings are better than with it",
        "human Turing test: 60 % against 57 % (CNN), 53 % against 50 % (RNN)",
        "share of redrawings that the judge recognises",
        [rec(cnn, cnn_kl), rec(rnn, rnn_kl)],
    )

    def clusters(more: EvaluatedModel, less: EvaluatedModel, name: str) -> Comparison:
        first, second = (
            np.array(measured[latent.part_name(model.label)][f"category_{name}"])
            for model in (more, less)
        )
        words = f"{_CLUSTERED[name]} of {more.label} − {less.label}"
        form: Form = "number" if name == "silhouette" else "points"
        return Comparison(words, difference(first, second, seed), form)

    yield Claim(
        "Without the KL term categories form clusters in the latent space",
        "t-SNE pictures (Figures 5 and 6): clusters without KL, mixed with it",
        "in the latent space itself: share of test drawings most of whose five nearest are of "
        "their category, and silhouette",
        [
            clusters(more, less, name)
            for name in _CLUSTERED
            for more, less in ((cnn, cnn_kl), (rnn, rnn_kl))
        ],
    )

    def off_category(more: EvaluatedModel, less: EvaluatedModel, name: str) -> Comparison:
        first, second = (
            interpolation.off_category_rates(measured[interpolation.part_name(model.label)])[name]
            for model in (more, less)
        )
        words = f"{_RATES[name]} of {more.label} − {less.label}"
        return Comparison(words, difference(first, second, seed))

    yield Claim(
        "With the KL term, another category intrudes between two",
        "interpolations (Figures 7 and 8), by eye",
        "off-category rate: share of the inner drawings that the judge assigns to neither "
        "category; and its excess over the same share at the two ends",
        [
            off_category(more, less, name)
            for name in _RATES
            for more, less in ((cnn_kl, cnn), (rnn_kl, rnn))
        ],
    )
