"""A folder of Parquet files with a card, as Hugging Face's `datasets` loads it.

datasets.load_dataset("FOLDER")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sketch_pix2seq.data.card import QUICKDRAW_LICENCE
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.io.parquet import write_parquet

_SPLIT_NAMES = {"valid": "validation"}
"""Names that `datasets` has for splits, where they differ from ours."""


def write_parquet_folder(
    folder: Path,
    drawings: Mapping[str, Iterable[tuple[str, SimplifiedDrawing]]],
    licence: str,
) -> dict[str, int]:
    """Write a Parquet file for each split and a `README.md` that names them; count by category."""
    counts: Counter[str] = Counter()
    totals = {}
    for split, some in drawings.items():
        totals[split] = write_parquet(folder / f"{split}.parquet", _counted(some, counts))
    card = _card(totals, len(counts), licence)
    (folder / "README.md").write_text(card, encoding="utf-8")
    return dict(counts)


def _counted(
    drawings: Iterable[tuple[str, SimplifiedDrawing]], counts: Counter[str]
) -> Iterator[tuple[str, SimplifiedDrawing]]:
    for category, drawing in drawings:
        counts[category] += 1
        yield category, drawing


def _card(totals: Mapping[str, int], num_categories: int, licence: str) -> str:
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
