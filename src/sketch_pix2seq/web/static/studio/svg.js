// The visible lines of an SVG as strokes. The browser parses documents, styles and arcs; shapes are
// written anew as path data, so that nothing of the file becomes part of the page. `svg_in.py` reads
// SVGs more closely: it also cuts lines to clips, and joins lines in pieces.

import { simplify } from "../sketch/simplify.js";
import { linesOfPath } from "./svg_path.js";
import { boundsOf } from "./strokes.js";
import { contrast, visibleLines } from "./svg_visible.js";
import { t, UserError } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MAX_STROKES = 5_000;
const MAX_ELEMENTS = 50_000; // those that `use` repeats included
const MAX_DEPTH = 64; // of elements in each other
const MAX_NAMED = 4; // kinds of what was left out
const TOLERANCE = 1 / 1000; // of the drawing's longest side, for leaving out points
const MIN_OPACITY = 0.02; // below it nothing is visible
const BORDER = 0.01; // of the page: areas whose edges are nowhere farther inside are its ground
const FRAME_CONTRAST = 96; // of 255 between a ground and its line, from which the line is a frame
const FARTHEST = 1e12;
const TOO_MANY_STROKES = `all after ${MAX_STROKES} strokes`;
const WHITE = [255, 255, 255], BLACK = [0, 0, 0];
const NOT_READ = { text: "text", image: "picture", foreignObject: "foreign object" };
const NOT_SHOWN = new Set(["defs", "symbol", "clipPath", "mask", "pattern", "marker", "filter", "data-style",
  "script", "title", "desc", "metadata", "linearGradient", "radialGradient", ...Object.keys(NOT_READ)]);
const IGNORED = ["clip-path", "mask", "marker-start", "marker-mid", "marker-end"];
const INHERITED = {
  stroke: "none", fill: "black", visibility: "visible", "stroke-width": "1", "stroke-opacity": "1", "fill-opacity": "1",
  "fill-rule": "nonzero",
};
const PROPERTIES = [...Object.keys(INHERITED), "display", "opacity", "transform", ...IGNORED];
const UNITS = { mm: 96 / 25.4, cm: 96 / 2.54, in: 96, pt: 4 / 3, pc: 16, em: 16, rem: 16, ex: 8 }; // pixels
const LENGTH = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%|[a-z]*)\s*$/i;

/**
 * Read an SVG.
 *
 * @returns {{strokes: [number[], number[]][], leftOut: string}} The strokes in the order in which
 *   they are drawn, and what of the file they do not show, in words.
 */
export function strokesInSvg(text) {
  // under another name, as the page's policy forbids the parser to look at inline styles
  const plain = text.replace(/(\s)style(\s*=)/g, "$1data-style$2").replace(/(<\/?)((?:\w+:)?)style\b/g, "$1$2data-style");
  const parse = (markup) => new DOMParser().parseFromString(markup, "image/svg+xml").documentElement;
  let root = parse(plain);
  if (root.localName === "svg" && !root.namespaceURI) root = parse(plain.replace(/<svg\b/, `<svg xmlns="${SVG}"`));
  if (root.localName !== "svg" || root.querySelector("parsererror")) throw new UserError(t("svgDamaged"));
  const { shapes, leftOut } = shapesOf(root, rulesOf(root));
  let strokes = visibleLines(shapes, WHITE);
  if (strokes.length === 0) strokes = visibleLines(shapes, BLACK); // white lines alone
  if (strokes.length === 0) throw new UserError(t("svgEmpty"));
  const [left, top, right, bottom] = boundsOf(strokes);
  const tolerance = TOLERANCE * Math.max(right - left, bottom - top);
  return { strokes: strokes.map((stroke) => simplify(stroke, tolerance)), leftOut: wordsOf(leftOut) };
}

/** All shapes in the order in which they are painted, and what is left out. */
function shapesOf(root, rules) {
  const viewport = sizeOf(root, [300, 150]), viewBox = viewBoxOf(root);
  const reading = {
    root, rules, page: viewBox ?? [0, 0, ...viewport], shapes: [], numLeft: MAX_ELEMENTS, numLines: 0,
    leftOut: new Map(),
  };
  const style = { ...INHERITED, opacity: 1 };
  walk(root, { matrix: new DOMMatrix(), style, depth: 0, viewport: viewBox?.slice(2) ?? viewport }, reading);
  return reading;
}

