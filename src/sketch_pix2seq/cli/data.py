"""`sketch-pix2seq data`: prepare drawings for training, and look at what was prepared."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

from cyclopts import App, Parameter

from sketch_pix2seq.cli.terminal import file_bars, notify, print_line, progress_bar
from sketch_pix2seq.data.card import SPLITS
from sketch_pix2seq.data.options import (
    BUCKET,
    Engine,
    Layout,
    OutputLayout,
    PrepareOptions,
    SplitName,
)
from sketch_pix2seq.extras import needs_extra

if TYPE_CHECKING:
    from sketch_pix2seq.data.card import DatasetCard
    from sketch_pix2seq.data.dataset import Dataset

app = App(
    name="data", help="Fetch drawings, prepare them for training, look at them, write them back."
)

DEFAULT_OPTIONS = PrepareOptions()
PER_CATEGORY = 10
"""Drawings of each category on a sheet."""


@app.command
def download(
    *categories: str,
    dest: Path,
    format: Layout = "simplified",  # noqa: A002
    base_url: str = BUCKET,
    parallel: int = 4,
) -> None:
    """Fetch Quick, Draw!'s files, one a category; what broke off goes on from there.

    Args:
        categories: Names as `cat` or `"alarm clock"`, or `all`.
        dest: The folder to put them in.
        format: One of Quick, Draw!'s layouts.
        base_url: Address of the public bucket, or of a copy of it.
        parallel: Files at once.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.quickdraw import download as fetch

    def report(path: Path, fetched: bool) -> None:
        print_line(path)
        if not fetched:
            notify(f"`{path}` is there already")

    with file_bars() as progress:
        fetch(
            categories,
            dest,
            format=format,
            base_url=base_url,
            parallel=parallel,
            progress=progress,
            on_done=report,
        )


@app.command
def prepare(
    *sources: Path,
    out: Path,
    options: Annotated[PrepareOptions, Parameter(name="*")] = DEFAULT_OPTIONS,
    licence: str | None = None,
    workers: int | None = None,
    engine: Engine = "local",
) -> None:
    """Make a data set of drawings in any layout.

    Args:
        sources: Files in any layout, plain or gzipped, or folders of them.
        out: The folder to make; it must not exist yet.
        options: What to keep.
        licence: Author and terms of the drawings; if left out those of Quick, Draw! for Google's
            own files, and not stated for others.
        workers: Processes at once; as many as there are processors if left out.
        engine: Processes of this machine, or a Ray cluster.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.prepare import prepare as prepare_sources

    notices: list[str] = []
    try:
        with progress_bar("reading") as progress:
            card = prepare_sources(
                sources,
                out,
                **asdict(options),
                licence=licence,
                workers=workers,
                engine=engine,
                progress=progress,
                on_notice=notices.append,
            )
    finally:
        for notice in notices:
            notify(notice)
    _print_left_out(card)
    _print_total(card)
    print_line(out)


@app.command
def convert(
    *sources: Path,
    out: Path,
    format: OutputLayout = "ndjson",  # noqa: A002
    split: tuple[SplitName, ...] = get_args(SplitName),
) -> None:
    """Write drawings in the layouts that others read: one file a category.

    Args:
        sources: A prepared data set, or files and folders of drawings in any layout.
        out: The folder to make; it must not exist yet.
        format: Simplified ndjson, Quick, Draw!'s binary, sketch-rnn's npz, Parquet (a file a
            split), or a folder of SVGs.
        split: Only this split of a prepared data set; can be repeated.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.convert import convert_drawings

    counts = convert_drawings(sources, out, format=format, splits=split, on_notice=notify)
    noun = "category" if len(counts) == 1 else "categories"
    print_line(f"{len(counts)} {noun}, {sum(counts.values()):,} drawings")
    print_line(out)


@app.command
def info(
    folder: Path, *, sheet: Path | None = None, per_category: int = PER_CATEGORY, seed: int = 0
) -> None:
    """Say what a prepared data set holds.

    Args:
        folder: The data set.
        sheet: Also draw some of its drawings into this file, .png or .svg.
        per_category: Drawings of each category on the sheet.
        seed: Another seed shows other drawings.
    """
    with needs_extra("data"):
        from sketch_pix2seq.data.dataset import Dataset

    dataset = Dataset.open(folder)
    card = dataset.card
    if sheet is not None:  # first, so that nothing is said if it cannot be drawn
        from sketch_pix2seq.data.info import contact_sheet

        contact_sheet(dataset, per_category, seed).save(sheet)
    elif (per_category, seed) != (PER_CATEGORY, 0):
        notify("`--per-category` and `--seed` are ignored without `--sheet`")
    _print_counts(dataset)
    print_line()
    print_line(f"offset scale    {card.offset_scale:.4f}")
    sizes = [f"{name} {dataset.size(name) / 1e6:,.1f} MB" for name in SPLITS]
    print_line(f"on disk         {', '.join(sizes)}")
    options = ", ".join(f"{name} {value}" for name, value in card.options.items() if value)
    print_line(f"prepared with   {options}")
    print_line(f"licence         {card.licence}")
    for source in card.sources:
        alike = f", {source.near_duplicates:,} near-duplicates" if source.near_duplicates else ""
        print_line(f"source          {source.name}, sha256 {source.sha256}{alike}")
    _print_left_out(card)
    if sheet is not None:
        print_line(sheet)


def _print_total(card: DatasetCard) -> None:
    """Print the number of drawings and categories."""
    totals = [card.total(split) for split in SPLITS]
    shares = ", ".join(f"{num:,} {split}" for num, split in zip(totals, SPLITS, strict=True))
    noun = "category" if len(card.categories) == 1 else "categories"
    print_line(f"{len(card.categories)} {noun}, {sum(totals):,} drawings ({shares})")


def _print_counts(dataset: Dataset) -> None:
    """Print a table of drawings by category and split, and of their lengths."""
    from sketch_pix2seq.data.info import lengths_of

    card = dataset.card
    width = max(len("category"), *map(len, card.categories))
    columns = (*SPLITS, "least", "median", "99 %", "most")
    print_line(f"{'':<{width}}{'drawings':>30}{'steps of a drawing':>40}")
    print_line(f"{'category':<{width}}" + "".join(f"  {column:>8}" for column in columns))
    for number, category in enumerate((*card.categories, None)):
        counts = [card.counts[s][category] if category else card.total(s) for s in SPLITS]
        steps = lengths_of(dataset, number if category else None)
        cells = "".join(f"  {value:>8,}" for value in (*counts, *steps))
        print_line(f"{category or 'all':<{width}}{cells}")


def _print_left_out(card: DatasetCard) -> None:
    """Print what was left out of each source, and why."""
    for source in card.sources:
        if not source.left_out:
            continue
        first = source.first_wrong_line
        where = f", the first wrong line is {first}" if first is not None else ""
        num = sum(source.left_out.values())
        print_line(f"{source.name}: {num:,} of {source.read:,} left out{where}")
        for reason, count in source.left_out.items():
            print_line(f"  {count:>8,}  {reason}")
