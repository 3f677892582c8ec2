"""Source files in, a data set out: `sketch-pix2seq data prepare`.

Two passes, both in constant memory. The first (`shards`) reads every source and writes its
drawings into buffer files, one a category. The second, here, merges the results, finds
duplicates and writes the drawings of each category into the splits. The data set appears under
its name when it is complete (see `atomic_dir`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int8, Int32, UInt64

from sketch_pix2seq.data.card import (
    FILE_NAME,
    NOT_STATED,
    QUICKDRAW_LICENCE,
    SPLITS,
    DatasetCard,
    SourceAccount,
    is_text,
)
from sketch_pix2seq.data.encode import TRAIN, CategoryBuffer, split_of
from sketch_pix2seq.data.options import Engine, PrepareOptions
from sketch_pix2seq.data.reading import ReadReport, parts_notice
from sketch_pix2seq.data.shards import (
    ByteProgress,
    ShardResult,
    check_num_categories,
    check_workers,
    read_shards,
    shards_of,
)
from sketch_pix2seq.data.sources import find_sources
from sketch_pix2seq.data.split_file import DrawingRows, SplitWriter
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.io.atomic import atomic_dir
from sketch_pix2seq.sketch.pen import OFFSET

Notice = Callable[[str], None]
"Called with a sentence or two for the user."

_DUPLICATE, _OVER_CAP, _NEAR_DUPLICATE, _OVER_LIMIT = -1, -2, -3, -4
_REASONS = {
    _DUPLICATE: "a drawing must differ from all others of its category",
    _NEAR_DUPLICATE: "a drawing must not be a near-duplicate of another one of its category",
    _OVER_LIMIT: "a category takes at most `limit` drawings",
    _OVER_CAP: "a split takes at most the given number of drawings of a category",
}
_MAX_NAMED = 5


def prepare(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    licence: str | None = None,
    workers: int | None = 1,
    engine: Engine = "local",
    progress: ByteProgress = lambda done, total: None,
    on_notice: Notice = lambda notice: None,
    **options: Any,
) -> DatasetCard:
    """Make a data set of drawings in any layout; return its card.

    *Convention*:
        A drawing's category is its record's `word`, or else the file's name. Its split
        follows from a hash of its points: 1/8 test, 1/16 valid, the rest train, whatever
        else is prepared (of small categories, see `split_of`). Exact duplicates
        within a category are dropped. Categories are numbered in the order of their first drawings.

    Args:
        sources: Files, or folders of them; see `find_sources`.
        out: The folder to make.
        licence: Author and terms of the drawings, for the card. None: those of Quick, Draw! if
            every record names a key and a country, as Google's files alone do; else not stated.
        workers: Processes at once; more than one start anew, so that a script must stand
            under `if __name__ == "__main__"`. None: as many as there are processors.
        engine: `local`, or `ray` for a Ray cluster whose machines see the same files.
        progress: Called with the bytes that are read, and with their total.
        on_notice: Called with a line for each source that is cut short, and read up to there, for
            files that are passed over, and if parts, such as texts of SVGs, are left out of
            drawings.
        options: Fields of `PrepareOptions`.

    Raises:
        DatasetError: If `out` exists, a source cannot be read or gives nothing, or a
            category has too few drawings. Then nothing is left behind.
        UsageError: If an option is out of its range.
    """
    chosen = PrepareOptions(**options)
    check_workers(workers, engine)
    if licence is not None and not is_text(licence):
        raise UsageError("`licence` must be text without control characters", got=ascii(licence))
    listed = find_sources(sources, on_notice)
    for name in (source.path.name for source in listed):
        if not is_text(name):
            rule = "the name of a source must be text without control characters"
            raise DatasetError(rule, got=ascii(name), do="Rename it.")
    with atomic_dir(Path(out), DatasetError) as folder:
        buffers = folder.resolve() / "buffers"
        buffers.mkdir()
        shards = shards_of(listed, buffers, chosen)
        parts = read_shards(shards, workers=workers, engine=engine, progress=progress)
        merged = merge_shards(parts, on_notice)
        if licence is None:
            is_googles = not any(report.num_others for report in merged.reports)
            licence = QUICKDRAW_LICENCE if is_googles else NOT_STATED
        card = write_splits(merged, folder, chosen, licence)
        shutil.rmtree(buffers)
        (folder / FILE_NAME).write_bytes(card.to_json())
    return card


@dataclass
class MergedShards:
    """All results of the first pass.

    Args:
        buffers: A buffer for each category, in the order of their first drawings.
        paths: The sources.
        digests: Digest of each source.
        reports: How many records of each source were kept, and why others were not.
    """

    buffers: dict[str, CategoryBuffer] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    reports: list[ReadReport] = field(default_factory=list)


def merge_shards(
    parts: Sequence[ShardResult], on_notice: Notice = lambda notice: None
) -> MergedShards:
    """Merge the results of all shards, which come in any order.

    Raises:
        DatasetError: If a shard is missing or comes twice, a source holds no drawing, or
            there are too many categories.
    """
    files: dict[str, list[Path]] = {}
    merged = MergedShards()
    for part in _in_order(parts):
        if part.shard.source == len(merged.paths):
            merged.paths.append(part.shard.path)
            merged.digests.append(part.sha256)
            merged.reports.append(part.report)
        else:
            merged.reports[-1].add(part.report)
        for category, path in part.buffers.items():
            files.setdefault(category, []).append(path)
    check_num_categories(len(files))
    merged.buffers = {category: CategoryBuffer(*paths) for category, paths in files.items()}
    for path, report in zip(merged.paths, merged.reports, strict=True):
        if report.kept == 0 and report.skipped == 0:
            _refuse_empty(path, report)
        if report.cut_short:
            on_notice(
                f"source `{path.name}` is not whole: {report.cut_short}; "
                f"the {report.kept:,} drawings before that were read. Fetch it again."
            )
    if notice := parts_notice(merged.reports):
        on_notice(notice)
    return merged


def _in_order(parts: Sequence[ShardResult]) -> list[ShardResult]:
    """Sort the results by shard, and check that each shard has one."""
    ordered = sorted(parts, key=lambda part: part.shard.number)
    numbers = [part.shard.number for part in ordered]
    total = max((part.shard.num_shards for part in ordered), default=0)
    if numbers != list(range(total)):
        missing = sorted(set(range(total)) - set(numbers))
        raise DatasetError(
            f"there must be one result of each of the {total} shards",
            got=f"no result of shard {missing[0]}" if missing else "two results of one shard",
            do="Read that shard again.",
        )
    return ordered


def _refuse_empty(path: Path, report: ReadReport) -> None:
    """Refuse a source that gave no drawing, saying what was wrong with the first record."""
    if report.read == 0:
        raise DatasetError(f"source `{path.name}` must hold drawings", got="an empty file")
    if report.first_wrong is None:
        reason, num = report.left_out.most_common(1)[0]
        raise DatasetError(f"source `{path.name}` must hold drawings; {num} left out: {reason}")
    number, message = report.first_wrong
    raise DatasetError(
        f"source `{path.name}` must hold drawings; {report.unit} {number}: {message}"
    )


def write_splits(
    merged: MergedShards, folder: Path, options: PrepareOptions, licence: str
) -> DatasetCard:
    """Write the splits.

    Returns:
        The card of what was written; it is not written itself.

    Raises:
        DatasetError: If a category has too few drawings; the files are of no use then.
    """
    counts: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
    num_kept: Counter[int] = Counter()
    near_duplicates: Counter[int] = Counter()
    too_small: list[str] = []
    sums = _OffsetSums()
    with ExitStack() as stack:
        writers = [stack.enter_context(SplitWriter(folder / f"{split}.arrow")) for split in SPLITS]
        for category_id, (category, buffer) in enumerate(merged.buffers.items()):
            assigned = _assign_splits(buffer, options)
            nums = [int((assigned.splits == number).sum()) for number in range(len(SPLITS))]
            is_copy = np.isin(assigned.splits, (_DUPLICATE, _NEAR_DUPLICATE))
            if int((~is_copy).sum()) < options.min_drawings or 0 in nums:
                numbers = ", ".join(f"{n} {split}" for n, split in zip(nums, SPLITS, strict=True))
                too_small.append(f"`{category}` ({numbers})")
            if too_small:  # go on counting to name others, and write nothing more
                continue
            _write_category(buffer, assigned.splits, category_id, writers, sums)
            for split, num in zip(SPLITS, nums, strict=True):
                counts[split][category] = num
            num_kept.update(assigned.sources[assigned.splits >= 0].tolist())
            near_duplicates.update(assigned.sources[assigned.near_duplicates].tolist())
            for code, reason in _REASONS.items():
                sources = Counter(assigned.sources[assigned.splits == code].tolist())
                for source, num in sources.items():
                    merged.reports[source].leave_out(reason, num)
    if too_small:
        more = f" and {len(too_small) - _MAX_NAMED} more" if len(too_small) > _MAX_NAMED else ""
        raise DatasetError(
            f"a category must have at least {options.min_drawings} different drawings "
            "and some in each split",
            got=", ".join(too_small[:_MAX_NAMED]) + more,
            do="Give more drawings of it, or leave it out.",
        )
    if not sums.std > 0:
        raise DatasetError("training drawings must have lines", got="drawings of single points")
    return DatasetCard(
        categories=tuple(merged.buffers),
        counts=counts,
        offset_scale=sums.std,
        longest=max(writer.longest for writer in writers),
        options=asdict(options),
        sources=tuple(_accounts(merged, num_kept, near_duplicates)),
        licence=licence,
    )


def _accounts(
    merged: MergedShards, num_kept: Counter[int], near_duplicates: Counter[int]
) -> Iterator[SourceAccount]:
    """What became of each source's drawings."""
    sources = zip(merged.paths, merged.digests, merged.reports, strict=True)
    for number, (path, sha256, report) in enumerate(sources):
        yield SourceAccount(
            name=path.name,
            sha256=sha256,
            read=report.read,
            kept=num_kept[number],
            near_duplicates=near_duplicates[number],
            left_out=dict(report.left_out.most_common()),
            first_wrong_line=report.first_wrong[0] if report.first_wrong else None,
        )


