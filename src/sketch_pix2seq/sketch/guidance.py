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

Shape letters: R drawings, K proposals, H, W sides of the picture, F of the picture and its frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped

from sketch_pix2seq.sketch.coverage import RADIUS
from sketch_pix2seq.sketch.network_layout import FRAME
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
_AROUND = np.indices((_AHEAD_SQUARE, _AHEAD_SQUARE))[::-1].reshape(2, -1) - _AHEAD_SQUARE // 2
_SHARES = (np.arange(1, LINE_SAMPLES + 1, dtype=np.float32) / LINE_SAMPLES)[:, None]
_FEW = 4  # drawings: all their lines are scored sooner than chosen from
_MAX_LINE_SCORE = np.float32(NEW_INK) * np.float32(MAX_NEW_INK)
_AWAY_FRAME = FRAME - _BESIDE // 2  # pixels around a picture that a map of ink away from lines has


class InkMaps(NamedTuple):
    """What is known of R pictures being drawn, with a frame of `FRAME` pixels around each.

    Args:
        paper: Where there is no ink for sure (see `paper_of`); 1 in the frame.
        remaining: Ink that no step has covered; 0 in the frame.
        drawn: Where a step has covered the picture; not in the frame.
    """

    paper: Float32[np.ndarray, "R F F"]
    remaining: Float32[np.ndarray, "R F F"]
    drawn: Bool[np.ndarray, "R F F"]


def ink_maps(
    ink: Float32[np.ndarray, "R H W"],
    visible: Float32[np.ndarray, "R H W"],
    drawn: Bool[np.ndarray, "R H W"],
) -> InkMaps:
    """Make the maps of pictures, of which something may be drawn already.

    Args:
        ink: The visible part of each picture.
        visible: 1 where it is visible.
        drawn: Where a step has covered it.
    """
    frame = ((0, 0), (FRAME, FRAME), (FRAME, FRAME))
    return InkMaps(
        np.pad(paper_of(ink, visible), frame, constant_values=1),
        np.pad(ink * ~drawn, frame),
        np.pad(drawn, frame),
    )


def paper_of(
    ink: Float32[np.ndarray, "R H W"], visible: Float32[np.ndarray, "R H W"]
) -> Float32[np.ndarray, "R H W"]:
    """How much each pixel is paper for sure: 0 beside ink, and where the picture is hidden.

    Args:
        ink: The picture.
        visible: 1 where it is visible.
    """
    return np.asarray((1 - np.minimum(_max_filter_3x3(ink), 1)) * visible)


def choose(
    position: Float32[np.ndarray, "R 2"],
    offsets: Float32[np.ndarray, "R 2 K"],
    draws: Bool[np.ndarray, " R"],
    logits: Float32[np.ndarray, "R K"],
    pen_logits: Float32[np.ndarray, "R 3"],
    maps: InkMaps,
    all_visible: Bool[np.ndarray, " R"],
) -> tuple[Float32[np.ndarray, "R 2"], Int64[np.ndarray, " R"]]:
    """Choose an offset and a pen state for each drawing: the likeliest, scores included.

    Args:
        position: Where the pens are.
        offsets: Proposals: how far the pens move, in x and in y.
        draws: Whether the pen is down.
        logits: Logits of the proposals, sampling noise included.
        pen_logits: Logits of the pen states, sampling noise included.
        maps: Paper and ink.
        all_visible: Whether the whole picture is visible.

    Returns:
        How far each pen moves; the pen state.
    """
    ends = position[:, :, None] + offsets
    scores = step_scores(position, ends, draws, logits, maps)
    best = (logits + scores).argmax(axis=1)
    count = np.arange(len(ends))
    offset = offsets[count, :, best]
    reaches = draws | (scores[count, best] > 0)
    for row in np.flatnonzero(~reaches & all_visible):
        single = slice(row, row + 1)
        if has_remaining_ink(maps.remaining[single], maps.drawn[single])[0]:
            ink = _ink_away_from_lines(maps.remaining[single], maps.drawn[single])[0]
            offset[row] = _nearest_ink(ink, ends[row], logits[row]) - position[row]
            reaches[row] = True
    after = position + offset
    ahead = ink_ahead(np.where(draws[:, None], position, after), after, maps.remaining)
    pen_logits = pen_logits.copy()
    pen_logits[:, PEN_DOWN] += np.float32(STAY_DOWN_BONUS) * ahead
    pen_logits[:, PEN_UP] += np.float32(LIFT_BONUS) * (1 - ahead) * all_visible
    pen = pen_logits.argmax(axis=1)
    for row in np.flatnonzero(reaches & (pen == PEN_END)):
        single = slice(row, row + 1)
        if has_remaining_ink(maps.remaining[single], maps.drawn[single])[0]:
            pen_logits[row, PEN_END] = -np.inf
            pen[row] = pen_logits[row].argmax()
    return offset, pen


