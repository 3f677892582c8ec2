"""The report of a study: one page that opens offline, and what lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sketch_pix2seq.evaluation.report.layout import Provenance, Section, render, write_report
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.sections import sections
from sketch_pix2seq.evaluation.turing.trials import codebook_csv, trials_csv
from sketch_pix2seq.io.atomic import atomic_write

VOTES, CODEBOOK = "votes.csv", "codebook.csv"
_DIGITS = 12  # of a SHA-256, for people


def write_results(outcome: StudyOutcome, provenance: Provenance, out: Path) -> Path:
    """Write the page and what lies beside it: see `write_report`; all votes and their codebook."""
    all_sections = list(sections(outcome))
    made = asdict(provenance)
    results = {
        "made": made,
        "study": {"digest": outcome.study.digest, **outcome.study.made},
        "settings": asdict(outcome.study.settings),
        "left out": outcome.reasons,
    }
    beside = (
        "Tables, all votes and their codebook as CSV, everything as JSON, lie beside this page."
    )
    page = results_page(outcome, all_sections, facts=list(made.items()), beside=beside)
    written = write_report(all_sections, results, page, out)
    atomic_write(out / VOTES, trials_csv(outcome).encode())
    atomic_write(out / CODEBOOK, codebook_csv().encode())
    return written


def results_page(
    outcome: StudyOutcome,
    all_sections: Sequence[Section] | None = None,
    *,
    facts: Sequence[tuple[str, str]] = (),
    **others: str,
) -> str:
    """Lay out the page, HTML.

    Args:
        outcome: The study and its votes.
        all_sections: Sections of the outcome, if they are made already.
        facts: How the page was made.
        **others: More of what `render` takes.
    """
    study, count = outcome.study, len(outcome.everybody.participants)
    of_study = [("study", study.digest[:_DIGITS]), ("votes", f"{outcome.everybody.cast.sum():,}")]
    wanted = study.settings.participants
    of_study += [("finished", f"{outcome.num_finished:,}" + (f" of {wanted:,}" if wanted else ""))]
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
            (label, digest, f"{study.made['temperatures'][label]:g}")
            for label, digest in study.made["models"].items()
        ],
        model_columns=("model", "SHA-256", "temperature"),
        attribution=str(study.made.get("licence", "")),
        **others,
    )
