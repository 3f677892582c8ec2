// A `Sketcher`, or `trace`, in a module worker, which fetches what it needs when it is called.
// `client.js` sends it {id, method, args}; it answers {id, result} or {id, error}. {id, cancel: true}
// stops a call that loads or draws; any other runs to its end. Points of calls under way are sent
// together, a few dozen times a second.

const SEND_EVERY = 15; // milliseconds

/** @type {import("./sketcher.js").Sketcher | undefined} */
let sketcher;
/** @type {Map<number, AbortController>} */
const calls = new Map();

/** @type {Record<string, (call: Call, ...args: any[]) => any>} */
const METHODS = {
  async load(call, url, options) {
    const onProgress = (/** @type {import("./bundle.js").Progress} */ progress) =>
      call.send("progress", progress);
    const { signal } = call, { Sketcher } = await import("./sketcher.js");
    sketcher = await Sketcher.load(url, { ...options, onProgress, signal });
    const { card, gallery, computesBy } = sketcher;
    const { canComplete, canGenerate, canClassify, attendsToPicture } = sketcher;
    return { card, gallery, computesBy, canComplete, canGenerate, canClassify, attendsToPicture };
  },
  encode: (call, input) => loaded().encode(input),
  latentAt: (call, place) => loaded().latentAt(place),
  classify: (call, input) => loaded().classify(input),
  redraw: (call, input, options) => loaded().redraw(input, call.with(options)),
  decode: (call, latents, options) => loaded().decode(latents, call.with(options)),
  generate: (call, category, options) => loaded().generate(category, call.with(options)),
  complete: (call, drawing, options) => loaded().complete(drawing, call.with(options)),
  mix: (call, inputs, options) => loaded().mix(inputs, call.with(options)),
  async trace(call, image, options) {
    try {
      return await (await import("./picture_in.js")).trace(image, options);
    } finally {
      image?.close?.(); // of a bitmap it is the worker's own copy
    }
  },
};

class Call {
  /** @param {number} id @param {AbortSignal} signal */
  constructor(id, signal) {
    this.id = id;
    this.signal = signal;
    /** @type {number[]} */
    this._points = [];
    this._since = performance.now();
  }

  /** @param {string} kind @param {unknown} value */
  send(kind, value) {
    globalThis.postMessage({ id: this.id, [kind]: value });
  }

  /**
   * The options of a method that draws, with events that go to the page.
   *
   * @param {object} [options]
   */
  with(options = {}) {
    return {
      ...options,
      signal: this.signal,
      onPoint: this._take.bind(this),
      onProgress: (/** @type {number} */ done, /** @type {number} */ total) =>
        this.send("progress", { done, total }),
    };
  }

  /** @param {number} drawing @param {number} x @param {number} y @param {boolean} lifts */
  _take(drawing, x, y, lifts) {
    this._points.push(drawing, x, y, Number(lifts));
    if (performance.now() - this._since > SEND_EVERY) this.flush();
  }

  /** Send the points that were not sent yet. */
  flush() {
    if (this._points.length > 0) this.send("points", Float32Array.from(this._points));
    this._points = [];
    this._since = performance.now();
  }
}

function loaded() {
  if (!sketcher) throw new Error("no bundle is loaded yet");
  return sketcher;
}

globalThis.onmessage = async ({ data: { id, method, args, cancel } }) => {
  if (cancel) {
    calls.get(id)?.abort();
    return;
  }
  const abort = new AbortController();
  calls.set(id, abort);
  const call = new Call(id, abort.signal);
  try {
    const result = await METHODS[method](call, ...args);
    call.flush();
    call.send("result", result);
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    call.send("error", { name, message });
  } finally {
    calls.delete(id);
  }
};
