// Ways between latent codes. `mixing.py` has the same in numpy.

const PARALLEL = 1e-4; // below this angle, in radians, both ways are the same

/**
 * A path through codes, those included: (K - 1) (steps - 1) + 1 of them.
 *
 * @param {Float32Array[]} codes K of them, 2 or more.
 * @param {number} steps Codes from one to the next, both ends included.
 * @param {boolean} spherical Go along great circles (Shoemake, 1985) instead of straight lines.
 */
export function pathThrough(codes, steps, spherical) {
  const path = [codes[0]];
  for (let i = 1; i < codes.length; i++) {
    const first = codes[i - 1], second = codes[i];
    for (let step = 1; step < steps - 1; step++) {
      const [a, b] = weights(first, second, step / (steps - 1), spherical);
      path.push(first.map((value, k) => a * value + b * second[k]));
    }
    path.push(second);
  }
  return path;
}

/**
 * Class scores of the codes of a path: of each the higher one of both inputs beside it.
 *
 * @param {Float32Array[]} scores Of the inputs. @param {number} steps As of `pathThrough`.
 */
export function scoresAlong(scores, steps) {
  return Array.from({ length: (scores.length - 1) * (steps - 1) + 1 }, (_, i) => {
    const before = scores[Math.floor(i / (steps - 1))], after = scores[Math.ceil(i / (steps - 1))];
    return before.map((value, k) => Math.max(value, after[k]));
  });
}

/**
 * @param {Float32Array} first @param {Float32Array} second @param {number} share
 * @param {boolean} spherical
 */
function weights(first, second, share, spherical) {
  const dot = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0);
  const lengths = Math.sqrt(dot(first, first) * dot(second, second));
  const cosine = lengths > 0 ? dot(first, second) / lengths : 1;
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  if (!spherical || !(angle > PARALLEL && angle < Math.PI - PARALLEL)) return [1 - share, share];
  return [1 - share, share].map((part) => Math.sin(part * angle) / Math.sin(angle));
}
