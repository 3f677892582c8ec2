// Telling ink from paper, in clean pictures and in photos; `ink.py` has the same in numpy, and says
// why.

import { DrawingError } from "./errors.js";
import { findFaintLines } from "./faint_lines.js";
import { closed, inverted, roughWidth, spread } from "./morphology.js";
import { evenGrain } from "./paper_grain.js";
import { BILINEAR, blurred, eachPlane, greyOf, nearest, reduced, resized } from "./picture.js";
import { printedLevel } from "./printed_lines.js";
import { Regions } from "./regions.js";
import { median, medianOfBytes, quantile } from "./statistics.js";

/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./picture.js").Picture} Picture */
/**
 * Where ink is, and how it was found.
 * @typedef {object} Ink
 * @property {Plane} mask 1 for ink.
 * @property {Plane} contrast To the paper, 255 for the most.
 * @property {Picture} picture As large: what the ink was found in.
 * @property {boolean} isPhoto Whether the paper is not of one colour.
 * @property {number} scale Pixels of the picture to one of the mask.
 * @property {boolean} hasPrintedLines Whether there are such, which are no ink.
 * @property {boolean} hasLostLines Whether there are lines too faint to be read.
 * @property {number} threshold Smallest contrast to the paper that counts as ink, 0 to 1.
 */

const PHOTO_SIDE = 2048; // photos are shrunk to this: they are not sharper
const TILES = 24; // along each side, whose median colours say if the paper is of one colour
const PER_TILE = 12; // samples along each side of a tile
const EVEN = 5; // steps of 255 by which the paper of a clean picture may vary
const NEAR = 64; // steps of 255 within which a tile shows paper
const MIN_CONTRAST = 20; // steps of 255 of ink in a clean picture
const MIN_PHOTO_CONTRAST = 10; // the same in a photo, of 255 for black on white
const MIN_PRINTED_CONTRAST = 6; // the same of printed lines
const NOISES = 5; // times the noise of the paper
const MAX_INK = 0.5;
const MAX_LINE_WIDTH = 0.08; // of the longest side of a photo: what is darker and wider is a shadow
const VALLEY = 16; // pixels along a square of a photo, most of which is paper
const DEEPEST = 40; // steps of 255 by which such paper may be darker
const SURE = 0.22; // of the ink's typical contrast in a photo: where there is surely a line
const FAINT_LEVELS = [3, 5, 8, 12, 16]; // steps of 255 from which faint lines may be ink
const FAINT = 0.5; // of that: how faint it may be in between
const EDGE = 0.45; // of the contrast close by: where a line ends
const RINGING = 0.18; // of the contrast a little farther off: what a JPEG leaves round a line
const SURELY_DRAWN = 1.15; // times as strong as printed lines is some part of what is drawn
const MAX_NOTCHES = 0.015; // of the edge of ink that is no grain
const FEW_NOTCHES = 0.007; // the same where a blur does not harm
const LITTLE_BLUR = 0.2; // of the lines' width: it does not harm
const MAX_BLUR = 0.6; // of the lines' width, or of their apparent width where grain is coarse
const FIRST_BLUR = 0.8; // of a grain
const NEXT_BLUR = 1.5; // times as much as before, until there is no grain
const LAST_BLUR = 2.8; // grains
const COARSE = 0.6; // of the apparent width of lines of coarse grain: the size of a grain
const MAX_HOLES = 0.14; // of the area of ink that is no coarse grain
const FIX = "Give a picture of lines on paper.";

/**
 * Find the ink of a drawing.
 *
 * @param {Picture} picture
 * @param {{softness?: number, outside?: Plane | null, threshold?: number}} [options]
 *   `softness`: width in pixels of the edges of lines. `outside`: 1 where nothing is ink.
 *   `threshold`: smallest contrast to the paper that counts as ink, 0 to 1; found from the picture
 *   if left out.
 * @returns {Ink}
 * @throws {DrawingError} If the picture shows one even colour, or more ink than lines have.
 */
