"""Classifiers on disk: alone or in a model's bundle, whole or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from bundles import (
    tiny_bundle,
    tiny_classifier_files,
    with_classifier,
    write_bundle,
    write_classifier,
)
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import ClassifierCard
from sketch_pix2seq.bundle.classifier import read_classifier
from sketch_pix2seq.errors import BundleError

KINDS = ("cat", "dog", "house")


def test_a_card_survives_json() -> None:
    card = tiny_classifier_files(KINDS).card
    assert ClassifierCard.from_json(card.to_json()) == card


def test_it_is_the_same_alone_and_in_a_bundle(tmp_path: Path) -> None:
    alone = read_classifier(write_classifier(tmp_path / "alone", KINDS))
    folder = write_bundle(tmp_path / "bundle", with_classifier(tiny_bundle(), KINDS))
    assert read_classifier(folder) == alone == Bundle.open(folder).classifier
    assert alone.digest == tiny_classifier_files(KINDS).digest
    assert alone.digest != tiny_classifier_files(("a", "b")).digest


@pytest.mark.parametrize("name", ["classifier.json", "classifier.safetensors"])
def test_half_a_classifier_is_none(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path / "bundle", with_classifier(tiny_bundle(), KINDS))
    (folder / name).unlink()
    for read in (Bundle.open, read_classifier):
        with pytest.raises(BundleError, match=f"lacks {name}"):
            read(folder)


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"lacks classifier\.json and classifier\.safetensors"):
        read_classifier(folder)
    (folder / "judge.json").write_text("{}")
    with pytest.raises(BundleError, match="classifier's bundle must be of format version 2; got 1"):
        read_classifier(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 9}, "format version 2; got 9"),
        ({"categories": ["one"]}, "`categories` must name 2 to 10,000"),
        ({"categories": "abc"}, "a list of names"),
        ({"categories": ["a", "b"]}, r"`head\.weight` .* of shape \(2, 64\)"),
        ({"raster": {"size": -1}}, "`margin` of the raster must be a number"),
        ({"raster": {"size": 4000, "margin": 2.0, "line_width": 1.0}}, "must be at most 512"),
        ({"architecture": {"width": 16}}, r"of shape \(128,\)|of shape \(16"),
        ({"architecture": {"width": 10**9}}, "`width` must be a whole number from 1 to 256"),
        ({"architecture": {"width": 256}}, "at most 16,777,216 weights, got"),
        ({"architecture": {"width": 12}}, "`width` must be a multiple of 8"),
        ({"architecture": {"name": "onnx", "width": 8}}, "must be `conv`, got 'onnx'"),
        ({"architecture": {"depth": 8}}, "must not hold 'depth'"),
        ({"architecture": []}, "`architecture` must be an object"),
        ({"metrics": []}, "`metrics` must be an object"),
        ({"licence": "a\nb"}, "`licence` must be a printable text"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    tmp_path: Path,
    changes: dict[str, Any],
    message: str,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    folder = write_classifier(tmp_path / "classifier", KINDS)
    values = json.loads((folder / "classifier.json").read_text())
    (folder / "classifier.json").write_text(json.dumps(values | changes))
    with unchecked_shapes(), pytest.raises(BundleError, match=message):
        read_classifier(folder)
