// Reading a drawing from a picture: from a drawing program, a scanner or a phone. Stages: picture
// -> ink or paper -> thin centre lines -> strokes -> fewer points. `picture_in.py` has the same in
// numpy.

import { centreLines, centred } from "./centre_lines.js";
import { decoded, imageOf } from "./decoding.js";
import { DrawingError } from "./errors.js";
import { folds } from "./folds.js";
import { findInk } from "./ink.js";
import { inkWidth, roughWidth } from "./morphology.js";
import { outerEdges } from "./outer_edges.js";
import { penColours } from "./pen_colours.js";
import { BICUBIC, eachPlane, partOf, resized, where } from "./picture.js";
import { bindingMarks, printedDashes, printedDots, punchedHoles } from "./printed_marks.js";
import { withoutMarginLines } from "./printed_lines.js";
import { Regions } from "./regions.js";
import { numberUpTo } from "./settings.js";
import { simplify } from "./simplify.js";
import { median } from "./statistics.js";
import { findPage } from "./straightening.js";
import { walkLines } from "./tracing.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./simplify.js").Points} Points */
/** @typedef {{width: number, height: number, data: Float32Array}} Shares */
/**
 * A drawing that was read from a picture.
 * @typedef {object} Traced
 * @property {Points[]} strokes Where they lie in the picture, or on the straightened sheet.
 * @property {number} width Of the picture or the sheet, in pixels of the picture.
 * @property {number} height
 * @property {number} lineWidth The median width of the lines.
 * @property {string[] | null} colours Of the pen of each stroke, #rrggbb; null if nothing has a
 *   colour.
 * @property {string} leftOut What of the picture is no part of the drawing, in words.
 * @property {number} threshold The threshold used: smallest contrast that counts as ink, 0 to 1.
 * @property {number} tolerance The tolerance that suits the lines, in pixels: largest distance
 *   between a left-out point and the line.
 * @property {{width: number, height: number, data: Uint8ClampedArray} | null} page How the
 *   straightened sheet looks, as the parts of an `ImageData`; null if nothing was straightened.
 */
/**
 * @typedef {object} TraceOptions
 * @property {number} [threshold] Smallest contrast to the paper that counts as ink, 0 to 1; found
 *   from the picture if left out.
 * @property {number} [tolerance] Largest distance in pixels between a left-out point and the line;
 *   as the lines need it if left out.
 * @property {boolean} [straighten] Whether a tilted sheet on a darker table is straightened; true
 *   if left out.
 */

const MIN_SIDE = 512; // smaller pictures are enlarged: soft edges say more than pixels
const THIN = 20; // pixels: ink of wider lines is shrunk before thinning
const DOT = 0.6; // of a line width squared: smaller specks are dirt; a dot of the pen has 0.8
const DOT_IN_PHOTO = 0.45; // the same in a photo, where dots are softer
const SURROUNDS = 0.95; // of both sides of the picture: what a frame reaches across
const MIN_FRAMED = 0.15; // of all lines are within a frame, for their width to count alone
const SPECK = 1.5; // of a line's width: what is longer is a thin line
const PRINTED = 4; // of a line width squared: printed dots are smaller
const DASH = 1.5; // of a line's width: pieces of printed lines are no wider
const HOLE = 2.5; // of a line's width: punched holes are wider
const PINHOLE = 0.3; // of a line width squared: smaller holes in ink are no part of the drawing
const BORDER = 0.012; // of the longest side: nobody draws as close along the picture's border
const WIDE = 1.6; // times as wide as the lines, and at the border: a corner of a shadow
const TOLERANCE = 0.05; // of the line's width, for leaving out points
const MIN_TOLERANCE = 0.5; // pixels
const MAX_TOLERANCE = 1_000_000; // pixels that may be asked for: more than pictures have

/**
 * Read a drawing from a picture.
 *
 * @param {ImageBitmap | ImageData | Blob} image @param {TraceOptions} [options]
 * @returns {Promise<Traced>}
 * @throws {DrawingError} If it is no picture, too large, blank, or no line drawing.
 * @throws {UsageError} If an option is out of its range.
 */