export function findInk(picture, { softness = 1, outside = null, threshold } = {}) {
  const paper = paperColour(picture, outside), isPhoto = paper === null;
  let contrast, scale = 1, grain = 0, small = picture;
  if (paper) {
    contrast = differing(picture, paper);
  } else {
    const factor = Math.ceil(Math.max(picture.width, picture.height) / PHOTO_SIDE);
    small = eachPlane(picture, (plane) => reduced(plane, factor));
    scale = factor;
    ({ contrast, grain } = darkerThanPaper(small));
  }
  if (outside) {
    const none = nearest(outside, contrast.width, contrast.height).data;
    for (let i = 0; i < none.length; i++) if (none[i]) contrast.data[i] = 0;
  }
  const minContrast = isPhoto ? MIN_PHOTO_CONTRAST : MIN_CONTRAST;
  let found = maskOf(contrast, { minContrast, grain, reach: 1 + softness, isPhoto, threshold });
  // the ink of pencil or chalk on rough paper is full of gaps: blur until its edges are smooth. A
  // blur closes the gaps of a grain as large; once small gaps are closed, a larger grain may show
  for (let grainWidth = 1, blur = 0; ;) { // both in pixels
    const width = roughWidth(found.mask);
    const isHarmless = Math.max(FIRST_BLUR * grainWidth, NEXT_BLUR * blur) < LITTLE_BLUR * width;
    const leftWidth = grainSize(found.mask, width, isHarmless ? FEW_NOTCHES : MAX_NOTCHES);
    grainWidth = Math.max(grainWidth, leftWidth);
    blur = Math.max(FIRST_BLUR * grainWidth, NEXT_BLUR * blur);
    const maxBlur = Math.min(
      MAX_BLUR * Math.max(width, grainWidth / COARSE), LAST_BLUR * grainWidth);
    if (!leftWidth || blur > maxBlur) break;
    const soft = blurred(contrast, blur), left = grain / Math.hypot(1, blur);
    const reach = 1 + softness + Math.round(blur);
    try {
      found = maskOf(soft, { minContrast, grain: left, reach, isPhoto, threshold });
    } catch (error) {
      if (!(error instanceof DrawingError)) throw error;
      break; // lines closely side by side, not grain: the blur has closed all gaps
    }
  }
  return { ...found, contrast, picture: small, isPhoto, scale };
}

/**
 * The colour of paper that is of one colour; null if it is not. What is outside is taken to be of
 * the median colour of the inside.
 *
 * @param {Picture} picture @param {Plane | null} outside
 */
function paperColour({ width, height, planes }, outside) {
  const side = TILES * PER_TILE, isOutside = outside && nearest(outside, side, side).data;
  const tiles = planes.map((data) => {
    const samples = nearest({ width, height, data }, side, side).data;
    if (outside && isOutside) {
      const typical = medianOfBytes(data, (at) => !outside.data[at]);
      isOutside.forEach((isOut, at) => isOut && (samples[at] = typical));
    }
    return Array.from({ length: TILES * TILES }, (_, tile) => {
      const corner = Math.floor(tile / TILES) * PER_TILE * side + (tile % TILES) * PER_TILE;
      const values = [];
      for (let y = 0; y < PER_TILE; y++) {
        for (let x = 0; x < PER_TILE; x++) values.push(samples[corner + y * side + x]);
      }
      return median(values);
    });
  });
  const bins = tiles[0].map((_, tile) =>
    tiles.reduce((sum, values, colour) => sum + Math.floor(values[tile] / 8) * 32 ** colour, 0));
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const bin of bins) counts.set(bin, (counts.get(bin) ?? 0) + 1);
  const [[commonest]] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const paper = tiles.map((values) => median(values.filter((_, tile) => bins[tile] === commonest)));
  const distances = bins.map((_, tile) =>
    Math.max(...tiles.map((values, colour) => Math.abs(values[tile] - paper[colour]))));
  const near = distances.filter((distance) => distance < NEAR);
  if (near.length / distances.length < 0.3 || quantile(near, 0.9) > EVEN) return null;
  return paper.map(Math.floor);
}

/** The largest difference of each pixel from the paper in red, green or blue. */
function differing(
  /** @type {Picture} */ { width, height, planes }, /** @type {number[]} */ paper,
) {
  const data = new Uint8Array(width * height);
  planes.forEach((plane, colour) => {
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs(plane[i] - paper[colour]);
      if (difference > data[i]) data[i] = difference;
    }
  });
  return { width, height, data };
}

/**
 * How much darker each place is than the paper close by, as a share of its brightness, and the
 * paper's grain; if lines are lighter than the paper, how much lighter. The paper is what is left
 * when dark things narrower than a window are filled up.
 *
 * @param {Picture} picture
 */
