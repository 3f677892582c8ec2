// The layers of the networks. `layers.py` has the same in numpy.

import { BundleError } from "./errors.js";
import { multiply } from "./products.js";

/** @typedef {import("./safetensors.js").Tensor} Tensor */
/** @typedef {Map<string, Tensor>} Weights Arrays by the names they have in training. */

const NUM_GROUPS = 8;
const EPSILON = 1e-5; // of all norms
const ROWS_AT_ONCE = 12; // patches of a convolution that stay in the cache

/**
 * Take one array of a network's weights, of which a shape is expected.
 *
 * @param {Weights} weights @param {string} name @param {number[]} shape
 * @returns {Float32Array}
 * @throws {BundleError} If it is missing or has another shape.
 */
export function weightOf(weights, name, shape) {
  const found = weights.get(name);
  if (!found || found.shape.join() !== shape.join()) {
    throw new BundleError(`the weight \`${name}\` must be floats of shape (${shape.join(", ")})`, {
      got: found ? `(${found.shape.join(", ")})` : "none",
      fix: "Export the run again, or use another bundle.",
    });
  }
  return found.data;
}

/** The weights whose names begin with a prefix, without it. @param {Weights} weights @param {string} prefix */
export function part(weights, prefix) {
  const inside = [...weights].filter(([name]) => name.startsWith(prefix));
  return new Map(inside.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** A fully connected layer; its weight is outputs by inputs. */
export class Linear {
  /**
   * @param {Float32Array} weight
   * @param {Float32Array | null} bias
   * @param {number} outputs
   */
  constructor(weight, bias, outputs) {
    this.weight = weight;
    this.bias = bias;
    this.outputs = outputs;
    this.inputs = weight.length / outputs;
  }

  /** @param {Weights} weights @param {string} name @param {number} inputs @param {number} outputs */
  static named(weights, name, inputs, outputs) {
    const weight = weightOf(weights, `${name}.weight`, [outputs, inputs]);
    return new Linear(weight, weightOf(weights, `${name}.bias`, [outputs]), outputs);
  }

  /** Put the gain and the shift of a norm before this layer into it. @param {Float32Array} gain @param {Float32Array} shift */
  after(gain, shift) {
    const weight = new Float32Array(this.weight.length), bias = new Float32Array(this.outputs);
    multiply(this.weight, shift, bias, 1, this.inputs, this.outputs);
    for (let j = 0, at = 0; j < this.outputs; j++) {
      bias[j] += this.bias ? this.bias[j] : 0;
      for (let k = 0; k < this.inputs; k++, at++) weight[at] = this.weight[at] * gain[k];
    }
    return new Linear(weight, bias, this.outputs);
  }

  /**
   * Compute the layer.
   *
   * @param {Float32Array} x (rows, inputs).
   * @param {Float32Array} out (rows, outputs), overwritten.
   * @param {number} rows
   */
  apply(x, out, rows) {
    multiply(this.weight, x, out, rows, this.inputs, this.outputs);
    const { bias, outputs } = this;
    if (!bias) return;
    for (let r = 0, at = 0; r < rows; r++) for (let j = 0; j < outputs; j++, at++) out[at] += bias[j];
  }

  /** Compute the layer into a new array. @param {Float32Array} x @returns {Float32Array} */
  of(x) {
    const rows = x.length / this.inputs;
    const out = new Float32Array(rows * this.outputs);
    this.apply(x, out, rows);
    return out;
  }
}

/**
 * Layer norm without gain and shift.
 *
 * @param {Float32Array} x (rows, width).
 * @param {Float32Array} out The same, overwritten.
 * @param {number} rows @param {number} width
 */
export function normalise(x, out, rows, width) {
  for (let r = 0, at = 0; r < rows; r++, at += width) {
    let sum = 0, squares = 0;
    for (let i = at; i < at + width; i++) sum += x[i];
    const mean = sum / width;
    for (let i = at; i < at + width; i++) squares += (x[i] - mean) * (x[i] - mean);
    const scale = 1 / Math.sqrt(squares / width + EPSILON);
    for (let i = at; i < at + width; i++) out[i] = (x[i] - mean) * scale;
  }
}

/**
 * Convolutions of 3x3 pixels, each with group norm (Wu & He, arXiv 1803.08494) and SiLU.
 * Pictures are square, channels last.
 */
export class NormedConvolutions {
  /**
   * @param {Weights} weights
   * @param {[before: number, after: number, stride: number][]} sizes Channels, and the step from
   *   patch to patch.
   * @param {string} [name] Prefix of the names, as in `layers.0.weight`.
   */
  constructor(weights, sizes, name = "layers") {
    this._layers = sizes.map(([before, after, stride], index) => ({
      kernels: channelsLast(
        weightOf(weights, `${name}.${3 * index}.weight`, [after, before, 3, 3]), after, before, 9,
      ),
      gain: weightOf(weights, `${name}.${3 * index + 1}.weight`, [after]),
      shift: weightOf(weights, `${name}.${3 * index + 1}.bias`, [after]),
      before, after, stride,
    }));
  }

  /**
   * @param {Float32Array} picture (side, side, channels).
   * @param {number} side
   * @returns {Float32Array} Features; their side is that of the picture over all strides.
   */
  of(picture, side) {
    let features = picture;
    for (const { kernels, gain, shift, before, after, stride } of this._layers) {
      features = convolved(features, side, before, kernels, after, stride);
      side = Math.ceil(side / stride);
      normaliseGroups(features, after, gain, shift);
      for (let i = 0; i < features.length; i++) features[i] /= 1 + Math.exp(-features[i]);
    }
    return features;
  }
}

/**
 * Reorder weights that read channels before pixels for channels last.
 *
 * @param {Float32Array} weight (outputs, channels, pixels).
 * @param {number} outputs @param {number} channels @param {number} pixels
 */
export function channelsLast(weight, outputs, channels, pixels) {
  const result = new Float32Array(weight.length);
  for (let o = 0, from = 0; o < outputs; o++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++, from++) result[(o * pixels + p) * channels + c] = weight[from];
    }
  }
  return result;
}

