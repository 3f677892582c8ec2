"""The paper's four claims, each with numbers of our own and a verdict, whichever way they fall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.evaluation import interpolation, latent, redrawing
from sketch_pix2seq.evaluation.estimates import Estimate, difference, difference_of_shares
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results
from sketch_pix2seq.evaluation.report.tables import Form

_CLUSTERED: dict[str, Form] = {"neighbours": "points", "silhouette": "number"}
_RATES = {"off-category rate": "between", "its excess": "excess"}
FOUR = ("cnn", "cnn_kl", "rnn", "rnn_kl")
_SIZES = ("_small", "_million")


class Comparison(NamedTuple):
    """One number for or against a claim.

    Args:
        words: What is compared.
        value: By how much it is in the claim's favour.
        form: As of a `Column`.
        each: The same of each pair of trainings, where there are several.
    """

    words: str
    value: Estimate
    form: Form = "points"
    each: tuple[float, ...] = ()


@dataclass(frozen=True)
class Claim:
    """Something that the paper claims, on which evidence, and what is measured of it here."""

    words: str
    paper: str
    measure: str
    comparisons: Sequence[Comparison]

    @property
    def verdict(self) -> str:
        """`holds`, `holds in part`, `mixed`, `not seen` or `the opposite`, from all intervals."""
        values = [comparison.value for comparison in self.comparisons]
        for_it, against = ([v.low > 0 for v in values], [v.high < 0 for v in values])
        if all(for_it):
            return "holds"
        if all(against):
            return "the opposite"
        if any(for_it) and any(against):
            return "mixed"
        return "holds in part" if any(for_it) else "not seen"


def paper_name(name: str) -> str:
    """The paper's model of which a model or recipe of this name is another size, if of one."""
    for size in _SIZES:
        name = name.removesuffix(size)
    return name


def _the_four(models: Sequence[EvaluatedModel]) -> list[EvaluatedModel]:
    """The paper's four models, in the order of `FOUR`; empty: one is missing.

    By their labels and by their recipes, which are also those of models with other settings. Of
    several in one role the first counts.
    """
    roles: dict[str, EvaluatedModel] = {}
    for model in models:
        if (role := paper_name(model.label)) == paper_name(model.card.name):
            roles.setdefault(role, model)
    return [roles[name] for name in FOUR] if roles.keys() >= set(FOUR) else []


def claims_over(evaluation: Evaluation) -> str:
    """Say what the intervals of the claims are over, besides test drawings."""
    counts = {
        model.label: len(evaluation.trainings(model)) for model in _the_four(evaluation.models)
    }
    most, fewest = max(counts.values(), default=1), min(counts.values(), default=1)
    if most == 1:
        return "not over trainings: what another one would change is not in them"
    if most == fewest:
        return f"and over {most} trainings of each model with different seeds"
    listed = ", ".join(f"{label} {count}" for label, count in counts.items())
    return (
        f"and over the trainings of each model: {listed}; of a model that was trained once, "
        "what another would change is not in them"
    )


def claims(results: Results) -> Iterator[Claim]:
    """Yield the four claims, if the four models are there; of several trainings, over all."""
    four = _the_four(results.models)
    if not four:
        return
    cnn, cnn_kl, rnn, rnn_kl = four

    def compared(
        measure: str, more: EvaluatedModel, less: EvaluatedModel, form: Form = "points"
    ) -> Comparison:
        first, second = (_of_trainings(results, measure, model) for model in (more, less))
        compare = difference_of_shares if form == "points" else difference
        each = first.mean(axis=1) - second.mean(axis=1) if len(first) == len(second) > 1 else ()
        return Comparison(
            f"{measure} of {more.label} − {less.label}",
            compare(first, second, results.evaluation.settings.seed),
            form,
            tuple(map(float, each)),
        )

    yield Claim(
        "Looking at the picture (CNN) redraws better than reading the strokes (RNN)",
        "human Turing test: 60 % and 57 % taken for human with a CNN, 53 % and 50 % with an RNN",
        "share of redrawings that the judge recognises",
        [compared("Rec", cnn, rnn), compared("Rec", cnn_kl, rnn_kl)],
    )
    yield Claim(
        "Without the KL term redrawings are better than with it",
        "human Turing test: 60 % against 57 % (CNN), 53 % against 50 % (RNN)",
        "share of redrawings that the judge recognises",
        [compared("Rec", cnn, cnn_kl), compared("Rec", rnn, rnn_kl)],
    )
    yield Claim(
        "Without the KL term categories form clusters in the latent space",
        "t-SNE pictures (Figures 5 and 6): clusters without KL, mixed with it",
        "in the latent space itself: share of test drawings of whose category more of the five "
        "nearest are than of any other, and silhouette",
        [
            compared(name, more, less, form)
            for name, form in _CLUSTERED.items()
            for more, less in ((cnn, cnn_kl), (rnn, rnn_kl))
        ],
    )
    yield Claim(
        "With the KL term, another category intrudes between two",
        "interpolations (Figures 7 and 8), by eye",
        "off-category rate: share of the inner drawings that the judge assigns to neither "
        "category; and its excess over the same share at the two ends",
        [
            compared(name, more, less)
            for name in _RATES
            for more, less in ((cnn_kl, cnn), (rnn_kl, rnn))
        ],
    )


def _of_trainings(
    results: Results, measure: str, model: EvaluatedModel
) -> Float64[np.ndarray, "R N"]:
    """What was measured of each training, a value for each drawing or path."""
    rows = []
    for training in results.evaluation.trainings(model):
        if measure == "Rec":
            values = redrawing.recognised(results, training).mean(axis=0)
        elif measure in _CLUSTERED:
            part = results.measured[latent.part_name(training.name)]
            values = np.array(part[f"category_{measure}"])
        else:
            part = results.measured[interpolation.part_name(training.name)]
            values = interpolation.off_category_rates(part)[_RATES[measure]]
        rows.append(values)
    return np.asarray(np.stack(rows), np.float64)
