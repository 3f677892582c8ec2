// Finding printed dots and dashes, punched holes and bindings, which are no part of a drawing.

import { spread } from "./morphology.js";
import { median, quantile } from "./statistics.js";

/** @typedef {import("./centre_lines.js").Point} Point */

const MIN_DOTS = 60;
const MIN_DASHES = 200;
const MAX_DASHES = 8000; // that are compared
const BESIDE = 0.1; // of the distance between printed lines: how far it varies
const NEAR = 3; // times that distance: how far away a dash of the same printed line is searched
const THIN = 0.9; // of printed dashes are no wider than one without a neighbour may be
const MOSTLY = 0.6; // of all dashes have another one beside them, where paper is printed
const ALL_OVER = 0.6; // of the picture's sides, where dashes lie
const SAMPLED = 500; // dots whose distances to all others are measured
const EVEN = 0.15; // of the distance between dots: how far they are off their places at most
const ROUND = 1.3; // times as long as wide is a punched hole at most
const FULL = 0.65; // of its box, what a hole covers at least; of a circle 0.79
const MAX_FROM_BORDER = 0.09; // of the sheet's side: the middle of a hole
const SAME = 0.25; // of its size, by which holes differ in size and distance from the border
const MIN_RINGS = 16; // blades of grass along the border are fewer, or less alike
const RINGS_REACH = 0.6; // of the sheet's side, along which a binding lies
const REGULAR = 0.5; // of the small things are in a row with two others, where paper is dotted

/**
 * Which regions are printed dots: small ones, most of them evenly between two.
 *
 * @param {number[]} areas Pixels of each region. @param {Point[]} middles
 * @param {number} maxArea Of a dot.
 */
export function printedDots(areas, middles, maxArea) {
  const isDot = new Array(areas.length).fill(false);
  const small = [...areas.keys()].filter((region) => areas[region] < maxArea);
  if (small.length < MIN_DOTS) return isDot;
  const places = small.map((region) => middles[region]), spacing = typicalSpacing(places);
  const slack = EVEN * spacing + 1;
  const [left, right, up, down] = [[-1, 0], [1, 0], [0, -1], [0, 1]].map(([x, y]) =>
    hasOneAt(places, [x * spacing, y * spacing], slack));
  const isBetween = small.filter((_, i) => (left[i] && right[i]) || (up[i] && down[i]));
  if (isBetween.length / small.length < REGULAR) return isDot;
  small.forEach((region, i) => (isDot[region] = left[i] || right[i] || up[i] || down[i]));
  return isDot;
}

/**
 * Which regions are pieces of upright or level printed lines: narrow ones, evenly apart.
 *
 * @param {Point[]} low Each region's upper left pixel. @param {Point[]} high Its lower right one.
 * @param {number} maxWidth Of a dash.
 * @param {number} width Of the picture. @param {number} height
 */
export function printedDashes(low, high, maxWidth, width, height) {
  const isDash = new Array(low.length).fill(false);
  for (const across of [0, 1]) {
    const narrow = [...low.keys()].filter((region) =>
      high[region][across] - low[region][across] + 1 <= maxWidth);
    if (narrow.length < MIN_DASHES || narrow.length > MAX_DASHES) continue;
    const isAllOver = [width, height].every((side, axis) => {
      const starts = narrow.map((region) => low[region][axis]);
      return (Math.max(...starts) - Math.min(...starts)) / side >= ALL_OVER;
    });
    if (!isAllOver) continue;
    const dashes = narrow.map((region) => ({
      place: (low[region][across] + high[region][across]) / 2,
      width: high[region][across] - low[region][across],
      first: low[region][1 - across], last: high[region][1 - across],
    }));
    const { isBeside, spacing } = evenlyBeside(dashes, maxWidth);
    const printed = dashes.filter((_, i) => isBeside[i]);
    if (printed.length / narrow.length < MOSTLY) continue;
    const widest = quantile(printed.map((dash) => dash.width), THIN);
    narrow.forEach((region, i) => (isDash[region] ||= isBeside[i] ||
      (dashes[i].width <= widest && isInLineWith(printed, dashes[i], spacing))));
  }
  return isDash;
}

/**
 * Which regions are punched holes: two discs or more of one size along a border of the sheet.
 *
 * @param {number[]} areas Pixels of each region. @param {Point[]} low Its upper left pixel.
 * @param {Point[]} high Its lower right one. @param {number} minWidth Of a hole.
 * @param {number} width Of the sheet. @param {number} height
 */
export function punchedHoles(areas, low, high, minWidth, width, height) {
  const isHole = new Array(areas.length).fill(false);
  const sizes = low.map((corner, region) =>
    corner.map((start, axis) => high[region][axis] - start + 1).sort((a, b) => a - b));
  const discs = [...areas.keys()].filter((region) => {
    const [narrow, wide] = sizes[region];
    return narrow > minWidth && wide < ROUND * narrow && areas[region] > FULL * narrow * wide;
  });
  for (const [across, side] of [width, height].entries()) {
    for (const isFar of [false, true]) {
      const away = (/** @type {number} */ region) => {
        const middle = (low[region][across] + high[region][across] + 1) / 2;
        return isFar ? side - middle : middle;
      };
      const along = discs.filter((region) => away(region) < MAX_FROM_BORDER * side);
      for (const hole of along) {
        const slack = SAME * sizes[hole][1];
        const alike = along.filter((other) => Math.abs(away(other) - away(hole)) < slack
          && Math.abs(sizes[other][1] - sizes[hole][1]) < slack);
        if (alike.length > 1) for (const other of alike) isHole[other] = true;
      }
    }
  }
  return isHole;
}