/** Count something that is not read. */
const leaveOut = ({ leftOut }, what) => leftOut.set(what, (leftOut.get(what) ?? 0) + 1);

/** What was left out, the commonest first. */
const wordsOf = (leftOut) => [...leftOut].sort((a, b) => b[1] - a[1]).slice(0, MAX_NAMED)
  .map(([what, count]) => (count > 1 ? `${count} x ${what}` : what)).join("; ");

/** The rules of the style sheets that hold on a screen, [selector, style], the most specific last. */
function rulesOf(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([...root.querySelectorAll("data-style")].map((element) => element.textContent).join("\n"));
  const flat = (rules) => [...rules].flatMap((rule) => {
    if (rule.selectorText) return rule.selectorText.split(",").map((selector) => [selector.trim(), rule.style]);
    return rule.cssRules && (!rule.media || isShown(rule.media.mediaText)) ? flat(rule.cssRules) : [];
  });
  return flat(sheet.cssRules).sort(([first], [second]) => specificity(first) - specificity(second));
}

/** Whether media queries hold on a light screen. */
const isShown = (queries) => matchMedia(queries.replace(/\(prefers-color-scheme: (light|dark)\)/g, (_, scheme) =>
  (scheme === "light" ? "(min-width: 0)" : "(max-width: 0)"))).matches;

