"""Source files in, a data set out: `sketch-pix2seq data prepare`.

Two passes, both in constant memory. The first reads every source and writes its drawings into
buffer files, one a category; the second writes the drawings of each category into the splits.
The data set appears under its name when it is complete (see `atomic_dir`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sketch_pix2seq.data.atomic_dir import atomic_dir
from sketch_pix2seq.data.card import FILE_NAME, QUICKDRAW_LICENCE, DatasetCard
from sketch_pix2seq.data.engine import check_workers, read_shards
from sketch_pix2seq.data.merge import merge_shards
from sketch_pix2seq.data.options import Engine, PrepareOptions
from sketch_pix2seq.data.read_shard import Notice, Progress, shards_of
from sketch_pix2seq.data.sources import find_sources
from sketch_pix2seq.data.write_splits import write_splits

__all__ = ["Notice", "PrepareOptions", "Progress", "prepare"]


def prepare(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    train: int | None = None,
    valid: int | None = None,
    test: int | None = None,
    limit: int | None = None,
    epsilon: float | None = None,
    min_steps: int = 1,
    max_steps: int = 250,
    min_drawings: int = 10,
    recognized_only: bool = False,
    drop_near_duplicates: bool = False,
    strict: bool = False,
    licence: str = QUICKDRAW_LICENCE,
    workers: int | None = 1,
    engine: Engine = "local",
    progress: Progress | None = None,
    on_notice: Notice | None = None,
) -> DatasetCard:
    """Make a data set of drawings in any layout.

    Convention:
        A drawing's category is its record's `word`, or else the file's name. Its split
        follows from a hash of its points: 1/8 test, 1/16 valid, the rest train, whatever
        else is prepared. A drawing that its category has already is left out. Categories
        are numbered in the order of their first drawings.

    Args:
        sources: Files, or folders of them; see `find_sources`.
        out: The folder to make.
        train: Keep at most this many training drawings of a category, first come.
        valid: The same for validation.
        test: The same for testing.
        limit: Keep at most this many drawings of a category, and read no more of it from a file.
        epsilon: Simplify further by Ramer-Douglas-Peucker, in the sources' units.
        min_steps: Leave out drawings of fewer points than this.
        max_steps: Leave out drawings of more points than this.
        min_drawings: Refuse a category of fewer drawings than this.
        recognized_only: Leave out drawings that Quick, Draw! did not recognise, where a source
            says so.
        drop_near_duplicates: Leave out drawings that are near-duplicates of another one of
            their category: the same on a coarse grid. They are counted in any case.
        strict: Refuse a wrong line instead of counting it.
        licence: Whose drawings these are and on which terms, for the card.
        workers: Processes at once; more than one start anew, so that a script must stand
            under `if __name__ == "__main__"`. None: as many as there are processors.
        engine: `local`, or `ray` for a Ray cluster whose machines see the same files.
        progress: Called with the bytes that are read, and with their total.
        on_notice: Called with a line for each source that is cut short, and read up to there.

    Returns:
        The card of the data set.

    Raises:
        DatasetError: If `out` exists, a source cannot be read or gives nothing, or a
            category has too few drawings. Then nothing is left behind.
        UsageError: If an option is out of its range.
    """
    options = PrepareOptions(
        train=train,
        valid=valid,
        test=test,
        limit=limit,
        epsilon=epsilon,
        min_steps=min_steps,
        max_steps=max_steps,
        min_drawings=min_drawings,
        recognized_only=recognized_only,
        drop_near_duplicates=drop_near_duplicates,
        strict=strict,
    )
    check_workers(workers, engine)
    found = find_sources(sources)
    with atomic_dir(Path(out)) as folder:
        buffers = folder.resolve() / "buffers"
        buffers.mkdir()
        shards = shards_of(found, buffers, options)
        parts = read_shards(shards, workers=workers, engine=engine, progress=progress)
        card = write_splits(merge_shards(parts, on_notice), folder, options, licence)
        shutil.rmtree(buffers)
        (folder / FILE_NAME).write_bytes(card.to_json())
    return card
