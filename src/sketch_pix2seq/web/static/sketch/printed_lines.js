// Finding the printed lines of ruled and squared paper, which are no part of a drawing: long,
// straight, nearly upright or level, evenly apart all over the paper, and fainter than what is
// drawn on them. `printed_lines.py` has the same in numpy.

import { spread } from "./morphology.js";
import { BILINEAR, resized, turned, where } from "./picture.js";
import { median, quantile } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./simplify.js").Points} Points */

const SIDE = 640; // pixels of the picture in which lines are looked for
const LONG = 64; // of them: a straight piece of a line
const COVERED = 0.75; // of it is seen
const SLOPES = [-0.07, 0, 0.07]; // each with as much on both sides of it
const LEAST_LINES = 5;
const PLACES = 16; // across the lines, where they are counted
const EVEN = 0.25; // of the usual distance between lines, by which most may differ
const TILES = 6; // along each side, in each of which the strength of lines is measured
const DARKER = 1.5; // times as strong as the lines is what is surely drawn
const MOST_DARKER = 2; // times as strong as the lines is what may be drawn
const LEAST_DRAWN = 0.001; // of the picture
const FROM_BORDER = 0.88; // of a side of the picture, what a margin line crosses
const STRAIGHT = 0.006; // of the longest side, by which it bends

/**
 * The contrast up to which each place shows printed lines, not drawn ones.
 *
 * @param {Plane} contrast To the paper. @param {number} floor What the grain of the paper reaches.
 * @returns {Uint8Array | null} Null if there are none, or if nothing stronger is drawn on them.
 */
export function printedLevel(contrast, floor) {
  const factor = Math.ceil(Math.max(contrast.width, contrast.height) / SIDE);
  const strongest = strongestOf(contrast, factor);
  const seen = masked(strongest, (value) => value > floor);
  const level = evenLines(seen), upright = evenLines(turned(seen));
  if (!level && !upright) return null;
  const lines = level ?? masked(seen, () => false);
  if (upright) turned(upright).data.forEach((one, at) => (lines.data[at] |= one));
  const crests = spread(strongest, 1).data; // the crests alone
  const onLines = strongest.data.map((value, at) =>
    (lines.data[at] && value === crests[at] ? value : 0));
  const strengths = onLines.filter(Boolean);
  if (strengths.length === 0) return null;
  const usual = median(strengths), drawn = strongest.data.filter((value) => value > DARKER * usual);
  if (drawn.length < LEAST_DRAWN * strongest.data.length) return null;
  // between both, as shares of brightness are
  const strong = quantile(drawn, 0.75), { width, height } = strongest;
  const tiles = Uint8Array.from(tileMedians({ width, height, data: onLines }), (one) =>
    Math.min(MOST_DARKER * one, Math.sqrt(one * strong), 255));
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

/** The middle of what is not 0 in each of some tiles; where that is little, of all. */
function tileMedians(/** @type {Plane} */ { width, height, data }) {
  const usual = median(data.filter(Boolean));
  const parts = (/** @type {number} */ side) => { // the first ones are the longer ones
    const more = side % TILES, short = Math.floor(side / TILES);
    return Array.from({ length: TILES + 1 }, (_, i) => i * short + Math.min(i, more));
  };
  const rows = parts(height), columns = parts(width);
  return Array.from({ length: TILES * TILES }, (_, tile) => {
    const row = Math.floor(tile / TILES), column = tile % TILES, some = [];
    for (let y = rows[row]; y < rows[row + 1]; y++) {
      for (let x = columns[column]; x < columns[column + 1]; x++) {
        if (data[y * width + x]) some.push(data[y * width + x]);
      }
    }
    return some.length > LONG ? median(some) : usual;
  });
}

/** The middles of level lines, if they are evenly apart in most places. @returns {Plane | null} */
function evenLines(/** @type {Plane} */ seen) {
  const { width, height } = seen;
  if (width < 2 * LONG || height < 2 * LONG) return null;
  const last = width - LONG / 2 - 1, step = (last - LONG / 2) / (PLACES - 1);
  const places = Array.from({ length: PLACES }, (_, i) => Math.trunc(LONG / 2 + i * step));
  const column = (/** @type {Plane} */ { data }, /** @type {number} */ x) =>
    Array.from({ length: height }, (_, y) => data[y * width + x]);
  const crossed = places.filter((x) => {
    const values = column(seen, x);
    return values.filter((value, y) => y > 0 && value > values[y - 1]).length >= LEAST_LINES;
  });
  if (crossed.length <= PLACES / 2) return null;
  const lines = masked(seen, () => false);
  for (const slope of SLOPES) {
    const found = sheared(longOnes(sheared(seen, slope)), -slope).data;
    found.forEach((one, at) => (lines.data[at] |= one));
  }
  if (places.filter((x) => isEven(column(lines, x))).length <= PLACES / 2) return null;
  return { width, height, data: lines.data.map((one, at) => one & seen.data[at]) };
}

/** Middles of long level pieces, which may rise or fall by a pixel. @returns {Plane} */
function longOnes(/** @type {Plane} */ { width, height, data }) {
  const lines = new Uint8Array(data.length);
  const thick = data.map((one, at) => one | (data[at - width] ?? 0) | (data[at + width] ?? 0));
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
  if (middles.length < LEAST_LINES) return false;
  const apart = middles.slice(1).map((middle, i) => middle - middles[i]), usual = median(apart);
  const even = apart.filter((one) => Math.abs(one - usual) <= EVEN * usual + 1);
  return even.length / apart.length > 0.6;
}

/**
 * Leave out straight strokes from border to border of printed paper, unless all are such.
 *
 * @param {Points[]} strokes @param {number} width @param {number} height
 */
export function withoutMarginLines(strokes, width, height) {
  const drawn = strokes.filter(([xs, ys]) => {
    const last = xs.length - 1, x = xs[last] - xs[0], y = ys[last] - ys[0];
    const size = Math.max(Math.hypot(x, y), 1e-9);
    const bends = xs.map((one, i) =>
      Math.abs((one - xs[0]) * (y / size) - (ys[i] - ys[0]) * (x / size)));
    const isLong = Math.abs(x) > FROM_BORDER * width || Math.abs(y) > FROM_BORDER * height;
    return !(isLong && bends.every((bend) => bend < STRAIGHT * Math.max(width, height)));
  });
  return drawn.length ? drawn : strokes;
}
