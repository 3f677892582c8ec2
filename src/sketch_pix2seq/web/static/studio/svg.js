// The visible lines of an SVG as strokes. The browser parses documents and computes styles and
// matrices, in a frame of which nothing becomes part of the page. `svg_in.py` does the same.

import { simplify } from "../sketch/simplify.js";
import { boundsOf } from "./strokes.js";
import { SvgFrame } from "./svg_frame.js";
import { drawnOnce, joined } from "./svg_lines.js";
import { findPenLines } from "./svg_pen_lines.js";
import { contrast, lineColour, visibleLines } from "./svg_visible.js";
import { SvgWalk } from "./svg_walk.js";
import { t, UserError } from "./words.js";

const EDGE_WIDTH = 4e-3; // of the drawing's longest side, at most: an area's edge has no pen
const MAX_NAMED = 4; // kinds of what was left out
const FARTHEST = 10_000; // sizes of the page: shapes farther off are left out
const TOLERANCE = 1 / 1000; // of the drawing's longest side, for leaving out points
const BORDER = 0.01; // of the page: areas whose edges are nowhere farther inside are its ground
const FRAME_CONTRAST = 96; // of 255 between a ground and its line, from which the line is a frame
const WHITE = [255, 255, 255], BLACK = [0, 0, 0];
const WHOLE_STROKES = "data-strokes"; // our own SVGs: their strokes are whole

/**
 * Read an SVG.
 *
 * @returns {{strokes: [number[], number[]][], leftOut: string}} The strokes in the order in which
 *   they are drawn, and what of the file they do not show, in words.
 */
export function strokesInSvg(text) {
  const counts = new Map();
  const leaveOut = (what, count = 1) => counts.set(what, what.startsWith("all after") ? 1 : (counts.get(what) ?? 0) + count);
  const frame = new SvgFrame(text, leaveOut);
  let strokes;
  try {
    frame.open();
    const walk = new SvgWalk(frame, leaveOut), all = walk.shapes();
    const isWhole = frame.source.hasAttribute(WHOLE_STROKES);
    for (const shape of all) shape.isGround = isPaper(shape, walk.page);
    const shapes = frame.isSized ? withinReach(all, walk.page, leaveOut) : all;
    if (!isWhole) findPenLines(shapes);
    strokes = strokesOf(shapes, walk.paper ?? WHITE, isWhole);
    if (strokes.length === 0 && !walk.paper) strokes = strokesOf(shapes, BLACK, isWhole); // white lines alone
  } finally {
    frame.close();
  }
  if (strokes.length === 0) throw new UserError(t("svgEmpty"));
  const [left, top, right, bottom] = boundsOf(strokes);
  const tolerance = TOLERANCE * Math.max(right - left, bottom - top);
  return { strokes: strokes.map((stroke) => simplify(stroke, tolerance)), leftOut: wordsOf(counts) };
}

/** Leave out shapes absurdly far from the others, beside which nothing is visible; not if all are. */
function withinReach(shapes, page, leaveOut) {
  const reach = FARTHEST * Math.max(...page.map(Math.abs));
  const near = shapes.filter((shape) => shape.isGround
    || (boundsOf([...shape.lines, ...shape.area.lines]) ?? []).every((side) => Math.abs(side) < reach));
  if (near.length === 0) return shapes;
  if (near.length < shapes.length) leaveOut("shape too far from the page", shapes.length - near.length);
  return near;
}

/** The visible lines of shapes, those in pieces joined and those drawn twice once. */
function strokesOf(shapes, paper, isWhole) {
  const visible = visibleLines(shapes, paper), [left, top, right, bottom] = boundsOf(visible.flat()) ?? [0, 0, 0, 0];
  const edgeWidth = EDGE_WIDTH * Math.max(right - left, bottom - top);
  const strokes = visible.flatMap((lines, element) => {
    const { stroke, edges, width } = shapes[element], isOfPen = stroke || edges.length > 0;
    const own = isOfPen ? width : Math.min(width, edgeWidth);
    return lines.map((line) => ({ line, element, width: own, colour: lineColour(shapes[element]) }));
  });
  return (isWhole || !strokes.length ? strokes : joined(drawnOnce(strokes))).map(({ line }) => line);
}

/** What was left out, the commonest first. */
function wordsOf(counts) {
  const kinds = [...counts].sort((a, b) => b[1] - a[1]);
  const words = kinds.slice(0, MAX_NAMED).map(([what, count]) => (count > 1 ? `${count} x ${what}` : what));
  const count = kinds.slice(MAX_NAMED).reduce((sum, [, number]) => sum + number, 0);
  const others = count ? [`${count} of other kinds`] : [];
  return [...words, ...others].join("; ");
}

/** Whether an area covers the page and shows no edge on it: it is paper. */
function isPaper({ area, fill, stroke }, [left, top, width, height]) {
  const box = boundsOf(area.lines), border = BORDER * Math.max(width, height);
  if (!box || !fill || area.clips.length || (stroke && contrast(fill, stroke) > FRAME_CONTRAST)) return false;
  const isAtBorder = (x, y) => x <= left + border || x >= left + width - border
    || y <= top + border || y >= top + height - border;
  return box[0] <= left + border && box[1] <= top + border && box[2] >= left + width - border
    && box[3] >= top + height - border && area.lines.every(([xs, ys]) => xs.every((x, i) => isAtBorder(x, ys[i])));
}
