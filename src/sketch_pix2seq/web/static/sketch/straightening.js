// The page to read in a picture: all of it, or a sheet on a table, straightened if it is tilted.
// `straightening.py` has the same in numpy, and says why.

import { roundHalfEven } from "./drawing.js";
import { closed } from "./morphology.js";
import { eachPlane, greyOf, partOf, reduced } from "./picture.js";
import { areaOf, boxAround, findSheet, mainCorners, outsideOf, withinEdges } from "./sheet_edge.js";
import { median } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./centre_lines.js").Point} Point */
/**
 * What is read of a picture.
 * @typedef {object} Page
 * @property {Picture} image The picture of it.
 * @property {Plane | null} outside 1 where the sheet is not; null if all is paper.
 * @property {Point} corner Where its upper left corner lies in the frame.
 * @property {number} scale Pixels of the picture to one of `image`.
 * @property {number} width Of the frame, in pixels of the picture.
 * @property {number} height
 * @property {string} leftOut What of the picture is not read.
 * @property {boolean} isStraightened
 */
/** @typedef {{point: Point, along: Point}} Ray */
/** @typedef {number[]} Homography A projective map: nine numbers, row by row. */

const MIN_TILT = 2.5; // degrees of one of the sheet's edges
const AT_BORDER = 0.008; // of the longest side: an edge there is where the sheet is cut off
const MIN_CORNER = 0.004; // of the sheet's area, what a corner of its outline takes off
const FOUR_SIDED = 0.8; // of the outline's length, what four edges have at least
const MAX_AREA = 1.15; // of the outline's, within four edges
const MIN_SINE = 0.4; // of the angle by which an edge turns to the right from that before it
const SIDE = 1024; // pixels of the picture in which edges are fitted
const REACH = 0.015; // of that: how far an edge may be from where it was found
const STEPS = 64; // along an edge
const NEAR = 3; // pixels on each side of an edge that are compared
const PHOTO_SIDE = 2048; // of a straightened page, at most: photos are not sharper
const FOCAL_LENGTH = 0.8; // of a picture's longest side: a phone's
const FOCAL_LENGTHS = [0.5, 2]; // that cameras have
const MIN_CONVERGENCE = 0.03; // of both pairs of edges, for the picture to say how long it is

/**
 * Find the page in a picture.
 *
 * @param {Picture} picture
 * @param {boolean} straighten Whether a sheet whose edges are tilted is turned into an upright
 *   rectangle; it is then the frame. Otherwise the frame is the picture.
 * @returns {Page}
 */
export function findPage(picture, straighten) {
  const { width, height } = picture, outline = findSheet(picture);
  /** @type {Page} */
  const whole = {
    image: picture, outside: null, corner: [0, 0], scale: 1, width, height, leftOut: "",
    isStraightened: false,
  };
  if (!outline) return whole;
  const corners = straighten ? tiltedCorners(picture, outline) : null;
  if (corners) return straightened(picture, corners, outline);
  const { low, high } = boxAround(outline);
  const [left, top] = low.map((value) => Math.floor(Math.max(value, 0)));
  const right = Math.floor(Math.min(high[0], width));
  const bottom = Math.floor(Math.min(high[1], height));
  const image = eachPlane(picture, (plane) => partOf(plane, [left, top, right, bottom]));
  const inner = withinEdges(outline, width, height).map((point) => difference([left, top], point));
  const outside = outsideOf(inner, image.width, image.height);
  return { ...whole, image, outside, corner: [left, top], leftOut: "what lies round the sheet" };
}

/**
 * The corners of a four-cornered sheet, clockwise from the upper left one. They may be cut off by
 * the picture's border. Null if it is not four-cornered or is upright.
 *
 * @param {Picture} picture @param {Point[]} outline @returns {Point[] | null}
 */
function tiltedCorners(picture, outline) {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / SIDE);
  const grey = closed(reduced(greyOf(picture), factor), 4); // lines on the sheet are filled up
  const small = outline.map(([x, y]) => /** @type {Point} */ ([x / factor, y / factor]));
  const edges = fourEdges(small, grey.width, grey.height);
  const corners = edges && cornersOf(edges.map(([start, stop]) => edgeBetween(grey, start, stop)));
  if (!corners || areaOf(corners) > MAX_AREA * areaOf(small)) return null;
  const ways = corners.map((corner, i) => difference(corner, corners[(i + 1) % 4]));
  const tilts = ways.map((way) => {
    const [shorter, longer] = way.map(Math.abs).sort((a, b) => a - b);
    return (Math.atan2(shorter, longer) * 180) / Math.PI;
  });
  if (Math.max(...tilts) < MIN_TILT) return null;
  // the edge that goes to the right is the upper one
  const rights = ways.map(([x, y]) => x / Math.hypot(x, y));
  const first = rights.indexOf(Math.max(...rights));
  return [0, 1, 2, 3].map((i) => corners[(first + i) % 4].map((value) => value * factor))
    .map(([x, y]) => [x, y]);
}

