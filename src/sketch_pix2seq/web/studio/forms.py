"""What the studio's API takes and gives, as it is checked and described in its OpenAPI.

A drawing is written in Quick, Draw!'s layout: for each stroke its x and its y, y down.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sketch_pix2seq.inference.arguments import MAX_SEED

MOST_STROKES = 500
MOST_POINTS = 5_000
MOST_DRAWINGS = 12
MOST_STEPS = 51
MOST_SAVED = 51
_FAR = 1e5

Coordinate = Annotated[float, Field(ge=-_FAR, le=_FAR, allow_inf_nan=False)]
Drawing = Annotated[
    list[list[list[Coordinate]]],
    Field(
        min_length=1,
        max_length=MOST_STROKES,
        description="For each stroke [[x, ...], [y, ...]], y down.",
        examples=[[[[0, 120, 240], [200, 0, 200]]]],
    ),
]


def checked(drawing: list[list[list[float]]]) -> list[list[list[float]]]:
    """Refuse what is no drawing.

    Raises:
        ValueError: If a stroke has not as many x as y, or there are too many points.
    """
    for number, stroke in enumerate(drawing):
        if len(stroke) != 2 or not stroke[0] or len(stroke[0]) != len(stroke[1]):
            raise ValueError(f"stroke {number} must be [[x, ...], [y, ...]] of equal length")
    if sum(len(stroke[0]) for stroke in drawing) > MOST_POINTS:
        raise ValueError(f"a drawing must have at most {MOST_POINTS} points")
    return drawing


class _Form(BaseModel):
    """A request; fields that do not exist are refused."""

    model_config = ConfigDict(extra="forbid")


class _Freedom(_Form):
    """How something is drawn."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="How freely to draw; left out: what suits the model."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Another seed, other drawings.")


class RedrawForm(_Freedom):
    """A drawing to be drawn again, or to be finished."""

    drawing: Drawing
    n: int = Field(6, ge=1, le=MOST_DRAWINGS, description="How many drawings.")

    _drawing = field_validator("drawing")(checked)


class MixForm(_Freedom):
    """Two drawings to be mixed."""

    first: Drawing
    second: Drawing
    steps: int = Field(11, ge=2, le=MOST_STEPS, description="Drawings, both ends included.")
    spherical: bool = Field(False, description="Along great circles instead of straight lines.")

    _drawings = field_validator("first", "second")(checked)


class PlaceForm(_Freedom):
    """A point of the map."""

    x: float = Field(ge=-1, le=2, description="0: left, 1: right.")
    y: float = Field(ge=-1, le=2, description="0: top, 1: bottom.")
    n: int = Field(1, ge=1, le=MOST_DRAWINGS, description="How many drawings.")


class SaveForm(_Form):
    """Drawings to be put into a file."""

    drawings: list[Drawing] = Field(min_length=1, max_length=MOST_SAVED)
    format: Literal["svg", "png", "gif"] = "svg"
    smooth: bool = Field(False, description="Curves through the points; corners stay.")
    columns: int = Field(0, ge=0, le=MOST_SAVED, description="Of a sheet; 0: one row.")

    @field_validator("drawings")
    @classmethod
    def _checked(cls, drawings: list[list[list[list[float]]]]) -> list[list[list[list[float]]]]:
        return [checked(drawing) for drawing in drawings]


class ReadAnswer(BaseModel):
    """What was seen in a file."""

    ok: Literal[True] = True
    drawing: list[list[list[float]]] = Field(description="In the middle of a square of 255.")


class Guess(BaseModel):
    """What a drawing may show."""

    category: str
    probability: float


class NameAnswer(BaseModel):
    """What a drawing may show, the likeliest first; empty if the model comes without a judge."""

    ok: Literal[True] = True
    guesses: list[Guess]


class Hanging(BaseModel):
    """A drawing on the map."""

    category: str
    x: float
    y: float
    drawing: list[list[list[float]]]


class MapAnswer(BaseModel):
    """The map; without drawings if the model comes without one."""

    ok: Literal[True] = True
    categories: list[str]
    drawings: list[Hanging]


class ModelAnswer(BaseModel):
    """What the studio's model is."""

    ok: Literal[True] = True
    name: str
    categories: list[str]
    temperature: float
    completes: bool = Field(description="Whether it finishes started drawings.")
    judges: bool = Field(description="Whether it names drawings.")
    maps: bool = Field(description="Whether it has a map.")
    licence: str
    attribution: str
