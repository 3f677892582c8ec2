// Finding a sheet of paper that lies on a darker table, in a photo. `sheet_edge.py` has the same in
// numpy, and says why.

import { closed } from "./morphology.js";
import { eachPlane, reduced } from "./picture.js";
import { Regions } from "./regions.js";
import { median } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./centre_lines.js").Point} Point */

const SIDE = 192; // pixels of the picture in which the sheet is looked for
const BLACKEST = 16; // steps of 255 that are added: in the dark there is noise
const LEAST_APART = 50; // steps of 255 between sheet and table
const DARKER = 0.62; // of the sheet's brightness: what a table has at most
const LEAST_AREA = 0.12; // of the picture
const FILLED = 0.93; // of its outline, the least that is light
const FOUR_CORNERED = 0.75; // of it, the least within four of its corners; of a circle 0.64
const BLACK = 0.22; // of the sheet's brightness: no shadow is as dark
const OTHER_HUE = 1.8; // times as much darker in one colour than in another is no shadow
const AT_BORDER = 0.01; // of the longest side: a sheet that ends there may go on
const INSET = 0.02; // of its longest side: the sheet's edge, with its shadow

/**
 * Find the outline of a light sheet on a dark ground, which may be on one side of it alone.
 *
 * @param {Picture} picture
 * @returns {Point[] | null} Corners of a convex outline in pixels of the picture.
 */
export function findSheet(picture) {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / SIDE);
  const small = eachPlane(picture, (plane) => reduced(plane, factor));
  const { width, height, planes } = small;
  if (Math.min(width, height) < 16) return null;
  const darkest = planes[0].map((_, at) => Math.min(...planes.map((plane) => plane[at])));
  const light = lightPart(closed({ width, height, data: darkest }, 3).data); // lines are filled up
  if (!light) return null;
  // a shadow that lies on a part of the sheet leaves a corner of the picture light
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  const lit = corners.filter((at) => light[at]).length;
  if (lit === 4 || (lit > 0 && !isOtherStuff(planes, light))) return null;
  const regions = new Regions({ width, height, data: light });
  const largest = Math.max(...regions.areas), sheet = regions.areas.indexOf(largest);
  if (largest < LEAST_AREA * width * height) return null;
  const outline = hull(regions.labels, sheet, width, height), area = areaOf(outline);
  if (largest < FILLED * area || areaOf(mainCorners(outline)) < FOUR_CORNERED * area) return null;
  return outline.map(([x, y]) => [x * factor, y * factor]);
}

/**
 * The outline of a sheet without its edges, where these are not beyond the picture's border.
 *
 * @param {Point[]} outline @param {number} width @param {number} height @returns {Point[]}
 */
export function withinEdges(outline, width, height) {
  const { low, high } = boxAround(outline);
  const inset = INSET * Math.max(high[0] - low[0], high[1] - low[1]);
  const border = AT_BORDER * Math.max(width, height);
  const sides = [width, height].map((side, axis) => {
    const first = low[axis] + (low[axis] > border ? inset : -border);
    const last = high[axis] - (high[axis] < side - border ? inset : -border);
    return { first, scale: (last - first) / (high[axis] - low[axis]) };
  });
  const moved = (/** @type {Point} */ point, /** @type {number} */ axis) =>
    sides[axis].first + (point[axis] - low[axis]) * sides[axis].scale;
  return outline.map((point) => [moved(point, 0), moved(point, 1)]);
}

/** @param {Point[]} points */
export function boxAround(points) {
  const side = (/** @type {(...values: number[]) => number} */ most) =>
    [0, 1].map((axis) => most(...points.map((point) => point[axis])));
  return { low: side(Math.min), high: side(Math.max) };
}

/**
 * Where a convex polygon is not.
 *
 * @param {Point[]} polygon @param {number} width @param {number} height @returns {Plane}
 */
