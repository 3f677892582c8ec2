"""Guidance by the ink: of the steps a decoder may draw next, prefer those that keep to the picture.

A decoder proposes steps, each with a logit. If it sees a picture, each proposal gets a score too,
in nats, that is added to its logit. A line loses for every pixel off the ink, and gains for ink
that it is the first to cover. A move with the pen up gains where it arrives at ink that is left.
After the step, the pen rather stays down where ink goes on and rather leaves the paper where none
does, and the drawing does not end while ink is left.

*Convention*: pixels of the picture, as in `sketch.coverage`. Ink and paper are 0 where the picture
is hidden, so what is not shown scores nothing.

Shape letters: R drawings, K proposals, H, W sides of the picture.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int64

from sketch_pix2seq.sketch.coverage import RADIUS
from sketch_pix2seq.sketch.pen import PEN_DOWN, PEN_END, PEN_UP

OFF_INK = 0.7
"""Nats lost for each pixel of a line that is off the ink."""
NEW_INK = 0.4
"""Nats gained for each pixel of ink that a line is the first to cover."""
MOST_NEW = 3.0
"""Pixels of new ink that count at most, so that a long line is not better for its length."""
ARRIVAL = 8.0
"""Nats gained by a move with the pen up that arrives at ink left."""
GOES_ON = 4.0
"""Nats gained by a pen that stays down where ink goes on."""
STOPS = 1.0
"""Nats gained by a pen that leaves the paper where no ink goes on."""
LINE_SAMPLES = 6
"""Points at which a line is compared with the picture."""
_ARRIVED = 3.0  # pixels of ink left in a square of 5x5: enough to arrive at
_AHEAD = 1.5  # pixels of ink left in a square of 5x5: enough to go on
_LEFT = 3.0  # pixels of ink left in a square of 4x4: enough to go on drawing
_AROUND = np.arange(-2, 3)


def paper_of(
    ink: Float32[np.ndarray, "R H W"], visible: Float32[np.ndarray, "R H W"]
) -> Float32[np.ndarray, "R H W"]:
    """How much each pixel is paper for sure: 0 beside ink, and where the picture is hidden.

    Args:
        ink: The picture.
        visible: 1 where it is shown.
    """
    paper: Float32[np.ndarray, "R H W"] = (1 - np.minimum(_largest(ink), 1)) * visible
    return paper


def choose(
    position: Float32[np.ndarray, "R 2"],
    ends: Float32[np.ndarray, "R K 2"],
    draws: Bool[np.ndarray, " R"],
    logits: Float32[np.ndarray, "R K"],
    pen_logits: Float32[np.ndarray, "R 3"],
    paper: Float32[np.ndarray, "R H W"],
    left: Float32[np.ndarray, "R H W"],
    drawn: Float32[np.ndarray, "R H W"],
    whole: Bool[np.ndarray, " R"],
) -> tuple[Int64[np.ndarray, " R"], Int64[np.ndarray, " R"]]:
    """Choose a proposal and a pen state for each drawing: the likeliest, scores included.

    Args:
        position: Where the pens are.
        ends: Where each proposal leads.
        draws: Whether the pen is down on the way.
        logits: Of the proposals, with whatever noise they are sampled with.
        pen_logits: The same of the pen states.
        paper: See `paper_of`.
        left: Ink that no step has covered.
        drawn: 1 where a step has covered the picture.
        whole: Whether all of the picture is shown.

    Returns:
        The number of the proposal; the pen state.
    """
    scores = step_scores(position, ends, draws, paper, left, drawn)
    best = (logits + scores).argmax(axis=1)
    count = np.arange(len(ends))
    after = ends[count, best]
    ahead = ink_ahead(np.where(draws[:, None], position, after), after, left)
    pen_logits = pen_logits.copy()
    pen_logits[:, PEN_DOWN] += np.float32(GOES_ON) * ahead
    pen_logits[:, PEN_UP] += np.float32(STOPS) * (1 - ahead) * whole
    # a move that reaches no ink may as well end the drawing
    reaches = draws | (scores[count, best] > 0)
    ending = np.flatnonzero(reaches & (pen_logits.argmax(axis=1) == PEN_END))
    if len(ending):
        early = ending[is_left(left[ending], drawn[ending])]
        pen_logits[early, PEN_END] = -np.inf
    return best, pen_logits.argmax(axis=1)


def step_scores(
    position: Float32[np.ndarray, "R 2"],
    ends: Float32[np.ndarray, "R K 2"],
    draws: Bool[np.ndarray, " R"],
    paper: Float32[np.ndarray, "R H W"],
    left: Float32[np.ndarray, "R H W"],
    drawn: Float32[np.ndarray, "R H W"],
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
        place = (lines[:, None, None], *_pixels(points, paper.shape[1]))
        outside = ((points < 0) | (points >= paper.shape[1])).any(axis=3)
        length = np.sqrt((way * way).sum(axis=2)) / LINE_SAMPLES
        off = np.where(outside, np.float32(1), paper[place]).sum(axis=2) * length
        new = np.where(outside, np.float32(0), left[place]).sum(axis=2) * length
        new = np.minimum(new, np.float32(MOST_NEW))
        scores[lines] = np.float32(NEW_INK) * new - np.float32(OFF_INK) * off
    moves = np.flatnonzero(~draws)
    if len(moves):
        ink = _box(_apart(left[moves], drawn[moves]), 5)
        place = (np.arange(len(moves))[:, None], *_pixels(ends[moves], paper.shape[1]))
        arrived = np.minimum(ink[place] / np.float32(_ARRIVED), 1)
        scores[moves] = np.float32(ARRIVAL) * arrived
    return scores


def ink_ahead(
    before: Float32[np.ndarray, "R 2"],
    after: Float32[np.ndarray, "R 2"],
    left: Float32[np.ndarray, "R H W"],
) -> Float32[np.ndarray, " R"]:
    """How surely ink goes on where a step ends, from 0 to 1.

    Args:
        before: Where the step begins; where it ends if the pen was up.
        after: Where it ends.
        left: Ink that no earlier step has covered.
    """
    size = left.shape[1]
    row, column = _pixels(after, size)
    across = column[:, None] + np.tile(_AROUND, 5)  # (R, 25)
    down = row[:, None] + np.repeat(_AROUND, 5)
    inside = (across >= 0) & (across < size) & (down >= 0) & (down < size)
    rows = np.arange(len(left))[:, None]
    ink = np.where(inside, left[rows, np.clip(down, 0, size - 1), np.clip(across, 0, size - 1)], 0)
    way = after - before
    off = np.stack((across, down), axis=2) + np.float32(0.5) - before[:, None]
    along = (off * way[:, None]).sum(axis=2) / np.maximum((way * way).sum(axis=1), 1e-6)[:, None]
    off -= np.clip(along, 0, 1)[:, :, None] * way[:, None]
    ink[(off * off).sum(axis=2) <= RADIUS * RADIUS] = 0
    ahead: Float32[np.ndarray, " R"] = np.minimum(ink.sum(axis=1) / np.float32(_AHEAD), 1)
    return ahead


def is_left(
    left: Float32[np.ndarray, "R H W"], drawn: Float32[np.ndarray, "R H W"]
) -> Bool[np.ndarray, " R"]:
    """Whether ink is left that is worth drawing: more than specks, and not beside a line.

    Args: As of `choose`.
    """
    found: Bool[np.ndarray, " R"] = _box(_apart(left, drawn), 4).max(axis=(1, 2)) > _LEFT
    return found


def _pixels(points: Float32[np.ndarray, "*N 2"], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the pixel of each point; of those outside, the nearest."""
    pixel = np.fmin(np.fmax(points, 0), size - 1).astype(np.int64)  # of NaN: 0
    return pixel[..., 1], pixel[..., 0]


def _apart(
    left: Float32[np.ndarray, "R H W"], drawn: Float32[np.ndarray, "R H W"]
) -> Float32[np.ndarray, "R H W"]:
    """Ink left that is not beside anything drawn."""
    apart: Float32[np.ndarray, "R H W"] = left * (_box(drawn, 5) == 0)
    return apart


def _largest(values: Float32[np.ndarray, "R H W"]) -> Float32[np.ndarray, "R H W"]:
    """The largest of each square of 3x3."""
    rows = np.pad(values, ((0, 0), (1, 1), (0, 0)))
    rows = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    rows = np.pad(rows, ((0, 0), (0, 0), (1, 1)))
    largest: Float32[np.ndarray, "R H W"] = np.maximum(
        np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:]
    )
    return largest


def _box(values: Float32[np.ndarray, "R H W"], side: int) -> Float32[np.ndarray, "R H W"]:
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
