// Drawings that draw themselves, all at once: as a GIF, and as a video where the browser records one.

import { GifWriter } from "./gif.js";
import { canvasFor, paint, paintPaper } from "./picture.js";
import { HOLD_SECONDS } from "./timing.js";
import { t, UserError } from "./words.js";

const SIDE = { gif: 640, video: 1080 }; // pixels of the longest side, at most
const FRAMES_A_SECOND = 25;
const SHADES = 15; // of each ink
const NOTHING = 255; // where no frame has shown a place of the palette
const STEP_SECONDS = 0.25; // that each drawing stays when one follows the other
const KINDS = [["video/mp4;codecs=avc1.42E01E", "mp4"], ["video/webm;codecs=vp9", "webm"], ["video/webm", "webm"]];

/** @typedef {import("./picture.js").Layout} Layout */

/**
 * A GIF in which all drawings of a layout draw themselves at once.
 *
 * @param {Layout} layout @param {{onProgress?: (share: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<Blob>}
 */
export async function gifOf(layout, options) {
  const { cells } = layout, seconds = secondsOf(layout);
  const numFrames = Math.max(Math.ceil(seconds * FRAMES_A_SECOND), 1);
  const time = (frame) => (seconds * frame) / numFrames;
  return written(layout, numFrames, (pen, frame) => {
    paint(pen, cells, frame ? time(frame) : -Infinity, frame + 1 < numFrames ? time(frame + 1) : Infinity);
    return { adds: true, seconds: frame + 1 < numFrames ? seconds / numFrames : HOLD_SECONDS };
  }, options);
}

/**
 * A GIF in which one drawing follows the other, there and back.
 *
 * @param {Layout[]} layouts One for each drawing. @param {Parameters<typeof gifOf>[1]} [options]
 */
export function flipOf(layouts, options) {
  const order = [...layouts, ...layouts.slice(1, -1).reverse()];
  return written(layouts[0], order.length, (pen, frame) => {
    paint(pen, order[frame].cells);
    const isEnd = frame === 0 || frame === layouts.length - 1;
    return { adds: false, seconds: isEnd ? 3 * STEP_SECONDS : STEP_SECONDS };
  }, options);
}

/** How long the drawings take. */
const secondsOf = ({ cells }) => Math.max(...cells.map((cell) => cell.timing.seconds));

/** The scale at which the longest side is as long as it may be. */
const scaleFor = ({ width, height }, maxSide) => Math.min(1, maxSide / Math.max(width, height));

/** Let `show` paint each frame on an empty sheet, and write what is new in it. */
async function written(layout, numFrames, show, { onProgress, signal } = {}) {
  const pen = canvasFor(layout, scaleFor(layout, SIDE.gif), { willReadFrequently: true });
  const { width, height } = pen.canvas, palette = paletteOf(layout);
  const writer = new GifWriter(width, height, palette), shadeOf = shades(palette);
  const shown = new Uint8Array(width * height).fill(NOTHING); // places in the palette
  for (let frame = 0; frame < numFrames; frame++) {
    pen.clearRect(0, 0, layout.width, layout.height);
    const { adds, seconds } = show(pen, frame);
    const { data } = pen.getImageData(0, 0, width, height);
    writer.add({ ...change(shown, new Uint32Array(data.buffer), { width, height, adds, shadeOf, unchanged: writer.unchanged }), seconds });
    if (frame % 5 === 4) {
      onProgress?.(frame / numFrames);
      await new Promise((done) => setTimeout(done)); // the page goes on
      signal?.throwIfAborted();
    }
  }
  return writer.end();
}

/** Paper, and shades of each ink up to the ink itself. */
function paletteOf({ cells }) {
  const inks = [...new Set(cells.flatMap((cell) => cell.inks))];
  const rgb = (ink) => [1, 3, 5].map((start) => parseInt(ink.slice(start, start + 2), 16));
  return [[255, 255, 255], ...inks.flatMap((ink) => Array.from({ length: SHADES }, (_, shade) =>
    rgb(ink).map((value) => Math.round(255 + ((value - 255) * (shade + 1)) / SHADES))))];
}

