"""Recognition and retrieval: is the redrawing of the right kind, and is it *this* drawing?

**Rec**: the share of redrawings that the judge takes for the category of their input. **Ret**: a
redrawing is encoded and all test drawings are ranked by the distance of their codes from its own;
a hit if its input is among the first 1, 10 or 50. **Ret back**: all redrawings are ranked by their
distance from a test drawing; a hit if its own redrawing is among the first. A redrawing without
lines is of no category, and the last in every ranking.

Ret by a model's own encoder compares a model with itself. So it is also measured by the judge's
features, the same for all, and for human drawings: each test drawing is slightly distorted, as in
training, and stands for its own redrawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from sketch_pix2seq.data.augment import Augmentation, augment
from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import (
    DOT,
    Entry,
    EvaluatedDrawings,
    EvaluatedModel,
    Evaluation,
    Results,
    drawing_seeds,
)
from sketch_pix2seq.evaluation.line_metrics import line_metrics
from sketch_pix2seq.evaluation.parts import KeptSketch, Part, keep_sketch, kept_sketch
from sketch_pix2seq.evaluation.report import charts
from sketch_pix2seq.evaluation.report.layout import Figure, Section, sheet_svg
from sketch_pix2seq.evaluation.report.tables import (
    Cell,
    Column,
    Table,
    columns,
    format_cell,
    listed,
)
from sketch_pix2seq.io.sheet import Cell as SheetCell
from sketch_pix2seq.io.sheet import SheetRow
from sketch_pix2seq.sketch.sketch import Sketch

MANY = 12
"""Categories that the page shows one by one; the tables beside it hold all."""
TOPS = (1, 10, 50)
"""Ranks that count as hits."""
DISTORTION = Augmentation(scale=0.15, rotate=8.0, drop=0.1)
"""How test drawings are distorted to stand for their own redrawings."""
SHOWN = 4
"""Test drawings of each category whose redrawings are shown."""
_AT_ONCE = 512
_VERSION = 7
"""Of what is measured of a redrawing."""


@dataclass(frozen=True)
class SamplingConfig:
    """How redrawings are sampled: temperature, best of how many, seed."""

    temperature: float
    best_of: int
    seed: int

    @property
    def words(self) -> str:
        """What distinguishes it, but for the seed."""
        return f"{self.temperature:g}" + f", best of {self.best_of}" * (self.best_of > 1)


def sampling_configs(evaluation: Evaluation) -> list[SamplingConfig]:
    """Return all configurations for redrawing, the main one first."""
    settings = evaluation.settings
    others = [(temperature, 1) for temperature in settings.temperatures[1:]]
    if settings.best_of > 1:
        others.append((settings.temperature, settings.best_of))
    configs = [SamplingConfig(*other, settings.seed) for other in others]
    return main_configs(evaluation) + configs


def main_configs(evaluation: Evaluation) -> list[SamplingConfig]:
    """Return the main configuration, with each seed."""
    settings = evaluation.settings
    seeds = range(settings.seed, settings.seed + settings.num_repeats)
    return [SamplingConfig(settings.temperature, 1, seed) for seed in seeds]


def part_name(model: EvaluatedModel, config: SamplingConfig) -> str:
    """Name the part that measures a model's redrawings made in one config."""
    return f"{model.name}: redrawing at {config.words}, seed {config.seed}"


def repeat_name(drawings: EvaluatedDrawings, repeat: int) -> str:
    """Name the part that measures one repeat of drawings."""
    return f"{drawings.label}: drawings, repeat {repeat}"


def distorted_name(label: str) -> str:
    """Name the part that measures how a model finds distorted drawings."""
    return f"{label}: finding distorted drawings"


def examples_name(entry: Entry) -> str:
    """Name the part that keeps some redrawings to be shown."""
    return f"{entry.label}: examples"


def parts(evaluation: Evaluation) -> Iterator[Part]:
    """Yield all that is to be measured."""
    settings = evaluation.settings
    for model in (*evaluation.models, *evaluation.retrained):
        facts = {**evaluation.facts, "model": model.digest}
        configs = sampling_configs if model.training == 0 else main_configs
        for config in configs(evaluation):
            measure = partial(_redrawn, evaluation, model, config)
            yield Part(
                part_name(model, config), {**facts, **vars(config)}, measure, version=_VERSION
            )
    for model in evaluation.models:
        facts = {**evaluation.facts, "model": model.digest}
        measure = partial(_distorted, evaluation, model)
        yield Part(distorted_name(model.label), facts, measure, version=_VERSION)
    for drawings in evaluation.drawings:
        for repeat in repeats(evaluation, drawings):
            facts = {**evaluation.facts, "drawings": drawings.digest, "repeat": repeat}
            measure = partial(_repeated, evaluation, drawings, repeat)
            yield Part(repeat_name(drawings, repeat), facts, measure, version=_VERSION)
    for entry in evaluation.entries:
        facts = {**evaluation.facts, "model": entry.digest, "temperature": settings.temperature}
        shown = partial(_examples, evaluation, entry)
        yield Part(examples_name(entry), facts, shown, version=_VERSION)


