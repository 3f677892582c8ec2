"""The bundle: a trained model as users exchange it, a folder or that folder zipped.

    model.json           what the model is (see `BundleCard`)
    encoder.onnx         picture, or strokes -> mean, log variance
    decoder.onnx         one step of drawing, sampling included
    weights.safetensors  the weights: for both graphs, for drawing without ONNX Runtime and for
                         training on
    completion.safetensors  what completes a started drawing (see `Completion`); may be missing
    naming.safetensors   what names drawings by their codes (see `Naming`); may be missing
    judge.json, judge.onnx, judge.safetensors  what names drawings by their pictures (see
                         `Judge`); may be missing
    gallery.ndjson       human drawings, their places on a map (see `Gallery`); may be missing
    README.md            model card

This module owns the format. It reads without running anything: JSON and ONNX, no
pickle. It does not know how a bundle is made.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from sketch_pix2seq.errors import BundleError, SketchPix2SeqError, UsageError
from sketch_pix2seq.inference.arguments import checked_temperature
from sketch_pix2seq.sketch.raster import RasterSettings

FORMAT_VERSION = 1
MODEL_FILE = "model.json"
ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"
WEIGHTS_FILE = "weights.safetensors"
COMPLETION_FILE = "completion.safetensors"
NAMING_FILE = "naming.safetensors"
GALLERY_FILE = "gallery.ndjson"
JUDGE_CARD_FILE = "judge.json"
JUDGE_FILE = "judge.onnx"
JUDGE_WEIGHTS_FILE = "judge.safetensors"
CARD_FILE = "README.md"
MAX_FILE_BYTES = 1 << 30
PICTURE, STROKES = "picture", "strokes"


@dataclass(frozen=True, kw_only=True)
class BundleCard:
    """What `model.json` says."""

    format_version: int = FORMAT_VERSION
    "Version of the bundle's format."
    name: str
    "Name of the recipe that made the model."
    categories: tuple[str, ...]
    "What it was trained on, in the order of the data set."
    latent_dim: int
    "Length of the latent code."
    state_dim: int
    "Length of the decoder's state."
    noise_dim: int
    "Length of the decoder's noise: standard Gumbel, but the last two standard normal."
    offset_scale: float
    "Pixels (longest side of a drawing = 255) to one unit of the decoder's offsets."
    max_steps: int
    "Steps after which a drawing that has not ended is ended."
    temperature: float
    "Temperature that suits the model, used where none is given."
    encoder_input: str = PICTURE
    "What the encoder looks at: `picture`, or `strokes` as stroke-5 rows padded with end rows."
    raster: RasterSettings
    "How drawings become the encoder's pictures."
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
    def front(self) -> list[str]:
        """Categories that stood in front in training, as the recipe says; none: no one did."""
        named = str(self.recipe.get("focus", "")).split(",")
        return [name.strip() for name in named if name.strip()]

    @property
    def rewarded_by(self) -> list[str]:
        """Digests of the judges that rewarded its drawings in training; see `JudgeCard.digest`."""
        named = self.metrics.get("rewarded_by")
        return [str(digest) for digest in named] if isinstance(named, list) else []

    def to_json(self) -> str:
        """As the text of `model.json`."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> BundleCard:
        """From the text of `model.json`.

        Raises:
            BundleError: saying what is missing or does not fit.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise BundleError(f"`{MODEL_FILE}` is not JSON", got=error) from error
        if not isinstance(values, dict):
            raise BundleError(f"`{MODEL_FILE}` must hold an object", got=type(values).__name__)
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise BundleError(
                f"the bundle must be of format version {FORMAT_VERSION}",
                got=version,
                do="Export it again, or use the release of sketch-pix2seq that made it.",
            )
        known = {item.name for item in fields(cls)}
        try:
            raster = RasterSettings(**values.pop("raster"))
            categories = values.pop("categories")
            if not isinstance(categories, list) or not all(isinstance(c, str) for c in categories):
                raise BundleError(f"`{MODEL_FILE}`: `categories` must be a list of names")
            card = cls(
                raster=raster,
                categories=tuple(categories),
                **{name: value for name, value in values.items() if name in known},
            )
        except BundleError:
            raise
        except (KeyError, TypeError, SketchPix2SeqError) as error:
            raise BundleError(f"`{MODEL_FILE}` is not complete", got=error) from error
        card._check()
        return card

    def _check(self) -> None:
        problems = [
            f"`{name}` must be a positive whole number, got {value!r}"
            for name in ("latent_dim", "state_dim", "noise_dim", "max_steps")
            if type(value := getattr(self, name)) is not int or value <= 0
        ]
        problems += [
            f"`{name}` must be a text, got {value!r}"
            for name in ("name", "licence", "attribution")
            if not isinstance(value := getattr(self, name), str)
        ]
        problems += [
            f"`{name}` must be an object, got {value!r}"
            for name in ("recipe", "data", "metrics")
            if not isinstance(value := getattr(self, name), dict)
        ]
        if self.encoder_input not in (PICTURE, STROKES):
            problems.append(
                f"`encoder_input` must be `{PICTURE}` or `{STROKES}`, got {self.encoder_input!r}"
            )
        scale: object = self.offset_scale
        if not (isinstance(scale, int | float) and math.isfinite(scale) and scale >= 0):
            problems.append(f"`offset_scale` must be a number, not negative, got {scale!r}")
        try:
            checked_temperature(self.temperature)
        except UsageError as error:
            problems.append(str(error))
        if not self.categories:
            problems.append("`categories` must name at least one")
        if problems:
            raise BundleError(f"`{MODEL_FILE}`: " + "; ".join(problems))


class JudgeFiles(NamedTuple):
    """A judge as read from disk, in a folder of its own or in a model's bundle.

    Args:
        card: What it is.
        network: What it looks with.
        weights: Its weights; they may be missing where the network holds them, but it cannot
            learn on, or reward, without.
    """

    card: bytes
    network: bytes
    weights: bytes | None = None

    @property
    def is_kept_outside(self) -> bool:
        """Whether the network does not hold the weights itself."""
        return f"{JUDGE_WEIGHTS_FILE}:".encode() in self.network


@dataclass(frozen=True)
class Bundle:
    """A model as read from disk.

    Example:
        >>> Bundle.default().card.raster.size
        48
    """

    card: BundleCard
    encoder: bytes
    decoder: bytes
    weights: bytes | None = None
    "All weights; they may be missing where the graphs hold them."
    completion: bytes | None = None
    "What completes started drawings; it may be missing."
    naming: bytes | None = None
    "What names drawings; it may be missing."
    gallery: bytes | None = None
    "Human drawings and their places on a map; it may be missing."
    judge: JudgeFiles | None = None
    "What names drawings by their pictures; it may be missing."

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Read a bundle, a folder or a zip file.

        Raises:
            BundleError: if it is not there, lacks a file or is of another version.
        """
        needed = (MODEL_FILE, ENCODER_FILE, DECODER_FILE)
        of_judge = (JUDGE_CARD_FILE, JUDGE_FILE)
        others = (WEIGHTS_FILE, COMPLETION_FILE, NAMING_FILE, GALLERY_FILE)
        more = (*others, *of_judge, JUDGE_WEIGHTS_FILE)
        files = read_files(path, needed, more)
        lacking = [name for name in of_judge if name not in files]
        if len(lacking) == 1:
            raise _incomplete(path, lacking)
        return cls(
            BundleCard.from_json(files[MODEL_FILE]),
            files[ENCODER_FILE],
            files[DECODER_FILE],
            files.get(WEIGHTS_FILE),
            files.get(COMPLETION_FILE),
            files.get(NAMING_FILE),
            files.get(GALLERY_FILE),
            None if lacking else _judge_of(path, files),
        )

    @classmethod
    def default(cls) -> Bundle:
        """The model that comes with the package."""
        place = resources.files("sketch_pix2seq").joinpath("bundles", "default")
        with resources.as_file(place) as folder:
            return cls.open(folder)


