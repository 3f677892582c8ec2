// The walk through an SVG in its frame: from its elements, in the order they are painted, to shapes,
// with what clips them and the markers on their lines. `io/svg/walk.py` does the same.

import { clipEdges, clipped } from "./svg_clips.js";
import { linkOf, NOT_READ } from "./svg_frame.js";
import { markerPlaces } from "./svg_markers.js";
import { linesOfPath } from "./svg_path.js";
import { boundsOf } from "./strokes.js";

const MAX_LINES = 5_000;
const MAX_CLIP_WORK = 200_000_000; // points of lines times points of what cuts them
const PLACES = 400; // of a line, at least, that are compared with a clip
const MIN_OPACITY = 0.02; // below it nothing is visible
const LIGHT = 0.2; // brightness from which parts of a mask show what is below
const FARTHEST = 1e12;
const BLACK = [0, 0, 0];
const MARKED = new Set(["path", "line", "polyline", "polygon"]);
const CLIPS = /^clipPath$/, MASKS = /^mask$/, MARKERS = /^marker$/, PAINTS = /Gradient$|^pattern$/;
const OF_BOX = "objectBoundingBox";

/** @typedef {import("./svg_visible.js").Shape} Shape */

/** All shapes of a document. */
export class SvgWalk {
  /** @param {import("./svg_frame.js").SvgFrame} frame @param {(what: string, count?: number) => void} leaveOut */
  constructor(frame, leaveOut) {
    [this.frame, this.leaveOut] = [frame, leaveOut];
    this.linesLeft = MAX_LINES;
    this.clipWorkLeft = MAX_CLIP_WORK;
    this.known = new Map(); // clips, markers and paints by their links
  }

  shapes() {
    const [red, green, blue, alpha] = colourOf(this.frame.styleOf(this.frame.root).backgroundColor);
    this.paper = alpha < MIN_OPACITY ? null : [red, green, blue];
    const { viewBox, width, height } = this.frame.root, box = viewBox.baseVal;
    this.page = this.frame.hasViewBox ? [box.x, box.y, box.width, box.height * this.frame.stretch.d] : [0, 0, width.baseVal.value, height.baseVal.value];
    return this.#shapesIn(this.frame.root, { opacity: 1, clips: [] });
  }

