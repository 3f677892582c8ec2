// Making strokes of lines one pixel wide: straight on through junctions, over small gaps.
// `tracing.py` has the same in numpy.

import { meetingPoint } from "./centre_lines.js";
import { dot, from, LineGraph, link } from "./line_graph.js";
import { median } from "./statistics.js";

/** @typedef {import("./centre_lines.js").Line} Line */
/** @typedef {import("./line_graph.js").End} End */
/** @typedef {import("./line_graph.js").Edge} Edge */
/** @typedef {import("./line_graph.js").Heading} Heading */
/** @typedef {Map<End, Heading>} Headings Of ends that meet others at a node. */

const GAP = 1.5; // of the width: wider gaps are the drawer's
const FACING = -0.8; // cosine between two lines' headings at a gap
const STRAIGHT_ON = -0.35; // cosine between two headings at a node: at most 70 degrees of turn
const LEFT_OVER = 0.5; // of the width: pieces between junctions that reach no farther beyond them
const CORNER = 2.2; // times the distance to the edge: how far off the corner of two lines may be
const TURN = -0.94; // cosine between two headings at a node beyond which there is no corner

/**
 * Walk along lines one pixel wide, straight on through junctions.
 *
 * @param {Float32Array} distance 0 off the lines; on them the distance to the edge of the ink.
 * @param {number} width Of the picture.
 * @returns {Line[]} Long lines first; a lone pixel is a line of one point.
 */
export function walkLines(distance, width) {
  const graph = new LineGraph(distance, width), ends = graph.ends();
  /** @type {Headings} */
  const nodeHeadings = new Map();
  for (const meeting of ends.values()) join(graph, meeting, nodeHeadings);
  bridgeGaps(graph);
  const lines = walkAll(graph, ends, nodeHeadings);
  const { xs, ys } = graph.pixels;
  for (const at of graph.dots) lines.push({ xs: [xs[at]], ys: [ys[at]], radii: [1] });
  return lines.sort((a, b) => b.xs.length - a.xs.length);
}

/** At a node join the two ends that go on most straightly, then the next two. */
function join(
  /** @type {LineGraph} */ graph, /** @type {End[]} */ meeting,
  /** @type {Headings} */ nodeHeadings,
) {
  const open = meeting.filter(({ edge, side }) => edge.next[side] === null);
  if (open.length < 2) return;
  const out = open.map((end) => graph.heading(end));
  open.forEach((end, i) => nodeHeadings.set(end, out[i]));
  const isCorner = open.length === 2, free = new Set(open.keys()), pairs = [];
  for (const a of open.keys()) {
    for (let b = 0; b < a; b++) pairs.push({ turn: dot(out[a].direction, out[b].direction), a, b });
  }
  for (const { turn, a, b } of pairs.sort((p, q) => p.turn - q.turn)) {
    if (!free.has(a) || !free.has(b) || !(turn < STRAIGHT_ON || isCorner)) continue;
    free.delete(a);
    free.delete(b);
    link(open[a], open[b]);
  }
}

/** Join loose ends that face each other across a gap narrower than their mean width. */
function bridgeGaps(/** @type {LineGraph} */ graph) {
  const loose = graph.edges.flatMap((edge) => edge.ends)
    .filter(({ edge, side }) => !edge.next[side])
    .map((end) => {
      const at = end.side === 0 ? 0 : end.edge.xs.length - 1;
      return { end, x: end.edge.xs[at], y: end.edge.ys[at], reach: GAP * end.edge.width + 1 };
    }).sort((a, b) => a.x - b.x);
  const pairs = [];
  const most = loose.reduce((largest, { reach }) => Math.max(largest, reach), 0);
  for (const [a, one] of loose.entries()) {
    for (let b = a + 1; b < loose.length && loose[b].x <= one.x + most; b++) {
      const apart = Math.hypot(loose[b].x - one.x, loose[b].y - one.y);
      if (2 * apart <= one.reach + loose[b].reach) pairs.push({ apart, one, other: loose[b] });
    }
  }
  for (const { apart, one, other } of pairs.sort((p, q) => p.apart - q.apart)) {
    const { end } = one, { end: far } = other;
    if (end.edge.next[end.side] || far.edge.next[far.side] || end.edge === far.edge) continue;
    const out = graph.heading(end).direction, back = graph.heading(far).direction;
    const size = Math.max(apart, 1e-9);
    /** @type {[number, number]} */
    const across = [(other.x - one.x) / size, (other.y - one.y) / size];
    const isAcross = -dot(out, across) > 0.5 && dot(back, across) > 0.5;
    if (isAcross && dot(out, back) < FACING) link(end, far);
  }
}

