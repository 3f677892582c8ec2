"""Guidance by the ink: of the steps a decoder may draw next, prefer those that keep to the picture.

A decoder proposes steps, each with a logit. If it sees a picture, each proposal gets a score too,
in nats, that is added to its logit. A line loses for every pixel off the ink, and gains for ink
that it is the first to cover. A move with the pen up gains where it arrives at remaining ink.
After the step, staying down is favoured where the ink continues. Lifting is favoured where the ink
ends, if the whole picture is visible: elsewhere it may continue in a hidden part. The drawing does
not end while ink remains. If no proposal reaches it, the pen moves to the remaining ink that is
nearest to the proposals.

*Convention*: pixels of the picture, as in `sketch.coverage`. Ink and paper are 0 where the picture
is hidden, so hidden parts score nothing. Outside of the picture all is paper.

Shape letters: R drawings, K proposals, H, W sides of the picture.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64

from sketch_pix2seq.sketch.coverage import RADIUS
from sketch_pix2seq.sketch.pen import PEN_DOWN, PEN_END, PEN_UP

OFF_INK = 0.7
"""Nats lost for each pixel of a line that is off the ink."""
NEW_INK = 0.4
"""Nats gained for each pixel of ink that a line is the first to cover."""
MAX_NEW_INK = 3.0
"""Pixels of new ink that count at most, so that a long line is not better for its length."""
ARRIVAL = 8.0
"""Nats gained by a move with the pen up that arrives at remaining ink."""
STAY_DOWN_BONUS = 4.0
"""Nats gained by a pen that stays down where the ink continues."""
LIFT_BONUS = 1.0
"""Nats gained by a pen that is lifted where the ink ends."""
LINE_SAMPLES = 6
"""Points at which a line is compared with the picture."""
_BESIDE = 3  # side of the square about a pixel in which a drawn line counts as beside it
_ARRIVAL_SQUARE, _ARRIVAL_INK = 5, 3.0  # so much remaining ink about its end is enough to arrive
_AHEAD_SQUARE, _AHEAD_INK = 5, 1.5  # so much remaining ink about its end is enough to continue
_END_SQUARE, _END_INK = 4, 1.5  # with more remaining ink in any square the drawing does not end
_INKY = 0.3  # of the darkest pixel of ink: as dark must one be that the pen moves to
_REACH = 8.0  # pixels: spread of the distance between a proposal and remaining ink
_AROUND = np.arange(_AHEAD_SQUARE) - _AHEAD_SQUARE // 2


class InkMaps(NamedTuple):
    """What is known of R pictures under way.

    Args:
        paper: Where there is no ink for sure (see `paper_of`).
        remaining: Ink that no step has covered.
        drawn: 1 where a step has covered the picture.
    """

    paper: Float32[np.ndarray, "R H W"]
    remaining: Float32[np.ndarray, "R H W"]
    drawn: Float32[np.ndarray, "R H W"]


def paper_of(
    ink: Float32[np.ndarray, "R H W"], visible: Float32[np.ndarray, "R H W"]
) -> Float32[np.ndarray, "R H W"]:
    """How much each pixel is paper for sure: 0 beside ink, and where the picture is hidden.

    Args:
        ink: The picture.
        visible: 1 where it is visible.
    """
    paper: Float32[np.ndarray, "R H W"] = (1 - np.minimum(_max_filter_3x3(ink), 1)) * visible
    return paper


def choose(
    position: Float32[np.ndarray, "R 2"],
    ways: Float32[np.ndarray, "R K 2"],
    draws: Bool[np.ndarray, " R"],
    logits: Float32[np.ndarray, "R K"],
    pen_logits: Float32[np.ndarray, "R 3"],
    maps: InkMaps,
    all_visible: Bool[np.ndarray, " R"],
) -> tuple[Float32[np.ndarray, "R 2"], Int64[np.ndarray, " R"]]:
    """Choose a way and a pen state for each drawing: the likeliest, scores included.

    Args:
        position: Where the pens are.
        ways: Proposals: how far the pens move.
        draws: Whether the pen is down on the way.
        logits: Logits of the proposals, sampling noise included.
        pen_logits: Logits of the pen states, sampling noise included.
        maps: Paper and ink.
        all_visible: Whether the whole picture is visible.

    Returns:
        How far each pen moves; the pen state.
    """
    ends = position[:, None] + ways
    scores = step_scores(position, ends, draws, maps)
    best = (logits + scores).argmax(axis=1)
    count = np.arange(len(ends))
    way = ways[count, best]
    reaches = draws | (scores[count, best] > 0)
    for row in np.flatnonzero(~reaches & all_visible):
        if has_remaining_ink(maps.remaining[row, None], maps.drawn[row, None])[0]:
            ink = _ink_away_from_lines(maps.remaining[row, None], maps.drawn[row, None])[0]
            way[row] = _nearest_ink(ink, ends[row], logits[row]) - position[row]
            reaches[row] = True
    after = position + way
    ahead = ink_ahead(np.where(draws[:, None], position, after), after, maps.remaining)
    pen_logits = pen_logits.copy()
    pen_logits[:, PEN_DOWN] += np.float32(STAY_DOWN_BONUS) * ahead
    pen_logits[:, PEN_UP] += np.float32(LIFT_BONUS) * (1 - ahead) * all_visible
    ending = np.flatnonzero(reaches & (pen_logits.argmax(axis=1) == PEN_END))
    if len(ending):
        early = ending[has_remaining_ink(maps.remaining[ending], maps.drawn[ending])]
        pen_logits[early, PEN_END] = -np.inf
    return way, pen_logits.argmax(axis=1)


def _nearest_ink(
    ink: Float32[np.ndarray, "H W"],
    ends: Float32[np.ndarray, "K 2"],
    logits: Float32[np.ndarray, " K"],
) -> Float32[np.ndarray, "2"]:
    """The middle of the pixel of ink that is nearest to proposals, likely ones first."""
    down, across = np.nonzero(ink > np.float32(_INKY) * ink.max())
    pixels = np.stack((across, down), axis=1).astype(np.float32) + np.float32(0.5)
    far = ((pixels[:, None] - ends) ** 2).sum(axis=2) / np.float32(2 * _REACH * _REACH)
    nearest: Float32[np.ndarray, "2"] = pixels[(logits - far).max(axis=1).argmax()]
    return nearest


def step_scores(
    position: Float32[np.ndarray, "R 2"],
    ends: Float32[np.ndarray, "R K 2"],
    draws: Bool[np.ndarray, " R"],
    maps: InkMaps,
) -> Float32[np.ndarray, "R K"]:
    """Score where the pen may go next.

    Args: As of `choose`.
    """
    scores = np.zeros(ends.shape[:2], np.float32)
    lines = np.flatnonzero(draws)
    if len(lines):
        way = ends[lines] - position[lines, None]
        shares = np.arange(1, LINE_SAMPLES + 1, dtype=np.float32) / LINE_SAMPLES
        points = position[lines, None, None] + way[:, :, None] * shares[:, None]
        place = (lines[:, None, None], *_pixels(points, maps.paper.shape[1]))
        outside = ((points < 0) | (points >= maps.paper.shape[1])).any(axis=3)
        length = np.sqrt((way * way).sum(axis=2)) / LINE_SAMPLES
        off = np.where(outside, np.float32(1), maps.paper[place]).sum(axis=2) * length
        new = np.where(outside, np.float32(0), maps.remaining[place]).sum(axis=2) * length
        new = np.minimum(new, np.float32(MAX_NEW_INK))
        scores[lines] = np.float32(NEW_INK) * new - np.float32(OFF_INK) * off
    moves = np.flatnonzero(~draws)
    if len(moves):
        ink = _box_sum(
            _ink_away_from_lines(maps.remaining[moves], maps.drawn[moves]), _ARRIVAL_SQUARE
        )
        place = (np.arange(len(moves))[:, None], *_pixels(ends[moves], maps.paper.shape[1]))
        arrived = np.minimum(ink[place] / np.float32(_ARRIVAL_INK), 1)
        scores[moves] = np.float32(ARRIVAL) * arrived
    return scores


def ink_ahead(
    before: Float32[np.ndarray, "R 2"],
    after: Float32[np.ndarray, "R 2"],
    remaining: Float32[np.ndarray, "R H W"],
) -> Float32[np.ndarray, " R"]:
    """How surely the ink continues where a step ends, from 0 to 1.

    Args:
        before: Where the step begins; where it ends if the pen was up.
        after: Where it ends.
        remaining: Ink that no earlier step has covered.
    """
    size = remaining.shape[1]
    row, column = _pixels(after, size)
    across = column[:, None] + np.tile(_AROUND, _AHEAD_SQUARE)  # (R, 25)
    down = row[:, None] + np.repeat(_AROUND, _AHEAD_SQUARE)
    inside = (across >= 0) & (across < size) & (down >= 0) & (down < size)
    rows = np.arange(len(remaining))[:, None]
    ink = np.where(
        inside, remaining[rows, np.clip(down, 0, size - 1), np.clip(across, 0, size - 1)], 0
    )
    way = after - before
    off = np.stack((across, down), axis=2) + np.float32(0.5) - before[:, None]
    along = (off * way[:, None]).sum(axis=2) / np.maximum((way * way).sum(axis=1), 1e-6)[:, None]
    off -= np.clip(along, 0, 1)[:, :, None] * way[:, None]
    ink[(off * off).sum(axis=2) <= RADIUS * RADIUS] = 0
    ahead: Float32[np.ndarray, " R"] = np.minimum(ink.sum(axis=1) / np.float32(_AHEAD_INK), 1)
    return ahead


def has_remaining_ink(
    remaining: Float32[np.ndarray, "R H W"], drawn: Float32[np.ndarray, "R H W"]
) -> Bool[np.ndarray, " R"]:
    """Whether ink worth drawing remains: more than specks, and not beside a line.

    Args: As of `InkMaps`.
    """
    ink = _box_sum(_ink_away_from_lines(remaining, drawn), _END_SQUARE)
    remains: Bool[np.ndarray, " R"] = ink.max(axis=(1, 2)) > _END_INK
    return remains


def _pixels(points: Float32[np.ndarray, "*N 2"], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the pixel of each point; of those outside, the nearest."""
    pixel = np.fmin(np.fmax(points, 0), size - 1).astype(np.int64)  # of NaN: 0
    return pixel[..., 1], pixel[..., 0]


