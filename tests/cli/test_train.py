"""`sketch-pix2seq train`: what it says and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.training.recipes import find_recipe
from sketch_pix2seq.training.settings import describe_settings

TINY = ("num_steps=2", "batch_size=4", "model.decoder_size=8", "sheet_every=0")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    write_synthetic(folder / "files", num=80, seed=0)
    prepare([folder / "files"], folder / "data")
    return folder / "data"


def test_it_says_what_it_made_and_which_settings_change_nothing(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    settings = [word for setting in (*TINY, "kl.free_nats=0.3") for word in ("--set", setting)]
    assert main(["train", "cnn_small", "--data", str(shapes), "--out", str(out), *settings]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(out)
    assert said.out.startswith("trained 2 steps, best validation loss ")
    assert said.err == "sketch-pix2seq: `kl.free_nats` is ignored: `kl.weight` is 0\n"


def test_recipes_list_every_setting_of_attention(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "--settings", "attention"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.partition("=")[0]: line for line in lines}
    names = [name for name, _, _ in describe_settings(find_recipe("attention"))]
    for name in names:
        assert found[name].partition(" ")[2].strip(), name  # it says what the setting means
    assert found["model.decoder"].startswith('model.decoder="attention" ')
    assert found["augmentation.past_jitter"].startswith("augmentation.past_jitter=")
    assert len(lines) == len(found) == len(names)


def test_wrong_settings_are_one_clear_line(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(shapes), "--out", str(tmp_path / "run"), "--set", "model.decodr=lstm"]
    assert main(["train", "cnn_small", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "did you mean model.decoder" in line
    assert not (tmp_path / "run").exists()
