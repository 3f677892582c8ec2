// How the latent codes of drawings are distributed: what a bundle draws by name and completes from.
//
// A category is drawn in a few ways, its modes: the codes of their drawings are Gaussian, with a
// mean for each mode and one covariance for all; the code of a drawing's beginning is linear in
// that of the whole drawing, with Gaussian noise. `bundle/latents.py` has the same in numpy;
// sampling is that of `inference/latents.py`.
//
// Shape letters: K categories, J modes of a category, Z latent.

import { BundleError } from "./errors.js";
import { logSum } from "./mixture.js";
import { latentStream } from "./noise.js";
import { multiply } from "./products.js";

const NUM_MODES = 6; // J
const NEVER = -1e30; // logit of a category without a drawing
const MAX_CODE = 1e6; // no encoder that learned comes near it

/**
 * Linear discriminants of all modes: weight (K, J, Z) and bias (K, J).
 * @typedef {{weight: Float64Array, bias: Float64Array}} Discriminant
 */

export class LatentGaussians {
  /**
   * @param {import("./layers.js").Weights} weights Of `latents.safetensors`.
   * @param {number} numCategories K.
   * @param {number} latentDim Z.
   */
  constructor(weights, numCategories, latentDim) {
    this._dim = latentDim;
    this._means = weights.get("means", numCategories, NUM_MODES, latentDim);
    this._shares = weights.get("shares", numCategories, NUM_MODES);
    this._prefixMeans = weights.get("prefix_means", numCategories, latentDim);
    this._factor = lowerTriangle(weights.get("factor", latentDim, latentDim), latentDim);
    this._slope = weights.get("slope", latentDim, latentDim);
    const prefixFactor = weights.get("prefix_factor", latentDim, latentDim);
    this._prefixFactor = lowerTriangle(prefixFactor, latentDim);
    this._logShares = this._shares.map((share) => Math.max(Math.log(share), NEVER));
    /** @type {Discriminant | undefined} */
    this._whole = undefined;
    /** @type {ReturnType<LatentGaussians["_describePrefixes"]> | undefined} */
    this._prefixes = undefined;
  }

  /**
   * Sample the code of a category's drawing; at temperature 0 the mean of its commonest mode.
   *
   * @param {number} categoryId
   * @param {number} seed @param {number} index @param {number} temperature
   */
  sample(categoryId, seed, index, temperature) {
    const stream = latentStream(seed, index), spread = Math.fround(Math.sqrt(temperature));
    const normals = stream.normals(this._dim).map((value) => spread * value);
    const gumbels = stream.gumbels(NUM_MODES);
    const mode = likeliest(this._modes(this._logShares, categoryId)
      .map((share, i) => (temperature > 0 ? share + gumbels[i] : share)));
    return this._code(categoryId, mode, apply(this._factor, Float64Array.from(normals)));
  }

  /**
   * Sample what the drawing of a beginning shows; at temperature 0 the likeliest category.
   *
   * @param {Float32Array} prefixCode Code of the beginning.
   * @param {number} seed @param {number} index @param {number} temperature
   * @returns {number} Number of the category.
   */
  sampleCategory(prefixCode, seed, index, temperature) {
    const logits = this._logits(this._describedPrefixes().discriminant, prefixCode);
    const noise = latentStream(seed, index).gumbels(logits.length);
    const factor = Math.fround(temperature);
    return likeliest(logits.map((logit, i) => logit + Math.fround(factor * noise[i])));
  }

  /**
   * The mean code of the whole drawing of a beginning, in the mode it is likeliest of.
   *
   * @param {Float32Array} prefixCode @param {number} categoryId
   */
  complete(prefixCode, categoryId) {
    const { discriminant, means, triangle, covariance } = this._describedPrefixes();
    const logits = this._modeLogits(discriminant, prefixCode);
    const mode = likeliest(this._modes(logits, categoryId));
    const start = (categoryId * NUM_MODES + mode) * this._dim;
    const apart = Float64Array.from(prefixCode, (value, i) => value - means[start + i]);
    solve(triangle, apart);
    const slope = transposed(Float64Array.from(this._slope), this._dim);
    return this._code(categoryId, mode, apply(covariance, apply(slope, apart)));
  }

  /**
   * Logits of the categories of a whole drawing, all equally likely beforehand.
   *
   * @param {Float32Array} code
   */
  logits(code) {
    this._whole ??= this._discriminant(this._means, cholesky(squared(this._factor)));
    return this._logits(this._whole, code);
  }

  /**
   * A mean and what is added to it.
   *
   * @param {number} categoryId @param {number} mode @param {Float64Array} added
   */
  _code(categoryId, mode, added) {
    const start = (categoryId * NUM_MODES + mode) * this._dim;
    return checkedCode(Float32Array.from(added, (value, i) => this._means[start + i] + value));
  }

  /** Those of a category. @param {Float32Array} ofModes (K, J). @param {number} categoryId */
  _modes(ofModes, categoryId) {
    return ofModes.subarray(categoryId * NUM_MODES, (categoryId + 1) * NUM_MODES);
  }

