// Checks of the arguments of a `Sketcher`; the rules are those of `arguments.py`.

import { UsageError } from "./errors.js";

const MAX_DRAWINGS = 1_000_000; // of one call, those that `bestOf` throws away included
const MAX_TEMPERATURE = 100; // far below this a drawing is already nothing but noise

/**
 * What all methods that draw take.
 * @typedef {object} DrawingOptions
 * @property {number} [n] How many drawings; 1 if left out.
 * @property {number} [temperature] How freely to draw, 0 or more; what suits the model if left out.
 * @property {number} [seed] The same seed draws the same; 0 if left out.
 * @property {boolean} [inFrame] Leave drawings where they were drawn in the square of 255, as
 *   `onPoint` reports them, instead of moving their corner to (0, 0).
 * @property {(drawing: number, x: number, y: number, lifts: boolean) => void} [onPoint] Called with
 *   each point as it is drawn, and whether the pen leaves the paper there. Points lie in the square
 *   of 255 that the input is fitted into, those of `complete` where the input lies. With `bestOf`
 *   there are that many times as many drawings.
 * @property {(done: number, total: number) => void} [onProgress] Called with how many drawings are
 *   done, and how many there are.
 * @property {AbortSignal} [signal] Ends the call, which then throws the reason.
 */

/**
 * Check that an argument is a whole number.
 *
 * @param {string} name @param {unknown} value @param {number} min
 * @returns {number}
 */
export function wholeNumber(name, value, min) {
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`\`${name}\` must be a whole number`, { got: value });
  }
  const number = /** @type {number} */ (value);
  if (number < min) throw new UsageError(`\`${name}\` must be ${min} or more`, { got: number });
  return number;
}

/**
 * Check that an argument is a number from 0 to a limit.
 *
 * @param {string} name @param {unknown} value @param {number} max
 * @returns {number}
 */
export function numberUpTo(name, value, max) {
  if (typeof value === "number" && value >= 0 && value <= max) return value;
  throw new UsageError(`\`${name}\` must be a number from 0 to ${max}`, { got: value });
}

/** @param {number | undefined} temperature @param {number} suited The model's own. */
export const checkedTemperature = (temperature, suited) =>
  numberUpTo("temperature", temperature ?? suited, MAX_TEMPERATURE);

/**
 * Check how many drawings are wanted.
 *
 * @param {number} inputs @param {number} n @param {number} bestOf
 */
export function checkAmount(inputs, n, bestOf) {
  wholeNumber("n", n, 1);
  wholeNumber("bestOf", bestOf, 1);
  if (inputs * n * bestOf > MAX_DRAWINGS) {
    throw new UsageError(`there must be at most ${MAX_DRAWINGS} drawings at once`, {
      got: inputs * n * bestOf,
    });
  }
}

/**
 * The number of a category; case does not count. -1 if there is none of that name.
 *
 * @param {string} category @param {string[]} categories
 */
export function numberOfCategory(category, categories) {
  const exact = categories.indexOf(category), name = String(category).toLowerCase();
  return exact >= 0 ? exact : categories.findIndex((known) => known.toLowerCase() === name);
}