function darkerThanPaper(picture) {
  const { width, height } = picture;
  const dark = isLightOnDark(greyOf(picture)) ? eachPlane(picture, inverted) : picture;
  const reach = Math.max(3, Math.round((MAX_LINE_WIDTH * Math.max(width, height)) / 2));
  const shares = new Uint8Array(256 * 256); // by brightness of paper, and how much darker
  for (let paper = 0; paper < 256; paper++) {
    const scale = Math.fround(255 / Math.max(paper, 24));
    for (let drop = 0; drop <= paper; drop++) {
      shares[256 * paper + drop] = Math.fround(drop * scale);
    }
  }
  const strongest = new Uint8Array(width * height);
  for (const data of dark.planes) {
    const soft = blurred({ width, height, data }, 1), paper = closed(soft, reach).data;
    for (let i = 0; i < strongest.length; i++) {
      const darker = shares[256 * paper[i] + paper[i] - soft.data[i]];
      if (darker > strongest[i]) strongest[i] = darker;
    }
  }
  const all = { width, height, data: strongest }, contrast = aboveValleys(all);
  const even = evenGrain(contrast, all);
  const isFine = even.grain <= MIN_PHOTO_CONTRAST && even.contrast === contrast;
  // printed lines closely side by side are no grain
  if (isFine || printedLevel(contrast, MIN_PRINTED_CONTRAST)) return { contrast, grain: 0 };
  return even;
}

/** Subtract the darkness of wide, slightly dark places: stains and blocks of a JPEG. */
function aboveValleys(/** @type {Plane} */ { width, height, data }) {
  const across = Math.floor(width / VALLEY), down = Math.floor(height / VALLEY);
  if (Math.min(across, down) === 0) return { width, height, data };
  const depths = new Uint8Array(across * down);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const samples = [];
      for (let y = 0; y < VALLEY; y += 2) {
        const at = (row * VALLEY + y) * width + column * VALLEY;
        for (let x = 0; x < VALLEY; x += 2) samples.push(data[at + x]);
      }
      depths[row * across + column] = Math.min(median(samples), DEEPEST);
    }
  }
  const valleys = { width: across, height: down, data: depths };
  const box = [Math.min(width / VALLEY, across), Math.min(height / VALLEY, down)];
  const depth = resized(valleys, width, height, BILINEAR, [0, 0, box[0], box[1]]).data;
  return { width, height, data: data.map((value, i) => Math.max(value - depth[i], 0)) };
}

/** Whether lines are lighter than what surrounds them: what covers little deviates most. */
function isLightOnDark(/** @type {Plane} */ grey) {
  const small = reduced(grey, Math.ceil(Math.max(grey.width, grey.height) / 1024));
  const longest = Math.max(small.width, small.height);
  const near = blurred(small, longest / 900).data;
  const surroundings = blurred(small, (MAX_LINE_WIDTH * longest) / 2).data;
  return near.reduce((sum, value, i) => sum + (value - surroundings[i]) ** 3, 0) > 0;
}

/** What the grain of the paper reaches. @param {number[]} counts How often each contrast occurs. */
function noiseOf(counts) {
  const middle = percentile(counts, 50), mirrored = new Array(256).fill(0);
  // the lower half alone: the upper one holds the ink
  for (let value = 0; value <= middle; value++) mirrored[middle - value] += counts[value];
  return middle + NOISES * 1.4826 * percentile(mirrored, 50);
}

/** The value below which a share of the counts lies, in percent. */
function percentile(/** @type {number[]} */ counts, /** @type {number} */ share) {
  const wanted = (counts.reduce((sum, count) => sum + count, 0) * share) / 100;
  let sum = 0;
  const found = counts.findIndex((count) => (sum += count) >= wanted);
  return found < 0 ? counts.length : found;
}

/**
 * Places that are ink: half as strong as the strongest close by, and clearly no paper.
 *
 * @param {Plane} contrast
 * @param {{
 *   minContrast: number, grain: number, reach: number, isPhoto: boolean, threshold?: number,
 * }} options
 * @returns {Pick<Ink, "mask" | "hasPrintedLines" | "hasLostLines" | "threshold">}
 */
