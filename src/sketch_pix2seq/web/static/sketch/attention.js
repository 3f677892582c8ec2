// The `attention` decoder: a causal transformer over the steps of a drawing. Keys and values of past
// steps are kept, so that every step costs about the same. `attention.py` has the same in numpy.

import { AttentionRow, ENCODING_DIM, HIDDEN, outputDim, PARTLY, SHOWN } from "./attention_row.js";
import { STEP_DIM } from "./drawing.js";
import { paperOf } from "./guidance.js";
import { Linear, normalise, weightOf } from "./layers.js";
import { logDensity } from "./mixture.js";
import { VIEW_DIM } from "./pen_view.js";
import { multiply } from "./products.js";

/** @typedef {import("./layers.js").Weights} Weights */
/** @typedef {import("./attention_row.js").Condition} Condition */

const NUM_CODE_TOKENS = 4; // memory tokens that hold the latent code
const INPUT_DIM = STEP_DIM + ENCODING_DIM + VIEW_DIM;

/**
 * @typedef {object} DecoderSizes
 * @property {number} latentDim
 * @property {number} numCategories
 * @property {number} channels Of the grid.
 * @property {number} gridSize
 * @property {number} width W.
 * @property {number} numLayers L.
 * @property {number} headSize D.
 * @property {number} expansion Width of the feed-forward networks, in multiples of W.
 * @property {number} numComponents M.
 * @property {number} stepPixels Pixels of the picture to one unit of the offsets.
 * @property {number} pictureSize
 * @property {number} maxSteps
 */

/** One layer, with the gain and shift of each norm inside the next product. */
class Layer {
  /** @param {Weights} weights @param {string} name @param {DecoderSizes} sizes */
  constructor(weights, name, { width, headSize, expansion }) {
    const weight = (/** @type {string} */ part, /** @type {number[]} */ ...shape) =>
      weightOf(weights, `${name}.${part}`, shape);
    const query = weight("query.weight", width, width).map((w) => w / Math.sqrt(headSize));
    const both = new Float32Array((width + 2 * headSize) * width);
    both.set(query);
    both.set(weight("key_value.weight", 2 * headSize, width), query.length);
    const norm = (/** @type {string} */ part) =>
      /** @type {[Float32Array, Float32Array]} */ ([
        weight(`${part}.weight`, width), weight(`${part}.bias`, width),
      ]);
    const hidden = expansion * width;
    this.qkv = new Linear(both, null, width + 2 * headSize).after(...norm("norm"));
    const memory = weight("memory_key_value.weight", 2 * headSize, width);
    this.memory = new Linear(memory, null, 2 * headSize);
    this.out = new Linear(weight("out.weight", width, width), null, width);
    this.feedIn = Linear.named(weights, `${name}.feed_in`, width, hidden).after(...norm("feed_norm"));
    this.feedOut = Linear.named(weights, `${name}.feed_out`, hidden, width);
  }
}

export class AttentionDecoder {
  /**
   * @param {Weights} weights By name, without the prefix `decoder.`.
   * @param {DecoderSizes} sizes
   */
  constructor(weights, sizes) {
    const { width, latentDim, channels, gridSize, numCategories, numComponents, numLayers } = sizes;
    this.sizes = sizes;
    this._rowSizes = { ...sizes, places: gridSize ** 2 + NUM_CODE_TOKENS + 2 + sizes.maxSteps };
    this._outputDim = outputDim(numComponents);
    this._grid = Linear.named(weights, "grid", channels, width);
    this._gridPlace = weightOf(weights, "grid_place", [gridSize ** 2, width]);
    this._code = Linear.named(weights, "code", latentDim, NUM_CODE_TOKENS * width);
    this._category = weightOf(weights, "category.weight", [numCategories, width]);
    this._null = weightOf(weights, "null", [width]);
    this._memoryGain = weightOf(weights, "memory_norm.weight", [width]);
    this._memoryShift = weightOf(weights, "memory_norm.bias", [width]);
    this._step = Linear.named(weights, "step", INPUT_DIM, width);
    this._shown = weightOf(weights, "shown.weight", [3, width]);
    this._layers = Array.from(
      { length: numLayers }, (_, number) => new Layer(weights, `layers.${number}`, sizes),
    );
    this._output = Linear.named(weights, "output", width, this._outputDim).after(
      weightOf(weights, "norm.weight", [width]), weightOf(weights, "norm.bias", [width]),
    );
    this._reserve(1);
  }

