// How far the lines of two drawings are apart, measured on their pictures. `sketch/distance.py` has
// the same in numpy.

const FARTHEST = 12; // pixels: ink that is farther from any of the other picture counts as this far
const INKY = 0.15; // from here on a pixel holds a line

/**
 * Mean distance, in pixels, from the ink of each picture to that of the other, of both ways.
 *
 * @param {Float32Array} first A square picture, 1 = ink. @param {Float32Array} second
 */
export function lineDistance(first, second) {
  return (mean(first, toInk(second)) + mean(second, toInk(first))) / 2;
}

/** The mean distance of ink. @param {Float32Array} ink @param {Float32Array} distance */
function mean(ink, distance) {
  let total = 0, far = 0;
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] <= INKY) continue;
    total += ink[i];
    far += ink[i] * distance[i];
  }
  return total > 0 ? far / total : FARTHEST;
}

/**
 * Distance of each pixel to the nearest ink, exact up to `FARTHEST`.
 *
 * @param {Float32Array} picture
 */
function toInk(picture) {
  const size = Math.sqrt(picture.length), limit = FARTHEST * FARTHEST;
  const squared = picture.map((ink) => (ink > INKY ? 0 : limit));
  for (const [step, across] of [[size, 1], [1, size]]) {
    const line = new Float32Array(size);
    for (let first = 0; first < size * across; first += across) {
      for (let i = 0; i < size; i++) line[i] = squared[first + i * step];
      for (let i = 0; i < size; i++) {
        let least = line[i];
        const last = Math.min(i + FARTHEST, size - 1);
        for (let k = Math.max(i - FARTHEST, 0); k <= last; k++) {
          least = Math.min(least, line[k] + (i - k) ** 2);
        }
        squared[first + i * step] = least;
      }
    }
  }
  return squared.map(Math.sqrt);
}
