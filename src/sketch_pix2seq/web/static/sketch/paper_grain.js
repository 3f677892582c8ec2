// The grain of the paper in a photo: coarse paper, and the noise of a picture of little light;
// `paper_grain.py` has the same in numpy, and says why.

import { BILINEAR, medians, resized } from "./picture.js";

/** @typedef {import("./picture.js").Plane} Plane */

const SAMPLES = 8; // along each side of a block, every fourth pixel
const BLOCK = 4 * SAMPLES;
const APART = 3; // pixels, so far that the grain of one says nothing of that of the other
const PAPER = 0.3; // of a block's pixels are paper at least, beside paper
const LEAST_APART = 0.269; // mean of that share of differences, the smallest, if the deviation is 1
const SMOOTHED = 2; // blocks on each side, of which each takes the median
const REACH = 6; // standard deviations that the grain reaches
const HARMLESS = 28; // steps of 255 that it may reach anywhere
const PER_STEP = 8;

/**
 * Lessen contrast where the grain is rougher than elsewhere, as in the dark part of a photo.
 *
 * @param {Plane} contrast To the paper; 255 for the most.
 * @param {Plane} darker How much darker than the paper each pixel is.
 * @returns {{contrast: Plane, grain: number}} And how much of it the grain reaches.
 */
export function evenGrain(contrast, darker) {
  const { width, height } = contrast;
  if (Math.min(width, height) < BLOCK) return { contrast, grain: 0 };
  const blocks = medians(grainOf(darker), SMOOTHED);
  const reached = Array.from(blocks.data, (value) => value * (REACH / PER_STEP));
  const sorted = reached.toSorted((a, b) => a - b);
  const grain = sorted[Math.floor((sorted.length - 1) / 4)];
  const harmless = Math.max(grain, HARMLESS);
  if (sorted[sorted.length - 1] <= harmless) return { contrast, grain };
  const data = Uint8Array.from(reached, (value) =>
    Math.fround((255 * harmless) / Math.max(value, harmless)));
  const right = Math.min(width / BLOCK, blocks.width);
  const bottom = Math.min(height / BLOCK, blocks.height);
  const shares = resized({ ...blocks, data }, width, height, BILINEAR, [0, 0, right, bottom]).data;
  const lessened = contrast.data.map((value, at) => {
    const product = value * shares[at] + 128;
    return (product + (product >> 8)) >> 8;
  });
  return { contrast: { width, height, data: lessened }, grain };
}

/** Standard deviation of each block's grain, in eighths of a step. @returns {Plane} */
function grainOf(/** @type {Plane} */ darker) {
  const width = Math.floor(darker.width / BLOCK), height = Math.floor(darker.height / BLOCK);
  const count = Math.floor(PAPER * SAMPLES ** 2), data = new Uint8Array(width * height);
  for (let block = 0; block < data.length; block++) {
    const top = Math.floor(block / width) * BLOCK, left = (block % width) * BLOCK;
    const least = [APART, APART * darker.width].map((away) => {
      const apart = [];
      for (let y = top; y < top + BLOCK; y += 4) {
        for (let x = left, at = y * darker.width + left; x < left + BLOCK; x += 4, at += 4) {
          apart.push(Math.abs(darker.data[at] - darker.data[at + away]));
        }
      }
      apart.sort((a, b) => a - b);
      return apart.slice(0, count).reduce((sum, value) => sum + value, 0) / count;
    });
    data[block] = Math.min(Math.min(...least) * (PER_STEP / LEAST_APART), 255);
  }
  return { width, height, data };
}
