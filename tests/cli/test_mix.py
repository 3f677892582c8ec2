"""`mix`: strips, films and lines, or one clear error and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bundles import write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
ROOF = Sketch.from_points([[(0, 60), (50, 0), (100, 60), (0, 60)]])


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    HOUSE.save("house.svg")
    ROOF.save("roof.svg")
    bundle = write_bundle(tmp_path / "bundle")
    return ["mix", "house.svg", "roof.svg", "--bundle", str(bundle)]


def test_a_strip_of_eleven(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr() == ("mixed.svg\n", "")
    assert Path("mixed.svg").read_text().count("<g fill") == 11


def test_a_row_for_each_pair(words: list[str]) -> None:
    assert main([*words, "house.svg", "--steps", "4", "--out", "new/strip.png"]) == 0
    with Image.open("new/strip.png") as picture:
        assert 1.5 < picture.width / picture.height < 2.5


@pytest.mark.parametrize("suffix", ["gif", "apng"])
def test_a_film(words: list[str], suffix: str) -> None:
    assert main([*words, "--steps", "5", "--curves", "--out", f"film.{suffix}"]) == 0
    with Image.open(f"film.{suffix}") as picture:
        assert getattr(picture, "n_frames", 1) > 4


def test_lines_tell_how_they_were_made(words: list[str]) -> None:
    more = ["--steps", "3", "--spherical", "--seed", "4", "--temperature", "0.2", "--best-of", "2"]
    for out in ("a.ndjson", "b.ndjson"):
        assert main([*words, *more, "--out", out]) == 0
    assert Path("a.ndjson").read_bytes() == Path("b.ndjson").read_bytes()
    lines = [json.loads(line) for line in Path("a.ndjson").read_text().splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2]
    told = {"input": "house to roof", "seed": 4, "temperature": 0.2, "spherical": True}
    assert lines[0].items() >= (told | {"best_of": 2}).items()


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        (["--out", "x.bmp"], 2, "`--out` must end in .svg, .png, .gif, .apng, .ndjson; got x.bmp"),
        (["--out", "house.svg"], 2, "must not take the place of the input"),
        (["--steps", "1"], 2, "`--steps` must be 2 or more; got 1"),
        (["--steps", "1000001"], 2, "at most 1,000,000 drawings at once"),
        (["--steps", "9999", "--best-of", "999"], 2, "at most 1,000,000 drawings at once"),
        (["--steps", "0"], 2, "`--steps` must be 2 or more; got 0"),
        (["--curves", "--out", "x.ndjson"], 2, "`--curves` is for pictures; got ndjson"),
        (["none.svg"], 1, "`none.svg`: there must be such a file"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: list[str],
    more: list[str],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(Path().iterdir())
    assert main([*words, *more]) == status
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err
    assert sorted(Path().iterdir()) == before


def test_one_drawing_is_nothing_to_mix(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([words[0], *words[2:]]) == 2
    assert "two drawings or more to mix; got 1" in capsys.readouterr().err
