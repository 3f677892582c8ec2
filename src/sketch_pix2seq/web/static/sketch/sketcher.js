// `Sketcher`: show it a drawing, it draws it again. The same as the Python class of that name, in
// the thread that calls it; `client.js` has it in a worker.

import { Bundle } from "./bundle.js";
import {
  boundsOf, checkedDrawing, DOWN, END, moved, QUICKDRAW_SIDE, strokesOf,
} from "./drawing.js";
import { drawAll, pauses } from "./engine.js";
import { BundleError, DrawingError, UsageError } from "./errors.js";
import { neighbours } from "./gallery.js";
import { isCode, MAX_CODE } from "./latents.js";
import { Weights } from "./layers.js";
import { pathThrough, scoresAlong } from "./mixing.js";
import { networksOf } from "./networks.js";
import { completed, likeliestPrefix, numDrawnAgain, prefixOf, WHOLE } from "./prefixes.js";
import { ranked, Recognizer } from "./recognizer.js";
import {
  checkAmount, checkedTemperature, numberOfCategory, numberUpTo, wholeNumber,
} from "./settings.js";
import { openProducts } from "./simd.js";

const EMPTY_COST = 1e9; // nats that a drawing without a stroke costs
const DRAWN_AGAIN_WEIGHT = 2; // nats that each stroke costs that fills the box of a given one

/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./settings.js").DrawingOptions} DrawingOptions */
/** @typedef {[number[], number[]][]} Drawn Strokes of a drawing that the model drew. */
/**
 * @typedef {Drawing | Float32Array} Input A drawing, or a picture of the raster's size, 1 = ink.
 */
/**
 * @typedef {{scale: number, x: number, y: number}} Place Pixels to a unit of steps; their origin.
 */

export class Sketcher {
  /**
   * @param {Bundle} bundle
   * @param {{simd?: boolean}} [options] `simd`: whether to compute with WebAssembly where it can be
   *   used; plain JavaScript takes several times as long.
   */
  constructor(bundle, { simd = true } = {}) {
    const { card } = bundle;
    const products = openProducts(simd), weights = new Weights(bundle.weights, products);
    /** How it computes: `simd` or `plain`. */
    this.computesBy = products.name;
    /** What the model is, and what it was trained on. */
    this.card = card;
    /** Human drawings and their places on a map, if they were fetched. */
    this.gallery = bundle.gallery;
    this._networks = networksOf(card, weights);
    this._recognizer = new Recognizer(bundle, this._networks, products);
  }

  /**
   * Fetch a bundle and make its networks.
   *
   * @param {string | URL} url Address of its folder.
   * @param {NonNullable<Parameters<typeof Bundle.fetch>[1]> & {simd?: boolean}} [options]
   */
  static async load(url, { simd, ...options } = {}) {
    return new Sketcher(await Bundle.fetch(url, options), { simd });
  }

  /** Whether the decoder attends to the picture itself, so that `fidelity` may be above 0. */
  get attendsToPicture() {
    return this._networks.attendsToPicture;
  }

  /** Whether the model can complete started drawings, and draw by name. */
  get canComplete() {
    return this._recognizer.gaussians !== null;
  }

  /** Whether the model can draw by name. */
  get canGenerate() {
    return this._recognizer.gaussians !== null;
  }

  /** Whether the model can classify drawings. */
  get canClassify() {
    return this._recognizer.canClassify;
  }

  /** The latent code of a drawing. @param {Input} input */
  encode(input) {
    return this._recognizer.code(this._view(input));
  }

  /**
   * The latent code at a point of the gallery's map, for `decode`: that of the drawing there;
   * between drawings a mean of the nearest four.
   *
   * @param {[number, number]} place x and y, from 0 to 1.
   */
  latentAt(place) {
    if (this.gallery.length === 0) {
      throw new BundleError("this bundle has no gallery", { fix: "Load it with `gallery: true`." });
    }
    const latent = new Float32Array(this.card.architecture.latent_dim);
    for (const { item, weight } of neighbours(this.gallery, place)) {
      this.encode(item.drawing).forEach((value, i) => (latent[i] += weight * value));
    }
    return latent;
  }

  /**
   * Predict what a drawing shows: all categories with their probabilities, the most likely first.
   *
   * @param {Input} input
   */
  classify(input) {
    const found = this._recognizer.probabilities(this._view(input));
    const order = Array.from(found.keys()).sort((a, b) => found[b] - found[a]);
    return {
      labels: order.map((number) => this.card.categories[number]),
      probabilities: order.map((number) => found[number]),
    };
  }

