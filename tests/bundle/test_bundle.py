"""Bundles: read whole and checked, or refused in one clear line; from folders and zip files."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from bundles import tiny_bundle, tiny_latents, with_classifier, write_bundle
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole bundle, to be broken."""
    return write_bundle(tmp_path / "bundle")


def zipped(folder: Path, inside: str = "") -> Path:
    path = folder.parent / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, inside + file.name)
    return path


def test_folder_and_zip_are_the_same_bundle(folder: Path) -> None:
    assert Bundle.open(folder) == tiny_bundle()
    assert Bundle.open(zipped(folder)) == tiny_bundle()
    assert Bundle.open(zipped(folder, inside="my-bundle/")) == tiny_bundle()


def test_a_bundle_with_all_parts_is_read(tmp_path: Path) -> None:
    bundle = with_classifier(tiny_bundle(), ("cat", "dog"))
    folder = write_bundle(tmp_path / "bundle", bundle)
    read = Bundle.open(folder)
    assert read == bundle
    assert read.latents is not None
    assert read.gallery is None
    (folder / "README.md").unlink(missing_ok=True)
    assert read.files == {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_model_in_the_package_is_one() -> None:
    bundle = Bundle.default()
    assert bundle.card.format_version == 2
    assert bundle.gallery is not None
    assert bundle.classifier is not None
    assert bundle.classifier.card.categories == bundle.card.categories


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    for path in (folder, zipped(folder)):
        with pytest.raises(BundleError, match=f"lacks {name}. A bundle is what `.* export` makes"):
            Bundle.open(path)


def test_a_bundle_of_format_1_is_refused_in_one_line(folder: Path) -> None:
    values = json.loads(tiny_bundle().card.to_json())
    del values["architecture"]
    (folder / "model.json").write_text(
        json.dumps(values | {"format_version": 1, "latent_dim": 16, "state_dim": 289})
    )
    (folder / "weights.safetensors").unlink()  # format 1 allowed that
    (folder / "decoder.onnx").write_bytes(b"graph")
    with pytest.raises(BundleError, match="must be of format version 2; got 1. Export its run"):
        Bundle.open(folder)


def test_weights_of_other_sizes_than_the_card_says_are_refused(folder: Path) -> None:
    values = json.loads(tiny_bundle().card.to_json())
    for changes, message in (
        ({"decoder_size": 47}, "of shape"),
        ({"num_components": 5}, r"`decoder\.output\.\w+` .* of shape"),
        ({"encoder": "rnn", "encoder_size": 12}, "must hold an array 'encoder.backwards'"),
        ({"name": "layer_norm"}, "must hold an array 'decoder.norm.cell_gain'"),
        ({"decoder_size": 10**12}, "`decoder_size` must be a whole number from 1 to 2,048"),
    ):
        architecture = values["architecture"] | changes
        (folder / "model.json").write_text(json.dumps(values | {"architecture": architecture}))
        with pytest.raises(BundleError, match=message):
            Bundle.open(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    arrays = {name: array.copy() for name, array in load(tiny_bundle().weights_file).items()}
    arrays["decoder.output.bias"][3] = value
    (folder / "weights.safetensors").write_bytes(save(arrays))
    with pytest.raises(BundleError, match=r"`decoder\.output\.bias` .* must be finite numbers"):
        Bundle.open(folder)


def test_latents_that_do_not_fit_are_refused(folder: Path) -> None:
    (folder / "latents.safetensors").write_bytes(save({"means": np.zeros((1, 3), np.float32)}))
    with pytest.raises(BundleError, match=r"`latents.safetensors` .* must hold an array 'factor'"):
        Bundle.open(folder)
    latents = tiny_latents(1)
    flat = replace(latents, factor=np.zeros_like(latents.factor))
    (folder / "latents.safetensors").write_bytes(flat.to_bytes())
    with pytest.raises(BundleError, match="the diagonal of `factor` .* must be above 0"):
        Bundle.open(folder)
    (folder / "latents.safetensors").write_bytes(tiny_latents(2).to_bytes())
    with pytest.raises(BundleError, match=r"`means` .* of shape \(1, 6, 16\)"):
        Bundle.open(folder)


def test_a_pickle_is_not_opened(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    code = f"cos\nsystem\n(S'touch {mark}'\ntR."
    for name in ("model.json", "weights.safetensors", "latents.safetensors"):
        (folder / name).write_text(code)
        with pytest.raises(BundleError):
            Bundle.open(folder)
    assert not mark.exists()
