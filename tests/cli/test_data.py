from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.synthetic import write_synthetic
from misbehaving_server import File, misbehaving_server
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.data.dataset import Dataset


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_synthetic(folder, num=100, seed=0, categories=["circle", "house"])
    return folder


@pytest.fixture(scope="module")
def prepared(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "set"
    assert main(["data", "prepare", str(files), "--out", str(out)]) == 0
    return out


def test_prepare_says_what_it_made_and_where(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    paths = [str(path) for path in sorted(files.iterdir())]
    assert main(["data", "prepare", *paths, "--out", str(out), "--test", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    card = Dataset.open(out).card
    assert lines[-1] == str(out)
    assert lines[-2] == (
        f"2 categories, {card.total('train') + card.total('valid') + 10} drawings "
        f"({card.total('train')} train, {card.total('valid')} valid, 10 test)"
    )
    assert lines[0].startswith("circle.ndjson: ")
    assert lines[1].endswith("  a split takes at most the given number of drawings of a category")


def test_every_flag_reaches_the_data_set(files: Path, tmp_path: Path) -> None:
    flags = {
        "train": 40,
        "valid": 2,
        "test": 3,
        "limit": 90,
        "epsilon": 3.5,
        "min-steps": 2,
        "max-steps": 70,
        "min-drawings": 20,
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    out = tmp_path / "set"
    switches = ["--strict", "--recognized-only", "--drop-near-duplicates"]
    end = [*switches, "--licence", "ours", "--workers", "1", "--out", str(out)]
    assert main(["data", "prepare", str(files), *words, *end]) == 0
    card = Dataset.open(out).card
    expected = {name.replace("-", "_"): value for name, value in flags.items()}
    on = dict.fromkeys(("strict", "recognized_only", "drop_near_duplicates"), True)
    assert card.options == {**expected, **on}
    assert card.licence == "ours"


def test_wrong_lines_are_reported(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "circle.ndjson"
    good = (files / "circle.ndjson").read_bytes().splitlines()
    path.write_bytes(b"\n".join([*good[:7], b"{", *good[7:], b"[]"]))
    assert main(["data", "prepare", str(path), "--out", str(tmp_path / "set")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "circle.ndjson: 2 of 102 left out, the first wrong line is 8"
    assert lines[1].split(maxsplit=1) == ["2", "a line must be a JSON object"]
    assert main(["data", "prepare", str(path), "--out", str(tmp_path / "two"), "--strict"]) == 1
    err = capsys.readouterr().err
    assert "`circle.ndjson` line 8: a line must be a JSON object" in err
    assert "Leave out `--strict` to pass over it." in err
    assert not (tmp_path / "two").exists()


def test_a_source_that_is_cut_short_is_kept_and_told(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "circle.ndjson.gz"
    path.write_bytes(gzip.compress((files / "circle.ndjson").read_bytes())[:-2000])
    assert main(["data", "prepare", str(path), "--out", str(tmp_path / "set")]) == 0
    out, err = capsys.readouterr()
    (source,) = Dataset.open(tmp_path / "set").card.sources
    assert err == (
        "sketch-pix2seq: source `circle.ndjson.gz` is not whole: its gzip stream is cut short; "
        f"the {source.kept} drawings before that were read. Fetch it again.\n"
    )
    assert f"1 of {source.read} left out" in out
    few = ["data", "prepare", str(path), "--out", str(tmp_path / "few"), "--min-drawings", "99"]
    assert main(few) == 1
    told, error = capsys.readouterr().err.splitlines()
    assert told == err.rstrip()
    assert "must have at least 99 different drawings" in error


def test_parts_of_files_that_are_not_read_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cats, line = tmp_path / "in" / "cats", '<path d="M0 0L{x} 9" stroke="black"/>'
    cats.mkdir(parents=True)
    for number in range(40):
        text = "<text>cat</text>" * (1 + number % 2) if number < 12 else ""
        drawn = f"{text}{'<image/>' * (number == 3)}{line.format(x=number)}"
        (cats / f"{number}.svg").write_text(f"<svg>{drawn}</svg>")
    for words in (["prepare"], ["convert"], ["convert", "--format", "npz"]):
        out = tmp_path / "-".join(words)
        assert main(["data", *words, str(cats.parent), "--out", str(out)]) == 0
        assert capsys.readouterr().err.splitlines() == [
            "sketch-pix2seq: left out of 12 drawings, of the first: text"
        ]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["{tmp}/gone.ndjson", "--out", "{tmp}/set"], 1, "must be a file or a folder that exists"),
        (["--out", "{tmp}/set"], 2, "at least one source is needed"),
        (["{files}", "--out", "{files}"], 1, "must not exist yet"),
        (["{files}", "--out", "{tmp}/set", "--limit", "3"], 2, "at least `--min-drawings`"),
        (["{files}", "--out", "{tmp}/set", "--limit", "0"], 2, "`--limit` must be at least 1"),
        (["{files}", "--out", "{tmp}/set", "--max-steps", "0"], 2, "`--max-steps` must be at"),
        (["{files}", "--out", "{tmp}/set", "--train", "2147483648"], 2, "at most 2147483647"),
        (["{tmp}", "--out", "{tmp}/set"], 1, "has no drawings"),
    ],
)
def test_what_cannot_be_prepared_is_one_clear_line(
    files: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    line: str,
) -> None:
    filled = [word.format(tmp=tmp_path, files=files) for word in words]
    assert main(["data", "prepare", *filled]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_info_shows_the_card(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["data", "info", str(prepared)]) == 0
    out = capsys.readouterr().out
    card = Dataset.open(prepared).card
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert rows["category"][:4] == ["train", "valid", "test", "least"]
    for category in card.categories:
        assert rows[category][:3] == [
            str(card.counts[split][category]) for split in ("train", "valid", "test")
        ]
    assert sum(map(int, rows["all"][:3])) == 200
    assert int(rows["all"][-1]) == card.longest
    assert "on disk         train 0.0 MB" in out
    assert f"offset scale    {card.offset_scale:.4f}" in out
    assert card.sources[0].sha256 in out
    assert card.licence in out


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_info_draws_a_sheet(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    sheet = tmp_path / f"sheet{suffix}"
    words = ["data", "info", str(prepared), "--sheet", str(sheet), "--per-category", "4"]
    assert main([*words, "--seed", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(sheet)
    if suffix == ".png":
        with Image.open(sheet) as picture:
            assert min(picture.size) > 200
            assert np.asarray(picture.convert("L")).min() < 100
    else:
        assert sheet.read_text().startswith("<svg")


def test_info_says_which_numbers_are_for_a_sheet_alone(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--seed", "3"], ["--per-category", "2"]):
        assert main(["data", "info", str(prepared), *words]) == 0
        notice = "`--per-category` and `--seed` are ignored without `--sheet`"
        assert notice in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--sheet", "{tmp}/a.pdf"], 2, "a sheet must be saved as .svg or .png; got a.pdf"),
        (["--sheet", "{tmp}/a.svg", "--per-category", "0"], 2, "`--per-category` must be at"),
        (["--sheet", "{tmp}/a.svg", "--seed", "-1"], 2, "`--seed` must be 0 or more; got -1"),
        (["--sheet", "{tmp}/no/a.svg"], 1, "a.svg`: No such file or directory"),
    ],
)
def test_info_says_nothing_if_the_sheet_cannot_be_drawn(
    prepared: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    line: str,
) -> None:
    capsys.readouterr()
    filled = [word.format(tmp=tmp_path) for word in words]
    assert main(["data", "info", str(prepared), *filled]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert list(tmp_path.iterdir()) == []


def test_info_of_something_else_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "info", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert err.endswith(
        "has no readable `dataset.json`. Make one with `sketch-pix2seq data prepare`.\n"
    )


def test_download_prints_paths_and_tells_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "download", "cat", "--dest", str(tmp_path), "--format", "binary"]
    with misbehaving_server() as server:
        server.files["/full/binary/cat.bin"] = File(b"content")
        assert main([*words, "--base-url", server.address]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'cat.bin'}\n"
        assert main([*words, "--base-url", server.address]) == 0
        assert "is there already" in capsys.readouterr().err
        assert main(["data", "download", "pig", *words[3:], "--base-url", server.address]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("sketch-pix2seq: the server has no such file (status 404)")
    assert main(["data", "download", "kat", "--dest", str(tmp_path)]) == 2
    assert "did you mean hat or cat" in capsys.readouterr().err


def test_export_says_what_it_wrote_and_where(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "convert", str(prepared), "--format", "npz", "--split", "test"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    card = Dataset.open(prepared).card
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"2 categories, {card.total('test')} drawings"
    assert second == str(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    words = ["data", "convert", str(tmp_path / "empty"), "--out", str(tmp_path / "new")]
    assert main(words) == 1
    assert "has no drawings" in capsys.readouterr().err
