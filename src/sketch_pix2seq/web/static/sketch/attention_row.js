// One drawing under way with an `AttentionDecoder`: its past, its pen, and the windows about it.

import { DOWN, STEP_DIM } from "./drawing.js";
import { choose } from "./guidance.js";
import { NUM_PROPOSALS, Sampler } from "./mixture.js";
import { PenView } from "./pen_view.js";

/** Visibility: how much of the picture is visible to the decoder. */
export const HIDDEN = 0, PARTLY = 1, SHOWN = 2;
const PEN_TEMPERATURE = 2; // factor on the temperature of pen states without a picture
/** Periods, in pixels, of the sinusoidal encoding of the pen's x and y. */
const POSITION_PERIODS = [2, 4, 8, 16, 32, 64, 128];
/** Periods, in steps, of the sinusoidal encoding of the step's number. */
const STEP_PERIODS = [4, 8, 16, 32, 64, 128, 256, 512];
/** Sines and cosines of one pen's position and step number. */
export const ENCODING_DIM = 2 * (2 * POSITION_PERIODS.length + STEP_PERIODS.length);
const f32 = Math.fround;
const rates = (/** @type {number[]} */ periods) =>
  periods.map((period) => f32((2 * Math.PI) / period));
const POSITION_RATES = rates(POSITION_PERIODS), STEP_RATES = rates(STEP_PERIODS);

/**
 * What a drawing is drawn from, ready for the decoder: keys (L, N, D) and values (L, D, N) of N
 * memory tokens in each of L layers, the visible ink, paper for sure, and the visibility.
 * @typedef {object} Condition
 * @property {number} count N.
 * @property {Float32Array} keys
 * @property {Float32Array} values
 * @property {Float32Array} ink
 * @property {Float32Array} paper
 * @property {number} visibility
 */
/**
 * Sizes that a row needs to know.
 * @typedef {object} RowSizes
 * @property {number} numLayers L.
 * @property {number} headSize D.
 * @property {number} places Memory tokens and steps, at most.
 * @property {number} stepPixels Pixels of the picture to one unit of the offsets.
 * @property {number} pictureSize
 * @property {number} numComponents M.
 */

export class AttentionRow {
  /** @param {RowSizes} sizes @param {Condition} condition @param {number} temperature */
  constructor(sizes, condition, temperature) {
    const { numLayers, headSize, places, pictureSize, numComponents } = sizes;
    this._sizes = sizes;
    this._temperature = f32(temperature);
    this.visibility = condition.visibility;
    this.keys = new Float32Array(numLayers * places * headSize); // (L, places, D)
    this.values = new Float32Array(numLayers * headSize * places); // (L, D, places)
    const { count } = condition, size = count * headSize;
    for (let layer = 0; layer < numLayers; layer++) {
      const keys = condition.keys.subarray(layer * size, (layer + 1) * size);
      this.keys.set(keys, layer * places * headSize);
      for (let d = layer * headSize; d < (layer + 1) * headSize; d++) {
        this.values.set(condition.values.subarray(d * count, (d + 1) * count), d * places);
      }
    }
    /** Memory tokens and past steps. */
    this.length = count;
    /** The step drawn last; before the first one the start step. */
    this.step = Float32Array.of(0, 0, 1, 0, 0);
    this._number = 0; // steps drawn
    this._x = this._y = 0; // sums of the offsets, in the decoder's units
    this._wasDown = false; // whether the next step draws a line
    this._view = new PenView(condition.ink, pictureSize);
    this._maps = {
      size: pictureSize,
      paper: condition.paper,
      remaining: this._view.remaining,
      drawn: this._view.drawn,
      allVisible: condition.visibility === SHOWN,
    };
    const proposals = NUM_PROPOSALS * numComponents;
    this._sampler = new Sampler(numComponents);
    this._ends = new Float32Array(2 * proposals);
    this._logits = new Float32Array(proposals);
    this._scores = new Float32Array(proposals);
  }

  /** Where the pen is, in pixels: of an offset from the middle. @param {number} offset */
  _pixel(offset) {
    return f32(f32(offset * f32(this._sizes.stepPixels)) + this._sizes.pictureSize / 2);
  }

  /** Move the pen by the step drawn last, and mark what its line covers. */
  takeLastStep() {
    const x = this._pixel(this._x), y = this._pixel(this._y);
    this._x = f32(this._x + this.step[0]);
    this._y = f32(this._y + this.step[1]);
    const toX = this._pixel(this._x), toY = this._pixel(this._y);
    this._view.mark(this._wasDown ? x : toX, this._wasDown ? y : toY, toX, toY);
    this._wasDown = this.step[2 + DOWN] > 0;
    this._number += 1;
  }

  /**
   * Write what the decoder reads: the last step, encodings of place and number, the windows.
   *
   * @param {Float32Array} out @param {number} at Where to write.
   */
  writeInput(out, at) {
    const x = this._pixel(this._x), y = this._pixel(this._y);
    out.set(this.step, at);
    at = encode(x, POSITION_RATES, out, at + STEP_DIM);
    at = encode(y, POSITION_RATES, out, at);
    at = encode(this._number, STEP_RATES, out, at);
    this._view.write(x, y, out, at);
  }

  /**
   * Draw a step; `step` then holds it.
   *
   * @param {Float32Array} output The decoder's.
   * @param {Float32Array} noise Of this step.
   */
  draw(output, noise) {
    const sampler = this._sampler, temperature = this._temperature;
    if (this.visibility === HIDDEN) {
      sampler.sample(output, noise, temperature, this.step, PEN_TEMPERATURE);
    } else {
      sampler.prepare(output, noise, temperature);
      sampler.write(this._guided(sampler), this.step);
    }
  }

  /** The best proposal by logits and ink; the pen's logits are changed. @param {Sampler} sampler */
  _guided({ components, offsets, pen }) {
    const x = this._pixel(this._x), y = this._pixel(this._y), unit = f32(this._sizes.stepPixels);
    for (let i = 0; i < this._logits.length; i++) {
      this._logits[i] = components[i % components.length];
      this._ends[2 * i] = x + f32(offsets[2 * i] * unit);
      this._ends[2 * i + 1] = y + f32(offsets[2 * i + 1] * unit);
    }
    const { best, moved } = choose(
      x, y, this._ends, this._wasDown, this._logits, pen, this._maps, this._scores,
    );
    if (moved) {
      offsets[2 * best] = f32(f32(this._ends[2 * best] - x) / unit);
      offsets[2 * best + 1] = f32(f32(this._ends[2 * best + 1] - y) / unit);
    }
    return best;
  }
}

/**
 * Write the sines, then the cosines of a value at several rates.
 *
 * @param {number} value @param {number[]} rates @param {Float32Array} out @param {number} at
 * @returns {number} Where to go on.
 */
function encode(value, rates, out, at) {
  for (const rate of rates) {
    const angle = f32(value * rate);
    out[at + rates.length] = Math.cos(angle);
    out[at++] = Math.sin(angle);
  }
  return at + rates.length;
}
