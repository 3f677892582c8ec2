// Finding the folds of a sheet: straight lines from border to border, paler than what is drawn.
// `folds.py` has the same in numpy.

import { linesAcross } from "./printed_lines.js";
import { arcLengths, interpolated, median, quantile } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./simplify.js").Points} Points */

const STEP = 3; // pixels between the places where a line's contrast is measured
const DRAWN = 0.75; // of all places have less contrast than what is surely drawn
const PALE = 0.6; // of that contrast: folds have less
const PIECES = { minPieces: 2, minCovered: 0.6, minShare: 0.4 }; // of a fold that the drawing crosses
const OFF = 2; // widths of lines, by which its pieces are off one line

/**
 * Which strokes are folds of the paper; where all are pale, none is.
 *
 * @param {Points[]} strokes In pixels of `contrast`. @param {Plane} contrast To the paper.
 * @param {number} lineWidth
 */
export function folds(strokes, contrast, lineWidth) {
  const along = strokes.map((stroke) => contrastAlong(stroke, contrast));
  const drawn = quantile(along.flat(), DRAWN);
  const isPale = along.map((values) => median(values) < PALE * drawn);
  if (isPale.every(Boolean)) return isPale.map(() => false);
  const pale = strokes.filter((_, stroke) => isPale[stroke]);
  const isAcross = linesAcross(pale, contrast.width, contrast.height, OFF * lineWidth, PIECES);
  let next = 0;
  return isPale.map((one) => one && isAcross[next++]);
}

/** The contrast at places along a stroke. @param {Points} stroke @param {Plane} contrast */
function contrastAlong(stroke, { width, height, data }) {
  const along = arcLengths(stroke);
  const count = Math.ceil((along[along.length - 1] + 1) / STEP);
  const at = Array.from({ length: count }, (_, i) => i * STEP);
  const [xs, ys] = stroke.map((values) => interpolated(at, along, values));
  const within = (/** @type {number} */ value, /** @type {number} */ side) =>
    Math.min(Math.max(Math.floor(value), 0), side - 1);
  return at.map((_, i) => data[within(ys[i], height) * width + within(xs[i], width)]);
}
