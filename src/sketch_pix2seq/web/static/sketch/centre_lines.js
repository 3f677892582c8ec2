// Lines in the middle of ink: one pixel wide, then moved to the middle to a part of a pixel.
// `centre_lines.py` has the same in numpy, and says why.

import { roundHalfEven } from "./drawing.js";
import { edgeDistance, inkWidth, spread } from "./morphology.js";
import { where } from "./picture.js";
import { Regions } from "./regions.js";
import { gaussianSmoothed, resampled } from "./smoothing.js";
import { interpolated, median } from "./statistics.js";
import { thin } from "./thinning.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./simplify.js").Points} Points */
/** @typedef {[number, number]} Point */
/** @typedef {{width: number, height: number, data: Float32Array}} Shares */
/**
 * A stroke in pixels, and the distance to the edge of the ink along it.
 * @typedef {{xs: number[], ys: number[], radii: number[]}} Line
 */

const WIDE = 0.3; // of the median width: how much deeper than half a line wider ink is
const MIN_WIDE = 3; // pixels: the same
const CLEAR = 1.5; // pixels: by which the ink of a line is nowhere deeper
const MAX_BLOT = 30; // times the square of its depth: the area of a blot; a disc has pi
const ACROSS = 1.4; // of half the line's width: how far across a line its middle is searched
const MAX_ASIDE = 0.35; // of half the width, and a pixel: the middle is no farther off
const WIDER = 1.35; // times as wide as most of the line are places where lines meet
const SMOOTH = 0.12; // of the line's width: deviation of the weights in smoothing a line
const LEG = 0.8; // of the width: how long both sides of a corner are straight, and it is round
const SHARP = 0.6; // radians: smallest turn of a corner
const CUT_OFF = 0.25; // of such a side: how much of a corner the middle of ink cuts off at most
const BENT = 0.2; // radians: largest turn of its sides
const MIN_CROSS = 0.2; // sine of the angle between lines below which they do not meet

/**
 * Thin ink to lines one pixel wide.
 *
 * @param {Plane} ink
 * @returns {Float32Array} 0 off the lines, on them the distance to the edge of the ink: half the
 *   width that the line had, and half a pixel.
 */
export function centreLines(ink) {
  const distance = edgeDistance(ink);
  let lines = thin(ink);
  const along = distance.filter((_, at) => lines[at]);
  if (along.length) {
    const typical = inkWidth(median(along));
    const wide = wideParts(ink, distance, typical / 2, Math.max(WIDE * typical, MIN_WIDE) + 0.5);
    if (wide) {
      const { width, height, data } = ink, edge = new Uint8Array(wide.length);
      const body = new Uint8Array(data);
      for (let y = 0, at = 0; y < height; y++) {
        for (let x = 0; x < width; x++, at++) {
          if (!wide[at]) continue;
          const isInner = x > 0 && y > 0 && x + 1 < width && y + 1 < height
            && wide[at - width] && wide[at + width] && wide[at - 1] && wide[at + 1];
          if (isInner) body[at] = 0;
          else edge[at] = 1;
        }
      }
      lines = thin({ width, height, data: body }, edge);
    }
  }
  for (let at = 0; at < lines.length; at++) if (!lines[at]) distance[at] = 0;
  return distance;
}

/**
 * Where the pen's middle went in dots and blots; lines of a wider pen are none.
 *
 * @param {Plane} ink @param {Float32Array} distance @param {number} half Of the median width.
 * @param {number} minDepth How much deeper than that a wide part is at its deepest place.
 * @returns {Uint8Array | null}
 */
function wideParts({ width, height }, distance, half, minDepth) {
  if (!distance.some((depth) => depth - half >= minDepth)) return null;
  const deep = where(distance, (depth) => depth - half >= CLEAR);
  const parts = new Regions({ width, height, data: deep });
  const deepest = parts.largest(distance).map((depth) => depth - half);
  const isWide = parts.areas.map((area, part) =>
    deepest[part] >= minDepth && area < MAX_BLOT * deepest[part] ** 2);
  if (!isWide.some(Boolean)) return null;
  const grown = spread({ width, height, data: parts.only(isWide) }, 2).data;
  return grown.map((isNear, at) => Number(isNear && distance[at] - half >= 0.5));
}