def _nearest_ink(
    ink: Float32[np.ndarray, "_ _"],
    ends: Float32[np.ndarray, "2 K"],
    logits: Float32[np.ndarray, " K"],
) -> Float32[np.ndarray, "2"]:
    """The middle of the pixel of ink that is nearest to proposals, likely ones first."""
    down, across = np.nonzero(ink > np.float32(_INKY) * ink.max())
    pixels = np.stack((across, down), axis=1).astype(np.float32) + np.float32(0.5 - _AWAY_FRAME)
    far = ((pixels[:, :, None] - ends) ** 2).sum(axis=1) / np.float32(2 * _REACH * _REACH)
    return np.asarray(pixels[(logits - far).max(axis=1).argmax()])


def step_scores(
    position: Float32[np.ndarray, "R 2"],
    ends: Float32[np.ndarray, "R 2 K"],
    draws: Bool[np.ndarray, " R"],
    logits: Float32[np.ndarray, "R K"],
    maps: InkMaps,
) -> Float32[np.ndarray, "R K"]:
    """Score where the pen may go next.

    Args: As of `choose`.

    Returns:
        Minus infinity for lines that no score could make the likeliest, of many drawings.
    """
    scores = np.full(logits.shape, -np.inf, np.float32)
    moves = (~draws).nonzero()[0]
    if len(moves):
        scores[moves] = _move_scores(ends[moves], maps.remaining[moves], maps.drawn[moves])
    if len(moves) == len(draws):
        return scores
    lines = np.repeat(draws[:, None], logits.shape[1], axis=1)
    if len(draws) > _FEW:
        first = lines & (logits == logits.max(axis=1, keepdims=True))
        scores[first] = _line_scores(position, ends, first, maps)
        best = (logits + scores).max(axis=1, keepdims=True)
        lines &= ~first & (logits + _MAX_LINE_SCORE >= best)
    scores[lines] = _line_scores(position, ends, lines, maps)
    return scores


def _line_scores(
    position: Float32[np.ndarray, "R 2"],
    ends: Float32[np.ndarray, "R 2 K"],
    which: Bool[np.ndarray, "R K"],
    maps: InkMaps,
) -> Float32[np.ndarray, " L"]:
    """Scores of some lines, those that are true in `which`."""
    rows, proposals = which.nonzero()
    before = position.take(rows, axis=0).T  # (2, L)
    offsets = ends[rows, :, proposals].T - before
    points = offsets[:, None] * _SHARES  # (2, LINE_SAMPLES, L)
    points += before[:, None]
    index = _flat_index(points, rows, maps.paper.shape[1], outside=1)
    length = np.sqrt((offsets * offsets).sum(axis=0)) / LINE_SAMPLES
    off = maps.paper.reshape(-1).take(index).sum(axis=0) * length
    new = maps.remaining.reshape(-1).take(index).sum(axis=0) * length
    new = np.minimum(new, np.float32(MAX_NEW_INK))
    return np.asarray(np.float32(NEW_INK) * new - np.float32(OFF_INK) * off)


def _move_scores(
    ends: Float32[np.ndarray, "R 2 K"],
    remaining: Float32[np.ndarray, "R F F"],
    drawn: Bool[np.ndarray, "R F F"],
) -> Float32[np.ndarray, "R K"]:
    ink = np.zeros_like(remaining)
    margin = FRAME - _AWAY_FRAME + _ARRIVAL_SQUARE // 2
    ink[:, margin:-margin, margin:-margin] = _over_boxes(
        np.add, _ink_away_from_lines(remaining, drawn), _ARRIVAL_SQUARE
    )
    arrived = ink.reshape(-1).take(
        _flat_index(ends.swapaxes(0, 1), np.arange(len(ends))[:, None], ink.shape[1])
    )
    arrived /= np.float32(_ARRIVAL_INK)
    return np.asarray(np.float32(ARRIVAL) * np.minimum(arrived, 1))


