// `Sketcher` for pages: the model draws in a worker, so that the page stays free.

import { ERRORS } from "./errors.js";

export * from "./errors.js";

/** @typedef {import("./sketcher.js").Input} Input */
/** @typedef {import("./sketcher.js").Drawn} Drawn */
/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./settings.js").DrawingOptions} DrawingOptions */
/** @typedef {{labels: string[], probabilities: number[]}} Prediction */
/**
 * @typedef {object} Call
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {(points: Float32Array) => void} onPoints
 * @property {(progress: any) => void} onProgress
 */

export class Sketcher {
  /** Make one with `Sketcher.load`. @param {Worker} worker */
  constructor(worker) {
    this._worker = worker;
    this._next = 0;
    /** @type {Map<number, Call>} */
    this._calls = new Map();
    worker.addEventListener("message", ({ data }) => this._receive(data));
    worker.addEventListener("error", ({ message }) => {
      for (const { reject } of this._calls.values()) reject(new Error(message || "the worker failed"));
      this._calls.clear();
    });
  }

  /**
   * Fetch a bundle and make its networks.
   *
   * @param {string | URL} url Address of its folder.
   * @param {object} [options]
   * @param {(progress: import("./bundle.js").Progress) => void} [options.onProgress]
   * @param {AbortSignal} [options.signal]
   * @param {boolean} [options.gallery] Whether to fetch the gallery too.
   * @param {boolean} [options.simd] Whether to compute with WebAssembly where it can be used.
   * @param {Worker} [options.worker] One that runs `worker.js`; left out: it is started.
   */
  static async load(url, { worker, ...options } = {}) {
    const running = worker ?? new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const sketcher = new Sketcher(running);
    const { onProgress, signal, ...settings } = options;
    const address = new URL(url, globalThis.location?.href).href;
    try {
      const found = await sketcher._call("load", [address, settings], { onProgress, signal });
      /** What the model is. @type {import("./bundle.js").ModelCard} */
      sketcher.card = found.card;
      /** @type {boolean} */
      sketcher.canComplete = found.canComplete;
      /** @type {boolean} */
      sketcher.canGenerate = found.canGenerate;
      /** @type {boolean} */
      sketcher.canClassify = found.canClassify;
      /** @type {import("./bundle.js").GalleryItem[]} */
      sketcher.gallery = found.gallery;
      /** How it computes: `simd` or `plain`. @type {string} */
      sketcher.computesBy = found.computesBy;
    } catch (error) {
      sketcher.close();
      throw error;
    }
    return sketcher;
  }

  /** End the worker; calls under way never end. */
  close() {
    this._worker.terminate();
  }

  /** The latent code of a drawing. @param {Input} input @returns {Promise<Float32Array>} */
  encode(input) {
    return this._call("encode", [input]);
  }

  /** Predict what a drawing shows. @param {Input} input @returns {Promise<Prediction>} */
  classify(input) {
    return this._call("classify", [input]);
  }

  /**
   * Draw a drawing again.
   *
   * @param {Input} input
   * @param {Parameters<import("./sketcher.js").Sketcher["redraw"]>[1]} [options]
   * @returns {Promise<Drawn[]>}
   */
  redraw(input, options) {
    return this._draw("redraw", input, options);
  }

  /**
   * Draw latent codes: n drawings of each.
   *
   * @param {Float32Array[]} latents @param {DrawingOptions} [options]
   * @returns {Promise<Drawn[][]>}
   */
  decode(latents, options) {
    return this._draw("decode", latents, options);
  }

  /**
   * Draw a thing by its name, one of `card.categories`.
   *
   * @param {string} category @param {DrawingOptions} [options]
   * @returns {Promise<Drawn[]>}
   */
  generate(category, options) {
    return this._draw("generate", category, options);
  }

  /**
   * Draw what lies between two drawings or more, passed one after the other.
   *
   * @param {Input[]} inputs
   * @param {Parameters<import("./sketcher.js").Sketcher["mix"]>[1]} [options]
   * @returns {Promise<Drawn[]>}
   */
  mix(inputs, options) {
    return this._draw("mix", inputs, options);
  }

  /**
   * Finish a started drawing: what is given stays, the rest is drawn.
   *
   * @param {Drawing} drawing
   * @param {Parameters<import("./sketcher.js").Sketcher["complete"]>[1]} [options]
   * @returns {Promise<Drawn[]>}
   */
  complete(drawing, options) {
    return this._draw("complete", drawing, options);
  }

  /** @param {string} method @param {unknown} given @param {DrawingOptions} [options] */
  _draw(method, given, { onPoint, onProgress, signal, ...settings } = {}) {
    return this._call(method, [given, settings], {
      signal,
      onPoints: (/** @type {Float32Array} */ points) => {
        for (let i = 0; onPoint && i < points.length; i += 4) {
          onPoint(points[i], points[i + 1], points[i + 2], points[i + 3] === 1);
        }
      },
      onProgress: ({ done, total }) => onProgress?.(done, total),
    });
  }

  /**
   * @param {string} method @param {unknown[]} args
   * @param {{onPoints?: (points: Float32Array) => void, onProgress?: (progress: any) => void, signal?: AbortSignal}} [events]
   * @returns {Promise<any>}
   */
  _call(method, args, { onPoints = () => {}, onProgress = () => {}, signal } = {}) {
    const id = this._next++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", () => {
        this._worker.postMessage({ id, cancel: true });
        this._calls.delete(id);
        reject(signal.reason);
      }, { once: true });
      this._calls.set(id, { resolve, reject, onPoints, onProgress });
      this._worker.postMessage({ id, method, args });
    });
  }

  /** @param {{id: number, result?: any, error?: {name: string, message: string}, points?: Float32Array, progress?: any}} message */
  _receive({ id, points, progress, error, ...answer }) {
    const call = this._calls.get(id);
    if (!call) return; // cancelled
    if (points) return call.onPoints(points);
    if (progress) return call.onProgress(progress);
    this._calls.delete(id);
    if (!error) return call.resolve(answer.result);
    const Kind = ERRORS[/** @type {keyof typeof ERRORS} */ (error.name)] ?? Error;
    call.reject(new Kind(error.message));
  }
}
