// Finding the printed lines of ruled and squared paper, which are no part of a drawing: long,
// straight, nearly upright or level, evenly apart all over the paper, and fainter than what is
// drawn on them. `printed_lines.py` has the same in numpy.

import { spread } from "./morphology.js";
import { BILINEAR, resized, turned, where } from "./picture.js";
import { median, quantile } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./simplify.js").Points} Points */

const SIDE = 640; // pixels of the picture in which lines are searched
const LONG = 64; // of them: a straight piece of a line
const COVERED = 0.75; // of it is visible
const SLOPES = [-0.07, 0, 0.07]; // each with as much on both sides of it
const MIN_LINES = 5;
const PLACES = 16; // across the lines, where they are counted
const EVEN = 0.25; // of the typical distance between lines, by which most may differ
const TILES = 6; // along each side, in each of which the strength of lines is measured
const DARKER = 1.5; // times as strong as the lines is what is surely drawn
const MAX_DARKER = 2; // times as strong as the lines is what may be drawn
const MIN_DRAWN = 0.001; // of the picture
const FROM_BORDER = 0.88; // of a side of the picture, what a margin line crosses
const STRAIGHT = 0.006; // of the longest side, by which it bends
const NUM_SLOPES = 57; // at which pieces of margin lines are searched
const MIN_PIECES = 3;
const BESIDE = 0.02; // of the longest side: how close other lines are beside a margin line
const MIN_SHARE = 0.7; // of the lines there are its pieces

/**
 * The contrast up to which each place shows printed lines, not drawn ones.
 *
 * @param {Plane} contrast To the paper. @param {number} floor What the grain of the paper reaches.
 * @returns {Uint8Array | null} Null if there are none, or if nothing stronger is drawn on them.
 */
export function printedLevel(contrast, floor) {
  const factor = Math.ceil(Math.max(contrast.width, contrast.height) / SIDE);
  const strongest = strongestOf(contrast, factor);
  const ridges = masked(strongest, (value) => value > floor);
  const level = evenLines(ridges), upright = evenLines(turned(ridges));
  if (!level && !upright) return null;
  const lines = level ?? masked(ridges, () => false);
  if (upright) turned(upright).data.forEach((isLine, at) => (lines.data[at] |= isLine));
  const crests = spread(strongest, 1).data; // the crests alone
  const onLines = strongest.data.map((value, at) =>
    (lines.data[at] && value === crests[at] ? value : 0));
  const strengths = onLines.filter(Boolean);
  if (strengths.length === 0) return null;
  const typical = median(strengths);
  const drawn = strongest.data.filter((value) => value > DARKER * typical);
  if (drawn.length < MIN_DRAWN * strongest.data.length) return null;
  // between both, as shares of brightness are
  const strong = quantile(drawn, 0.75), { width, height } = strongest;
  const tiles = Uint8Array.from(tileMedians({ width, height, data: onLines }), (strength) =>
    Math.min(MAX_DARKER * strength, Math.sqrt(strength * strong), 255));
  const small = { width: TILES, height: TILES, data: tiles };
  return resized(small, contrast.width, contrast.height, BILINEAR).data;
}

/** @param {Plane} plane @param {(value: number) => boolean} is @returns {Plane} */
const masked = ({ width, height, data }, is) =>
  ({ width, height, data: where(data, is) });

/** The largest value of each whole square of so many pixels. @returns {Plane} */
function strongestOf(/** @type {Plane} */ plane, /** @type {number} */ factor) {
  const width = Math.floor(plane.width / factor), height = Math.floor(plane.height / factor);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height * factor; y++) {
    const to = Math.floor(y / factor) * width, row = y * plane.width;
    for (let x = 0; x < width * factor; x++) {
      const at = to + Math.floor(x / factor), value = plane.data[row + x];
      if (value > data[at]) data[at] = value;
    }
  }
  return { width, height, data };
}