function maskOf(contrast, { minContrast, grain, reach, isPhoto, threshold }) {
  const { width, height, data } = contrast, counts = new Array(256).fill(0);
  for (let at = 0; at < data.length; at++) counts[data[at]]++;
  const noise = Math.max(grain, noiseOf(counts));
  const floor = threshold === undefined
    ? Math.min(Math.max(minContrast, noise), 255) : 255 * threshold;
  counts.fill(0, 0, Math.floor(floor) + 1);
  const printed = printedLevel(contrast, Math.max(MIN_PRINTED_CONTRAST, noise));
  const typical = percentile(counts, 75);
  const isGiven = threshold !== undefined || !isPhoto;
  const sure = isGiven ? floor : Math.max(floor, SURE * typical);
  const faint = printed ? floor : Math.max(Math.min(floor, sure), FAINT * sure);
  const edge = scaled(EDGE), ringing = scaled(RINGING), surely = scaled(SURELY_DRAWN);
  const near = spread(contrast, reach), close = near.data, around = spread(near, 5).data;
  const mask = new Uint8Array(data.length);
  for (let i = 0, lowest = Math.floor(faint); i < mask.length; i++) {
    const value = data[i];
    if (value <= lowest || value <= edge[close[i]] || value <= ringing[around[i]]) continue;
    if (!printed || value > printed[i]) mask[i] = 1;
  }
  /** @type {Plane} */
  let drawn = { width, height, data: mask };
  if (printed || sure > faint) {
    const regions = new Regions(drawn);
    const isSure = (/** @type {number} */ at) =>
      data[at] > (printed ? Math.max(surely[printed[at]], Math.floor(floor)) : sure);
    drawn = { width, height, data: regions.only(regions.having(isSure)) };
  }
  let hasLostLines = false;
  if (!printed && threshold === undefined) {
    const levels = (isPhoto ? [floor, (floor + sure) / 2] : FAINT_LEVELS)
      .filter((level) => noise <= level && level < sure);
    const width = roughWidth(drawn);
    const lines = findFaintLines(contrast, { close, around, edge, levels, sure, width, isPhoto });
    hasLostLines = lines.areLost;
    lines.mask?.forEach((isInk, at) => isInk && (drawn.data[at] = 1));
  }
  const share = drawn.data.reduce((sum, isInk) => sum + isInk, 0) / drawn.data.length;
  if (share === 0) {
    const got = isPhoto ? "nothing but paper" : "one even colour";
    throw new DrawingError("a picture must show lines", { got, fix: FIX });
  }
  if (share > MAX_INK) {
    const got = `${Math.round(100 * share)}% covered`;
    throw new DrawingError("a picture must show lines, not areas", { got, fix: FIX });
  }
  return { mask: drawn, hasPrintedLines: printed !== null, hasLostLines, threshold: sure / 255 };
}

/** A share of each value of a byte. @param {number} share */
const scaled = (share) =>
  Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.floor(share * value));

/**
 * How many pixels the grain of pencil, crayon or chalk is large; 0 if edges are smooth. A pixel of
 * paper with ink on three sides or four is a notch; smooth lines have hardly any. Where a grain is
 * larger than a pixel, ink is as far on these sides as a grain is large.
 *
 * @param {Plane} ink @param {number} lineWidth @param {number} maxNotches Share of the edge.
 */
function grainSize(ink, lineWidth, maxNotches) {
  const size = Math.ceil(COARSE * lineWidth);
  if (size > 1 && size < Math.min(ink.width, ink.height) / 2) {
    const { notches, area } = notchesOf(ink, size);
    if (notches > MAX_HOLES * area) return size;
  }
  const { notches, edge } = notchesOf(ink, 1);
  return Number(notches > maxNotches * edge);
}

/** Count notches, pixels at the edge of ink away from the border, and all pixels of ink. */
function notchesOf(/** @type {Plane} */ { width, height, data }, /** @type {number} */ reach) {
  let notches = 0, edge = 0;
  for (let y = reach; y + reach < height; y++) {
    for (let x = reach, at = y * width + reach; x + reach < width; x++, at++) {
      const beside = data[at - reach * width] + data[at + reach * width]
        + data[at - reach] + data[at + reach];
      if (!data[at]) notches += Number(beside >= 3);
      else edge += Number(beside > 0 && beside < 4);
    }
  }
  return { notches, edge, area: data.reduce((sum, isInk) => sum + isInk, 0) };
}
