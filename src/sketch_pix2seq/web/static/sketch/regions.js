// Connected components of a mask: 8-connected, so that corners count as touching.

import { where } from "./picture.js";

/** @typedef {import("./picture.js").Plane} Plane */

export class Regions {
  /**
   * Find the regions of a mask, numbered from the top.
   *
   * @param {Plane} mask
   */
  constructor({ width, height, data }) {
    const runs = runsOf(width, height, data), parents = joined(runs);
    /** Pixels of a row. */
    this.width = width;
    /** @type {Map<number, number>} */
    const numbers = new Map();
    /** Pixels of each region. @type {number[]} */
    this.areas = [];
    /** -1 outside, else the number of the region that a pixel belongs to. */
    this.labels = new Int32Array(width * height).fill(-1);
    runs.first.forEach((first, run) => {
      const root = rootOf(parents, run);
      if (!numbers.has(root)) numbers.set(root, this.areas.push(0) - 1);
      const number = /** @type {number} */ (numbers.get(root));
      this.areas[number] += runs.stop[run] - first;
      this.labels.fill(number, first, runs.stop[run]);
    });
  }

  /** Which regions have a pixel that is wanted. @param {(place: number) => unknown} isWanted */
  having(isWanted) {
    const found = new Array(this.areas.length).fill(false);
    for (let place = 0; place < this.labels.length; place++) {
      const label = this.labels[place];
      if (label >= 0 && !found[label] && isWanted(place)) found[label] = true;
    }
    return found;
  }

  /** The largest value within each region. @param {ArrayLike<number>} values */
  largest(values) {
    const most = new Array(this.areas.length).fill(0);
    for (let place = 0; place < this.labels.length; place++) {
      const label = this.labels[place];
      if (label >= 0 && values[place] > most[label]) most[label] = values[place];
    }
    return most;
  }

  /** The first and the last x and y of each region. */
  boxes() {
    const [low, high] = [Infinity, 0].map((start) =>
      this.areas.map(() => /** @type {[number, number]} */ ([start, start])));
    for (let place = 0; place < this.labels.length; place++) {
      const label = this.labels[place];
      if (label < 0) continue;
      const pixel = [place % this.width, Math.floor(place / this.width)];
      for (const axis of [0, 1]) {
        if (pixel[axis] < low[label][axis]) low[label][axis] = pixel[axis];
        if (pixel[axis] > high[label][axis]) high[label][axis] = pixel[axis];
      }
    }
    return { low, high };
  }

  /** The mask of some regions. @param {boolean[]} wanted @returns {Uint8Array} */
  only(wanted) {
    return where(this.labels, (label) => label >= 0 && wanted[label]);
  }
}

/** Runs in rows: first place, place after the last, row. */
function runsOf(
  /** @type {number} */ width, /** @type {number} */ height, /** @type {Uint8Array} */ data,
) {
  /** @type {{first: number[], stop: number[], rows: number[], width: number}} */
  const runs = { first: [], stop: [], rows: [0], width };
  for (let y = 0, at = 0; y < height; y++) {
    for (const end = at + width; at < end;) {
      if (!data[at]) {
        at++;
        continue;
      }
      runs.first.push(at);
      while (at < end && data[at]) at++;
      runs.stop.push(at);
    }
    runs.rows.push(runs.first.length);
  }
  return runs;
}

/** Give runs that touch one root, the first of them. @param {ReturnType<typeof runsOf>} runs */
function joined({ first, stop, rows, width }) {
  const parents = Array.from(first.keys());
  for (let row = 1; row + 1 < rows.length; row++) {
    let above = rows[row - 1];
    for (let run = rows[row]; run < rows[row + 1]; run++) {
      while (above < rows[row] && stop[above] + width < first[run]) above++;
      for (let other = above; other < rows[row] && first[other] + width <= stop[run]; other++) {
        const one = rootOf(parents, run), two = rootOf(parents, other);
        parents[Math.max(one, two)] = Math.min(one, two);
      }
    }
  }
  return parents;
}

/** @param {number[]} parents @param {number} run */
function rootOf(parents, run) {
  while (parents[run] !== run) {
    parents[run] = parents[parents[run]];
    run = parents[run];
  }
  return run;
}
