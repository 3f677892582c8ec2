// Points evenly along a line, and their running mean.

import { roundHalfEven } from "./drawing.js";
import { interpolated, wayAlong } from "./statistics.js";

/** @typedef {import("./simplify.js").Points} Points */

/**
 * Points evenly apart along a line, both ends included; a point alone stays.
 *
 * @param {number[][]} values x and y of its points, and what else is known of each.
 * @param {number} [spacing] About how far apart.
 * @returns {number[][]} As many lists.
 */
export function evenly(values, spacing = 1) {
  const [xs, ys] = values, along = wayAlong([xs, ys]), length = along[along.length - 1];
  const count = xs.length === 1 ? 1 : Math.max(2, roundHalfEven(length / spacing) + 1);
  const at = Array.from({ length: count }, (_, i) => (length * i) / Math.max(count - 1, 1));
  return values.map((some) => Array.from(interpolated(at, along, some)));
}

/**
 * Average along a line of points that are about evenly apart; its ends stay.
 *
 * @param {Points} line @param {number} sigma In points. @returns {Points}
 */
export function averaged(line, sigma) {
  const last = line[0].length - 1, reach = Math.min(Math.ceil(3 * sigma), last);
  if (last < 2) return line;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = weights.reduce((total, one) => total + one, 0);
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