export async function trace(image, { threshold, tolerance, straighten = true } = {}) {
  if (threshold !== undefined) numberUpTo("threshold", threshold, 1);
  if (tolerance !== undefined) numberUpTo("tolerance", tolerance, MAX_TOLERANCE);
  const { picture, scale } = await decoded(image), { width, height } = picture;
  const enlarged = Math.max(1, Math.min(Math.floor(MIN_SIDE / Math.max(width, height)), 8));
  const large = enlarged === 1 ? picture : eachPlane(picture, (plane) =>
    resized(plane, width * enlarged, height * enlarged, BICUBIC));
  const page = findPage(large, straighten), [left, top] = page.corner;
  const ink = findInk(page.image, { softness: enlarged, outside: page.outside, threshold });
  let hasEdges = false;
  if (ink.isPhoto && !page.outside) {
    const edges = outerEdges(ink.mask, ink.contrast, ink.picture);
    hasEdges = edges.includes(1);
    ink.mask.data = where(ink.mask.data, (isInk, at) => isInk && !edges[at]);
  }
  const perPage = (page.scale * scale) / enlarged, perInk = ink.scale * perPage;
  const lines = linesOfInk(ink.mask, {
    softness: enlarged, isPhoto: ink.isPhoto, isPrinted: ink.hasPrintedLines,
    tolerance: tolerance === undefined ? undefined : tolerance / perInk,
  });
  const { width: inkWidth, height: inkHeight } = ink.mask;
  const read = ink.hasPrintedLines
    ? withoutMarginLines(lines.strokes, inkWidth, inkHeight, lines.width) : lines.strokes;
  const isFold = ink.isPhoto ? folds(read, ink.contrast, lines.width) : [];
  const strokes = read.filter((_, stroke) => !isFold[stroke]);
  const leftOut = [
    page.leftOut,
    ink.hasPrintedLines && "printed lines",
    ink.hasLostLines && "lines hardly darker than the paper",
    hasEdges && "edges of the sheet",
    isFold.includes(true) && "folds of the paper",
    lines.hadEdge && "lines along the border",
    lines.numSpecks
      && `${lines.numSpecks.toLocaleString("en")} ` + (lines.numSpecks > 1 ? "specks" : "speck"),
  ];
  const colours = penColours(page.image, strokes.map((stroke) =>
    /** @type {Points} */ (stroke.map((values) => values.map((value) => value * ink.scale)))));
  const placed = (/** @type {number[]} */ values, /** @type {number} */ shift) =>
    values.map((value) => value * perInk + shift * perPage);
  return {
    strokes: strokes.map(([xs, ys]) => [placed(xs, left), placed(ys, top)]),
    width: (page.width * perPage) / page.scale,
    height: (page.height * perPage) / page.scale,
    lineWidth: lines.width * perInk,
    colours,
    leftOut: leftOut.filter(Boolean).join(", "),
    threshold: ink.threshold,
    tolerance: lines.tolerance * perInk,
    page: page.isStraightened ? imageOf(page.image) : null,
  };
}

/**
 * Trace the centre lines of ink, in pixels of `ink`; long ones first.
 *
 * @param {Plane} ink
 * @param {{
 *   softness?: number, isClean?: boolean, isPhoto?: boolean, isPrinted?: boolean,
 *   tolerance?: number,
 * }} [options]
 *   `softness`: pixels of `ink` to one of the picture; steps of this size are no part of lines.
 *   `isClean`: whether all ink is drawn: there are no specks, printed marks or edges of a sheet.
 *   `isPhoto`: whether ink has holes and shadows at the border.
 *   `isPrinted`: whether the paper is ruled or squared.
 */
export function linesOfInk(ink, options = {}) {
  const { softness = 1, isClean = false, isPhoto = false, isPrinted = false, tolerance } = options;
  const { left, top, right, bottom } = boxOf(ink), corner = [left, top];
  const part = partOf(ink, [left, top, right, bottom]);
  const factor = Math.max(1, Math.floor(roughWidth(part) / THIN)), share = shrunk(part, factor);
  // a line one pixel wide covers 1 / factor of a square that it crosses
  const minShare = factor > 1 ? Math.min(0.25, 1 / factor) : 0.5;
  const small = { ...share, data: where(share.data, (inkShare) => inkShare >= minShare) };
  if (isPhoto) fillPinholes(small, share);
  const distance = centreLines(small);
  const margins = [left, ink.width - right, top, ink.height - bottom]
    .map((side) => Math.floor(side / factor));
  const dirt = isClean ? { numSpecks: 0, hadEdge: false }
    : removeDirt(small, distance, margins, { isPhoto, isPrinted });
  const width = Math.max(inkWidth(median(distance.filter(Boolean))), 1);
  const dense = centred(walkLines(distance, small.width), share, softness / 2);
  const typicalTolerance = Math.max(MIN_TOLERANCE, softness / 4, TOLERANCE * width);
  const strokes = dense.map((line) => {
    const simplified = simplify(
      line, tolerance === undefined ? typicalTolerance : tolerance / factor);
    const placed = simplified.map((values, axis) =>
      values.map((value) => (value - 1) * factor + corner[axis]));
    return upright(/** @type {Points} */ (placed));
  });
  return { ...dirt, strokes, width: width * factor, tolerance: typicalTolerance * factor };
}

