// How far the lines of two drawings are apart, measured on their pictures; 1 = ink. `distance.py`
// has the same in numpy.

const FARTHEST = 12; // pixels: ink that is farther away counts as being so far away
const INKY = 0.3; // from here on a pixel holds a line

/** A picture, and how far each of its pixels is from its ink. */
export class MeasuredPicture {
  /** @param {Float32Array} picture (size, size). */
  constructor(picture) {
    this._picture = picture;
    this._toInk = distancesToInk(picture, Math.sqrt(picture.length));
  }

  /**
   * The mean distance, in pixels, from the ink of each picture to that of the other, of both ways.
   *
   * @param {MeasuredPicture} other
   *
   * Source: the chamfer distance of Barrow et al. (1977), made symmetric.
   */
  distanceTo(other) {
    return (mean(this._picture, other._toInk) + mean(other._picture, this._toInk)) / 2;
  }
}

/** The mean distance of ink. @param {Float32Array} ink @param {Float32Array} distances */
function mean(ink, distances) {
  let total = 0, sum = 0;
  for (let i = 0; i < ink.length; i++) {
    total += ink[i];
    sum += ink[i] * distances[i];
  }
  return total > 0 ? sum / Math.max(total, 1e-6) : FARTHEST;
}

/**
 * Distance of each pixel to the nearest ink, exact up to `FARTHEST`.
 *
 * @param {Float32Array} picture @param {number} size
 *
 * Source: Felzenszwalb and Huttenlocher (2012): the squared distance transform is separable.
 */
function distancesToInk(picture, size) {
  const limit = FARTHEST * FARTHEST;
  let squares = picture.map((ink) => (ink > INKY ? 0 : limit));
  for (const stride of [size, 1]) {
    const nearest = squares.slice();
    for (let at = 0; at < squares.length; at++) {
      const place = stride === 1 ? at % size : Math.floor(at / size);
      const first = Math.max(-FARTHEST, -place), last = Math.min(FARTHEST, size - 1 - place);
      for (let shift = first; shift <= last; shift++) {
        const square = squares[at + shift * stride] + shift * shift;
        if (square < nearest[at]) nearest[at] = square;
      }
    }
    squares = nearest;
  }
  return squares.map(Math.sqrt);
}
