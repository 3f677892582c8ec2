// How the latent codes of drawings are distributed: what a bundle draws by name and completes from.
//
// Within a category, the code of a drawing's beginning and that of the whole drawing are taken to
// be jointly Gaussian, with one covariance for all categories. `bundle/latents.py` has the same in
// numpy; sampling is that of `inference/latents.py`.

import { BundleError } from "./errors.js";
import { latentStream } from "./noise.js";

const NEVER = -1e30; // logit of a category without a drawing
const MAX_CODE = 1e6; // no encoder that learned comes near it

/**
 * Weight (K, Z) and bias (K,) of linear discriminants.
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
    this._prefixMeans = weights.get("prefix_means", numCategories, latentDim);
    this._means = weights.get("means", numCategories, latentDim);
    this._factor = weights.get("factor", 2 * latentDim, 2 * latentDim); // a lower triangle
    this._known = weights.get("known", numCategories);
    /** @type {Discriminant | undefined} */
    this._whole = undefined;
    /** @type {Discriminant | undefined} */
    this._prefix = undefined;
  }

  /**
   * Sample the code of a category's drawing; at temperature 0 its mean.
   *
   * @param {number} categoryId
   * @param {number} seed @param {number} index @param {number} temperature
   */
  sample(categoryId, seed, index, temperature) {
    const spread = Math.fround(Math.sqrt(temperature));
    const noise = latentStream(seed, index).normals(2 * this._dim).map((value) => spread * value);
    return this._code(categoryId, noise);
  }

  /**
   * Sample what the drawing of a beginning shows; at temperature 0 the likeliest category.
   *
   * @param {Float32Array} prefixCode Code of the beginning.
   * @param {number} seed @param {number} index @param {number} temperature
   * @returns {number} Number of the category.
   */
  sampleCategory(prefixCode, seed, index, temperature) {
    this._prefix ??= this._discriminant(this._prefixMeans, 0);
    const logits = discriminate(this._prefix, prefixCode);
    const noise = latentStream(seed, index).gumbels(logits.length);
    const factor = Math.fround(temperature);
    const noisy = logits.map((logit, i) => logit + Math.fround(factor * noise[i]));
    return noisy.reduce((best, logit, i) => (logit > noisy[best] ? i : best), 0);
  }

  /**
   * The likeliest code of the whole drawing of a beginning, given its category.
   *
   * @param {Float32Array} prefixCode @param {number} categoryId
   */
  complete(prefixCode, categoryId) {
    const size = this._dim, noise = new Float32Array(2 * size);
    for (let i = 0; i < size; i++) {
      let rest = prefixCode[i] - this._prefixMeans[categoryId * size + i];
      for (let k = 0; k < i; k++) rest -= this._factor[i * 2 * size + k] * noise[k];
      noise[i] = rest / this._factor[i * 2 * size + i];
    }
    return this._code(categoryId, noise);
  }

  /**
   * Logits of the categories of a whole drawing, all equally likely beforehand.
   *
   * @param {Float32Array} code
   */
  logits(code) {
    this._whole ??= this._discriminant(this._means, this._dim);
    return discriminate(this._whole, code);
  }

  /** @param {number} categoryId @param {Float32Array} noise (2 Z,) standard normals. */
  _code(categoryId, noise) {
    const size = this._dim, code = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const row = (size + i) * 2 * size;
      let sum = 0;
      for (let k = 0; k <= size + i; k++) sum += this._factor[row + k] * noise[k];
      code[i] = this._means[categoryId * size + i] + sum;
    }
    return checkedCode(code);
  }

  /**
   * Linear discriminants (Fisher, 1936; Rao, 1948) of the codes whose factor begins at a row.
   *
   * @param {Float32Array} means @param {number} first @returns {Discriminant}
   */
  _discriminant(means, first) {
    const size = this._dim, columns = 2 * size;
    const covariance = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k <= first + j; k++) {
          sum += this._factor[(first + i) * columns + k] * this._factor[(first + j) * columns + k];
        }
        covariance[i * size + j] = sum;
      }
    }
    const triangle = cholesky(covariance, size);
    const weight = Float64Array.from(means), bias = new Float64Array(this._known.length);
    for (let category = 0; category < bias.length; category++) {
      const row = weight.subarray(category * size, (category + 1) * size);
      solve(triangle, row);
      const square = row.reduce((sum, value, i) => sum + value * means[category * size + i], 0);
      bias[category] = this._known[category] ? -square / 2 : NEVER;
    }
    return { weight, bias };
  }
}

/** Check a code. @param {Float32Array} code */
export function checkedCode(code) {
  if (code.every((value) => Math.abs(value) <= MAX_CODE)) return code;
  throw new BundleError("the bundle gives codes that are not finite, or too large");
}

/** @param {Discriminant} discriminant @param {Float32Array} code */
function discriminate({ weight, bias }, code) {
  return Float32Array.from(bias, (constant, category) => {
    const row = category * code.length;
    let sum = constant;
    for (let i = 0; i < code.length; i++) sum += weight[row + i] * code[i];
    return sum;
  });
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
