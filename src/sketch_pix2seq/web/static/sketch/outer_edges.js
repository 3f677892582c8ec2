// Finding the edges of a sheet on a table that is hardly darker: the outermost straight lines.
// `outer_edges.py` has the same in numpy, and says why.

import { where } from "./picture.js";
import { Regions } from "./regions.js";
import { areaOf, hull, mainCorners } from "./sheet_edge.js";
import { median, quantile } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./centre_lines.js").Point} Point */
/**
 * A line from one corner of an outline to the next, clockwise.
 * @typedef {{start: Point, along: Point, inwards: Point, length: number}} Line
 */

const SMALL = 0.02; // of the longest side: what is smaller says nothing of where the sheet ends
const FLAT = 0.004; // of its area: corners of an outline that take off less are none
const LONG = 0.25; // of the longest side: edges of a sheet are as long
const MAX_EDGES = 12; // of a sheet, in pieces
const REACH = 0.008; // of the longest side: how far an edge is from a straight line
const INSET = 0.02; // of the longest side: how wide it is, with its shadow
const STEP = 3; // pixels along it between places that are compared
const GAP = 3; // pixels beside its ink that are neither
const DEPTH = 5; // pixels of ground of which each place has the mean
const COVERED = 0.3; // of the places at least have ink, paper on one side and ground on the other
const APART = 0.03; // of its brightness, in one colour, by which that ground is another
const BLACKEST = 16; // steps of 255 that are added: in the dark there is noise
const EVERYWHERE = 0.85; // of the places have half of that difference
const DRAWN = 0.9; // of the other ink has less contrast than what is surely drawn
const PALE = 0.6; // of that contrast: edges have less
const LOGS = Float32Array.from({ length: 256 }, (_, value) => Math.log(value + BLACKEST));

/**
 * Where ink is the edge of a sheet, or beyond it.
 *
 * @param {Plane} ink @param {Plane} contrast To the paper. @param {Picture} picture As large.
 * @returns {Uint8Array}
 */
export function outerEdges(ink, contrast, picture) {
  const found = new Uint8Array(ink.data.length);
  for (let time = 0; time < MAX_EDGES; time++) {
    const left = where(ink.data, (isInk, at) => isInk && !found[at]);
    const edge = edgeOf({ ...ink, data: left }, ink, contrast, picture);
    if (!edge) break;
    for (let at = 0; at < found.length; at++) found[at] |= edge[at];
  }
  return found;
}

/**
 * Where ink is an edge of the sheet, along the outline of what is left of it; null if nowhere.
 *
 * @param {Plane} left Ink without edges that were found before.
 * @param {Plane} ink @param {Plane} contrast @param {Picture} picture
 */
function edgeOf(left, ink, contrast, picture) {
  const longest = Math.max(ink.width, ink.height);
  const regions = new Regions(left), { low, high } = regions.boxes();
  const isLarge = low.map((corner, region) =>
    Math.max(...corner.map((first, axis) => high[region][axis] - first)) >= SMALL * longest);
  if (!isLarge.includes(true)) return null;
  const large = regions.only(isLarge);
  for (const line of longSides({ ...ink, data: large }, LONG * longest)) {
    if (!hasOtherGroundBeyond(picture, ink, line, Math.round(REACH * longest))) continue;
    const edge = inkBeyond(ink, line, REACH * longest, INSET * longest);
    if (isPale(contrast.data, large, edge)) return edge;
  }
  return null;
}

/**
 * The sides of a mask's convex outline that are long enough.
 *
 * @param {Plane} mask @param {number} least
 */
function longSides(mask, least) {
  const outline = hull(mask), corners = mainCorners(outline, FLAT * areaOf(outline));
  /** @type {Line[]} */
  const sides = [];
  corners.forEach((start, i) => {
    const [x, y] = corners[(i + 1) % corners.length].map((value, axis) => value - start[axis]);
    const length = Math.hypot(x, y);
    if (length < least) return;
    const along = /** @type {Point} */ ([x / length, y / length]);
    sides.push({ start, along, inwards: [-along[1], along[0]], length });
  });
  return sides;
}

/**
 * Ink on a line or beyond it; but of what begins within `inset` of it, none.
 *
 * @param {Plane} ink @param {Line} line @param {number} reach @param {number} inset
 */
function inkBeyond(ink, { start, inwards }, reach, inset) {
  const { width, data } = ink;
  const upTo = (/** @type {number} */ most) => where(data, (isInk, at) => isInk
    && (at % width + 0.5 - start[0]) * inwards[0]
      + (Math.floor(at / width) + 0.5 - start[1]) * inwards[1] <= most);
  const beyond = upTo(reach), regions = new Regions({ ...ink, data: upTo(inset) });
  return regions.only(regions.having((at) => beyond[at]));
}

/**
 * Whether an edge is paler than what is drawn, of which there is some.
 *
 * @param {Uint8Array} contrast @param {Uint8Array} ink @param {Uint8Array} edge
 */
function isPale(contrast, ink, edge) {
  const [others, some] = [0, 1].map((which) =>
    contrast.filter((_, at) => ink[at] && edge[at] === which));
  return others.length > 0 && median(some) < PALE * quantile(others, DRAWN);
}

/**
 * Whether the ground beyond a line of ink differs from the paper, close by and farther off.
 *
 * @param {Picture} picture @param {Plane} ink @param {Line} line @param {number} reach
 */
function hasOtherGroundBeyond({ width, height, planes }, ink, line, reach) {
  const { start, along, inwards, length } = line;
  /** The pixel so far inwards of a place; -1 if the picture has none. */
  const pixel = (/** @type {number} */ at, /** @type {number} */ inside) => {
    const [x, y] = start.map((from, axis) =>
      Math.floor(from + at * along[axis] + inside * inwards[axis]));
    return x >= 0 && x < width && y >= 0 && y < height ? y * width + x : -1;
  };
  /** The mean colour so far inwards of a place; null if there is no ground. */
  const ground = (/** @type {number} */ at, /** @type {number} */ first) => {
    const pixels = Array.from({ length: DEPTH }, (_, i) => pixel(at, first + i))
      .filter((one) => one >= 0 && !ink.data[one]);
    return pixels.length ? planes.map((plane) =>
      pixels.reduce((sum, one) => sum + LOGS[plane[one]], 0) / pixels.length) : null;
  };
  let places = 0;
  /** @type {number[][][]} */
  const apart = [[], []];
  for (let at = STEP; at < length - STEP; at += STEP, places++) {
    const isInk = (/** @type {number} */ inside) => ink.data[pixel(at, inside)] === 1;
    let begin = -reach;
    while (begin <= reach && !isInk(begin)) begin++;
    if (begin > reach) continue;
    let end = begin;
    while (end < 3 * reach && isInk(end)) end++;
    if (end === 3 * reach) continue;
    const paper = ground(at, end + GAP);
    [GAP, reach].forEach((beyond, which) => {
      const table = ground(at, begin - beyond - DEPTH);
      if (paper && table) apart[which].push(table.map((value, colour) => value - paper[colour]));
    });
  }
  return apart.every((all) => {
    if (all.length < COVERED * places || !all.length) return false;
    const middle = planes.map((_, colour) => median(all.map((one) => one[colour])));
    const most = middle.reduce((best, value, colour) =>
      (Math.abs(value) > Math.abs(middle[best]) ? colour : best), 0);
    const half = Math.abs(middle[most]) / 2, sign = Math.sign(middle[most]);
    const share = all.filter((one) => one[most] * sign > half).length / all.length;
    return Math.abs(middle[most]) >= APART && share >= EVERYWHERE;
  });
}