/** The box of the ink: its first column and row, and those after its last. @param {Plane} ink */
function boxOf({ width, data }) {
  let left = width, top = -1, right = 0, bottom = 0;
  for (let at = 0; at < data.length; at++) {
    if (!data[at]) continue;
    const x = at % width, y = Math.floor(at / width);
    if (top < 0) top = y;
    if (x < left) left = x;
    if (x >= right) right = x + 1;
    bottom = y + 1;
  }
  return { left, top, right, bottom };
}

/** Make ink smaller, with a pixel around: how much of each pixel is ink. @returns {Shares} */
function shrunk(/** @type {Plane} */ { width, height, data }, /** @type {number} */ factor) {
  const wide = Math.ceil(width / factor) + 2, high = Math.ceil(height / factor) + 2;
  const shares = new Float32Array(wide * high);
  for (let y = 0, at = 0; y < height; y++) {
    const row = (Math.floor(y / factor) + 1) * wide + 1;
    for (let x = 0; x < width; x++, at++) {
      if (data[at]) shares[row + Math.floor(x / factor)] += 1;
    }
  }
  for (let i = 0; i < shares.length; i++) shares[i] /= factor * factor;
  return { width: wide, height: high, data: shares };
}

/** Fill holes in lines where the pen or the pencil left the paper bare. */
function fillPinholes(/** @type {Plane} */ ink, /** @type {Shares} */ share) {
  const { width, height, data } = ink, maxArea = PINHOLE * roughWidth(ink) ** 2;
  const bare = new Regions({ width, height, data: data.map((isInk) => 1 - isInk) });
  bare.labels.forEach((region, at) => {
    if (region >= 0 && bare.areas[region] < maxArea) data[at] = share.data[at] = 1;
  });
}

/**
 * Remove specks smaller than a dot of the pen, printed marks, and outlines of shadows.
 *
 * @param {Plane} ink @param {Float32Array} distance @param {number[]} margins How far the picture
 *   goes on beyond the ink, in pixels of `ink`: left, right, up, down.
 * @param {{isPhoto: boolean, isPrinted: boolean}} options
 */
