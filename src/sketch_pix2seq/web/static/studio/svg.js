// The lines of an SVG: read by the browser's own parser, walked along by its own paths. Nothing of
// the file becomes part of the page: shapes are written anew as path data.

import { simplify } from "../sketch/simplify.js";
import { boundsOf } from "./strokes.js";
import { t, Trouble } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_STROKES = 5_000;
const MOST_ELEMENTS = 50_000; // that are looked at, those that are used again included
const MOST_DEPTH = 30; // of elements in each other
const PER_STROKE = 300; // points along a stroke
const TOLERANCE = 1 / 1000; // of the drawing's side, for leaving out points
const UNSHOWN = new Set(["defs", "symbol", "clipPath", "mask", "pattern", "marker", "filter", "text", "style",
  "script", "title", "desc", "metadata", "foreignObject", "image", "linearGradient", "radialGradient"]);
const NUMBER = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?";
const MOVE = new RegExp(`^m[\\s,]*(${NUMBER})[\\s,]*(${NUMBER})[\\s,]*`, "i");
const INHERITED = ["stroke", "fill", "visibility"];

/** The strokes of an SVG, in the order in which they are drawn. */
export function strokesInSvg(text) {
  // under another name, as the page's policy forbids the parser to look at inline styles
  const plain = text.replace(/(\s)style(\s*=)/g, "$1data-style$2").replace(/(<\/?)style\b/g, "$1metadata");
  const root = new DOMParser().parseFromString(plain, "image/svg+xml").documentElement;
  if (root.localName !== "svg") {
    throw new Trouble(t("svgDamaged"));
  }
  const reading = { rules: rulesOf(root), strokes: [], left: MOST_ELEMENTS }, { strokes } = reading;
  walk(root, { matrix: new DOMMatrix(), look: {}, depth: 0 }, reading);
  if (strokes.length === 0) throw new Trouble(t("svgEmpty"));
  const [left, top, right, bottom] = boundsOf(strokes);
  const tolerance = TOLERANCE * Math.max(right - left, bottom - top);
  return strokes.map((stroke) => simplify(stroke, tolerance));
}

/** The rules of its style sheets that are of one kind of elements, [selector, declarations]. */
function rulesOf(root) {
  const sheets = [...root.querySelectorAll("metadata")].map((sheet) => sheet.textContent);
  return [...sheets.join("").matchAll(/([^{}]+)\{([^{}]*)\}/g)].map(([, selector, text]) =>
    [selector.trim(), declarations(text)]);
}

/** What a style says, by name. */
const declarations = (text) => Object.fromEntries(
  text.split(";").map((one) => one.split(":").map((part) => part.trim())).filter((one) => one.length === 2));

function walk(element, { matrix: outer, look: above, depth }, reading) {
  if (element.namespaceURI !== SVG || UNSHOWN.has(element.localName) || depth > MOST_DEPTH) return;
  if (reading.left-- <= 0 || reading.strokes.length >= MOST_STROKES) return;
  const own = ownLook(element, reading.rules), look = { ...above };
  if (own.display === "none") return;
  for (const name of INHERITED) look[name] = own[name] || above[name];
  const change = element.transform?.baseVal.consolidate()?.matrix;
  const matrix = change ? outer.multiply(DOMMatrix.fromMatrix(change)) : outer;
  const inner = { matrix, look, depth: depth + 1 };
  if (element.localName === "use") {
    const id = (element.getAttribute("href") ?? element.getAttribute("xlink:href") ?? "").slice(1);
    const used = id && element.ownerDocument.getElementById(id);
    if (!used) return;
    inner.matrix = matrix.translate(number(element, "x"), number(element, "y"));
    for (const part of used.localName === "symbol" ? used.children : [used]) walk(part, inner, reading);
    return;
  }
  if (isDrawn(look)) {
    for (const data of pathsOf(element)) reading.strokes.push(...strokesAlong(data, matrix));
  }
  if (depth > 0 && element.localName === "svg") inner.matrix = withinViewport(element, matrix);
  for (const child of element.children) walk(child, inner, reading);
}