/** The median of what is not 0 in each tile; where there is little, of the whole plane. */
function tileMedians(/** @type {Plane} */ { width, height, data }) {
  const typical = median(data.filter(Boolean));
  const parts = (/** @type {number} */ side) => { // the first ones are the longer ones
    const more = side % TILES, short = Math.floor(side / TILES);
    return Array.from({ length: TILES + 1 }, (_, i) => i * short + Math.min(i, more));
  };
  const rows = parts(height), columns = parts(width);
  return Array.from({ length: TILES * TILES }, (_, tile) => {
    const row = Math.floor(tile / TILES), column = tile % TILES, values = [];
    for (let y = rows[row]; y < rows[row + 1]; y++) {
      for (let x = columns[column]; x < columns[column + 1]; x++) {
        if (data[y * width + x]) values.push(data[y * width + x]);
      }
    }
    return values.length > LONG ? median(values) : typical;
  });
}

/** The middles of level lines, if they are evenly apart in most places. @returns {Plane | null} */
function evenLines(/** @type {Plane} */ ridges) {
  const { width, height } = ridges;
  if (width < 2 * LONG || height < 2 * LONG) return null;
  const last = width - LONG / 2 - 1, step = (last - LONG / 2) / (PLACES - 1);
  const places = Array.from({ length: PLACES }, (_, i) => Math.trunc(LONG / 2 + i * step));
  const column = (/** @type {Plane} */ { data }, /** @type {number} */ x) =>
    Array.from({ length: height }, (_, y) => data[y * width + x]);
  const crossed = places.filter((x) => {
    const values = column(ridges, x);
    return values.filter((value, y) => y > 0 && value > values[y - 1]).length >= MIN_LINES;
  });
  if (crossed.length <= PLACES / 2) return null;
  const lines = masked(ridges, () => false);
  for (const slope of SLOPES) {
    const found = sheared(longOnes(sheared(ridges, slope)), -slope).data;
    found.forEach((isLine, at) => (lines.data[at] |= isLine));
  }
  if (places.filter((x) => isEven(column(lines, x))).length <= PLACES / 2) return null;
  return { width, height, data: lines.data.map((isLine, at) => isLine & ridges.data[at]) };
}

/** Middles of long level pieces, which may rise or fall by a pixel. @returns {Plane} */
function longOnes(/** @type {Plane} */ { width, height, data }) {
  const lines = new Uint8Array(data.length);
  const thick = data.map((isInk, at) => isInk | (data[at - width] ?? 0) | (data[at + width] ?? 0));
  for (let row = 0; row < data.length; row += width) {
    let sum = 0;
    for (let x = 0; x < width; x++) {
      sum += thick[row + x] - (x >= LONG ? thick[row + x - LONG] : 0);
      if (x + 1 >= LONG) lines[row + x + 1 - LONG / 2] = Number(sum >= COVERED * LONG);
    }
  }
  return { width, height, data: lines };
}

/** Move columns down by so much for each column to the right of the middle. @returns {Plane} */
function sheared(/** @type {Plane} */ mask, /** @type {number} */ slope) {
  if (slope === 0) return mask;
  const { width, height, data } = mask, moved = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const row = Math.floor(slope * (x + 0.5) + y + 0.5 - (slope * width) / 2);
      if (row >= 0 && row < height) moved[at] = data[row * width + x];
    }
  }
  return { width, height, data: moved };
}

/** Whether the lines that cross a column are evenly apart. @param {number[]} column */
function isEven(column) {
  const edges = [];
  for (let y = 0; y <= column.length; y++) {
    if ((column[y] ?? 0) !== (column[y - 1] ?? 0)) edges.push(y);
  }
  /** @type {number[]} */
  const middles = [];
  for (let i = 0; i < edges.length; i += 2) middles.push((edges[i] + edges[i + 1]) / 2);
  if (middles.length < MIN_LINES) return false;
  const distances = middles.slice(1).map((middle, i) => middle - middles[i]);
  const typical = median(distances);
  const even = distances.filter((distance) => Math.abs(distance - typical) <= EVEN * typical + 1);
  return even.length / distances.length > 0.6;
}

/**
 * Leave out straight lines from border to border of printed paper, unless all are such.
 *
 * @param {Points[]} strokes @param {number} width @param {number} height
 * @param {number} lineWidth
 */
export function withoutMarginLines(strokes, width, height, lineWidth) {
  const isAcross = linesAcross(strokes, width, height, lineWidth);
  const drawn = strokes.filter((_, stroke) => !isAcross[stroke]);
  return drawn.length ? drawn : strokes;
}

