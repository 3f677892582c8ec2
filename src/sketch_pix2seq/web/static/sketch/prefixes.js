// Started drawings: as the first steps of a decoder, and what is drawn after them.
//
// A started drawing is a part of a whole one. Which part it is, the decoder says: the place where
// it would most likely have drawn these steps. `drawings.py` has the same in numpy.

import { boundsOf, QUICKDRAW_SIDE, STEP_DIM, stepsOf, strokesOf } from "./drawing.js";
import { DrawingError } from "./errors.js";
import { QUICKDRAW_EPSILON, quickdrawNormalised, simplify } from "./simplify.js";

const WIDER = 0.02; // of a drawing's longest side: boxes of strokes are wider by it all round
const SAME = 0.45; // of what two boxes cover: smallest share of both, of a stroke drawn again

/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./bundle.js").ModelCard} ModelCard */
/**
 * How much of a whole drawing a started one is, as a share of the longest side, and its middle, in
 * pixels of Quick, Draw! from the middle of the whole.
 * @typedef {{share: number, x: number, y: number}} Placement
 */
/**
 * A started drawing as the first steps of a decoder.
 * @typedef {object} Prefix
 * @property {Float32Array} steps (P, 5), without an end.
 * @property {number} scale Pixels of the drawing to one of the decoder's.
 * @property {number} x Where the decoder's origin lies in the drawing.
 * @property {number} y
 */

/** Of a started drawing that is as large as the whole. @type {Placement} */
export const WHOLE = { share: 1, x: 0, y: 0 };
const SHARES = [1, 0.8, 0.62, 0.48, 0.36]; // of a whole drawing that a started one is tried as
const COMPARED = 40; // first steps by which placements are compared
const f32 = Math.fround;

/**
 * Take a started drawing for that part of a whole one which the decoder would best draw.
 *
 * @param {Drawing} drawing With a stroke.
 * @param {ModelCard} card
 * @param {(prefixes: Float32Array[]) => ArrayLike<number>} logDensities Of first steps.
 * @returns {Prefix}
 */
export function likeliestPrefix(drawing, card, logDensities) {
  const placements = placementsOf(drawing);
  const detail = SHARES[SHARES.length >> 1]; // the same points in all placements: they must compare
  const most = Math.min(COMPARED, card.max_steps) * STEP_DIM;
  const compared = firstSteps(drawing, card, WHOLE, detail).subarray(0, most);
  const unit = f32(card.offset_scale);
  const densities = logDensities(
    placements.map(({ share, x, y }) => {
      const scaled = compared.map((value, i) => (i % STEP_DIM < 2 ? value * f32(share) : value));
      scaled[0] += f32(f32(x) / unit);
      scaled[1] += f32(f32(y) / unit);
      return scaled;
    }),
  );
  // densities of offsets in pixels of the drawing, whatever the placement
  const likelihoods = placements.map(
    ({ share }, i) => densities[i] + 2 * (compared.length / STEP_DIM) * Math.log(share),
  );
  const likeliest = placements.map((_, i) => i).sort((a, b) => likelihoods[b] - likelihoods[a]);
  const fitting = likeliest.find((i) => {
    const { share } = placements[i]; // a smaller one has fewer points
    return firstSteps(drawing, card, placements[i], share).length / STEP_DIM < card.max_steps;
  });
  return prefixOf(drawing, card, placements[fitting ?? likeliest[0]]);
}

/**
 * What was drawn after a started drawing, whose own strokes stay as they are.
 *
 * @param {Drawing} drawing @param {Prefix} prefix
 * @param {Float32Array} steps (T, 5), those of the prefix included.
 * @param {number} offsetScale
 */
export function completed(drawing, prefix, steps, offsetScale) {
  const strokes = strokesOf(steps, offsetScale * prefix.scale, prefix.x, prefix.y);
  const given = drawing.map(([xs, ys]) => [Array.from(xs), Array.from(ys)]);
  return /** @type {[number[], number[]][]} */ ([...given, ...strokes.slice(drawing.length)]);
}

