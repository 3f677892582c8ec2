"""The second pass of preparing: the drawings of each category are written into the splits.

Handles duplicates, splits, caps and the data set's statistics; knows no source formats.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int8, Int32, UInt64

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.card import SPLITS, DatasetCard, SourceAccount
from sketch_pix2seq.data.encode import TRAIN, EncodedBlock, split_of
from sketch_pix2seq.data.merge import MergedShards
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.split_file import DrawingRows, SplitWriter
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.sketch.pen import OFFSET

_DUPLICATE, _OVER_CAP, _NEAR_DUPLICATE, _OVER_LIMIT = -1, -2, -3, -4
_REASONS = {
    _DUPLICATE: "a drawing must differ from all others of its category",
    _NEAR_DUPLICATE: "a drawing must not be a near-duplicate of another one of its category",
    _OVER_LIMIT: "a category takes at most `limit` drawings",
    _OVER_CAP: "a split takes at most the given number of drawings of a category",
}
_NAMED_AT_MOST = 5


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


def write_splits(
    merged: MergedShards, folder: Path, options: PrepareOptions, licence: str
) -> DatasetCard:
    """Write the splits.

    Args:
        merged: All drawings, by category.
        folder: Where to write `train.arrow`, `valid.arrow` and `test.arrow`.
        options: What to keep.
        licence: Whose drawings these are, for the card.

    Returns:
        The card of what was written; it is not written itself.

    Raises:
        DatasetError: If a category has too few drawings; nothing is written then.
    """
    _refuse_thin(merged, options)
    counts: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
    kept: Counter[int] = Counter()
    near_duplicates: Counter[int] = Counter()
    sums = _OffsetSums()
    with ExitStack() as stack:
        writers = [stack.enter_context(SplitWriter(folder / f"{split}.arrow")) for split in SPLITS]
        for category_id, (category, buffer) in enumerate(merged.buffers.items()):
            before = [writer.num_drawings for writer in writers]
            places = _places(buffer, options)
            _write_category(buffer, places.splits, category_id, writers, sums)
            for split, writer, start in zip(SPLITS, writers, before, strict=True):
                counts[split][category] = writer.num_drawings - start
            kept.update(places.sources[places.splits >= 0].tolist())
            near_duplicates.update(places.sources[places.near_duplicates].tolist())
            _count_left_out(merged, places)
    return DatasetCard(
        categories=tuple(merged.buffers),
        counts=counts,
        offset_scale=_checked_scale(sums),
        longest=max(writer.longest for writer in writers),
        options=asdict(options),
        sources=_accounts(merged, kept, near_duplicates),
        licence=licence,
    )


@dataclass(frozen=True)
class _Places:
    """Where the drawings of a category go.

    Args:
        splits: The split of each, or why it has none (below 0).
        sources: Number of the source of each.
        near_duplicates: Which of those with a split are near-duplicates of an earlier one.
    """

    splits: Int8[np.ndarray, " B"]
    sources: Int32[np.ndarray, " B"]
    near_duplicates: Bool[np.ndarray, " B"]


def _places(buffer: CategoryBuffer, options: PrepareOptions) -> _Places:
    """Decide the split of each drawing of a category, or why it has none."""
    digests, hashes, sources = buffer.identities()
    splits = split_of(digests)
    is_duplicate = _is_repeat(digests)
    is_near_duplicate = _is_repeat(hashes) & ~is_duplicate
    splits[is_duplicate] = _DUPLICATE
    if options.drop_near_duplicates:
        splits[is_near_duplicate] = _NEAR_DUPLICATE
    if options.limit is not None:
        splits[np.flatnonzero(splits >= 0)[options.limit :]] = _OVER_LIMIT
    for number, split in enumerate(SPLITS):
        cap = options.cap(split)
        if cap is not None:
            splits[np.flatnonzero(splits == number)[cap:]] = _OVER_CAP
    return _Places(splits, sources, is_near_duplicate & (splits >= 0))


def _is_repeat(digests: UInt64[np.ndarray, " B"]) -> Bool[np.ndarray, " B"]:
    """Which digests have come before."""
    _, first = np.unique(digests, return_index=True)
    is_repeat = np.ones(len(digests), bool)
    is_repeat[first] = False
    return is_repeat


def _refuse_thin(merged: MergedShards, options: PrepareOptions) -> None:
    """Refuse categories with too few drawings, naming them."""
    thin = []
    for category, buffer in merged.buffers.items():
        splits = _places(buffer, options).splits
        counts = [int((splits == number).sum()) for number in range(len(SPLITS))]
        distinct = int((splits != _DUPLICATE).sum())
        if distinct < options.min_drawings or 0 in counts:
            shown = ", ".join(f"{n} {split}" for n, split in zip(counts, SPLITS, strict=True))
            thin.append(f"`{category}` ({shown})")
    if thin:
        more = f" and {len(thin) - _NAMED_AT_MOST} more" if len(thin) > _NAMED_AT_MOST else ""
        raise DatasetError(
            f"a category must have at least {options.min_drawings} different drawings "
            "and some in each split",
            got=", ".join(thin[:_NAMED_AT_MOST]) + more,
            do="Give more drawings of it, or leave it out.",
        )


def _write_category(
    buffer: CategoryBuffer,
    places: Int8[np.ndarray, " B"],
    category_id: int,
    writers: list[SplitWriter],
    sums: _OffsetSums,
) -> None:
    """Copy a category's drawings from its buffer to the splits, in their order."""
    start = 0
    for block in buffer.blocks():
        chosen = places[start : start + len(block.digests)]
        start += len(block.digests)
        for number, writer in enumerate(writers):
            rows = _selected(block, chosen == number)
            writer.append(rows, category_id)
            if number == TRAIN:
                sums.add(rows)


def _selected(block: EncodedBlock, mask: np.ndarray) -> DrawingRows:
    """Return some drawings of a block."""
    rows = block.rows
    return DrawingRows(
        rows.steps[np.repeat(mask, rows.lengths)], rows.lengths[mask], rows.key_ids[mask]
    )


def _count_left_out(merged: MergedShards, places: _Places) -> None:
    """Count duplicates and drawings over a cap in the reports of their sources."""
    for place, reason in _REASONS.items():
        for source, num in Counter(places.sources[places.splits == place].tolist()).items():
            merged.reports[source].leave_out(reason, num)


def _checked_scale(sums: _OffsetSums) -> float:
    """Return the offsets' standard deviation, refusing drawings that are all dots."""
    if not sums.std > 0:
        raise DatasetError("training drawings must have lines", got="drawings of single points")
    return sums.std


def _accounts(
    merged: MergedShards, kept: Counter[int], near_duplicates: Counter[int]
) -> tuple[SourceAccount, ...]:
    """Return the account of every source."""
    sources = zip(merged.paths, merged.digests, merged.reports, strict=True)
    return tuple(
        SourceAccount(
            name=path.name,
            sha256=sha256,
            read=report.read,
            kept=kept[number],
            near_duplicates=near_duplicates[number],
            left_out=dict(report.left_out.most_common()),
            first_wrong_line=report.first_wrong[0] if report.first_wrong else None,
        )
        for number, (path, sha256, report) in enumerate(sources)
    )
