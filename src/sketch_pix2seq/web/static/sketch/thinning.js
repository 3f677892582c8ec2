// Thinning a picture's ink to lines one pixel wide.
//
// *Source*: Guo & Hall, Parallel thinning with two-subiteration algorithms (1989), algorithm A1,
// then one pass that leaves out the corners of staircases.

/** @typedef {import("./picture.js").Plane} Plane */

// the neighbours (dy, dx) of a pixel: the upper one, then clockwise
const AROUND = [[-1, 0], [-1, 1], [0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1]];

/**
 * Thin ink to lines one pixel wide, a part of it; what hangs together goes on hanging together.
 *
 * @param {Plane} ink @param {Uint8Array} [kept] Ink that stays in any case. @returns {Uint8Array}
 */
export function thin({ width, height, data }, kept) {
  const stride = width + 2, flat = new Uint8Array(stride * (height + 2));
  const stays = new Uint8Array(kept ? flat.length : 0);
  for (let y = 0; y < height; y++) {
    flat.set(data.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
    if (kept) stays.set(kept.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
  }
  const steps = AROUND.map(([dy, dx]) => dy * stride + dx), { passes, corners } = tables();
  /** @type {number[]} */
  const inkPixels = [];
  for (let at = 0; at < flat.length; at++) if (flat[at]) inkPixels.push(at);
  const lastPass = new Int32Array(flat.length); // in which each pixel was tested
  /** @type {number[][]} What the last two passes removed. */
  let removed = [inkPixels, inkPixels];
  for (let time = 1; removed[0].length + removed[1].length > 0; time++) {
    const table = passes[(time + 1) % 2];
    // a pass changes nothing but neighbours of what was removed since it was last done
    const changed = time <= 2 ? inkPixels : beside(removed.flat(), steps, lastPass, time);
    const removedNow = changed.filter((at) =>
      flat[at] && table[code(flat, at, steps)] && !stays[at]);
    for (const at of removedNow) flat[at] = 0;
    removed = [removed[1], removedNow];
  }
  const pixels = inkPixels.filter((at) => flat[at]);
  // corners of staircases, a quarter of the pixels at a time: no two pixels of a quarter touch
  for (let quarter = 0; quarter < 4; quarter++) {
    for (const at of pixels) {
      const own = (Math.floor(at / stride) % 2) * 2 + (at % stride) % 2;
      if (own === quarter && corners[code(flat, at, steps)]) flat[at] = 0;
    }
  }
  const lines = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const first = (y + 1) * stride + 1;
    lines.set(flat.subarray(first, first + width), y * width);
  }
  return lines;
}

/** Neighbours of pixels, each of them once. */
function beside(
  /** @type {number[]} */ pixels, /** @type {number[]} */ steps, /** @type {Int32Array} */ lastPass,
  /** @type {number} */ time,
) {
  const found = [];
  for (const at of pixels) {
    for (const step of steps) {
      if (lastPass[at + step] === time) continue;
      lastPass[at + step] = time;
      found.push(at + step);
    }
  }
  return found;
}

/** A pixel's neighbours as eight bits. */
function code(
  /** @type {Uint8Array} */ flat, /** @type {number} */ at, /** @type {number[]} */ steps,
) {
  let bits = 0;
  for (let bit = 0; bit < 8; bit++) bits |= flat[at + steps[bit]] << bit;
  return bits;
}

/** What each pass removes, for all 256 neighbourhoods. */
function tables() {
  const passes = [new Uint8Array(256), new Uint8Array(256)], corners = new Uint8Array(256);
  for (let bits = 0; bits < 256; bits++) {
    const around = Array.from({ length: 8 }, (_, bit) => (bits >> bit) & 1);
    const [north, ne, east, se, south, sw, west, nw] = around;
    const sides = [[north, ne | east], [east, se | south], [south, sw | west], [west, nw | north]];
    const crossings = sides.filter(([side, then]) => !side && then).length;
    const fewest = Math.min(
      (nw | north) + (ne | east) + (se | south) + (sw | west),
      (north | ne) + (east | se) + (south | sw) + (west | nw),
    );
    if (crossings === 1 && (fewest === 2 || fewest === 3)) {
      passes[0][bits] = Number(!((south | sw | (1 - nw)) & west));
      passes[1][bits] = Number(!((north | ne | (1 - se)) & east));
    }
    // a corner: two neighbours across a diagonal, nothing on the far side
    for (let first = 0; first < 8; first += 2) {
      const far = [4, 5, 6].some((more) => around[(first + more) % 8]);
      if (around[first] && around[(first + 2) % 8] && !far) corners[bits] = 1;
    }
  }
  return { passes, corners };
}