/** Follow joined edges from each loose end, then round what is left: loops. */
function walkAll(
  /** @type {LineGraph} */ graph, /** @type {Map<number, End[]>} */ ends,
  /** @type {Headings} */ nodeHeadings,
) {
  /** @type {Line[]} */
  const lines = [], every = graph.edges.flatMap((edge) => edge.ends);
  const starts = every.filter(({ edge, side }) => edge.next[side] === null);
  for (const start of [...starts, ...graph.edges.map((edge) => edge.ends[0])]) {
    if (start.edge.isUsed) continue;
    const path = pathFrom(start), line = lineOf(path, graph, nodeHeadings);
    const isLeftOver = path.length > 1 ? extent(line) < median(line.radii)
      : isWithinOthers(path[0].edge, graph, ends);
    if (!isLeftOver) lines.push(line);
  }
  return lines;
}

/** The longer side of a line's box. @param {Line} line */
function extent({ xs, ys }) {
  const sides = [xs, ys].map((values) => {
    let low = Infinity, high = -Infinity;
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return high - low;
  });
  return Math.max(...sides);
}

/** Edges that are joined, each with the side at which it is entered. @param {End} start */
function pathFrom(start) {
  const path = [];
  for (let end = /** @type {End | null} */ (start); end && !end.edge.isUsed;) {
    path.push(end);
    end.edge.isUsed = true;
    end = end.edge.next[1 - end.side];
  }
  return path;
}

/** Whether a lone piece lies within the ink of the lines that it touches, or nearly so. */
function isWithinOthers(
  /** @type {Edge} */ edge, /** @type {LineGraph} */ graph, /** @type {Map<number, End[]>} */ ends,
) {
  if (edge.next[0]) return false;
  const isInner = edge.nodes.map((node) => (ends.get(node)?.length ?? 0) > 2);
  if (!isInner[0] && !isInner[1]) return false;
  const covered = edge.nodes.reduce(
    (sum, node, i) => sum + (isInner[i] ? graph.radius(node) : 0), 0);
  const beyond = isInner[0] && isInner[1] ? 0
    : isInner[0] ? edge.radii[edge.radii.length - 1] : edge.radii[0];
  return edge.length + beyond < covered + LEFT_OVER * 2 * edge.radius;
}

/** The points of joined edges, without the bent ones where they meet, with the corners there. */
function lineOf(
  /** @type {End[]} */ path, /** @type {LineGraph} */ graph, /** @type {Headings} */ nodeHeadings,
) {
  /** @type {Line} */
  const line = { xs: [], ys: [], radii: [] };
  for (const { edge, side } of path) {
    const entry = edge.ends[side], exit = edge.ends[1 - side], after = edge.next[1 - side];
    const size = edge.xs.length;
    const headingIn = nodeHeadings.get(entry), headingOn = nodeHeadings.get(exit);
    let first = edge.next[side] && headingIn ? headingIn.start : 0;
    let last = after && headingOn ? headingOn.start : 0;
    if (first + last >= size) {
      first = Math.min(first, size >> 1);
      last = Math.max(0, size - first - 1);
    }
    for (const kind of /** @type {const} */ (["xs", "ys", "radii"])) {
      const values = from(edge[kind], side);
      for (let i = first; i < size - last; i++) line[kind].push(values[i]);
    }
    const headingAfter = after && nodeHeadings.get(after);
    if (headingOn && headingAfter) {
      const corner = cornerOf(headingOn, headingAfter, graph.radius(edge.nodes[1 - side]));
      if (corner) add(line, corner[0], corner[1], line.radii[line.radii.length - 1]);
    }
  }
  const { edge, side } = path[path.length - 1];
  if (edge.next[1 - side]) add(line, line.xs[0], line.ys[0], line.radii[0]); // closed
  return line;
}

/** @param {Line} line @param {number} x @param {number} y @param {number} radius */
function add(line, x, y, radius) {
  line.xs.push(x);
  line.ys.push(y);
  line.radii.push(radius);
}

/** Where two lines meet if they go on straight; null where they have no corner close by. */
function cornerOf(
  /** @type {Heading} */ one, /** @type {Heading} */ other, /** @type {number} */ radius,
) {
  const isDot = [one, other].some(({ direction: [x, y] }) => !x && !y);
  if (isDot || dot(one.direction, other.direction) < TURN) return null;
  const [ahead, back] = [one, other].map(({ direction: [x, y] }) =>
    /** @type {[number, number]} */ ([-x, -y]));
  return meetingPoint(one.point, ahead, other.point, back, CORNER * radius + 2);
}
