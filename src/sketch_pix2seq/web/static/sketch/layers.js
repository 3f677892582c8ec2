// The layers of the networks. `layers.py` has the same in numpy.

import { BundleError } from "./errors.js";
import { multiply } from "./products.js";

/** @typedef {import("./safetensors.js").Tensor} Tensor */
/** @typedef {import("./products.js").Products<any>} Products */

const NUM_GROUPS = 8;
const EPSILON = 1e-5; // of all norms
const ROWS_AT_ONCE = 12; // patches of a convolution that stay in the cache

/** Arrays by the names they have in training, and what multiplies with them. */
export class Weights {
  /** @param {Map<string, Tensor>} tensors @param {Products} products */
  constructor(tensors, products) {
    this._tensors = tensors;
    this.products = products;
  }

  /**
   * One array, of which a shape is expected.
   *
   * @param {string} name @param {...number} shape
   * @returns {Float32Array}
   * @throws {BundleError} If it is missing or has another shape.
   */
  get(name, ...shape) {
    const found = this._tensors.get(name);
    if (found && found.shape.join() === shape.join()) return found.data;
    throw new BundleError(`the weight \`${name}\` must be floats of shape (${shape.join(", ")})`, {
      got: found ? `(${found.shape.join(", ")})` : "none",
      fix: "Export the run again, or use another bundle.",
    });
  }

  /** Those whose names begin with a prefix, without it. @param {string} prefix */
  part(prefix) {
    const tensors = new Map();
    for (const [name, tensor] of this._tensors) {
      if (name.startsWith(prefix)) tensors.set(name.slice(prefix.length), tensor);
    }
    return new Weights(tensors, this.products);
  }
}

/** A fully connected layer. */
export class Linear {
  /**
   * @param {Products} products
   * @param {Float32Array} weight Outputs by inputs.
   * @param {Float32Array | null} bias
   * @param {number} outputs
   */
  constructor(products, weight, bias, outputs) {
    this._products = products;
    this._held = products.hold(weight, outputs);
    this._bias = bias;
    this.outputs = outputs;
    this.inputs = weight.length / outputs;
  }

  /**
   * @param {Weights} weights @param {string} name @param {number} inputs @param {number} outputs
   */
  static named(weights, name, inputs, outputs) {
    const weight = weights.get(`${name}.weight`, outputs, inputs);
    return new Linear(weights.products, weight, weights.get(`${name}.bias`, outputs), outputs);
  }

  /**
   * A layer with the gain and the shift of the norm before it.
   *
   * @param {Weights} weights @param {string} norm Name of the norm.
   * @param {Float32Array} weight Outputs by inputs.
   * @param {Float32Array | null} bias @param {number} outputs
   */
  static afterNorm(weights, norm, weight, bias, outputs) {
    const inputs = weight.length / outputs;
    const gain = weights.get(`${norm}.weight`, inputs), shift = weights.get(`${norm}.bias`, inputs);
    const shifted = new Float32Array(outputs);
    multiply(weight, shift, shifted, 1, inputs, outputs);
    if (bias) shifted.forEach((value, j) => (shifted[j] = value + bias[j]));
    const scaled = weight.map((value, i) => value * gain[i % inputs]);
    return new Linear(weights.products, scaled, shifted, outputs);
  }

  /**
   * Compute the layer.
   *
   * @param {Float32Array} x (rows, inputs).
   * @param {Float32Array} out (rows, outputs), overwritten.
   * @param {number} rows
   */
  apply(x, out, rows) {
    this._products.multiply(this._held, x, out, rows);
    const { _bias: bias, outputs } = this;
    if (!bias) return;
    for (let at = 0; at < rows * outputs; at += outputs) {
      for (let j = 0; j < outputs; j++) out[at + j] += bias[j];
    }
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
    const { products } = weights;
    this._products = products;
    this._layers = sizes.map(([before, after, stride], index) => {
      const kernels = weights.get(`${name}.${3 * index}.weight`, after, before, 3, 3);
      return {
        kernels: products.hold(channelsLast(kernels, after, before, 9), after),
        gain: weights.get(`${name}.${3 * index + 1}.weight`, after),
        shift: weights.get(`${name}.${3 * index + 1}.bias`, after),
        before, after, stride,
      };
    });
  }

  /**
   * @param {Float32Array} picture (side, side, channels).
   * @param {number} side
   * @returns {Float32Array} Features; their side is that of the picture over all strides.
   */
  of(picture, side) {
    let features = picture;
    for (const { kernels, gain, shift, before, after, stride } of this._layers) {
      features = convolved(this._products, features, side, before, kernels, after, stride, 3);
      side = Math.ceil(side / stride);
      normaliseGroups(features, after, gain, shift);
      silu(features);
    }
    return features;
  }
}

/** Multiply each number by its sigmoid, in place. @param {Float32Array} values */
function silu(values) {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    values[i] = value / (1 + Math.exp(-value));
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
      for (let p = 0; p < pixels; p++, from++) {
        result[(o * pixels + p) * channels + c] = weight[from];
      }
    }
  }
  return result;
}

/**
 * A convolution with zeros around the picture, as products of patches with the kernels: about each
 * pixel those of 3x3 pixels, from each pixel on those of 2x2.
 *
 * @param {Products} products @param {Float32Array} picture @param {number} side
 * @param {number} before @param {any} kernels @param {number} after @param {number} stride
 * @param {2 | 3} kernelSide
 */
export function convolved(products, picture, side, before, kernels, after, stride, kernelSide) {
  const newSide = Math.ceil(side / stride), total = newSide * newSide;
  const length = kernelSide * kernelSide * before, back = kernelSide - 2;
  const out = new Float32Array(total * after);
  const patches = new Float32Array(ROWS_AT_ONCE * length);
  for (let first = 0; first < total; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, total - first);
    patches.fill(0);
    for (let i = 0; i < count; i++) {
      const row = stride * Math.floor((first + i) / newSide) - back;
      const column = stride * ((first + i) % newSide) - back;
      const left = Math.max(column, 0), right = Math.min(column + kernelSide, side);
      for (let down = 0; down < kernelSide; down++) {
        if (row + down < 0 || row + down >= side) continue;
        const from = ((row + down) * side + left) * before;
        const line = picture.subarray(from, from + (right - left) * before);
        patches.set(line, i * length + (down * kernelSide + left - column) * before);
      }
    }
    products.multiply(kernels, patches, out, count, first * after);
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