class _Assignment(NamedTuple):
    """The splits of a category's drawings.

    Args:
        splits: The split of each, or why it has none (below 0).
        sources: Number of the source of each.
        near_duplicates: Whether each drawing with a split is a near-duplicate of an earlier one.
    """

    splits: Int8[np.ndarray, " B"]
    sources: Int32[np.ndarray, " B"]
    near_duplicates: Bool[np.ndarray, " B"]


def _assign_splits(buffer: CategoryBuffer, options: PrepareOptions) -> _Assignment:
    """Decide the split of each drawing of a category, or why it has none."""
    digests, hashes, sources = buffer.identities()
    is_duplicate = _is_repeat(digests)
    is_near_duplicate = _is_repeat(hashes) & ~is_duplicate
    splits = np.zeros(len(digests), np.int8)
    splits[is_duplicate] = _DUPLICATE
    if options.drop_near_duplicates:
        splits[is_near_duplicate] = _NEAR_DUPLICATE
    if options.limit is not None:
        splits[np.flatnonzero(splits >= 0)[options.limit :]] = _OVER_LIMIT
    splits[splits >= 0] = split_of(digests[splits >= 0])
    for number, split in enumerate(SPLITS):
        cap = options.cap(split)
        if cap is not None:
            splits[np.flatnonzero(splits == number)[cap:]] = _OVER_CAP
    return _Assignment(splits, sources, is_near_duplicate & (splits >= 0))