  /**
   * Draw a drawing again.
   *
   * @param {Input} input
   * @param {DrawingOptions & {fidelity?: number, bestOf?: number}} [options] `fidelity`: from 0,
   *   the model's own way of drawing the thing, to 1: keep to the picture; as near as the model
   *   can if left out. `bestOf`: draw so many for each one wanted and keep the best.
   * @returns {Promise<Drawn[]>} With `bestOf` the best one comes first.
   */
  async redraw(input, { fidelity, bestOf = 1, n = 1, ...options } = {}) {
    checkAmount(1, n, bestOf);
    if (fidelity !== undefined) numberUpTo("fidelity", fidelity, 1);
    const { seed = 0 } = options;
    const view = this._view(input);
    const categoryOf = (/** @type {Float32Array} */ latent) => this._recognizer.categoryOf(latent);
    const { code, condition } = this._networks.fromView(view, fidelity, seed, categoryOf);
    const requests = Array.from({ length: n * bestOf }, (_, index) => ({
      condition: () => condition(index), index,
    }));
    const drawings = await this._drawn(requests, options);
    if (bestOf === 1) return drawings;
    const scores = this._recognizer.classScores(view);
    const picture = this.attendsToPicture && fidelity !== 0 ? view : null;
    return (await this._ranked(drawings, code, scores, picture, options.signal)).slice(0, n);
  }

  /**
   * Draw latent codes: n drawings of each. A decoder that knows categories is given the likeliest
   * of each code, too.
   *
   * @param {Float32Array[]} latents @param {DrawingOptions} [options]
   * @returns {Promise<Drawn[][]>}
   */
  async decode(latents, { n = 1, ...options } = {}) {
    checkAmount(latents.length, n, 1);
    if (latents.some((latent) => latent.length !== this.card.architecture.latent_dim)) {
      throw new UsageError(`a code must have ${this.card.architecture.latent_dim} numbers`);
    }
    if (!latents.every(isCode)) {
      const most = MAX_CODE.toLocaleString("en");
      throw new UsageError(`the numbers of a code must be from -${most} to ${most}`, {
        got: "NaN, infinity or a larger one",
      });
    }
    const requests = latents.flatMap((latent) => {
      const condition = this._networks.fromCode(latent, this._recognizer.categoryOf(latent));
      return Array.from({ length: n }, (_, index) => ({ condition: () => condition, index }));
    });
    const drawings = await this._drawn(requests, options);
    return latents.map((_, i) => drawings.slice(i * n, (i + 1) * n));
  }

  /**
   * Draw a thing by its name.
   *
   * @param {string} category One of `card.categories`.
   * @param {DrawingOptions & {bestOf?: number}} [options] `bestOf`: draw so many for each one wanted
   *   and keep the one that shows it most clearly.
   * @returns {Promise<Drawn[]>} With `bestOf` the best one comes first.
   */
  async generate(category, { n = 1, bestOf = 1, ...options } = {}) {
    checkAmount(1, n, bestOf);
    const categoryId = this.categoryId(category), gaussians = this._gaussians();
    const { temperature, seed } = this._settings(options);
    const requests = Array.from({ length: n * bestOf }, (_, index) => ({
      condition: () => {
        const latent = gaussians.sample(categoryId, seed, index, temperature);
        return this._networks.fromCode(latent, categoryId);
      },
      index,
    }));
    const drawings = await this._drawn(requests, options);
    if (bestOf === 1) return drawings;
    const letOthersIn = pauses(options.signal);
    /** @type {number[]} */
    const costs = [];
    for (const drawn of drawings) {
      costs.push(this._surprise(drawn, categoryId));
      await letOthersIn();
    }
    return cheapest(costs, n).map((i) => drawings[i]);
  }

