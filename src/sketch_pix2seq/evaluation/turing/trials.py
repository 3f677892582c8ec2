"""All answers as a table for statistics programs: one row for each, as mixed models want it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sketch_pix2seq.evaluation.report.tables import csv_text
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.study import HUMAN

CHECK = "check"
"""The source of attention checks."""
COLUMNS = {
    "participant": "number that stands for one person, in the order of coming",
    "position": "number of the picture in their order, from 1; empty if not recorded",
    "human_side": "where their button Human was: left or right",
    "response_ms": "milliseconds from seeing the picture to the answer; empty if not recorded",
    "sketch": "random name of the picture",
    "source": "who drew it: human, a model's label, or check for an attention check",
    "category": "what it shows",
    "original": "name of the human sketch that it redraws, its own for human sketches",
    "answer": "human or computer",
    "said_human": "1: the answer is human; 0: computer",
    "correct": "1: the answer is right; 0: wrong",
    "left_out": "1: this person's answers are not analysed; 0: they are",
    "reason": "why they are left out; empty if they are not",
}


def trials_csv(outcome: StudyOutcome) -> str:
    """Return all answers as CSV, by participant and position; see `COLUMNS`."""
    return csv_text([COLUMNS, *_rows(outcome)])


def codebook_csv() -> str:
    """Return what the columns of `trials_csv` mean, as CSV."""
    return csv_text([("column", "meaning"), *COLUMNS.items()])


def _rows(outcome: StudyOutcome) -> Iterator[Sequence[object]]:
    sketches = {sketch.name: sketch for sketch in outcome.study.sketches}
    for vote in outcome.votes:
        sketch, check = sketches.get(vote.sketch), outcome.study.checks.get(vote.sketch)
        if sketch is not None:
            about = (sketch.source, sketch.category, sketch.original)
            is_human = sketch.source == HUMAN
        elif check is not None:
            about, is_human = (CHECK, "", vote.sketch), check == "human"
        else:
            continue
        reason = outcome.reasons.get(vote.participant, "")
        yield (
            vote.participant,
            vote.position,
            "left" if vote.human_left else "right",
            vote.response_ms,
            vote.sketch,
            *about,
            "human" if vote.human else "computer",
            int(vote.human),
            int(vote.human == is_human),
            int(bool(reason)),
            reason,
        )
