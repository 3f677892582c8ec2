// The colours of pens: which of a picture's strokes were drawn with the same one. A pen is known by
// its hue, as how dark a line is depends on its width and on the hand. Black, grey and pencil are
// one pen. `pen_colours.py` has the same in numpy.

import { spread } from "./morphology.js";
import { eachPlane, greyOf, medians, reduced, runningMeans } from "./picture.js";
import { arcLengths, interpolated, median } from "./statistics.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./picture.js").Plane} Plane */
/** @typedef {import("./simplify.js").Points} Points */
/** @typedef {[number, number]} Hue Colour for so much ink: green to red, blue to yellow. */

const MAX_SAMPLES = 48; // along a stroke
const BLOCKS = 64; // along the longest side, in which paper is searched
const REACH = 2; // blocks on each side within which there is paper
const DARK = 0.45; // mean lightness of dark paper
const LIGHTER = 10; // steps of 255, of the ink of a light pen than the paper round it
const MIN_CHROMA = 0.025;
const COLOURED = 0.11; // of strengths
const ON_DARK = 1.5; // times as strong as they measure are light colours
const SAME_HUE = Math.cos((28 * Math.PI) / 180);
const ONE_PEN = 0.1; // of strengths: pens that differ less are one
const MIN_INK = 0.1; // steps of lightness, from which strengths are measured
const MIN_SHARE = 0.01; // of all lines: less is no pen of its own
const HUES = [0, 29, 58, 105, 143, 195, 255, 275, 312, 360]; // angles in Oklab, in degrees
const NAMES = [
  "pink", "red", "orange", "yellow", "green", "turquoise", "blue", "blue", "purple", "pink",
];
const GREY = 0.04; // largest chroma of grey

/**
 * Find the colour of the pen of each stroke.
 *
 * @param {Picture} picture @param {Points[]} strokes In pixels of the picture.
 * @returns {string[] | null} Of each stroke #rrggbb, the same for all of a pen, as on white paper;
 *   null if nothing has a colour.
 */
export function penColours(picture, strokes) {
  if (picture.planes.length < 3 || strokes.length === 0) return null;
  const { inks, paper, lengths } = inksAlong(picture, strokes);
  const middles = inks.map((samples) => {
    const lab = samples.map(oklab);
    return [0, 1, 2].map((axis) =>
      lab.map((colour) => colour[axis]).sort((a, b) => a - b)[samples.length >> 1]);
  });
  const strengths = middles.map((lab) => strengthOf(lab, paper));
  const isColoured = strengths.map((strength, i) =>
    Math.hypot(...strength) > COLOURED && Math.hypot(middles[i][1], middles[i][2]) > MIN_CHROMA);
  let pens = pensOf(strengths, isColoured, lengths);
  for (;;) {
    const known = [...new Set(pens)].sort((a, b) => a - b);
    const colours = known.map((pen) =>
      fullColour(inks.filter((_, i) => pens[i] === pen).flat(), paper));
    const hues = colours.map((colour) => strengthOf(oklab(colour), paper));
    const { distance, a, b } = closest(hues);
    if (distance <= ONE_PEN) {
      pens = pens.map((pen) => (pen === known[a] ? known[b] : pen));
      continue;
    }
    if (known.length === 1 && Math.hypot(...hues[0]) < ONE_PEN) return null;
    const names = colours.map(([red, green, blue, lighter]) =>
      hexColour([red, green, blue], !paper || lighter > LIGHTER));
    return pens.map((pen) => names[known.indexOf(pen)]);
  }
}

/**
 * Colours of the ink along each stroke, as on white paper if it is light, and by how many steps of
 * 255 it is lighter than most of what is round it; lightness of paper.
 */
function inksAlong(/** @type {Picture} */ picture, /** @type {Points[]} */ strokes) {
  const { width, height, planes } = picture;
  const side = Math.max(4, Math.floor(Math.max(width, height) / BLOCKS));
  const blocks = eachPlane(picture, (plane) => reduced(plane, side)), grey = greyOf(blocks).data;
  const isDark = grey.reduce((sum, value) => sum + value, 0) / grey.length < 255 * DARK;
  const bright = eachPlane(blocks, (plane) => runningMeans(spread(plane, REACH), REACH, 1));
  const usual = eachPlane(blocks, (plane) => medians(plane, REACH));
  const within = (/** @type {number} */ value, /** @type {number} */ size) =>
    Math.min(Math.max(Math.floor(value), 0), size - 1);
  const inkAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    const block = within(y / side, bright.height) * bright.width + within(x / side, bright.width);
    const paper = bright.planes.map((plane) => (isDark ? 0 : Math.max(plane[block], 1)));
    const around = [];
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        const at = within(y + dy, height) * width + within(x + dx, width);
        const colour = planes.map((plane) => plane[at]);
        const contrast = colour.reduce((sum, value, i) => sum + Math.abs(value - paper[i]), 0);
        around.push({ colour, contrast });
      }
    }
    // the second of nine: of a thin line, and not just what noise made darkest
    const { colour } = around.sort((a, b) => b.contrast - a.contrast)[1];
    const lighter = colour.reduce((sum, value, i) => sum + value - usual.planes[i][block], 0) / 3;
    return [...colour.map((value, i) => Math.min(value / (isDark ? 255 : paper[i]), 1)), lighter];
  };
  const lengths = [], inks = [];
  for (const stroke of strokes) {
    const along = arcLengths(stroke), length = along[along.length - 1];
    const count = Math.min(MAX_SAMPLES, 1 + Math.trunc(length / 3));
    const at = Array.from({ length: count }, (_, i) => (length * (i + 0.5)) / count);
    const [xs, ys] = stroke.map((values) => interpolated(at, along, values));
    inks.push(Array.from(xs, (x, i) => inkAt(x, ys[i])));
    lengths.push(1 + length);
  }
  return { inks, paper: isDark ? 0 : 1, lengths };
}

