// How the latent codes of drawings are distributed: what a bundle draws by name and completes from.
//
// A mixture of Gaussians for each category, with one covariance for all; the code of a prefix is
// linear in that of the whole drawing. `bundle/latents.py` has the same in numpy; sampling is that
// of `inference/latents.py`. K categories, J modes of each, Z numbers of a code.

import { BundleError } from "./errors.js";
import { largest, logSum } from "./mixture.js";
import { latentStream } from "./noise.js";

const NUM_MODES = 6; // J
const NEVER = -1e30; // logit of a category without a drawing, and log share of a mode without one
/** Of the numbers of a code; no encoder that learned comes near it. */
export const MAX_CODE = 1e6;

/**
 * Weight (K J, Z) and bias (K J,) of linear discriminants.
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
    this._numCategories = numCategories;
    this._means = weights.get("means", numCategories, NUM_MODES, latentDim);
    this._shares = weights.get("shares", numCategories, NUM_MODES);
    this._factor = weights.get("factor", latentDim, latentDim); // a lower triangle
    this._prefixMeans = weights.get("prefix_means", numCategories, latentDim);
    this._slope = weights.get("slope", latentDim, latentDim);
    this._prefixFactor = weights.get("prefix_factor", latentDim, latentDim); // a lower triangle
    this._logShares = Float32Array.from(this._shares, (share) => Math.max(Math.log(share), NEVER));
    /** @type {Discriminant | undefined} */
    this._whole = undefined;
    /** @type {(Discriminant & {means: Float32Array, triangle: Float64Array}) | undefined} */
    this._prefix = undefined;
    /** @type {Float64Array | undefined} */
    this._squared = undefined;
  }

  /**
   * Sample the code of a category's drawing; at temperature 0 the mean of its commonest mode.
   *
   * @param {number} categoryId
   * @param {number} seed @param {number} index @param {number} temperature
   */
  sample(categoryId, seed, index, temperature) {
    const size = this._dim, stream = latentStream(seed, index);
    const spread = Math.fround(Math.sqrt(temperature));
    const normals = stream.normals(size).map((value) => spread * value);
    const gumbels = stream.gumbels(NUM_MODES);
    const own = this._logShares.subarray(categoryId * NUM_MODES, (categoryId + 1) * NUM_MODES);
    const mode = largest(temperature > 0 ? own.map((value, i) => value + gumbels[i]) : own);
    const mean = (categoryId * NUM_MODES + mode) * size, code = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let k = 0; k <= i; k++) sum += this._factor[i * size + k] * normals[k];
      code[i] = this._means[mean + i] + sum;
    }
    return checkedCode(code);
  }

  /**
   * Sample what a drawing with a prefix shows, and of which mode it is; at temperature 0 both
   * are the likeliest.
   *
   * @param {Float32Array} prefixCode Code of the prefix.
   * @param {number} seed @param {number} index @param {number} temperature
   * @param {number} [categoryId] What it shows, if that is known.
   * @returns {number} The number of the category times J, and that of the mode.
   */
  sampleCompletion(prefixCode, seed, index, temperature, categoryId) {
    const ofModes = this._ofModes(this._prefixDiscriminant, prefixCode);
    const stream = latentStream(seed, index), gumbels = stream.gumbels(NUM_MODES);
    if (categoryId === undefined) {
      const logits = this._ofCategories(ofModes), noise = stream.gumbels(logits.length);
      const factor = Math.fround(temperature);
      categoryId = largest(logits.map((logit, i) => logit + Math.fround(factor * noise[i])));
    }
    const first = categoryId * NUM_MODES, own = ofModes.subarray(first, first + NUM_MODES);
    return first + largest(temperature > 0 ? own.map((logit, i) => logit + gumbels[i]) : own);
  }

  /** What a completion shows: the number of its category. @param {number} completion */
  categoryOf(completion) {
    return Math.floor(completion / NUM_MODES);
  }

  /**
   * The mean code of the whole drawing with a prefix, if it becomes this.
   *
   * @param {Float32Array} prefixCode @param {number} completion Of `sampleCompletion`.
   */
  complete(prefixCode, completion) {
    const size = this._dim, prefix = this._prefixDiscriminant, mean = completion * size;
    const apart = Float64Array.from(prefixCode, (value, i) => value - prefix.means[mean + i]);
    solve(prefix.triangle, apart);
    const slopes = times(transposed(this._slope, size), apart);
    const explained = times(this._covariance, slopes);
    return checkedCode(Float32Array.from(explained, (value, i) => this._means[mean + i] + value));
  }

  /**
   * Logits of the categories of a whole drawing, all equally likely beforehand.
   *
   * @param {Float32Array} code
   */
  logits(code) {
    this._whole ??= discriminant(this._means, cholesky(this._covariance, this._dim));
    return this._ofCategories(this._ofModes(this._whole, code));
  }

  /** (Z, Z): of a drawing's code about the mean of its mode. */
  get _covariance() {
    this._squared ??= squared(Float64Array.from(this._factor), this._dim);
    return this._squared;
  }

  /** The discriminant of prefixes, their means, and the factor of their covariance. */
  get _prefixDiscriminant() {
    if (this._prefix) return this._prefix;
    const size = this._dim, means = new Float32Array(this._means.length);
    for (let category = 0; category < this._numCategories; category++) {
      const first = category * NUM_MODES, middle = new Float64Array(size);
      for (let mode = 0; mode < NUM_MODES; mode++) {
        for (let i = 0; i < size; i++) {
          middle[i] += this._shares[first + mode] * this._means[(first + mode) * size + i];
        }
      }
      for (let mode = 0; mode < NUM_MODES; mode++) {
        const row = (first + mode) * size;
        const moved = times(this._slope, middle.map((value, i) => this._means[row + i] - value));
        moved.forEach((value, i) => {
          means[row + i] = this._prefixMeans[category * size + i] + value;
        });
      }
    }
    // the slope times the covariance's factor, squared, and what else varies
    const factor = lower(Float64Array.from(this._factor), size);
    const spread = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < size; k++) {
        for (let j = 0; j <= k; j++) {
          spread[i * size + j] += this._slope[i * size + k] * factor[k * size + j];
        }
      }
    }
    const covariance = squaredFull(spread, size);
    const rest = squared(Float64Array.from(this._prefixFactor), size);
    const triangle = cholesky(covariance.map((value, i) => value + rest[i]), size);
    this._prefix = { ...discriminant(means, triangle), means, triangle };
    return this._prefix;
  }

  /**
   * Log density of a code in each mode, with the mode's share, up to a constant.
   *
   * @param {Discriminant} discriminant @param {Float32Array} code
   */
  _ofModes({ weight, bias }, code) {
    return Float32Array.from(this._logShares, (share, mode) => {
      if (share <= NEVER) return NEVER;
      const row = mode * code.length;
      let sum = bias[mode] + share;
      for (let i = 0; i < code.length; i++) sum += weight[row + i] * code[i];
      return sum;
    });
  }

  /** Logits of categories, of those of their modes. @param {Float32Array} logits */
  _ofCategories(logits) {
    return Float32Array.from({ length: this._numCategories }, (_, category) => {
      const own = logits.subarray(category * NUM_MODES, (category + 1) * NUM_MODES);
      return own.every((logit) => logit <= NEVER) ? NEVER : logSum(own);
    });
  }
}

