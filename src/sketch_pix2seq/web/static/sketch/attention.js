// The `attention` decoder: a causal transformer over the steps of a drawing. Keys and values of
// past steps are kept, so that every step costs about the same. `attention.py` has the same in
// numpy.

import { AttentionRow, ENCODING_DIM, HIDDEN, PARTLY, SHOWN } from "./attention_row.js";
import { STEP_DIM } from "./drawing.js";
import { paperOf } from "./guidance.js";
import { Linear, normalise } from "./layers.js";
import { logDensity, outputDim } from "./mixture.js";
import { VIEW_DIM } from "./pen_view.js";

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
    const get = (/** @type {string} */ part, /** @type {number[]} */ ...shape) =>
      weights.get(`${name}.${part}`, ...shape);
    const query = get("query.weight", width, width).map((w) => w / Math.sqrt(headSize));
    const keyValue = get("key_value.weight", 2 * headSize, width);
    const both = new Float32Array(query.length + keyValue.length);
    both.set(query);
    both.set(keyValue, query.length);
    const hidden = expansion * width, { products } = weights;
    this.qkv = Linear.afterNorm(weights, `${name}.norm`, both, null, width + 2 * headSize);
    const memory = get("memory_key_value.weight", 2 * headSize, width);
    this.memory = new Linear(products, memory, null, 2 * headSize);
    this.out = new Linear(products, get("out.weight", width, width), null, width);
    const feed = get("feed_in.weight", hidden, width), bias = get("feed_in.bias", hidden);
    this.feedIn = Linear.afterNorm(weights, `${name}.feed_norm`, feed, bias, hidden);
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
    this._products = weights.products;
    this._rowSizes = { ...sizes, places: gridSize ** 2 + NUM_CODE_TOKENS + 2 + sizes.maxSteps };
    this._outputDim = outputDim(numComponents);
    this._grid = Linear.named(weights, "grid", channels, width);
    this._gridPlace = weights.get("grid_place", gridSize ** 2, width);
    this._code = Linear.named(weights, "code", latentDim, NUM_CODE_TOKENS * width);
    this._category = weights.get("category.weight", numCategories, width);
    this._null = weights.get("null", width);
    this._memoryGain = weights.get("memory_norm.weight", width);
    this._memoryShift = weights.get("memory_norm.bias", width);
    this._step = Linear.named(weights, "step", INPUT_DIM, width);
    this._shown = weights.get("shown.weight", 3, width);
    this._layers = Array.from(
      { length: numLayers }, (_, number) => new Layer(weights, `layers.${number}`, sizes),
    );
    const last = weights.get("output.weight", this._outputDim, width);
    const bias = weights.get("output.bias", this._outputDim);
    this._output = Linear.afterNorm(weights, "norm", last, bias, this._outputDim);
    this._scratch = newScratch(this.sizes, this._outputDim, 1);
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
    if (count > this._scratch.room) {
      this._scratch = newScratch(this.sizes, this._outputDim, count);
    }
    const { inputs, states, normed, qkv, mixed, inside, added, outputs } = this._scratch;
    rows.forEach((row, r) => row.writeInput(inputs, r * INPUT_DIM));
    this._step.apply(inputs, states, count);
    rows.forEach(({ visibility }, r) => {
      for (let i = 0; i < width; i++) states[r * width + i] += this._shown[visibility * width + i];
    });
    for (let number = 0; number < this._layers.length; number++) {
      const layer = this._layers[number];
      normalise(states, normed, count, width);
      layer.qkv.apply(normed, qkv, count);
      for (let r = 0; r < count; r++) this._attend(rows[r], number, r);
      layer.out.apply(mixed, added, count);
      add(states, added, count * width);
      normalise(states, normed, count, width);
      layer.feedIn.apply(normed, inside, count);
      squarePositive(inside, count * layer.feedIn.outputs);
      layer.feedOut.apply(inside, added, count);
      add(states, added, count * width);
    }
    for (const row of rows) row.length += 1;
    normalise(states, normed, count, width);
    this._output.apply(normed, outputs, count);
    const length = this._outputDim;
    return rows.map((_, r) => outputs.subarray(r * length, (r + 1) * length));
  }

  /**
   * Attend to the memory and the past of one row, in one layer.
   *
   * @param {AttentionRow} row @param {number} layer @param {number} r Number of the row.
   */
  _attend(row, layer, r) {
    const { width, headSize } = this.sizes, { places } = this._rowSizes;
    const { qkv, mixed } = this._scratch;
    const start = r * (width + 2 * headSize), keyStart = layer * places * headSize;
    for (let d = 0; d < headSize; d++) {
      const at = start + width + d;
      row.keys[keyStart + row.length * headSize + d] = qkv[at];
      row.values[keyStart + d * places + row.length] = qkv[at + headSize];
    }
    this._products.attend({
      keys: row.keys, keyStart, values: row.values, valueStart: keyStart, places,
      count: row.length + 1, x: qkv, start, heads: width / headSize, headSize,
    }, mixed, r * width);
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

/**
 * Room for the numbers of so many rows.
 *
 * @param {DecoderSizes} sizes @param {number} outputDim @param {number} room
 */
function newScratch({ width, headSize, expansion }, outputDim, room) {
  const rows = (/** @type {number} */ length) => new Float32Array(room * length);
  return {
    room,
    inputs: rows(INPUT_DIM),
    states: rows(width),
    normed: rows(width),
    qkv: rows(width + 2 * headSize),
    mixed: rows(width),
    inside: rows(expansion * width),
    added: rows(width),
    outputs: rows(outputDim),
  };
}

/** @param {Float32Array} values @param {Float32Array} more @param {number} length */
function add(values, more, length) {
  for (let i = 0; i < length; i++) values[i] += more[i];
}

/**
 * Squares of positive numbers, 0 for others, in place.
 *
 * @param {Float32Array} values @param {number} length
 */
function squarePositive(values, length) {
  for (let i = 0; i < length; i++) {
    const value = values[i];
    values[i] = value > 0 ? value * value : 0;
  }
}
