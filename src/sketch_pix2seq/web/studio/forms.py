"""What the studio's API takes and gives, as it is checked and described in its OpenAPI.

A drawing is written in Quick, Draw!'s layout: for each stroke its x and its y, y down.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.arguments import MAX_SEED
from sketch_pix2seq.sketch.normalise import QUICKDRAW_SIDE
from sketch_pix2seq.sketch.sketch import Sketch

MAX_DRAWN = 400
"""Drawings of one request, those included of which others are better."""
MAX_POINTS = 5_000
MAX_DRAWINGS = 12
MAX_LETTERS = 80
MAX_STEPS = 51
MAX_TRIES = 32
_FAR = 1e5

Coordinate = Annotated[float, Field(ge=-_FAR, le=_FAR, allow_inf_nan=False)]
# the first error is enough: a list of a million wrong numbers is one error, not a million
Axis = Annotated[list[Coordinate], Field(min_length=1, max_length=MAX_POINTS, fail_fast=True)]
Stroke = Annotated[list[Axis], Field(min_length=2, max_length=2, fail_fast=True)]
Strokes: TypeAlias = list[list[list[float]]]
"""A drawing that was checked, or is sent: [[x...], [y...]] for each stroke."""


def checked(drawing: Strokes) -> Strokes:
    """Refuse a stroke that has not as many x as y, and too many points (ValueError)."""
    for number, (x, y) in enumerate(drawing):
        if len(x) != len(y):
            raise ValueError(f"stroke {number} must be [[x, ...], [y, ...]] of equal length")
    if sum(len(stroke[0]) for stroke in drawing) > MAX_POINTS:
        raise ValueError(f"a drawing must have at most {MAX_POINTS} points")
    return drawing


Drawing = Annotated[
    list[Stroke],
    Field(
        min_length=1,
        max_length=MAX_POINTS,
        fail_fast=True,
        description="For each stroke [[x, ...], [y, ...]], y down.",
        examples=[[[[0, 120, 240], [200, 0, 200]]]],
    ),
    AfterValidator(checked),
]


def sketch_of_strokes(drawing: Strokes) -> Sketch:
    """Make a sketch of strokes in Quick, Draw!'s layout."""
    return Sketch.from_points([np.array(stroke, np.float32).T for stroke in drawing])


def strokes_of(sketch: Sketch) -> Strokes:
    """Write a sketch in Quick, Draw!'s layout, where it lies."""
    return [stroke.astype(np.float64).round(1).T.tolist() for stroke in sketch.strokes]


def strokes_in_middle(sketch: Sketch, *, fit: bool = False) -> Strokes:
    """Write a sketch in Quick, Draw!'s layout, in the middle of a square of 255, or filling it."""
    if sketch.bounds is None:
        return []
    low, high = np.split(np.array(sketch.bounds), 2)
    scale = QUICKDRAW_SIDE / max(*(high - low), 1e-6) if fit else 1.0
    middle = (low + high) / 2
    moved = [(stroke - middle) * scale + QUICKDRAW_SIDE / 2 for stroke in sketch.strokes]
    return [stroke.round(1).T.tolist() for stroke in moved]


def check_tries(wanted: int, best_of: int) -> None:
    """Refuse more than `MAX_DRAWN` drawings, candidates included, with a UsageError."""
    if wanted * best_of > MAX_DRAWN:
        raise UsageError(
            f"at most {MAX_DRAWN} drawings can be made at once",
            got=f"{wanted} times `best_of` {best_of}",
            do=f"Of {wanted} drawings `best_of` may be {MAX_DRAWN // wanted}.",
        )


Tries = Annotated[
    int,
    Field(ge=1, le=MAX_TRIES, description="Draw so many for each one wanted, and keep the best."),
]


class _Form(BaseModel):
    """A request; fields that do not exist, and other types, are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SamplingParams(_Form):
    """How something is drawn."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature; left out: the model's own."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Another seed, other drawings.")


class SeveralParams(SamplingParams):
    """How several drawings are drawn."""

    n: int = Field(6, ge=1, le=MAX_DRAWINGS, description="How many drawings.")


class RedrawForm(SeveralParams):
    """A drawing to be drawn again."""

    drawing: Drawing
    fidelity: float | None = Field(
        None, ge=0, le=1, description="0: its own way, 1: keep to the drawing; left out: the most."
    )
    best_of: Tries = 1


class CompleteForm(SeveralParams):
    """A drawing to be completed."""

    drawing: Drawing
    category: str | None = Field(
        None, max_length=MAX_LETTERS, description="What it is to become; left out: anything."
    )
    best_of: Tries = 1


class GenerateForm(SeveralParams):
    """A thing to be drawn by its name."""

    category: str = Field(max_length=MAX_LETTERS, description="One of the model's categories.")
    best_of: Tries = 1


class ClassifyForm(_Form):
    """A drawing to be classified."""

    drawing: Drawing


class MixForm(SamplingParams):
    """Two drawings to be mixed."""

    first: Drawing
    second: Drawing
    steps: int = Field(11, ge=2, le=MAX_STEPS, description="Drawings, both ends included.")
    spherical: bool = Field(False, description="Along great circles instead of straight lines.")
    best_of: Tries = 1


class PointForm(SamplingParams):
    """A point of the map."""

    x: float = Field(ge=-1, le=2, description="0: left, 1: right.")
    y: float = Field(ge=-1, le=2, description="0: top, 1: bottom.")
    n: int = Field(1, ge=1, le=MAX_DRAWINGS, description="How many drawings.")


class DrawingsAnswer(BaseModel):
    """What the model drew."""

    ok: Literal[True] = True
    drawings: list[Strokes]


class TraceAnswer(BaseModel):
    """The strokes in a file."""

    ok: Literal[True] = True
    drawing: Strokes = Field(description="In the middle of a square of 255.")
    left_out: str | None = Field(description="What of the file is no stroke of it.")


class Guess(BaseModel):
    """What a drawing may show."""

    category: str
    probability: float


class ClassifyAnswer(BaseModel):
    """The most likely categories of a drawing, in order; empty if the model cannot classify."""

    ok: Literal[True] = True
    guesses: list[Guess]


class GalleryPoint(BaseModel):
    """A drawing on the map."""

    category: str
    x: float
    y: float
    drawing: Strokes


class MapAnswer(BaseModel):
    """The map; without drawings if the model comes without one."""

    ok: Literal[True] = True
    categories: list[str]
    drawings: list[GalleryPoint]


class ModelAnswer(BaseModel):
    """What the studio's model is."""

    ok: Literal[True] = True
    name: str
    categories: list[str]
    temperature: float
    can_complete: bool = Field(description="Whether it completes started drawings.")
    can_generate: bool = Field(description="Whether it draws by name.")
    can_classify: bool = Field(description="Whether it classifies drawings.")
    attends_to_picture: bool = Field(description="Whether `fidelity` may be above 0.")
    maps: bool = Field(description="Whether it has a map.")
    licence: str
    attribution: str
