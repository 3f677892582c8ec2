// Pictures as planes of bytes, and how they are shrunk, enlarged and blurred: to the byte, or
// nearly so, as Pillow does it, so that pictures are read as the Python package reads them.

/** @typedef {{width: number, height: number, data: Uint8Array}} Plane One number a pixel. */
/**
 * Grey, or red, green and blue.
 * @typedef {{width: number, height: number, planes: Uint8Array[]}} Picture
 */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */
/** @typedef {{reach: number, weight: (away: number) => number}} Filter */

/** @type {Filter} */
export const BILINEAR = { reach: 1, weight: (away) => Math.max(0, 1 - Math.abs(away)) };
/** @type {Filter} */
export const BOX = { reach: 0.5, weight: (away) => Number(away > -0.5 && away <= 0.5) };
/** @type {Filter} Keys' cubic with a = -1/2. */
export const BICUBIC = {
  reach: 2,
  weight(away) {
    const x = Math.abs(away);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((2.5 - 0.5 * x) * x - 4) * x + 2 : 0;
  },
};

/**
 * Where a rule holds: 1 there, else 0.
 *
 * @param {ArrayLike<number>} values @param {(value: number, place: number) => unknown} rule
 */
export function where(values, rule) {
  const mask = new Uint8Array(values.length);
  for (let at = 0; at < mask.length; at++) if (rule(values[at], at)) mask[at] = 1;
  return mask;
}

/** Do something to each plane. @param {Picture} picture @param {(plane: Plane) => Plane} change */
export function eachPlane({ width, height, planes }, change) {
  const changed = planes.map((data) => change({ width, height, data }));
  const [first] = changed;
  return { width: first.width, height: first.height, planes: changed.map((plane) => plane.data) };
}

/**
 * A part of a plane, up to the column and the row that are no longer in it.
 *
 * @param {Plane} plane @param {Box} box @returns {Plane}
 */
export function partOf(plane, [left, top, right, bottom]) {
  const width = right - left, height = bottom - top, data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const first = (top + y) * plane.width + left;
    data.set(plane.data.subarray(first, first + width), y * width);
  }
  return { width, height, data };
}

/** How bright a picture is (ITU-R 601-2). @param {Picture} picture @returns {Plane} */
export function greyOf({ width, height, planes }) {
  if (planes.length === 1) return { width, height, data: planes[0] };
  const [red, green, blue] = planes, data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    data[i] = (19595 * red[i] + 38470 * green[i] + 7471 * blue[i] + 32768) >> 16;
  }
  return { width, height, data };
}

/**
 * Shrink: means of squares of so many pixels; those at the right and lower border may be smaller.
 *
 * @param {Plane} plane @param {number} factor @returns {Plane}
 */
export function reduced(plane, factor) {
  if (factor === 1) return plane;
  const width = Math.ceil(plane.width / factor), height = Math.ceil(plane.height / factor);
  const data = new Uint8Array(width * height), sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    const first = y * factor, stop = Math.min(first + factor, plane.height);
    for (let row = first; row < stop; row++) {
      for (let x = 0, at = row * plane.width; x < width; x++) {
        const end = row * plane.width + Math.min((x + 1) * factor, plane.width);
        for (; at < end; at++) sums[x] += plane.data[at];
      }
    }
    for (let x = 0; x < width; x++) {
      const count = (stop - first) * (Math.min((x + 1) * factor, plane.width) - x * factor);
      data[y * width + x] = ((sums[x] + (count >> 1)) * Math.floor(2 ** 24 / count)) / 2 ** 24;
    }
  }
  return { width, height, data };
}

/** Each pixel as the nearest one. @returns {Plane} */
export function nearest(
  /** @type {Plane} */ plane, /** @type {number} */ width, /** @type {number} */ height,
) {
  const data = new Uint8Array(width * height);
  const across = Array.from({ length: width }, (_, x) =>
    Math.floor(((x + 0.5) * plane.width) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * plane.height) / height) * plane.width;
    for (let x = 0; x < width; x++) data[at++] = plane.data[row + across[x]];
  }
  return { width, height, data };
}

/**
 * Resize by a filter, rows first.
 *
 * @param {Plane} plane @param {number} width @param {number} height @param {Filter} filter
 * @param {Box} [box] The part of the plane that is resized. @returns {Plane}
 */
