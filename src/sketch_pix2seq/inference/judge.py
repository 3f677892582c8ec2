"""The judge: says what sketches show. Trained by a recipe on human drawings, run without torch.

    judge.json           what it is (see `JudgeCard`)
    judge.onnx           picture -> logits of the categories, features
    judge.safetensors    its weights, also for those who want to train on
    README.md            model card

A folder or that folder zipped; a model's bundle may hold the first three as well. (Of older
judges `judge.onnx` holds the weights itself, and `weights.safetensors` once more.) Nothing in it
runs code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.errors import BundleError, SketchPix2SeqError
from sketch_pix2seq.inference.arguments import checked_path
from sketch_pix2seq.inference.bundle import (
    JUDGE_CARD_FILE,
    JUDGE_FILE,
    JudgeFiles,
    read_judge,
)
from sketch_pix2seq.inference.inputs import Input, as_list, as_sketches
from sketch_pix2seq.inference.session import judge_session, not_usable, num_processors
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch

FORMAT_VERSION = 1
READ_AT_ONCE = 1024
"""Drawings whose pictures are in memory at the same time."""
LOOKED_AT_ONCE = 64
"""Pictures in one call: what it makes of them stays in the cache."""


@dataclass(frozen=True, kw_only=True)
class JudgeCard:
    """What `judge.json` says."""

    format_version: int = FORMAT_VERSION
    "Version of the judge's format."
    categories: tuple[str, ...]
    "What it can say, in the order of its answers."
    raster: RasterSettings
    "How drawings become its pictures."
    recipe: dict[str, Any] = field(default_factory=dict)
    "The whole recipe."
    data: dict[str, Any] = field(default_factory=dict)
    "The card of the data set."
    metrics: dict[str, Any] = field(default_factory=dict)
    "Figures measured when it was made."
    licence: str = "Apache-2.0"
    "Licence of the weights."
    attribution: str = ""
    "Whom the training data come from."

    @property
    def knows_mirror_images(self) -> bool:
        """Whether it learned from mirrored drawings as well, as its recipe says."""
        settings = self.recipe.get("augmentation")
        share = settings.get("flip") if isinstance(settings, dict) else None
        return isinstance(share, int | float) and share > 0

    def to_json(self) -> str:
        """As the text of `judge.json`."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def digest(self, files: JudgeFiles) -> str:
        """SHA-256 of a judge: of this card, `judge.onnx`, and the weights if that has none."""
        outside = files.weights if files.weights is not None and files.is_kept_outside else b""
        return hashlib.sha256(self.to_json().encode() + files.network + outside).hexdigest()

    @classmethod
    def from_json(cls, text: str | bytes) -> JudgeCard:
        """From the text of `judge.json`.

        Raises:
            BundleError: saying what is missing or does not fit.
        """
        try:
            values = json.loads(text)
            version = values["format_version"]
            categories = values["categories"]
            raster = RasterSettings(**values["raster"])
            recipe, data, metrics = (dict(values[name]) for name in ("recipe", "data", "metrics"))
            licence, attribution = (str(values[name]) for name in ("licence", "attribution"))
        except (ValueError, KeyError, TypeError, SketchPix2SeqError) as error:
            raise BundleError(f"`{JUDGE_CARD_FILE}` cannot be read", got=repr(error)) from error
        if version != FORMAT_VERSION:
            raise BundleError(
                f"the judge must be of format version {FORMAT_VERSION}",
                got=version,
                do="Export it again, or use the release of sketch-pix2seq that made it.",
            )
        if not isinstance(categories, list) or not all(isinstance(c, str) for c in categories):
            raise BundleError(f"`{JUDGE_CARD_FILE}`: `categories` must be a list of names")
        if len(categories) < 2:
            raise BundleError(f"`{JUDGE_CARD_FILE}`: `categories` must name at least two")
        return cls(
            categories=tuple(categories),
            raster=raster,
            recipe=recipe,
            data=data,
            metrics=metrics,
            licence=licence,
            attribution=attribution,
        )


class Look(NamedTuple):
    """What a judge sees in drawings.

    Args:
        logits: (N, K), of the categories.
        features: (N, F), what it sees before it decides; for distances of distributions.
    """

    logits: Float32[np.ndarray, "N K"]
    features: Float32[np.ndarray, "N F"]


class Judge:
    """Says what sketches show.

    Make one with `Judge.load`. Calls may be made from several threads.

    Args:
        files: What its files hold.
        num_threads: Threads of one look; None: as many as there are processors.

    Raises:
        BundleError: If the card cannot be read, or the network is not what it says.
    """

    def __init__(self, files: JudgeFiles, *, num_threads: int | None = None) -> None:
        self.card = card = JudgeCard.from_json(files.card)
        self.digest = card.digest(files)
        "See `JudgeCard.digest`."
        self._session = judge_session(
            files.network,
            files.weights,
            card.raster.size,
            len(card.categories),
            num_threads or num_processors(),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Judge:
        """Load a judge.

        Args:
            path: A folder or zip file that `sketch-pix2seq export` made of a judge's run, or a
                model's bundle with a judge in it.

        Raises:
            BundleError: If there is none, or it is not whole.
        """
        return cls(read_judge(checked_path("judge", path)))

    def probabilities(self, inputs: Input | Sequence[Input]) -> Float32[np.ndarray, "N K"]:
        """Look at drawings.

        Args:
            inputs: One or several: paths, `Sketch`es or Pillow pictures.

        Returns:
            (N, K), for each drawing how likely each category is; rows sum to 1.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If the judge cannot be run.
        """
        logits = self.look(inputs).logits
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Float32[np.ndarray, "N K"] = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def categories(self, inputs: Input | Sequence[Input]) -> list[str]:
        """Say what drawings show.

        Args:
            inputs: As for `probabilities`.

        Returns:
            The likeliest category of each.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If the judge cannot be run.
        """
        said = self.look(inputs).logits.argmax(axis=1)
        return [self.card.categories[place] for place in said]

    def look(self, inputs: Input | Sequence[Input]) -> Look:
        """Look at drawings and tell all that is seen.

        Args:
            inputs: As for `probabilities`.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If the judge cannot be run.
        """
        sketches = as_sketches(as_list(inputs)[0])
        looks = [
            self.look_at(rasterise_batch(sketches[first : first + READ_AT_ONCE], self.card.raster))
            for first in range(0, max(len(sketches), 1), READ_AT_ONCE)
        ]
        return Look(*(np.concatenate(parts) for parts in zip(*looks, strict=True)))

    def look_at(self, pictures: Float32[np.ndarray, "N 1 H W"]) -> Look:
        """Look at pictures that are drawn already, as the judge's card says.

        Args:
            pictures: 1 = ink, 0 = paper.

        Raises:
            BundleError: If the judge cannot be run.
        """
        sizes = [output.shape[1] for output in self._session.get_outputs()]
        found = [[np.zeros((0, size), np.float32) for size in sizes]]
        for first in range(0, len(pictures), LOOKED_AT_ONCE):
            some = pictures[first : first + LOOKED_AT_ONCE]
            try:
                found.append(self._session.run(["logits", "features"], {"picture": some}))
            except Exception as error:  # its errors have no common ancestor but this one
                raise not_usable(JUDGE_FILE, error) from error
        logits, features = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if not np.isfinite(logits).all():
            raise BundleError(f"`{JUDGE_FILE}` gives numbers that are not finite")
        return Look(logits, features)
