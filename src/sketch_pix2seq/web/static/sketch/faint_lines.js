// Finding lines that are fainter than sure ink but stand out from the paper's own noise.
// `faint_lines.py` has the same in numpy, and says why.

import { edgeDistance, inkWidth, spread } from "./morphology.js";
import { where } from "./picture.js";
import { Regions } from "./regions.js";

/** @typedef {import("./picture.js").Plane} Plane */

const WEAK = 3; // times as strong as sure ink at least is: what is stronger is no faint line
const RINGING = 0.3; // of the contrast close by: what a JPEG leaves round a line
const PALE = 3; // steps of 255 by which places beside lines differ from the paper in a JPEG
const UNCLEAN = 0.04; // of the places beside strong lines that do so in a JPEG
const JPEG_REACH = 12; // pixels farther off to which blocks of colour reach
const MAX_SHARE = 0.05; // of the picture: more is no lines
const LONG = 0.03; // of the longest side: smallest length of a faint line
const BORDER = 0.03; // of the longest side: along the picture's border are edges and shadows
const SHORT = 6; // pixels, and two widths: shorter things are specks
const MAX_WIDTH = 2; // times as wide as other lines: an area
const THIN = 3; // pixels: what is narrower is no area
const OTHERS = 0.5; // of the lines' area: where there is more of other things, lines are not clear
const NOISE = 1; // of the lines' area: where there is more of other things, there are no lines

/**
 * Find lines that are fainter than sure ink.
 *
 * @param {Plane} contrast
 * @param {object} options
 * @param {Uint8Array} options.close The largest contrast close by.
 * @param {Uint8Array} options.around The same a little farther off.
 * @param {Uint8ClampedArray} options.edge For each value of `close`, the smallest contrast of ink.
 * @param {number[]} options.levels From which lines may be ink, tried one after the other.
 * @param {number} options.sure The contrast of sure ink.
 * @param {number} options.width Of the lines of sure ink; 0 if there are none.
 * @param {boolean} options.isPhoto Whether the paper is not of one colour.
 * @returns {{mask: Uint8Array | null, areLost: boolean}} Ink of faint lines and of what they touch;
 *   whether there are faint lines that are not clear enough to be read.
 */
export function findFaintLines(contrast, { close, around, edge, levels, sure, width, isPhoto }) {
  const { data } = contrast, sides = [contrast.width, contrast.height], weak = WEAK * sure;
  const longest = Math.max(...sides), minLength = LONG * longest, border = BORDER * longest;
  let faint = 0, beside = 0, unclean = 0, areLost = false;
  for (let at = 0; at < data.length; at++) {
    if (around[at] <= weak) faint += Number(data[at] > levels[0] && data[at] <= sure);
    else if (close[at] <= weak) {
      beside++;
      unclean += Number(data[at] > 0 && data[at] <= PALE);
    }
  }
  if (!levels.length || faint < minLength) return { mask: null, areLost };
  const isJpeg = unclean > UNCLEAN * beside;
  const far = isJpeg && !isPhoto
    ? spread({ ...contrast, data: around }, JPEG_REACH).data : around;
  const maxWidth = width ? Math.max(MAX_WIDTH * width, THIN) : minLength;
  for (const level of levels) {
    const isClear = (/** @type {number} */ value, /** @type {number} */ at) =>
      value > level && value > RINGING * far[at];
    const faintest = where(data, (value, at) => far[at] <= weak && isClear(value, at));
    // lines may cross areas; photos have stains
    const mask = isPhoto ? faintest : withoutAreas({ ...contrast, data: faintest }, maxWidth);
    const count = mask.reduce((sum, isInk) => sum + isInk, 0);
    if (count === 0 || count >= MAX_SHARE * mask.length) continue;
    const plane = { ...contrast, data: mask }, regions = new Regions(plane);
    const { low, high } = regions.boxes(), depth = regions.largest(edgeDistance(plane));
    let lines = 0, others = 0;
    const isLine = regions.areas.map((area, region) => {
      const [from, to] = [low[region], high[region]];
      const extent = Math.max(to[0] - from[0], to[1] - from[1]), isLong = extent >= minLength;
      const isInner = sides.every((side, axis) => to[axis] > border && from[axis] < side - border);
      const isFaintLine = isLong && isInner && inkWidth(depth[region]) <= maxWidth;
      if (isFaintLine) lines += area;
      else if (!isLong && extent >= Math.max(2 * width, SHORT)) others += area;
      return isFaintLine;
    });
    if (lines && others <= OTHERS * lines) {
      const strong = where(data, (value, at) =>
        value > level && value > edge[close[at]] && (!isJpeg || isClear(value, at)));
      const drawn = new Regions({ ...contrast, data: strong });
      const isWanted = drawn.having((place) =>
        regions.labels[place] >= 0 && isLine[regions.labels[place]]);
      const touching = { ...contrast, data: drawn.only(isWanted) };
      return { mask: withoutAreas(touching, maxWidth), areLost: false };
    }
    areLost ||= lines > 0 && others <= NOISE * lines;
  }
  return { mask: null, areLost };
}

/** A mask without its parts wider than lines. @param {Plane} mask @param {number} maxWidth */
function withoutAreas(mask, maxWidth) {
  const cores = where(edgeDistance(mask), (depth) => inkWidth(depth) > maxWidth);
  if (!cores.some(Boolean)) return mask.data;
  const areas = spread({ ...mask, data: cores }, Math.floor(maxWidth / 2) + 2).data;
  return where(mask.data, (isInk, at) => isInk && !areas[at]);
}
