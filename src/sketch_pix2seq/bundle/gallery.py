"""The gallery of a bundle: human test drawings, each with its position on a map of latent codes.

    {"word": "cat", "drawing": [[x...], [y...]]..., "place": [0.31, 0.8]}

A line for each, in Quick, Draw!'s simplified layout. Evaluation computes the positions; codes are
not stored, as the encoder recomputes them in an instant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.bundle.checks import MAX_NAME
from sketch_pix2seq.errors import BundleError, DrawingError
from sketch_pix2seq.io.ndjson import format_record, parse_sketch
from sketch_pix2seq.sketch.sketch import Sketch

GALLERY_FILE = "gallery.ndjson"
MAX_ITEMS = 20_000
NEIGHBOURS = 4
"""Drawings of which a point between them is a mean."""


class GalleryItem(NamedTuple):
    """A drawing of the gallery.

    Args:
        sketch: The drawing, with its category.
        place: (x, y), each from 0 to 1.
    """

    sketch: Sketch
    place: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Drawings on a map, one or more."""

    items: tuple[GalleryItem, ...]

    @property
    def categories(self) -> list[str]:
        """Categories of the drawings, sorted."""
        return sorted({item.sketch.category or "" for item in self.items})

    @property
    def places(self) -> Float64[np.ndarray, "N 2"]:
        """Position of each drawing."""
        return np.array([item.place for item in self.items])

    @classmethod
    def from_bytes(cls, data: bytes) -> Gallery:
        """Read the gallery from a bundle's file.

        Raises:
            BundleError: If a line is no drawing with a place.
        """
        lines = data.splitlines()
        if not 0 < len(lines) <= MAX_ITEMS:
            raise BundleError(
                f"`{GALLERY_FILE}` of the bundle must hold 1 to {MAX_ITEMS:,} drawings",
                got=len(lines),
            )
        return cls(tuple(_item(line, number) for number, line in enumerate(lines, start=1)))

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        return b"".join(
            format_record(item.sketch, word=item.sketch.category, place=list(item.place)) + b"\n"
            for item in self.items
        )

    def latent_at(
        self, place: tuple[float, float], latents: Float32[np.ndarray, "N Z"]
    ) -> Float32[np.ndarray, "Z"]:
        """Return the code at a point of the map.

        Args:
            place: (x, y).
            latents: The code of each drawing.

        Returns:
            The code of the drawing at that place; between drawings a mean of the nearest four,
            each weighted by one over its squared distance.

        Example:
            >>> dot = Sketch.from_points([[(0, 0)]])
            >>> pair = Gallery((GalleryItem(dot, (0.0, 0.0)), GalleryItem(dot, (1.0, 0.0))))
            >>> pair.latent_at((0.5, 0.0), np.array([[0.0], [4.0]], np.float32)).tolist()
            [2.0]
        """
        squares = ((self.places - np.array(place)) ** 2).sum(axis=1)
        near = np.argsort(squares, kind="stable")[:NEIGHBOURS]
        weights = 1 / np.maximum(squares[near], 1e-12)
        return np.asarray((weights @ latents[near] / weights.sum()).astype(np.float32))


def _item(line: bytes, number: int) -> GalleryItem:
    try:
        sketch = parse_sketch(line)
        x, y = json.loads(line)["place"]
        if not sketch.strokes or not all(type(side) in (int, float) for side in (x, y)):
            raise ValueError("no stroke, or no place")
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError("a place must lie between 0 and 1")
        word = sketch.category or ""
        if not word.isprintable() or len(word) > MAX_NAME:
            raise ValueError(f"a word must have at most {MAX_NAME} printable letters")
        place = float(x), float(y)
    except (DrawingError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(
            f"line {number} of `{GALLERY_FILE}` of the bundle must be a drawing with a place",
            got=ascii(str(error)[:100])[1:-1],
            do="Export the run again.",
        ) from error
    return GalleryItem(sketch, place)