  /** Make room for the numbers of so many rows. @param {number} rows */
  _reserve(rows) {
    const { width, headSize, expansion } = this.sizes;
    const { places } = this._rowSizes;
    this._room = rows;
    this._inputs = new Float32Array(rows * INPUT_DIM);
    this._states = new Float32Array(rows * width);
    this._normed = new Float32Array(rows * width);
    this._qkv = new Float32Array(rows * (width + 2 * headSize));
    this._mixed = new Float32Array(rows * width);
    this._inside = new Float32Array(rows * expansion * width);
    this._added = new Float32Array(rows * width);
    this._outputs = new Float32Array(rows * this._outputDim);
    this._scores = new Float32Array((width / headSize) * places);
  }

  /**
   * Prepare what a drawing is drawn from. What is left out, the decoder is not given.
   *
   * @param {object} given
   * @param {Float32Array} [given.grid] Grid of the visible part of the picture.
   * @param {Float32Array} [given.ink] The visible part of the picture; needed with `grid`.
   * @param {Float32Array} [given.visible] 1 where it is visible, if a part of it is hidden.
   * @param {Float32Array} [given.latent] The code of the whole picture.
   * @param {number} [given.categoryId] The category to draw.
   * @returns {Condition}
   */
  condition({ grid, ink, visible, latent, categoryId }) {
    const { width, numLayers, headSize, pictureSize } = this.sizes;
    const parts = [];
    if (grid) parts.push(this._grid.of(grid).map((value, i) => value + this._gridPlace[i]));
    if (latent) parts.push(this._code.of(latent));
    if (categoryId !== undefined) {
      parts.push(this._category.subarray(categoryId * width, (categoryId + 1) * width));
    }
    parts.push(this._null);
    const count = parts.reduce((sum, part) => sum + part.length, 0) / width;
    const memory = new Float32Array(count * width);
    let at = 0;
    for (const part of parts) {
      memory.set(part, at);
      at += part.length;
    }
    normalise(memory, memory, count, width);
    for (let i = 0; i < memory.length; i++) {
      memory[i] = memory[i] * this._memoryGain[i % width] + this._memoryShift[i % width];
    }
    const keys = new Float32Array(numLayers * count * headSize);
    const values = new Float32Array(numLayers * headSize * count);
    this._layers.forEach((layer, number) => {
      const both = layer.memory.of(memory); // (N, 2 D)
      for (let token = 0; token < count; token++) {
        for (let d = 0; d < headSize; d++) {
          keys[(number * count + token) * headSize + d] = both[2 * token * headSize + d];
          values[(number * headSize + d) * count + token] = both[(2 * token + 1) * headSize + d];
        }
      }
    });
    if (!grid || !ink) {
      const blank = new Float32Array(pictureSize ** 2);
      return { count, keys, values, ink: blank, paper: blank, visibility: HIDDEN };
    }
    const paper = paperOf(ink, pictureSize, visible);
    return { count, keys, values, ink, paper, visibility: visible ? PARTLY : SHOWN };
  }

  /** Begin a drawing. @param {Condition} condition @param {number} temperature */
  open(condition, temperature) {
    return new AttentionRow(this._rowSizes, condition, temperature);
  }

