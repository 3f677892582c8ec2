// The same products as in `products.js`, four numbers at a time: WebAssembly whose few bytes are
// put together here, so that nothing is compiled beforehand. A page must allow it:
// `wasm-unsafe-eval` in `script-src` of its content policy. Sums are added up in one order on every
// machine.
//
// Source of the codes: WebAssembly Core Specification 2.0, chapters 5.4 and 5.5.

import { PlainProducts, softmax } from "./products.js";

const LANES = 4; // numbers in a vector
const UNROLLED = 2; // vectors in one turn of the innermost loop
const OUTPUTS = 3; // outputs that are computed together
const ROWS = [3, 1]; // rows that are computed together
const SCRATCH = 1 << 15; // numbers of x, and of results
const PAGE = 1 << 16;
const NUMBER = 4; // bytes

const I32 = 0x7f, V128 = 0x7b, VOID = 0x40;
const LOOP = 0x03, STOP = 0x0b, BRANCH_IF = 0x0d, GET = 0x20, SET = 0x21, TEE = 0x22;
const I32_CONST = 0x41, I32_ADD = 0x6a, I32_SUB = 0x6b, F32_ADD = 0x92, F32_STORE = 0x38;
const LOAD = [0xfd, 0x00, 0x04], ZERO = [0xfd, 0x0c, ...new Array(16).fill(0)];
const ADD = [0xfd, 0xe4, 0x01], MULTIPLY = [0xfd, 0xe6, 0x01], LANE = [0xfd, 0x1f];

/**
 * A weight in the memory of `SimdProducts`; one that is too wide for it.
 * @typedef {{start: number, stride: number, inputs: number, outputs: number}} WeightInMemory
 * @typedef {WeightInMemory | ReturnType<PlainProducts["hold"]>} HeldWeight
 */

/** The fastest products that the page may use. @param {boolean} simd Whether to try WebAssembly. */
export function openProducts(simd) {
  try {
    return simd ? new SimdProducts() : new PlainProducts();
  } catch {
    return new PlainProducts();
  }
}

/** Products in WebAssembly. */
class SimdProducts {
  name = "simd";
  _plain = new PlainProducts();