/**
 * A convolution of 3x3 pixels with a frame of zeros, as products of patches with the kernels.
 *
 * @param {Float32Array} picture @param {number} side @param {number} before
 * @param {Float32Array} kernels @param {number} after @param {number} stride
 */
function convolved(picture, side, before, kernels, after, stride) {
  const newSide = Math.ceil(side / stride), total = newSide * newSide, length = 9 * before;
  const out = new Float32Array(total * after);
  const patches = new Float32Array(ROWS_AT_ONCE * length);
  for (let first = 0; first < total; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, total - first);
    patches.fill(0);
    for (let i = 0; i < count; i++) {
      const row = stride * Math.floor((first + i) / newSide) - 1;
      const column = stride * ((first + i) % newSide) - 1;
      const left = Math.max(column, 0), right = Math.min(column + 3, side);
      for (let down = 0; down < 3; down++) {
        if (row + down < 0 || row + down >= side) continue;
        const from = ((row + down) * side + left) * before;
        const line = picture.subarray(from, from + (right - left) * before);
        patches.set(line, i * length + (down * 3 + left - column) * before);
      }
    }
    multiply(kernels, patches, out, count, length, after, 0, length, 0, length, first * after, after);
  }
  return out;
}

/**
 * Normalise a picture over its pixels and over 8 groups of channels, in place.
 *
 * @param {Float32Array} features @param {number} channels
 * @param {Float32Array} gain @param {Float32Array} shift
 */
function normaliseGroups(features, channels, gain, shift) {
  const size = channels / NUM_GROUPS, count = features.length / NUM_GROUPS;
  for (let group = 0; group < NUM_GROUPS; group++) {
    const start = group * size;
    let sum = 0, squares = 0;
    for (let at = start; at < features.length; at += channels) {
      for (let i = at; i < at + size; i++) sum += features[i];
    }
    const mean = sum / count;
    for (let at = start; at < features.length; at += channels) {
      for (let i = at; i < at + size; i++) squares += (features[i] - mean) * (features[i] - mean);
    }
    const scale = 1 / Math.sqrt(squares / count + EPSILON);
    for (let at = start; at < features.length; at += channels) {
      for (let i = 0; i < size; i++) {
        features[at + i] = (features[at + i] - mean) * scale * gain[start + i] + shift[start + i];
      }
    }
  }
}
