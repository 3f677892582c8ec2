"""The outcome of a study in words, tables and figures: sections of the report's page.

Source of what the paper found: Chen et al., arXiv 1709.04121, Table 3 and section 4.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.evaluation.estimates import Estimate, student, wilson
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section
from sketch_pix2seq.evaluation.report.tables import (
    Cell,
    Column,
    Table,
    columns,
    counted,
    format_cell,
    listed,
)
from sketch_pix2seq.evaluation.turing.detection import Detection, detections
from sketch_pix2seq.evaluation.turing.grid import Shown, grid, rows_of
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome, exclusion_rule
from sketch_pix2seq.evaluation.turing.statistics import MIN_PEOPLE, RESAMPLES
from sketch_pix2seq.evaluation.turing.study import HUMAN, StudySketch

PAPER = {"human": 0.58, "cnn": 0.60, "cnn_kl": 0.57, "rnn": 0.53, "rnn_kl": 0.50}
"""How often each source's sketches were tagged human. A model of another name has none."""
MISTAKEN = 8
"""Sketches that are shown as those most often mistaken."""
PARTICIPANTS, LEFT_OUT = 61, 2
_INTERVALS = (
    f"Intervals are 95 %: participants and sketches, both, are {RESAMPLES:,} times resampled with "
    "replacement (pigeonhole bootstrap), because votes of one person, and votes on one sketch, are "
    "correlated. None is narrower than Wilson's; with fewer than "
    f"{MIN_PEOPLE} people, each counts as one answer there."
)


