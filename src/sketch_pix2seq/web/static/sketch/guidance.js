// Guidance by the ink: of the steps a decoder may draw next, prefer those that keep to the picture.
//
// Each proposal gets a score, in nats, that is added to its logit. `guidance.py` describes them and
// has the same in numpy. Pixels of the picture; ink and paper are 0 where the picture is hidden.

import { DOWN, END, UP } from "./drawing.js";
import { largest } from "./mixture.js";
import { pixelOf, RADIUS } from "./pen_view.js";

const f32 = Math.fround;
const OFF_INK = f32(0.7); // nats lost for each pixel of a line that is off the ink
const NEW_INK = f32(0.4); // nats gained for each pixel of ink that a line covers first
const MAX_NEW_INK = 3; // pixels of new ink that count at most
const ARRIVAL = 8; // nats gained by a move with the pen up that arrives at remaining ink
const STAY_DOWN_BONUS = 4; // nats gained by a pen that stays down where the ink continues
const LIFT_BONUS = 1; // nats gained by a pen that is lifted where the ink ends
const LINE_SAMPLES = 6; // points at which a line is compared with the picture
const BESIDE = 3; // side of the square about a pixel in which a drawn line counts as beside it
const ARRIVAL_SQUARE = 5, ARRIVAL_INK = 3; // so much remaining ink about its end: it arrives
const AHEAD_SQUARE = 5, AHEAD_INK = 1.5; // so much remaining ink about its end: it continues
const END_SQUARE = 4, END_INK = 1.5; // more remaining ink in any square: the drawing does not end
const INKY = f32(0.3); // of the darkest pixel of ink: the pen moves to pixels as dark
const REACH = 8; // pixels: spread of the distance between a proposal and remaining ink
const SHARES = Float32Array.from({ length: LINE_SAMPLES }, (_, i) => (i + 1) / LINE_SAMPLES);

/**
 * What is known of a picture under way: where there is no ink for sure (`paperOf`), ink that no
 * step has covered, and 1 where a step has covered the picture; each (size, size).
 * @typedef {object} InkMaps
 * @property {number} size
 * @property {Float32Array} paper
 * @property {Float32Array} remaining
 * @property {Float32Array} drawn
 * @property {boolean} allVisible
 */

/**
 * How much each pixel is paper for sure: 0 beside ink, and where the picture is hidden.
 *
 * @param {Float32Array} ink @param {number} size
 * @param {Float32Array} [visible] 1 where the picture is visible.
 */
export function paperOf(ink, size, visible) {
  const paper = new Float32Array(ink.length);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      let darkest = 0;
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, size - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, size - 1); column++) {
          darkest = Math.max(darkest, ink[row * size + column]);
        }
      }
      paper[at] = (1 - Math.min(darkest, 1)) * (visible ? visible[at] : 1);
    }
  }
  return paper;
}

/**
 * Choose a proposal and a pen state: the likeliest, scores included. If no proposal reaches the ink
 * that remains, the chosen one is made to lead to that which is nearest to the proposals.
 *
 * @param {number} x @param {number} y Where the pen is.
 * @param {Float32Array} ends (K, 2): where each proposal leads; changed if none reaches ink.
 * @param {boolean} draws Whether the pen is down on the way.
 * @param {Float32Array} logits (K,), sampling noise included.
 * @param {Float32Array} pen (3,) logits of the pen states, sampling noise included; changed.
 * @param {InkMaps} maps
 * @param {Float32Array} scores (K,), overwritten.
 * @returns {{best: number, moved: boolean}} The number of the proposal, and whether its end was
 *   changed; the pen state is the largest of `pen`.
 */
export function choose(x, y, ends, draws, logits, pen, maps, scores) {
  if (draws) scoreLines(x, y, ends, maps, scores);
  else scoreMoves(ends, maps, scores);
  let best = 0, most = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    const logit = f32(logits[i] + scores[i]);
    if (logit > most) [best, most] = [i, logit];
  }
  let reaches = draws || scores[best] > 0;
  const moved = !reaches && maps.allVisible && hasRemainingInk(maps);
  if (moved) {
    ends.set(nearestInk(ends, logits, maps), 2 * best);
    reaches = true;
  }
  const toX = ends[2 * best], toY = ends[2 * best + 1];
  const ahead = inkAhead(draws ? x : toX, draws ? y : toY, toX, toY, maps);
  pen[DOWN] += f32(STAY_DOWN_BONUS * ahead);
  if (maps.allVisible) pen[UP] += f32(LIFT_BONUS * f32(1 - ahead));
  if (reaches && largest(pen) === END && hasRemainingInk(maps)) pen[END] = -Infinity;
  return { best, moved };
}

/**
 * The middle of the pixel of ink that is nearest to proposals, likely ones first.
 *
 * @param {Float32Array} ends @param {Float32Array} logits @param {InkMaps} maps
 */