  /**
   * Draw what lies between two drawings or more, passed one after the other.
   *
   * @param {Input[]} inputs
   * @param {DrawingOptions & {steps?: number, spherical?: boolean, bestOf?: number}} [options]
   *   `steps`: drawings from one to the next, both included; 11 if left out. `spherical`: mix along
   *   great circles instead of straight lines. `bestOf`: draw so many for each one wanted and keep
   *   the best.
   * @returns {Promise<Drawn[]>} (K - 1) (steps - 1) + 1 drawings for K inputs.
   */
  async mix(inputs, { steps = 11, spherical = false, bestOf = 1, ...options } = {}) {
    if (!Array.isArray(inputs) || inputs.length < 2) {
      throw new UsageError("there must be two drawings or more to mix", { got: inputs?.length });
    }
    wholeNumber("steps", steps, 2);
    checkAmount((inputs.length - 1) * (steps - 1) + 1, 1, bestOf);
    const views = inputs.map((input) => this._view(input));
    const codes = views.map((view) => this._recognizer.code(view));
    const path = pathThrough(codes, steps, spherical);
    const drawings = await this.decode(path, { ...options, n: bestOf });
    if (bestOf === 1) return drawings.map(([drawing]) => drawing);
    const scores = views.map((view) => this._recognizer.classScores(view));
    const known = scores.filter((some) => some !== null);
    const along = known.length > 0 ? scoresAlong(known, steps) : path.map(() => null);
    const best = [];
    for (const [i, candidates] of drawings.entries()) {
      const [first] = await this._ranked(candidates, path[i], along[i], null, options.signal);
      best.push(first);
    }
    return best;
  }

  /**
   * Complete a started drawing: what is given stays, the rest is drawn.
   *
   * @param {Drawing} drawing
   * @param {Omit<DrawingOptions, "inFrame"> & {category?: string, bestOf?: number}} [options]
   *   `category`: what it is to become; if left out, each drawing becomes one of those that it may
   *   be. `bestOf`: draw so many for each one wanted, of its category, and keep the best: the one
   *   that shows it most clearly and draws least of what was given once more.
   * @returns {Promise<Drawn[]>} Each begins with the given strokes and lies where they lie. With
   *   `bestOf` the best one comes first.
   */
  async complete(drawing, { n = 1, category, bestOf = 1, ...options } = {}) {
    checkAmount(1, n, bestOf);
    const { temperature, seed } = this._settings(options);
    const gaussians = this._gaussians(), given = checkedDrawing(drawing);
    const only = category === undefined ? undefined : this.categoryId(category);
    const code = this.encode(given);
    const wayTo = remembered((/** @type {number} */ completion) => {
      const latent = gaussians.complete(code, completion);
      const condition = this._networks.fromCode(latent, gaussians.categoryOf(completion));
      const { logDensities } = this._networks;
      const prefix = logDensities
        ? likeliestPrefix(given, this.card, logDensities.bind(this._networks, condition))
        : prefixOf(given, this.card, WHOLE);
      return { condition, prefix, categoryId: gaussians.categoryOf(completion) };
    });
    const letOthersIn = pauses(options.signal);
    /** @type {ReturnType<typeof wayTo>[]} */
    const ways = [];
    for (let index = 0; index < n * bestOf; index++) {
      const categoryId = index < n ? only : ways[index - n].categoryId;
      ways.push(wayTo(gaussians.sampleCompletion(code, seed, index, temperature, categoryId)));
      await letOthersIn();
    }
    const requests = ways.map(({ condition, prefix }, index) => ({
      condition: () => condition, index, prefix: prefix.steps,
    }));
    const unit = this.card.offset_scale;
    const places = ways.map(({ prefix: { scale, x, y } }) => ({ scale: unit * scale, x, y }));
    const steps = await this._steps(requests, options, places);
    const drawings = steps.map((rows, i) => completed(given, ways[i].prefix, rows, unit));
    if (bestOf === 1) return drawings;
    /** @type {number[]} */
    const costs = [];
    for (const [i, drawn] of drawings.entries()) {
      const again = numDrawnAgain(given, drawn);
      costs.push(this._surprise(drawn, ways[i].categoryId) + DRAWN_AGAIN_WEIGHT * again);
      await letOthersIn();
    }
    return cheapest(costs, n).map((i) => drawings[i]);
  }

  /** The number of one of `card.categories`; case does not count. @param {string} category */
  categoryId(category) {
    const number = numberOfCategory(category, this.card.categories);
    if (number >= 0) return number;
    throw new UsageError("`category` must be one that the model knows", {
      got: category, fix: "`card.categories` lists them.",
    });
  }