def sections(outcome: StudyOutcome) -> Iterator[Section]:
    """Yield all sections in their order."""
    yield _by_sketch(outcome)
    yield _passing(outcome)
    yield _by_category(outcome)
    yield _participants(outcome)
    yield _detection(outcome)


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
    people = len(outcome.counted.participants)
    few = f" Too few people yet to conclude anything: {people}." if people < MIN_PEOPLE else ""
    return Section(
        name="passing",
        title="How often each source was judged human",
        see="People's own sketches are the yardstick, not 50 %.",
        how=f"{exclusion_rule(outcome.study)} Intervals are 95 %; how they are made stands at the "
        "end of the page.",
        paper=f"{PARTICIPANTS} participants, {LEFT_OUT} of them left out; human 58 %, "
        "CNN without KL 60 %, CNN with KL 57 %, RNN without KL 53 %, RNN with KL 50 % (Table 3).",
        here=f"{listed(found)}.{few}" if found else "no votes that count yet.",
        tables=[
            Table(
                name="turing",
                title="Tagged human",
                columns=[
                    *columns("drawn by", "tagged human"),
                    Column("difference from human", "points"),
                    Column("without exclusions"),
                    Column("the paper"),
                    Column("votes analysed", "number"),
                ],
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=[],
    )


def _detection(outcome: StudyOutcome) -> Section:
    """Sensitivity and criterion, for each participant and source."""
    study = outcome.study
    found = list(detections(study, outcome.counted))
    rows: list[list[Cell]] = []
    for source in study.sources[1:]:
        own = [one for one in found if one.source == source]
        pairs = np.array([(one.sensitivity, one.criterion) for one in own]).reshape(-1, 2)
        rows.append([source, *map(_mean, pairs.T), len(own)])
    known = [row for row in rows if row[1] is not None]
    return Section(
        name="detection",
        title="Method: intervals, and signal detection",
        see="d′ 0: participants cannot distinguish a source from people; above 0: they can. "
        "Criterion above 0: they rather say computer.",
        how=f"{_INTERVALS} A redrawing and the sketch that it redraws are resampled together where "
        "they are compared. Signal detection: for each participant and source, human sketches "
        "being the signal; half an answer is added to each count (Hautus, 1995). Means over "
        "participants, 95 % intervals over them by Student's t. Few answers of a person pull d′ "
        "towards 0: compare sources, not studies.",
        paper="has no such numbers.",
        here=f"d′ {listed(known, form='number')}." if known else "no votes that count yet.",
        tables=[
            Table(
                name="turing-detection",
                title="Sensitivity and criterion",
                columns=columns("drawn by", "d′", "criterion", "participants", form="number"),
                rows=rows,
            ),
            Table(
                name="turing-detection-participants",
                title="",
                columns=[
                    *columns("participant", "drawn by", form="text"),
                    *(
                        Column(name, "number")
                        for name in (*Detection._fields[2:], "d′", "criterion")
                    ),
                ],
                rows=[[*one, round(one.sensitivity, 6), round(one.criterion, 6)] for one in found],
                page_columns=0,
            ),
        ],
        figures=[],
    )


def _mean(values: Float64[np.ndarray, "P"]) -> Cell:
    """A mean over people; alone, if they are few or all alike: that they are by chance."""
    if len(values) < MIN_PEOPLE or np.ptp(values) == 0:
        return float(values.mean()) if len(values) else None
    found = student(values)
    return Estimate(round(found.value, 2), round(found.low, 2), round(found.high, 2))


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
            votes = sum(outcome.num_votes(source, name) for source in study.sources)
            shown.append((f"{name or 'all'} ({votes:,})", known))
    figures = [
        Figure(
            "turing-categories",
            "Tagged human, by category",
            charts.dots([name for name, _ in shown], study.sources, [some for _, some in shown]),
            "In brackets the number of votes. Overlapping intervals: no clear difference.",
        )
    ]
    return Section(
        name="categories",
        title="Results by category",
        see="Some things are drawn alike by everybody; others give the computer away.",
        how="As in the section before. Human sketches: "
        + ", ".join(f"{name} {len(study.of(HUMAN, name))}" for name in study.categories)
        + ".",
        paper="pigs by the CNN were tagged human more often (67 % without KL, 61 % with) than by "
        "the RNN (50 %, 45 %).",
        here="most often tagged human: " + "; ".join(_best(outcome)) + "."
        if shown
        else "too few votes yet.",
        tables=[
            Table(
                name="turing-categories",
                title="Tagged human, by category",
                columns=columns("drawn by", *map(_column_name, study.categories)),
                rows=rows,
                yardsticks=1,
            )
        ],
        figures=figures if shown else [],
    )


def _column_name(category: str) -> str:
    """Name the column of a category unlike the first one of its table."""
    return f"{category} (category)" if category == "drawn by" else category


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
    compared = [
        own > human
        for one in sketches
        if one.source != HUMAN
        and (own := shares[one.name]) is not None
        and (human := shares[one.original]) is not None
    ]
    more_often = "No pair of a redrawing and its human drawing has votes on both."
    if compared:
        more_often = (
            f"Of {counted(len(compared), 'pair')} of a redrawing and its human drawing with votes "
            f"on both, the redrawing is tagged human more often in {sum(compared)}."
        )
    mistaken = most_mistaken(sketches, shares, counts)
    first_ones = "; ".join(
        f"{one.category} by {one.source}, {words}" for one, words in mistaken[:3]
    )
    return Section(
        name="sketches",
        title="Drawings most often mistaken: results by sketch",
        see="First the drawings about which most people were wrong, then all of each category: "
        "left the human sketch, beside it each model's redrawing of it. Below each how often "
        "it was tagged human, and the number of votes in brackets.",
        how="A share of few votes says little: with 60 it is good to about ± 12 points. Who is "
        "left out stands in the next section.",
        paper="shows the same of its 150 sketches (Figure 3).",
        here=(f"most often mistaken: {first_ones}. " if mistaken else "") + more_often,
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
            *(
                [
                    Figure(
                        "turing-mistaken",
                        "Most often mistaken",
                        grid([[Shown(one, words) for one, words in mistaken]]),
                        "Above each who drew it; below how many took it for the other: a model's "
                        "for human, a human one for a computer's. Few votes count for less.",
                    )
                ]
                if mistaken
                else []
            ),
            *(
                Figure(
                    f"turing-category-{number}-{category}",
                    category,
                    grid(rows_of(study, category, shares, counts)),
                    "Green: above the human original. Bold: highest in the row.",
                )
                for number, category in enumerate(study.categories, start=1)
            ),
        ],
    )


def most_mistaken(
    sketches: Sequence[StudySketch], shares: Mapping[str, float | None], counts: Mapping[str, int]
) -> list[tuple[StudySketch, str]]:
    """Return the sketches that most people took for what they are not, with how many, in words.

    Args:
        sketches: The sketches.
        shares: How often each was tagged human, by their names; None: no vote.
        counts: Numbers of votes, by their names.

    Returns:
        At most `MISTAKEN` that anybody was wrong about, by the lower end of Wilson's interval of
        the share of wrong answers, so that one wrong answer of one is not more than 9 of 10.
    """
    wrong = []
    for sketch in sketches:
        if (human := shares[sketch.name]) is not None:
            share = 1 - human if sketch.source == HUMAN else human
            if share > 0:
                found = wilson(share, counts[sketch.name])
                wrong.append((found.low, sketch, f"{100 * share:.0f} % ({counts[sketch.name]})"))
    wrong.sort(key=lambda one: -one[0])
    return [(sketch, words) for _, sketch, words in wrong[:MISTAKEN]]


def _participants(outcome: StudyOutcome) -> Section:
    table, settings = outcome.everybody, outcome.study.settings
    answered, human = table.cast.sum(axis=1), table.human.sum(axis=1)
    count = len(table.participants)
    left_out = [outcome.reasons[name] for name in table.participants if name in outcome.reasons]
    wanted = f" of {settings.participants:,}" if settings.participants else ""
    middle = f"{np.median(answered):g}" if count else "no"
    reasons = sorted(Counter(left_out).items())
    why = "".join(f", {number:,} for {reason}" for reason, number in reasons)
    return Section(
        name="participants",
        title="Participants",
        see=f"{outcome.num_finished:,}{wanted} finished.",
        how="Everybody with at least one vote. Who stopped before the end counts with what they "
        "answered. No name, address or time of day is stored: a number stands for each.",
        paper=f"{PARTICIPANTS} participants, {LEFT_OUT} left out.",
        here=f"{counted(count, 'participant')}, {len(left_out):,} left out{why}; "
        f"{outcome.num_finished:,} answered all {outcome.num_trials:,} pictures that they were "
        f"shown; median {middle} answers.",
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
                        outcome.reasons.get(name, "no"),
                    ]
                    for place, name in enumerate(table.participants)
                ],
                page_columns=0,
            )
        ],
        figures=[],
    )