  /** @throws {Error} If the browser or the page's content policy forbids WebAssembly. */
  constructor() {
    this._end = 2 * SCRATCH;
    this._memory = new WebAssembly.Memory({ initial: Math.ceil((this._end * NUMBER) / PAGE) });
    const imports = { m: { m: this._memory } };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()), imports);
    /** @type {((...args: number[]) => void)[]} */
    this._kernels = ROWS.map((rows) => /** @type {any} */ (exports[`k${rows}`]));
    this._numbers = new Float32Array(this._memory.buffer);
  }

  /**
   * Take a weight, outputs by inputs, into the memory.
   *
   * @param {Float32Array} weight @param {number} outputs
   * @returns {HeldWeight}
   */
  hold(weight, outputs) {
    const inputs = weight.length / outputs, stride = whole(inputs, LANES * UNROLLED);
    if (4 * Math.max(stride, whole(outputs, OUTPUTS)) > SCRATCH) { // three rows and one more
      return this._plain.hold(weight, outputs);
    }
    const start = this._end;
    this._end += stride * whole(outputs, OUTPUTS);
    const missing = this._end * NUMBER - this._memory.buffer.byteLength;
    if (missing > 0) this._memory.grow(Math.ceil(missing / PAGE));
    this._numbers = new Float32Array(this._memory.buffer);
    for (let j = 0; j < outputs; j++) {
      this._numbers.set(weight.subarray(j * inputs, (j + 1) * inputs), start + j * stride);
    }
    return { start, stride, inputs, outputs };
  }

  /**
   * Multiply rows that stand one after the other.
   *
   * @param {HeldWeight} held @param {Float32Array} x @param {Float32Array} out @param {number} rows
   * @param {number} [outStart]
   */
  multiply(held, x, out, rows, outStart = 0) {
    if ("weight" in held) {
      this._plain.multiply(held, x, out, rows, outStart);
      return;
    }
    const { start, stride, inputs, outputs } = held;
    const outStride = whole(outputs, OUTPUTS);
    const most = Math.floor(SCRATCH / Math.max(stride, outStride)) - 1;
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first);
      this._load(x, first, count, inputs, stride);
      this._run(start, 0, SCRATCH, count, stride, outStride / OUTPUTS, outStride);
      for (let r = 0; r < count; r++) {
        const from = SCRATCH + r * outStride;
        out.set(this._numbers.subarray(from, from + outputs), outStart + (first + r) * outputs);
      }
    }
  }

  /**
   * @param {import("./products.js").Attention} attention @param {Float32Array} out
   * @param {number} at
   */
  attend(attention, out, at) {
    const { keys, keyStart, values, valueStart, places } = attention;
    const { count, x, start, heads, headSize } = attention;
    const stride = whole(count + OUTPUTS - 1, LANES * UNROLLED), rows = whole(headSize, OUTPUTS);
    const scores = (heads + 2) * headSize, past = scores + (heads + 2) * stride;
    const fits = past + Math.max(stride * headSize, rows * stride) <= SCRATCH;
    if (!fits || headSize % (LANES * UNROLLED)) {
      this._plain.attend(attention, out, at);
      return;
    }
    const numbers = this._numbers;
    numbers.set(x.subarray(start, start + heads * headSize), 0);
    numbers.set(keys.subarray(keyStart, keyStart + count * headSize), past);
    this._run(past, 0, scores, heads, headSize, Math.ceil(count / OUTPUTS), stride);
    softmax(numbers, scores, stride, heads, count);
    for (let d = 0; d < headSize; d++) {
      const from = valueStart + d * places, to = past + d * stride;
      numbers.set(values.subarray(from, from + count), to);
      numbers.fill(0, to + count, to + stride);
    }
    this._run(past, scores, SCRATCH, heads, stride, rows / OUTPUTS, rows);
    for (let head = 0; head < heads; head++) {
      const from = SCRATCH + head * rows;
      out.set(numbers.subarray(from, from + headSize), at + head * headSize);
    }
  }

  /**
   * Multiply within the memory; places and strides in numbers.
   *
   * @param {number} weight @param {number} x @param {number} out @param {number} count Rows.
   * @param {number} stride Of the rows of weight and x.
   * @param {number} blocks Of outputs. @param {number} outStride
   */
  _run(weight, x, out, count, stride, blocks, outStride) {
    const threes = Math.floor((count + 1) / 3); // two rows go with a third one, which is not used
    for (const [kernel, row, rows] of [[0, 0, threes], [1, 3 * threes, count - 3 * threes]]) {
      if (rows <= 0) continue;
      this._kernels[kernel](
        NUMBER * weight, NUMBER * (x + row * stride), NUMBER * (out + row * outStride), rows,
        NUMBER * stride, blocks, NUMBER * outStride,
      );
    }
  }

  /**
   * @param {Float32Array} x @param {number} first @param {number} count @param {number} inputs
   * @param {number} stride
   */
  _load(x, first, count, inputs, stride) {
    if (stride === inputs) {
      this._numbers.set(x.subarray(first * inputs, (first + count) * inputs), 0);
      return;
    }
    for (let r = 0; r < count; r++) {
      const from = (first + r) * inputs;
      this._numbers.set(x.subarray(from, from + inputs), r * stride);
      this._numbers.fill(0, r * stride + inputs, (r + 1) * stride);
    }
  }
}

/** The next multiple of a number. @param {number} value @param {number} of */
const whole = (value, of) => Math.ceil(value / of) * of;

/** A module with a function for each number of rows that are computed together. */
function moduleBytes() {
  const type = [0x60, 7, ...new Array(7).fill(I32), 0];
  const memory = [1, 0x6d, 1, 0x6d, 0x02, 0, 1]; // "m" "m": a memory of a page or more
  const names = ROWS.map((rows, i) => [2, 0x6b, 0x30 + rows, 0x00, i]);
  const codes = ROWS.map(kernel).map((code) => [...leb(code.length), ...code]);
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [type]),
    ...section(2, [memory]),
    ...section(3, ROWS.map(() => [0])),
    ...section(7, names),
    ...section(10, codes),
  ]);
}

/** @param {number} id @param {number[][]} items */
function section(id, items) {
  const content = [...leb(items.length), ...items.flat()];
  return [id, ...leb(content.length), ...content];
}

