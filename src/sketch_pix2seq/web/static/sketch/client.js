// `Sketcher` and `trace` for pages: all work is done in workers, so that the page stays free.

import { ERRORS, SketchPix2SeqError } from "./errors.js";

export * from "./errors.js";

/** @typedef {import("./sketcher.js").Input} Input */
/** @typedef {import("./sketcher.js").Drawn} Drawn */
/** @typedef {import("./drawing.js").Drawing} Drawing */
/** @typedef {import("./settings.js").DrawingOptions} DrawingOptions */
/** @typedef {{labels: string[], probabilities: number[]}} Prediction */
/**
 * What a model is, and what it can do.
 * @typedef {object} Facts
 * @property {import("./bundle.js").ModelCard} card
 * @property {boolean} canComplete
 * @property {boolean} canGenerate
 * @property {boolean} canClassify
 * @property {boolean} attendsToPicture
 * @property {import("./gallery.js").GalleryItem[]} gallery
 * @property {string} computesBy `simd` or `plain`.
 */
/**
 * What a worker sends of a call: one of these.
 * @typedef {object} Message
 * @property {number} id
 * @property {any} [result]
 * @property {{name: string, message: string}} [error]
 * @property {Float32Array} [points]
 * @property {any} [progress]
 */
/** @typedef {{resolve: (result: any) => void, reject: (error: unknown) => void}} Ends */
/**
 * What a call under way reports.
 * @typedef {object} Events
 * @property {(points: Float32Array) => void} [onPoints]
 * @property {(progress: any) => void} [onProgress]
 * @property {AbortSignal} [signal]
 * @property {() => void} [onCancel]
 */

export class Sketcher {
  /** Make one with `Sketcher.load`. @param {Channel} channel @param {Facts} facts */
  constructor(channel, facts) {
    this._channel = channel;
    /** What the model is, and what it was trained on. */
    this.card = facts.card;
    this.canComplete = facts.canComplete;
    this.canGenerate = facts.canGenerate;
    this.canClassify = facts.canClassify;
    /** Whether `fidelity` may be above 0. */
    this.attendsToPicture = facts.attendsToPicture;
    /** Human drawings and their places on a map, if they were fetched. */
    this.gallery = facts.gallery;
    /** How it computes: `simd` or `plain`. */
    this.computesBy = facts.computesBy;
  }