/** Whether all numbers of a code are finite, and none is too large. @param {Float32Array} code */
export const isCode = (code) => code.every((value) => Math.abs(value) <= MAX_CODE);

/** Check a code that the bundle gave. @param {Float32Array} code */
export function checkedCode(code) {
  if (isCode(code)) return code;
  throw new BundleError("the bundle gives codes that are not finite, or too large");
}

/**
 * Linear discriminants (Fisher, 1936; Rao, 1948) of means, given the factor of their covariance.
 *
 * @param {Float32Array} means (K J, Z) @param {Float64Array} triangle @returns {Discriminant}
 */
function discriminant(means, triangle) {
  const size = Math.sqrt(triangle.length);
  const weight = Float64Array.from(means), bias = new Float64Array(means.length / size);
  for (let mode = 0; mode < bias.length; mode++) {
    const row = weight.subarray(mode * size, (mode + 1) * size);
    solve(triangle, row);
    bias[mode] = -row.reduce((sum, value, i) => sum + value * means[mode * size + i], 0) / 2;
  }
  return { weight, bias };
}

/**
 * A square matrix times a vector.
 *
 * @param {Float32Array | Float64Array} matrix @param {Float64Array} vector
 */
function times(matrix, vector) {
  const size = vector.length;
  return vector.map((_, i) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += matrix[i * size + k] * vector[k];
    return sum;
  });
}

/** @param {Float32Array} matrix @param {number} size */
function transposed(matrix, size) {
  return matrix.map((_, at) => matrix[(at % size) * size + Math.floor(at / size)]);
}

/** What is on and below the diagonal. @param {Float64Array} matrix @param {number} size */
function lower(matrix, size) {
  return matrix.map((value, at) => (at % size <= Math.floor(at / size) ? value : 0));
}

/** The matrix of a lower triangle. @param {Float64Array} triangle @param {number} size */
function squared(triangle, size) {
  return squaredFull(lower(triangle, size), size);
}

/** A matrix times its transpose. @param {Float64Array} matrix @param {number} size */
function squaredFull(matrix, size) {
  const square = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += matrix[i * size + k] * matrix[j * size + k];
      square[i * size + j] = square[j * size + i] = sum;
    }
  }
  return square;
}

/**
 * The lower triangle whose square a symmetric matrix is.
 *
 * @param {Float64Array} matrix @param {number} size
 */
function cholesky(matrix, size) {
  const triangle = new Float64Array(size * size);
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
