// The stroke engine: conditions in, steps out, several drawings at once.
//
// Drawings share calls of the decoder. A complete one leaves at once, and another one takes its
// place. As each row is computed the same whatever stands beside it, a drawing depends on its
// condition, its noise and the temperature alone.

import { END, STEP_DIM } from "./drawing.js";
import { BundleError } from "./errors.js";
import { openStream } from "./noise.js";

/** @typedef {import("./networks.js").Decoder} Decoder */
/**
 * A drawing that is wanted.
 * @typedef {object} DrawingRequest
 * @property {() => any} condition What it is drawn from; called when it begins.
 * @property {number} index Decides its noise, with the seed.
 * @property {Float32Array} [prefix] First steps, in place of those that the decoder would draw.
 */
/**
 * @typedef {object} EngineOptions
 * @property {number} seed
 * @property {number} temperature
 * @property {number} maxSteps
 * @property {number} noiseDim Numbers of noise to a step.
 * @property {(number: number, step: Float32Array) => void} [onStep] Called with the number of a
 *   drawing and each of its steps as it is drawn.
 * @property {(done: number, total: number) => void} [onProgress]
 * @property {AbortSignal} [signal]
 */

const NUM_ROWS = 24; // drawings under way at once
const NOISE_STEPS = 16; // steps of noise read at a time
const MAX_OFFSET = 1e6; // nothing that learned from drawings comes near it
const PAUSE_EVERY = 10; // milliseconds of work, after which messages are let in

/**
 * Draw every request.
 *
 * @param {Decoder} decoder
 * @param {DrawingRequest[]} requests
 * @param {EngineOptions} options
 * @returns {Promise<Float32Array[]>} Of each drawing (T, 5) steps: up to and including its end, or
 *   cut off without one after `maxSteps`.
 */
export async function drawAll(decoder, requests, options) {
  const { onProgress = () => {}, signal } = options;
  /** @type {Float32Array[]} */
  const drawn = new Array(requests.length);
  /** @type {DrawingUnderWay[]} */
  let active = [];
  const letOthersIn = pauses(signal);
  let next = 0, done = 0;
  while (next < requests.length || active.length > 0) {
    while (active.length < NUM_ROWS && next < requests.length) {
      active.push(new DrawingUnderWay(decoder, next, requests[next++], options));
    }
    const outputs = decoder.outputs(active.map(({ row }) => row));
    active.forEach((drawing, i) => drawing.advance(outputs[i]));
    const complete = active.filter(({ isComplete }) => isComplete);
    if (complete.length > 0) {
      for (const drawing of complete) drawn[drawing.number] = drawing.steps();
      active = active.filter(({ isComplete }) => !isComplete);
      done += complete.length;
      onProgress(done, requests.length);
    }
    await letOthersIn();
  }
  return drawn;
}

/**
 * A function that now and then lets messages and other tasks run, and ends a call that is over.
 *
 * @param {AbortSignal} [signal]
 */
export function pauses(signal) {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < PAUSE_EVERY) return;
    await new Promise((resume) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resume(undefined);
      };
      port2.postMessage(null);
    });
    signal?.throwIfAborted();
    since = performance.now();
  };
}

class DrawingUnderWay {
  /**
   * @param {Decoder} decoder @param {number} number @param {DrawingRequest} request
   * @param {EngineOptions} options
   */
  constructor(decoder, number, request, options) {
    this.number = number;
    this.row = decoder.open(request.condition(), options.temperature);
    this.isComplete = false;
    this._options = options;
    this._prefix = request.prefix ?? new Float32Array(0);
    this._steps = new Float32Array(options.maxSteps * STEP_DIM);
    this._at = 0;
    this._stream = openStream(options.seed, request.index);
    this._noiseDim = options.noiseDim;
    this._noise = new Float32Array(NOISE_STEPS * this._noiseDim);
  }

  /** Draw the step that an output of the decoder leads to. @param {Float32Array} output */
  advance(output) {
    const at = this._at, { row } = this, number = (at / STEP_DIM) % NOISE_STEPS;
    const start = number * this._noiseDim;
    if (number === 0) this._stream.readNoise(this._noise, this._noiseDim);
    if (at < this._prefix.length) {
      row.step.set(this._prefix.subarray(at, at + STEP_DIM));
    } else {
      row.draw(output, this._noise.subarray(start, start + this._noiseDim));
    }
    const { step } = row;
    if (!(Math.abs(step[0]) <= MAX_OFFSET && Math.abs(step[1]) <= MAX_OFFSET)) {
      throw new BundleError("the bundle's weights draw numbers that are not finite, or too large", {
        fix: "Use another bundle.",
      });
    }
    this._steps.set(step, at);
    this._at += STEP_DIM;
    this._options.onStep?.(this.number, step);
    this.isComplete = step[2 + END] > 0 || this._at >= this._steps.length;
    if (!this.isComplete) row.takeLastStep();
  }

  /** The steps drawn. */
  steps() {
    return this._steps.subarray(0, this._at);
  }
}