function nearestInk(ends, logits, { size, remaining, drawn }) {
  const ink = inkAwayFromLines(remaining, drawn, size);
  const darkest = ink.reduce((most, value) => Math.max(most, value), 0);
  const least = f32(INKY * darkest);
  let place = 0, most = -Infinity;
  for (let at = 0; at < ink.length; at++) {
    if (ink[at] <= least) continue;
    const x = (at % size) + 0.5, y = Math.floor(at / size) + 0.5;
    for (let i = 0; i < logits.length; i++) {
      const far = ((x - ends[2 * i]) ** 2 + (y - ends[2 * i + 1]) ** 2) / (2 * REACH * REACH);
      if (logits[i] - far > most) [place, most] = [at, logits[i] - far];
    }
  }
  return [(place % size) + 0.5, Math.floor(place / size) + 0.5];
}

/**
 * @param {number} x @param {number} y @param {Float32Array} ends @param {InkMaps} maps
 * @param {Float32Array} scores
 */
function scoreLines(x, y, ends, { size, paper, remaining }, scores) {
  for (let i = 0; i < scores.length; i++) {
    const dx = f32(ends[2 * i] - x), dy = f32(ends[2 * i + 1] - y);
    let off = 0, fresh = 0;
    for (let sample = 0; sample < LINE_SAMPLES; sample++) {
      const atX = f32(x + f32(dx * SHARES[sample])), atY = f32(y + f32(dy * SHARES[sample]));
      if (atX < 0 || atX >= size || atY < 0 || atY >= size) {
        off = f32(off + 1);
      } else {
        const place = pixelOf(atY, size) * size + pixelOf(atX, size);
        off = f32(off + paper[place]);
        fresh = f32(fresh + remaining[place]);
      }
    }
    const length = f32(f32(Math.sqrt(f32(f32(dx * dx) + f32(dy * dy)))) / LINE_SAMPLES);
    const gained = Math.min(f32(fresh * length), MAX_NEW_INK);
    scores[i] = f32(NEW_INK * gained) - f32(OFF_INK * f32(off * length));
  }
}

/** @param {Float32Array} ends @param {InkMaps} maps @param {Float32Array} scores */
function scoreMoves(ends, { size, remaining, drawn }, scores) {
  const ink = boxSums(inkAwayFromLines(remaining, drawn, size), size, ARRIVAL_SQUARE);
  for (let i = 0; i < scores.length; i++) {
    const place = pixelOf(ends[2 * i + 1], size) * size + pixelOf(ends[2 * i], size);
    scores[i] = ARRIVAL * Math.min(f32(ink[place] / ARRIVAL_INK), 1);
  }
}

/**
 * How surely the ink continues where a step ends, from 0 to 1.
 *
 * @param {number} x @param {number} y Where the step begins; where it ends if the pen was up.
 * @param {number} toX @param {number} toY Where it ends.
 * @param {InkMaps} maps
 */
function inkAhead(x, y, toX, toY, { size, remaining }) {
  const around = AHEAD_SQUARE >> 1, row = pixelOf(toY, size), column = pixelOf(toX, size);
  const dx = f32(toX - x), dy = f32(toY - y);
  const length2 = Math.max(f32(f32(dx * dx) + f32(dy * dy)), 1e-6);
  const lastRow = Math.min(row + around, size - 1);
  const lastColumn = Math.min(column + around, size - 1);
  let ink = 0;
  for (let down = Math.max(row - around, 0); down <= lastRow; down++) {
    for (let across = Math.max(column - around, 0); across <= lastColumn; across++) {
      const fromX = across + 0.5 - x, fromY = down + 0.5 - y;
      const along = Math.min(Math.max((fromX * dx + fromY * dy) / length2, 0), 1);
      const offX = fromX - along * dx, offY = fromY - along * dy;
      if (offX * offX + offY * offY > RADIUS * RADIUS) ink += remaining[down * size + across];
    }
  }
  return Math.min(f32(ink / AHEAD_INK), 1);
}

/**
 * Whether ink worth drawing remains: more than specks, and not beside a line.
 *
 * @param {InkMaps} maps
 */
function hasRemainingInk({ size, remaining, drawn }) {
  const sums = boxSums(inkAwayFromLines(remaining, drawn, size), size, END_SQUARE);
  return sums.some((ink) => ink > END_INK);
}

/**
 * Remaining ink that is not beside anything drawn.
 *
 * @param {Float32Array} remaining @param {Float32Array} drawn @param {number} size
 */
function inkAwayFromLines(remaining, drawn, size) {
  const beside = boxSums(drawn, size, BESIDE);
  for (let i = 0; i < beside.length; i++) beside[i] = beside[i] === 0 ? remaining[i] : 0;
  return beside;
}

/**
 * Sums of squares of side x side about each pixel; an even one reaches further up and left.
 *
 * @param {Float32Array} values @param {number} size @param {number} side
 */
function boxSums(values, size, side) {
  const before = side >> 1;
  const columns = new Float32Array(values.length), sums = new Float32Array(values.length);
  for (let shift = -before; shift < side - before; shift++) {
    const first = Math.max(-shift, 0) * size, last = Math.min(size - shift, size) * size;
    for (let at = first; at < last; at++) columns[at] += values[at + shift * size];
  }
  for (let shift = -before; shift < side - before; shift++) {
    const first = Math.max(-shift, 0), last = Math.min(size - shift, size);
    for (let row = 0; row < values.length; row += size) {
      for (let at = row + first; at < row + last; at++) sums[at] += columns[at + shift];
    }
  }
  return sums;
}
