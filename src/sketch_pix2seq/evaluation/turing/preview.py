"""A sheet of a study for its maker, to be looked through and registered before people see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from html import escape

from sketch_pix2seq.evaluation.report.layout import style
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.grid import Shown, grid, rows_of_originals
from sketch_pix2seq.evaluation.turing.outcome import exclusion_rule
from sketch_pix2seq.evaluation.turing.study import Study


def preview_page(study: Study) -> str:
    """Lay out all drawings with their labels, human ones left, and the study's settings, HTML."""
    labels = study.made.get("labels", {})
    parts = []
    for category in study.categories:
        rows = [
            [
                Shown(one, labels.get(one.name, one.name) if not at else "")
                for at, one in enumerate(row)
            ]
            for row in rows_of_originals(study, category)
        ]
        parts.append(f"<section><h2>{escape(category)}</h2><figure>{grid(rows)}</figure></section>")
    return _PAGE.format(
        style=style(),
        count=len(study.sketches),
        checks=len(study.checks),
        facts="".join(
            f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in _facts(study)
        ),
        body="".join(parts),
    )


def _facts(study: Study) -> Iterator[tuple[str, object]]:
    """Say what a preregistration needs: what is shown, to whom, and who is left out."""
    yield "study (SHA-256)", study.digest
    yield "models", ", ".join(f"{name} {digest}" for name, digest in study.made["models"].items())
    yield "seed", study.made["seed"]
    yield "pictures a person", Design(study).num_trials
    yield "exclusion", exclusion_rule(study)
    for name, value in asdict(study.settings).items():
        if name not in ("allowed_misses", "least_answers") and value:
            shown = ", ".join(value) if isinstance(value, tuple) else value
            yield name.replace("_", " "), "yes" if value is True else shown


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Preview of a study</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Preview of a study</h1>
<p class="lead">{count} sketches and {checks} attention checks. Look for what gives a source away,
such as writing in a drawing. Human drawings stand left, their labels below them. Leave one out with
<code>turing edit STUDY --drop LABEL</code>, or let another take its place with
<code>turing create ... --exclude LABEL</code>. Participants must not see this page.</p>
</header>
<main>{body}<section><h2>For a preregistration</h2><dl>{facts}</dl></section></main>
</body>
</html>
"""
