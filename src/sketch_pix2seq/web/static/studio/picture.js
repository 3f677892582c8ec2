// Drawings as pictures to be saved: one alone, or several in rows, as SVG, as PNG, and as far as they
// are drawn at a time.

import { boundsOf, curvesThrough, pathData } from "./strokes.js";
import { pieceOf, shareAt, timingOf } from "./timing.js";

const ALONE = { side: 1024, margin: 1024 / 24, width: 1024 / 96 };
const SHEET = { edge: 24, side: 256, gap: 24, margin: 16, width: 256 / 60 };
const PER_CURVE = 12; // points of a smooth line that is drawn in part

/** Colours of files: of what a person drew, of what the model added to it, and of paper. */
export const INK = "#111111", ADDED = "#c63f1f", PAPER = "#ffffff";

// As `animation.py` of the package writes it.
const STYLE = "@media (prefers-reduced-motion:no-preference){"
  + ".line{stroke-dasharray:1 2;animation:line linear both}.dot{animation:dot linear both}}"
  + "@keyframes line{0%{stroke-dashoffset:1;opacity:0}1%{opacity:1}100%{stroke-dashoffset:0}}"
  + "@keyframes dot{0%{opacity:0}}";

/** @typedef {import("./timing.js").Stroke} Stroke */
/** @typedef {{given?: Stroke[], drawn: Stroke[]}} Drawing What a person drew, and what the model did. */
/**
 * @typedef {object} Layout
 * @property {number} width @property {number} height In pixels.
 * @property {Cell[]} cells One for each drawing.
 * @typedef {object} Cell
 * @property {Stroke[]} strokes Where they lie on the paper.
 * @property {string[]} inks The colour of each.
 * @property {string[]} paths Path data of each.
 * @property {Stroke[]} lines The same lines as points that lie close together.
 * @property {ReturnType<typeof timingOf>} timing When each is drawn.
 * @property {number} width Of the lines.
 */

/**
 * Lay drawings on paper: one fills it, several lie in rows.
 *
 * @param {Drawing[]} drawings
 * @param {{smooth?: boolean, columns?: number, inColour?: boolean}} [options] Whether lines are curves;
 *   drawings in a row (all of them if it is left out); whether what the model added has a colour of its own.
 * @returns {Layout}
 */
export function laidOut(drawings, { smooth = false, columns = drawings.length, inColour = true } = {}) {
  const isAlone = drawings.length === 1;
  const { side, margin, width } = isAlone ? ALONE : SHEET, { edge, gap } = isAlone ? { edge: 0, gap: 0 } : SHEET;
  const across = Math.min(columns, drawings.length), down = Math.ceil(drawings.length / across);
  const length = (count) => 2 * edge + count * side + (count - 1) * gap;
  const cells = drawings.map(({ given = [], drawn }, place) => {
    const corner = [place % across, Math.floor(place / across)].map((value) => edge + value * (side + gap));
    const strokes = placed([...given, ...drawn], corner, side, margin);
    return {
      strokes, width, timing: timingOf(strokes),
      inks: strokes.map((_, stroke) => (inColour && given.length && stroke >= given.length ? ADDED : INK)),
      paths: strokes.map((stroke) => pathData(stroke, smooth)),
      lines: smooth ? strokes.map(dense) : strokes,
    };
  });
  return { width: length(across), height: length(down), cells };
}

/** A drawing fitted into a square. */
function placed(strokes, [x0, y0], side, margin) {
  const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, 0, 0];
  const extent = Math.max(right - left, bottom - top);
  const scale = extent > 0 ? (side - 2 * margin) / extent : 1;
  const dx = x0 + side / 2 - (scale * (left + right)) / 2;
  const dy = y0 + side / 2 - (scale * (top + bottom)) / 2;
  return strokes.map(([xs, ys]) => [xs.map((x) => x * scale + dx), ys.map((y) => y * scale + dy)]);
}

/** Points along the smooth line through a stroke. */
function dense([xs, ys]) {
  const line = [[xs[0]], [ys[0]]];
  curvesThrough(xs, ys).forEach(([x1, y1, x2, y2, x3, y3], i) => {
    for (let part = 1; part <= PER_CURVE; part++) {
      const t = part / PER_CURVE, s = 1 - t; // of Bernstein's polynomials
      line[0].push(s ** 3 * xs[i] + 3 * s * s * t * x1 + 3 * s * t * t * x2 + t ** 3 * x3);
      line[1].push(s ** 3 * ys[i] + 3 * s * s * t * y1 + 3 * s * t * t * y2 + t ** 3 * y3);
    }
  });
  return line;
}

/**
 * An SVG document.
 *
 * @param {Layout} layout @param {{animate?: boolean, transparent?: boolean}} [options] Whether it draws
 *   itself, all drawings at once; whether there is no paper.
 */
export function svgOf({ width, height, cells }, { animate = false, transparent = false } = {}) {
  const paper = transparent ? "" : `<rect width="${width}" height="${height}" fill="${PAPER}"/>`;
  const groups = cells.flatMap((cell) => [...new Set(cell.inks)].map((ink) => {
    const paths = cell.paths.map((path, place) => (cell.inks[place] === ink ? element(cell, path, place, animate) : ""));
    return `<g fill="none" stroke="${ink}" stroke-width="${+cell.width.toFixed(2)}"`
      + ` stroke-linecap="round" stroke-linejoin="round">${paths.join("")}</g>`;
  }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" data-strokes="whole">`,
    animate ? `<style>${STYLE}</style>` : "", paper, ...groups, "</svg>\n",
  ].join("");
}

function element({ strokes, timing: { begin, end } }, path, place, animate) {
  if (!animate) return `<path d="${path}"/>`;
  const kind = strokes[place][0].length === 1 ? "dot" : "line";
  const style = `animation-duration:${(end[place] - begin[place]).toFixed(2)}s;animation-delay:${begin[place].toFixed(2)}s`;
  return `<path class="${kind}" d="${path}" pathLength="1" style="${style}"/>`;
}

/** A sheet to paint on, as large as the paper times `scale`. @param {Layout} layout @param {number} scale */
export function canvasFor({ width, height }, scale, options) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height].map((side) => 2 * Math.round((side * scale) / 2)); // even, for films
  const pen = canvas.getContext("2d", options);
  pen.scale(scale, scale);
  pen.lineCap = pen.lineJoin = "round";
  return pen;
}

/** Paint what is drawn of some drawings between two times, in seconds. */
export function paint(pen, cells, from = -Infinity, to = Infinity) {
  for (const { inks, paths, lines, timing, width } of cells) {
    pen.lineWidth = width;
    lines.forEach((line, place) => {
      const [first, last] = [from, to].map((seconds) => shareAt(timing, place, seconds));
      if (last === 0 || first === 1) return;
      const isWhole = first === 0 && last === 1;
      pen.strokeStyle = inks[place];
      pen.stroke(new Path2D(isWhole ? paths[place] : pathData(pieceOf(line, first, last))));
    });
  }
}

/** Paint paper. */
export function paintPaper(pen, { width, height }) {
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
}

/** A PNG file. @param {Layout} layout @param {{transparent?: boolean}} [options] @returns {Promise<Blob>} */
export function pngOf(layout, { transparent = false } = {}) {
  const pen = canvasFor(layout, layout.cells.length > 1 ? 2 : 1);
  if (!transparent) paintPaper(pen, layout);
  paint(pen, layout.cells);
  return new Promise((done) => pen.canvas.toBlob(done, "image/png"));
}
