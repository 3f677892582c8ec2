// Finding a sheet of paper that lies on a darker table, in a photo. `sheet_edge.py` has the same in
// numpy, and says why.

import { closed, inverted, spread } from "./morphology.js";
import { eachPlane, partOf, reduced, where } from "./picture.js";
import { Regions } from "./regions.js";
import { medianOfBytes } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./centre_lines.js").Point} Point */
/**
 * A light part of a picture: where it is in the shrunk picture, its convex outline there, its share
 * of this, and pixels of the picture to one of it.
 * @typedef {{mask: Plane, outline: Point[], share: number, factor: number}} LightPart
 *
 * A small picture, and pixels of the picture to one of it.
 * @typedef {{picture: Picture, factor: number}} Shrunk
 */

const SIDE = 192; // pixels of the picture in which the sheet is searched
const BLACKEST = 16; // steps of 255 that are added: in the dark there is noise
const MIN_CONTRAST = 50; // steps of 255 between sheet and table
const DARKER = 0.62; // of the sheet's brightness: what a table has at most
const MIN_AREA = 0.12; // of the picture, or of the part that is enlarged
const MIN_FAR_AREA = 0.001; // of the picture, of a sheet that is enlarged
const MARGIN = 0.25; // of its size: margin of the enlarged part
const INK = [0.001, 0.35]; // of a small sheet, at least and at most, is much darker than its paper
const FINE_SIDE = 1024; // pixels of the picture in which light lines are searched
const FINE = 4; // pixels of it: half as wide as the widest of them
const MAX_FINE = 0.03; // of a small sheet's area: more light lines round it are drawn on the dark
const FILLED = 0.93; // of its outline at least is light
const FOUR_CORNERED = 0.75; // of it at least lies within four of its corners; of a circle 0.64
const TAPE = 10; // pixels: half as wide as tape that holds a sheet
const BLACK = 0.22; // of the sheet's brightness: no shadow is as dark
const OTHER_HUE = 1.8; // times as much darker in one colour than in another is no shadow
const AT_BORDER = 0.01; // of the longest side: a sheet that ends there may go on
const INSET = 0.02; // of its longest side: the sheet's edge, with its shadow
const MIN_INSET = 5; // pixels: the same

/**
 * Find the outline of a light sheet on a dark ground, which may be on one side of it alone.
 * A sheet that is small in the picture must have lines on it, and none of its brightness round it.
 *
 * @param {Picture} picture
 * @returns {Point[] | null} Corners of a convex outline in pixels of the picture.
 */
export function findSheet(picture) {
  const colours = [null, ...(picture.planes.length > 1 ? picture.planes.keys() : [])];
  const small = shrunk(picture);
  for (const colour of colours) {
    const outline = findBy(picture, small, colour);
    if (outline) return outline;
  }
  return null;
}

/** A small picture, and pixels of the picture to one of it. */
function shrunk(/** @type {Picture} */ picture) {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / SIDE);
  return { picture: eachPlane(picture, (plane) => reduced(plane, factor)), factor };
}

/**
 * Find a sheet that is light in one of the three colours, or in the darkest.
 *
 * @param {Picture} picture @param {Shrunk} small @param {number | null} colour
 * @returns {Point[] | null}
 */
function findBy(picture, small, colour) {
  const part = largestLightPart(small, colour);
  if (!part || part.share < MIN_FAR_AREA) return null;
  if (part.share >= MIN_AREA) return sheetOutline(part);
  const box = boxAround(part.outline);
  const [low, high] = [box.low, box.high].map((corner) =>
    corner.map((value) => value * part.factor));
  const beyond = MARGIN * Math.max(high[0] - low[0], high[1] - low[1]);
  const [left, top] = low.map((value) => Math.floor(Math.max(value - beyond, 0)));
  const [right, bottom] = [picture.width, picture.height].map((side, axis) =>
    Math.floor(Math.min(high[axis] + beyond, side)));
  const closer = eachPlane(picture, (plane) => partOf(plane, [left, top, right, bottom]));
  const sheet = largestLightPart(shrunk(closer), colour);
  if (!sheet || sheet.share < MIN_AREA) return null;
  const outline = sheetOutline(sheet);
  if (!outline || !isDrawnOn(picture, closer, outline, [left, top], colour)) return null;
  return outline.map(([x, y]) => [x + left, y + top]);
}

/**
 * The largest light part that is no paper beside a shadow.
 *
 * @param {Shrunk} small @param {number | null} colour @returns {LightPart | null}
 */