  /**
   * Fetch a bundle and make its networks, in a worker of its own.
   *
   * @param {string | URL} url Address of its folder.
   * @param {object} [options]
   * @param {(progress: import("./bundle.js").Progress) => void} [options.onProgress]
   * @param {AbortSignal} [options.signal]
   * @param {boolean} [options.gallery] Whether to fetch the gallery too.
   * @param {boolean} [options.simd] Whether to compute with WebAssembly where it can be used.
   * @param {Worker} [options.worker] One that runs `worker.js`; left out: it is started.
   */
  static async load(url, { worker, onProgress, signal, ...settings } = {}) {
    const address = new URL(url, globalThis.location?.href).href;
    const channel = new Channel(worker ?? newWorker());
    try {
      const facts = await channel.call("load", [address, settings], { onProgress, signal });
      return new Sketcher(channel, facts);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** End the worker; calls under way, and later ones, end with an error. */
  close() {
    this._channel.close();
  }

  /** Whether the worker has ended, by `close` or by an error of its own: load another sketcher. */
  get isClosed() {
    return this._channel.isClosed;
  }

  /** The latent code of a drawing. @param {Input} input @returns {Promise<Float32Array>} */
  encode(input) {
    return this._channel.call("encode", [input]);
  }

  /**
   * The latent code at a point of the gallery's map, for `decode`.
   *
   * @param {[number, number]} place x and y, from 0 to 1. @returns {Promise<Float32Array>}
   */
  latentAt(place) {
    return this._channel.call("latentAt", [place]);
  }

  /**
   * Predict what a drawing shows: all categories with their probabilities, the most likely first.
   *
   * @param {Input} input @returns {Promise<Prediction>}
   */
  classify(input) {
    return this._channel.call("classify", [input]);
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
   * Complete a started drawing: what is given stays, the rest is drawn.
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
    return this._channel.call(method, [given, settings], {
      signal,
      onPoints: (points) => {
        for (let i = 0; onPoint && i < points.length; i += 4) {
          onPoint(points[i], points[i + 1], points[i + 2], points[i + 3] === 1);
        }
      },
      onProgress: ({ done, total }) => onProgress?.(done, total),
    });
  }
}

/** The worker that traces, once there is one. @type {Channel | null} */
let tracer = null;

/**
 * Read a drawing from a picture or a photo: its lines as strokes. Needs no bundle.
 *
 * @param {Parameters<typeof import("./picture_in.js").trace>[0]} image
 * @param {import("./picture_in.js").TraceOptions & {signal?: AbortSignal}} [options]
 * @returns {Promise<import("./picture_in.js").Traced>}
 */
export async function trace(image, { signal, ...options } = {}) {
  signal?.throwIfAborted();
  if (!tracer || tracer.isClosed) tracer = new Channel(newWorker());
  const channel = tracer;
  const closeIfIdle = () => {
    if (channel.isIdle) channel.close();
  };
  try {
    // tracing cannot be stopped, but its worker can
    return await channel.call("trace", [image, options], { signal, onCancel: closeIfIdle });
  } catch (error) {
    if (!(error instanceof SketchPix2SeqError || signal?.aborted)) closeIfIdle();
    throw error;
  }
}

const newWorker = () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/** Calls of methods in a worker that runs `worker.js`. */
class Channel {
  /** @param {Worker} worker */
  constructor(worker) {
    this._worker = worker;
    this._next = 0;
    /**
     * @type {Map<number, Events & Ends>}
     */
    this._calls = new Map();
    worker.addEventListener("message", ({ data }) => this._receive(data));
    /** @type {Error | null} Why no call can be made. */
    this._ended = null;
    worker.addEventListener("error", ({ message }) =>
      this.close(`the worker has ended; got ${message || "no script that can be started"}`));
  }

  /** Whether no call is under way. */
  get isIdle() {
    return this._calls.size === 0;
  }

  get isClosed() {
    return this._ended !== null;
  }

  /** End the worker and all calls, also those to come. */
  close(why = "the sketcher is closed") {
    this._worker.terminate();
    const ended = (this._ended ??= new Error(`${why}. Load another one.`));
    for (const { reject } of this._calls.values()) reject(ended);
    this._calls.clear();
  }

  /**
   * @param {string} method @param {unknown[]} args @param {Events} [events]
   * @returns {Promise<any>}
   */
  call(method, args, { signal, onCancel, ...events } = {}) {
    const id = this._next++, over = new AbortController();
    return new Promise((resolve, reject) => {
      if (signal?.aborted || this._ended) {
        reject(signal?.aborted ? signal.reason : this._ended);
        return;
      }
      this._worker.postMessage({ id, method, args }); // throws if something cannot be sent
      this._calls.set(id, { ...events, resolve, reject });
      signal?.addEventListener("abort", () => {
        if (!this._calls.delete(id)) return; // has ended
        this._worker.postMessage({ id, cancel: true });
        onCancel?.();
        reject(signal.reason);
      }, { signal: over.signal });
    }).finally(() => over.abort());
  }

  /**
   * @param {Message} message
   */
  _receive({ id, points, progress, error, result }) {
    const call = this._calls.get(id);
    if (!call) return; // cancelled
    if (points) {
      call.onPoints?.(points);
    } else if (progress) {
      call.onProgress?.(progress);
    } else {
      this._calls.delete(id);
      if (error) call.reject(errorOf(error));
      else call.resolve(result);
    }
  }
}

/** The error that a worker reports. @param {{name: string, message: string}} error */
function errorOf({ name, message }) {
  const Kind = name in ERRORS ? ERRORS[/** @type {keyof typeof ERRORS} */ (name)] : Error;
  return new Kind(message);
}
