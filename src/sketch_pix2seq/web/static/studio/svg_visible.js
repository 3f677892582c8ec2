// Which parts of the lines of an SVG are visible: all areas are painted, and samples along each line
// are compared with the colours about them. `svg_areas.py` does the same.

import { boundsOf } from "./strokes.js";

const SIDE = 1000; // pixels of the painting's longest side
const EDGE = 3; // pixels about it
const SAME_COLOUR = 24; // steps of 255 by which colours differ that look alike on paper
const OPAQUE = 0.9; // opacity from which an area hides what is below
const BRIDGED = 3; // pixels: shorter parts of a line are as visible as their neighbours
const WHITE = [255, 255, 255];

/** @typedef {[number, number, number, number]} Paint Red, green, blue, 0 to 255, and opacity. */
/**
 * @typedef {object} Shape
 * @property {[number[], number[]][]} lines
 * @property {Paint | null} fill
 * @property {Paint | null} stroke
 * @property {CanvasFillRule} rule
 * @property {boolean} isGround Whether it covers the page and has no visible edge.
 */

/** The largest difference of two colours in red, green or blue. */
export const contrast = (first, second) =>
  Math.max(...[0, 1, 2].map((channel) => Math.abs(first[channel] - second[channel])));

/** The colour of a paint on a ground. */
const over = (paint, ground) => ground.map((value, channel) => value + paint[3] * (paint[channel] - value));

/**
 * The visible parts of all lines: not hidden by an area, and of another colour than what is about them.
 *
 * @param {Shape[]} shapes In the order in which they are painted. @param {number[]} paper
 */
export function visibleLines(shapes, paper) {
  const isDrawn = (shape) => !shape.isGround && (shape.stroke || shape.fill), painted = shapes.filter(isDrawn);
  if (painted.every((shape) => !shape.fill)) {
    const ground = shapes.findLast((shape) => shape.isGround), colour = ground ? over(ground.fill, paper) : paper;
    return painted.flatMap(({ lines, stroke }) => (contrast(over(stroke, WHITE), colour) > SAME_COLOUR ? lines : []));
  }
  const box = boundsOf(painted.flatMap((shape) => shape.lines));
  if (!box) return [];
  const painting = new Painting(box, shapes, paper);
  return shapes.flatMap((shape, number) => (isDrawn(shape)
    ? shape.lines.flatMap((line) => visibleParts(painting, line, shape, number)) : []));
}

/** Colours of areas, and which covers each pixel. */
class Painting {
  constructor([left, top, right, bottom], shapes, paper) {
    this.scale = SIDE / Math.max(right - left, bottom - top, 1e-9);
    [this.left, this.top] = [left - EDGE / this.scale, top - EDGE / this.scale];
    this.width = Math.ceil((right - left) * this.scale) + 2 * EDGE;
    this.height = Math.ceil((bottom - top) * this.scale) + 2 * EDGE;
    const [colours, numbers] = [0, 1].map(() =>
      new OffscreenCanvas(this.width, this.height).getContext("2d", { willReadFrequently: true }));
    colours.fillStyle = `rgb(${paper.join(" ")})`;
    colours.fillRect(0, 0, this.width, this.height);
    shapes.forEach(({ lines, fill, rule }, number) => {
      if (!fill) return;
      const path = new Path2D(lines.map(([xs, ys]) => `M${xs.map((x, i) => this.pixel(x, ys[i]).join(" ")).join("L")}Z`).join(""));
      const id = number + 1, [red, green, blue, alpha] = fill;
      colours.fillStyle = `rgb(${red} ${green} ${blue} / ${alpha})`;
      colours.fill(path, rule);
      numbers.fillStyle = `rgb(${id >> 16} ${(id >> 8) & 255} ${id & 255})`;
      if (alpha >= OPAQUE) numbers.fill(path, rule);
    });
    [this.colours, this.numbers] = [colours, numbers].map((pen) => pen.getImageData(0, 0, this.width, this.height).data);
  }

  /** Where a point lies, in pixels. */
  pixel(x, y) {
    return [(x - this.left) * this.scale, (y - this.top) * this.scale];
  }

  /** Whether a line of a shape is visible at a point. */
  isVisible([x, y], { stroke }, number) {
    const line = stroke && over(stroke, WHITE), { numbers, colours } = this;
    const low = [255, 255, 255], high = [0, 0, 0];
    let isHidden = true;
    const column = Math.min(Math.max(Math.floor(x), 1), this.width - 2);
    const row = Math.min(Math.max(Math.floor(y), 1), this.height - 2);
    for (let at = 0; at < 9; at++) {
      const place = 4 * ((row + Math.floor(at / 3) - 1) * this.width + column + (at % 3) - 1);
      isHidden &&= ((numbers[place] << 16) | (numbers[place + 1] << 8) | numbers[place + 2]) > number + 1;
      for (let channel = 0; channel < 3; channel++) {
        low[channel] = Math.min(low[channel], colours[place + channel]);
        high[channel] = Math.max(high[channel], colours[place + channel]);
      }
    }
    if (isHidden) return false;
    return line ? Math.max(contrast(low, line), contrast(high, line)) > SAME_COLOUR : contrast(high, low) > SAME_COLOUR;
  }
}

/** The visible parts of a line, to about a pixel. */
function visibleParts(painting, line, shape, number) {
  const [xs, ys] = line, samples = [];
  for (let i = 0; i < Math.max(xs.length - 1, 1); i++) {
    const next = Math.min(i + 1, xs.length - 1);
    const length = Math.hypot(xs[next] - xs[i], ys[next] - ys[i]) * painting.scale;
    const count = Math.ceil(Math.min(Math.max(length, 1), 10 * SIDE));
    for (let part = 0; part < count; part++) {
      const share = (part + 0.5) / count;
      const at = painting.pixel(xs[i] + share * (xs[next] - xs[i]), ys[i] + share * (ys[next] - ys[i]));
      samples.push({ start: i + part / count, end: i + (part + 1) / count, isVisible: painting.isVisible(at, shape, number) });
    }
  }
  const runs = [];
  for (const { start, end, isVisible } of samples) {
    const last = runs.at(-1);
    if (last?.isVisible === isVisible) Object.assign(last, { end, count: last.count + 1 });
    else runs.push({ start, end, isVisible, count: 1 });
  }
  const joined = [];
  runs.forEach((run, i) => {
    const isShort = i > 0 && i + 1 < runs.length && run.count < BRIDGED, before = joined.at(-1);
    if (before && (isShort || before.isVisible === run.isVisible)) {
      Object.assign(before, { end: run.end, count: before.count + run.count });
    } else joined.push(run);
  });
  const visible = joined.filter(({ isVisible }) => isVisible);
  return visible.filter(({ count }) => count >= BRIDGED || visible.length === 1).map(({ start, end }) => piece(line, start, end));
}

/** A piece of a line from one place to another, counted in its points: 2.5 is half way from point 2 to 3. */
function piece(line, start, end) {
  const last = line[0].length - 1;
  if (start <= 0 && end >= last) return line;
  return line.map((values) => {
    const at = (place) => values[Math.floor(place)]
      + (place % 1) * (values[Math.min(Math.floor(place) + 1, last)] - values[Math.floor(place)]);
    return [at(start), ...values.slice(Math.floor(start) + 1, Math.ceil(end)), at(end)];
  });
}
