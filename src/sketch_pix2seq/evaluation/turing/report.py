"""The report of a study: one page that opens offline, and what lies beside it.

report.html    everything, self-contained
results.json   the same numbers
votes.csv      all votes, participants by number
tables/*.csv   each table
figures/*.svg  each figure
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report.layout import Provenance, Section, render, write_beside
from sketch_pix2seq.evaluation.turing.outcome import Outcome
from sketch_pix2seq.evaluation.turing.sections import sections
from sketch_pix2seq.io.atomic import atomic_write

PAGE, RESULTS, VOTES = "report.html", "results.json", "votes.csv"
_NO_ACTIONS = Markup("")
_DIGITS = 12  # of a SHA-256, for people


def write_results(outcome: Outcome, provenance: Provenance, out: Path) -> Path:
    """Write the page and what lies beside it.

    Args:
        outcome: The study and its votes.
        provenance: How the report was made.
        out: A folder; made if it is not there.

    Returns:
        The page.
    """
    all_sections = list(sections(outcome))
    write_beside(all_sections, out)
    atomic_write(out / VOTES, outcome.to_csv().encode())
    results = _results(outcome, provenance, all_sections)
    atomic_write(out / RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    facts = asdict(provenance).items()
    beside = "Tables and all votes as CSV, everything as JSON, lie beside this page."
    page = results_page(outcome, all_sections, facts=list(facts), beside=beside)
    atomic_write(out / PAGE, page.encode())
    return out / PAGE


def results_page(
    outcome: Outcome,
    all_sections: Sequence[Section] | None = None,
    *,
    facts: Sequence[tuple[str, str]] = (),
    beside: str = "",
    actions: Markup = _NO_ACTIONS,
    stylesheet: str = "",
) -> str:
    """Lay out the page.

    Args:
        outcome: The study and its votes.
        all_sections: Of the outcome, if they are made already.
        facts: How the page was made.
        beside: What else there is.
        actions: HTML: what the reader can do.
        stylesheet: Address of the page's style; empty: it is in the page.

    Returns:
        HTML.
    """
    study, count = outcome.study, len(outcome.everybody.participants)
    of_study = [("study", study.digest[:_DIGITS]), ("votes", f"{outcome.everybody.cast.sum():,}")]
    of_study += [("participation", outcome.period)] if outcome.period else []
    people = "1 person" if count == 1 else f"{count:,} people"
    return render(
        title="Human or computer?",
        lead=f"{people} said of {len(study.sketches):,} sketches ({', '.join(study.categories)}) "
        "whether a human drew them. The test of the paper Sketch-pix2seq (Chen, Tu, Yi, Xu, 2017)."
        if count
        else "Nobody has voted yet. This is what the page will show.",
        facts=[*of_study, *facts],
        made=f"Study {study.digest[:_DIGITS]}.",
        sections=list(sections(outcome)) if all_sections is None else all_sections,
        models=[
            (label, digest[:_DIGITS], f"{study.made['temperatures'][label]:g}")
            for label, digest in study.made["models"].items()
        ],
        model_columns=("model", "SHA-256", "temperature"),
        attribution=str(study.made.get("licence", "")),
        beside=beside,
        actions=actions,
        stylesheet=stylesheet,
    )


def _results(
    outcome: Outcome, provenance: Provenance, all_sections: Sequence[Section]
) -> dict[str, Any]:
    def plain(cell: Any) -> Any:
        return asdict(cell) if isinstance(cell, Estimate) else cell

    return {
        "made": asdict(provenance),
        "study": {"digest": outcome.study.digest, **outcome.study.made},
        "left out": sorted(outcome.left_out),
        "tables": {
            table.name: [
                {column.name: plain(cell) for column, cell in zip(table.columns, row, strict=True)}
                for row in table.rows
            ]
            for section in all_sections
            for table in section.tables
        },
    }
