// Measures of masks: largest values round a pixel, filling up, widths, distances to the edge.

import { partOf } from "./picture.js";

/** @typedef {import("./picture.js").Plane} Plane */

/** The largest value within a square of 2 reach + 1 pixels round each place. */
export function spread(/** @type {Plane} */ { width, height, data }, /** @type {number} */ reach) {
  const wanted = 2 * reach + 1;
  const tall = new Uint8Array((height + 2 * reach) * width);
  tall.set(data, reach * width);
  for (let covered = 1, end = tall.length; covered < wanted;) {
    const shift = Math.min(covered, wanted - covered);
    end -= shift * width;
    takeLarger(tall, shift * width, end);
    covered += shift;
  }
  const stride = width + 2 * reach, wide = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    wide.set(tall.subarray(y * width, (y + 1) * width), y * stride + reach);
  }
  for (let covered = 1; covered < wanted;) {
    const shift = Math.min(covered, wanted - covered);
    takeLarger(wide, shift, wide.length - shift); // what comes from the next row is not read
    covered += shift;
  }
  return partOf({ width: stride, height, data: wide }, [0, 0, width, height]);
}

/** @param {Uint8Array} values @param {number} away @param {number} end */
function takeLarger(values, away, end) {
  for (let i = 0; i < end; i++) {
    const one = values[i], other = values[i + away];
    values[i] = one > other ? one : other;
  }
}

/**
 * Fill up dark things narrower than 2 reach + 1 pixels; edges of wider ones stay. What is at the
 * border goes on beyond it.
 *
 * @param {Plane} plane @param {number} reach @returns {Plane}
 */
export function closed({ width, height, data }, reach) {
  const stride = width + 2 * reach, rows = height + 2 * reach;
  const padded = new Uint8Array(stride * rows);
  for (let y = 0; y < rows; y++) {
    const from = Math.min(Math.max(y - reach, 0), height - 1) * width, to = y * stride;
    padded.fill(data[from], to, to + reach);
    padded.set(data.subarray(from, from + width), to + reach);
    padded.fill(data[from + width - 1], to + reach + width, to + stride);
  }
  const lightest = inverted(spread({ width: stride, height: rows, data: padded }, reach));
  const filled = inverted(spread(lightest, reach));
  return partOf(filled, [reach, reach, reach + width, reach + height]);
}

/** 255 less each value. @param {Plane} plane @returns {Plane} */
export function inverted({ width, height, data }) {
  return { width, height, data: data.map((value) => 255 - value) };
}

/** The usual width of lines, from their area and the length of their edges. @param {Plane} ink */
export function roughWidth({ width, height, data }) {
  let area = 0, edges = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      area += data[at];
      edges += y > 0 ? data[at] ^ data[at - width] : data[at];
      edges += x > 0 ? data[at] ^ data[at - 1] : data[at];
      if (y === height - 1) edges += data[at];
      if (x === width - 1) edges += data[at];
    }
  }
  // rows and columns together cross an edge of any direction 4 / pi times its length
  return (2 * area) / Math.max((edges * Math.PI) / 4, 1);
}

/**
 * The width of a line, in pixels, whose middle is so far from the nearest pixel of paper: that
 * distance is half the width and half a pixel.
 *
 * @param {number} distance
 */
export const inkWidth = (distance) => 2 * distance - 1;

/**
 * How far each pixel of ink is from the nearest pixel of paper, at most `maxDistance` pixels.
 *
 * Exact: the least over rows of the squared distance within a row and to that row. Only pixels that
 * a farther row could still bring nearer to paper are tested again.
 *
 * @param {Plane} ink @param {number} [maxDistance] @returns {Float32Array}
 */
export function edgeDistance({ width, height, data }, maxDistance = 64) {
  const stride = width + 2, margin = (maxDistance + 1) * stride;
  const withinRow = new Int32Array(height * stride + 2 * margin);
  let count = 0;
  for (let at = 0; at < data.length; at++) count += data[at];
  const [pixels, squares, open] = [0, 1, 2].map(() => new Int32Array(count));
  let number = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < width; x++) {
      if (!data[at + x]) continue;
      const first = x;
      while (x < width && data[at + x]) x++;
      for (let i = first; i < x; i++, number++) {
        const beside = Math.min(i - first + 1, x - i, maxDistance);
        const place = margin + y * stride + i + 1;
        withinRow[place] = squares[number] = beside * beside;
        pixels[number] = place;
        open[number] = number;
      }
    }
  }
  for (let dy = 1; dy < maxDistance && count > 0; dy++) {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const pixel = open[i];
      if (squares[pixel] <= dy * dy) continue;
      open[kept++] = pixel;
      const above = withinRow[pixels[pixel] - dy * stride];
      const below = withinRow[pixels[pixel] + dy * stride];
      const nearer = (above < below ? above : below) + dy * dy;
      if (nearer < squares[pixel]) squares[pixel] = nearer;
    }
    count = kept;
  }
  const distance = new Float32Array(width * height);
  for (let y = 0, pixel = 0; y < height; y++) {
    const start = margin + y * stride + 1;
    for (; pixel < pixels.length && pixels[pixel] < start + stride - 1; pixel++) {
      distance[y * width + pixels[pixel] - start] = Math.sqrt(squares[pixel]);
    }
  }
  return distance;
}