/** How an element itself is to look. */
function ownLook(element, rules) {
  const look = {};
  for (const name of [...INHERITED, "display"]) look[name] = element.getAttribute(name);
  for (const [selector, said] of rules) if (isMeant(element, selector)) Object.assign(look, said);
  return Object.assign(look, declarations(element.getAttribute("data-style") ?? ""));
}

function isMeant(element, selector) {
  try {
    return element.matches(selector);
  } catch {
    return false; // no selector
  }
}

const number = (element, name) => parseFloat(element.getAttribute(name)) || 0;

/** Whether something is drawn with a pen; a light area without an edge is paper. */
function isDrawn({ stroke, fill = "black", visibility }) {
  if (visibility === "hidden" || visibility === "collapse") return false;
  if (stroke && stroke !== "none" && stroke !== "transparent") return true;
  return !/^(none|transparent|white|#fff(fff)?|rgb\(255, ?255, ?255\))$/i.test(fill);
}

/** Where a picture in a picture lies. */
function withinViewport(element, matrix) {
  const moved = matrix.translate(number(element, "x"), number(element, "y"));
  const [x, y, width, height] = (element.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  if (!(width > 0 && height > 0)) return moved;
  const scale = Math.min(
    (number(element, "width") || width) / width, (number(element, "height") || height) / height,
  );
  return moved.scale(scale).translate(-x, -y);
}

/** What an element draws, as path data: each piece by itself. */
function pathsOf(element) {
  const [x, y, width, height, rx, ry] = ["x", "y", "width", "height", "rx", "ry"].map((name) => number(element, name));
  switch (element.localName) {
    case "path": return [element.getAttribute("d") ?? ""];
    case "line": return [
      `M${number(element, "x1")} ${number(element, "y1")}L${number(element, "x2")} ${number(element, "y2")}`,
    ];
    case "polyline": case "polygon": {
      const points = (element.getAttribute("points") ?? "").trim();
      return points ? [`M${points}${element.localName === "polygon" ? "Z" : ""}`] : [];
    }
    case "rect": return width > 0 && height > 0 ? [`M${x} ${y}h${width}v${height}h${-width}Z`] : [];
    case "circle": return [oval(number(element, "cx"), number(element, "cy"), number(element, "r"))];
    case "ellipse": return [oval(number(element, "cx"), number(element, "cy"), rx, ry)];
    default: return [];
  }
}

const oval = (x, y, rx, ry = rx) =>
  `M${x - rx} ${y}a${rx} ${ry} 0 1 1 ${2 * rx} 0a${rx} ${ry} 0 1 1 ${-2 * rx} 0`;

/** The strokes of path data: one after each move of the lifted pen. */
function strokesAlong(data, matrix) {
  const path = document.createElementNS(SVG, "path"), strokes = [];
  let pen = { x: 0, y: 0 };
  for (const piece of data.split(/(?=m)/i)) {
    const found = MOVE.exec(piece);
    if (!found || strokes.length >= MOST_STROKES) continue;
    const isRelative = piece[0] === "m", rest = piece.slice(found[0].length);
    const start = {
      x: Number(found[1]) + (isRelative ? pen.x : 0), y: Number(found[2]) + (isRelative ? pen.y : 0),
    };
    const goesOn = /^[-+.\d]/.test(rest) ? (isRelative ? "l" : "L") : "";
    path.setAttribute("d", `M${start.x} ${start.y}${goesOn}${rest}`);
    const length = path.getTotalLength();
    pen = /z\s*$/i.test(rest) ? start : path.getPointAtLength(length);
    if (!rest.trim()) continue;
    const count = length > 0 ? Math.min(PER_STROKE, Math.max(8, Math.ceil(length))) : 0;
    const stroke = [[], []];
    for (let i = 0; i <= count; i++) {
      const { x, y } = path.getPointAtLength(count && (length * i) / count);
      stroke[0].push(matrix.a * x + matrix.c * y + matrix.e);
      stroke[1].push(matrix.b * x + matrix.d * y + matrix.f);
    }
    strokes.push(stroke);
  }
  return strokes;
}
