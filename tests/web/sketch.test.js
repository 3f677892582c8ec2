// What the library of the browser does with inputs that are large, hostile or wrong.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { Bundle } from "./sketch/bundle.js";
import { centred } from "./sketch/centre_lines.js";
import { Sketcher, trace } from "./sketch/client.js";
import { checkedDrawing } from "./sketch/drawing.js";
import { BundleError, DrawingError, UsageError } from "./sketch/errors.js";
import { folds } from "./sketch/folds.js";
import { readGallery } from "./sketch/gallery.js";
import { findInk } from "./sketch/ink.js";
import { penOrder } from "./sketch/pen_order.js";
import { trace as traceHere } from "./sketch/picture_in.js";
import { withoutMarginLines } from "./sketch/printed_lines.js";
import { readSafetensors } from "./sketch/safetensors.js";
import { findSheet } from "./sketch/sheet_edge.js";
import { Sketcher as Drawer } from "./sketch/sketcher.js";
import { walkLines } from "./sketch/tracing.js";

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

const bytes = (text) => new TextEncoder().encode(text).buffer;
const NO_ARRAYS = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 123, 125).buffer; // a header: {}
const CARD = {
  format_version: 2, name: "tiny", licence: "MIT", attribution: "", categories: ["cat", "dog"],
  architecture: {
    name: "attention", latent_dim: 16, num_components: 4, encoder_width: 8, decoder_size: 24,
    num_layers: 2, head_size: 8, expansion: 2,
  },
  raster: { size: 32, margin: 2, line_width: 1 }, offset_scale: 20, max_steps: 60, temperature: 0.2,
};
const LSTM = {
  name: "lstm", encoder: "conv", latent_dim: 16, num_components: 4, decoder_size: 24, encoder_width: 8,
};
const CLASSIFIER = {
  format_version: 2, architecture: { name: "conv", width: 8 }, categories: CARD.categories,
  raster: CARD.raster,
};

/** A bundle without weights, whose cards differ so from small ones. */
function bundleOf(changes = {}, ofClassifier = {}) {
  return new Bundle(new Map([
    ["model.json", bytes(JSON.stringify({ ...CARD, ...changes }))],
    ["weights.safetensors", NO_ARRAYS],
    ["classifier.json", bytes(JSON.stringify({ ...CLASSIFIER, ...ofClassifier }))],
    ["classifier.safetensors", NO_ARRAYS],
  ]));
}