/** Of each share the corners, the edges, the inside. @param {Drawing} drawing @returns {Placement[]} */
function placementsOf(drawing) {
  const [width, height] = sidesOf(drawing), longest = Math.max(width, height) || 1;
  return SHARES.flatMap((share) => {
    const [across, down] = [width, height].map((side) => {
      const room = ((1 - (share * side) / longest) * QUICKDRAW_SIDE) / 2;
      return room > 0 ? [-room, 0, room] : [0];
    });
    return across.flatMap((x) => down.map((y) => ({ share, x, y })));
  });
}

/**
 * The steps that a decoder would have drawn a started drawing with.
 *
 * @param {Drawing} drawing @param {ModelCard} card @param {Placement} placement
 * @returns {Prefix}
 */
export function prefixOf(drawing, card, placement) {
  const box = boundsOf(drawing);
  if (!box) throw new DrawingError("a started drawing must have a stroke");
  const steps = firstSteps(drawing, card, placement, placement.share);
  const numSteps = steps.length / STEP_DIM;
  if (numSteps >= card.max_steps) {
    throw new DrawingError(
      `a started drawing must have fewer than ${card.max_steps} points for this model`,
      { got: `${numSteps} after simplifying` },
    );
  }
  const [left, top, right, bottom] = box;
  const scale = Math.max(...sidesOf(drawing)) / (QUICKDRAW_SIDE * placement.share) || 1;
  const x = (left + right) / 2 - placement.x * scale, y = (top + bottom) / 2 - placement.y * scale;
  return { steps, scale, x, y };
}

/**
 * Steps of a placed drawing, simplified as if `detail` were its share of the whole.
 *
 * @param {Drawing} drawing @param {ModelCard} card @param {Placement} placement
 * @param {number} detail
 */
function firstSteps(drawing, card, placement, detail) {
  const [middleX, middleY, share] = [placement.x, placement.y, placement.share].map(f32);
  /** @type {Drawing} */
  const strokes = normalisedFor(drawing, card, detail).map(([xs, ys]) => [
    xs.map((x) => f32(f32(x * share) + middleX)), ys.map((y) => f32(f32(y * share) + middleY)),
  ]);
  return stepsOf(strokes, card.offset_scale);
}

/**
 * How many of the drawn strokes fill the box of a given one, as an eye over an eye does.
 *
 * @param {Drawing} given @param {Drawing} whole A completion, which begins with its strokes.
 */
export function numDrawnAgain(given, whole) {
  const margin = WIDER * Math.max(...sidesOf(whole));
  const boxes = whole.map((stroke) => {
    const [left, top, right, bottom] = boundsOf([stroke]) ?? [0, 0, 0, 0];
    return [left - margin, top - margin, right + margin, bottom + margin];
  });
  const area = (/** @type {number[]} */ [left, top, right, bottom]) =>
    Math.max(0, right - left) * Math.max(0, bottom - top);
  const old = boxes.slice(0, given.length);
  return boxes.slice(given.length).filter((box) => old.some((other) => {
    const both = area(box.map((side, i) => (i < 2 ? Math.max : Math.min)(side, other[i])));
    return both > SAME * (area(box) + area(other) - both);
  })).length;
}

/** @param {Drawing} drawing */
function sidesOf(drawing) {
  const [left, top, right, bottom] = boundsOf(drawing) ?? [0, 0, 0, 0];
  return [right - left, bottom - top];
}

/**
 * Simplify as the training data were; the middle of the drawing comes to (0, 0).
 *
 * @param {Drawing} drawing @param {ModelCard} card
 * @param {number} share How much of a whole drawing it is.
 * @returns {import("./simplify.js").Points[]}
 */
export function normalisedFor(drawing, card, share) {
  let strokes = quickdrawNormalised(drawing);
  let epsilon = card.data?.options?.epsilon ?? null;
  if (share < 1) epsilon = Math.max(epsilon ?? 0, QUICKDRAW_EPSILON) / share;
  if (epsilon !== null) {
    const tolerance = epsilon;
    strokes = strokes.map((stroke) => simplify(stroke, tolerance));
  }
  const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, 0, 0];
  const middleX = Math.floor((left + right) / 2), middleY = Math.floor((top + bottom) / 2);
  return strokes.map(([xs, ys]) => [xs.map((x) => x - middleX), ys.map((y) => y - middleY)]);
}
