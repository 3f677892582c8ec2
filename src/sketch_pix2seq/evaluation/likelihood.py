"""Likelihood, and what the KL term costs: losses that bundles were exported with."""

from __future__ import annotations

from sketch_pix2seq.evaluation.evaluation import Results
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import Cell, Table, columns, listed

LEAST_KL = 1e-3
"""Smallest KL term of the chart, whose axis is logarithmic, in nats a dimension."""


def section(results: Results) -> Section:
    """Make the report's section."""
    rows: list[list[Cell]] = []
    points = []
    for model in results.models:
        test = model.card.metrics.get("test") or {}
        losses: list[float | None] = [None] * 7
        if test.get("data") == results.evaluation.held_out.digest:
            terms = ("stroke_nll", "pen_ce", "reconstruction")
            losses = [float(test[kind][name]) for kind in ("valid", "magenta") for name in terms]
            kl, loss = float(test["valid"]["kl"]), float(test["valid"]["reconstruction"])
            losses.append(kl)
            points.append(charts.Point(model.label, max(kl, LEAST_KL), loss))
        rows.append([model.label, float(model.kl_weight), *losses])
    measured = [row for row in rows if row[4] is not None]
    names = [f"{name} ({kind})" for kind in ("valid", "magenta") for name in ("Ls", "Lp", "LR")]
    return Section(
        name="likelihood",
        title="Likelihood, and what the KL term costs",
        see="The heavier the KL term weighs, the nearer codes come to a standard normal, and the "
        "worse the model says what comes next.",
        how="Reconstruction loss LR = stroke term Ls + pen term Lp on all test drawings, codes "
        "without noise, measured at export. `valid`: real rows. `magenta`: divided by the "
        "longest drawing, padded rows counted by Lp, as published figures are; a model "
        "trained with `valid` has met no padded row in training, and its `magenta` Lp says "
        "little. KL: nats a dimension, measured for every model.",
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
                    points,
                    "KL term, nats a dimension (logarithmic)",
                    "LR, nats a row (valid)",
                    is_log=True,
                ),
                "To the left codes near a standard normal, down the better reconstruction: a "
                "model in the lower left corner would have both.",
            )
        ]
        if len(points) > 1
        else [],
    )
