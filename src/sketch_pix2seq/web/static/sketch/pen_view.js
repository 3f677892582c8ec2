// Windows around a pen, updated after every step: ink that is left, and what is drawn.
//
// Three square windows, each coarser and wider than the one before: single pixels, cells of 4x4
// pixels, cells of 16x16. `pen_view.py` and `coverage.py` have the same in numpy.

/** Pixels to the side of a cell, and cells to the side of the window, of each window. */
const WINDOWS = [[1, 11], [4, 11], [16, 7]];
/** Numbers in the windows of one pen. */
export const VIEW_DIM = WINDOWS.reduce((sum, [, side]) => sum + 2 * side * side, 0);
/** Pixels from a line within which ink counts as drawn. */
export const RADIUS = 1.5;
const SAMPLES_PER_PIXEL = Math.fround(1 / 0.75);
const f32 = Math.fround;

/**
 * The pixel of a coordinate, of one outside the nearest; of NaN the first.
 *
 * @param {number} at @param {number} size
 */
export function pixelOf(at, size) {
  return at > 0 ? Math.trunc(Math.min(at, size - 1)) : 0;
}

/** Remaining and drawn ink of one drawing, in cells of three sizes. */
export class PenView {
  /**
   * @param {Float32Array} ink The visible part of the picture, (size, size). @param {number} size
   */
  constructor(ink, size) {
    this.size = size;
    /** Remaining ink of each pixel. */
    this.remaining = ink.slice();
    /** 1 where a step has covered the picture. */
    this.drawn = new Float32Array(ink.length);
    this._maps = WINDOWS.map(([cell, side]) => {
      const pad = side >> 1, padded = size / cell + 2 * pad;
      return {
        cell, side, pad, padded, // both layers have a frame of zeros
        remaining: new Float32Array(padded * padded),
        drawn: new Float32Array(padded * padded),
      };
    });
    for (const map of this._maps) {
      for (let y = 0, at = 0; y < size; y++) {
        for (let x = 0; x < size; x++, at++) map.remaining[cellOf(map, x, y)] += ink[at];
      }
    }
  }

  /**
   * Mark what one more step covers, a line from (x, y) to (toX, toY); (x, y) is where it ends if
   * the pen was lifted.
   *
   * @param {number} x @param {number} y @param {number} toX @param {number} toY
   */
  mark(x, y, toX, toY) {
    const { size } = this, limit = 2 * size;
    const bounded = (/** @type {number} */ at) => (at > -limit ? Math.min(at, limit) : -limit);
    [x, y, toX, toY] = [bounded(x), bounded(y), bounded(toX), bounded(toY)];
    const dx = f32(toX - x), dy = f32(toY - y);
    const parts = Math.ceil(f32(Math.max(Math.abs(dx), Math.abs(dy)) * SAMPLES_PER_PIXEL));
    for (let number = 0; number <= parts; number++) {
      const share = f32(number / Math.max(parts, 1));
      this._cover(f32(x + f32(share * dx)), f32(y + f32(share * dy)));
    }
  }

  /** Cover the pixels about one point. @param {number} x @param {number} y */
  _cover(x, y) {
    const { size } = this, left = Math.floor(x) - 1, top = Math.floor(y) - 1;
    for (let row = Math.max(top, 0); row < Math.min(top + 3, size); row++) {
      const offY = f32(f32(row + 0.5) - y);
      for (let column = Math.max(left, 0); column < Math.min(left + 3, size); column++) {
        const offX = f32(f32(column + 0.5) - x);
        const place = row * size + column, square = f32(f32(offY * offY) + f32(offX * offX));
        if (square > RADIUS * RADIUS || this.drawn[place]) continue;
        const ink = this.remaining[place];
        this.drawn[place] = 1;
        this.remaining[place] = 0;
        for (const map of this._maps) {
          const cell = cellOf(map, column, row);
          map.remaining[cell] -= ink;
          map.drawn[cell] += 1;
        }
      }
    }
  }

  /**
   * Write the windows about the pen: of each the remaining ink, then the drawn.
   *
   * @param {number} x @param {number} y Where the pen is.
   * @param {Float32Array} out @param {number} at Where to write.
   */
  write(x, y, out, at) {
    const column = pixelOf(x, this.size), row = pixelOf(y, this.size);
    for (const { cell, side, padded, remaining, drawn } of this._maps) {
      const first = Math.floor(row / cell) * padded + Math.floor(column / cell);
      for (const layer of [remaining, drawn]) {
        for (let down = 0; down < side; down++) {
          const from = first + down * padded;
          for (let across = 0; across < side; across++, at++) out[at] = layer[from + across] / cell;
        }
      }
    }
  }
}

/** @param {{cell: number, pad: number, padded: number}} map @param {number} x @param {number} y */
function cellOf({ cell, pad, padded }, x, y) {
  return (Math.floor(y / cell) + pad) * padded + Math.floor(x / cell) + pad;
}