/** The place in the palette of a pixel of ink on nothing, which is the ink's colour with an alpha. */
function shades(palette) {
  const known = new Map(), inks = palette.filter((_, place) => place && place % SHADES === 0);
  return (pixel) => {
    const alpha = pixel >>> 24, shade = Math.round((SHADES * alpha) / 255);
    if (!shade) return 0;
    if (inks.length === 1) return shade;
    if (!known.has(pixel)) {
      const rgb = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
      const distances = inks.map((ink) => Math.hypot(...ink.map((value, i) => value - rgb[i])));
      known.set(pixel, SHADES * distances.indexOf(Math.min(...distances)) + shade);
    }
    return known.get(pixel);
  };
}

/**
 * What a frame changes: the smallest part of the picture, in which pixels that stay are `unchanged`.
 * If it adds to what is shown, a pixel keeps the darker of both.
 */
function change(shown, painted, { width, height, adds, shadeOf, unchanged }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  const fresh = new Uint8Array(shown.length).fill(unchanged);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const before = shown[at], isFirst = before === NOTHING;
      if (adds && !painted[at] && !isFirst) continue;
      const shade = painted[at] ? shadeOf(painted[at]) : 0;
      if (shade === before || (adds && !isFirst && depth(shade) <= depth(before))) continue;
      fresh[at] = shown[at] = shade;
      left = Math.min(left, x); right = Math.max(right, x);
      top = Math.min(top, y); bottom = y;
    }
  }
  if (right < 0) [left, top, right, bottom] = [0, 0, 0, 0];
  const part = { left, top, width: right - left + 1, height: bottom - top + 1 };
  const pixels = new Uint8Array(part.width * part.height);
  for (let y = 0; y < part.height; y++) {
    const start = (top + y) * width + left;
    pixels.set(fresh.subarray(start, start + part.width), y * part.width);
  }
  return { ...part, pixels };
}

/** How much ink there is in a place of the palette. */
const depth = (shade) => (shade ? ((shade - 1) % SHADES) + 1 : 0);

/** What kind of video the browser can record: [type, ending]; undefined if none. */
export const videoKind = () =>
  globalThis.MediaRecorder && "captureStream" in HTMLCanvasElement.prototype
    ? KINDS.find(([type]) => MediaRecorder.isTypeSupported(type)) : undefined;

/**
 * A video in which all drawings of a layout draw themselves at once; it takes as long as it lasts.
 *
 * @param {Layout} layout @param {Parameters<typeof gifOf>[1]} [options] @returns {Promise<Blob>}
 * @throws {UserError} If the browser cannot record it.
 */
export async function videoOf(layout, options = {}) {
  const [mimeType] = videoKind() ?? [];
  if (!mimeType) throw new UserError(t("notRecorded"));
  const pen = canvasFor(layout, scaleFor(layout, SIDE.video));
  paintPaper(pen, layout);
  const stream = pen.canvas.captureStream();
  try {
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 4_000_000 });
    const parts = await recorded(recorder, pen, layout, options);
    return new Blob(parts, { type: mimeType.split(";")[0] });
  } catch (error) {
    options.signal?.throwIfAborted();
    console.warn(error);
    throw new UserError(t("notRecorded"));
  } finally {
    stream.getTracks().forEach((track) => track.stop());
  }
}

/** What a recorder makes of the drawings while they are painted. */
async function recorded(recorder, pen, layout, { onProgress, signal }) {
  const parts = [], seconds = secondsOf(layout), whole = seconds + HOLD_SECONDS;
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((done, fail) => {
    recorder.addEventListener("stop", done);
    recorder.addEventListener("error", ({ error }) => fail(error));
  });
  stopped.catch(() => {}); // it is awaited below
  recorder.start();
  const start = performance.now();
  const goesOn = () => recorder.state === "recording" && !signal?.aborted;
  for (let time = 0; time < whole && goesOn(); time = (performance.now() - start) / 1000) {
    paintPaper(pen, layout);
    paint(pen, layout.cells, -Infinity, time < seconds ? time : Infinity);
    onProgress?.(time / whole);
    await new Promise((done) => setTimeout(done, 1000 / FRAMES_A_SECOND)); // goes on in a hidden tab, too
  }
  const isWhole = goesOn();
  if (recorder.state !== "inactive") recorder.stop();
  await stopped;
  signal?.throwIfAborted();
  if (!isWhole) throw new Error("the recorder ended early");
  return parts;
}
