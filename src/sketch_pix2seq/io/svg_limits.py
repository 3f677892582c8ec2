"""How much of an SVG is read: upper limits of a whole document, whatever is in it."""

from __future__ import annotations

from sketch_pix2seq.errors import DrawingError

MAX_DEPTH = 64
"""Elements inside each other."""
MAX_SAMPLES = 6_000_000
"""Points of lines and of sampled curves."""

_MAX_ELEMENTS = 100_000  # that draw
_MAX_VISITED_BYTES = 48_000_000  # twice the largest file: `use` may visit the same bytes again
_MAX_NUMBERS = 3_000_000  # and letters of path data
_MAX_MARKERS = 10_000
_MAX_CLIP_WORK = 100_000_000  # points times edges of what cuts them
_CLIPPED_COST = 40  # points that take as long as a shape to be cut
_PIECE_COST = 3_000  # points and edges that take as long as a piece more that is cut off


class LimitError(DrawingError):
    """A whole document is too large."""


class WalkLimits:
    """What is left of the limits during one walk; its methods raise a `LimitError` at the end."""

    def __init__(self) -> None:
        self._elements_left = _MAX_ELEMENTS
        self._bytes_left = _MAX_VISITED_BYTES
        self._numbers_left = _MAX_NUMBERS
        self._samples_left = MAX_SAMPLES
        self._markers_left = _MAX_MARKERS
        self._clip_work_left = _MAX_CLIP_WORK

    def visit(self, num_bytes: int) -> None:
        """Count an element whose attributes have so many bytes."""
        self._elements_left -= 1
        self._bytes_left -= num_bytes
        if self._elements_left < 0 or self._bytes_left < 0:
            raise LimitError(f"an SVG must draw at most {_MAX_ELEMENTS} elements", got="more")

    def read_numbers(self, count: int) -> None:
        """Count numbers and letters of path data."""
        self._numbers_left -= count
        if self._numbers_left < 0:
            rule = f"an SVG must have at most {_MAX_NUMBERS} numbers of path data"
            raise LimitError(rule, got="more")

    def draw(self, num_points: int, clip_cost: int) -> None:
        """Count the points of a shape, each of which is cut at a cost."""
        self._clip_work_left -= (num_points + _CLIPPED_COST) * clip_cost
        self._check_clips()
        self._samples_left -= num_points
        if self._samples_left < 0:
            raise LimitError("an SVG must have fewer curves", got=f"over {MAX_SAMPLES} samples")

    def cut_off(self, num_pieces: int) -> None:
        """Count pieces that a shape has more than before it was cut."""
        self._clip_work_left -= _PIECE_COST * max(0, num_pieces)
        self._check_clips()

    def takes_marker(self) -> bool:
        """Count a marker; those beyond the limit are not drawn."""
        self._markers_left -= 1
        return self._markers_left >= 0

    def _check_clips(self) -> None:
        if self._clip_work_left < 0:
            raise LimitError("an SVG must have simpler clip paths", got="too many points in them")