/**
 * Which regions are rings or holes of a spiral: many alike, evenly along a border of the sheet.
 *
 * @param {Point[]} low The upper left pixel of each region. @param {Point[]} high Its lower right
 * one. @param {number} width Of the sheet. @param {number} height
 */
export function bindingMarks(low, high, width, height) {
  const isRing = new Array(low.length).fill(false), size = [width, height];
  const extent = (/** @type {number} */ region, /** @type {number} */ axis) =>
    high[region][axis] - low[region][axis] + 1;
  for (const across of [0, 1]) {
    for (const isFar of [false, true]) {
      const side = size[across];
      const near = [...low.keys()].filter((region) =>
        (isFar ? side - 1 - low[region][across] : high[region][across]) < MAX_FROM_BORDER * side);
      if (near.length < MIN_RINGS) continue;
      const typical = [0, 1].map((axis) => median(near.map((region) => extent(region, axis))));
      const alike = near.filter((region) => typical.every((value, axis) =>
        Math.abs(extent(region, axis) - value) <= SAME * Math.max(...typical) + 1));
      if (alike.length < MIN_RINGS) continue;
      const middle = (/** @type {number} */ region) =>
        (low[region][1 - across] + high[region][1 - across] + 1) / 2;
      const along = alike.map(middle).sort((a, b) => a - b);
      const apart = along.slice(1).map((place, i) => place - along[i]), step = median(apart);
      const even = apart.filter((gap) => Math.abs(gap - step) <= EVEN * step + 1);
      const reach = along[along.length - 1] - along[0];
      if (even.length / apart.length <= MOSTLY || reach <= RINGS_REACH * size[1 - across]) continue;
      for (const region of alike) isRing[region] = true;
    }
  }
  return isRing;
}

/**
 * Which dashes have another one beside them at the typical distance, and that distance.
 *
 * @param {{place: number, first: number, last: number}[]} dashes @param {number} maxWidth
 */
function evenlyBeside(dashes, maxWidth) {
  const shifts = dashes.map(({ place, first, last }) => {
    const own = [];
    for (const other of dashes) {
      if (other.first > last + maxWidth || other.last < first - maxWidth) continue;
      const shift = Math.abs(other.place - place);
      if (shift > 2 * maxWidth) own.push(shift);
    }
    return own;
  });
  const typical = median(shifts.map((own) =>
    own.reduce((nearest, shift) => Math.min(nearest, shift), Infinity)));
  const isBeside = shifts.map((own) => typical < Infinity &&
    own.some((shift) => Math.abs(shift - typical) <= BESIDE * typical));
  return { isBeside, spacing: typical };
}

/**
 * Whether a dash lies on one printed line with two printed ones or more near it.
 *
 * @param {{place: number, first: number}[]} printed @param {{place: number, first: number}} dash
 * @param {number} spacing
 */
function isInLineWith(printed, dash, spacing) {
  const near = printed.filter((other) =>
    Math.abs(other.first - dash.first) <= NEAR * spacing &&
    Math.abs(other.place - dash.place) <= BESIDE * spacing);
  return near.length >= 2;
}

/** The median distance of places from the nearest other one, of at most `SAMPLED` of them. */
function typicalSpacing(/** @type {Point[]} */ places) {
  const count = Math.min(places.length, SAMPLED);
  const step = (places.length - 1) / Math.max(count - 1, 1);
  return median(Array.from({ length: count }, (_, i) => {
    const sample = Math.trunc(i * step), [x, y] = places[sample];
    return places.reduce((nearest, [otherX, otherY], other) => (other === sample ? nearest
      : Math.min(nearest, Math.hypot(otherX - x, otherY - y))), Infinity);
  }));
}

/** Whether there is another place so far off each place, or nearly there. */
function hasOneAt(
  /** @type {Point[]} */ places, /** @type {Point} */ shift, /** @type {number} */ slack,
) {
  const low = [0, 1].map((axis) =>
    places.reduce((least, place) => Math.min(least, place[axis]), Infinity)
    - Math.abs(shift[axis]) - slack);
  const cell = (/** @type {Point} */ place, /** @type {number} */ times) => [0, 1].map((axis) =>
    Math.trunc((place[axis] + times * shift[axis] - low[axis]) / slack));
  const cells = places.map((place) => cell(place, 0));
  const wanted = places.map((place) => cell(place, 1));
  const [width, height] = [0, 1].map((axis) =>
    [...cells, ...wanted].reduce((most, place) => Math.max(most, place[axis]), 0) + 2);
  const data = new Uint8Array(width * height);
  for (const [x, y] of cells) data[y * width + x] = 1;
  const near = spread({ width, height, data }, 1).data;
  return wanted.map(([x, y]) => near[y * width + x] > 0);
}
