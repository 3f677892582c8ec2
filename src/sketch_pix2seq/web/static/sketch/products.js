// Products of rows with a weight: nearly all the time of drawing is spent here.
//
// Three rows and three outputs go together, so that six numbers are read for nine multiplications.
// Each result is a sum of its own, in the order of the inputs: it is the same to the last bit
// whatever other rows are computed with it.

/**
 * A weight that is ready to be multiplied with.
 * @template Held
 * @typedef {object} Products
 * @property {string} name
 * @property {(weight: Float32Array, outputs: number) => Held} hold
 * @property {(held: Held, x: Float32Array, out: Float32Array, rows: number, at?: number) => void}
 *   multiply Rows that stand one after the other; `at`: where results begin in `out`.
 * @property {(attention: Attention, out: Float32Array, at: number) => void} attend Each head's mean
 *   of the values, weighted by the softmax of its products with the keys.
 */

/**
 * Keys (places, D) and values (D, places) of the past of a drawing, of which `count` are in use;
 * where they begin; and where the queries of some heads, D each, begin in `x`.
 * @typedef {object} Attention
 * @property {Float32Array} keys
 * @property {number} keyStart
 * @property {Float32Array} values
 * @property {number} valueStart
 * @property {number} places
 * @property {number} count
 * @property {Float32Array} x
 * @property {number} start
 * @property {number} heads
 * @property {number} headSize D.
 */

/** Products in plain JavaScript. */
export class PlainProducts {
  name = "plain";
  _scores = new Float32Array(0);

  /**
   * Make a weight, outputs by inputs, ready.
   *
   * @param {Float32Array} weight @param {number} outputs
   */
  hold(weight, outputs) {
    return { weight, inputs: weight.length / outputs, outputs };
  }

  /**
   * Multiply rows that stand one after the other.
   *
   * @param {ReturnType<PlainProducts["hold"]>} held
   * @param {Float32Array} x @param {Float32Array} out @param {number} rows
   * @param {number} [outStart]
   */
  multiply({ weight, inputs, outputs }, x, out, rows, outStart = 0) {
    multiply(weight, x, out, rows, inputs, outputs, 0, inputs, 0, inputs, outStart, outputs);
  }

  /** @param {Attention} attention @param {Float32Array} out @param {number} at */
  attend(attention, out, at) {
    const { keys, keyStart, values, valueStart, places } = attention;
    const { count, x, start, heads, headSize } = attention;
    if (this._scores.length < heads * count) this._scores = new Float32Array(heads * places);
    const scores = this._scores;
    multiply(
      keys, x, scores, heads, headSize, count, start, headSize, keyStart, headSize, 0, count,
    );
    softmax(scores, 0, count, heads, count);
    multiply(
      values, scores, out, heads, count, headSize, 0, count, valueStart, places, at, headSize,
    );
  }
}

/**
 * Softmax, in place.
 *
 * @param {Float32Array} numbers (rows, stride). @param {number} start @param {number} stride
 * @param {number} rows @param {number} count Numbers in use of each row; the others become 0.
 */
export function softmax(numbers, start, stride, rows, count) {
  for (let first = start; first < start + rows * stride; first += stride) {
    const end = first + count;
    let most = -Infinity, sum = 0;
    for (let i = first; i < end; i++) if (numbers[i] > most) most = numbers[i];
    for (let i = first; i < end; i++) sum += numbers[i] = Math.exp(numbers[i] - most);
    for (let i = first; i < end; i++) numbers[i] /= sum;
    numbers.fill(0, end, first + stride);
  }
}

/**
 * Multiply: out[r, j] = sum over k of weight[j, k] x[r, k]. Starts say where the numbers begin in
 * each array; strides, how far it is from one row to the next.
 *
 * @param {Float32Array} weight @param {Float32Array} x @param {Float32Array} out
 * @param {number} rows @param {number} inputs @param {number} outputs
 * @param {number} xStart @param {number} xStride
 * @param {number} wStart @param {number} wStride
 * @param {number} outStart @param {number} outStride
 */
