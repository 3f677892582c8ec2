"""Batches for training and validation: padded steps, and the pictures of the same strokes.

A training batch is a pure function of a seed and a step number, so that a killed run
continues as if it had not been. Needs no torch.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int16, Int64

from sketch_pix2seq.data.augment import (
    Augmentation,
    augment_ragged,
    in_frame,
    jittered_past,
    jittered_picture,
)
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.data.ragged import RaggedRows
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.coverage import covering_steps
from sketch_pix2seq.sketch.pen import END_STEP, OFFSET, PEN, PEN_DOWN, PEN_UP, START_STEP
from sketch_pix2seq.sketch.raster import (
    QUICKDRAW_FRAME,
    RasterSettings,
    frame_scale,
    rasterise_batch,
)

_POOL_STREAM, _AUGMENTATION_STREAM = 0, 1
BatchT = TypeVar("BatchT", covariant=True)


@dataclass(frozen=True, eq=False)
class Batch:
    """Drawings of similar length, the longest first.

    *Convention*:
        Row 0 of a drawing's `steps` is `START_STEP`, then come its own rows with offsets in
        units of `offset_scale`, then end rows up to T, which is the longest length + 2. So
        inputs are `steps[:, :-1]` and targets `steps[:, 1:]`, and the drawing with
        `lengths` = n has n + 1 valid targets, the last of which is its end row.

    Args:
        steps: Stroke-5 rows, (B, T, 5).
        lengths: Rows of each drawing itself, (B,).
        pictures: The same strokes as pictures, 1 = ink, (B, 1, H, W).
        category_ids: Categories, (B,).
        covered: After how many steps each pixel is covered (see `covering_steps`), (B, H, W);
            None: not computed.
        targets: The next rows, (B, T-1, 5), if `steps` are jittered as a model may have drawn
            them: these lead back to the drawing's own points. None: they are `steps[:, 1:]`.
    """

    steps: Float32[np.ndarray, "B T 5"]
    lengths: Int64[np.ndarray, " B"]
    pictures: Float32[np.ndarray, "B 1 H W"]
    category_ids: Int64[np.ndarray, " B"]
    covered: Int16[np.ndarray, "B H W"] | None = None
    targets: Float32[np.ndarray, "B _ 5"] | None = None


class BatchSource:
    """Endless batches for training.

    *Convention*:
        Indices are sampled independently into pools. A pool is sorted by
        length, cut into batches and its batches shuffled, so that little is padded.

    Args:
        split: The drawings.
        offset_scale: Offsets are divided by this.
        batch_size: Drawings in a batch.
        seed: The same seed gives the same batches.
        augmentation: How drawings are changed; None: not at all.
        raster: How pictures are rendered.
        balance: 0: categories come as often as they are in the split; 1: all equally often.
        oversample: Categories that together make up `oversample_share` of the drawings; none:
            `balance` alone decides.
        oversample_share: See `oversample`.
        pool_batches: Batches in a pool.
        pad_to: Pad every batch to this many rows of a drawing (T = `pad_to` + 2); None: to
            the longest of the batch.
        shard: (rank, num_shards): only every `num_shards`-th drawing of each batch by length,
            from drawing `rank` on.
        framed: Move and scale each drawing so that it fills the frame of the picture exactly,
            and say when its steps cover which pixels.

    Raises:
        UsageError: If a number is out of its range; all such numbers at once. If the split
            lacks a category of `oversample`.
    """

    def __init__(
        self,
        split: Split,
        *,
        offset_scale: float,
        batch_size: int,
        seed: int,
        augmentation: Augmentation | None = None,
        raster: RasterSettings | None = None,
        balance: float = 0.0,
        oversample: Sequence[str] = (),
        oversample_share: float = 0.0,
        pool_batches: int = 50,
        pad_to: int | None = None,
        shard: tuple[int, int] = (0, 1),
        framed: bool = False,
    ) -> None:
        _check(offset_scale, batch_size, balance, pool_batches)
        self.split = split
        self.offset_scale = offset_scale
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation
        self.raster = raster or RasterSettings()
        self.pool_batches = pool_batches
        self.pad_to = pad_to
        self.shard = shard
        self.framed = framed
        ranges = [split.category_range(number) for number in range(len(split.categories))]
        self._starts, self._stops = np.array(ranges, np.int64).T
        weights = (self._stops - self._starts).astype(np.float64) ** (1 - balance)
        shares = weights / weights.sum()
        shares = _oversampled(shares, split.categories, oversample, oversample_share)
        self._category_cdf = np.cumsum(shares)
        self._pool: tuple[int, Int64[np.ndarray, "batches B"]] | None = None

    def indices(self, step: int) -> Int64[np.ndarray, " B"]:
        """Return which drawings of the split the batch of a step shows, (B,), by length."""
        number, position = divmod(step, self.pool_batches)
        if self._pool is None or self._pool[0] != number:
            self._pool = (number, self._draw_pool(number))
        return np.asarray(self._pool[1][position])

    def batch(self, step: int) -> Batch:
        """Return the batch of a training step, from 0, whatever batches came before.

        Raises:
            UsageError: If a drawing has more than `pad_to` rows.
        """
        indices = self.indices(step)
        ragged = RaggedRows.of([self.split.stroke3(index) for index in indices.tolist()])
        rng = np.random.default_rng([self.seed, _AUGMENTATION_STREAM, step])
        if self.augmentation is not None:
            ragged = augment_ragged(ragged, rng, self.augmentation)
        ragged = in_frame(ragged) if self.framed else ragged
        pictured, past, raster = ragged, None, self.raster
        if self.augmentation is not None:
            pictured = jittered_picture(ragged, rng, self.augmentation)
            wider = 1 + self.augmentation.line_width * rng.uniform(-1, 1)
            raster = replace(raster, line_width=wider * raster.line_width)
            if self.augmentation.past_jitter > 0:
                past = jittered_past(ragged, rng, self.augmentation)
        # the shard is chosen last: what is drawn by chance is the same in any number of shards
        rank, num_shards = self.shard
        return _assemble(
            ragged,
            pictured,
            self.split.category_ids(indices),
            self.offset_scale,
            raster,
            self.pad_to,
            framed=self.framed,
            past=past,
            rows=slice(rank, None, num_shards),
        )

    def _draw_pool(self, number: int) -> Int64[np.ndarray, "batches B"]:
        """Draw the drawings of a pool and lay them out in batches of similar length."""
        rng = np.random.default_rng([self.seed, _POOL_STREAM, number])
        chance = rng.random((2, self.pool_batches * self.batch_size))
        category = np.searchsorted(self._category_cdf, chance[0], side="right")
        category = np.minimum(category, len(self._starts) - 1)  # they may sum to 1 - 1e-16
        start, stop = self._starts[category], self._stops[category]
        indices = start + (chance[1] * (stop - start)).astype(np.int64)
        order = np.argsort(-self.split.lengths(indices), kind="stable")
        batches = indices[order].reshape(self.pool_batches, self.batch_size)
        return np.asarray(batches[rng.permutation(self.pool_batches)])


def validation_batches(
    split: Split,
    *,
    offset_scale: float,
    batch_size: int,
    raster: RasterSettings | None = None,
    limit: int | None = None,
    pad_to: int | None = None,
    framed: bool = False,
) -> Iterator[Batch]:
    """Batch a split in a fixed order, unchanged; other arguments are as in `BatchSource`.

    The last batch may be smaller. `limit` drawings are taken evenly from the whole split, so that
    each category has its share.

    Yields:
        Batches, the longest drawings first.

    Raises:
        UsageError: If a number is out of its range, or a drawing has more than `pad_to` rows.
    """
    _check(offset_scale, batch_size)
    if limit is not None and limit < 1:
        raise UsageError("`limit` must be at least 1", got=limit)
    num = len(split) if limit is None else min(limit, len(split))
    indices = np.arange(num, dtype=np.int64) * len(split) // num
    indices = indices[np.argsort(-split.lengths(indices), kind="stable")]
    for start in range(0, num, batch_size):
        chunk = indices[start : start + batch_size]
        yield batch_of(
            split, chunk, offset_scale=offset_scale, raster=raster, pad_to=pad_to, framed=framed
        )


def batch_of(
    split: Split,
    indices: Int64[np.ndarray, " B"],
    *,
    offset_scale: float,
    raster: RasterSettings | None = None,
    pad_to: int | None = None,
    framed: bool = False,
) -> Batch:
    """Batch chosen drawings of a split, unchanged, the longest first.

    Drawings of equal length keep the order of `indices`; the other arguments are as in
    `BatchSource`.

    Raises:
        UsageError: If a drawing has more than `pad_to` rows.
    """
    ragged = RaggedRows.of([split.stroke3(index) for index in indices.tolist()])
    ragged = in_frame(ragged) if framed else ragged
    raster = raster or RasterSettings()
    categories = split.category_ids(indices)
    return _assemble(ragged, ragged, categories, offset_scale, raster, pad_to, framed=framed)


@runtime_checkable
class SupportsBatch(Protocol[BatchT]):
    """A source of batches by step, such as a `BatchSource`."""

    def batch(self, step: int) -> BatchT:
        """Return the batch of a training step."""
        ...


def prefetch(
    source: SupportsBatch[BatchT], start: int, stop: int | None = None, *, ahead: int = 2
) -> Generator[BatchT, None, None]:
    """Make batches in a background thread, which ends when the iterator is closed.

    Args:
        source: Makes the batches; not to be used by anything else meanwhile.
        start: First step.
        stop: Step after the last one; None: without end.
        ahead: Largest number of batches that wait.

    Raises:
        Exception: Whatever the source raised, in place of that batch.
    """
    if ahead < 1:
        raise UsageError("`ahead` must be at least 1", got=ahead)
    steps = iter(count(start) if stop is None else range(start, stop))
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        waiting = deque(thread.submit(source.batch, step) for step in islice(steps, ahead))
        try:
            while waiting:
                made = waiting.popleft().result()
                waiting.extend(thread.submit(source.batch, step) for step in islice(steps, 1))
                yield made
        finally:
            thread.shutdown(cancel_futures=True)


def _check(
    offset_scale: float, batch_size: int, balance: float = 0.0, pool_batches: int = 1
) -> None:
    """Report all numbers out of range at once."""
    rules = (
        ("offset_scale", offset_scale, offset_scale > 0, "positive"),
        ("batch_size", batch_size, batch_size >= 1, "at least 1"),
        ("balance", balance, 0 <= balance <= 1, "from 0 to 1"),
        ("pool_batches", pool_batches, pool_batches >= 1, "at least 1"),
    )
    wrong = [
        f"`{name}` must be {rule}, not {got}" for name, got, is_met, rule in rules if not is_met
    ]
    if wrong:
        raise UsageError("; ".join(wrong))


def check_oversample(oversample: Sequence[str], categories: Sequence[str]) -> None:
    """Check that the data set has the categories to oversample.

    Raises:
        UsageError: Naming the unknown ones.
    """
    unknown = sorted(set(oversample) - set(categories))
    if unknown:
        raise UsageError(
            "`oversample` must name categories of the data set", got=", ".join(unknown)
        )


def _oversampled(
    shares: Float64[np.ndarray, " K"],
    categories: Sequence[str],
    oversample: Sequence[str],
    oversample_share: float,
) -> Float64[np.ndarray, " K"]:
    """Give some categories a fixed share of all drawings, divided among them as before."""
    if not oversample:
        return shares
    check_oversample(oversample, categories)
    if not 0 <= oversample_share <= 1:
        raise UsageError("`oversample_share` must be from 0 to 1", got=oversample_share)
    chosen = np.isin(categories, oversample)
    if chosen.all():
        warnings.warn(
            "`oversample_share` changes nothing: all categories are oversampled", stacklevel=3
        )
        return shares
    new_shares = np.where(chosen, oversample_share, 1 - oversample_share)
    sums = np.where(chosen, shares[chosen].sum(), shares[~chosen].sum())
    return np.asarray(shares / sums * new_shares)


def _assemble(
    ragged: RaggedRows,
    pictured: RaggedRows,
    category_ids: Int64[np.ndarray, " B"],
    offset_scale: float,
    raster: RasterSettings,
    pad_to: int | None,
    *,
    framed: bool,
    past: RaggedRows | None = None,
    rows: slice = slice(None),
) -> Batch:
    """Sort drawings by length, pad the steps of some of them and render the pictures."""
    order = np.argsort(-ragged.lengths, kind="stable")[rows]
    ragged, pictured = ragged.chosen(order), pictured.chosen(order)
    drawn = ragged if past is None else past.chosen(order)
    targets = None
    if past is not None:
        targets = _padded(_corrected(ragged, drawn), offset_scale, pad_to)[:, 1:]
    within = QUICKDRAW_FRAME if framed else None
    return Batch(
        steps=_padded(drawn, offset_scale, pad_to),
        lengths=ragged.lengths,
        pictures=rasterise_batch(pictured.strokes(), raster, within=within),
        category_ids=category_ids[order],
        covered=_covered(drawn, raster) if framed else None,
        targets=targets,
    )


def _corrected(ragged: RaggedRows, past: RaggedRows) -> RaggedRows:
    """For each row the offset from the jittered past to the exact next point."""
    deviation = (ragged.positions() - past.positions()).astype(np.float32)
    rows = ragged.rows.astype(np.float32)
    rows[1:, OFFSET] += deviation[:-1]
    rows[ragged.starts] = ragged.rows[ragged.starts]
    return RaggedRows(rows, ragged.lengths)


def _covered(ragged: RaggedRows, raster: RasterSettings) -> Int16[np.ndarray, "B H W"]:
    """After how many steps each pixel of the picture of a framed drawing is covered."""
    positions = ragged.positions() * frame_scale(raster) + raster.size / 2
    return covering_steps(positions.astype(np.float32), ragged.lifts, ragged.lengths, raster.size)


def _padded(
    ragged: RaggedRows, offset_scale: float, pad_to: int | None
) -> Float32[np.ndarray, "B T 5"]:
    """Put each drawing between its start row and its end rows."""
    longest = int(ragged.lengths.max())
    if pad_to is not None and longest > pad_to:
        raise UsageError(f"`pad_to` must be at least {longest}, a drawing's length", got=pad_to)
    num_steps = (longest if pad_to is None else pad_to) + 2
    steps = np.tile(END_STEP, (len(ragged.lengths), num_steps, 1))  # (B, T, 5)
    steps[:, 0] = START_STEP
    drawing = ragged.of_each_row(np.arange(len(ragged.lengths)))  # (N,)
    row = np.arange(len(ragged.rows)) - ragged.of_each_row(ragged.starts) + 1  # (N,)
    body = np.zeros((len(ragged.rows), len(END_STEP)), np.float32)  # (N, 5)
    body[:, OFFSET] = ragged.rows[:, OFFSET] / np.float32(offset_scale)
    body[:, PEN.start + PEN_DOWN] = ~ragged.lifts
    body[:, PEN.start + PEN_UP] = ragged.lifts
    steps[drawing, row] = body
    return steps
