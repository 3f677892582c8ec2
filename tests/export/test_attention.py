"""A run of the recipe `attention` as a bundle: it is whole, and numpy draws what torch draws."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.data.batches import validation_batches
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.export.bundle import export_run, load_model
from sketch_pix2seq.export.files import round_to_half
from sketch_pix2seq.export.likelihood import measure_likelihood
from sketch_pix2seq.inference.attention import AttentionDecoder
from sketch_pix2seq.inference.networks import networks_of
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.models import AttentionModel
from sketch_pix2seq.models.attention import CONDITIONS, Conditions
from sketch_pix2seq.models.drawing import draw_with_attention
from sketch_pix2seq.models.losses import LossConvention
from sketch_pix2seq.sketch.pen import PEN, PEN_END
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipes import find_recipe
from sketch_pix2seq.training.run import Run

DRAWINGS = 4
SETTINGS = (
    *("num_steps=2", "batch_size=8", "sheet_every=0", "raster.size=32"),
    *("model.encoder_width=8", "model.decoder_size=32", "model.head_size=16"),
    *("model.num_layers=2", "model.latent_dim=16", "model.num_components=4"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a run of two steps and its bundle."""
    folder = tmp_path_factory.mktemp("attention")
    write_synthetic(folder / "files", num=40, seed=1)
    prepare([folder / "files"], folder / "set", epsilon=6.0)
    train(find_recipe("attention").with_settings(list(SETTINGS)), folder / "set", folder / "run")
    export_run(folder / "run", folder / "bundle", data=folder / "set")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> AttentionModel:
    """The run's model with its weights as the bundle holds them."""
    model, _ = load_model(Run(folder / "run"))
    assert isinstance(model, AttentionModel)
    round_to_half(model)
    return model


def test_the_bundle_is_whole(folder: Path) -> None:
    names = {path.name for path in (folder / "bundle").iterdir()}
    assert names == {"model.json", "weights.safetensors", "latents.safetensors", "README.md"}
    card = Bundle.open(folder / "bundle").card
    assert card.architecture.to_dict() == {
        "name": "attention",
        "latent_dim": 16,
        "num_components": 4,
        "encoder_width": 8,
        "decoder_size": 32,
        "num_layers": 2,
        "head_size": 16,
        "expansion": 4,
    }
    assert (card.metrics["step"], card.raster.size) == (2, 32)
    sketcher = Sketcher.load(folder / "bundle")
    assert sketcher.can_complete
    assert sketcher.can_classify


def test_the_model_card_says_what_it_can_do_and_its_code_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (folder / "bundle" / "README.md").read_text(encoding="utf-8")
    assert "`fidelity=0`" in text
    assert "completes started" in text
    assert "conditions by chance as in training" in text
    assert "nats a row" in text and "given the picture" in text
    assert max(map(len, text.splitlines())) < 200
    code = text.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "this-folder").symlink_to(folder / "bundle")
    sketch = Dataset.open(folder / "set").split("test").sketch(0)
    sketch.save("drawing.png", size=200)
    sketch.save("started.svg")
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("given", CONDITIONS)
def test_torch_and_numpy_draw_the_same_steps_from_the_same_noise(
    folder: Path, model: AttentionModel, given: str
) -> None:
    bundle = Bundle.open(folder / "bundle")
    networks = networks_of(bundle)
    split = Dataset.open(folder / "set").split("test")
    (batch, *_) = validation_batches(
        split,
        offset_scale=bundle.card.offset_scale,
        batch_size=DRAWINGS,
        raster=bundle.card.raster,
        framed=True,
    )
    ids = batch.category_ids
    noise = read_noise([open_stream(3, row) for row in range(DRAWINGS)], 25, bundle.card.noise_dim)
    expected = draw_with_attention(
        model,
        torch.from_numpy(batch.pictures),
        torch.from_numpy(ids),
        Conditions.fixed(DRAWINGS, model.picture_size, torch.device("cpu"), condition=given),
        torch.from_numpy(noise.swapaxes(0, 1)),
        0.4,
    ).numpy()
    if given in ("category", "nothing"):
        decoder = networks.decoder
        assert isinstance(decoder, AttentionDecoder)
        named = [int(i) if given == "category" else None for i in ids]
        conditions = [decoder.condition(category_id=number) for number in named]
    else:
        codes = networks.codes(batch.pictures)
        fidelity = 1.0 if given == "picture" else 0.0
        conditions = list(networks.from_views(batch.pictures, codes, 1, fidelity, [0] * DRAWINGS))
    rows = networks.decoder.open(DRAWINGS)
    step = rows.insert(0, conditions, noise[:, 0], np.full(DRAWINGS, 0.4, np.float32))
    for number in range(expected.shape[1]):
        if number:
            # the step that torch drew: the least difference can carry a pen over a pixel's edge
            rows.replace_last_steps(np.arange(DRAWINGS), expected[:, number - 1])
            (step,) = rows.advance(DRAWINGS, noise[:, number : number + 1])
        still = expected[:, :number, PEN][:, :, PEN_END].sum(1) == 0  # has not ended before
        np.testing.assert_allclose(step[still], expected[still, number], atol=1e-3)
    assert expected.shape[1] > 1


