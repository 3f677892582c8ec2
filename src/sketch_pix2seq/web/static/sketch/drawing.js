// What a drawing is: strokes in Quick, Draw!'s layout. Its box, its steps, its place in a square.

import { DrawingError } from "./errors.js";

/**
 * One pen-down line: its x coordinates, then its y coordinates, as many of each. y points down.
 * @typedef {readonly [ArrayLike<number>, ArrayLike<number>]} Stroke
 */
/**
 * Strokes in the order in which they are drawn, in pixels of any scale.
 * @typedef {Stroke[]} Drawing
 */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */

/** Columns of a step: dx, dy, pen down, pen up, end. */
export const STEP_DIM = 5;
/** Pen states, in the order of their columns. */
export const DOWN = 0, UP = 1, END = 2;
/** Longest side of a drawing in Quick, Draw!'s simplified files. */
export const QUICKDRAW_SIDE = 255;
const MAX_POINTS = 100_000;
const MAX_COORDINATE = 1e6;

/**
 * Check a drawing that a user gave; its points become 32-bit floats, as in Python.
 *
 * @param {unknown} drawing
 * @returns {(readonly [Float32Array, Float32Array])[]}
 * @throws {DrawingError} If it has no stroke, or one is no pair of lists of numbers.
 */
export function checkedDrawing(drawing) {
  if (!Array.isArray(drawing) || drawing.length === 0) {
    throw new DrawingError("a drawing must be a list of strokes, at least one", {
      got: Array.isArray(drawing) ? "an empty one" : typeof drawing,
    });
  }
  let numPoints = 0;
  for (const [number, stroke] of drawing.entries()) {
    const [xs, ys] = Array.isArray(stroke) ? stroke : [];
    if (!(xs?.length > 0 && xs.length === ys?.length)) {
      throw new DrawingError(
        `stroke ${number} must be a list of x and one of y, as many of each and at least one`,
      );
    }
    numPoints += xs.length;
  }
  if (numPoints > MAX_POINTS) {
    throw new DrawingError(`a drawing must have at most ${MAX_POINTS} points`, { got: numPoints });
  }
  return drawing.map(([xs, ys]) => [checkedCoordinates(xs), checkedCoordinates(ys)]);
}

/** @param {ArrayLike<unknown>} values */
function checkedCoordinates(values) {
  const isCoordinate = (/** @type {unknown} */ value) =>
    typeof value === "number" && Math.abs(value) <= MAX_COORDINATE;
  const numbers = Array.from(values);
  if (numbers.every(isCoordinate)) return Float32Array.from(/** @type {number[]} */ (numbers));
  throw new DrawingError(`the points of a drawing must be numbers up to ${MAX_COORDINATE}`);
}

/** The smallest box around all points; null if there are none. @returns {Box | null} */
export function boundsOf(/** @type {Drawing} */ drawing) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const [xs, ys] of drawing) {
    for (let i = 0; i < xs.length; i++) {
      left = Math.min(left, xs[i]);
      right = Math.max(right, xs[i]);
      top = Math.min(top, ys[i]);
      bottom = Math.max(bottom, ys[i]);
    }
  }
  return left <= right ? [left, top, right, bottom] : null;
}

/**
 * The strokes that steps draw, up to the first end.
 *
 * @param {Float32Array} steps (T, 5).
 * @param {number} scale Pixels to one unit of the offsets.
 * @param {number} [x0] Where the pen begins.
 * @param {number} [y0]
 * @returns {[number[], number[]][]} 32-bit floats.
 */
export function strokesOf(steps, scale, x0 = 0, y0 = 0) {
  /** @type {[number[], number[]][]} */
  const strokes = [];
  let x = 0, y = 0, isOpen = false;
  const unit = Math.fround(scale);
  for (let at = 0; at < steps.length && !steps[at + 2 + END]; at += STEP_DIM) {
    x += Math.fround(steps[at] * unit);
    y += Math.fround(steps[at + 1] * unit);
    if (!isOpen) strokes.push([[], []]);
    const [xs, ys] = strokes[strokes.length - 1];
    xs.push(Math.fround(Math.fround(x) + Math.fround(x0)));
    ys.push(Math.fround(Math.fround(y) + Math.fround(y0)));
    isOpen = steps[at + 2 + UP] === 0;
  }
  return strokes;
}

/**
 * The steps that draw strokes, without an end.
 *
 * @param {Drawing} drawing
 * @param {number} scale Pixels to one unit of the offsets.
 * @returns {Float32Array} (T, 5).
 */
export function stepsOf(drawing, scale) {
  const numSteps = drawing.reduce((sum, [xs]) => sum + xs.length, 0);
  const steps = new Float32Array(STEP_DIM * numSteps);
  const unit = Math.fround(scale);
  let at = 0, x = 0, y = 0;
  for (const [xs, ys] of drawing) {
    for (let i = 0; i < xs.length; i++, at += STEP_DIM) {
      steps[at] = Math.fround(xs[i] - x) / unit;
      steps[at + 1] = Math.fround(ys[i] - y) / unit;
      steps[at + 2 + (i === xs.length - 1 ? UP : DOWN)] = 1;
      [x, y] = [xs[i], ys[i]];
    }
  }
  return steps;
}

/**
 * Move a drawing.
 *
 * @param {Drawing} drawing @param {number} dx @param {number} dy
 * @returns {[number[], number[]][]} 32-bit floats.
 */
export function moved(drawing, dx, dy) {
  return drawing.map(([xs, ys]) => [
    Array.from(xs, (x) => Math.fround(x + dx)),
    Array.from(ys, (y) => Math.fround(y + dy)),
  ]);
}

/** Round to the nearest whole number, and a half to the even one. @param {number} value */
export function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