export function outsideOf(polygon, width, height) {
  const data = new Uint8Array(width * height).fill(1);
  for (let y = 0; y < height; y++) {
    let left = Infinity, right = -Infinity;
    polygon.forEach(([x, from], number) => {
      const [nextX, to] = polygon[(number + 1) % polygon.length];
      if (Math.min(from, to) > y || Math.max(from, to) < y) return;
      const ends = from === to ? [x, nextX] : [x + ((nextX - x) * (y - from)) / (to - from)];
      left = Math.min(left, ...ends);
      right = Math.max(right, ...ends);
    });
    const first = Math.max(Math.round(left), 0), stop = Math.min(Math.round(right) + 1, width);
    if (first < stop) data.fill(0, y * width + first, y * width + stop);
  }
  return { width, height, data };
}

/** Whether what is dark is no paper in a shadow: nearly black, or of another hue. */
function isOtherStuff(/** @type {Uint8Array[]} */ planes, /** @type {Uint8Array} */ light) {
  const shares = planes.map((plane) => {
    const [dark, lit] = [0, 1].map((which) => median(plane.filter((_, at) => light[at] === which)));
    return (dark + 1) / (lit + 1);
  });
  const most = Math.max(...shares);
  return most < BLACK || most > OTHER_HUE * Math.min(...shares);
}

/**
 * The light part of a picture of two brightnesses; null if they are close.
 *
 * By Otsu's way (1979), for logarithms: light that falls off by a half is one step everywhere.
 *
 * @param {Uint8Array} grey @returns {Uint8Array | null}
 */
function lightPart(grey) {
  const counts = new Array(256).fill(0);
  for (const value of grey) counts[value]++;
  const logs = counts.map((count, value) => count * Math.log(value + BLACKEST));
  const total = logs.reduce((sum, one) => sum + one, 0);
  let best = { apart: -1, at: 0, dark: 0, light: 0 };
  for (let at = 0, below = 0, sum = 0; at < 255; at++) {
    below += counts[at];
    sum += logs[at];
    const above = grey.length - below;
    const dark = sum / Math.max(below, 1), light = (total - sum) / Math.max(above, 1);
    const apart = below * above * (light - dark) ** 2;
    if (apart > best.apart) best = { apart, at, dark, light };
  }
  const darker = Math.exp(best.dark), lighter = Math.exp(best.light);
  if (lighter - darker < LEAST_APART || darker > DARKER * lighter) return null;
  return grey.map((value) => Number(value > best.at));
}

/** The convex outline of a region (monotone chain), in places of pixel corners. */
function hull(
  /** @type {Int32Array} */ labels, /** @type {number} */ region,
  /** @type {number} */ width, /** @type {number} */ height,
) {
  /** @type {Point[]} */
  const ends = [];
  for (let y = 0; y < height; y++) {
    const row = labels.subarray(y * width, (y + 1) * width), first = row.indexOf(region);
    if (first < 0) continue;
    const last = row.lastIndexOf(region) + 1;
    ends.push([first, y], [first, y + 1], [last, y], [last, y + 1]);
  }
  const points = ends.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .filter(([x, y], i) => i === 0 || x !== ends[i - 1][0] || y !== ends[i - 1][1]);
  /** @type {Point[]} */
  const outline = [];
  for (const some of [points, points.toReversed()]) {
    /** @type {Point[]} */
    const chain = [];
    for (const point of some) {
      const isOutside = () => turn(chain[chain.length - 2], chain[chain.length - 1], point) > 0;
      while (chain.length > 1 && !isOutside()) chain.pop();
      chain.push(point);
    }
    outline.push(...chain.slice(0, -1));
  }
  return outline;
}

/** @param {Point} a @param {Point} b @param {Point} c */
const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/**
 * Leave out, one after the other, the corners of an outline that take off least of its area.
 *
 * @param {Point[]} outline @param {number} [least] @returns {Point[]} At least four; each takes off
 *   more than `least` of an area.
 */
export function mainCorners(outline, least = Infinity) {
  const points = [...outline];
  while (points.length > 4) {
    const areas = points.map((point, i) =>
      areaOf([points[(i || points.length) - 1], point, points[(i + 1) % points.length]]));
    const smallest = Math.min(...areas);
    if (smallest > least) break;
    points.splice(areas.indexOf(smallest), 1);
  }
  return points;
}

/** The area of a polygon. @param {Point[]} polygon */
export function areaOf(polygon) {
  return Math.abs(polygon.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length];
    return sum + x * nextY - y * nextX;
  }, 0)) / 2;
}