export function resized(plane, width, height, filter, box = [0, 0, plane.width, plane.height]) {
  const across = taps(plane.width, box[0], box[2], width, filter);
  const down = taps(plane.height, box[1], box[3], height, filter);
  const wide = new Uint8ClampedArray(plane.height * width);
  for (let x = 0; x < width; x++) {
    const { first, weights } = across[x];
    for (let y = 0, at = first; y < plane.height; y++, at += plane.width) {
      let sum = 0.5;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * plane.data[at + i];
      wide[y * width + x] = Math.floor(sum);
    }
  }
  const data = new Uint8ClampedArray(height * width), sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    const { first, weights } = down[y];
    sums.fill(0.5);
    for (let i = 0; i < weights.length; i++) {
      const row = (first + i) * width;
      for (let x = 0; x < width; x++) sums[x] += weights[i] * wide[row + x];
    }
    for (let x = 0; x < width; x++) data[y * width + x] = Math.floor(sums[x]);
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

/**
 * Which pixels each new one is made of, and how much of each.
 *
 * @param {number} size @param {number} start @param {number} stop @param {number} wanted
 * @param {Filter} filter
 */
function taps(size, start, stop, wanted, { reach, weight }) {
  const scale = (stop - start) / wanted, wide = Math.max(scale, 1), around = reach * wide;
  return Array.from({ length: wanted }, (_, place) => {
    const middle = start + (place + 0.5) * scale;
    const first = Math.max(Math.floor(middle - around + 0.5), 0);
    const end = Math.min(Math.floor(middle + around + 0.5), size);
    const weights = Array.from({ length: end - first }, (_, i) =>
      weight((first + i - middle + 0.5) / wide));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Blur as by a Gaussian: three running means one after the other, along rows, then along columns.
 *
 * *Source*: Gwosdek et al., Theoretical foundations of Gaussian convolution by extended box
 * filtering (2011), for the width of the means.
 *
 * @param {Plane} plane @param {number} sigma @returns {Plane}
 */
export function blurred(plane, sigma) {
  const variance = Math.fround(Math.fround(Math.fround(sigma) ** 2) / 3); // 32-bit, as in Pillow
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const part = Math.fround((2 * whole + 1) * (whole * (whole + 1) - 3 * variance))
    / (6 * (variance - (whole + 1) ** 2));
  return runningMeans(plane, Math.fround(whole + Math.fround(part)), 3);
}

/**
 * Running means over squares of 2 radius + 1 pixels, whose radius need not be whole, so many times.
 *
 * @param {Plane} plane @param {number} radius @param {number} times @returns {Plane}
 */
export function runningMeans(plane, radius, times) {
  return turned(meansOfRows(turned(meansOfRows(plane, radius, times)), radius, times));
}

/** @param {Plane} plane @param {number} radius @param {number} times @returns {Plane} */
function meansOfRows({ width, height, data }, radius, times) {
  const ONE = 2 ** 24, reach = Math.floor(radius);
  const weight = Math.floor(Math.fround(ONE / Math.fround(2 * radius + 1)));
  const edge = Math.floor((ONE - (2 * reach + 1) * weight) / 2);
  const pad = reach + 1, means = new Uint8Array(data.length);
  let line = new Uint8Array(width + 2 * pad), next = new Uint8Array(width + 2 * pad);
  for (let row = 0; row < data.length; row += width) {
    line.set(data.subarray(row, row + width), pad);
    for (let time = 0; time < times; time++) {
      line.fill(line[pad], 0, pad).fill(line[pad + width - 1], pad + width);
      let sum = 0;
      for (let i = 1; i < 2 * reach + 1; i++) sum += line[i];
      for (let x = 0; x < width; x++) {
        sum += line[x + 2 * reach + 1];
        const ends = line[x] + line[x + 2 * pad];
        next[pad + x] = (sum * weight + ends * edge + ONE / 2) / ONE;
        sum -= line[x + 1];
      }
      [line, next] = [next, line];
    }
    means.set(line.subarray(pad, pad + width), row);
  }
  return { width, height, data: means };
}

/**
 * The median of the square of 2 reach + 1 pixels round each pixel; what is at the border goes on
 * beyond it.
 *
 * @param {Plane} plane @param {number} reach @returns {Plane}
 */
export function medians({ width, height, data }, reach) {
  const around = new Uint8Array((2 * reach + 1) ** 2);
  const at = (/** @type {number} */ place, /** @type {number} */ size) =>
    Math.min(Math.max(place, 0), size - 1);
  const middles = data.map((_, pixel) => {
    const x = pixel % width, y = Math.floor(pixel / width);
    let count = 0;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        around[count++] = data[at(y + dy, height) * width + at(x + dx, width)];
      }
    }
    return around.sort()[count >> 1];
  });
  return { width, height, data: middles };
}

/** Rows as columns. @param {Plane} plane @returns {Plane} */
export function turned({ width, height, data }) {
  const across = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) across[x * height + y] = data[at++];
  }
  return { width: height, height: width, data: across };
}