def _is_repeat(digests: UInt64[np.ndarray, " B"]) -> Bool[np.ndarray, " B"]:
    """Which digests have come before."""
    _, first = np.unique(digests, return_index=True)
    is_repeat = np.ones(len(digests), bool)
    is_repeat[first] = False
    return is_repeat


@dataclass
class _OffsetSums:
    """Sums over all dx and dy, exact since they are whole numbers of any size."""

    num: int = 0
    total: int = 0
    squares: int = 0

    def add(self, rows: DrawingRows) -> None:
        """Count the offsets of some drawings."""
        offsets = rows.steps[:, OFFSET].astype(np.int64)
        self.num += offsets.size
        self.total += int(offsets.sum())
        self.squares += int(np.square(offsets).sum())

    @property
    def std(self) -> float:
        """Standard deviation of dx and dy together."""
        spread = self.num * self.squares - self.total * self.total
        return float(spread**0.5 / self.num)


def _write_category(
    buffer: CategoryBuffer,
    splits: Int8[np.ndarray, " B"],
    category_id: int,
    writers: list[SplitWriter],
    sums: _OffsetSums,
) -> None:
    """Copy a category's drawings from its buffer to the splits, in their order."""
    start = 0
    for block in buffer.blocks():
        rows = block.rows
        chosen = splits[start : start + len(rows.lengths)]
        start += len(rows.lengths)
        for number, writer in enumerate(writers):
            mask = chosen == number
            selected = DrawingRows(
                rows.steps[np.repeat(mask, rows.lengths)], rows.lengths[mask], rows.key_ids[mask]
            )
            writer.append(selected, category_id)
            if number == TRAIN:
                sums.add(selected)
