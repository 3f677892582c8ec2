// Which parts of the lines of an SVG are visible: all areas are painted, and samples along each line
// are compared with the colours about them. `io/svg/painting.py` does the same.

import { boundsOf } from "./strokes.js";
import { fillClipped, piece } from "./svg_clips.js";

const SIDE = 1000; // pixels of the painting's longest side
const EDGE = 3; // pixels about it
const SAME_COLOUR = 24; // steps of 255 by which colours differ that look alike on paper
const OPAQUE = 0.9; // opacity from which an area hides what is below
const BRIDGED = 3; // pixels: shorter parts of a line are as visible as their neighbours
const WHITE = [255, 255, 255];

/** @typedef {[number, number, number, number]} Paint Red, green, blue, 0 to 255, and opacity. */
/** @typedef {import("./svg_clips.js").Clip} Clip */
/** @typedef {[number[], number[]]} Line */
/**
 * @typedef {object} Shape
 * @property {{lines: Line[], rule: CanvasFillRule, clips: Clip[]}} area What `fill` paints.
 * @property {Line[]} lines As far as clips leave them.
 * @property {Line[]} edges Where `lines` are the centre lines of a pen: what was painted.
 * @property {Paint | null} fill
 * @property {Paint | null} stroke
 * @property {number} width Of its lines.
 * @property {boolean} [isGround] Whether it covers the page and has no visible edge.
 */

/** The largest difference of two colours in red, green or blue. */
export const contrast = (first, second) =>
  Math.max(...[0, 1, 2].map((channel) => Math.abs(first[channel] - second[channel])));

/** The colour of a paint on a ground. */
const over = (paint, ground) => ground.map((value, channel) => value + paint[3] * (paint[channel] - value));

/** The colour of a shape's lines, or of its area if it has none. */
export const lineColour = ({ stroke, fill }) => over(stroke ?? fill, WHITE);

/**
 * The visible parts of each shape's lines: not hidden by an area, and of another colour than what
 * is about them.
 *
 * @param {Shape[]} shapes In the order in which they are painted. @param {number[]} paper
 */
export function visibleLines(shapes, paper) {
  const drawn = shapes.filter((shape) => !shape.isGround);
  if (drawn.every((shape) => !shape.fill)) {
    const ground = shapes.findLast((shape) => shape.isGround), colour = ground ? over(ground.fill, paper) : paper;
    return shapes.map((shape) =>
      (!shape.isGround && contrast(lineColour(shape), colour) > SAME_COLOUR ? shape.lines : []));
  }
  const box = boundsOf(drawn.flatMap((shape) => [...shape.lines, ...shape.edges]));
  if (!box) return shapes.map(() => []);
  const painting = new Painting(box, shapes, paper);
  return shapes.map((shape, number) => {
    const partsOf = (lines, of) => lines.flatMap((line) => visibleParts(painting, line, of, number));
    const isSeen = !shape.edges.length || partsOf(shape.edges, { ...shape, edges: [] }).length;
    return shape.isGround || !isSeen ? [] : partsOf(shape.lines, shape);
  });
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
    shapes.forEach(({ area, fill }, number) => {
      if (!fill) return;
      const id = number + 1, [red, green, blue, alpha] = fill, place = (x, y) => this.pixel(x, y);
      colours.fillStyle = `rgb(${red} ${green} ${blue} / ${alpha})`;
      fillClipped(colours, area, place);
      numbers.fillStyle = `rgb(${id >> 16} ${(id >> 8) & 255} ${id & 255})`;
      if (alpha >= OPAQUE) fillClipped(numbers, area, place);
    });
    [this.colours, this.numbers] = [colours, numbers].map((pen) => pen.getImageData(0, 0, this.width, this.height).data);
  }

  /** Where a point lies, in pixels. */
  pixel(x, y) {
    return [(x - this.left) * this.scale, (y - this.top) * this.scale];
  }

  /** Whether a line of a shape is visible at a point. */
  isVisible([x, y], { stroke, edges }, number) {
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
    if (isHidden || edges.length) return !isHidden;
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