def _ink_away_from_lines(
    remaining: Float32[np.ndarray, "R H W"], drawn: Float32[np.ndarray, "R H W"]
) -> Float32[np.ndarray, "R H W"]:
    """Remaining ink that is not beside anything drawn."""
    away: Float32[np.ndarray, "R H W"] = remaining * (_box_sum(drawn, _BESIDE) == 0)
    return away


def _max_filter_3x3(values: Float32[np.ndarray, "R H W"]) -> Float32[np.ndarray, "R H W"]:
    rows = np.pad(values, ((0, 0), (1, 1), (0, 0)))
    rows = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    rows = np.pad(rows, ((0, 0), (0, 0), (1, 1)))
    largest: Float32[np.ndarray, "R H W"] = np.maximum(
        np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:]
    )
    return largest


def _box_sum(values: Float32[np.ndarray, "R H W"], side: int) -> Float32[np.ndarray, "R H W"]:
    """Sums of squares of side x side about each pixel; an even one reaches further up and left."""
    before, after = side // 2, side - 1 - side // 2
    padded = np.pad(values, ((0, 0), (before, after), (before, after)))
    height, width = values.shape[1:]
    rows = padded[:, :height].copy()
    for shift in range(1, side):
        rows += padded[:, shift : shift + height]
    sums = rows[:, :, :width].copy()
    for shift in range(1, side):
        sums += rows[:, :, shift : shift + width]
    return sums