function removeDirt(ink, distance, margins, { isPhoto, isPrinted }) {
  const { width, height } = ink, regions = new Regions(ink), { labels, areas } = regions;
  const sums = areas.map(() => 0), lengths = areas.map(() => 0), places = [];
  for (let at = 0; at < distance.length; at++) {
    if (!distance[at]) continue;
    places.push(at);
    sums[labels[at]] += inkWidth(distance[at]);
    lengths[labels[at]]++;
  }
  const mean = sums.map((sum, region) => sum / Math.max(lengths[region], 1));
  const { low, high } = regions.boxes(), [left, right, up, down] = margins;
  const sides = [width + left + right, height + up + down];
  let isCounted = areas.map((_, region) =>
    sides.some((side, axis) => high[region][axis] - low[region][axis] < SURROUNDS * side));
  const lengthOf = (/** @type {boolean[]} */ wanted) => lengths.reduce(
    (sum, length, region) => sum + (wanted[region] ? Math.max(length, 1) : 0), 0);
  const all = areas.map(() => true);
  if (lengthOf(isCounted) < MIN_FRAMED * lengthOf(all)) isCounted = all;
  const largest = areas.reduce(
    (max, area, region) => (isCounted[region] ? Math.max(max, area) : max), 0);
  let total = 0, count = 0;
  areas.forEach((area, region) => {
    if (!isCounted[region] || area < 0.2 * largest) return;
    total += sums[region];
    count += Math.max(lengths[region], 1);
  });
  const typicalWidth = total / count;
  const middles = middlesOf(labels, areas, width);
  const isDot = printedDots(areas, middles, PRINTED * typicalWidth ** 2);
  const isDash = printedDashes(low, high, DASH * typicalWidth, width, height);
  const isSpeck = areas.map((area, region) => {
    const isSmall = area < (isPhoto ? DOT_IN_PHOTO : DOT) * typicalWidth ** 2;
    const size = Math.max(...high[region].map((end, axis) => end - low[region][axis]));
    return (isSmall && size < SPECK * typicalWidth) || isDot[region] || isDash[region];
  });
  const placed = (/** @type {import("./centre_lines.js").Point[]} */ corners) => corners.map(
    ([x, y]) => /** @type {import("./centre_lines.js").Point} */ ([x - 1 + left, y - 1 + up]));
  const size = /** @type {const} */ ([width - 2 + left + right, height - 2 + up + down]);
  if (isPrinted || isDot.some(Boolean) || isDash.some(Boolean)) {
    punchedHoles(areas, placed(low), placed(high), HOLE * typicalWidth, ...size)
      .forEach((isHole, region) => (isSpeck[region] ||= isHole));
  }
  if (isPhoto) {
    const others = [...areas.keys()].filter((region) => !isSpeck[region]);
    const placedOthers = (/** @type {import("./centre_lines.js").Point[]} */ corners) =>
      placed(others.map((region) => corners[region]));
    bindingMarks(placedOthers(low), placedOthers(high), ...size)
      .forEach((isRing, i) => (isSpeck[others[i]] = isRing));
  }
  const isEdge = alongBorder(labels, places, lengths, width, height, margins);
  const atBorder = areas.map(() => false);
  if (isPhoto) {
    const [first, last, top, bottom] = margins.map((gap) => Math.max(3 - gap, 0));
    labels.forEach((region, at) => {
      if (region < 0) return;
      const x = at % width, y = Math.floor(at / width);
      if (x < first || x >= width - last || y < top || y >= height - bottom) {
        atBorder[region] = true;
      }
    });
  }
  const isDirt = areas.map((_, region) =>
    isSpeck[region] || isEdge[region] || (atBorder[region] && mean[region] > WIDE * typicalWidth));
  if (isDirt.every(Boolean)) {
    const got = "only specks, printed marks or edges of the sheet";
    throw new DrawingError("a picture must show lines", { got });
  }
  for (const at of places) if (isDirt[labels[at]]) distance[at] = 0;
  return { numSpecks: isSpeck.filter(Boolean).length, hadEdge: isEdge.some(Boolean) };
}

/** Which regions lie along the picture's border, and are long together: edges of the sheet. */
function alongBorder(
  /** @type {Int32Array} */ labels, /** @type {number[]} */ places, /** @type {number[]} */ lengths,
  /** @type {number} */ width, /** @type {number} */ height, /** @type {number[]} */ margins,
) {
  const [left, right, up, down] = margins;
  const wide = width - 2 + left + right, high = height - 2 + up + down;
  const isAlong = lengths.map(() => true);
  for (const at of places) {
    const x = (at % width) - 1 + left, y = Math.floor(at / width) - 1 + up;
    const distanceToBorder = Math.min(x, wide - 1 - x, y, high - 1 - y);
    if (distanceToBorder > BORDER * Math.max(wide, high)) isAlong[labels[at]] = false;
  }
  const along = lengths.reduce(
    (sum, length, region) => sum + (isAlong[region] ? length : 0), 0);
  // of a picture that is cut to its drawing, lines at the border are drawn
  const isEdge = 0.3 * Math.min(wide, high) < along && along < 0.5 * places.length;
  return isEdge ? isAlong : lengths.map(() => false);
}

/** The centroids of regions. */
function middlesOf(
  /** @type {Int32Array} */ labels, /** @type {number[]} */ areas, /** @type {number} */ width,
) {
  const middles = areas.map(() => /** @type {[number, number]} */ ([0, 0]));
  for (let at = 0; at < labels.length; at++) {
    const region = labels[at];
    if (region < 0) continue;
    middles[region][0] += (at % width) / areas[region];
    middles[region][1] += Math.floor(at / width) / areas[region];
  }
  return middles;
}

/** Begin a stroke at its upper left end. @param {Points} stroke @returns {Points} */
function upright([xs, ys]) {
  const last = xs.length - 1;
  return xs[0] + ys[0] > xs[last] + ys[last] ? [xs.reverse(), ys.reverse()] : [xs, ys];
}
