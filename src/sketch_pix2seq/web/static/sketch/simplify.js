// Fewer points for the same line, and Quick, Draw!'s own way from a raw drawing to a simplified
// one. `simplify.py` and `normalise.py` have the same in numpy.

import { boundsOf, QUICKDRAW_SIDE, roundHalfEven } from "./drawing.js";

/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {[number[], number[]]} Points The x and the y coordinates of a stroke. */

/** Tolerance in pixels with which Quick, Draw! simplifies, after putting a point every pixel. */
export const QUICKDRAW_EPSILON = 2;
const UNITS = 2 ** 32; // whole numbers of this share of a pixel add up exactly
const MAX_DEPTH = 100; // beyond it intervals are cut in half: the tolerance still holds

/**
 * Simplify a stroke by Ramer-Douglas-Peucker; its first and last point are kept.
 *
 * @param {Points} stroke
 * @param {number} epsilon Largest distance in pixels between a left-out point and the new line.
 * @param {boolean} [endless] Measure to the chord's endless line, as Quick, Draw! does.
 * @returns {Points}
 */
export function simplify([xs, ys], epsilon, endless = false) {
  const last = xs.length - 1;
  const keep = new Array(xs.length).fill(false);
  keep[0] = keep[last] = true;
  /** @type {[number, number, number][]} */
  const intervals = [[0, last, 0]];
  while (intervals.length > 0) {
    const [first, end, depth] = /** @type {[number, number, number]} */ (intervals.pop());
    const { distance, index } = farthest(xs, ys, first, end, endless);
    if (!(distance > epsilon)) continue;
    const middle = depth >= MAX_DEPTH ? (first + end) >> 1 : index;
    keep[middle] = true;
    intervals.push([first, middle, depth + 1], [middle, end, depth + 1]);
  }
  return [xs.filter((_, i) => keep[i]), ys.filter((_, i) => keep[i])];
}

/**
 * The point between two others that is farthest from their chord.
 *
 * @param {number[]} xs @param {number[]} ys @param {number} first @param {number} end
 * @param {boolean} endless
 */
function farthest(xs, ys, first, end, endless) {
  const chordX = xs[end] - xs[first], chordY = ys[end] - ys[first];
  const length = Math.hypot(chordX, chordY);
  const unitX = chordX / (length || 1), unitY = chordY / (length || 1);
  let distance = -1, index = first;
  for (let i = first + 1; i < end; i++) {
    const x = xs[i] - xs[first], y = ys[i] - ys[first];
    let away = Math.abs(x * unitY - y * unitX);
    if (length === 0) {
      away = Math.hypot(x, y); // the ends are one point, the distance to which counts
    } else if (!endless) {
      const along = x * unitX + y * unitY;
      away = Math.hypot(away, along - Math.min(Math.max(along, 0), length));
    }
    if (away > distance) [distance, index] = [away, i];
  }
  return { distance, index };
}

/**
 * Do to a drawing what Quick, Draw! did to its raw drawings: shift to (0, 0), scale the longest
 * side to 255, a point every pixel, simplify by 2, whole numbers. A dot becomes its point twice.
 *
 * @param {Drawing} drawing @returns {Points[]}
 */
export function quickdrawNormalised(drawing) {
  const box = boundsOf(drawing);
  if (!box) return [];
  const [left, top, right, bottom] = box;
  const side = Math.max(right - left, bottom - top), scale = side > 0 ? QUICKDRAW_SIDE / side : 1;
  return drawing.map(([xs, ys]) => {
    const dense = everyPixel([
      Array.from(xs, (x) => (x - left) * scale), Array.from(ys, (y) => (y - top) * scale),
    ]);
    const [keptX, keptY] = simplify(dense, QUICKDRAW_EPSILON, true);
    const times = keptX.length === 1 ? 2 : 1;
    const rounded = (/** @type {number[]} */ side) =>
      side.flatMap((value) => new Array(times).fill(roundHalfEven(value)));
    return /** @type {Points} */ ([rounded(keptX), rounded(keptY)]);
  });
}

/**
 * Walk along a stroke and put a point every pixel, and one at its end. Of the points on a straight
 * piece only the first and the last are given: none between them is ever farther from a chord.
 *
 * @param {Points} stroke @returns {Points}
 */
function everyPixel([xs, ys]) {
  /** @type {Points} */
  const dense = [[], []];
  let walked = 0;
  for (let i = 0; i + 1 < xs.length; i++) {
    const step = roundHalfEven(Math.hypot(xs[i + 1] - xs[i], ys[i + 1] - ys[i]) * UNITS);
    const begin = walked / UNITS, end = (walked + step) / UNITS;
    const first = Math.ceil(begin), count = Math.ceil(end) - first;
    walked += step;
    if (count <= 0) continue;
    const [slopeX, slopeY] = [xs, ys].map((side) => (side[i + 1] - side[i]) / (end - begin));
    for (const place of count > 1 ? [first, first + count - 1] : [first]) {
      dense[0].push(slopeX * (place - begin) + xs[i]);
      dense[1].push(slopeY * (place - begin) + ys[i]);
    }
  }
  const total = walked / UNITS;
  if (total === 0 || total - (Math.ceil(total) - 1) > 1e-9 * total) {
    dense[0].push(xs[xs.length - 1]);
    dense[1].push(ys[ys.length - 1]);
  }
  return dense;
}