function largestLightPart({ picture, factor }, colour) {
  const { width, height, planes } = picture;
  if (Math.min(width, height) < 16) return null;
  // lines on the sheet are filled up
  const light = lightPlaces(closed(brightnessOf(picture, colour), 3).data);
  if (!light) return null;
  // a shadow that lies on a part of the sheet leaves a corner of the picture light
  const corners = [0, width - 1, (height - 1) * width, height * width - 1];
  const lit = corners.filter((at) => light[at]).length;
  if (lit === 4 || (lit > 0 && !isTable(planes, light))) return null;
  const regions = new Regions({ width, height, data: light });
  const area = Math.max(...regions.areas), largest = regions.areas.indexOf(area);
  const mask = where(regions.labels, (label) => label === largest);
  const plane = { width, height, data: mask };
  return { mask: plane, outline: hull(plane), share: area / (width * height), factor };
}

/**
 * The outline of a light part in pixels of the picture, if it is shaped like a sheet.
 *
 * @param {LightPart} part @returns {Point[] | null}
 */
function sheetOutline({ mask, factor }) {
  for (const part of [mask, withoutTape(mask)]) {
    const area = part.data.reduce((sum, one) => sum + one, 0);
    if (!area) break;
    const outline = hull(part), whole = areaOf(outline);
    if (area >= FILLED * whole && areaOf(mainCorners(outline)) >= FOUR_CORNERED * whole) {
      return outline.map(([x, y]) => [x * factor, y * factor]);
    }
  }
  return null;
}

/** A light part without what sticks out of it narrowly. @param {Plane} mask @returns {Plane} */
function withoutTape(mask) {
  const around = { ...mask, data: where(mask.data, (one) => !one) };
  return { ...mask, data: where(closed(around, TAPE).data, (one) => !one) };
}

/**
 * Whether there are dark lines on a small sheet, and no light ones round it.
 *
 * @param {Picture} picture @param {Picture} closer The part of it at a corner, with the sheet.
 * @param {Point[]} outline In `closer`. @param {Point} corner @param {number | null} colour
 */
function isDrawnOn(picture, closer, outline, corner, colour) {
  const { width, height } = closer, near = brightnessOf(closer, colour).data;
  const isOutside = outsideOf(withinEdges(outline, width, height), width, height).data;
  const limit = ((1 + DARKER) / 2) * medianOfBytes(near, (at) => !isOutside[at]);
  let inside = 0, ink = 0;
  for (let at = 0; at < near.length; at++) {
    if (isOutside[at]) continue;
    inside++;
    if (near[at] < limit) ink++;
  }
  if (!(ink / inside > INK[0] && ink / inside < INK[1])) return false;
  const factor = Math.ceil(Math.max(picture.width, picture.height) / FINE_SIDE);
  const small = brightnessOf(eachPlane(picture, (plane) => reduced(plane, factor)), colour);
  const middle = [0, 1].map((axis) =>
    outline.reduce((sum, point) => sum + point[axis], 0) / outline.length);
  const grown = (/** @type {Point} */ point, /** @type {number} */ axis) =>
    (middle[axis] + (1 + 2 * INSET) * (point[axis] - middle[axis]) + corner[axis]) / factor;
  const isBeyond = outsideOf(outline.map((point) => [grown(point, 0), grown(point, 1)]),
    small.width, small.height).data;
  const light = { ...small, data: small.data.map((value, at) =>
    (value > limit && isBeyond[at] ? 255 : 0)) };
  const wide = spread(inverted(spread(inverted(light), FINE)), FINE).data;
  const lines = light.data.reduce((sum, one, at) => sum + Number(one > wide[at]), 0);
  return lines < (MAX_FINE * areaOf(outline)) / factor ** 2;
}

/**
 * The outline of a sheet without its edges, where these are not beyond the picture's border.
 *
 * @param {Point[]} outline @param {number} width @param {number} height @returns {Point[]}
 */
export function withinEdges(outline, width, height) {
  const { low, high } = boxAround(outline);
  const inset = Math.max(INSET * Math.max(high[0] - low[0], high[1] - low[1]), MIN_INSET);
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
  const side = (/** @type {(...values: number[]) => number} */ pick) =>
    [0, 1].map((axis) => pick(...points.map((point) => point[axis])));
  return { low: side(Math.min), high: side(Math.max) };
}

/**
 * Where a convex polygon is not. Corners lie at whole pixels, as Pillow has them.
 *
 * @param {Point[]} polygon @param {number} width @param {number} height @returns {Plane}
 */