/** Number the pen of each stroke, 0 without colour: those of the longest stroke's hue first. */
function pensOf(
  /** @type {Hue[]} */ strengths, /** @type {boolean[]} */ isColoured,
  /** @type {number[]} */ lengths,
) {
  const turns = strengths.map((strength) =>
    strength.map((side) => side / (Math.hypot(...strength) || 1)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const cosine = (/** @type {number[]} */ one, /** @type {number[]} */ other) =>
    one[0] * other[0] + one[1] * other[1];
  /** @type {number[][]} */
  const centres = [];
  for (let left = [...lengths.keys()].filter((i) => isColoured[i]); left.length > 0;) {
    const longest = left.reduce((best, i) => (lengths[i] > lengths[best] ? i : best));
    const close = left.filter((i) => i === longest || cosine(turns[i], turns[longest]) > SAME_HUE);
    if (close.reduce((sum, i) => sum + lengths[i], 0) >= MIN_SHARE * total) {
      const centre = [0, 1].map((axis) =>
        close.reduce((sum, i) => sum + turns[i][axis] * lengths[i], 0));
      centres.push(centre.map((value) => value / Math.hypot(...centre)));
    }
    left = left.filter((i) => !close.includes(i));
  }
  return turns.map((turn, i) => {
    if (!isColoured[i] || centres.length === 0) return 0;
    const near = centres.map((centre) => cosine(turn, centre));
    return 1 + near.indexOf(Math.max(...near));
  });
}

/** The colour of a pen, and how much lighter it is, where its lines cover the paper best. */
function fullColour(/** @type {number[][]} */ inks, /** @type {number} */ paper) {
  const strengths = inks.map(([red, green, blue]) =>
    Math.abs(red - paper) + Math.abs(green - paper) + Math.abs(blue - paper));
  const typical = median(strengths), best = inks.filter((_, i) => strengths[i] >= typical);
  return [0, 1, 2, 3].map((axis) => median(best.map((ink) => ink[axis])));
}

/** How much colour there is for so much ink, in the direction of its hue. @returns {Hue} */
function strengthOf(/** @type {number[]} */ [lightness, a, b], /** @type {number} */ paper) {
  const ink = (Math.abs(paper - lightness) + MIN_INK) / (paper ? 1 : ON_DARK);
  return [a / ink, b / ink];
}

/** The distance between the two most similar pens, and which they are. @param {Hue[]} hues */
function closest(hues) {
  let best = { distance: Infinity, a: 0, b: 0 };
  for (const [a, one] of hues.entries()) {
    for (const [b, other] of hues.entries()) {
      const distance = a < b ? Math.hypot(one[0] - other[0], one[1] - other[1]) : Infinity;
      if (distance < best.distance) best = { distance, a, b };
    }
  }
  return best;
}

/** Write a colour as #rrggbb; a light pen's as dark as it was light, in the same hue. */
function hexColour(/** @type {number[]} */ colour, /** @type {boolean} */ isLight) {
  const shift = isLight ? 1 - Math.max(...colour) - Math.min(...colour) : 0;
  const bytes = colour.map((value) => Math.round(255 * (value + shift)));
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Name a colour #rrggbb in a plain word. @param {string} colour */
export function colourName(colour) {
  const rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [lightness, a, b] = oklab(rgb);
  if (Math.hypot(a, b) < GREY) {
    return lightness >= 0.85 ? "white" : lightness >= 0.4 ? "grey" : "black";
  }
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  const distances = HUES.map((angle) => Math.abs(angle - hue));
  return NAMES[distances.indexOf(Math.min(...distances))];
}

/**
 * Lightness, green to red and blue to yellow of an sRGB colour from 0 to 1.
 *
 * *Source*: B. Ottosson, "A perceptual color space for image processing" (2020).
 *
 * @param {number[]} rgb
 */
function oklab(rgb) {
  const linear = rgb.map((value) =>
    (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  const mixed = (/** @type {number[][]} */ rows, /** @type {number[]} */ values) =>
    rows.map((row) => row.reduce((sum, share, i) => sum + share * values[i], 0));
  return mixed(OPPONENTS, mixed(CONES, linear).map(Math.cbrt));
}

const CONES = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const OPPONENTS = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
