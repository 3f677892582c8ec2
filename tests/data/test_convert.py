"""Drawings written back, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.convert import convert_drawings
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.data.reading import read_drawings
from sketch_pix2seq.errors import DatasetError, UsageError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_synthetic(folder, num=90, seed=0, categories=["circle", "house"])
    return folder


@pytest.fixture(scope="module")
def prepared(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "set"
    prepare([files], out)
    return out


def contents(folder: Path) -> dict[str, set[bytes]]:
    """The drawings of each split of a data set."""
    dataset = Dataset.open(folder)
    return {
        name: {split.stroke3(index).tobytes() for index in range(len(split))}
        for name in ("train", "valid", "test")
        for split in [dataset.split(name)]
    }


@pytest.mark.parametrize("layout", ["ndjson", "binary", "npz"])
@pytest.mark.parametrize("kind", ["prepared", "files"])
def test_a_data_set_made_of_what_was_written_is_the_same(
    files: Path, prepared: Path, tmp_path: Path, layout: Any, kind: str
) -> None:
    sources = {"prepared": prepared, "files": files}
    counts = convert_drawings([sources[kind]], tmp_path / "out", format=layout)
    assert counts == {"circle": 90, "house": 90}
    suffix = {"ndjson": "ndjson", "binary": "bin", "npz": "npz"}[layout]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"circle.{suffix}", f"house.{suffix}"]
    card = prepare([tmp_path / "out"], tmp_path / "again")
    assert card.categories == ("circle", "house")
    assert contents(tmp_path / "again") == contents(prepared)


def test_a_parquet_folder_is_a_data_set_for_others_and_can_be_prepared_again(
    prepared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "parquet"
    assert convert_drawings([prepared], out, format="parquet") == {"circle": 90, "house": 90}
    assert sorted(path.name for path in out.iterdir()) == [
        *("README.md", "test.parquet", "train.parquet", "valid.parquet")
    ]
    # as `docs/formats.md` queries it
    query = f"SELECT word, count(*) FROM '{out}/*.parquet' GROUP BY word ORDER BY word"
    assert duckdb.connect().execute(query).fetchall() == [("circle", 90), ("house", 90)]
    head = (out / "README.md").read_text().split("---")[1]
    assert "  - split: validation\n    path: valid.parquet\n" in head
    assert "license" not in head  # of these nothing is known
    prepare([out], tmp_path / "again")
    assert contents(tmp_path / "again") == contents(prepared)


def test_the_splits_of_a_data_set_are_those_of_its_npz(prepared: Path, tmp_path: Path) -> None:
    convert_drawings([prepared], tmp_path / "npz", format="npz")
    dataset = Dataset.open(prepared)
    with np.load(tmp_path / "npz" / "house.npz", allow_pickle=True, encoding="latin1") as found:
        for name in ("train", "valid", "test"):
            split = dataset.split(name)
            start, stop = split.category_range(1)
            assert len(found[name]) == stop - start
            assert all(
                np.array_equal(rows, split.stroke3(index))
                for rows, index in zip(found[name], range(start, stop), strict=True)
            )


def test_svgs_can_be_prepared_again(prepared: Path, tmp_path: Path) -> None:
    counts = convert_drawings([prepared], tmp_path / "svg", format="svg", splits=["valid", "test"])
    dataset = Dataset.open(prepared)
    assert sum(counts.values()) == len(dataset.split("valid")) + len(dataset.split("test"))
    assert (tmp_path / "svg" / "house" / "000000.svg").read_text().startswith("<svg")
    card = prepare([tmp_path / "svg"], tmp_path / "again")
    assert card.categories == ("circle", "house")


def test_what_was_left_out_is_told(files: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "house.ndjson"
    wrong.write_bytes((files / "house.ndjson").read_bytes() + b"{")
    notices: list[str] = []
    convert_drawings([wrong], tmp_path / "out", splits=["train"], on_notice=notices.append)
    assert notices == [
        "`split` is ignored: it is for a prepared data set",
        "`house.ndjson`: left out of 91: 1 a line must be a JSON object",
    ]


def test_nothing_is_left_of_what_does_not_fit(tmp_path: Path) -> None:
    source = tmp_path / "wide.ndjson"
    source.write_text('{"word":"../up","drawing":[[[0,25],[0,0]]]}')
    with pytest.raises(DatasetError, match="fit for a file; got '../up'"):
        convert_drawings([source], tmp_path / "out")
    nameless = tmp_path / ".ndjson"
    nameless.write_text('{"drawing":[[[0,25],[0,0]]]}')
    with pytest.raises(DatasetError, match="source `.ndjson` must be 1 to 100 printable"):
        convert_drawings([nameless], tmp_path / "out")
    nameless.unlink()
    source.write_text("{")
    with pytest.raises(DatasetError, match="must hold drawings"):
        convert_drawings([source], tmp_path / "out")
    with pytest.raises(DatasetError, match="must not exist yet"):
        convert_drawings([source], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["wide.ndjson"]


def test_what_is_too_wide_for_a_layout_is_scaled_and_told(tmp_path: Path) -> None:
    source = tmp_path / "wide.ndjson"
    source.write_text('{"drawing":[[[0,510],[10,20]]]}\n{"drawing":[[[5,255],[0,0]]]}')
    notices: list[str] = []
    convert_drawings([source], tmp_path / "out", format="binary", on_notice=notices.append)
    assert notices == ["1 drawing was scaled down to 255, the most the layout can hold"]
    found = [drawing.points.tolist() for drawing in read_drawings(tmp_path / "out" / "wide.bin")]
    assert found == [[[0, 0], [255, 5]], [[0, 0], [250, 0]]]


def test_wrong_arguments_are_refused(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`split` must be one of train, valid, test"):
        convert_drawings([prepared], tmp_path / "out", splits=["training"])
    with pytest.raises(UsageError, match="at least one source"):
        convert_drawings([], tmp_path / "out")
    with pytest.raises(UsageError, match="`sources` must be a list"):
        convert_drawings(str(prepared), tmp_path / "out")


def test_a_split_that_is_named_twice_is_written_once(prepared: Path, tmp_path: Path) -> None:
    once = convert_drawings([prepared], tmp_path / "once", splits=["test"])
    assert convert_drawings([prepared], tmp_path / "twice", splits=["test", "test"]) == once
    written = [(tmp_path / name / "circle.ndjson").read_bytes() for name in ("once", "twice")]
    assert written[0] == written[1]


def test_a_drawing_too_wide_for_stroke3_rows_is_left_out_of_an_npz(
    files: Path, tmp_path: Path
) -> None:
    wide = tmp_path / "house.ndjson"
    line = b'{"drawing": [[[-30000, 30000], [0, 9]]], "word": "house"}\n'
    wide.write_bytes((files / "house.ndjson").read_bytes() + line)
    notices: list[str] = []
    counts = convert_drawings([wide], tmp_path / "out", format="npz", on_notice=notices.append)
    assert counts == {"house": 90}
    wrong = "`house`: 1 left out: a drawing must be at most 32767 units wide and high"
    assert notices == [wrong]