export function multiply(
  weight, x, out, rows, inputs, outputs,
  xStart = 0, xStride = inputs, wStart = 0, wStride = inputs, outStart = 0, outStride = outputs,
) {
  rows |= 0; // whole numbers from here on, not floats that happen to be whole
  inputs |= 0;
  outputs |= 0;
  xStart |= 0;
  xStride |= 0;
  wStart |= 0;
  wStride |= 0;
  outStart |= 0;
  outStride |= 0;
  const wholeRows = rows - (rows % 3), wholeOutputs = outputs - (outputs % 3);
  for (let j = 0; j < wholeOutputs; j += 3) {
    const w = wStart + j * wStride;
    let r = 0;
    for (; r < wholeRows; r += 3) {
      threeByThree(
        weight, w, wStride, x, xStart + r * xStride, xStride, inputs,
        out, outStart + r * outStride + j, outStride,
      );
    }
    for (; r < rows; r++) {
      const at = xStart + r * xStride;
      oneByThree(weight, w, wStride, x, at, inputs, out, outStart + r * outStride + j);
    }
  }
  for (let j = wholeOutputs; j < outputs; j++) {
    const w = wStart + j * wStride, to = outStart + j;
    let r = 0;
    for (; r < wholeRows; r += 3) {
      const x0 = xStart + r * xStride, x1 = x0 + xStride, x2 = x1 + xStride;
      let a = 0, b = 0, c = 0;
      for (let k = 0; k < inputs; k++) {
        const factor = weight[w + k];
        a += factor * x[x0 + k];
        b += factor * x[x1 + k];
        c += factor * x[x2 + k];
      }
      out[to + r * outStride] = a;
      out[to + (r + 1) * outStride] = b;
      out[to + (r + 2) * outStride] = c;
    }
    for (; r < rows; r++) {
      const x0 = xStart + r * xStride;
      let sum = 0;
      for (let k = 0; k < inputs; k++) sum += weight[w + k] * x[x0 + k];
      out[to + r * outStride] = sum;
    }
  }
}

/**
 * @param {Float32Array} weight @param {number} w @param {number} wStride
 * @param {Float32Array} x @param {number} at @param {number} xStride @param {number} inputs
 * @param {Float32Array} out @param {number} to @param {number} outStride
 */
function threeByThree(weight, w, wStride, x, at, xStride, inputs, out, to, outStride) {
  const w1 = w + wStride, w2 = w1 + wStride, x1 = at + xStride, x2 = x1 + xStride;
  let a0 = 0, a1 = 0, a2 = 0, b0 = 0, b1 = 0, b2 = 0, c0 = 0, c1 = 0, c2 = 0;
  for (let k = 0; k < inputs; k++) {
    const a = x[at + k], b = x[x1 + k], c = x[x2 + k];
    let factor = weight[w + k];
    a0 += factor * a;
    b0 += factor * b;
    c0 += factor * c;
    factor = weight[w1 + k];
    a1 += factor * a;
    b1 += factor * b;
    c1 += factor * c;
    factor = weight[w2 + k];
    a2 += factor * a;
    b2 += factor * b;
    c2 += factor * c;
  }
  out[to] = a0;
  out[to + 1] = a1;
  out[to + 2] = a2;
  to += outStride;
  out[to] = b0;
  out[to + 1] = b1;
  out[to + 2] = b2;
  to += outStride;
  out[to] = c0;
  out[to + 1] = c1;
  out[to + 2] = c2;
}

/**
 * @param {Float32Array} weight @param {number} w @param {number} wStride
 * @param {Float32Array} x @param {number} at @param {number} inputs
 * @param {Float32Array} out @param {number} to
 */
function oneByThree(weight, w, wStride, x, at, inputs, out, to) {
  const w1 = w + wStride, w2 = w1 + wStride;
  let a0 = 0, a1 = 0, a2 = 0;
  for (let k = 0; k < inputs; k++) {
    const a = x[at + k];
    a0 += weight[w + k] * a;
    a1 += weight[w1 + k] * a;
    a2 += weight[w2 + k] * a;
  }
  out[to] = a0;
  out[to + 1] = a1;
  out[to + 2] = a2;
}
