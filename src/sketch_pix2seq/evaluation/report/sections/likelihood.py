"""Likelihood, and what the KL term costs."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.sections.section import Figure, Found, Section, listed
from sketch_pix2seq.evaluation.report.tables import Cell, Column, Table


def likelihood_section(found: Found) -> Section:
    """Make the section."""
    rows: list[list[Cell]] = []
    points = []
    for model in found.models:
        test = model.card.metrics.get("test") or {}
        known = test.get("data") == found.evaluation.held_out.digest
        values = [
            float(test[convention][name])
            for convention in ("valid", "magenta")
            for name in ("stroke_nll", "pen_ce", "reconstruction")
        ] if known else [None] * 6  # fmt: skip
        kl = float(test["valid"]["kl"]) if known else None
        rows.append([model.label, float(model.kl_weight), *values, kl])
        if kl is not None and values[2] is not None:
            points.append(charts.Point(model.label, float(np.log10(max(kl, 1e-3))), values[2]))
    figures = []
    if len(points) > 1:
        chart = charts.scatter(
            points, "KL term, log10 of nats a dimension", "LR, nats a row (valid)"
        )
        figures.append(
            Figure(
                "likelihood",
                "The price of the KL term",
                chart,
                "To the left codes near a standard normal, down the better reconstruction: a "
                "model in the lower left corner would have both.",
            )
        )
    labels = [row[0] for row in rows if row[4] is not None]
    likelihoods = listed(
        [str(label) for label in labels], [row[4] for row in rows if row[4] is not None], "number"
    )
    return Section(
        name="likelihood",
        title="Likelihood, and what the KL term costs",
        see="The heavier the KL term weighs, the nearer codes come to a standard normal, and the "
        "worse the model says what comes next.",
        how="Reconstruction loss LR = stroke term Ls + pen term Lp on all test drawings, codes "
        "without noise, measured at export. `valid`: real rows. `magenta`: divided by the "
        "longest drawing, padded rows counted by Lp, as published figures are; a model "
        "trained with `valid` has never seen a padded row, and its `magenta` Lp says little. KL: "
        "nats a dimension, measured for every model.",
        paper="the KL term trades reconstruction for a smooth latent space; it gives no numbers.",
        ours=f"LR (`valid`): {likelihoods}."
        if likelihoods
        else "no bundle was exported with this data set.",
        tables=[
            Table(
                name="likelihood",
                title="Losses on test drawings, in nats",
                columns=[
                    Column("model", "text"),
                    Column("KL weight", "number"),
                    *(
                        Column(f"{name} ({convention})", "number")
                        for convention in ("valid", "magenta")
                        for name in ("Ls", "Lp", "LR")
                    ),
                    Column("KL", "number"),
                ],
                rows=rows,
            )
        ],
        figures=figures,
    )