export function outsideOf(polygon, width, height) {
  const data = new Uint8Array(width * height).fill(1);
  const corners = polygon.map((point) => point.map(Math.trunc));
  for (let y = 0; y < height; y++) {
    let left = Infinity, right = -Infinity;
    corners.forEach(([x, from], number) => {
      const [nextX, to] = corners[(number + 1) % corners.length];
      if (Math.min(from, to) > y || Math.max(from, to) < y) return;
      const ends = from === to ? [x, nextX] : [x + ((nextX - x) * (y - from)) / (to - from)];
      left = Math.min(left, ...ends);
      right = Math.max(right, ...ends);
    });
    const first = Math.max(Math.round(left), 0), stop = Math.min(Math.ceil(right - 0.5) + 1, width);
    if (first < stop) data.fill(0, y * width + first, y * width + stop);
  }
  return { width, height, data };
}

/** Whether the dark part is no paper in a shadow: nearly black, or of another hue. */
function isTable(/** @type {Uint8Array[]} */ planes, /** @type {Uint8Array} */ light) {
  const shares = planes.map((plane) => {
    const [dark, lit] = [0, 1].map((which) => medianOfBytes(plane, (at) => light[at] === which));
    return (dark + 1) / (lit + 1);
  });
  const largest = Math.max(...shares);
  return largest < BLACK || largest > OTHER_HUE * Math.min(...shares);
}

/**
 * How light each pixel is in one of the three colours; with null in its darkest.
 *
 * @param {Picture} picture @param {number | null} colour
 */
function brightnessOf({ width, height, planes }, colour) {
  if (colour !== null) return { width, height, data: planes[colour] };
  const [first, ...others] = planes;
  const data = first.slice();
  for (const plane of others) {
    for (let at = 0; at < data.length; at++) if (plane[at] < data[at]) data[at] = plane[at];
  }
  return { width, height, data };
}

/**
 * The light places of a picture of two brightnesses; null if they are close.
 *
 * @param {Uint8Array} grey @returns {Uint8Array | null}
 */
function lightPlaces(grey) {
  const counts = new Array(256).fill(0);
  for (const value of grey) counts[value]++;
  // beside a small sheet, the table is split where light falls off, and what is lighter once more
  for (let time = 0; time < 2; time++) {
    const { at, darker, lighter } = twoParts(counts);
    if (lighter - darker >= MIN_CONTRAST && darker <= DARKER * lighter) {
      return grey.map((value) => Number(value > at));
    }
    counts.fill(0, 0, at + 1);
  }
  return null;
}

/**
 * Split brightnesses in two: the lightest one of the dark part, and the mean of each.
 *
 * Otsu's method (1979) on logarithms: light that falls off by a half is one step everywhere.
 *
 * @param {number[]} counts How often each brightness occurs.
 */
function twoParts(counts) {
  const pixels = counts.reduce((sum, count) => sum + count, 0);
  const logs = counts.map((count, value) => count * Math.log(value + BLACKEST));
  const total = logs.reduce((sum, log) => sum + log, 0);
  let best = { separation: 0, at: 0, dark: 0, light: 0 }; // so it stays if one brightness remains
  for (let at = 0, below = 0, sum = 0; at < 255; at++) {
    below += counts[at];
    sum += logs[at];
    const above = pixels - below;
    const dark = sum / Math.max(below, 1), light = (total - sum) / Math.max(above, 1);
    const separation = below * above * (light - dark) ** 2;
    if (separation > best.separation) best = { separation, at, dark, light };
  }
  return { at: best.at, darker: Math.exp(best.dark), lighter: Math.exp(best.light) };
}

/**
 * The convex outline of a mask (monotone chain), in places of pixel corners.
 *
 * @param {Plane} mask
 */
export function hull({ width, height, data }) {
  /** @type {Point[]} */
  const ends = [];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width), first = row.indexOf(1);
    if (first < 0) continue;
    const last = row.lastIndexOf(1) + 1;
    ends.push([first, y], [first, y + 1], [last, y], [last, y + 1]);
  }
  const points = ends.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .filter(([x, y], i) => i === 0 || x !== ends[i - 1][0] || y !== ends[i - 1][1]);
  /** @type {Point[]} */
  const outline = [];
  for (const ordered of [points, points.toReversed()]) {
    /** @type {Point[]} */
    const chain = [];
    for (const point of ordered) {
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
 * Leave out, one after the other, the corners of an outline whose triangles are smallest.
 *
 * @param {Point[]} outline @param {number} [minArea] @returns {Point[]} At least four; if more, the
 *   triangle at each is larger than `minArea`.
 */
export function mainCorners(outline, minArea = Infinity) {
  const points = [...outline];
  while (points.length > 4) {
    const areas = points.map((point, i) =>
      areaOf([points[(i || points.length) - 1], point, points[(i + 1) % points.length]]));
    const smallest = Math.min(...areas);
    if (smallest > minArea) break;
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
