// Videos where the browser records them, fails to, or cannot.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const words = readFileSync("cases.json", "utf8");
const tracks = [];
const pen = new Proxy({}, { get: (_, name) => (name === "canvas" ? canvas : () => {}), set: () => true });
const canvas = {
  getContext: () => pen,
  captureStream: () => ({ getTracks: () => [{ stop: () => tracks.push("stopped") }] }),
};
globalThis.document = { querySelector: () => ({ textContent: words }), createElement: () => canvas };
globalThis.Path2D = class {};
globalThis.HTMLCanvasElement = class {};
HTMLCanvasElement.prototype.captureStream = canvas.captureStream;

/** A recorder that records nothing, and at once does what a test says. */
class FakeRecorder extends EventTarget {
  static begin = () => {};
  static isTypeSupported = () => true;
  state = "inactive";

  start() {
    this.state = "recording";
    setTimeout(() => FakeRecorder.begin(this));
  }

  stop(type = "stop") {
    this.state = "inactive";
    this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob(["film"]) }));
    this.dispatchEvent(Object.assign(new Event(type), { error: new Error("no encoder") }));
    if (type !== "stop") this.dispatchEvent(new Event("stop"));
  }
}
globalThis.MediaRecorder = FakeRecorder;

const { videoKind, videoOf } = await import("./film.js");
const { laidOut } = await import("./picture.js");
const { UserError } = await import("./words.js");
const layout = laidOut([{ drawn: [[[0, 9], [0, 9]]] }]);

test("a video is recorded to its end", async () => {
  FakeRecorder.begin = () => {};
  const file = await videoOf(layout);
  assert.deepEqual([file.type, await file.text()], ["video/mp4", "film"]);
  assert.deepEqual(tracks.splice(0), ["stopped"]);
});

test("a recording that fails or ends early is no file, and is said", async () => {
  const start = performance.now();
  for (const type of ["error", "stop"]) {
    FakeRecorder.begin = (recorder) => recorder.stop(type);
    await assert.rejects(videoOf(layout), UserError, type);
    assert.deepEqual(tracks.splice(0), ["stopped"]);
  }
  FakeRecorder.prototype.start = () => {
    throw new DOMException("no", "NotSupportedError");
  };
  await assert.rejects(videoOf(layout), UserError);
  assert.deepEqual(tracks.splice(0), ["stopped"]);
  assert.ok(performance.now() - start < 1500, "it goes on after the recorder ended");
});

test("what nobody wants any more is no error of the recorder", async () => {
  await assert.rejects(videoOf(layout, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("without a recorder there is no kind of video", async () => {
  delete HTMLCanvasElement.prototype.captureStream;
  assert.ok(!videoKind());
  globalThis.MediaRecorder = undefined;
  assert.ok(!videoKind());
  await assert.rejects(videoOf(layout), UserError);
});