def ink_ahead(
    before: Float32[np.ndarray, "R 2"],
    after: Float32[np.ndarray, "R 2"],
    remaining: Float32[np.ndarray, "R F F"],
) -> Float32[np.ndarray, " R"]:
    """How surely the ink continues where a step ends, from 0 to 1.

    Args:
        before: Where the step begins; where it ends if the pen was up.
        after: Where it ends.
        remaining: As of `InkMaps`.
    """
    side = remaining.shape[1]
    pixel = _pixels(after, side - 2 * FRAME)
    rows = np.arange(len(remaining)) * side
    index = ((rows + pixel[:, 1] + FRAME) * side + pixel[:, 0] + FRAME)[:, None]
    ink = remaining.reshape(-1).take(index + (_AROUND[1] * side + _AROUND[0]))  # (R, 25)
    offset = after - before
    off = (pixel + np.float32(0.5) - before)[:, :, None] + _AROUND  # (R, 2, 25)
    along = (off * offset[:, :, None]).sum(axis=1) / np.maximum(
        (offset * offset).sum(axis=1), 1e-6
    )[:, None]
    off -= np.minimum(np.maximum(along, 0), 1)[:, None] * offset[:, :, None]
    ink[(off * off).sum(axis=1) <= RADIUS * RADIUS] = 0
    return np.asarray(np.minimum(ink.sum(axis=1) / np.float32(_AHEAD_INK), 1))


def has_remaining_ink(
    remaining: Float32[np.ndarray, "R F F"], drawn: Bool[np.ndarray, "R F F"]
) -> Bool[np.ndarray, " R"]:
    """Whether ink worth drawing remains: more than specks, and not beside a line.

    Args: As of `InkMaps`.
    """
    ink = _over_boxes(np.add, _ink_away_from_lines(remaining, drawn), _END_SQUARE)
    return np.asarray(ink.max(axis=(1, 2)) > _END_INK)


def _flat_index(
    points: Float32[np.ndarray, "2 *N"], rows: Int64[np.ndarray, "..."], side: int, outside: int = 0
) -> Int64[np.ndarray, "*N"]:
    """Flat indices of points in the maps of their rows; outside points go to the nearest pixel."""
    points = np.fmin(np.fmax(points, -outside), side - 2 * FRAME - 1 + outside)  # of NaN: inside
    np.floor(points, out=points)
    index: Int64[np.ndarray, "*N"] = (points[1] * np.float32(side) + points[0]).astype(np.int64)
    index += rows * (side * side) + FRAME * (side + 1)
    return index


def _pixels(points: Float32[np.ndarray, "*N 2"], size: int) -> Int64[np.ndarray, "*N 2"]:
    """Column and row of the pixel of each point; of those outside, the nearest."""
    return np.asarray(np.fmin(np.fmax(points, 0), size - 1).astype(np.int64))


def _ink_away_from_lines(
    remaining: Float32[np.ndarray, "R F F"], drawn: Bool[np.ndarray, "R F F"]
) -> Float32[np.ndarray, "R _ _"]:
    """Remaining ink that is not beside anything drawn, with a frame of `_AWAY_FRAME`."""
    reach = FRAME - _AWAY_FRAME
    beside = _over_boxes(np.logical_or, drawn, _BESIDE)
    return np.asarray(remaining[:, reach:-reach, reach:-reach] * ~beside)


def _max_filter_3x3(values: Float32[np.ndarray, "R H W"]) -> Float32[np.ndarray, "R H W"]:
    rows = np.pad(values, ((0, 0), (1, 1), (0, 0)))
    rows = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    rows = np.pad(rows, ((0, 0), (0, 0), (1, 1)))
    return np.asarray(np.maximum(np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:]))


def _over_boxes(
    combine: np.ufunc, values: Shaped[np.ndarray, "R _ _"], side: int
) -> Shaped[np.ndarray, "R _ _"]:
    """Combine all squares of side x side: `side - 1` fewer rows and columns than of values."""
    height, width = values.shape[1] - side + 1, values.shape[2] - side + 1
    rows = combine(values[:, :height], values[:, 1 : 1 + height])
    for shift in range(2, side):
        combine(rows, values[:, shift : shift + height], out=rows)
    boxes: Shaped[np.ndarray, "R _ _"] = combine(rows[:, :, :width], rows[:, :, 1 : 1 + width])
    for shift in range(2, side):
        combine(boxes, rows[:, :, shift : shift + width], out=boxes)
    return boxes
