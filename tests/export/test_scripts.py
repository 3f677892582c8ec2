"""The scripts that make one bundle of others."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.data.synthetic import write_synthetic
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.export.bundle import export_run
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import ModelSettings
from sketch_pix2seq.training.recipes import default

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a script."""

    def called(script: str, *words: str | Path) -> None:
        monkeypatch.setattr("sys.argv", [script, *map(str, words)])
        runpy.run_path(str(SCRIPTS / script))["main"]()

    return called


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one that looks with a `conv` encoder."""
    folder = tmp_path_factory.mktemp("scripts")
    write_synthetic(folder / "files", num=40, seed=1)
    prepare([folder / "files"], folder / "set", epsilon=6.0)
    model = ModelSettings(encoder="conv", encoder_width=8, latent_dim=16, decoder_size=48)
    recipe = replace(default(), num_steps=2, batch_size=8, sheet_every=0, model=model)
    train(recipe, folder / "set", folder / "run")
    export_run(folder / "run", folder / "bundle", temperature=0.4)
    return folder / "bundle"


def weights(bundle: Path) -> dict[str, np.ndarray]:
    """All of a bundle's, as 32-bit floats."""
    return {name: array.astype(np.float32) for name, array in Bundle.open(bundle).arrays.items()}


@pytest.mark.slow
def test_a_widened_bundle_sees_the_same_and_an_average_lies_between(
    bundle: Path, call: Callable[..., None], tmp_path: Path
) -> None:
    one, two, average = (tmp_path / name for name in ("one", "two", "average"))
    call("widen_bundle.py", bundle, "--out", one, "--seed", "1")
    call("widen_bundle.py", bundle, "--out", two, "--seed", "2")
    call("average_bundles.py", one, two, "--share", "0.75", "--out", average)

    drawing = Sketch.from_points([[(0, 0), (50, 20), (90, 90)]])
    seen = [Sketcher.load(place).encode(drawing) for place in (bundle, one)]
    np.testing.assert_allclose(seen[0], seen[1], atol=2e-3)
    first, second, between = weights(one), weights(two), weights(average)
    assert any((first[name] != second[name]).any() for name in first)
    for name, array in between.items():
        wanted = 0.75 * first[name] + 0.25 * second[name]
        np.testing.assert_allclose(array, wanted, rtol=2e-3, atol=1e-4)
    assert Bundle.open(average).card.metrics["average"]["share"] == 0.75


def test_models_of_other_units_are_not_averaged(
    bundle: Path, call: Callable[..., None], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    card = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps(card | {"offset_scale": 9.0}))
    with pytest.raises(UsageError, match="the same `offset_scale`"):
        call("average_bundles.py", bundle, other, "--out", tmp_path / "average")
    assert not (tmp_path / "average").exists()
