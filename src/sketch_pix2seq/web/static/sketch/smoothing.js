// Resamples a line evenly and smooths it with a Gaussian.

import { roundHalfEven } from "./drawing.js";
import { arcLengths, interpolated } from "./statistics.js";

/** @typedef {import("./simplify.js").Points} Points */

/**
 * Resample a line at even distances, both ends included; a single point stays.
 *
 * @param {number[][]} values x and y of its points; further lists, of a value for each point, are
 *   interpolated too.
 * @param {number} [spacing] Distance between points, as nearly as it divides the line.
 * @returns {number[][]} The same lists for the new points.
 */
export function resampled(values, spacing = 1) {
  const [xs, ys] = values, along = arcLengths([xs, ys]), length = along[along.length - 1];
  const count = xs.length === 1 ? 1 : Math.max(2, roundHalfEven(length / spacing) + 1);
  const at = Array.from({ length: count }, (_, i) => (length * i) / Math.max(count - 1, 1));
  return values.map((list) => Array.from(interpolated(at, along, list)));
}

/**
 * Smooth a line of evenly spaced points with a Gaussian; its ends stay.
 *
 * @param {Points} line @param {number} sigma Standard deviation, in points. @returns {Points}
 */
export function gaussianSmoothed(line, sigma) {
  const last = line[0].length - 1, reach = Math.min(Math.ceil(3 * sigma), last);
  if (last < 2) return line;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const [xs, ys] = line.map((values) => values.map((_, i) => {
    let total = 0;
    for (let k = 0; k < weights.length; k++) {
      const at = i + k - reach;
      const value = at < 0 ? 2 * values[0] - values[-at]
        : at > last ? 2 * values[last] - values[2 * last - at] : values[at];
      total += weights[k] * value;
    }
    return total / sum;
  }));
  return [xs, ys];
}
