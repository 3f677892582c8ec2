"""The gallery of a bundle: human test drawings, each with its place on a map of the latent space.

    {"word": "cat", "drawing": [[x...], [y...]]..., "place": [0.31, 0.8]}

A line for each, in Quick, Draw!'s simplified layout. Places were found by evaluation; codes are not
kept, as the encoder makes them again in an instant. Knows drawings and places, and no model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.errors import BundleError, DrawingError
from sketch_pix2seq.inference.bundle import GALLERY_FILE
from sketch_pix2seq.sketch.ndjson import format_record, parse_record
from sketch_pix2seq.sketch.sketch import Sketch

MOST_DRAWINGS = 20_000
NEIGHBOURS = 4
"""Drawings that a point between them is mixed of."""


class Hung(NamedTuple):
    """A drawing of the gallery.

    Args:
        sketch: With its category.
        place: (x, y), each from 0 to 1.
    """

    sketch: Sketch
    place: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Drawings on a map.

    Args:
        hung: At least one.
    """

    hung: tuple[Hung, ...]

    @property
    def categories(self) -> list[str]:
        """What is shown, by name."""
        return sorted({one.sketch.category or "" for one in self.hung})

    @property
    def places(self) -> Float64[np.ndarray, "N 2"]:
        """Where each drawing hangs."""
        return np.array([one.place for one in self.hung])

    @classmethod
    def from_bytes(cls, data: bytes) -> Gallery:
        """Read the gallery from a bundle's file.

        Raises:
            BundleError: If a line is no drawing with a place.
        """
        lines = data.splitlines()
        if not 0 < len(lines) <= MOST_DRAWINGS:
            raise BundleError(
                f"`{GALLERY_FILE}` of the bundle must hold 1 to {MOST_DRAWINGS} drawings",
                got=len(lines),
            )
        return cls(tuple(_hung(line, number) for number, line in enumerate(lines, start=1)))

    def to_bytes(self) -> bytes:
        """Write the gallery."""
        return b"".join(
            format_record(one.sketch, word=one.sketch.category, place=list(one.place)) + b"\n"
            for one in self.hung
        )

    def latent_at(
        self, place: tuple[float, float], latents: Float32[np.ndarray, "N Z"]
    ) -> Float32[np.ndarray, "Z"]:
        """Say what code lies at a point of the map.

        Args:
            place: (x, y).
            latents: The code of each drawing.

        Returns:
            That of the drawing that hangs there; between drawings a mean of the nearest four,
            each weighted by one over its squared distance.

        Example:
            >>> dot = Sketch.from_points([[(0, 0)]])
            >>> pair = Gallery((Hung(dot, (0.0, 0.0)), Hung(dot, (1.0, 0.0))))
            >>> pair.latent_at((0.5, 0.0), np.array([[0.0], [4.0]], np.float32)).tolist()
            [2.0]
        """
        squares = ((self.places - np.array(place)) ** 2).sum(axis=1)
        near = np.argsort(squares, kind="stable")[:NEIGHBOURS]
        weights = 1 / np.maximum(squares[near], 1e-12)
        mixed: Float32[np.ndarray, "Z"] = (weights @ latents[near] / weights.sum()).astype(
            np.float32
        )
        return mixed


def _hung(line: bytes, number: int) -> Hung:
    try:
        record = parse_record(line)
        x, y = json.loads(line)["place"]
        if not record.strokes or not all(type(side) in (int, float) for side in (x, y)):
            raise ValueError("no stroke, or no place")
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError("a place must lie between 0 and 1")
        place = float(x), float(y)
    except (DrawingError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"line {number} of `{GALLERY_FILE}` of the bundle must be a drawing with a place",
            got=error,
            do="Export the run again.",
        ) from error
    return Hung(Sketch(record.strokes, record.word), place)