test("sizes, numbers and texts of a bundle are within Python's limits", () => {
  const sizes = (changes) => ({ architecture: { ...CARD.architecture, ...changes } });
  const many = Array.from({ length: 10_001 }, (_, number) => `word ${number}`);
  assert.equal(bundleOf().card.name, "tiny");
  assert.equal(bundleOf({ architecture: LSTM }).card.architecture.name, "lstm");
  assert.equal(bundleOf({ architecture: { ...LSTM, hyper_size: null } }).card.name, "tiny");
  const wrong = [
    [sizes({ latent_dim: 1025 }), /`latent_dim` must be a whole number from 1 to 1,024; got 1025/],
    [sizes({ decoder_size: 2.5 }), /`decoder_size` must be a whole number from 1 to 2,048/],
    [sizes({ decoder_size: undefined }), /`architecture` must hold `decoder_size`/],
    [sizes({ hyper_size: 4 }), /`architecture` must not hold `hyper_size`/],
    [sizes({ num_layers: 33 }), /`num_layers` must be a whole number from 1 to 32/],
    [sizes({ num_layers: 32, head_size: 256, decoder_size: 256 }), /`num_layers` times `head_size`/],
    [sizes({ decoder_size: 20 }), /`decoder_size` must be a multiple of `head_size`/],
    [sizes({ encoder_width: 12 }), /`encoder_width` must be a multiple of 8; got 12/],
    [{ ...sizes({ encoder_width: 256 }), raster: { ...CARD.raster, size: 512 } },
      /`encoder_width` times the pixels of a picture must be at most 2,097,152; got 67,108,864/],
    [sizes({ name: "constructor" }), /the architecture of a model must be one/],
    [{ architecture: { ...LSTM, encoder: "rnn", encoder_size: 3000 } }, /must not hold/],
    [{ architecture: { ...LSTM, encoder_width: undefined } }, /must hold `encoder_width`/],
    [{ raster: { ...CARD.raster, size: 528 } }, /`size` .* from 1 to 512/],
    [{ raster: { ...CARD.raster, size: 40 } }, /`size` .* a multiple of 16/],
    [{ raster: { ...CARD.raster, margin: 16 } }, /`margin`/],
    [{ raster: { ...CARD.raster, line_width: "1" } }, /`line_width`/],
    [{ max_steps: 2001 }, /`max_steps` must be a whole number from 1 to 2,000; got 2001/],
    [{ offset_scale: 1e-7 }, /`offset_scale` must be a number from 0.000001 to 1,000,000/],
    [{ temperature: 101 }, /`temperature` must be a number from 0 to 100; got 101/],
    [{ name: "n".repeat(101) }, /`name` must be a printable text of at most 100 letters/],
    [{ licence: "\u0007" }, /`licence` must be a printable text/],
    [{ attribution: "a".repeat(10_001) }, /`attribution` must be a printable text of at most 10,000/],
    [{ categories: many }, /`categories` must name 1 to 10,000 categories; got 10,001/],
    [{ categories: ["cat", "d".repeat(101)] }, /names of 1 to 100 printable letters/],
    [{ categories: ["cat", "cat"] }, /`categories` must differ from each other/],
  ];
  for (const [changes, message] of wrong) {
    assert.throws(() => bundleOf(changes), (error) => {
      assert.ok(error instanceof BundleError, `${JSON.stringify(changes).slice(0, 80)}: ${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
  for (const changes of [{ architecture: { name: "conv", width: 264 } }, { categories: ["cat,dog"] }]) {
    assert.throws(() => bundleOf({}, changes), BundleError);
  }
});

test("no file of a bundle is read beyond its limit", async () => {
  const send = globalThis.fetch;
  let numSent = 0;
  globalThis.fetch = async (url) => {
    if (!String(url).endsWith("model.json")) return new Response("", { status: 404 });
    return new Response(new ReadableStream({
      pull(controller) {
        if (numSent++ === 40) controller.close();
        if (numSent > 40) return;
        controller.enqueue(new Uint8Array(1 << 20));
      },
    }));
  };
  try {
    await assert.rejects(Bundle.fetch("http://a.test/"), BundleError);
  } finally {
    globalThis.fetch = send;
  }
  assert.ok(numSent < 10, `${numSent} MiB were read`);
  const files = new Map([["model.json", new ArrayBuffer((2 << 20) + 1)]]);
  files.set("weights.safetensors", NO_ARRAYS);
  assert.throws(() => new Bundle(files), /`model.json` of the bundle is too large: .* 2 MiB/);
});

test("a file of weights holds a bounded count of numbers", () => {
  const header = JSON.stringify({ a: { dtype: "F16", shape: [1 << 25], data_offsets: [0, 1 << 26] } });
  const file = new Uint8Array(8 + header.length + (1 << 26));
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(new TextEncoder().encode(header), 8);
  assert.throws(() => readSafetensors(file.buffer, "a file"), /at most 16,777,216 numbers/);
});

test("a gallery holds 1 to 20,000 drawings with places", () => {
  const item = { word: "cat", drawing: [[[0, 1], [0, 1]]], place: [0, 1] };
  const line = (changes) => JSON.stringify({ ...item, ...changes });
  assert.equal(readGallery(bytes(`${line()}\n${line()}\n`)).length, 2);
  assert.equal(readGallery(bytes(line())).length, 1);
  const wrong = [
    "", "\n", `${line()}\n\n${line()}`, `${line()}\n`.repeat(20_001), line({ word: "c".repeat(101) }),
    line({ word: "\n" }), line({ place: ["0", "1"] }), line({ place: [true, false] }),
    line({ place: [0] }), line({ place: [0, 1, 2] }), line({ drawing: [] }),
  ];
  for (const text of wrong) {
    assert.throws(() => readGallery(bytes(text)), BundleError, JSON.stringify(text.slice(0, 90)));
  }
});

test("codes to be drawn are numbers, else the caller is told", async () => {
  const networks = { fromCode: () => assert.fail("the codes are drawn") };
  const drawer = Object.assign(Object.create(Drawer.prototype), {
    card: CARD, _networks: networks, _recognizer: { categoryOf: () => 0 },
  });
  for (const value of [NaN, Infinity, -1e7]) {
    const code = new Float32Array(16).fill(value);
    await assert.rejects(drawer.decode([code]), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, /the numbers of a code must be from -1,000,000 to 1,000,000/);
      return true;
    });
  }
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

test("margin lines are found among very many strokes in bounded time", () => {
  const strokes = Array.from({ length: 8000 }, (_, i) => {
    const [x, y] = [(i * 7919) % 1999, (i * 104729) % 1997];
    return [[x, x + 1], [y, y + 1]];
  });
  const drawn = strokes.filter(([, [y]]) => y < 900 || y > 1100); // there is little beside the line
  const margin = [50, 700, 1350].map((x) => [[x, x + 590], [1000, 1001]]);
  const before = process.cpuUsage().user;
  const left = withoutMarginLines([...margin, ...drawn], 2000, 2000, 3);
  const seconds = (process.cpuUsage().user - before) / 1e6;
  assert.deepEqual(left, drawn);
  assert.ok(seconds < 5, `it took ${seconds} seconds`);
});

test("gaps are bridged from left and from right alike", () => {
  for (const [gap, numLines] of [[4, 1], [9, 1], [12, 2]]) {
    const distance = new Float32Array(9 * 80).fill(2, 4 * 80 + 5, 4 * 80 + 30);
    distance.fill(5, 4 * 80 + 29 + gap, 4 * 80 + 70); // lines 3 and 9 pixels wide
    assert.equal(walkLines(distance, 80).length, numLines);
    assert.equal(walkLines(distance.toReversed(), 80).length, numLines);
  }
});

test("folds are paler than what is drawn, in the pixels in which they lie", () => {
  const width = 90, height = 60;
  const level = (/** @type {number} */ row) => [[0.5, 89.5], [row + 0.5, row + 0.5]];
  for (const dark of [10, 11, 30, 31]) {
    const data = new Uint8Array(width * height).fill(200, dark * width, (dark + 1) * width);
    for (const [value, isFold] of /** @type {const} */ ([[50, true], [200, false]])) {
      data.fill(value, 50 * width, 51 * width);
      const found = folds([level(dark), level(50)], { width, height, data }, 1);
      assert.deepEqual(found, [false, isFold]);
    }
  }
  const fading = new Uint8Array(width * height);
  fading.fill(200, 30 * width, 30 * width + 30).fill(80, 30 * width + 30, 31 * width);
  assert.deepEqual(folds([level(30)], { width, height, data: fading }, 3), [false]);
});

test("a long narrow photo is as long as it is", () => {
  const width = 100, height = 4100;
  const plane = Uint8Array.from({ length: width * height }, (_, at) => 150 + (85 * at) / 410_000);
  for (let y = 3897; y < 3903; y++) plane.fill(20, y * width + 20, y * width + 80);
  const { mask, isPhoto, scale } = findInk({ width, height, planes: [plane] });
  const middle = (mask.data.indexOf(1) + mask.data.lastIndexOf(1)) / 2 / mask.width;
  assert.ok(isPhoto);
  assert.ok(Math.abs(scale * middle - 3900) < 5, `it is at ${scale * middle}`);
});

test("what is hardly lighter than the table is no sheet", () => {
  const width = 800, height = 600;
  for (const [table, sheet, isFound] of [[0, 240, true], [0, 40, false], [30, 70, false]]) {
    const plane = new Uint8Array(width * height).fill(Number(table));
    for (let y = 100; y < 500; y++) plane.fill(Number(sheet), y * width + 100, y * width + 700);
    assert.equal(findSheet({ width, height, planes: [plane] }) !== null, isFound);
  }
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

test("a picture too large is refused before it is decoded", async () => {
  globalThis.createImageBitmap = () => assert.fail("it is decoded");
  const png = new Uint8Array(24);
  png.set([0x89, 0x50, 0x4e, 0x47]);
  new DataView(png.buffer).setUint32(16, 10_001);
  new DataView(png.buffer).setUint32(20, 10_000);
  const heavy = Object.defineProperties(new Blob(), {
    size: { value: 50_000_001 }, arrayBuffer: { value: () => assert.fail("it is read") },
  });
  const message = /at most 100000000 pixels; got 10001 x 10000\. Make it smaller first\./;
  try {
    await assert.rejects(traceHere(new Blob([png])), (error) => {
      assert.ok(error instanceof DrawingError, String(error));
      assert.match(error.message, message);
      return true;
    });
    await assert.rejects(traceHere(heavy), /at most 50000000 bytes/);
  } finally {
    delete globalThis.createImageBitmap;
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
