"""How much of an SVG is read: upper limits of a whole document, whatever is in it."""

from __future__ import annotations

from sketch_pix2seq.errors import DrawingError

MAX_DEPTH = 64
"""How many elements are inside each other."""
MAX_SAMPLES = 6_000_000
"""How many points lines have, those of sampled curves included."""

_MAX_ELEMENTS = 100_000  # elements that draw, each time that they do
_MAX_ATTRIBUTE_LETTERS = 48_000_000  # letters; twice the largest file, as `use` repeats elements
_MAX_NUMBERS = 3_000_000  # numbers and command letters of path data
_MAX_MARKERS = 10_000  # markers that are drawn
_MAX_CLIP_WORK = 100_000_000  # comparisons of a point with an edge of a clip
_SHAPE_POINTS = 40  # points: cutting a shape takes as long as cutting so many more of them
_PIECE_WORK = 3_000  # comparisons that take as long as a piece more that a line is cut into


class LimitError(DrawingError):
    """A whole document is too large."""


class WalkLimits:
    """What is left of the limits during one walk; its methods raise a `LimitError` at the end."""

    def __init__(self) -> None:
        self._elements_left = _MAX_ELEMENTS
        self._letters_left = _MAX_ATTRIBUTE_LETTERS
        self._numbers_left = _MAX_NUMBERS
        self._samples_left = MAX_SAMPLES
        self._markers_left = _MAX_MARKERS
        self._clip_work_left = _MAX_CLIP_WORK

    def visit(self, num_letters: int) -> None:
        """Count an element whose attributes have so many letters."""
        self._elements_left -= 1
        self._letters_left -= num_letters
        if self._elements_left < 0 or self._letters_left < 0:
            raise LimitError(f"an SVG must draw at most {_MAX_ELEMENTS} elements", got="more")

    def read_numbers(self, count: int) -> None:
        """Count numbers and letters of path data."""
        self._numbers_left -= count
        if self._numbers_left < 0:
            rule = f"an SVG must have at most {_MAX_NUMBERS} numbers of path data"
            raise LimitError(rule, got="more")

    def draw(self, num_points: int, clip_cost: int) -> None:
        """Count the points of a shape; each is compared with `clip_cost` edges of clips."""
        self._clip_work_left -= (num_points + _SHAPE_POINTS) * clip_cost
        self._check_clips()
        self._samples_left -= num_points
        if self._samples_left < 0:
            raise LimitError("an SVG must have fewer curves", got=f"over {MAX_SAMPLES} samples")

    def cut_off(self, num_pieces: int) -> None:
        """Count pieces that a shape has more than before it was cut."""
        self._clip_work_left -= _PIECE_WORK * max(0, num_pieces)
        self._check_clips()

    def takes_marker(self) -> bool:
        """Count a marker; those beyond the limit are not drawn."""
        self._markers_left -= 1
        return self._markers_left >= 0

    def _check_clips(self) -> None:
        if self._clip_work_left < 0:
            raise LimitError("an SVG must have simpler clip paths", got="too many points in them")
