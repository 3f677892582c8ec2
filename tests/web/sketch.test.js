// What the library of the browser does with inputs that are large, hostile or wrong.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { centred } from "./sketch/centre_lines.js";
import { Sketcher, trace } from "./sketch/client.js";
import { checkedDrawing } from "./sketch/drawing.js";
import { BundleError, DrawingError, UsageError } from "./sketch/errors.js";
import { penOrder } from "./sketch/pen_order.js";
import { trace as traceHere } from "./sketch/picture_in.js";
import { readSafetensors } from "./sketch/safetensors.js";

/** A worker of which a test says what it answers. */
class FakeWorker extends EventTarget {
  constructor() {
    super();
    this.messages = [];
    this.hasEnded = false;
    FakeWorker.last = this;
  }

  postMessage(message) {
    this.messages.push(structuredClone(message));
  }

  answer(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  terminate() {
    this.hasEnded = true;
  }
}

globalThis.Worker = FakeWorker;

/** A safetensors file of arrays of 1,000 numbers, each of which begins so many bytes in. */
function fileOf(starts) {
  const part = (start) => ({ dtype: "F32", shape: [1000], data_offsets: [start, start + 4000] });
  const header = new TextEncoder().encode(JSON.stringify({ ...starts.map(part) }));
  const file = new Uint8Array(8 + header.length + Math.max(...starts) + 4000);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  return file.buffer;
}

test("a file's arrays do not share their bytes", () => {
  assert.equal(readSafetensors(fileOf([0, 4000]), "a file").size, 2);
  assert.throws(() => readSafetensors(fileOf([0, 0]), "a file"), BundleError);
  assert.throws(() => readSafetensors(fileOf([0, 3996]), "a file"), BundleError);
});

test("points of a drawing are numbers", () => {
  for (const value of [null, "5", true, [5], undefined, NaN, 1e7]) {
    assert.throws(() => checkedDrawing([[[1, value], [2, 3]]]), DrawingError, String(value));
  }
  assert.throws(() => checkedDrawing([["12", "34"]]), DrawingError);
  const endless = { length: 2 ** 40 };
  assert.throws(() => checkedDrawing([[endless, endless]]), DrawingError);
  const typed = [[Float64Array.of(1, 2), Int8Array.of(3, 4)]];
  assert.deepEqual(checkedDrawing(typed), [[Float32Array.of(1, 2), Float32Array.of(3, 4)]]);
});

test("the order of very many strokes takes bounded time", () => {
  const strokes = Array.from({ length: 4000 }, (_, i) => {
    const [x, y] = [(i * 7919) % 4001, (i * 104729) % 3989];
    return [[x, x + 1], [y, y]];
  });
  const { hypot } = Math;
  let count = 0;
  Math.hypot = (...sides) => {
    count++;
    return hypot(...sides);
  };
  try {
    assert.equal(penOrder(strokes, 1).length, strokes.length);
  } finally {
    Math.hypot = hypot;
  }
  assert.ok(count < 4 * 4_100_000, `${count} lengths were measured`);
});

test("a line may have very many points before its corner", () => {
  const width = 300_000, height = 120, ink = new Float32Array(width * height).fill(1);
  const along = Array.from({ length: 299_900 }, (_, i) => i + 20), end = along.at(-1);
  const xs = [...along, ...new Array(80).fill(end)];
  const ys = [...along.map(() => 20), ...Array.from({ length: 80 }, (_, i) => 21 + i)];
  const [[smoothX]] = centred([{ xs, ys, radii: xs.map(() => 2) }], { width, height, data: ink });
  assert.ok(smoothX.length > 299_000);
});

test("settings of a trace are within their limits", async () => {
  const data = new Uint8ClampedArray(4 * 60 * 60).fill(255);
  for (let at = 4 * 60 * 30 + 40; at < 4 * 60 * 30 + 200; at++) data[at] = at % 4 === 3 ? 255 : 0;
  const image = { width: 60, height: 60, data };
  assert.equal((await traceHere(image, { threshold: 0.5, tolerance: 0 })).strokes.length, 1);
  for (const wrong of [{ threshold: 2 }, { threshold: NaN }, { tolerance: -1 }, { tolerance: "1" }]) {
    await assert.rejects(traceHere(image, wrong), UsageError, JSON.stringify(wrong));
  }
});

test("an address that is none starts no worker", async () => {
  FakeWorker.last = null;
  await assert.rejects(Sketcher.load("http://[", {}), TypeError);
  assert.equal(FakeWorker.last?.hasEnded ?? true, true);
});

test("a signal is left alone after the call", async () => {
  const { signal } = new AbortController();
  const worker = new FakeWorker(), loading = Sketcher.load("http://a.test/", { worker, signal });
  worker.answer({ id: 0, result: {} });
  const sketcher = await loading, drawing = sketcher.redraw([], { signal });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  worker.answer({ id: 1, error: { name: "DrawingError", message: "none" } });
  await assert.rejects(drawing, DrawingError);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("what cannot be sent to the worker ends its own call alone", async () => {
  const traced = trace({ width: 1 }), worker = FakeWorker.last;
  await assert.rejects(trace({ element: () => {} }), { name: "DataCloneError" });
  worker.answer({ id: 0, result: "strokes" });
  assert.equal(await traced, "strokes");
  const aborted = new AbortController(), last = trace({ width: 1 }, { signal: aborted.signal });
  aborted.abort();
  await assert.rejects(last, { name: "AbortError" });
  assert.equal(worker.hasEnded, true); // nothing is under way
});

test("a worker closes its copy of a bitmap", async () => {
  const sent = [];
  globalThis.postMessage = (message) => sent.push(message);
  await import("./sketch/worker.js");
  let numClosed = 0;
  const image = { width: 1, height: 1, data: new Uint8ClampedArray(4), close: () => numClosed++ };
  await globalThis.onmessage({ data: { id: 0, method: "trace", args: [image, {}] } });
  assert.equal(sent[0].error.name, "DrawingError");
  assert.equal(numClosed, 1);
});
