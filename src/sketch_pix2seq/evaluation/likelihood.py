"""Likelihood, and what the KL term costs: losses that bundles were exported with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sketch_pix2seq.evaluation.evaluation import CODE_ALONE, Results
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import Cell, Table, columns, listed

_KINDS = ("valid", "magenta")
_TERMS = ("stroke_nll", "pen_ce", "reconstruction")
LEAST_KL = 1e-3
"""Smallest KL term of the chart, whose axis is logarithmic, in nats a dimension."""


def section(results: Results) -> Section:
    """Make the report's section."""
    rows: list[list[Cell]] = []
    points = []
    for model in results.models:
        test = model.card.metrics.get("test") or {}
        is_measured = test.get("data") == results.evaluation.held_out.digest
        kinds = [test[kind] for kind in _KINDS] if is_measured else [{}, {}]
        kl = kinds[0].get("kl")
        label, from_code = model.label, "reconstruction"
        rows.append([label, model.kl_weight, *_losses(kinds, *_TERMS), kl])
        if model.card.attends_to_picture and "reconstruction_code" in kinds[0]:
            label, from_code = label + CODE_ALONE, "reconstruction_code"
            rows.append([label, model.kl_weight, *_losses(kinds, None, None, from_code), kl])
        if kl is not None:
            points.append(charts.Point(label, max(kl, LEAST_KL), kinds[0][from_code]))
    measured = [row for row in rows if row[4] is not None]
    names = [f"{name} ({kind})" for kind in _KINDS for name in ("Ls", "Lp", "LR")]
    return Section(
        name="likelihood",
        title="Likelihood, and what the KL term costs",
        see="The heavier the KL term weighs, the nearer codes come to a standard normal, and the "
        "worse the model says what comes next.",
        how="Reconstruction loss LR = stroke term Ls + pen term Lp on all test drawings, codes "
        "without noise, measured at export. `valid`: real rows. `magenta`: divided by the "
        "longest drawing, padded rows counted by Lp, as published figures are; a model "
        "trained with `valid` has met no padded row in training, and its `magenta` Lp says "
        "little. KL: nats a dimension, measured for every model. Of a model that sees the picture "
        f"while it draws, the line that ends in `{CODE_ALONE}` is from its code alone, which is "
        "all that the others have.",
        paper="the KL term trades reconstruction for a smooth latent space; it gives no numbers.",
        here=f"LR (`valid`): {listed(measured, 4, 'number')}."
        if measured
        else "no bundle was exported with this data set.",
        tables=[
            Table(
                name="likelihood",
                title="Losses on test drawings, in nats",
                columns=columns("model", "KL weight", *names, "KL", form="number"),
                rows=rows,
            )
        ],
        figures=[
            Figure(
                "likelihood",
                "The price of the KL term",
                charts.scatter(
                    points, "KL term, nats a dimension (logarithmic)", "LR, nats a row (valid)"
                ),
                "To the left codes near a standard normal, down the better reconstruction: a "
                "model in the lower left corner would have both.",
            )
        ]
        if len(points) > 1
        else [],
    )


def _losses(kinds: Sequence[Mapping[str, float]], *names: str | None) -> list[float | None]:
    """The losses of these names, of each kind; None where one has no name or was not measured."""
    return [None if name is None else losses.get(name) for losses in kinds for name in names]
