// Finding the printed dots of dotted paper, which are no part of a drawing.

import { spread } from "./morphology.js";
import { median } from "./statistics.js";

/** @typedef {import("./centre_lines.js").Point} Point */

const LEAST_DOTS = 60;
const LOOKED_AT = 500; // dots whose distances to all others are measured
const EVEN = 0.15; // of the distance between dots: how far they are off their places at most
const REGULAR = 0.5; // of the small things are in a row with two others, where paper is dotted

/**
 * Which regions are printed dots: small ones, most of them evenly between two.
 *
 * @param {number[]} areas Pixels of each region. @param {Point[]} middles
 * @param {number} most The largest area of a dot.
 */
export function printedDots(areas, middles, most) {
  const isDot = new Array(areas.length).fill(false);
  const small = [...areas.keys()].filter((region) => areas[region] < most);
  if (small.length < LEAST_DOTS) return isDot;
  const places = small.map((region) => middles[region]), spacing = usualSpacing(places);
  const slack = EVEN * spacing + 1;
  const [left, right, up, down] = [[-1, 0], [1, 0], [0, -1], [0, 1]].map(([x, y]) =>
    hasOneAt(places, [x * spacing, y * spacing], slack));
  const isBetween = small.filter((_, i) => (left[i] && right[i]) || (up[i] && down[i]));
  if (isBetween.length / small.length < REGULAR) return isDot;
  small.forEach((region, i) => (isDot[region] = left[i] || right[i] || up[i] || down[i]));
  return isDot;
}

/** The usual distance of places from the nearest other one; some are looked at. */
function usualSpacing(/** @type {Point[]} */ places) {
  const count = Math.min(places.length, LOOKED_AT);
  const step = (places.length - 1) / Math.max(count - 1, 1);
  return median(Array.from({ length: count }, (_, i) => {
    const one = Math.trunc(i * step), [x, y] = places[one];
    return places.reduce((nearest, [otherX, otherY], other) =>
      (other === one ? nearest : Math.min(nearest, Math.hypot(otherX - x, otherY - y))), Infinity);
  }));
}

/** Whether there is another place so far off each place, or nearly there. */
function hasOneAt(
  /** @type {Point[]} */ places, /** @type {Point} */ shift, /** @type {number} */ slack,
) {
  const low = [0, 1].map((axis) =>
    Math.min(...places.map((place) => place[axis])) - Math.abs(shift[axis]) - slack);
  const cell = (/** @type {Point} */ place, /** @type {number} */ times) => [0, 1].map((axis) =>
    Math.trunc((place[axis] + times * shift[axis] - low[axis]) / slack));
  const cells = places.map((place) => cell(place, 0));
  const wanted = places.map((place) => cell(place, 1));
  const [width, height] = [0, 1].map((axis) =>
    Math.max(...[...cells, ...wanted].map((one) => one[axis])) + 2);
  const data = new Uint8Array(width * height);
  for (const [x, y] of cells) data[y * width + x] = 1;
  const near = spread({ width, height, data }, 1).data;
  return wanted.map(([x, y]) => near[y * width + x] > 0);
}