def read_judge(path: Path) -> JudgeFiles:
    """Read an exported judge, or the one that a model's bundle holds.

    Raises:
        BundleError: If there is none.
    """
    more = (MODEL_FILE, WEIGHTS_FILE, JUDGE_WEIGHTS_FILE)
    return _judge_of(path, read_files(path, (JUDGE_CARD_FILE, JUDGE_FILE), more))


def _judge_of(path: Path, files: dict[str, bytes]) -> JudgeFiles:
    weights = files.get(JUDGE_WEIGHTS_FILE)
    if weights is None and MODEL_FILE not in files:
        weights = files.get(WEIGHTS_FILE)  # as judges were exported before
    judge = JudgeFiles(files[JUDGE_CARD_FILE], files[JUDGE_FILE], weights)
    if judge.is_kept_outside and weights is None:
        raise _incomplete(path, [JUDGE_WEIGHTS_FILE])
    return judge


def read_files(
    path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, bytes]:
    """Read files of a folder or of that folder zipped.

    Args:
        path: Of the bundle.
        needed: Names of files that must be there.
        optional: Names of files that may be there.

    Returns:
        Their contents by name.

    Raises:
        BundleError: If there is no such bundle, or it lacks a file.
    """
    if not path.exists():
        raise BundleError(f"there is no bundle `{path}`")
    read = _read_zip if path.is_file() else _read_folder
    return read(path, needed, optional)


def _read_folder(
    folder: Path, needed: tuple[str, ...], optional: tuple[str, ...]
) -> dict[str, bytes]:
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise _incomplete(folder, missing)
    try:
        return {
            name: (folder / name).read_bytes()
            for name in (*needed, *optional)
            if (folder / name).is_file()
        }
    except OSError as error:
        raise BundleError(f"bundle `{folder}` cannot be read", got=error) from error


def _read_zip(path: Path, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = {Path(info.filename).name: info for info in archive.infolist()}
            missing = [name for name in needed if name not in found]
            if missing:
                raise _incomplete(path, missing)
            wanted = [name for name in (*needed, *optional) if name in found]
            for name in wanted:
                if found[name].file_size > MAX_FILE_BYTES:
                    raise BundleError(f"`{name}` in `{path}` is larger than 1 GiB unpacked")
            return {name: archive.read(found[name]) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise BundleError(f"bundle `{path}` must be a folder or a zip file", got=error) from error


def _incomplete(path: Path, missing: list[str]) -> BundleError:
    return BundleError(f"bundle `{path}` lacks {' and '.join(missing)}")