/** The weight of a selector: ids before classes before kinds of elements. */
const specificity = (selector) => [/#[\w-]+/g, /[.[:][\w-]+/g, /(?:^|[\s>+~])[a-z]/gi]
  .reduce((sum, part) => 1000 * sum + (selector.match(part)?.length ?? 0), 0);

/** The strokes of an element and of what is in it. */
function walk(element, { matrix: outer, style: above, depth, viewport }, reading) {
  if (element.namespaceURI !== SVG) return;
  if (element.localName in NOT_READ) leaveOut(reading, NOT_READ[element.localName]);
  if (NOT_SHOWN.has(element.localName)) return;
  if (depth > MAX_DEPTH) return void leaveOut(reading, `what is nested more than ${MAX_DEPTH} deep`);
  if (reading.numLeft-- <= 0) return void reading.leftOut.set(`all after ${MAX_ELEMENTS} elements`, 1);
  if (reading.numLines >= MAX_STROKES) return void reading.leftOut.set(TOO_MANY_STROKES, 1);
  const own = ownStyle(element, reading.rules), style = { opacity: above.opacity * opacityOf(own.opacity) };
  if (own.display === "none") return;
  for (const name in INHERITED) style[name] = own[name] && own[name] !== "inherit" ? own[name] : above[name];
  for (const name of IGNORED) if (own[name]?.startsWith("url(")) leaveOut(reading, name.split("-")[0]);
  const inner = { matrix: outer.multiply(transformOf(element, own)), style, depth: depth + 1, viewport };
  if (element.localName === "use") return void walkUsed(element, inner, reading);
  if (element.localName === "svg" && depth > 0) enterViewport(element, sizeOf(element, viewport, viewport), inner);
  for (const data of pathsOf(element, viewport)) {
    const { lines: drawn, isWhole } = linesOfPath(data);
    const lines = drawn.map((line) => moved(line, inner.matrix)).filter(isNear);
    if (!isWhole && drawn.length === 0) leaveOut(reading, "damaged path");
    for (let i = lines.length; i < drawn.length; i++) leaveOut(reading, "shape too far from the page");
    paint(lines, style, reading);
  }
  const children = [...element.children];
  const shown = element.localName === "switch" ? children.filter(isForEnglish).slice(0, 1) : children;
  for (const child of shown) walk(child, inner, reading);
}

/** Add a shape, as far as it is not too much. */
function paint(lines, style, reading) {
  const kept = lines.slice(0, MAX_STROKES - reading.numLines);
  if (kept.length < lines.length) reading.leftOut.set(TOO_MANY_STROKES, 1);
  reading.numLines += kept.length;
  const fill = paintOf("fill", style), stroke = paintOf("stroke", style);
  const isGround = isPaper(kept, fill, stroke, reading.page);
  reading.shapes.push({ lines: kept, fill, stroke, rule: style["fill-rule"] === "evenodd" ? "evenodd" : "nonzero", isGround });
}

/** Draw what a `use` points at. */
function walkUsed(element, inner, reading) {
  const id = (element.getAttribute("href") ?? element.getAttribute("xlink:href") ?? "").slice(1);
  const used = id && reading.root.ownerDocument.getElementById(id);
  if (!used) return;
  const { viewport } = inner, [x, y] = ["x", "y"].map((name) => lengthOf(element, name, viewport));
  inner.matrix = inner.matrix.translate(x, y);
  if (used.localName !== "symbol") return void walk(used, inner, reading);
  enterViewport(used, sizeOf(element, viewport, sizeOf(used, viewport, viewport)), inner);
  for (const part of used.children) walk(part, inner, reading);
}

/** Let the view box of an inner `svg` or a `symbol` fit its size. */
function enterViewport(element, size, inner) {
  const [x, y] = ["x", "y"].map((name) => lengthOf(element, name, inner.viewport)), box = viewBoxOf(element);
  inner.matrix = inner.matrix.translate(x, y);
  inner.viewport = box?.slice(2) ?? size;
  if (!box) return;
  const [align, fit] = (element.getAttribute("preserveAspectRatio") || "xMidYMid").trim().split(/\s+/);
  const scales = [size[0] / box[2], size[1] / box[3]];
  const scale = fit === "slice" ? Math.max(...scales) : Math.min(...scales);
  const [scaleX, scaleY] = align === "none" ? scales : [scale, scale];
  const shares = [1, 5].map((at) => ({ Min: 0, Max: 1 })[align.slice(at, at + 3)] ?? 0.5);
  inner.matrix = inner.matrix
    .translate(shares[0] * (size[0] - scaleX * box[2]), shares[1] * (size[1] - scaleY * box[3]))
    .scale(scaleX, scaleY).translate(-box[0], -box[1]);
}

/** The style of an element alone: attributes, then rules, then its own; `!important` wins. */
function ownStyle(element, rules) {
  const style = {}, important = new Set(), inline = element.getAttribute("data-style");
  for (const name of PROPERTIES) if (name !== "transform") style[name] = element.getAttribute(name)?.trim();
  const blocks = rules.filter(([selector]) => isMatch(element, selector)).map(([, block]) => block);
  if (inline) {
    const { style: block } = document.createElement("i");
    block.cssText = inline;
    blocks.push(block);
  }
  for (const block of blocks) {
    for (const name of PROPERTIES) {
      const value = block.getPropertyValue(name), isImportant = block.getPropertyPriority(name) !== "";
      if (!value || (important.has(name) && !isImportant)) continue;
      style[name] = value;
      if (isImportant) important.add(name);
    }
  }
  return style;
}

function isMatch(element, selector) {
  try {
    return element.matches(selector);
  } catch {
    return false; // no selector
  }
}

/** The matrix of an element: its style's, or its attribute's. */
function transformOf(element, { transform }) {
  try {
    if (transform) return new DOMMatrix(transform);
  } catch {
    return new DOMMatrix(); // of percentages or variables
  }
  const matrix = element.transform?.baseVal.consolidate()?.matrix;
  return matrix ? DOMMatrix.fromMatrix(matrix) : new DOMMatrix();
}

/** Whether an element of a `switch` is for readers of English. */
const isForEnglish = (element) => !element.hasAttribute("requiredExtensions")
  && /(^|,)\s*en\b/i.test(element.getAttribute("systemLanguage") ?? "en");

/** An opacity from 0 to 1, a number or a percentage. */
function opacityOf(text = "1") {
  const value = parseFloat(text) / (text.trim().endsWith("%") ? 100 : 1);
  return Number.isNaN(value) ? 1 : Math.min(Math.max(value, 0), 1);
}

/** Red, green, blue and opacity of what `fill` or `stroke` paints; null where nothing is painted. */
function paintOf(name, style) {
  if (style.visibility === "hidden" || style.visibility === "collapse") return null;
  if (name === "stroke" && parseFloat(style["stroke-width"]) <= 0) return null;
  const [red, green, blue, alpha] = colourOf(style[name]);
  const opacity = alpha * style.opacity * opacityOf(style[`${name}-opacity`]);
  return opacity < MIN_OPACITY ? null : [red, green, blue, opacity];
}

const pen = new OffscreenCanvas(1, 1).getContext("2d");

/** Red, green, blue, 0 to 255, and opacity of a colour. What is no plain colour is ink: black. */
function colourOf(text) {
  if (text.toLowerCase() === "none") return [...BLACK, 0];
  pen.fillStyle = "#000000";
  pen.fillStyle = text;
  const hex = /^#(..)(..)(..)$/.exec(pen.fillStyle);
  if (hex) return [...hex.slice(1).map((digits) => parseInt(digits, 16)), 1];
  const numbers = pen.fillStyle.match(/[\d.]+/g)?.map(Number);
  return pen.fillStyle.startsWith("rgba(") ? numbers : [...BLACK, 1];
}

/** Whether an area covers the page and shows no edge on it: it is paper. */
function isPaper(lines, fill, stroke, [left, top, width, height]) {
  const box = boundsOf(lines), border = BORDER * Math.max(width, height);
  if (!box || !fill || (stroke && contrast(fill, stroke) > FRAME_CONTRAST)) return false;
  const isAtBorder = (x, y) => x <= left + border || x >= left + width - border
    || y <= top + border || y >= top + height - border;
  return box[0] <= left + border && box[1] <= top + border && box[2] >= left + width - border
    && box[3] >= top + height - border && lines.every(([xs, ys]) => xs.every((x, i) => isAtBorder(x, ys[i])));
}

/** A length of an element in its own units; a percentage is one of the viewport. */
function lengthOf(element, name, [width, height], otherwise = 0) {
  const [, number, unit] = LENGTH.exec(element.getAttribute(name) ?? "") ?? [];
  if (number === undefined) return otherwise;
  if (unit !== "%") return Number(number) * (UNITS[unit.toLowerCase()] ?? 1);
  const extent = /x|width/.test(name) ? width : /y|height/.test(name) ? height : Math.hypot(width, height) / Math.SQRT2;
  return (Number(number) / 100) * extent;
}

/** Width and height of an element; `otherwise` where they are not given. */
const sizeOf = (element, viewport, otherwise = viewport) =>
  ["width", "height"].map((name, axis) => lengthOf(element, name, viewport, otherwise[axis]));

/** Left, top, width and height of its view box; null without a valid one. */
function viewBoxOf(element) {
  const box = (element.getAttribute("viewBox") ?? "").trim().split(/[\s,]+/).map(Number);
  return box.length === 4 && box.every(Number.isFinite) && box[2] > 0 && box[3] > 0 ? box : null;
}

/** What an element draws, as path data: each piece by itself. */
function pathsOf(element, viewport) {
  const of = (...names) => names.map((name) => lengthOf(element, name, viewport));
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
    case "rect": return rectangle(...of("x", "y", "width", "height"), ...radiiOf(element, viewport));
    case "circle": {
      const [x, y, r] = of("cx", "cy", "r");
      return oval(x, y, r, r);
    }
    case "ellipse": return oval(...of("cx", "cy"), ...radiiOf(element, viewport));
    default: return [];
  }
}