/**
 * Move lines to the middle of the ink across them, and smooth them.
 *
 * @param {Line[]} lines
 * @param {Shares} ink How much of each pixel is ink.
 * @param {number} minSigma Deviation in pixels of the weights in smoothing thin lines.
 * @returns {Points[]} With points about a pixel apart.
 */
export function centred(lines, ink, minSigma = 1) {
  if (lines.length === 0) return [];
  const dense = lines.map((line) => {
    const [xs, ys, radii] = resampled([line.xs, line.ys, line.radii]);
    return { xs, ys, radii };
  });
  const radii = dense.flatMap((line) => line.radii);
  const typical = inkWidth(median(radii)), reach = Math.ceil(ACROSS * median(radii) + 2);
  const ways = dense.map(normals);
  const places = [], asides = [], allPlaces = [];
  let place = 0;
  for (const [number, line] of dense.entries()) {
    place += number && 9 * radii.length; // points of other lines are far off
    for (let i = 0; i < line.xs.length; i++, place++) {
      allPlaces.push(place);
      const found = asideAt(line, i, ways[number][i], { ink, reach, typical });
      if (found === null) continue;
      places.push(place);
      asides.push(found);
    }
  }
  // where lines meet, as beside it on the same line
  const isFound = places.length > 0;
  const aside = isFound ? interpolated(allPlaces, places, asides)
    : new Float64Array(allPlaces.length);
  const sigma = Math.max(SMOOTH * typical, minSigma, 1);
  const leg = Math.max(roundHalfEven(LEG * typical), 4);
  let at = 0;
  return dense.map(({ xs, ys }, number) => {
    const first = at;
    at += xs.length;
    const moved = [0, 1].map((axis) => [xs, ys][axis].map(
      (value, i) => value + aside[first + i] * ways[number][i][axis]));
    return sharpened(gaussianSmoothed(/** @type {Points} */ (moved), sigma), leg);
  });
}

/** Directions across a line, over four pixels each; 0 on shorter lines. @param {Line} line */
function normals({ xs, ys }) {
  return xs.map((_, i) => {
    if (xs.length < 5) return [0, 0];
    const middle = Math.min(Math.max(i, 2), xs.length - 3);
    const x = xs[middle + 2] - xs[middle - 2], y = ys[middle + 2] - ys[middle - 2];
    const size = Math.max(Math.hypot(x, y), 1e-9);
    return [-y / size, x / size];
  });
}

/**
 * How far aside the middle of the ink is; null where that is not sure: one line, no more.
 *
 * @param {Line} line @param {number} i @param {number[]} normal
 * @param {{ink: Shares, reach: number, typical: number}} of
 */
function asideAt({ xs, ys, radii }, i, [across, down], { ink, reach, typical }) {
  const value = (/** @type {number} */ away) =>
    sampled(ink, xs[i] + away * across, ys[i] + away * down);
  const middle = value(0);
  if (!(middle > 0.5)) return null;
  // what hangs together with the middle, and the half covered pixel beyond it on both sides
  let width = middle, moment = 0;
  for (const side of [-1, 1]) {
    let away = 0, isInk = true;
    while (isInk) {
      away++;
      if (away > reach) return null;
      const share = value(side * away);
      width += share;
      moment += side * away * share;
      isInk = share > 0.5;
    }
  }
  const aside = moment / Math.max(width, 1e-9), own = inkWidth(radii[i]);
  const isNear = Math.abs(aside) < 1 + MAX_ASIDE * radii[i];
  return isNear && width < WIDER * Math.max(own, typical) + 1 ? aside : null;
}

