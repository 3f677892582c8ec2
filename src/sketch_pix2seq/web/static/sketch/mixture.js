// Sampling a step from the decoder's output: logits of three pen states, then of each of M
// Gaussians a logit, mean x and y, log std x and y, correlation before tanh. `mixture.py` has the
// same.

import { NUM_NORMALS } from "./noise.js";

const NUM_PEN_STATES = 3;
const PER_COMPONENT = 6; // outputs of each Gaussian
const MIN_LOG_STD = -7;
const MAX_CORRELATION = Math.fround(1 - 1e-4);
const MIRRORS = [[1, 1], [-1, 1], [1, -1], [-1, -1], [0, 0]];
/** How many offsets each Gaussian proposes: its sample, the three mirror images of it, its mean. */
export const NUM_PROPOSALS = MIRRORS.length;
const f32 = Math.fround;

const correlationOf = (/** @type {number} */ raw) =>
  Math.min(Math.max(f32(Math.tanh(raw)), -MAX_CORRELATION), MAX_CORRELATION);

/** Length of a decoder's output. @param {number} numComponents */
export const outputDim = (numComponents) => NUM_PEN_STATES + PER_COMPONENT * numComponents;

/**
 * Logits with their noise: the largest is the sample.
 *
 * @param {Float32Array} output (3 + 6 M,).
 * @param {Float32Array} noise (M + 5,), as `Stream.readNoise` gives it.
 * @param {number} temperature
 * @param {Float32Array} components (M,), overwritten.
 * @param {Float32Array} pen (3,), overwritten.
 * @param {number} [penTemperature] Factor on the temperature of the pen states.
 */
function perturb(output, noise, temperature, components, pen, penTemperature = 1) {
  const count = (output.length - NUM_PEN_STATES) / PER_COMPONENT;
  for (let m = 0; m < count; m++) {
    components[m] = output[NUM_PEN_STATES + m] + f32(noise[m] * temperature);
  }
  for (let state = 0; state < NUM_PEN_STATES; state++) {
    pen[state] = output[state] + f32(f32(noise[count + state] * penTemperature) * temperature);
  }
}

/**
 * The offsets that each Gaussian proposes, the samples of all Gaussians first.
 *
 * @param {Float32Array} output As of `perturb`. @param {Float32Array} noise
 * @param {number} temperature
 * @param {Float32Array} offsets (5 M, 2), overwritten.
 */
function propose(output, noise, temperature, offsets) {
  const count = (output.length - NUM_PEN_STATES) / PER_COMPONENT;
  const x = noise[noise.length - NUM_NORMALS], y = noise[noise.length - 1];
  const spread = f32(Math.sqrt(temperature));
  for (let m = 0; m < count; m++) {
    const at = NUM_PEN_STATES + count + m;
    const meanX = output[at], meanY = output[at + count];
    const stdX = f32(f32(Math.exp(Math.max(output[at + 2 * count], MIN_LOG_STD))) * spread);
    const stdY = f32(f32(Math.exp(Math.max(output[at + 3 * count], MIN_LOG_STD))) * spread);
    const correlation = correlationOf(output[at + 4 * count]);
    const across = f32(stdX * x), along = f32(f32(stdY * correlation) * x);
    const rest = f32(f32(stdY * f32(Math.sqrt(f32(1 - f32(correlation * correlation))))) * y);
    for (let mirror = 0; mirror < NUM_PROPOSALS; mirror++) {
      const [signX, signY] = MIRRORS[mirror];
      const to = 2 * (mirror * count + m);
      offsets[to] = meanX + f32(signX * across);
      offsets[to + 1] = meanY + f32(f32(signX * along) + f32(signY * rest));
    }
  }
}

/** Samples steps, or prepares for guidance what may be sampled, in arrays that it keeps. */
export class Sampler {
  /** @param {number} numComponents M. */
  constructor(numComponents) {
    /** Logits of the Gaussians, then of the pen states, with their noise. */
    this.components = new Float32Array(numComponents);
    this.pen = new Float32Array(NUM_PEN_STATES);
    /** The offsets that the Gaussians propose. */
    this.offsets = new Float32Array(2 * NUM_PROPOSALS * numComponents);
  }

  /**
   * Prepare the choice of a step: what has noise gets it.
   *
   * @param {Float32Array} output @param {Float32Array} noise @param {number} temperature
   * @param {number} [penTemperature] As of `perturb`.
   */
  prepare(output, noise, temperature, penTemperature) {
    perturb(output, noise, temperature, this.components, this.pen, penTemperature);
    propose(output, noise, temperature, this.offsets);
  }

  /**
   * Write a step: one of the offsets, and the likeliest pen state.
   *
   * @param {number} proposal @param {Float32Array} step
   */
  write(proposal, step) {
    step.fill(0);
    step[0] = this.offsets[2 * proposal];
    step[1] = this.offsets[2 * proposal + 1];
    step[2 + largest(this.pen)] = 1;
  }

  /**
   * Sample a step.
   *
   * @param {Float32Array} output @param {Float32Array} noise @param {number} temperature
   * @param {Float32Array} step Overwritten.
   * @param {number} [penTemperature] As of `perturb`.
   */
  sample(output, noise, temperature, step, penTemperature) {
    this.prepare(output, noise, temperature, penTemperature);
    this.write(largest(this.components), step);
  }
}

/** The place of the largest number, the first of several. @param {Float32Array} values */
export function largest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Log density of a step that was drawn, offset and pen state, in nats.
 *
 * @param {Float32Array} output
 * @param {Float32Array} steps @param {number} at Where the step begins.
 */
export function logDensity(output, steps, at) {
  const count = (output.length - NUM_PEN_STATES) / PER_COMPONENT;
  const logits = output.subarray(NUM_PEN_STATES, NUM_PEN_STATES + count);
  const densities = logits.map((logit, m) => {
    const [meanX, meanY, logX, logY, raw] = [1, 2, 3, 4, 5].map(
      (row) => output[NUM_PEN_STATES + row * count + m],
    );
    const stdX = Math.max(logX, MIN_LOG_STD), stdY = Math.max(logY, MIN_LOG_STD);
    const correlation = correlationOf(raw), rest = 1 - correlation * correlation;
    const x = (steps[at] - meanX) * Math.exp(-stdX), y = (steps[at + 1] - meanY) * Math.exp(-stdY);
    const quadratic = (x * x + y * y - 2 * correlation * x * y) / rest;
    return logit - (quadratic + Math.log(rest)) / 2 - stdX - stdY;
  });
  const pen = output.subarray(0, NUM_PEN_STATES);
  const state = pen.findIndex((_, i) => steps[at + 2 + i] > 0);
  return logSum(densities) - logSum(logits) + pen[state] - logSum(pen) - Math.log(2 * Math.PI);
}

/** The logarithm of the sum of exponentials. @param {Float32Array} logits */
export function logSum(logits) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
}
