// The order of strokes with a short way of the lifted pen: the nearest end comes next, then parts
// of the order are drawn backwards as long as that shortens the way (2-opt). `pen_order.py` looks
// longer.

import { arcLengths } from "./statistics.js";

/** @typedef {import("./simplify.js").Points} Points */
/** @typedef {import("./centre_lines.js").Point} Point */

const OPEN = 0.1; // of the length of a stroke: ends farther apart leave it open
const MAX_TRIED = 4_000_000; // pairs of links: bounds the time
const MIN_GAIN = 1e-9; // of the way: smaller gains may be rounding

/**
 * Order, turn round and, where closed, open strokes so that the lifted pen goes a short way.
 *
 * @param {Points[]} strokes
 * @param {number} lineWidth Ends that are no farther apart are one point of a closed stroke.
 * @returns {Points[]}
 */
export function penOrder(strokes, lineWidth) {
  const ordered = shortened(greedy(strokes, lineWidth));
  if (ordered.length === 0) return ordered;
  const [first, last] = [startOf(ordered[0]), endOf(ordered[ordered.length - 1])];
  return first[0] + first[1] <= last[0] + last[1] ? ordered : ordered.map(reversed).reverse();
}

/** Go on with the stroke that can begin nearest to the pen, from the upper left. */
function greedy(/** @type {Points[]} */ strokes, /** @type {number} */ lineWidth) {
  const waiting = strokes.map((stroke) => ({ stroke, isClosed: isClosed(stroke, lineWidth) }));
  /** @type {Points[]} */
  const ordered = [];
  const [left, top] = [0, 1].map((axis) => strokes.reduce(
    (low, stroke) => stroke[axis].reduce((least, value) => Math.min(least, value), low), Infinity));
  let pen = /** @type {Point} */ ([left, top]);
  while (waiting.length > 0) {
    let best = { number: 0, at: 0, away: Infinity };
    for (const [number, { stroke: [xs, ys], isClosed: isRing }] of waiting.entries()) {
      for (let at = 0; at < xs.length; at += isRing ? 1 : Math.max(xs.length - 1, 1)) {
        const away = (xs[at] - pen[0]) ** 2 + (ys[at] - pen[1]) ** 2;
        if (away < best.away) best = { number, at, away };
      }
    }
    const [{ stroke, isClosed: isRing }] = waiting.splice(best.number, 1);
    const turned = isRing ? openedAt(stroke, best.at) : best.at > 0 ? reversed(stroke) : stroke;
    ordered.push(turned);
    pen = endOf(turned);
  }
  return ordered;
}

/** Draw parts of the order backwards where that shortens the way. @param {Points[]} ordered */
function shortened(ordered) {
  let lines = ordered, tried = 0;
  for (let isShorter = true; isShorter && tried < MAX_TRIED;) {
    isShorter = false;
    for (let first = 0; first < lines.length && tried < MAX_TRIED; first++) {
      for (let last = first; last < lines.length; last++, tried++) {
        const [start, end] = [startOf(lines[first]), endOf(lines[last])];
        const before = first > 0 ? endOf(lines[first - 1]) : null;
        const after = last + 1 < lines.length ? startOf(lines[last + 1]) : null;
        const now = way(before, start) + way(end, after);
        if (way(before, end) + way(start, after) < now * (1 - MIN_GAIN)) {
          const part = lines.slice(first, last + 1).map(reversed).reverse();
          lines = [...lines.slice(0, first), ...part, ...lines.slice(last + 1)];
          isShorter = true;
        }
      }
    }
  }
  return lines;
}

/** How far it is from one point to another; nothing where there is none. */
const way = (/** @type {Point | null} */ one, /** @type {Point | null} */ other) =>
  (one && other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 0);

/** @param {Points} stroke @returns {Point} */
const startOf = ([xs, ys]) => [xs[0], ys[0]];
/** @param {Points} stroke @returns {Point} */
const endOf = ([xs, ys]) => [xs[xs.length - 1], ys[ys.length - 1]];
/** @param {Points} stroke @returns {Points} */
const reversed = ([xs, ys]) => [xs.toReversed(), ys.toReversed()];

/** Whether a stroke's ends are at most a gap apart, and a tenth of its length. */
function isClosed(/** @type {Points} */ stroke, /** @type {number} */ gap) {
  const [xs, ys] = stroke;
  if (xs.length < 4) return false;
  const along = arcLengths(stroke), longest = Math.min(gap, OPEN * along[along.length - 1]);
  return way(startOf(stroke), endOf(stroke)) <= longest;
}

/** Begin and end a closed stroke at one of its points. */
function openedAt(/** @type {Points} */ stroke, /** @type {number} */ at) {
  const isRepeated = way(startOf(stroke), endOf(stroke)) < 1e-6;
  const [xs, ys] = stroke.map((values) => {
    const ring = isRepeated ? values.slice(0, -1) : values, start = at % ring.length;
    return [...ring.slice(start), ...ring.slice(0, start + 1)];
  });
  return /** @type {Points} */ ([xs, ys]);
}