def repeats(evaluation: Evaluation, drawings: EvaluatedDrawings) -> range:
    """Which of several redrawings of every test drawing are measured."""
    return range(min(drawings.num_repeats, evaluation.settings.num_repeats))


def examples(evaluation: Evaluation) -> list[int]:
    """Return the numbers of the test drawings that are shown: the first ones of each category.

    Of more than `MANY` categories those of the first `MANY`.
    """
    categories = range(len(evaluation.held_out.categories))[:MANY]
    return [
        int(number)
        for category in categories
        for number in evaluation.held_out.of_category(category)[:SHOWN]
    ]


def _examples(evaluation: Evaluation, entry: Entry) -> list[KeptSketch]:
    return [keep_sketch(drawn) for drawn in evaluation.redrawn(entry, examples(evaluation))]


def _redrawn(
    evaluation: Evaluation, model: EvaluatedModel, config: SamplingConfig
) -> dict[str, Any]:
    sketches = evaluation.held_out.sketches
    seeds = drawing_seeds(config.seed, len(sketches))
    several = model.sketcher.redraw(sketches, 1, config.temperature, seeds, best_of=config.best_of)
    drawn = [redrawing for (redrawing,) in several]
    return {**_measured(evaluation, drawn), **_ranked_by_codes(evaluation, model, drawn)}


def _repeated(evaluation: Evaluation, drawings: EvaluatedDrawings, repeat: int) -> dict[str, Any]:
    return _measured(evaluation, drawings.redraw(repeat))


def _measured(evaluation: Evaluation, drawn: Sequence[Sketch]) -> dict[str, Any]:
    """What the judge says of redrawings, how they rank, and how they keep to their inputs."""
    predicted, scores = evaluation.classify(drawn)
    human = evaluation.human[1].features
    metrics = [
        line_metrics(redrawing, sketch)
        for redrawing, sketch in zip(drawn, evaluation.held_out.sketches, strict=True)
    ]
    return {
        "predicted": predicted.tolist(),
        "rank_by_judge": _or_last(ranks(scores.features, human), drawn).tolist(),
        "rank_back": _or_last(ranks(human, scores.features), drawn).tolist(),
        "distance": [_number_or_none(each.distance) for each in metrics],
        "small": [each.small for each in metrics],
        "kept": [each.kept for each in metrics],
    }


def _or_last(ranks: Int64[np.ndarray, "N"], drawn: Sequence[Sketch]) -> Int64[np.ndarray, "N"]:
    """Ranks, but the last one for redrawings without lines."""
    return np.where([bool(sketch.strokes) for sketch in drawn], ranks, len(drawn) - 1)


def _number_or_none(value: float) -> float | None:
    """JSON has no NaN: of a redrawing without lines there is no number."""
    return round(value, 6) if np.isfinite(value) else None


def _ranked_by_codes(
    evaluation: Evaluation, model: EvaluatedModel, drawn: Sequence[Sketch]
) -> dict[str, Any]:
    codes = model.sketcher.encode([sketch if sketch.strokes else DOT for sketch in drawn])
    return {"rank": _or_last(ranks(codes, evaluation.codes(model)), drawn).tolist()}


def _distorted(evaluation: Evaluation, model: EvaluatedModel) -> dict[str, Any]:
    rng = np.random.default_rng(evaluation.settings.seed)
    distorted = [
        Sketch.from_stroke3(augment(sketch.to_stroke3(), rng, DISTORTION))
        for sketch in evaluation.held_out.sketches
    ]
    return {**_measured(evaluation, distorted), **_ranked_by_codes(evaluation, model, distorted)}