  /** The shapes of an element and of what is in it. */
  #shapesIn(element, { opacity, clips, isClip = false }) {
    if (!element.getScreenCTM) return [];
    const name = element.localName, style = this.frame.styleOf(element);
    if (style.display === "none") return [];
    if (NOT_READ[name]) this.leaveOut(NOT_READ[name]);
    const matrix = this.frame.matrixOf(element);
    const inner = { opacity: opacity * Number(style.opacity), clips, isClip };
    const own = [this.#clipOf(style.clipPath, CLIPS, element), this.#clipOf(style.mask, MASKS, element)];
    inner.clips = [...clips, ...own.filter(Boolean)];
    if (name === "svg" && element !== this.frame.root) {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((side) => element[side].baseVal.value);
      if (!(width > 0 && height > 0)) return [];
      const corners = [[x, x + width, x + width, x], [y, y, y + height, y + height]];
      const edge = moved(corners, this.frame.matrixOf(element.parentNode)), isCut = !/visible|auto/.test(style.overflow);
      if (isCut) inner.clips.push([{ lines: [edge], rule: "nonzero", shows: true, clips: [] }]);
    }
    const paths = pathsOf(element);
    if (paths === null) return [...element.children].flatMap((child) => this.#shapesIn(child, inner));
    return paths.flatMap((data) => this.#shape(element, data, { style, matrix, ...inner }));
  }

  /** A shape and its markers. */
  #shape(element, data, { style, matrix, opacity, clips, isClip }) {
    const isHidden = style.visibility !== "visible", hasWidth = parseFloat(style.strokeWidth) > 0;
    const paint = (name) => this.#paint(style[name], opacity * Number(style[`${name}Opacity`]));
    const fill = isHidden || element.localName === "line" ? null : isClip ? [...BLACK, 1] : paint("fill");
    const stroke = isHidden || !hasWidth || isClip ? null : paint("stroke");
    if (!fill && !stroke) return [];
    const { lines: drawn, corners, isWhole } = linesOfPath(data);
    if (!isWhole && drawn.length === 0) this.leaveOut("damaged path");
    const near = drawn.map((line) => moved(line, matrix)).filter(isNear), lines = near.slice(0, this.linesLeft);
    if (near.length < drawn.length) this.leaveOut("shape too far from the page", drawn.length - near.length);
    if (lines.length < near.length) this.leaveOut(`all after ${MAX_LINES} strokes`);
    this.linesLeft -= lines.length;
    if (lines.length === 0) return [];
    const scale = Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)), isScaled = style.vectorEffect !== "non-scaling-stroke";
    const width = parseFloat(style.strokeWidth) * (isScaled ? scale : this.frame.unitsPerPixel);
    const shape = {
      area: { lines, rule: isClip ? style.clipRule : style.fillRule, clips }, lines, fill, stroke, width, edges: [],
    };
    if (!isClip) {
      const rings = stroke || !fill ? lines : lines.map(closed);
      shape.lines = this.#clipped(rings, clips);
      if (!stroke && clips.length && this.clipWorkLeft > 0) shape.lines.push(...clipEdges(shape.area, clips));
    }
    const markers = MARKED.has(element.localName) && !isClip && lines.length === drawn.length
      ? this.#markers({ style, lines, corners, scale, width, fill, stroke, clips }) : [];
    return [shape, ...markers];
  }

  /** Lines inside of clips, as long as this does not take too long. */
  #clipped(lines, clips) {
    if (clips.length === 0) return lines;
    this.clipWorkLeft -= (numPoints(lines) + PLACES * lines.length) * clips.flat().reduce((sum, part) => sum + numPoints(part.lines), 0);
    if (this.clipWorkLeft > 0) return clipped(lines, clips);
    this.leaveOut("clip");
    return lines;
  }

  /** Red, green, blue and opacity of a paint; of a gradient its mean. Null where nothing is painted. */
  #paint(value, opacity) {
    if (value === "none" || opacity < MIN_OPACITY) return null;
    if (value.startsWith("context-")) return { context: value.slice(8), opacity };
    const [red, green, blue, alpha] = value.startsWith("url(") ? this.#server(value) : colourOf(value);
    return alpha * opacity < MIN_OPACITY ? null : [red, green, blue, alpha * opacity];
  }

  /** The mean colour of a gradient. Patterns are ink. */
  #server(link) {
    return this.#once(link, () => {
      let found = this.frame.placed(link, PAINTS, "linearGradient");
      if (!found) return [...BLACK, /\)\s*\S/.test(link) && !/none$/.test(link) ? 1 : 0];
      if (found.target.localName === "pattern") {
        this.leaveOut("pattern");
        return [...BLACK, 1];
      }
      for (let step = 0; step < 8 && found && !found.copy.querySelector("stop"); step++) {
        found = this.frame.placed(`url(${linkOf(found.target)})`, PAINTS, "linearGradient");
      }
      const stops = [...found?.copy.querySelectorAll("stop") ?? []].map((stop) => {
        const style = this.frame.styleOf(stop), [red, green, blue, alpha] = colourOf(style.stopColor);
        return [red, green, blue, alpha * Number(style.stopOpacity)];
      });
      const sum = stops.reduce((total, stop) => total + stop[3], 0);
      if (sum <= 0) return [...BLACK, 0];
      const mean = BLACK.map((_, channel) => stops.reduce((total, stop) => total + stop[3] * stop[channel], 0) / sum);
      return [...mean, sum / stops.length];
    });
  }

  /** Compute something of a link once. Null while it is computed: nothing is within itself. */
  #once(link, compute) {
    if (!this.known.has(link)) {
      this.known.set(link, null);
      this.known.set(link, compute());
    }
    return this.known.get(link);
  }

  /** The areas that an element's clip path or mask leaves visible; null if there is none. */
  #clipOf(link, kind, element) {
    if (!link?.includes("url(")) return null;
    const found = this.#once(link, () => this.#areas(link, kind));
    if (!found) return null;
    const matrix = this.frame.matrixOf(element), box = found.isOfBox && element.getBBox();
    const fit = box ? matrix.multiply(new DOMMatrix([box.width, 0, 0, box.height, box.x, box.y])) : matrix;
    return movedClip(found.areas, fit);
  }

  /** The areas of a clip path or mask in its own coordinates; null if nothing of it is read. */
  #areas(link, kind) {
    const isMask = kind === MASKS, found = this.frame.placed(link, kind, "g");
    if (!found) return null;
    let numLeftOut = 0;
    const counting = this.leaveOut, { copy, target } = found, style = this.frame.styleOf(copy);
    this.leaveOut = (...what) => {
      numLeftOut++;
      counting(...what);
    };
    copy.style.setProperty("display", "inline", "important");
    const shapes = this.#shapesIn(copy, { opacity: 1, clips: [], isClip: !isMask });
    this.leaveOut = counting;
    const lightOf = ([red, green, blue, alpha]) =>
      alpha * (style.maskType === "alpha" ? 1 : (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255);
    const areas = shapes.filter(({ fill }) => Array.isArray(fill))
      .map(({ area, fill }) => ({ ...area, shows: !isMask || lightOf(fill) >= LIGHT }));
    if (isMask && shapes.some(({ stroke }) => stroke)) counting("line of a mask");
    if (numLeftOut && !areas.some(({ shows }) => shows)) return null;
    return { areas, isOfBox: target.getAttribute(isMask ? "maskContentUnits" : "clipPathUnits") === OF_BOX };
  }

  /** The markers on the corners of a shape. */
  #markers({ style, lines, corners, scale, width, fill, stroke, clips }) {
    const links = { start: style.markerStart, mid: style.markerMid, end: style.markerEnd };
    if (!Object.values(links).some((link) => link?.startsWith("url("))) return [];
    return markerPlaces(lines, corners).flatMap(({ kind, x, y, angle }) => {
      const marker = links[kind]?.startsWith("url(") && this.#once(links[kind], () => this.#marker(links[kind]));
      if (!marker) return [];
      if (this.linesLeft < marker.shapes.length) {
        this.leaveOut(`all after ${MAX_LINES} strokes`);
        return [];
      }
      this.linesLeft -= marker.shapes.length;
      const size = marker.isOfUser ? scale : width;
      const matrix = new DOMMatrix().translate(x, y).rotate(angle(marker.orient)).scale(size).translate(-marker.x, -marker.y);
      const paint = (own) => (own?.context ? this.#inContext(own, { fill, stroke }) : own);
      return marker.shapes.map((shape) => ({
        area: movedClip([shape.area], matrix)[0], lines: this.#clipped(shape.lines.map((line) => moved(line, matrix)), clips),
        fill: paint(shape.fill), stroke: paint(shape.stroke), width: size * shape.width, edges: [],
      })).filter((shape) => shape.fill || shape.stroke).map((shape) =>
        ({ ...shape, area: { ...shape.area, clips: [...shape.area.clips, ...clips] } }));
    });
  }

  #inContext({ context, opacity }, paints) {
    const paint = paints[context];
    return paint && [...paint.slice(0, 3), paint[3] * opacity];
  }

  /** The shapes of a marker, and where in them its point is. */
  #marker(link) {
    const found = this.frame.placed(link, MARKERS, "svg", { x: "0", y: "0" });
    if (!found) return null;
    const { copy, target } = found, of = (name, otherwise) => target.getAttribute(name) ?? otherwise;
    const attributes = { width: of("markerWidth", "3"), height: of("markerHeight", "3"), transform: "" };
    for (const name in attributes) copy.setAttribute(name, attributes[name]);
    copy.style.setProperty("display", "inline", "important");
    const at = this.frame.matrixOf(copy).transformPoint({ x: parseFloat(of("refX", "0")) || 0, y: parseFloat(of("refY", "0")) || 0 });
    return {
      shapes: this.#shapesIn(copy, { opacity: 1, clips: [] }), x: at.x, y: at.y, orient: of("orient", "0"),
      isOfUser: of("markerUnits", "") === "userSpaceOnUse",
    };
  }
}

