// From pictures to latent codes: the encoders of pictures. `encoders.py` has the same.

import { channelsLast, convolved, Linear, NormedConvolutions } from "./layers.js";

/** @typedef {import("./layers.js").Weights} Weights */

/**
 * The layer that gives codes; it reads flattened pictures.
 *
 * @param {Weights} weights @param {number} latentDim @param {number} channels @param {number} side
 */
function latentHead(weights, latentDim, channels, side) {
  const weight = weights.get("head.mean.weight", latentDim, channels * side * side);
  const mean = channelsLast(weight, latentDim, channels, side * side);
  const bias = weights.get("head.mean.bias", latentDim);
  return new Linear(weights.products, mean, bias, latentDim);
}

/** The encoder of the `attention` model: from pictures to grids of tokens, and to codes. */
export class GridEncoder {
  /**
   * @param {Weights} weights By name, without the prefix `encoder.`.
   * @param {number} latentDim
   * @param {number} width Channels of the first layer; the grid has four times as many.
   * @param {number} size Side of the picture; the grid's is an eighth.
   */
  constructor(weights, latentDim, width, size) {
    const last = 4 * width;
    this._size = size;
    this._layers = new NormedConvolutions(weights, [
      [2, width, 2], [width, 2 * width, 2], [2 * width, 2 * width, 1], [2 * width, last, 2],
      [last, last, 1],
    ]);
    this._summary = new NormedConvolutions(weights, [[last, last, 2]], "summary");
    this._mean = latentHead(weights, latentDim, last, size / 16);
  }

  /**
   * The grid of a picture, (size / 8, size / 8, 4 width).
   *
   * @param {Float32Array} picture (size, size), 1 = ink.
   * @param {Float32Array} [visible] 1 where it is visible; left out: everywhere.
   */
  grid(picture, visible) {
    const channels = new Float32Array(2 * picture.length);
    for (let i = 0; i < picture.length; i++) {
      const visibility = visible ? visible[i] : 1;
      channels[2 * i] = picture[i] * visibility;
      channels[2 * i + 1] = visibility;
    }
    return this._layers.of(channels, this._size);
  }

  /** The code of a wholly visible picture, from its grid. @param {Float32Array} grid */
  codeOf(grid) {
    return this._mean.of(this._summary.of(grid, this._size / 8));
  }
}

/** Convolutions of 3x3 pixels, group norm, SiLU. */
export class ConvEncoder {
  /**
   * @param {Weights} weights @param {number} latentDim @param {number} width @param {number} size
   */
  constructor(weights, latentDim, width, size) {
    this._size = size;
    this._layers = new NormedConvolutions(weights, [
      [1, width, 2], [width, 2 * width, 2], [2 * width, 2 * width, 1], [2 * width, 4 * width, 2],
      [4 * width, 4 * width, 2],
    ]);
    this._mean = latentHead(weights, latentDim, 4 * width, size / 16);
  }

  /** The code of a picture. @param {Float32Array} picture */
  code(picture) {
    return this._mean.of(this._layers.of(picture, this._size));
  }
}

/** The paper's encoder: a high-pass filter and six convolutions of 2x2 pixels. */
export class PaperEncoder {
  /** @param {Weights} weights @param {number} latentDim @param {number} size */
  constructor(weights, latentDim, size) {
    const { products } = weights, depths = [1, 4, 4, 8, 8, 8, 8];
    this._size = size;
    this._products = products;
    this._highPass = products.hold(Float32Array.of(-1, -1, -1, -1, 8, -1, -1, -1, -1), 1);
    this._layers = depths.slice(1).map((after, i) => {
      const kernels = weights.get(`convolutions.${i}.weight`, after, depths[i], 2, 2);
      const held = products.hold(channelsLast(kernels, after, depths[i], 4), after);
      return { kernels: held, before: depths[i], after, stride: i % 2 ? 1 : 2 };
    });
    this._mean = latentHead(weights, latentDim, 8, size / 8);
  }

  /** The code of a picture. @param {Float32Array} picture */
  code(picture) {
    let side = this._size;
    let features = convolved(this._products, picture, side, 1, this._highPass, 1, 1, 3);
    this._layers.forEach(({ kernels, before, after, stride }, i) => {
      features = convolved(this._products, features, side, before, kernels, after, stride, 2);
      side /= stride;
      const isLast = i === this._layers.length - 1;
      features = features.map((value) => (isLast ? Math.tanh(value) : Math.max(value, 0)));
    });
    return this._mean.of(features);
  }
}