  /** What the encoder reads of an input. @param {Input} input */
  _view(input) {
    const { raster, architecture, name } = this.card;
    if (!(input instanceof Float32Array)) return this._networks.view(checkedDrawing(input));
    if (architecture.encoder === "rnn") {
      throw new DrawingError(`model \`${name}\` reads strokes, which a picture has none of`);
    }
    const fits = input.length === raster.size ** 2 && input.some((ink) => ink > 0);
    if (fits && input.every((ink) => ink >= 0 && ink <= 1)) return input;
    throw new DrawingError(
      `a picture must be ${raster.size} x ${raster.size} numbers from 0, paper, to 1, ink`,
    );
  }

  /** How latent codes are distributed. */
  _gaussians() {
    if (this._recognizer.gaussians) return this._recognizer.gaussians;
    throw new BundleError("this bundle cannot complete drawings or draw by name", {
      fix: "Export its run again with --data, the data set that it was trained on.",
    });
  }

  /** @param {DrawingOptions} options */
  _settings({ temperature, seed = 0 }) {
    wholeNumber("seed", seed, 0);
    return { temperature: checkedTemperature(temperature, this.card.temperature), seed };
  }

  /**
   * @param {import("./engine.js").DrawingRequest[]} requests @param {DrawingOptions} options
   * @param {Place[]} places Where the steps of each lie, for `onPoint`.
   */
  _steps(requests, options, places) {
    const { onPoint, onProgress, signal } = options;
    const pens = places.map(({ x, y }) => [x, y]);
    const { max_steps: maxSteps, architecture } = this.card;
    const noiseDim = architecture.num_components + 5; // pen states, and two normals
    return drawAll(this._networks.decoder, requests, {
      ...this._settings(options), maxSteps, noiseDim, onProgress, signal,
      onStep: onPoint && ((number, step) => {
        if (step[2 + END]) return;
        pens[number][0] += step[0] * places[number].scale;
        pens[number][1] += step[1] * places[number].scale;
        onPoint(number, pens[number][0], pens[number][1], step[2 + DOWN] === 0);
      }),
    });
  }

  /** @param {import("./engine.js").DrawingRequest[]} requests @param {DrawingOptions} options */
  async _drawn(requests, options) {
    const scale = this.card.offset_scale, middle = QUICKDRAW_SIDE / 2;
    const places = requests.map(() => ({ scale, x: middle, y: middle }));
    const steps = await this._steps(requests, options, places);
    return steps.map((rows) => {
      if (options.inFrame) return strokesOf(rows, scale, middle, middle);
      const strokes = strokesOf(rows, scale), [left, top] = boundsOf(strokes) ?? [0, 0];
      return moved(strokes, -left, -top);
    });
  }

  /**
   * Negative log probability, in nats, that a drawing shows what it was to show. One without a
   * stroke is never kept if there is another.
   *
   * @param {Drawn} drawn @param {number} categoryId
   */
  _surprise(drawn, categoryId) {
    if (drawn.length === 0) return EMPTY_COST;
    const chances = this._recognizer.probabilities(this._networks.view(drawn));
    return -Math.log(Math.max(chances[categoryId], 1e-30));
  }

  /**
   * Redrawings of a drawing, the best one first.
   *
   * @param {Drawn[]} drawings @param {Float32Array} code @param {Float32Array | null} scores
   * @param {Float32Array | null} picture @param {AbortSignal} [signal]
   */
  async _ranked(drawings, code, scores, picture, signal) {
    const letOthersIn = pauses(signal), candidates = [];
    for (const drawing of drawings) {
      const view = this._networks.view(drawing);
      candidates.push(this._recognizer.unlikeness(view, code, scores, picture));
      await letOthersIn();
    }
    return ranked(candidates, picture !== null).map((number) => drawings[number]);
  }
}

/**
 * Choose n candidates, of every n-th one the cheapest; the cheapest of all comes first.
 *
 * @param {number[]} costs @param {number} n
 */
function cheapest(costs, n) {
  const tries = Array.from({ length: costs.length / n }, (_, attempt) => attempt * n);
  const best = Array.from({ length: n }, (_, number) => tries.map((first) => first + number)
    .reduce((one, other) => (costs[other] < costs[one] ? other : one)));
  return best.sort((a, b) => costs[a] - costs[b]);
}

/**
 * A function that computes each result once.
 *
 * @template Result
 * @param {(key: number) => Result} compute
 * @returns {(key: number) => Result}
 */
function remembered(compute) {
  /** @type {Map<number, Result>} */
  const results = new Map();
  return (key) => {
    if (!results.has(key)) results.set(key, compute(key));
    return /** @type {Result} */ (results.get(key));
  };
}
