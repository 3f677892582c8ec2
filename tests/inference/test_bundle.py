"""Bundles: read whole or refused in one clear line, from folders and zip files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from bundles import tiny_bundle, write_bundle
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import Bundle, BundleCard


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole bundle, to be broken."""
    return write_bundle(tmp_path / "bundle")


def zipped(folder: Path, inside: str = "") -> Path:
    path = folder.parent / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, inside + file.name)
    return path


def test_folder_and_zip_are_the_same_bundle(folder: Path) -> None:
    assert Bundle.open(folder) == tiny_bundle()
    assert Bundle.open(zipped(folder)) == tiny_bundle()
    assert Bundle.open(zipped(folder, inside="my-bundle/")) == tiny_bundle()


def test_cards_survive_json() -> None:
    card = tiny_bundle().card
    assert BundleCard.from_json(card.to_json()) == card


@pytest.mark.parametrize("name", ["model.json", "encoder.onnx", "decoder.onnx"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    for path in (folder, zipped(folder)):
        with pytest.raises(BundleError, match=f"lacks {name}"):
            Bundle.open(path)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no bundle"):
        Bundle.open(tmp_path / "nowhere")
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(BundleError, match="must be a folder or a zip file"):
        Bundle.open(tmp_path / "text.zip")


@pytest.mark.parametrize("keep", [10, 200, -30])
def test_a_truncated_zip_is_refused(folder: Path, keep: int) -> None:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BundleError):
        Bundle.open(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format version 1; got 2"),
        ({"format_version": None}, "format version 1"),
        ({"latent_dim": 0}, "`latent_dim` must be a positive whole number"),
        ({"latent_dim": True}, "`latent_dim` must be a positive whole number"),
        ({"max_steps": "many"}, "`max_steps` must be a positive whole number"),
        ({"offset_scale": float("nan")}, "`offset_scale` must be a number"),
        ({"temperature": -1}, "`temperature` must be a number from 0 to 100"),
        ({"categories": []}, "`categories` must name at least one"),
        ({"categories": "cat"}, "`categories` must be a list of names"),
        ({"categories": 3}, "`categories` must be a list of names"),
        ({"raster": {"size": -1}}, "not complete"),
        ({"raster": {"colour": 1}}, "not complete"),
        ({"raster": 3}, "not complete"),
        ({"name": None}, "`name` must be a text"),
        ({"metrics": [1]}, "`metrics` must be an object"),
        ({"recipe": None}, "`recipe` must be an object"),
    ],
)
def test_values_that_do_not_fit_are_named(
    folder: Path,
    change: dict[str, Any],
    message: str,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    values = {**json.loads(tiny_bundle().card.to_json()), **change}
    (folder / "model.json").write_text(json.dumps(values))
    with unchecked_shapes(), pytest.raises(BundleError, match=message):
        Bundle.open(folder)


@pytest.mark.parametrize("name", ["raster", "categories", "offset_scale", "state_dim", "name"])
def test_values_that_are_missing_are_named(folder: Path, name: str) -> None:
    values = json.loads(tiny_bundle().card.to_json())
    del values[name]
    (folder / "model.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=name):
        Bundle.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\x00"])
def test_a_card_that_is_no_object_is_refused(folder: Path, text: str) -> None:
    (folder / "model.json").write_text(text)
    with pytest.raises(BundleError, match=r"model\.json"):
        Bundle.open(folder)


def test_keys_of_a_later_minor_version_are_passed_over(folder: Path) -> None:
    values = {**json.loads(tiny_bundle().card.to_json()), "colour": "red"}
    (folder / "model.json").write_text(json.dumps(values))
    assert Bundle.open(folder) == tiny_bundle()