def test_a_sketch_is_looked_at_as_in_training(folder: Path, model: AttentionModel) -> None:
    sketcher = Sketcher.load(folder / "bundle")
    dataset = Dataset.open(folder / "set")
    (batch, *_) = validation_batches(
        dataset.split("test"),
        offset_scale=sketcher.card.offset_scale,
        batch_size=DRAWINGS,
        raster=sketcher.card.raster,
        framed=True,
        limit=DRAWINGS,
    )
    split = dataset.split("test")
    places = np.arange(DRAWINGS) * len(split) // DRAWINGS
    places = places[np.argsort(-split.lengths(places), kind="stable")]
    with torch.no_grad():
        pictures = torch.from_numpy(batch.pictures)
        mean, _ = model.encoder.latent(model.encoder(pictures, torch.ones_like(pictures)))
    codes = sketcher.encode([split.sketch(int(place)) for place in places])
    np.testing.assert_allclose(codes, mean.numpy(), atol=2e-2)


def test_its_card_says_how_likely_test_drawings_are_with_each_condition(
    folder: Path, model: AttentionModel
) -> None:
    card = Bundle.open(folder / "bundle").card
    dataset = Dataset.open(folder / "set")
    split = dataset.split("test")
    test = card.metrics["test"]
    assert test["drawings"] == len(split)
    assert test["data"] == dataset.card.digest
    for convention in get_args(LossConvention):
        found = test[convention]
        assert found["reconstruction"] == found["reconstruction_picture"]
        assert found["reconstruction"] == pytest.approx(found["stroke_nll"] + found["pen_ce"])
        assert found["kl"] > 0
        for given in CONDITIONS:  # one drawing at a time: padding and company change nothing
            sums = torch.zeros(7, dtype=torch.float64)
            for batch in validation_batches(
                split,
                offset_scale=card.offset_scale,
                batch_size=1,
                raster=card.raster,
                pad_to=dataset.card.longest if convention == "magenta" else None,
                framed=True,
            ):
                assert batch.covered is not None
                model.convention = convention
                with torch.no_grad():
                    losses = model(
                        *(torch.from_numpy(a) for a in (batch.pictures, batch.steps)),
                        *(torch.from_numpy(a) for a in (batch.lengths, batch.category_ids)),
                        torch.from_numpy(batch.covered),
                        Conditions.fixed(
                            1, model.picture_size, torch.device("cpu"), condition=given
                        ),
                    )
                sums += losses.sums()
            expected = float(sums[0] / sums[4] + sums[1] / sums[5])
            assert found[f"reconstruction_{given}"] == pytest.approx(expected, rel=1e-4)
    model.convention = "valid"
    assert test["magenta"]["pen_ce"] != test["valid"]["pen_ce"]


def test_conditions_that_never_occur_in_training_are_not_measured(
    folder: Path, model: AttentionModel
) -> None:
    """Where the code is always given, the category never stands alone."""
    run = Run(folder / "run")
    shares = replace(model.shares, shown=0.5, partly=0.0, code_alone=1.0, category=0.4)
    other = AttentionModel(
        model.encoder, model.decoder, model.step_pixels, model.picture_size, shares
    )
    dataset = Dataset.open(folder / "set")
    found = measure_likelihood(other.eval(), dataset, run.recipe.raster, run.offset_scale)
    names = {name for name in found["valid"] if name.startswith("reconstruction_")}
    assert names == {"reconstruction_picture", "reconstruction_code"}


def test_a_run_begins_with_it(folder: Path, tmp_path: Path) -> None:
    start = InitialWeights.from_bundle(Bundle.open(folder / "bundle"))
    recipe = find_recipe("attention").with_settings([*SETTINGS, "seed=4", "keep_checkpoints=9"])
    train(recipe, folder / "set", tmp_path / "run", initial_weights=start)
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["started_from"]["name"] == "attention"
    card = export_run(tmp_path / "run", tmp_path / "bundle")
    assert card.metrics["started_from"]["sha256"] == start.facts["sha256"]