/** @param {Point} from @param {Point} to @returns {Point} */
const difference = (from, to) => [to[0] - from[0], to[1] - from[1]];
/** The index of the nearest pixel. @param {number} value @param {number} side */
const clamped = (value, side) => Math.min(Math.max(value, 0), side - 1);
/** @param {Point} one @param {Point} other */
const cross = (one, other) => one[0] * other[1] - one[1] * other[0];

/**
 * Both ends of the four sides of an outline, clockwise, if these are nearly all of it.
 *
 * @param {Point[]} outline @param {number} width @param {number} height @returns {Point[][] | null}
 */
function fourEdges(outline, width, height) {
  const corners = mainCorners(outline, MIN_CORNER * areaOf(outline));
  const border = AT_BORDER * Math.max(width, height);
  const edges = corners.map((start, number) => {
    const stop = corners[(number + 1) % corners.length];
    const length = Math.hypot(...difference(start, stop));
    const isCut = [width, height].some((side, axis) => Math.max(start[axis], stop[axis]) < border
      || Math.min(start[axis], stop[axis]) > side - border);
    return { number, ends: [start, stop], length, usable: isCut ? 0 : length };
  });
  const longest = edges.toSorted((a, b) => b.usable - a.usable).slice(0, 4);
  const sum = (/** @type {number[]} */ lengths) =>
    lengths.reduce((total, length) => total + length, 0);
  const usable = longest.map((edge) => edge.usable);
  if (longest.length < 4 || usable.includes(0)) return null;
  if (sum(usable) < FOUR_SIDED * sum(edges.map((edge) => edge.length))) return null;
  return longest.sort((a, b) => a.number - b.number).map((edge) => edge.ends);
}

/** Where each line crosses the one before it. @param {Ray[]} rays @returns {Point[] | null} */
function cornersOf(rays) {
  /** @type {Point[]} */
  const corners = [];
  for (const [number, { point: other, along: alongOther }] of rays.entries()) {
    const { point, along } = rays[(number + 3) % 4];
    const sine = cross(along, alongOther); // negative: a turn to the left
    if (sine < MIN_SINE) return null;
    const ahead = cross(difference(point, other), alongOther) / sine;
    corners.push([point[0] + ahead * along[0], point[1] + ahead * along[1]]);
  }
  return corners;
}

/**
 * A point of an edge close to a line, and its direction; the light side is to the right.
 *
 * @param {Plane} grey @param {Point} start @param {Point} stop @returns {Ray}
 */
function edgeBetween({ width, height, data }, start, stop) {
  const [x, y] = difference(start, stop), length = Math.hypot(x, y);
  const along = [x / length, y / length], inwards = [-along[1], along[0]];
  const reach = Math.max(Math.ceil(REACH * Math.max(width, height)), NEAR);
  const value = (/** @type {number} */ at, /** @type {number} */ offset) => {
    const [column, row] = [0, 1].map((axis) =>
      Math.trunc(start[axis] + at * along[axis] + offset * inwards[axis]));
    return data[clamped(row, height) * width + clamped(column, width)];
  };
  const edges = Array.from({ length: STEPS }, (_, step) => {
    const at = (0.08 + (0.84 * step) / (STEPS - 1)) * length, sums = [0];
    for (let offset = -reach; offset <= reach; offset++) {
      sums.push(sums[sums.length - 1] + value(at, offset));
    }
    let largest = -Infinity, steepest = 0;
    for (let k = NEAR; k + NEAR < sums.length; k++) {
      const rise = sums[k + NEAR] - 2 * sums[k] + sums[k - NEAR];
      if (rise > largest) [largest, steepest] = [rise, k - reach];
    }
    return { at, steepest };
  });
  let inliers = edges;
  let slope = 0, middle = 0;
  for (let time = 0; time < 4; time++) { // without outliers
    const sum = (/** @type {(edge: {at: number, steepest: number}) => number} */ of) =>
      inliers.reduce((total, edge) => total + of(edge), 0);
    const meanAt = sum(({ at }) => at) / inliers.length;
    const meanSteepest = sum(({ steepest }) => steepest) / inliers.length;
    slope = sum(({ at, steepest }) => (at - meanAt) * (steepest - meanSteepest))
      / sum(({ at }) => (at - meanAt) ** 2);
    middle = meanSteepest - slope * meanAt;
    const residuals = edges.map(({ at, steepest }) => Math.abs(steepest - middle - slope * at));
    const limit = Math.max(1, 2 * median(residuals));
    inliers = edges.filter((_, i) => residuals[i] <= limit);
  }
  const way = [along[0] + slope * inwards[0], along[1] + slope * inwards[1]];
  const size = Math.hypot(...way);
  return {
    point: [start[0] + middle * inwards[0], start[1] + middle * inwards[1]],
    along: [way[0] / size, way[1] / size],
  };
}

/**
 * The sheet as a rectangle that is as large as it is in the picture.
 *
 * @param {Picture} picture @param {Point[]} corners @param {Point[]} outline @returns {Page}
 */
