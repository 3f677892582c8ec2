"""Drawings into the layouts that other programs read: `sketch-pix2seq data convert`.

One file a category (of SVG one folder, with a file a drawing). The output folder appears when
it is complete.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from sketch_pix2seq.data.card import FILE_NAME, NOT_STATED, QUICKDRAW_LICENCE, SPLITS
from sketch_pix2seq.data.dataset import Dataset, drawing_id
from sketch_pix2seq.data.encode import digests_of, split_of
from sketch_pix2seq.data.options import OutputLayout
from sketch_pix2seq.data.reading import ReadReport, parts_notice, read_drawings
from sketch_pix2seq.data.sources import check_several, find_sources
from sketch_pix2seq.errors import DatasetError, DrawingError, UsageError
from sketch_pix2seq.io.array_files import write_npz
from sketch_pix2seq.io.atomic import atomic_dir
from sketch_pix2seq.io.binary import WIDEST, scaled_to_fit, write_binary
from sketch_pix2seq.io.ndjson import (
    MAX_EXTENT,
    TOO_WIDE,
    SimplifiedDrawing,
    format_record,
    sketch_of,
)
from sketch_pix2seq.io.parquet import write_parquet
from sketch_pix2seq.sketch.pen import LIFT, OFFSET

_MANY = 1024
_SPLIT_NAMES = {"valid": "validation"}
"""Names that `datasets` has for splits, where they differ from those here."""


class _Named(NamedTuple):
    """A drawing, its category, and of one of a prepared data set its `drawing_id`."""

    category: str
    drawing: SimplifiedDrawing
    id: str | None = None


def convert_drawings(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    format: OutputLayout = "ndjson",  # noqa: A002 - the name of the flag
    splits: Sequence[str] = SPLITS,
    on_notice: Callable[[str], None] = lambda notice: None,
) -> dict[str, int]:
    """Write drawings of a data set or any sources in another layout; count them by category.

    Args:
        sources: One prepared data set, or whatever `prepare` reads.
        out: The folder to make; it must not exist yet.
        format: `ndjson` (simplified), `binary`, `npz` (sketch-rnn's, with the splits), `parquet`
            (a file a split, as `datasets` reads it; of sources one file) or `svg`.
        splits: Splits of a prepared data set to write.
        on_notice: Called with a line about records that were left out, and one about parts, such
            as texts of SVGs, that were left out of drawings.

    Raises:
        UsageError: If an argument is out of its range.
        DatasetError: If a source cannot be read, `out` exists, or a drawing or the name of a
            category does not fit the layout. Then nothing is left behind.
    """
    if format not in get_args(OutputLayout):
        raise UsageError(f"`format` must be one of {', '.join(get_args(OutputLayout))}", got=format)
    wrong = [split for split in splits if split not in SPLITS]
    if wrong or not splits:
        raise UsageError(f"`split` must be one of {', '.join(SPLITS)}", got=wrong)
    check_several(sources)
    splits = tuple(dict.fromkeys(splits))
    prepared = len(sources) == 1 and (Path(sources[0]) / FILE_NAME).exists()
    with atomic_dir(Path(out), DatasetError) as folder:
        if prepared:
            dataset = Dataset.open(Path(sources[0]))
            if format == "npz":
                return _npz_of_dataset(dataset, folder, splits)
            if format == "parquet":
                named = {split: _of_dataset(dataset, (split,)) for split in splits}
                return _write_parquet_folder(folder, named, dataset.card.licence)
            return _written(_of_dataset(dataset, splits), folder, format, on_notice)
        if set(splits) != set(SPLITS):
            on_notice("`split` is ignored: it is for a prepared data set")
        drawings = _of_sources(sources, on_notice)
        if format == "parquet":
            return _write_parquet_folder(folder, {"train": drawings}, NOT_STATED)
        if format != "npz":
            return _written(drawings, folder, format, on_notice)
        lines = folder / "lines"
        lines.mkdir()
        counts = _written(drawings, lines, "ndjson", on_notice)
        for category in counts:
            path = lines / f"{category}.ndjson"
            rows = _by_split(read_drawings(path, strict=True))
            kept = sum(map(len, rows.values()))
            if kept < counts[category]:
                on_notice(f"`{category}`: {counts[category] - kept:,} left out: {TOO_WIDE}")
            counts[category] = kept
            _write_npz(folder, category, rows)
            path.unlink()
        lines.rmdir()
        return counts


def _of_dataset(dataset: Dataset, splits: Sequence[str]) -> Iterator[_Named]:
    """The drawings of a data set, category by category."""
    for number, category in enumerate(dataset.card.categories):
        for name in splits:
            split = dataset.split(name)
            for index in range(*split.category_range(number)):
                rows = split.stroke3(index)
                points = rows[:, OFFSET].cumsum(axis=0, dtype=np.int32)
                points -= points.min(axis=0)
                lifts = rows[:, LIFT] != 0
                key_id = split.key_id(index) or None
                drawing = SimplifiedDrawing(points.astype(np.int16), lifts, None, key_id, None)
                yield _Named(category, drawing, drawing_id(name, index))


def _of_sources(
    sources: Sequence[str | Path], on_notice: Callable[[str], None]
) -> Iterator[_Named]:
    """The drawings of sources, in their order."""
    reports = []
    for source in find_sources(sources, on_notice):
        report = ReadReport()
        reports.append(report)
        for drawing in read_drawings(source, report=report):
            yield _Named(drawing.word or source.category, drawing)
        if report.kept == 0:
            first = report.first_wrong
            raise DatasetError(
                f"source `{source.path.name}` must hold drawings", got=first[1] if first else None
            )
        if report.left_out:
            reasons = "; ".join(f"{num:,} {reason}" for reason, num in report.left_out.items())
            on_notice(f"`{source.path.name}`: left out of {report.read:,}: {reasons}")
    if notice := parts_notice(reports):
        on_notice(notice)


def _written(
    drawings: Iterable[_Named], folder: Path, layout: OutputLayout, on_notice: Callable[[str], None]
) -> dict[str, int]:
    """Write drawings as they come, a block at a time."""
    counts: Counter[str] = Counter()
    num_scaled = 0
    remaining = iter(drawings)
    while block := list(islice(remaining, _MANY)):
        by_category: defaultdict[str, list[_Named]] = defaultdict(list)
        for named in block:
            by_category[named.category].append(named)
        for category, some in by_category.items():
            path = folder / _file_name(category)
            if layout == "binary":
                fitted = [each._replace(drawing=scaled_to_fit(each.drawing)) for each in some]
                pairs = zip(fitted, some, strict=True)
                num_scaled += sum(one.drawing is not other.drawing for one, other in pairs)
                some = fitted
            if layout == "svg":
                _write_svgs(path, category, some, counts[category])
            else:
                suffix, lines = (".bin", _binary) if layout == "binary" else (".ndjson", _ndjson)
                with path.with_name(path.name + suffix).open("ab") as file:
                    file.writelines(lines(category, some))
            counts[category] += len(some)
    if num_scaled:
        noun = "drawing was" if num_scaled == 1 else "drawings were"
        on_notice(f"{num_scaled:,} {noun} scaled down to {WIDEST}, the most the layout can hold")
    return dict(counts)


def _binary(category: str, drawings: Sequence[_Named]) -> Iterator[bytes]:
    try:
        yield from write_binary([each.drawing for each in drawings])
    except DrawingError as error:
        raise DatasetError(f"`{category}`: {error}") from error


def _ndjson(category: str, drawings: Sequence[_Named]) -> Iterator[bytes]:
    for _, drawing, name in drawings:
        key = None if drawing.key_id is None else str(drawing.key_id)
        extra = {"id": name, "word": category, "key_id": key, "recognized": drawing.recognized}
        yield format_record(sketch_of(drawing), **extra) + b"\n"


def _write_svgs(folder: Path, category: str, drawings: Sequence[_Named], first: int) -> None:
    folder.mkdir(exist_ok=True)
    for number, each in enumerate(drawings, start=first):
        svg = replace(sketch_of(each.drawing), category=category).to_svg()
        (folder / f"{number:06d}.svg").write_text(svg, encoding="utf-8")


def _write_parquet_folder(
    folder: Path, drawings: Mapping[str, Iterable[_Named]], licence: str
) -> dict[str, int]:
    """A Parquet file for each split, and a card by which Hugging Face's `datasets` loads them."""
    counts: Counter[str] = Counter()
    totals = {}
    for split, some in drawings.items():
        totals[split] = write_parquet(folder / f"{split}.parquet", _counted(some, counts))
    card = _parquet_card(totals, len(counts), licence)
    (folder / "README.md").write_text(card, encoding="utf-8")
    return dict(counts)


def _counted(
    drawings: Iterable[_Named], counts: Counter[str]
) -> Iterator[tuple[str, SimplifiedDrawing]]:
    for category, drawing, _ in drawings:
        counts[category] += 1
        yield category, drawing


def _parquet_card(totals: Mapping[str, int], num_categories: int, licence: str) -> str:
    files = "".join(
        f"  - split: {_SPLIT_NAMES.get(split, split)}\n    path: {split}.parquet\n"
        for split in totals
    )
    terms = "license: cc-by-4.0\n" if licence == QUICKDRAW_LICENCE else ""
    rows = "".join(f"| {split}.parquet | {count:,} |\n" for split, count in totals.items())
    return f"""---
{terms}configs:
- config_name: default
  data_files:
{files}---
# Drawings of {num_categories:,} categories

| file | drawings |
|---|---|
{rows}
A row is a drawing: `word`, its category; `drawing`, strokes of all x and all y, in Quick, Draw!'s
units (the longest side is 255); `key_id` and `recognized`, where they are known.

Licence of the drawings: {licence}.

Written by `sketch-pix2seq data convert --format parquet`.
"""


def _npz_of_dataset(dataset: Dataset, folder: Path, splits: Sequence[str]) -> dict[str, int]:
    """A file a category, with the data set's own splits."""
    counts = {}
    for number, category in enumerate(dataset.card.categories):
        rows = {}
        for name in splits:
            split = dataset.split(name)
            rows[name] = [split.stroke3(i) for i in range(*split.category_range(number))]
        _write_npz(folder, category, rows)
        counts[category] = sum(map(len, rows.values()))
    return counts


def _by_split(drawings: Iterable[SimplifiedDrawing]) -> dict[str, list[np.ndarray]]:
    """Stroke-3 rows of one category's drawings, by the split that `prepare` would give them.

    Those too wide for such rows are left out.
    """
    rows: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    digests, steps = [], []
    for drawing in drawings:
        if np.ptp(drawing.points.astype(np.int32), axis=0).max() > MAX_EXTENT:
            continue
        length = np.array([len(drawing.points)], np.int64)
        digests.append(digests_of(drawing.points, drawing.lifts, length)[0])
        stroke3 = np.zeros((len(drawing.points), 3), np.int16)
        stroke3[1:, OFFSET] = np.diff(drawing.points, axis=0)
        stroke3[:, LIFT] = drawing.lifts
        steps.append(stroke3)
    distinct, inverse = np.unique(np.array(digests, np.uint64), return_inverse=True)
    for number, stroke3 in zip(split_of(distinct)[inverse], steps, strict=True):
        rows[SPLITS[number]].append(stroke3)
    return rows


def _write_npz(folder: Path, category: str, rows: dict[str, list[np.ndarray]]) -> None:
    with (folder / f"{_file_name(category)}.npz").open("wb") as file:
        write_npz(file, rows)


def _file_name(category: str) -> str:
    """The category as a file's name, if it can be one."""
    if category.startswith(".") or "/" in category or "\\" in category:
        raise DatasetError("the name of a category must be fit for a file", got=repr(category))
    return category