const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const colours = new Map();

/** Red, green, blue, 0 to 255, and opacity of a computed colour. */
function colourOf(text) {
  if (!colours.has(text)) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    if (colours.size > 10_000) colours.clear();
    colours.set(text, [red, green, blue, alpha / 255]);
  }
  return colours.get(text);
}

/** What an element draws, as path data, in its own coordinates; null if it is no shape. */
function pathsOf(element) {
  const of = (...names) => names.map((name) => element[name].baseVal.value);
  switch (element.localName) {
    case "path": return [element.getAttribute("d") ?? ""];
    case "line": {
      const [x1, y1, x2, y2] = of("x1", "y1", "x2", "y2");
      return [`M${x1} ${y1}L${x2} ${y2}`];
    }
    case "polyline": case "polygon": {
      const points = (element.getAttribute("points") ?? "").trim();
      return points ? [`M${points}${element.localName === "polygon" ? "Z" : ""}`] : [];
    }
    case "rect": case "circle": case "ellipse": {
      const { x, y, width, height } = element.getBBox();
      if (!(width > 0 && height > 0)) return [];
      if (element.localName !== "rect") return [oval(x, y, width / 2, height / 2)];
      const [rx, ry] = of("rx", "ry");
      return [rectangle(x, y, width, height, Math.min(rx || ry, width / 2), Math.min(ry || rx, height / 2))];
    }
    default: return null;
  }
}

