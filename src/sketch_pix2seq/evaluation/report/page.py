"""The page: one HTML file that opens offline, and the tables and figures beside it.

report.html    everything, self-contained
results.json   the same numbers
tables/*.csv   each table
figures/*.svg  each figure
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from sketch_pix2seq import __version__
from sketch_pix2seq.evaluation.contest import Contest, as_file_name
from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report.claims import Claim, claims
from sketch_pix2seq.evaluation.report.sections import Figure, Found, Section, sections
from sketch_pix2seq.evaluation.report.tables import told
from sketch_pix2seq.sketch.writing import write_whole

PAGE, RESULTS = "report.html", "results.json"

_LIGHT = {
    "paper": "#ffffff", "ink": "#1b1b1b", "grey": "#6b6b70", "hair": "#e6e6e9",
    "c0": "#3b6fb6", "c1": "#2f8f6b", "c2": "#b7791f", "c3": "#c2453f",
    "c4": "#7a4fb5", "c5": "#b9508d", "c6": "#2a8fa3", "c7": "#6d7a2b",
}  # fmt: skip
_DARK = {
    "paper": "#141416", "ink": "#ececef", "grey": "#9a9aa3", "hair": "#2c2c31",
    "c0": "#7fb0f2", "c1": "#62c79f", "c2": "#e3b04b", "c3": "#f08a80",
    "c4": "#b795f0", "c5": "#e896c5", "c6": "#6cc6d8", "c7": "#b9c56a",
}  # fmt: skip
_CHART_STYLE = (
    ".chart text{font:12.5px Inter,system-ui,Helvetica,Arial,sans-serif;fill:var(--ink)}"
    ".chart text.grey{fill:var(--grey)}"
    ".chart text.small{font-size:10.5px;fill:var(--grey)}"
    ".chart text.onink{font-size:10.5px;fill:var(--paper)}"
    ".chart text.strong{font-weight:600}"
    ".chart .hair{stroke:var(--hair);fill:none}"
    ".chart .frame{stroke:var(--hair);fill:none}"
)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a report was made.

    Args:
        command: What was typed.
        commit: Of the code; the release if it is not known.
        data: Name of the data set.
        machine: In a few words.
        date: Of the day.
    """

    command: str
    commit: str
    data: str
    machine: str
    date: str


def write_report(found: Found, provenance: Provenance, out: Path) -> Path:
    """Write the page and what lies beside it.

    Args:
        found: What was measured.
        provenance: How.
        out: A folder; made if it is not there.

    Returns:
        The page.
    """
    all_sections = list(sections(found))
    all_claims = list(claims(found.contest, found.measured))
    for folder in ("tables", "figures"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for section in all_sections:
        for table in section.tables:
            write_whole(out / "tables" / f"{table.name}.csv", table.to_csv().encode())
        for figure in section.figures:
            path = out / "figures" / f"{as_file_name(figure.name)}.svg"
            write_whole(path, standalone(figure).encode())
    results = _results(found.contest, provenance, all_sections, all_claims)
    write_whole(out / RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    write_whole(out / PAGE, _page(found, provenance, all_sections, all_claims).encode())
    return out / PAGE


def _page(
    found: Found,
    provenance: Provenance,
    all_sections: Sequence[Section],
    all_claims: Sequence[Claim],
) -> str:
    text = resources.files(__package__).joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["marked"] = _marked
    contest = found.contest
    count = len(contest.held_out.sketches)
    kinds = len(contest.held_out.categories)
    return environment.from_string(text).render(
        title="Redrawing sketches: " + _several(found.labels),
        lead=(
            f"{count:,} test drawings of {kinds} categories, drawn by people and never seen in "
            f"training, redrawn by {len(found.labels)} model{'s' * (len(found.labels) != 1)} and "
            "looked at by a judge. The experiments of the paper Sketch-pix2seq (Chen, Tu, Yi, Xu, "
            "2017), with the numbers it does not give."
        ),
        facts=[(name, value) for name, value in asdict(provenance).items()],
        made=f"Commit {provenance.commit}, seed {contest.settings.seed}.",
        colours=_colours(),
        chart_style=_CHART_STYLE,
        sections=all_sections,
        claims=all_claims,
        told=told,
        models=_models(found),
        model_columns=_MODEL_COLUMNS,
        attribution=next((m.card.attribution for m in found.models if m.card.attribution), ""),
        version=__version__,
    )


def _marked(words: str) -> Markup:
    """Set what stands in backticks as code, and nothing else as anything."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words))))


def _several(labels: Sequence[str]) -> str:
    return ", ".join(labels) if len(labels) < 6 else f"{len(labels)} models"


_MODEL_COLUMNS = ("model", "recipe", "sees", "decoder", "KL weight", "steps", "drawings", "weights")


def _models(found: Found) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for model in found.models:
        card = model.card
        settings = card.recipe.get("model", {})
        counts = card.data.get("counts", {}).get("train", {})
        rows.append(
            (
                model.label,
                card.name,
                "picture" if model.looks_at_pictures else "strokes",
                f"{settings.get('decoder', '?')}-{settings.get('decoder_size', '?')}",
                f"{model.kl_weight:g}",
                f"{card.metrics.get('step', 0):,}",
                f"{sum(counts.values()):,} of {len(card.categories)} categories",
                model.digest[:12],
            )
        )
    judge = found.contest.judge
    counts = judge.card.data.get("counts", {}).get("train", {})
    rows.append(
        (
            "judge",
            str(judge.card.recipe.get("name", "judge")),
            "picture",
            "none",
            "–",
            f"{judge.card.metrics.get('step', 0):,}",
            f"{sum(counts.values()):,} of {len(judge.card.categories)} categories",
            judge.digest[:12],
        )
    )
    return rows


def standalone(figure: Figure) -> str:
    """Return a figure as a file of its own, light or dark as its reader likes it."""
    style = f"<style>{_colours()}{_CHART_STYLE}svg{{background:var(--paper)}}</style>"
    head, _, rest = figure.svg.partition(">")
    svg = f"{head}>{style}{rest}"
    ET.fromstring(svg)
    return svg if svg.endswith("\n") else svg + "\n"


def _colours() -> str:
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in some.items()) for some in (_LIGHT, _DARK)
    )
    return (
        f":root{{{light}}}@media (prefers-color-scheme: dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{{light}}}}}"
    )


def _results(
    contest: Contest,
    provenance: Provenance,
    all_sections: Sequence[Section],
    all_claims: Sequence[Claim],
) -> dict[str, Any]:
    def plain(cell: Any) -> Any:
        return asdict(cell) if isinstance(cell, Estimate) else cell

    return {
        "made": asdict(provenance),
        "settings": asdict(contest.settings),
        "models": {model.label: model.digest for model in contest.models},
        "judge": contest.judge.digest,
        "data": contest.held_out.digest,
        "claims": [
            {
                "claim": claim.words,
                "verdict": claim.verdict,
                "comparisons": {one.words: plain(one.value) for one in claim.comparisons},
            }
            for claim in all_claims
        ],
        "tables": {
            table.name: [
                {column.name: plain(cell) for column, cell in zip(table.columns, row, strict=True)}
                for row in table.rows
            ]
            for section in all_sections
            for table in section.tables
        },
    }