/** Both radii of an element; one that is not given is the other. */
function radiiOf(element, viewport) {
  const x = lengthOf(element, "rx", viewport, null), y = lengthOf(element, "ry", viewport, null);
  return [x ?? y ?? 0, y ?? x ?? 0];
}

function rectangle(x, y, width, height, wantedX, wantedY) {
  if (!(width > 0 && height > 0)) return [];
  const rx = Math.min(Math.max(wantedX, 0), width / 2), ry = Math.min(Math.max(wantedY, 0), height / 2);
  if (!(rx && ry)) return [`M${x} ${y}h${width}v${height}h${-width}Z`];
  const [across, down] = [width - 2 * rx, height - 2 * ry], corner = (dx, dy) => `a${rx} ${ry} 0 0 1 ${dx} ${dy}`;
  return [`M${x + rx} ${y}h${across}${corner(rx, ry)}v${down}${corner(-rx, ry)}h${-across}${corner(-rx, -ry)}`
    + `v${-down}${corner(rx, -ry)}Z`];
}

const oval = (x, y, rx, ry) => (rx > 0 && ry > 0
  ? [`M${x + rx} ${y}a${rx} ${ry} 0 1 1 ${-2 * rx} 0a${rx} ${ry} 0 1 1 ${2 * rx} 0Z`] : []);

/** Whether a line lies where numbers mean something. */
const isNear = (line) => line.every((values) => values.every((value) => Math.abs(value) < FARTHEST));

/** A line where a matrix puts it. */
const moved = ([xs, ys], { a, b, c, d, e, f }) => [
  xs.map((x, i) => a * x + c * ys[i] + e), xs.map((x, i) => b * x + d * ys[i] + f),
];
