// The one way in which a drawing becomes a picture; the same, to the last bit, as `raster.py`.
//
// Each segment is a line with round ends; each pixel near it gets the share of its area that the
// line covers, and where lines meet the larger share counts.

import { boundsOf, roundHalfEven } from "./drawing.js";

/** @typedef {import("./drawing.js").Drawing} Drawing */
/**
 * How a drawing is put on paper: side of the picture, pixels kept between the points and each edge,
 * and width of the line, in pixels.
 * @typedef {{size: number, margin: number, line_width: number}} RasterSettings
 */

const NUM_SLOPES = 33;
const BINS_PER_PIXEL = 128;
const REACH = 0.75; // a pixel's centre is at most 0.707 from its corner
const NUM_BINS = 2 * REACH * BINS_PER_PIXEL + 1;
const f32 = Math.fround;

/** How many pixels of the picture one unit of a drawing with a longest side of 255 is. */
export function frameScale(/** @type {RasterSettings} */ { size, margin }) {
  return (size - 2 * margin) / 255;
}

/**
 * Draw a drawing.
 *
 * @param {Drawing} drawing Of any scale: its box fills the picture but for the margin.
 * @param {RasterSettings} settings
 * @returns {Float32Array} (size, size); 1 = ink, 0 = paper.
 */
export function rasterise(drawing, settings) {
  const { size, margin } = settings;
  const picture = new Float32Array(size * size);
  const box = boundsOf(drawing);
  if (!box) return picture;
  const [left, top, right, bottom] = box;
  const extent = Math.max(right - left, bottom - top);
  const scale = extent > 1e-300 ? (size - 2 * margin) / extent : 1;
  const middleX = left + (right - left) / 2, middleY = top + (bottom - top) / 2;
  const table = coverageTable(settings.line_width);
  for (const [xs, ys] of drawing) {
    let x = (xs[0] - middleX) * scale + size / 2, y = (ys[0] - middleY) * scale + size / 2;
    if (xs.length === 1) paintSegment(picture, table, settings, x, y, 0, 0);
    for (let i = 1; i < xs.length; i++) {
      const nextX = (xs[i] - middleX) * scale + size / 2;
      const nextY = (ys[i] - middleY) * scale + size / 2;
      paintSegment(picture, table, settings, x, y, nextX - x, nextY - y);
      [x, y] = [nextX, nextY];
    }
  }
  return picture;
}

/**
 * Paint one line from (x, y) to (x + dx, y + dy). u runs along its longer axis, v along the other.
 *
 * @param {Float32Array} picture @param {Float32Array} table @param {RasterSettings} settings
 * @param {number} x @param {number} y @param {number} dx @param {number} dy
 */
function paintSegment(picture, table, { size, line_width: width }, x, y, dx, dy) {
  const radius = width / 2;
  const isSteep = Math.abs(dy) > Math.abs(dx);
  const [u, exactV, exactDu, exactDv] = isSteep ? [y, x, dy, dx] : [x, y, dx, dy];
  const length2 = exactDu * exactDu + exactDv * exactDv;
  const exactSlope = exactDu === 0 ? 0 : exactDv / exactDu;
  const steepness = Math.abs(exactSlope);
  const numRows = Math.ceil(Math.SQRT2 * width + 1.58);
  const reach = radius * Math.sqrt(1 + exactSlope * exactSlope) + (1 + steepness) / 2;
  const half = f32(Math.min(reach, numRows / 2));
  const tableRow = f32(
    roundHalfEven(steepness * (NUM_SLOPES - 1)) * NUM_BINS - (radius - REACH) * BINS_PER_PIXEL,
  );
  const end = radius + 0.5;
  const first = Math.max(Math.ceil(Math.min(u, u + exactDu) - end - 0.5), 0);
  const last = Math.min(Math.floor(Math.max(u, u + exactDu) + end - 0.5), size - 1);
  const start = f32(first + 0.5 - u), v = f32(exactV), du = f32(exactDu), dv = f32(exactDv);
  const inverse = f32(length2 > 0 ? 1 / length2 : 0), slope = f32(exactSlope);
  const perRow = f32(dv * inverse);
  const farthest = f32(radius + REACH);
  // a quarter of a bin more than its edge: rounding must not lead into another row
  const nearest = radius > REACH ? f32(radius - REACH + 0.25 / BINS_PER_PIXEL) : 0;
  const [strideU, strideV] = isSteep ? [size, 1] : [1, size];
  for (let column = first; column <= last; column++) {
    const along = f32(start + (column - first));
    const onLine = Math.min(Math.max(along, Math.min(du, 0)), Math.max(du, 0));
    const row = Math.ceil(f32(f32(f32(f32(onLine * slope) + v) - half) - 0.5));
    const across = f32(f32(row + 0.5) - v);
    const foot = f32(f32(f32(along * du) + f32(across * dv)) * inverse);
    for (let step = 0; step < numRows; step++) {
      if (row + step < 0 || row + step >= size) continue;
      const share = Math.min(Math.max(f32(foot + f32(step * perRow)), 0), 1);
      const offV = f32(f32(across + step) - f32(share * dv));
      const offU = f32(along - f32(share * du));
      let away = f32(Math.sqrt(f32(f32(offV * offV) + f32(offU * offU))));
      away = Math.max(Math.min(away, farthest), nearest);
      const coverage = table[Math.trunc(f32(f32(away * BINS_PER_PIXEL) + tableRow))];
      const place = column * strideU + (row + step) * strideV;
      if (coverage > picture[place]) picture[place] = coverage;
    }
  }
}

/** @type {Map<number, Float32Array>} */
const tables = new Map();

/**
 * Tabulate the share of a unit pixel that a straight line covers, by slope (from 0 to 1) and by
 * distance from the edge of the line to the middle of the pixel (from -0.75, inside, to 0.75).
 *
 * @param {number} width Of the line.
 */
function coverageTable(width) {
  const known = tables.get(width);
  if (known) return known;
  const table = new Float32Array(NUM_SLOPES * NUM_BINS);
  for (let row = 0; row < NUM_SLOPES; row++) {
    const angle = Math.atan(row / (NUM_SLOPES - 1));
    const cosine = Math.cos(angle), sine = Math.max(Math.sin(angle), 1e-4);
    const outer = (cosine + sine) / 2, inner = (cosine - sine) / 2;
    const ramp = (/** @type {number} */ end, /** @type {number} */ edge) =>
      Math.max(end - edge, 0) ** 2;
    const beyond = (/** @type {number} */ edge) =>
      (ramp(outer, edge) - ramp(inner, edge) - ramp(-inner, edge) + ramp(-outer, edge)) /
      (2 * cosine * sine);
    for (let bin = 0; bin < NUM_BINS - 1; bin++) {
      const edge = (bin + 0.5) / BINS_PER_PIXEL - REACH;
      table[row * NUM_BINS + bin] = Math.min(Math.max(beyond(edge) - beyond(edge + width), 0), 1);
    }
  }
  tables.set(width, table);
  return table;
}