  /**
   * Compute what the next step of each drawing is sampled from; each counts one more past step.
   *
   * @param {AttentionRow[]} rows
   * @returns {Float32Array[]} Of each row (3 + 6 M,); valid until the next call.
   */
  outputs(rows) {
    const { width } = this.sizes, count = rows.length;
    if (count > this._room) this._reserve(count);
    rows.forEach((row, r) => row.writeInput(this._inputs, r * INPUT_DIM));
    const states = this._states;
    this._step.apply(this._inputs, states, count);
    rows.forEach(({ visibility }, r) => {
      for (let i = 0; i < width; i++) states[r * width + i] += this._shown[visibility * width + i];
    });
    this._layers.forEach((layer, number) => {
      normalise(states, this._normed, count, width);
      layer.qkv.apply(this._normed, this._qkv, count);
      for (let r = 0; r < count; r++) this._attend(rows[r], number, r);
      layer.out.apply(this._mixed, this._added, count);
      for (let i = 0; i < count * width; i++) states[i] += this._added[i];
      normalise(states, this._normed, count, width);
      layer.feedIn.apply(this._normed, this._inside, count);
      for (let i = 0; i < count * layer.feedIn.outputs; i++) {
        const value = Math.max(this._inside[i], 0);
        this._inside[i] = value * value;
      }
      layer.feedOut.apply(this._inside, this._added, count);
      for (let i = 0; i < count * width; i++) states[i] += this._added[i];
    });
    for (const row of rows) row.length += 1;
    normalise(states, this._normed, count, width);
    this._output.apply(this._normed, this._outputs, count);
    const length = this._outputDim;
    return rows.map((_, r) => this._outputs.subarray(r * length, (r + 1) * length));
  }

  /**
   * Attend to the memory and the past of one row, in one layer.
   *
   * @param {AttentionRow} row @param {number} layer @param {number} r Number of the row.
   */
  _attend(row, layer, r) {
    const { width, headSize } = this.sizes, { places } = this._rowSizes;
    const heads = width / headSize, qkv = this._qkv, scores = this._scores;
    const start = r * (width + 2 * headSize), count = row.length + 1;
    for (let d = 0; d < headSize; d++) {
      const at = start + width + d;
      row.keys[(layer * places + row.length) * headSize + d] = qkv[at];
      row.values[(layer * headSize + d) * places + row.length] = qkv[at + headSize];
    }
    multiply(
      row.keys, qkv, scores, heads, headSize, count,
      start, headSize, layer * places * headSize, headSize, 0, places,
    );
    for (let head = 0; head < heads; head++) {
      const first = head * places, end = first + count;
      let most = -Infinity, sum = 0;
      for (let i = first; i < end; i++) if (scores[i] > most) most = scores[i];
      for (let i = first; i < end; i++) sum += scores[i] = Math.exp(scores[i] - most);
      for (let i = first; i < end; i++) scores[i] /= sum;
    }
    multiply(
      row.values, scores, this._mixed, heads, count, headSize,
      0, places, layer * headSize * places, places, r * width, headSize,
    );
  }

  /**
   * Log densities, in nats, of the first steps of drawings under one condition.
   *
   * @param {Condition} condition
   * @param {Float32Array[]} prefixes (T, 5) each.
   */
  logDensities(condition, prefixes) {
    const rows = prefixes.map(() => this.open(condition, 0));
    const totals = new Float64Array(prefixes.length);
    for (let at = 0; prefixes.some((steps) => at < steps.length); at += STEP_DIM) {
      const going = rows.map((_, r) => r).filter((r) => at < prefixes[r].length);
      if (at > 0) for (const r of going) rows[r].takeLastStep();
      this.outputs(going.map((r) => rows[r])).forEach((output, i) => {
        const r = going[i];
        totals[r] += logDensity(output, prefixes[r], at);
        rows[r].step.set(prefixes[r].subarray(at, at + STEP_DIM));
      });
    }
    return totals;
  }
}
