"""Export: the bundle is whole, and numpy draws what torch draws."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import BundleError, RunError, UsageError
from sketch_pix2seq.export.bundle import export_run, load_model
from sketch_pix2seq.export.files import round_to_half
from sketch_pix2seq.inference.networks import networks_of
from sketch_pix2seq.models import SketchAutoencoder
from sketch_pix2seq.models.drawing import draw_steps
from sketch_pix2seq.sketch.pen import END_STEP, PEN, PEN_END, START_STEP
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import ModelSettings, OptimiserSettings
from sketch_pix2seq.training.recipes import lstm
from sketch_pix2seq.training.run import Run

NETWORKS = ["paper-lstm", "conv-layer_norm", "rnn-hyper"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, `set`, and one of the same drawings, simplified less, `another`."""
    folder = tmp_path_factory.mktemp("data")
    write_synthetic(folder / "files", num=40, seed=1)
    prepare([folder / "files"], folder / "set", epsilon=6.0)
    prepare([folder / "files"], folder / "another", epsilon=3.0)
    return folder


@pytest.fixture(scope="module", params=NETWORKS)
def run(
    request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run of a few steps."""
    folder = tmp_path_factory.mktemp("export")
    encoder, decoder = request.param.split("-")
    recipe = replace(
        lstm(),
        num_steps=4,
        batch_size=8,
        sheet_every=0,
        model=ModelSettings(
            latent_dim=16,
            decoder=decoder,
            decoder_size=48,
            hyper_size=32,
            hyper_embedding=8,
            num_components=4,
            encoder=encoder,
            encoder_width=8,
            encoder_size=24,
        ),
        optimiser=OptimiserSettings(average_decay=0.5),
    )
    train(recipe, data / "set", folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def bundle(run: Path) -> Path:
    """Its bundle."""
    export_run(run, run.parent / "bundle", temperature=0.4)
    return run.parent / "bundle"


def model_with_stored_weights(run: Path) -> SketchAutoencoder:
    """The model with its larger weights rounded to 16 bits, as the bundle holds them."""
    model, _ = load_model(Run(run))
    assert isinstance(model, SketchAutoencoder)
    round_to_half(model)
    return model


def test_another_data_set_is_refused(run: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"does not fit .*: its `\w+` is another one"):
        export_run(run, tmp_path / "bundle", data=data / "another")
    assert not (tmp_path / "bundle").exists()


def test_the_bundle_is_whole_and_holds_numbers_and_words_alone(bundle: Path) -> None:
    names = {path.name for path in bundle.iterdir()}
    assert names == {
        "model.json",
        "weights.safetensors",
        "README.md",
    }
    card = Bundle.open(bundle).card
    assert card.categories == ("circle", "house", "ladder", "spiral", "square", "zigzag")
    assert (card.latent_dim, card.noise_dim) == (16, 9)
    assert card.temperature == 0.4
    assert card.metrics["step"] == 4
    assert card.attribution == card.data["licence"]
    readme = (bundle / "README.md").read_text()
    assert readme.startswith("---\nlicense: apache-2.0\n")
    assert "| zigzag |" in readme
    assert "It mixes drawings, too." in readme
    assert "classifies" not in readme  # exported without data, it cannot
    assert "sketcher.generate" not in readme


def test_torch_and_numpy_encode_alike(run: Path, bundle: Path) -> None:
    model = model_with_stored_weights(run)
    card = Bundle.open(bundle).card
    rng = np.random.default_rng(0)
    pictures = rng.random((5, 1, 48, 48), np.float32)
    lengths = np.array([card.max_steps, 9, 4, 1, 1])
    steps = np.tile(END_STEP, (5, card.max_steps + 2, 1))
    steps[:, 0] = START_STEP
    for rows, length in zip(steps, lengths, strict=True):
        rows[1 : length + 1, :2] = rng.standard_normal((length, 2))
        rows[1 : length + 1, 2:] = [1, 0, 0]
    views = steps[:, 1:] if card.encoder_input == STROKES else pictures
    found = networks_of(Bundle.open(bundle)).codes(views)
    with torch.no_grad():
        expected, _ = model.encode(
            torch.from_numpy(pictures), torch.from_numpy(steps), torch.from_numpy(lengths)
        )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
def test_torch_and_numpy_draw_the_same_steps_from_the_same_noise(
    run: Path, bundle: Path, temperature: float
) -> None:
    model = model_with_stored_weights(run)
    card = Bundle.open(bundle).card
    rng = np.random.default_rng(1)
    latent = rng.standard_normal((3, card.latent_dim), np.float32)
    noise = rng.gumbel(size=(40, 3, card.noise_dim)).astype(np.float32)
    noise[:, :, -2:] = rng.standard_normal((40, 3, 2))
    expected = draw_steps(
        model.decoder,
        torch.from_numpy(latent),
        torch.from_numpy(noise),
        temperature,
    )
    rows = networks_of(Bundle.open(bundle)).decoder.open(3)
    temperatures = np.full(3, temperature, np.float32)
    step = rows.insert(0, list(latent), noise[0], temperatures)
    for index in range(expected.shape[1]):
        if index:
            (step,) = rows.advance(3, noise[index][:, None])
        still = expected[:, :index, PEN][:, :, PEN_END].sum(1) == 0  # has not ended before
        np.testing.assert_allclose(step[still], expected[still, index].numpy(), atol=1e-4)


def test_a_recipe_whose_drawings_are_too_long_is_refused(run: Path, tmp_path: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    facts["data"]["longest"] = 2001
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoints").symlink_to(run / "checkpoints")
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    with pytest.raises(BundleError, match="`max_steps` must be a whole number from 1 to 2,000"):
        export_run(tmp_path / "run", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_zipped_bundle_is_the_same_bundle(run: Path, bundle: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "bundle.zip", temperature=0.4)
    assert zipfile.is_zipfile(tmp_path / "bundle.zip")
    assert Bundle.open(tmp_path / "bundle.zip") == Bundle.open(bundle)  # byte for byte
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.zip"]


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_a_temperature_that_cannot_be_is_refused(
    run: Path, tmp_path: Path, temperature: float
) -> None:
    with pytest.raises(UsageError, match="temperature"):
        export_run(run, tmp_path / "bundle", temperature=temperature)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(run: Path, bundle: Path) -> None:
    with pytest.raises(BundleError, match="must not exist yet"):
        export_run(run, bundle)


def test_a_run_without_checkpoints_cannot_be_exported(run: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes((run / "run.json").read_bytes())
    with pytest.raises(RunError, match="no checkpoint yet"):
        export_run(tmp_path / "run", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(RunError, match="not a training run"):
        export_run(tmp_path, tmp_path / "bundle")


def test_weights_that_do_not_fit_the_recipe_are_refused(run: Path, tmp_path: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    facts["recipe"]["model"]["decoder_size"] = 52
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "run.json").write_text(json.dumps(facts))
    best = (run / "checkpoints" / "best.safetensors").read_bytes()
    (tmp_path / "checkpoints" / "best.safetensors").write_bytes(best)
    with pytest.raises(RunError, match="do not fit"):
        export_run(tmp_path, tmp_path / "bundle")