  _describedPrefixes() {
    this._prefixes ??= this._describePrefixes();
    return this._prefixes;
  }

  /** Means of the beginnings of each mode's drawings, and how they and the drawings vary. */
  _describePrefixes() {
    const size = this._dim, count = this._shares.length;
    const apart = this._means.slice();
    for (let category = 0; category < count / NUM_MODES; category++) {
      const start = category * NUM_MODES;
      for (let i = 0; i < size; i++) {
        let middle = 0;
        for (let mode = start; mode < start + NUM_MODES; mode++) {
          middle += this._shares[mode] * this._means[mode * size + i];
        }
        for (let mode = start; mode < start + NUM_MODES; mode++) apart[mode * size + i] -= middle;
      }
    }
    const means = new Float32Array(apart.length);
    multiply(this._slope, apart, means, count, size, size);
    for (let at = 0; at < means.length; at++) {
      means[at] += this._prefixMeans[Math.floor(at / size / NUM_MODES) * size + (at % size)];
    }
    const explained = product(Float64Array.from(this._slope), this._factor, size);
    const noise = squared(this._prefixFactor);
    const triangle = cholesky(squared(explained).map((value, i) => value + noise[i]));
    const discriminant = this._discriminant(means, triangle);
    return { means, triangle, discriminant, covariance: squared(this._factor) };
  }

  /**
   * @param {Float32Array} means (K, J, Z). @param {Float64Array} triangle Of their covariance.
   * @returns {Discriminant}
   */
  _discriminant(means, triangle) {
    const size = this._dim, weight = Float64Array.from(means);
    const bias = Float64Array.from(this._shares, (_, mode) => {
      const row = weight.subarray(mode * size, (mode + 1) * size);
      solve(triangle, row);
      return -row.reduce((sum, value, i) => sum + value * means[mode * size + i], 0) / 2;
    });
    return { weight, bias };
  }

  /**
   * Log density of a code in each mode, with the mode's share, up to a constant.
   *
   * @param {Discriminant} discriminant @param {Float32Array} code
   */
  _modeLogits({ weight, bias }, code) {
    return this._logShares.map((share, mode) => {
      if (share <= NEVER) return NEVER;
      const row = mode * code.length;
      let sum = bias[mode];
      for (let i = 0; i < code.length; i++) sum += weight[row + i] * code[i];
      return sum + share;
    });
  }

  /** Logits of the categories. @param {Discriminant} discriminant @param {Float32Array} code */
  _logits(discriminant, code) {
    const logits = this._modeLogits(discriminant, code);
    return Float32Array.from({ length: logits.length / NUM_MODES }, (_, category) => {
      const modes = this._modes(logits, category);
      return modes.every((logit) => logit <= NEVER) ? NEVER : logSum(modes);
    });
  }
}

/** Check a code. @param {Float32Array} code */
export function checkedCode(code) {
  if (code.every((value) => Math.abs(value) <= MAX_CODE)) return code;
  throw new BundleError("the bundle gives codes that are not finite, or too large");
}

/** The place of the largest number. @param {Float32Array} values */
const likeliest = (values) =>
  values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** @param {Float32Array} matrix @param {number} size */
function lowerTriangle(matrix, size) {
  return Float64Array.from(matrix, (value, at) => (at % size <= Math.floor(at / size) ? value : 0));
}

/** A matrix times a vector. @param {Float64Array} matrix @param {Float64Array} vector */
function apply(matrix, vector) {
  const size = vector.length;
  return vector.map((_, row) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += matrix[row * size + k] * vector[k];
    return sum;
  });
}

/** @param {Float64Array} matrix @param {number} size */
function transposed(matrix, size) {
  return matrix.map((_, at) => matrix[(at % size) * size + Math.floor(at / size)]);
}

/** @param {Float64Array} left @param {Float64Array} right @param {number} size */
function product(left, right, size) {
  const turned = transposed(right, size), result = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    result.set(apply(turned, left.subarray(row * size, (row + 1) * size)), row * size);
  }
  return result;
}

/** A matrix times its transpose. @param {Float64Array} matrix */
function squared(matrix) {
  const size = Math.sqrt(matrix.length);
  return product(matrix, transposed(matrix, size), size);
}

/** The lower triangle whose square a symmetric matrix is. @param {Float64Array} matrix */
function cholesky(matrix) {
  const size = Math.sqrt(matrix.length), triangle = new Float64Array(matrix.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= triangle[i * size + k] * triangle[j * size + k];
      triangle[i * size + j] = i === j ? Math.sqrt(sum) : sum / triangle[j * size + j];
    }
  }
  return triangle;
}

/**
 * Solve triangle times its transpose times x = vector, in place.
 *
 * @param {Float64Array} triangle @param {Float64Array} vector
 */
function solve(triangle, vector) {
  const size = vector.length;
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) vector[i] -= triangle[i * size + k] * vector[k];
    vector[i] /= triangle[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) vector[i] -= triangle[k * size + i] * vector[k];
    vector[i] /= triangle[i * size + i];
  }
}