/** A value between the middles of pixels, linear. */
function sampled(
  /** @type {Shares} */ { width, height, data }, /** @type {number} */ x, /** @type {number} */ y,
) {
  x = Math.min(Math.max(x - 0.5, 0), width - 1.001);
  y = Math.min(Math.max(y - 0.5, 0), height - 1.001);
  const left = Math.floor(x), top = Math.floor(y), at = top * width + left;
  const upper = data[at] * (1 - x + left) + data[at + 1] * (x - left);
  const lower = data[at + width] * (1 - x + left) + data[at + width + 1] * (x - left);
  return upper * (1 - y + top) + lower * (y - top);
}

/**
 * Put corners where straight parts on both sides meet: the middle of ink cuts them off.
 *
 * @param {Points} line Points about one pixel apart.
 * @param {number} leg Points of which a straight part must have so many. @returns {Points}
 */
function sharpened([xs, ys], leg) {
  const count = xs.length - 4 * leg;
  if (count < 1) return [xs, ys];
  const way = (/** @type {number} */ from, /** @type {number} */ to) =>
    /** @type {Point} */ ([xs[to] - xs[from], ys[to] - ys[from]]);
  const half = leg >> 1;
  const bend = (/** @type {number} */ at) => turnOf(way(at, at + half), way(at + half, at + leg));
  /** @type {{turn: number, at: number}[]} */
  const candidates = [];
  for (let at = 0; at < count; at++) {
    const turn = turnOf(way(at, at + leg), way(at + 3 * leg, at + 4 * leg));
    const isCorner = turn > SHARP && turn < Math.PI - SHARP / 2;
    if (isCorner && bend(at) < BENT && bend(at + 3 * leg) < BENT) candidates.push({ turn, at });
  }
  /** @type {{middle: number, corner: Point}[]} */
  const corners = [];
  const isTaken = new Uint8Array(xs.length); // within two legs of a corner
  for (const { at } of candidates.sort((a, b) => b.turn - a.turn)) {
    const middle = at + 2 * leg, before = middle - leg, after = middle + leg;
    if (isTaken[middle]) continue;
    const corner = meetingPoint(
      [xs[before], ys[before]], way(at, at + leg), [xs[after], ys[after]],
      way(at + 4 * leg, at + 3 * leg), 1.5 * leg,
    );
    if (corner && Math.hypot(corner[0] - xs[middle], corner[1] - ys[middle]) < CUT_OFF * leg + 1) {
      corners.push({ middle, corner });
      isTaken.fill(1, middle - 2 * leg, middle + 2 * leg + 1);
    }
  }
  /** @type {(number | number[])[][]} */
  const parts = [[], []];
  let done = 0;
  for (const { middle, corner } of corners.sort((a, b) => a.middle - b.middle)) {
    [xs, ys].forEach((values, axis) =>
      parts[axis].push(values.slice(done, middle - leg + 1), corner[axis]));
    done = middle + leg;
  }
  parts[0].push(xs.slice(done));
  parts[1].push(ys.slice(done));
  return [parts[0].flat(), parts[1].flat()];
}

/** The angle between two directions, 0 to pi. @param {Point} one @param {Point} other */
const turnOf = ([x, y], [otherX, otherY]) =>
  Math.abs(Math.atan2(x * otherY - y * otherX, x * otherX + y * otherY));

/**
 * Where two lines meet ahead of their points, at most so far; null if they do not.
 *
 * @param {Point} one @param {Point} oneWay @param {Point} other @param {Point} otherWay
 * @param {number} farthest @returns {Point | null}
 */
export function meetingPoint(one, oneWay, other, otherWay, farthest) {
  const [[ux, uy], [vx, vy]] = [oneWay, otherWay].map(([x, y]) => {
    const size = Math.hypot(x, y);
    return [x / size, y / size];
  });
  const cross = ux * vy - uy * vx;
  if (!(Math.abs(cross) >= MIN_CROSS)) return null;
  const x = other[0] - one[0], y = other[1] - one[1];
  const ahead = (x * vy - y * vx) / cross, otherAhead = (x * uy - y * ux) / cross;
  if (Math.min(ahead, otherAhead) < -0.5 || Math.max(ahead, otherAhead) > farthest) return null;
  return [one[0] + ahead * ux, one[1] + ahead * uy];
}