/**
 * A whole number, 0 or more, in the format's variable length.
 *
 * @param {number} value
 * @returns {number[]}
 */
const leb = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)]);

/**
 * A positive constant: the sign is the topmost bit that is written.
 *
 * @param {number} value
 * @returns {number[]}
 */
const constant = (value) =>
  value < 0x40 ? [I32_CONST, value] : [I32_CONST, (value & 0x7f) | 0x80, value >> 7];

/**
 * The code of a function (w, x, out, row blocks, bytes of a row of w or x, output blocks, bytes of
 * a row of results) that multiplies `rows` rows and three outputs at a time.
 *
 * @param {number} rows
 */
function kernel(rows) {
  const [w, x, out, rowBlocks, bytes, outputBlocks, outBytes] = [0, 1, 2, 3, 4, 5, 6];
  let next = 7;
  const locals = (/** @type {number} */ count) => Array.from({ length: count }, () => next++);
  const [to, rowsLeft, turns] = locals(3);
  const ws = locals(OUTPUTS), xs = locals(rows), numWhole = next - 7;
  const sums = locals(rows * OUTPUTS), factors = locals(rows), [weight] = locals(1);
  const numVectors = next - 7 - numWhole;
  const get = (/** @type {number} */ local) => [GET, local];
  const move = (/** @type {number} */ local, /** @type {number[]} */ by) =>
    [...get(local), ...by, I32_ADD, SET, local];
  const countDown = (/** @type {number} */ local, by = 1) =>
    [...get(local), ...constant(by), I32_SUB, TEE, local, BRANCH_IF, 0];
  const step = LANES * NUMBER, turn = UNROLLED * step;
  const vector = (/** @type {number} */ unrolled) => [
    ...xs.flatMap((local, r) => [...get(local), ...LOAD, unrolled * step, SET, factors[r]]),
    ...ws.flatMap((local, j) => [
      ...get(local), ...LOAD, unrolled * step, SET, weight,
      ...factors.flatMap((factor, r) => {
        const sum = sums[r * OUTPUTS + j];
        return [...get(sum), ...get(weight), ...get(factor), ...MULTIPLY, ...ADD, SET, sum];
      }),
    ]),
  ];
  const lane = (/** @type {number} */ sum, /** @type {number} */ number) =>
    [...get(sum), ...LANE, number];
  const total = (/** @type {number} */ sum) => [
    ...lane(sum, 0), ...lane(sum, 1), F32_ADD, ...lane(sum, 2), ...lane(sum, 3), F32_ADD, F32_ADD,
  ];
  const body = [
    LOOP, VOID, // over outputs
    ...get(x), SET, xs[0], ...get(out), SET, to, ...get(rowBlocks), SET, rowsLeft,
    LOOP, VOID, // over rows
    ...xs.slice(1).flatMap((local, i) => [...get(xs[i]), ...get(bytes), I32_ADD, SET, local]),
    ...get(w), SET, ws[0],
    ...ws.slice(1).flatMap((local, i) => [...get(ws[i]), ...get(bytes), I32_ADD, SET, local]),
    ...sums.flatMap((sum) => [...ZERO, SET, sum]),
    ...get(bytes), SET, turns,
    LOOP, VOID, // over inputs
    ...Array.from({ length: UNROLLED }, (_, i) => vector(i)).flat(),
    ...[...xs, ...ws].flatMap((local) => move(local, constant(turn))),
    ...countDown(turns, turn),
    STOP,
    ...factors.flatMap((_, r) => [
      ...Array.from({ length: OUTPUTS }, (_, j) => [
        ...get(to), ...total(sums[r * OUTPUTS + j]), F32_STORE, 0x02, j * NUMBER,
      ]).flat(),
      ...move(to, get(outBytes)),
    ]),
    ...get(xs[rows - 1]), SET, xs[0], // each has come to the beginning of the next row
    ...countDown(rowsLeft),
    STOP,
    ...move(w, [...get(bytes), ...get(bytes), I32_ADD, ...get(bytes), I32_ADD]),
    ...move(out, constant(OUTPUTS * NUMBER)),
    ...countDown(outputBlocks),
    STOP,
    STOP,
  ];
  return [2, numWhole, I32, numVectors, V128, ...body];
}