function straightened(picture, corners, outline) {
  const side = Math.max(picture.width, picture.height);
  /** @type {Point} */
  const middle = [picture.width / 2, picture.height / 2];
  const ratio = sideRatio(corners.map((corner) => difference(middle, corner)), side);
  const sheetHeight = Math.sqrt(areaOf(corners) / ratio);
  const longest = Math.max(sheetHeight, sheetHeight * ratio);
  const factor = Math.ceil(Math.trunc(longest) / PHOTO_SIDE);
  const small = eachPlane(picture, (plane) => reduced(plane, factor));
  const width = roundHalfEven((sheetHeight * ratio) / factor);
  const height = roundHalfEven(sheetHeight / factor);
  const toPicture = fromSquare(corners.map(([x, y]) => [x / factor, y / factor]))
    .map((value, i) => value / [width, height, 1][i % 3]);
  const image = eachPlane(small, (plane) => warped(plane, toPicture, width, height));
  const toPage = inverse(toPicture);
  const inner = withinEdges(outline, picture.width, picture.height).map(([x, y]) =>
    mapped(toPage, x / factor, y / factor));
  return {
    image, outside: outsideOf(inner, width, height), corner: [0, 0], scale: factor,
    width: width * factor, height: height * factor,
    leftOut: "what lies round the sheet, which is straightened", isStraightened: true,
  };
}

/**
 * Width by height of a rectangle from its picture, by a camera whose axis is at (0, 0).
 *
 * *Source*: that the images of both directions are at right angles in space gives the focal length
 * (Zhang and He, Whiteboard scanning and image enhancement, 2007, section 3); a phone's is taken
 * where the picture says little about it.
 *
 * @param {Point[]} corners @param {number} side
 */
function sideRatio(corners, side) {
  const map = fromSquare(corners.map(([x, y]) => [x / side, y / side]));
  const right = [map[0], map[3], map[6]], down = [map[1], map[4], map[7]];
  let focalLength = FOCAL_LENGTH;
  if (Math.min(Math.abs(right[2]), Math.abs(down[2])) > MIN_CONVERGENCE) {
    const squared = -(right[0] * down[0] + right[1] * down[1]) / (right[2] * down[2]);
    const [shortest, longest] = FOCAL_LENGTHS;
    focalLength = Math.sqrt(Math.min(Math.max(squared, shortest ** 2), longest ** 2));
  }
  const [wide, high] = [right, down].map(([x, y, z]) =>
    Math.hypot(x / focalLength, y / focalLength, z));
  return wide / high;
}

/** The projective map of (0, 0), (1, 0), (1, 1), (0, 1) to four corners. @returns {Homography} */
function fromSquare(/** @type {Point[]} */ [a, b, c, d]) {
  const cToB = difference(c, b), cToD = difference(c, d);
  /** @type {Point} */
  const skew = [a[0] - b[0] + c[0] - d[0], a[1] - b[1] + c[1] - d[1]];
  const area = cross(cToB, cToD), g = cross(skew, cToD) / area, h = cross(cToB, skew) / area;
  const [rowX, rowY] = [0, 1].map((axis) =>
    [b[axis] - a[axis] + g * b[axis], d[axis] - a[axis] + h * d[axis], a[axis]]);
  return [...rowX, ...rowY, g, h, 1];
}

/** Where a map puts a point. @returns {Point} */
function mapped(/** @type {Homography} */ map, /** @type {number} */ x, /** @type {number} */ y) {
  const [u, v, w] = [0, 3, 6].map((row) => map[row] * x + map[row + 1] * y + map[row + 2]);
  return [u / w, v / w];
}

/** The inverse map, up to a factor. @returns {Homography} */
function inverse(/** @type {Homography} */ [a, b, c, d, e, f, g, h, i]) {
  return [
    e * i - f * h, c * h - b * i, b * f - c * e,
    f * g - d * i, a * i - c * g, c * d - a * f,
    d * h - e * g, b * g - a * h, a * e - b * d,
  ];
}

/** A picture whose places a map takes to those of another one, cubic between its pixels. */
function warped(
  /** @type {Plane} */ plane, /** @type {Homography} */ map,
  /** @type {number} */ width, /** @type {number} */ height,
) {
  const data = new Uint8ClampedArray(width * height), column = [0, 0, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [u, v] = mapped(map, x + 0.5, y + 0.5);
      if (u < 0 || v < 0 || u >= plane.width || v >= plane.height) continue;
      const left = Math.floor(u - 0.5), top = Math.floor(v - 0.5), shareX = u - 0.5 - left;
      for (let row = 0; row < 4; row++) {
        const first = clamped(top - 1 + row, plane.height) * plane.width;
        const pixel = (/** @type {number} */ dx) =>
          plane.data[first + clamped(left + dx, plane.width)];
        column[row] = cubic(pixel(-1), pixel(0), pixel(1), pixel(2), shareX);
      }
      data[at] = Math.floor(cubic(column[0], column[1], column[2], column[3], v - 0.5 - top));
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** Between the second and the third of four values: a cubic with slopes of both sides (a = -1). */
function cubic(
  /** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c,
  /** @type {number} */ d, /** @type {number} */ share,
) {
  return b + share * (c - a + share * (2 * (a - b) + c - d + share * (b - a - c + d)));
}
