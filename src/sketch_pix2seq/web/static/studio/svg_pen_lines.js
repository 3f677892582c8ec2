// Lines of a pen that an SVG holds as areas: digital ink, expanded strokes, what tracers write.
// `io/svg/pen_lines.py` does the same.

import { linesOfInk } from "../sketch/picture_in.js";
import { Regions } from "../sketch/regions.js";
import { thin } from "../sketch/thinning.js";
import { boundsOf } from "./strokes.js";
import { fillClipped } from "./svg_clips.js";

const PIXELS = 7; // that the line of a pen is wide, in the picture it is found in
const SIDE = 2_500;
const ROUGH = 300; // pixels of the longest side of a first look at the width
const LENGTH = 16; // times its width: a shorter area is a shape
const SLIM = 10; // times as large as its width is an area that holds such a line
const BLOB = 0.7; // widths: where a disc of this radius fits in, it is no line
const BLOBS = 0.03; // share of an area that may be such
const MAX_PIXELS = 60_000_000; // of all such pictures
const FRAME = 2; // pixels about an area

/** @typedef {import("./svg_visible.js").Shape} Shape */

/** Replace the outlines of areas that are lines of a pen by their centre lines. @param {Shape[]} shapes */
export function findPenLines(shapes) {
  let left = MAX_PIXELS;
  for (const shape of shapes) {
    if (shape.stroke || !shape.fill || shape.isGround || left <= 0) continue;
    const found = penLines(shape, (pixels) => left -= pixels);
    if (found) Object.assign(shape, { edges: shape.lines, ...found });
  }
}

/**
 * The centre lines of an area that is a line drawn by a pen, and its width.
 *
 * It is one if it is sixteen times as long as wide, and nowhere much wider than usual. Parts of an
 * area are looked at one by one; what is wider than a line keeps its outline.
 */
function penLines({ area, lines: outlines }, use) {
  const rings = area.lines.filter(([xs]) => xs.length > 2), box = boundsOf(rings);
  if (!box) return null;
  const extent = Math.max(box[2] - box[0], box[3] - box[1]);
  const around = rings.reduce((sum, ring) => sum + lengthOf(ring), 0);
  if (!(extent > 1e-9) || (rings.length === 1 && around < (4 * LENGTH * insideOf(rings[0])) / around)) return null;
  const rough = inkOf(area, box, ROUGH / extent, use), width = (2 * sumOf(rough.data)) / (ROUGH / extent) ** 2 / around;
  if (!(width > 0) || around < 2 * LENGTH * width || extent > (SIDE / 3) * width) return null;
  const scale = Math.min(PIXELS / width, SIDE / extent), ink = inkOf(area, box, scale, use);
  const regions = new Regions(ink), lengths = countsIn(regions, thin(ink)).map((count) => Math.max(count, 1));
  const usual = sumOf(ink.data) / sumOf(lengths), blobs = countsIn(regions, eroded(ink, BLOB * usual));
  // ends of lines were thinned away, half a width each
  const isLine = regions.areas.map((size, i) => blobs[i] <= BLOBS * size && lengths[i] ** 2 >= (LENGTH - 1) * size);
  if (!isLine.includes(true) || Math.max(ink.width, ink.height) < SLIM * usual) return null;
  const { strokes } = linesOfInk({ ...ink, data: regions.only(isLine) }, { isClean: true });
  const lines = strokes.map((stroke) => stroke.map((values, axis) => values.map((value) => (value - FRAME) / scale + box[axis])));
  const others = regions.only(isLine.map((is) => !is));
  const isOther = ([[x], [y]]) => {
    const [column, row] = [x - box[0], y - box[1]].map((value) => Math.trunc(value * scale + FRAME));
    return [-1, 0, 1].some((dy) => [-1, 0, 1].some((dx) => others[(row + dy) * ink.width + column + dx]));
  };
  return { lines: [...lines, ...outlines.filter(isOther)], width: usual / scale };
}

/** Fill an area on a picture, with two pixels around it. */
function inkOf(area, [left, top, right, bottom], scale, use) {
  const [width, height] = [right - left, bottom - top].map((side) => Math.ceil(side * scale) + 2 * FRAME);
  use(width * height);
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  fillClipped(pen, area, (x, y) => [(x - left) * scale + FRAME, (y - top) * scale + FRAME]);
  const pixels = pen.getImageData(0, 0, width, height).data;
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, at) => (pixels[4 * at + 3] >= 128 ? 1 : 0)) };
}

/** Erode ink, in steps that make an octagon. */
function eroded({ width, height, data }, radius) {
  let inner = data;
  for (let number = 0; number < Math.max(Math.round(radius), 1); number++) {
    const before = inner, isSquare = number % 2 === 1;
    inner = before.map((isInk, at) => {
      const x = at % width, isInside = x > 0 && x < width - 1 && at >= width && at < width * (height - 1);
      if (!isInk || !isInside) return 0;
      const sides = before[at - 1] && before[at + 1] && before[at - width] && before[at + width];
      const corners = !isSquare || (before[at - width - 1] && before[at - width + 1] && before[at + width - 1] && before[at + width + 1]);
      return sides && corners ? 1 : 0;
    });
  }
  return inner;
}

/** How many pixels of a mask each region has. */
function countsIn({ labels, areas }, mask) {
  const counts = areas.map(() => 0);
  labels.forEach((label, at) => {
    if (label >= 0 && mask[at]) counts[label]++;
  });
  return counts;
}

const sumOf = (values) => values.reduce((sum, value) => sum + value, 0);

/** The area inside of a ring that does not cross itself. */
const insideOf = ([xs, ys]) => Math.abs(sumOf(xs.map((x, i) => xs.at(i - 1) * ys[i] - x * ys.at(i - 1)))) / 2;

/** The length of a ring, closed. */
const lengthOf = ([xs, ys]) => sumOf(xs.map((x, i) => Math.hypot(x - xs.at(i - 1), ys[i] - ys.at(i - 1))));
