from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from sketch_pix2seq.data.card import SPLITS, DatasetCard, SourceAccount
from sketch_pix2seq.errors import DatasetError

CARD = DatasetCard(
    categories=("cat", "alarm clock"),
    counts={
        "train": {"cat": 5, "alarm clock": 7},
        "valid": {"cat": 1, "alarm clock": 1},
        "test": {"cat": 2, "alarm clock": 3},
    },
    offset_scale=31.25,
    longest=77,
    options={"limit": None, "max_steps": 250},
    sources=(
        SourceAccount(name="cat.ndjson", sha256="ab", read=9, kept=8, left_out={"wrong": 1}),
        SourceAccount(name="x.ndjson", sha256="cd", read=11, kept=11, first_wrong_line=4),
    ),
)


SOURCE = {"name": "cat.ndjson", "sha256": "ab", "read": 9, "kept": 8}


def changed(**values: Any) -> bytes:
    found = orjson.loads(CARD.to_json())
    found.update(values)
    return orjson.dumps({name: value for name, value in found.items() if value is not ...})


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert DatasetCard.from_json(CARD.to_json()) == CARD
    (tmp_path / "dataset.json").write_bytes(CARD.to_json())
    assert DatasetCard.read(tmp_path) == CARD


def test_totals_are_sums_over_categories() -> None:
    assert [CARD.total(split) for split in ("train", "valid", "test")] == [12, 2, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "must be JSON"),
        (b"[]", "must have a `format_version`"),
        (b"{}", "must have a `format_version`"),
        (b'{"format_version": 2}', "must have `format_version` 1; got 2. Prepare .* again"),
        (b'{"format_version": 1}', "must have `categories`"),
        (changed(offset_scale="wide"), "value of the wrong type"),
        (changed(counts={"train": {}}), "value of the wrong type"),
        (changed(sources=[{"name": "x"}]), "value of the wrong type"),
        (changed(categories=["cat"]), "must count every category in `train`, in order"),
        (changed(categories=[]), "must have a category"),
        (changed(offset_scale=0), "`offset_scale` must be positive"),
        (changed(offset_scale=1e300), "`offset_scale` must be positive and at most"),
        (changed(longest=10**12), "`longest` must be from 0 to 100000"),
        (changed(longest=True), "value of the wrong type"),
        (changed(categories=[["cat"]]), "value of the wrong type"),
        (changed(counts={s: {"cat": -1, "alarm clock": 3} for s in SPLITS}), "from 0 on"),
        (changed(counts={s: {"cat": 1e9, "alarm clock": 3} for s in SPLITS}), "wrong type"),
        (changed(sources=[{**SOURCE, "left_out": [1]}]), "value of the wrong type"),
        (changed(sources=[{**SOURCE, "sha256": 5}]), "value of the wrong type"),
        (changed(sources=[{**SOURCE, "name": "a\x1b]0;x\x07"}]), "without control characters"),
        (changed(licence="\x1b[31mred"), "without control characters"),
        *(
            (
                changed(categories=[name], counts={s: {name: 1} for s in SPLITS}),
                "printable letters; got",
            )
            for name in ("", "\x1b[31mred", "a\nb", "x" * 101)
        ),
    ],
)
def test_wrong_cards_are_refused(text: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        DatasetCard.from_json(text)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_card_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no readable `dataset\.json`"):
        DatasetCard.read(tmp_path)
    with pytest.raises(DatasetError, match="must be the folder of a prepared data set"):
        DatasetCard.read(tmp_path / "gone")
