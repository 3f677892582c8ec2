"""The outcome of a study in words, tables and figures: sections of the report's page.

Source of what the paper found: Chen et al., arXiv 1709.04121, Table 3 and section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import (
    Cell,
    Column,
    Table,
    columns,
    format_cell,
    listed,
)
from sketch_pix2seq.evaluation.turing.grid import grid, rows_of
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.statistics import LEAST_HUMAN, MOST_HUMAN, RESAMPLES
from sketch_pix2seq.evaluation.turing.study import HUMAN

PAPER = {"human": 0.58, "cnn": 0.60, "cnn_kl": 0.57, "rnn": 0.53, "rnn_kl": 0.50}
"""How often each source's sketches were tagged human. A model of another name has none."""
PARTICIPANTS, LEFT_OUT = 61, 2
_INTERVALS = (
    f"Intervals are 95 %: {RESAMPLES:,} times participants and sketches, both, are drawn anew "
    "with replacement (pigeonhole bootstrap), for votes of one person, and votes on one sketch, "
    "are alike."
)
_RULE = (
    f"Who tagged more than {MOST_HUMAN:.0%} or less than {LEAST_HUMAN:.0%} of what they saw as "
    "human is left out, as in the paper."
).replace("%", " %")


def sections(outcome: StudyOutcome) -> Iterator[Section]:
    """Yield all sections in their order."""
    yield _passing(outcome)
    yield _by_category(outcome)
    yield _by_sketch(outcome)
    yield _participants(outcome)


def _passing(outcome: StudyOutcome) -> Section:
    """Table 3."""
    rows: list[list[Cell]] = [
        [
            source,
            outcome.share(source),
            None if source == HUMAN else outcome.above_human(source),
            outcome.share_by_everybody(source),
            PAPER.get(source),
            outcome.num_votes(source),
        ]
        for source in outcome.study.sources
    ]
    found = [row for row in rows if row[1] is not None]
    return Section(
        name="passing",
        title="Taken for human: how often",
        see="A source that draws as people do is tagged human as often as people are, "
        "which is far from always.",
        how=f"{_RULE} {_INTERVALS} A redrawing and the sketch that it redraws are drawn anew "
        "together where they are compared.",
        paper=f"{PARTICIPANTS} participants, {LEFT_OUT} of them left out; human 58 %, "
        "CNN without KL 60 %, CNN with KL 57 %, RNN without KL 53 %, RNN with KL 50 % (Table 3).",
        here=listed(found) + "." if found else "no votes that count yet.",
        tables=[
            Table(
                name="turing",
                title="Tagged human",
                columns=[
                    *columns("drawn by", "tagged human"),
                    Column("against human", "points"),
                    Column("nobody left out"),
                    Column("the paper"),
                    Column("votes that count", "number"),
                ],
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=[],
    )


def _by_category(outcome: StudyOutcome) -> Section:
    study = outcome.study
    rows: list[list[Cell]] = [
        [source, *(outcome.share(source, category) for category in study.categories)]
        for source in study.sources
    ]
    shown: list[tuple[str, list[Estimate]]] = []
    for name in (None, *study.categories):
        some = [outcome.share(source, name) for source in study.sources]
        known = [one for one in some if one is not None]
        if len(known) == len(some):
            shown.append((name or "all", known))
    figures = [
        Figure(
            "turing-categories",
            "Tagged human, by category",
            charts.dots([name for name, _ in shown], study.sources, [some for _, some in shown]),
            "Where lines lie beside each other, these votes show no difference.",
        )
    ]
    return Section(
        name="categories",
        title="Categories: what is easy to pass with",
        see="Some things are drawn alike by everybody; others give the computer away.",
        how=f"As above, {study.made['per_category']} human sketches of each category.",
        paper="pigs by the CNN were tagged human more often (67 % without KL, 61 % with) than by "
        "the RNN (50 %, 45 %).",
        here="most often tagged human: " + "; ".join(_best(outcome)) + "."
        if shown
        else "too few votes yet.",
        tables=[
            Table(
                name="turing-categories",
                title="Tagged human, by category",
                columns=columns("drawn by", *study.categories),
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=figures if shown else [],
    )


def _best(outcome: StudyOutcome) -> Iterator[str]:
    """Say of each category who is tagged human most often there."""
    for category in outcome.study.categories:
        shares = {source: outcome.share(source, category) for source in outcome.study.sources}
        values = {source: share.value for source, share in shares.items() if share is not None}
        if values:
            best = max(values, key=values.__getitem__)
            yield f"{category} {best}, {format_cell(values[best], 'share').text}"


def _by_sketch(outcome: StudyOutcome) -> Section:
    """Figure 3."""
    study, table = outcome.study, outcome.counted
    shares = table.share_of_each()
    counts = dict(zip(table.sketches, table.cast.sum(axis=0).tolist(), strict=True))
    sketches = [one for source in study.sources for one in study.of(source)]
    beating = [
        one.name
        for one in sketches
        if (own := shares[one.name]) is not None
        and (human := shares[one.original]) is not None
        and own > human
    ]
    num_redrawings = len(sketches) - len(study.of(HUMAN))
    return Section(
        name="sketches",
        title="Sketches: each with its share",
        see="Left the human sketch, beside it each model's redrawing of it. Below each how often "
        "it was tagged human: green if more often than the human one, red on a tint if the most "
        "often of its row.",
        how=_RULE,
        paper="shows the same of its 150 sketches, in the same colours (Figure 3).",
        here=f"{len(beating)} of {num_redrawings} redrawings are tagged human more often than "
        "what they redraw.",
        tables=[
            Table(
                name="turing-sketches",
                title="",
                columns=[
                    *columns("sketch", "drawn by", "category", "redraws", form="text"),
                    Column("tagged human"),
                    Column("votes", "number"),
                ],
                rows=[
                    [
                        one.name,
                        one.source,
                        one.category,
                        one.original,
                        None if (share := shares[one.name]) is None else round(share, 6),
                        int(counts[one.name]),
                    ]
                    for one in sketches
                ],
                page_columns=0,
            )
        ],
        figures=[
            Figure(
                f"turing-{category}",
                category,
                grid(rows_of(study, category, shares)),
                "Green: above the human one. Red: the highest of the row.",
            )
            for category in study.categories
        ],
    )


def _participants(outcome: StudyOutcome) -> Section:
    table = outcome.everybody
    answered, human = table.cast.sum(axis=1), table.human.sum(axis=1)
    total = len(table.sketches)
    finished = int((answered == total).sum())
    count, out = len(table.participants), len(outcome.left_out)
    middle = f"{np.median(answered):.0f}" if count else "no"
    return Section(
        name="participants",
        title="Participants",
        see="Nobody's name, address or hour is kept: a number stands for each.",
        how="Everybody with at least one vote. Who stopped before the end counts with what they "
        "answered.",
        paper=f"{PARTICIPANTS} participants, {LEFT_OUT} left out.",
        here=f"{count:,} participants, {out:,} left out; {finished:,} answered all {total:,} "
        f"sketches, half of them {middle} or more.",
        tables=[
            Table(
                name="turing-participants",
                title="",
                columns=[
                    Column("participant", "text"),
                    Column("answered", "number"),
                    Column("tagged human"),
                    Column("left out", "text"),
                ],
                rows=[
                    [
                        name,
                        int(answered[place]),
                        round(float(human[place] / answered[place]), 6),
                        "yes" if name in outcome.left_out else "no",
                    ]
                    for place, name in enumerate(table.participants)
                ],
                page_columns=0,
            )
        ],
        figures=[],
    )
