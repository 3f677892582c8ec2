// The encoder of the `attention` model: from pictures to grids of tokens, and to latent codes.

import { channelsLast, Linear, NormedConvolutions } from "./layers.js";

/** @typedef {import("./layers.js").Weights} Weights */

export class GridEncoder {
  /**
   * @param {Weights} weights By name, without the prefix `encoder.`.
   * @param {number} latentDim
   * @param {number} width Channels of the first layer; the grid has four times as many.
   * @param {number} size Side of the picture; the grid's is an eighth.
   */
  constructor(weights, latentDim, width, size) {
    const last = 4 * width, side = size / 16;
    this.size = size;
    this._layers = new NormedConvolutions(weights, [
      [2, width, 2], [width, 2 * width, 2], [2 * width, 2 * width, 1], [2 * width, last, 2],
      [last, last, 1],
    ]);
    this._summary = new NormedConvolutions(weights, [[last, last, 2]], "summary");
    const weight = weights.get("head.mean.weight", latentDim, last * side * side);
    const mean = channelsLast(weight, latentDim, last, side * side);
    const bias = weights.get("head.mean.bias", latentDim);
    this._mean = new Linear(weights.products, mean, bias, latentDim);
  }

  /**
   * The grid of a picture, (size / 8, size / 8, 4 width).
   *
   * @param {Float32Array} picture (size, size), 1 = ink.
   * @param {Float32Array} [visible] 1 where it may be seen; left out: everywhere.
   */
  grid(picture, visible) {
    const channels = new Float32Array(2 * picture.length);
    for (let i = 0; i < picture.length; i++) {
      const seen = visible ? visible[i] : 1;
      channels[2 * i] = picture[i] * seen;
      channels[2 * i + 1] = seen;
    }
    return this._layers.of(channels, this.size);
  }

  /** The code of a wholly visible picture, from its grid. @param {Float32Array} grid */
  code(grid) {
    return this._mean.of(this._summary.of(grid, this.size / 8));
  }
}
