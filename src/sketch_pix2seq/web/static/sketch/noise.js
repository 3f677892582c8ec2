// The noise that a drawing is drawn with: a stream of its own for every drawing, decided by its
// seed and index alone. The same numbers as `noise.py`: numpy's SeedSequence and PCG64.
//
// Source: M. E. O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms
// for Random Number Generation (2014); the same, "Developing a seed_seq Alternative" (2015).

/** How many of a step's numbers, the last ones, are normal; the others are Gumbel. */
export const NUM_NORMALS = 2;
const MIN_UNIFORM = 2 ** -25; // half of the smallest positive 24-bit number: stands for 0
const FULL_TURN = Math.fround(2 * Math.PI);

const POOL_SIZE = 4;
const INIT_A = 0x43b0d7e5, MULTIPLIER_A = 0x931e8875;
const INIT_B = 0x8b51f9dd, MULTIPLIER_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd, MIX_RIGHT = 0x4973f715;
const PCG_MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** A stream of random numbers. */
export class Stream {
  /** @param {number[]} entropy Whole numbers from 0 to below 2^32. */
  constructor(...entropy) {
    const words = seedWords(entropy, 8).map(BigInt);
    const at = (/** @type {number} */ i) => words[i] | (words[i + 1] << 32n);
    this._increment = BigInt.asUintN(128, (((at(4) << 64n) | at(6)) << 1n) | 1n);
    this._state = this._increment + ((at(0) << 64n) | at(2));
    this._next();
    /** @type {number | null} */
    this._half = null;
  }

  _next() {
    this._state = BigInt.asUintN(128, this._state * PCG_MULTIPLIER + this._increment);
  }

  /** The next 32 random bits. @returns {number} */
  bits() {
    if (this._half !== null) {
      const half = this._half;
      this._half = null;
      return half;
    }
    this._next();
    const mixed = (this._state >> 64n) ^ BigInt.asUintN(64, this._state);
    const turn = this._state >> 122n;
    const turned = BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
    this._half = Number(turned >> 32n);
    return Number(BigInt.asUintN(32, turned));
  }

  /** The next number from 0 to below 1, of 24 bits. */
  uniform() {
    return (this.bits() >>> 8) * 2 ** -24;
  }

  /** The next whole number from 0 to `max`, both included. @param {number} max Below 2^32. */
  wholeNumber(max) {
    if (max === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(max)) - 1;
    for (;;) {
      const value = (this.bits() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** The numbers from 0 to below `count`, shuffled. @param {number} count */
  permutation(count) {
    const numbers = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const other = this.wholeNumber(i);
      [numbers[i], numbers[other]] = [numbers[other], numbers[i]];
    }
    return numbers;
  }

  /** Standard Gumbel numbers. @param {number} count */
  gumbels(count) {
    return Float32Array.from({ length: count }, () => gumbel(this.uniform()));
  }

  /** Standard normals, in pairs, by Box and Muller. @param {number} count */
  normals(count) {
    const half = Math.ceil(count / 2);
    const uniforms = Float64Array.from({ length: 2 * half }, () => this.uniform());
    const normals = new Float32Array(2 * half);
    for (let i = 0; i < half; i++) {
      [normals[i], normals[half + i]] = normalPair(uniforms[i], uniforms[half + i]);
    }
    return normals.subarray(0, count);
  }

  /**
   * The noise of the next steps: of each, Gumbel numbers, then two normals.
   *
   * @param {Float32Array} noise (T, K), which is overwritten.
   * @param {number} noiseDim K.
   */
  readNoise(noise, noiseDim) {
    for (let step = 0; step < noise.length; step += noiseDim) {
      const end = step + noiseDim - NUM_NORMALS;
      for (let i = step; i < end; i++) noise[i] = gumbel(this.uniform());
      [noise[end], noise[end + 1]] = normalPair(this.uniform(), this.uniform());
    }
  }
}

/**
 * The stream of a drawing's steps.
 *
 * @param {number} seed From 0 to 2^53 - 1.
 * @param {number} index From 0 to 2^32 - 1.
 */
export const openStream = (seed, index) => streamOf(seed, index, 0);

/**
 * The stream of a drawing's latent code, where it is sampled.
 *
 * @param {number} seed @param {number} index
 */
export const latentStream = (seed, index) => streamOf(seed, index, 1);

const exponential = (/** @type {number} */ uniform) =>
  Math.fround(-Math.log(Math.max(uniform, MIN_UNIFORM)));

const gumbel = (/** @type {number} */ uniform) => Math.fround(-Math.log(exponential(uniform)));

/**
 * @param {number} length @param {number} turn Both from 0 to below 1.
 * @returns {[number, number]}
 */
function normalPair(length, turn) {
  const radius = Math.fround(Math.sqrt(2 * exponential(length)));
  const angle = Math.fround(turn * FULL_TURN);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/**
 * A stream of four numbers of 32 bits, a place for each: none stands for two pairs.
 *
 * @param {number} seed @param {number} index @param {number} purpose
 */
const streamOf = (seed, index, purpose) =>
  new Stream(seed % 2 ** 32, index, purpose, Math.floor(seed / 2 ** 32));

/**
 * So many words, mixed from those of the seeds.
 *
 * @param {number[]} entropy @param {number} count
 */
function seedWords(entropy, count) {
  let constant = INIT_A;
  const hashed = (/** @type {number} */ word) => {
    let value = word ^ constant;
    constant = Math.imul(constant, MULTIPLIER_A);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mixed = (/** @type {number} */ left, /** @type {number} */ right) => {
    const value = Math.imul(left, MIX_LEFT) - Math.imul(right, MIX_RIGHT);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = Array.from({ length: POOL_SIZE }, (_, i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
    }
  }
  for (const word of entropy.slice(POOL_SIZE)) {
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mixed(pool[to], hashed(word));
  }
  constant = INIT_B;
  return Array.from({ length: count }, (_, i) => {
    let value = pool[i % POOL_SIZE] ^ constant;
    constant = Math.imul(constant, MULTIPLIER_B);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}
