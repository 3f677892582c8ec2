"""The page: one HTML file that opens offline, and the tables and figures beside it.

report.html    everything, self-contained
results.json   the same numbers
tables/*.csv   each table
figures/*.svg  each figure
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import Evaluation
from sketch_pix2seq.evaluation.report.claims import Claim, claims
from sketch_pix2seq.evaluation.report.layout import Provenance, Section, render, write_beside
from sketch_pix2seq.evaluation.report.sections import Found, sections
from sketch_pix2seq.io.atomic import atomic_write

PAGE, RESULTS = "report.html", "results.json"


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
    all_claims = list(claims(found.evaluation, found.measured))
    write_beside(all_sections, out)
    results = _results(found.evaluation, provenance, all_sections, all_claims)
    atomic_write(out / RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    atomic_write(out / PAGE, _page(found, provenance, all_sections, all_claims).encode())
    return out / PAGE


def _page(
    found: Found,
    provenance: Provenance,
    all_sections: Sequence[Section],
    all_claims: Sequence[Claim],
) -> str:
    evaluation = found.evaluation
    count = len(evaluation.held_out.sketches)
    kinds = len(evaluation.held_out.categories)
    return render(
        title="Redrawing sketches: " + _several(found.labels),
        lead=(
            f"{count:,} test drawings of {kinds} categories, drawn by people and never seen in "
            f"training, redrawn by {len(found.labels)} model{'s' * (len(found.labels) != 1)} and "
            "looked at by a judge. The experiments of the paper Sketch-pix2seq (Chen, Tu, Yi, Xu, "
            "2017), with the numbers it does not give."
        ),
        facts=[(name, value) for name, value in asdict(provenance).items()],
        made=f"Commit {provenance.commit}, seed {evaluation.settings.seed}.",
        sections=all_sections,
        claims=all_claims,
        models=_models(found),
        model_columns=_MODEL_COLUMNS,
        attribution=next((m.card.attribution for m in found.models if m.card.attribution), ""),
        beside="Tables as CSV and everything as JSON lie beside this page.",
    )


def _several(labels: Sequence[str]) -> str:
    return ", ".join(labels) if len(labels) < 6 else f"{len(labels)} models"


_MODEL_COLUMNS = ("model", "recipe", "sees", "decoder", "KL weight", "steps", "drawings", "weights")


def _models(found: Found) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for model in found.models:
        card = model.card
        settings = card.recipe.get("model") or {}
        counts = (card.data.get("counts") or {}).get("train") or {}
        rows.append(
            (
                model.label,
                card.name,
                "picture" if model.reads_pictures else "strokes",
                f"{settings.get('decoder', '?')}-{settings.get('decoder_size', '?')}",
                f"{model.kl_weight:g}",
                f"{card.metrics.get('step') or 0:,}",
                f"{sum(counts.values()):,} of {len(card.categories)} categories",
                model.digest[:12],
            )
        )
    judge = found.evaluation.judge
    counts = (judge.card.data.get("counts") or {}).get("train") or {}
    rows.append(
        (
            "judge",
            str(judge.card.recipe.get("name", "judge")),
            "picture",
            "none",
            "–",
            f"{judge.card.metrics.get('step') or 0:,}",
            f"{sum(counts.values()):,} of {len(judge.card.categories)} categories",
            judge.digest[:12],
        )
    )
    return rows


def _results(
    evaluation: Evaluation,
    provenance: Provenance,
    all_sections: Sequence[Section],
    all_claims: Sequence[Claim],
) -> dict[str, Any]:
    def plain(cell: Any) -> Any:
        return asdict(cell) if isinstance(cell, Estimate) else cell

    return {
        "made": asdict(provenance),
        "settings": asdict(evaluation.settings),
        "models": {model.label: model.digest for model in evaluation.models},
        "judge": evaluation.judge.digest,
        "data": evaluation.held_out.digest,
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