/**
 * Which strokes are straight lines from border to border, whole or in pieces.
 *
 * @param {Points[]} strokes @param {number} width @param {number} height
 * @param {number} lineWidth Also how far pieces may be off the line.
 * @param {{minPieces?: number, minCovered?: number, minShare?: number}} [options]
 *   `minPieces`: of a line in pieces. `minCovered`: of such a line's length, what its pieces cover
 *   at least, 0 to 1. `minShare`: of all strokes close to such a line, 0 to 1; more are its pieces.
 */
export function linesAcross(strokes, width, height, lineWidth, options) {
  const isPiece = piecesAcross(strokes, [width, height], lineWidth, options);
  return strokes.map(([xs, ys], stroke) => {
    const last = xs.length - 1, x = xs[last] - xs[0], y = ys[last] - ys[0];
    const size = Math.max(Math.hypot(x, y), 1e-9);
    const bends = xs.map((value, i) =>
      Math.abs((value - xs[0]) * (y / size) - (ys[i] - ys[0]) * (x / size)));
    const isLong = Math.abs(x) > FROM_BORDER * width || Math.abs(y) > FROM_BORDER * height;
    const isLine = isLong && bends.every((bend) => bend < STRAIGHT * Math.max(width, height));
    return isLine || isPiece[stroke];
  });
}

/**
 * Which strokes together are a straight line from border to border, with little beside it.
 *
 * @param {Points[]} strokes @param {number[]} sides @param {number} lineWidth
 * @param {{minPieces?: number, minCovered?: number, minShare?: number}} [options]
 */
function piecesAcross(strokes, sides, lineWidth, options = {}) {
  const { minPieces = MIN_PIECES, minCovered = 0, minShare = MIN_SHARE } = options;
  const isAcross = strokes.map(() => false), first = SLOPES[0], last = SLOPES[SLOPES.length - 1];
  const reach = BESIDE * Math.max(...sides);
  for (const along of [0, 1]) {
    const extents = strokes.map((points) => extentOf(points[along]));
    for (let number = 0; number < NUM_SLOPES; number++) {
      const slope = first + ((last - first) * number) / (NUM_SLOPES - 1);
      const across = strokes.map((points) =>
        extentOf(points[1 - along].map((value, i) => value - slope * points[along][i])));
      const order = [...across.keys()].sort((one, other) => across[one][0] - across[other][0]);
      const lows = order.map((stroke) => across[stroke][0]);
      const highs = across.map(([, high]) => high).sort((one, other) => one - other);
      for (const [low, high] of across) {
        if (high - low >= lineWidth) continue;
        const middle = (low + high) / 2;
        const from = numBelow(lows, middle - lineWidth), to = numBelow(lows, middle + lineWidth);
        // what is neither wholly above nor wholly below is near
        const numNear = numBelow(lows, middle + reach) - numUpTo(highs, middle - reach);
        if (to - from < minPieces || to - from <= minShare * numNear) continue;
        const pieces = order.slice(from, to).filter((stroke) => middle - across[stroke][0] < lineWidth
          && across[stroke][1] - middle < lineWidth);
        if (pieces.length < minPieces || pieces.length <= minShare * numNear) continue;
        let start = Infinity, end = -Infinity, length = 0;
        for (const stroke of pieces) {
          start = Math.min(start, extents[stroke][0]);
          end = Math.max(end, extents[stroke][1]);
          length += extents[stroke][1] - extents[stroke][0];
        }
        const span = end - start;
        if (span <= FROM_BORDER * sides[along] || length < minCovered * span) continue;
        for (const stroke of pieces) isAcross[stroke] = true;
      }
    }
  }
  return isAcross;
}

/** How many of some sorted numbers are below a limit. @param {number[]} sorted @param {number} limit */
const numBelow = (sorted, limit) => firstWhere(sorted, (value) => value >= limit);

/** How many are not above it. @param {number[]} sorted @param {number} limit */
const numUpTo = (sorted, limit) => firstWhere(sorted, (value) => value > limit);

/**
 * The place of the first number for which something holds, as it does for all after it.
 *
 * @param {number[]} sorted @param {(value: number) => boolean} holds
 */
function firstWhere(sorted, holds) {
  let from = 0, to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(sorted[middle])) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The least and the largest of some values. @param {number[]} values */
const extentOf = (values) => values.reduce(
  ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
