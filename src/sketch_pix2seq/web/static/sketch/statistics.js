// Medians, quantiles and linear interpolation, as numpy computes them.

/** The median. @param {ArrayLike<number>} values */
export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * The median of the bytes at the places that count.
 *
 * @param {Uint8Array} bytes @param {(place: number) => unknown} counts
 */
export function medianOfBytes(bytes, counts) {
  const times = new Array(256).fill(0);
  let total = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (!counts(at)) continue;
    times[bytes[at]]++;
    total++;
  }
  const byRank = (/** @type {number} */ rank) => {
    let value = 0;
    for (let sum = times[0]; sum <= rank; sum += times[value]) value++;
    return value;
  };
  return (byRank((total - 1) >> 1) + byRank(total >> 1)) / 2;
}

/**
 * The value below which a share of the values lies, linear between two of them.
 *
 * @param {ArrayLike<number>} values @param {number} share From 0 to 1.
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/**
 * Values at ascending places, linear between known ones, constant before the first and after the
 * last one.
 *
 * @param {ArrayLike<number>} wanted @param {ArrayLike<number>} places Ascending.
 * @param {ArrayLike<number>} values
 */
export function interpolated(wanted, places, values) {
  const found = new Float64Array(wanted.length), last = places.length - 1;
  for (let i = 0, at = 0; i < wanted.length; i++) {
    const place = wanted[i];
    while (at < last && places[at + 1] <= place) at++;
    if (at === last || place <= places[at]) {
      found[i] = values[at];
    } else {
      const share = (place - places[at]) / (places[at + 1] - places[at]);
      found[i] = values[at] + (values[at + 1] - values[at]) * share;
    }
  }
  return found;
}

/** The length along a line from its first point to each point. @param {Points} line */
export function arcLengths([xs, ys]) {
  const along = new Float64Array(xs.length);
  for (let i = 1; i < xs.length; i++) {
    along[i] = along[i - 1] + Math.hypot(xs[i] - xs[i - 1], ys[i] - ys[i - 1]);
  }
  return along;
}

/** @typedef {import("./simplify.js").Points} Points */