def ranks(
    queries: Float32[np.ndarray, "N Z"], codes: Float32[np.ndarray, "N Z"]
) -> Int64[np.ndarray, "N"]:
    """Count, for each query, the codes that are nearer to it than its own.

    Of those that are as near half count: a model that draws one thing of all finds nothing.

    Example:
        >>> ranks(np.array([[0.9], [0.2]], np.float32), np.array([[1], [0]], np.float32)).tolist()
        [0, 0]
    """
    counts = []
    squares = (codes.astype(np.float64) ** 2).sum(1)
    for first in range(0, len(queries), _AT_ONCE):
        some = queries[first : first + _AT_ONCE].astype(np.float64)
        distance = squares - 2 * some @ codes.T  # (M, N), but for each query's own square
        rows = np.arange(len(some))
        to_own = distance[rows, first + rows][:, None]
        apart = distance - to_own
        tolerance = 1e-9 * np.abs(to_own)
        tied = (np.abs(apart) <= tolerance).sum(1) - 1  # but for its own
        counts.append((apart < -tolerance).sum(1) + tied // 2)
    return np.concatenate(counts)


def recognition_section(results: Results) -> Section:
    """Make the report's section: is the redrawing of the right kind?"""
    evaluation, held_out = results.evaluation, results.evaluation.held_out
    main = evaluation.settings
    human = evaluation.human[0] == held_out.category_ids
    right = {"human": human[None]}
    right |= {entry.label: recognised(results, entry) for entry in results.entries}
    kinds = range(len(held_out.categories))
    rows: list[list[Cell]] = [
        [
            label,
            results.share(values),
            *(results.share(values[:, held_out.of_category(kind)]) for kind in kinds),
        ]
        for label, values in right.items()
    ]
    configs = [config for config in sampling_configs(evaluation) if config.seed == main.seed]
    configs.sort(key=lambda config: (config.best_of, config.temperature))
    by_config: list[list[Cell]] = [
        [model.label, *(results.share(recognised(results, model, [config])) for config in configs)]
        for model in results.models
    ]
    shares = _confusion(results)
    many = len(held_out.categories) > MANY
    taken = " What is taken for what: `tables/confusion.csv`." if many else ""
    return Section(
        name="recognition",
        title="Recognition: is the redrawing of the right kind?",
        see="How near each model comes to the first line, human drawings, in every category.",
        how=f"{len(human):,} test drawings, redrawn ({results.sampling}); the judge, a classifier "
        "trained on training drawings alone, says what it sees. Bars: 95 % bootstrap over "
        f"drawings, never narrower than Wilson's.{taken}",
        paper="gives no such figure; in its human Turing test 60 % (CNN), 57 % (CNN+KL), 53 % "
        "(RNN) and 50 % (RNN+KL) of redrawings were taken for human, and 58 % of human drawings.",
        here=f"{listed(rows)}.",
        tables=[
            Table(
                name="recognition",
                title="Rec: share that the judge recognises",
                columns=columns("model", "all", *held_out.categories),
                rows=rows,
                yardsticks=1,
                page_columns=2 + MANY,
            ),
            Table(
                name="recognition-by-way",
                title="Rec by temperature, and the best of several, as the model itself chooses it",
                columns=columns("model", *(f"temperature {config.words}" for config in configs)),
                rows=by_config,
            ),
            Table(
                name="confusion",
                title="What is taken for what",
                columns=[Column("model", "text"), *columns("drawn", *held_out.categories)],
                rows=[
                    [label, name, *map(float, row)]
                    for label, matrix in shares.items()
                    for name, row in zip(held_out.categories, matrix, strict=True)
                ],
                page_columns=0,
            ),
        ],
        figures=_recognition_figures(results, rows, shares),
    )


def _recognition_figures(
    results: Results, rows: Sequence[Sequence[Cell]], shares: Mapping[str, np.ndarray]
) -> list[Figure]:
    categories = results.evaluation.held_out.categories
    rest = f" Left out: {len(categories) - MANY} of the {len(categories)} categories."
    left_out = rest if len(categories) > MANY else ""
    chart_rows = ["all", *categories][: 1 + MANY]
    values = [
        [cell for row in rows if isinstance(cell := row[1 + column], Estimate)]
        for column in range(len(chart_rows))
    ]
    figures = [
        Figure(
            "redrawings",
            "Test drawings and their redrawings",
            _examples_sheet(results),
            "Human: what the models were shown. Beside it, what each of them drew." + left_out,
        ),
        Figure(
            "recognition",
            "Rec overall and by category",
            charts.dots(chart_rows, [str(row[0]) for row in rows], values),
            "Bars that do not overlap differ by more than chance. Where they overlap, this does "
            "not say that they are alike." + left_out,
        ),
    ]
    if len(categories) <= MANY:
        figures.append(
            Figure(
                "confusion",
                "What is taken for what, in per cent",
                charts.confusions(list(shares.items()), categories),
                "Rows: what was drawn. Columns: what the judge sees. A red column is a category "
                "that a model falls back on.",
            )
        )
    return figures


def values_of(
    results: Results, entry: Entry, name: str, configs: Sequence[SamplingConfig] = ()
) -> np.ndarray:
    """Return something that was measured of each redrawing.

    Args:
        results: The results.
        entry: What drew.
        name: What was measured.
        configs: Of a model; empty: the main one, with each seed.

    Returns:
        (S, N) for each config, or each repeat of drawings; NaN where there is no number.
    """
    if isinstance(entry, EvaluatedDrawings):
        names = [repeat_name(entry, repeat) for repeat in repeats(results.evaluation, entry)]
    else:
        names = [part_name(entry, config) for config in configs or main_configs(results.evaluation)]
    values = np.array([results.measured[part][name] for part in names])
    return values.astype(np.float64) if values.dtype == object else values


def recognised(
    results: Results, entry: Entry, configs: Sequence[SamplingConfig] = ()
) -> Bool[np.ndarray, "S N"]:
    """Whether the judge recognises each redrawing; arguments as of `values_of`."""
    predicted = values_of(results, entry, "predicted", configs)
    return np.asarray(predicted == results.evaluation.held_out.category_ids)


def _examples_sheet(results: Results) -> str:
    evaluation = results.evaluation
    numbers = examples(evaluation)
    drawn = [results.measured[examples_name(entry)] for entry in results.entries]
    blocks = 2 if len(drawn) <= 6 else 1
    rows = []
    for first in range(0, len(numbers), blocks):
        cells: list[SheetCell] = []
        for index in range(first, min(first + blocks, len(numbers))):
            cells.append(evaluation.held_out.sketches[numbers[index]])
            cells += [kept_sketch(sketches[index]) for sketches in drawn]
        kind = evaluation.held_out.category_ids[numbers[first]]
        rows.append(SheetRow(cells, label=results.evaluation.held_out.categories[kind]))
    headings = ["human", *(entry.label for entry in results.entries)] * blocks
    return sheet_svg(rows, 72 if len(drawn) <= 4 else 60, headings, apart=0)


def _confusion(results: Results) -> dict[str, Float64[np.ndarray, "K K"]]:
    """Of each category, for human drawings and each model's, how often it is taken for each.

    Redrawings without lines are taken for none, so that shares of a row may add up to less than 1.
    """
    right = results.evaluation.held_out.category_ids
    kinds = len(results.evaluation.held_out.categories)
    predicted = {"human": results.evaluation.human[0][None]}
    for entry in results.entries:
        predicted[entry.label] = values_of(results, entry, "predicted")
    shares = {}
    for label, several in predicted.items():
        counts = np.zeros((kinds, kinds + 1))  # last what is of no category, by its index -1
        for categories in several:
            np.add.at(counts, (right, categories), 1)
        shares[label] = counts[:, :kinds] / counts.sum(axis=1, keepdims=True)
    return shares


def retrieval_section(results: Results) -> Section:
    """Make the report's section: is it *this* drawing?"""
    count = len(results.evaluation.held_out.sketches)
    counted_tops = [top for top in TOPS if top < count]  # others are hits whatever was drawn

    def tops(ranks: np.ndarray) -> list[Cell]:
        return [results.share(np.atleast_2d(ranks) < top) for top in counted_tops]

    distorted = [results.measured[distorted_name(label)] for label in results.labels]
    rows: list[list[Cell]] = [
        [f"human, distorted, by {label}", *tops(np.array(each["rank"]))]
        for label, each in zip(results.labels, distorted, strict=True)
    ]
    yardsticks = len(rows)
    rows += [[model.label, *tops(values_of(results, model, "rank"))] for model in results.models]
    by_judge = {
        name: [
            ["human, distorted", *tops(np.array(distorted[0][name]))],
            *([entry.label, *tops(values_of(results, entry, name))] for entry in results.entries),
        ]
        for name in ("rank_by_judge", "rank_back")
    }
    first_by_judge = by_judge["rank_by_judge"]
    tops_columns = columns("drawings", *(f"top {top}" for top in counted_tops))
    return Section(
        name="retrieval",
        title="Retrieval: is it this drawing?",
        see="Whether a redrawing keeps what sets its input apart from others of its kind.",
        how=f"All {count:,} test drawings are ranked by distance from a redrawing "
        f"({results.sampling}): a hit if its own input is among the first. By chance, "
        f"{100 / count:.2f} % are first. For human drawings, each test drawing is distorted as in "
        "training (x and y each stretched by up to 15 %, turned by up to 8 degrees, about one "
        "point in 17 left out) and takes the place of its redrawing.",
        paper="gives no such figure.",
        here="first by the judge's features: human "
        f"{format_cell(first_by_judge[0][1], 'share').text}, {listed(first_by_judge[1:])}.",
        tables=[
            Table(
                name="retrieval-own",
                title="Ret by each model's own encoder (a model compared with itself)",
                columns=tops_columns,
                rows=rows,
                yardsticks=yardsticks,
            ),
            Table(
                name="retrieval-judge",
                title="Ret by the judge's features (the same for all)",
                columns=tops_columns,
                rows=first_by_judge,
                yardsticks=1,
            ),
            Table(
                name="retrieval-back",
                title="Ret back: from a drawing to its redrawing, by the judge's features",
                columns=tops_columns,
                rows=by_judge["rank_back"],
                yardsticks=1,
            ),
        ],
        figures=[],
    )
