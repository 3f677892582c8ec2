// When a hand draws each stroke. The same times as `timing_of` of the package's `animation.py`.

import { arcLengths } from "../sketch/statistics.js";
import { boundsOf } from "./strokes.js";

/** Longest sides of the drawing that the pen moves in a second. */
const PACE = 1.6;
const MAX_SECONDS = 12; // drawings that would take longer are drawn faster
const OVER_PAPER = 2.5; // times as fast as along a line
const LIFT_SECONDS = 0.08;
const DOT_SECONDS = 0.1;

/** How long a complete drawing stays before it begins anew, in seconds. */
export const HOLD_SECONDS = 1.6;

/** @typedef {[number[], number[]]} Stroke */

/**
 * When each stroke begins and ends to be drawn, in seconds, and how long all of them take.
 *
 * @param {Stroke[]} strokes
 * @param {{faster?: number, maxSeconds?: number}} [options] How many times faster than a hand; the
 *   longest that all strokes may take.
 * @returns {{begin: number[], end: number[], seconds: number}}
 */
export function timingOf(strokes, { faster = 1, maxSeconds = MAX_SECONDS } = {}) {
  const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, 1, 1];
  const longest = Math.max(right - left, bottom - top) || 1;
  const begin = [], end = [];
  let time = 0, pen = null;
  for (const [xs, ys] of strokes) {
    if (pen) {
      time += LIFT_SECONDS + Math.hypot(xs[0] - pen[0], ys[0] - pen[1]) / longest / (PACE * OVER_PAPER);
    }
    begin.push(time);
    time += Math.max(arcLengths([xs, ys]).at(-1) / longest / PACE, DOT_SECONDS);
    end.push(time);
    pen = [xs.at(-1), ys.at(-1)];
  }
  const factor = Math.max(faster, time / maxSeconds);
  const scaled = (times) => times.map((time) => time / factor);
  return { begin: scaled(begin), end: scaled(end), seconds: time / factor };
}

/** How much of each stroke is drawn at a time: from 0 to 1. */
export const shareAt = ({ begin, end }, place, seconds) =>
  Math.min(Math.max((seconds - begin[place]) / (end[place] - begin[place]), 0), 1);

/**
 * A piece of a stroke, from one share of its length to another; a dot is whole from the beginning.
 *
 * @param {Stroke} stroke @param {number} from @param {number} to @returns {Stroke}
 */
export function pieceOf(stroke, from, to) {
  const [xs, ys] = stroke;
  if (xs.length < 2 || (from <= 0 && to >= 1)) return stroke;
  const lengths = arcLengths(stroke), whole = lengths.at(-1);
  const piece = [[], []];
  const add = (x, y) => { piece[0].push(x); piece[1].push(y); };
  const addAt = (at) => {
    const next = Math.max(lengths.findIndex((length) => length >= at), 1);
    const gap = lengths[next] - lengths[next - 1];
    const share = gap ? (at - lengths[next - 1]) / gap : 1;
    add(xs[next - 1] + share * (xs[next] - xs[next - 1]), ys[next - 1] + share * (ys[next] - ys[next - 1]));
  };
  addAt(from * whole);
  lengths.forEach((length, i) => length > from * whole && length < to * whole && add(xs[i], ys[i]));
  addAt(to * whole);
  return piece;
}