function rectangle(x, y, width, height, rx, ry) {
  if (!(rx > 0 && ry > 0)) return `M${x} ${y}h${width}v${height}h${-width}Z`;
  const [across, down] = [width - 2 * rx, height - 2 * ry], corner = (dx, dy) => `a${rx} ${ry} 0 0 1 ${dx} ${dy}`;
  return `M${x + rx} ${y}h${across}${corner(rx, ry)}v${down}${corner(-rx, ry)}h${-across}${corner(-rx, -ry)}`
    + `v${-down}${corner(rx, -ry)}Z`;
}

const oval = (x, y, rx, ry) =>
  `M${x + 2 * rx} ${y + ry}a${rx} ${ry} 0 1 1 ${-2 * rx} 0a${rx} ${ry} 0 1 1 ${2 * rx} 0Z`;

/** An area's edge, closed as filling does. */
const closed = (line) => {
  const last = line[0].length - 1, isOpen = last > 1 && line.some((values) => values[0] !== values[last]);
  return isOpen ? line.map((values) => [...values, values[0]]) : line;
};

/** Whether a line lies where numbers mean something. */
const isNear = (line) => line.every((values) => values.every((value) => Math.abs(value) < FARTHEST));

/** A line where a matrix puts it. */
const moved = ([xs, ys], { a, b, c, d, e, f }) => [
  xs.map((x, i) => a * x + c * ys[i] + e), xs.map((x, i) => b * x + d * ys[i] + f),
];

const numPoints = (lines) => lines.reduce((sum, [xs]) => sum + xs.length, 0);

const movedClip = (areas, matrix) => areas.map((area) => ({
  ...area, lines: area.lines.map((line) => moved(line, matrix)), clips: area.clips.map((clip) => movedClip(clip, matrix)),
}));
