// What clip paths and masks of an SVG leave of its lines. `io/svg/areas.py` does the same.

import { boundsOf } from "./strokes.js";

const STEPS = 400; // along a clip's longest side: lines are tested as often
const MAX_SAMPLES = 4_000; // of a segment
const HALVINGS = 20; // until the place where a line is cut is known
const SLACK = 1e-4; // of a clip's longest side: lines on its edge are inside
const WHITE = "#fff";

/**
 * Areas in the order in which they are painted one over another: where several lie, the last one
 * says whether anything is visible (`shows`). Outside of all nothing is.
 *
 * @typedef {{lines: [number[], number[]][], rule: CanvasFillRule, shows: boolean, clips: Clip[]}[]} Clip
 */

const pen = new OffscreenCanvas(1, 1).getContext("2d");

/** The outlines of an area as a path, its points moved. */
export function pathOf(lines, place = (x, y) => [x, y]) {
  return new Path2D(lines.map(([xs, ys]) => `M${xs.map((x, i) => place(x, ys[i]).join(" ")).join("L")}Z`).join(""));
}

/** The parts of lines inside of all clips. */
export function clipped(lines, clips) {
  return clips.reduce((left, clip) => left.flatMap((line) => cutTo(line, clip)), lines);
}

/** The parts of clips' edges inside of an area, which become its outline. */
export function clipEdges({ lines, rule }, clips) {
  const area = [{ lines, rule, shows: true, clips: [] }];
  return clips.flatMap((clip) => {
    const edges = clip.flatMap((part) => part.lines).filter(([xs]) => xs.length > 2)
      .map((line) => line.map((values) => [...values, values[0]]));
    return isCovering(clip, boundsOf(lines)) ? [] : clipped(edges, [area, ...clips.filter((other) => other !== clip)]);
  });
}

/** Fill an area on a canvas, inside its clips. @param {(x: number, y: number) => number[]} place */
export function fillClipped(canvas, { lines, rule, clips }, place) {
  const box = boundsOf(lines), cutting = clips.filter((clip) => !isCovering(clip, box));
  const { width, height } = canvas.canvas, isSimple = ([part, ...others]) => part?.shows && others.length + part.clips.length === 0;
  if (cutting.every(isSimple)) {
    canvas.save();
    for (const [part] of cutting) canvas.clip(pathOf(part.lines, place), part.rule);
    canvas.fill(pathOf(lines, place), rule);
    canvas.restore();
    return;
  }
  const layer = newLayer(width, height);
  layer.fillStyle = canvas.fillStyle;
  layer.fill(pathOf(lines, place), rule);
  layer.globalCompositeOperation = "destination-in";
  for (const clip of cutting) {
    const shown = newLayer(width, height);
    shown.fillStyle = WHITE;
    for (const part of clip) {
      shown.globalCompositeOperation = part.shows ? "source-over" : "destination-out";
      fillClipped(shown, part, place);
    }
    layer.drawImage(shown.canvas, 0, 0);
  }
  canvas.drawImage(layer.canvas, 0, 0);
}

const newLayer = (width, height) => new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });

/** A piece of a line from one place to another, counted in its points: 2.5 is half way from point 2 to 3. */
export function piece(line, start, end) {
  const last = line[0].length - 1;
  if (start <= 0 && end >= last) return line;
  return line.map((values) => {
    const at = (place) => values[Math.floor(place)]
      + (place % 1) * (values[Math.min(Math.floor(place) + 1, last)] - values[Math.floor(place)]);
    return [at(start), ...values.slice(Math.floor(start) + 1, Math.ceil(end)), at(end)];
  });
}

/** Whether a clip is an upright rectangle round a box. */
function isCovering(clip, box) {
  if (clip.length !== 1 || clip[0].clips.length || clip[0].lines.length !== 1 || !clip[0].shows || !box) return false;
  const [[xs, ys]] = clip[0].lines, [left, top, right, bottom] = boundsOf(clip[0].lines);
  const slack = SLACK * Math.max(right - left, bottom - top), isNear = (one, other) => Math.abs(one - other) <= slack;
  return xs.length >= 4 && xs.every((x, i) => (isNear(x, left) || isNear(x, right)) && (isNear(ys[i], top) || isNear(ys[i], bottom)))
    && box[0] >= left - slack && box[1] >= top - slack && box[2] <= right + slack && box[3] <= bottom + slack;
}

/** The parts of a line inside of a clip. */
function cutTo(line, clip) {
  const box = boundsOf(clip.flatMap(({ lines }) => lines)), [xs, ys] = line;
  if (!box) return [];
  if (isCovering(clip, boundsOf([line]))) return [line];
  const step = Math.max(box[2] - box[0], box[3] - box[1], 1e-12) / STEPS;
  const isInside = tester(clip, 1 / step), last = xs.length - 1;
  const isIn = (place) => {
    const i = Math.min(Math.floor(place), last), next = Math.min(i + 1, last), share = place - i;
    return isInside(xs[i] + share * (xs[next] - xs[i]), ys[i] + share * (ys[next] - ys[i]));
  };
  const pieces = [], keep = (start, end) => {
    const part = piece(line, start, end), [left, top, right, bottom] = boundsOf([part]);
    if (last === 0 || Math.max(right - left, bottom - top) > SLACK * step) pieces.push(part);
  };
  let before = 0, wasIn = isIn(0), start = wasIn ? 0 : null;
  for (let i = 0; i < last; i++) {
    const isOff = [xs, ys].some((values, axis) =>
      Math.max(values[i], values[i + 1]) < box[axis] || Math.min(values[i], values[i + 1]) > box[axis + 2]);
    const length = isOff ? 0 : Math.hypot(xs[i + 1] - xs[i], ys[i + 1] - ys[i]);
    const count = Math.min(Math.max(Math.ceil(length / step), 1), MAX_SAMPLES);
    for (let number = 1; number <= count; number++) {
      const at = i + number / count, isNow = isIn(at);
      if (isNow !== wasIn) {
        let [low, high] = [before, at];
        for (let half = 0; half < HALVINGS; half++) {
          const middle = (low + high) / 2;
          if (isIn(middle) === wasIn) low = middle;
          else high = middle;
        }
        if (isNow) start = low;
        else keep(start, high);
      }
      [before, wasIn] = [at, isNow];
    }
  }
  if (wasIn) keep(start, last);
  return pieces;
}

/** A test whether a point is inside of a clip. Canvases compute with few digits: points are scaled about its middle. */
function tester(clip, scale) {
  const [left, top] = boundsOf(clip.flatMap(({ lines }) => lines)) ?? [0, 0];
  const place = (x, y) => [(x - left) * scale, (y - top) * scale];
  const parts = clip.map((part) => ({ ...part, path: pathOf(part.lines, place), within: part.clips.map((inner) => tester(inner, scale)) }));
  return (x, y) => parts.reduce((isInside, { path, rule, shows, within }) =>
    (pen.isPointInPath(path, ...place(x, y), rule) && within.every((test) => test(x, y)) ? shows : isInside), false);
}
