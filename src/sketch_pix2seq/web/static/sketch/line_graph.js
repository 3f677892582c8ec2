// Lines one pixel wide as a graph: chains of pixels between ends and junctions. Where exactly two
// neighbours meet, a line goes on; everywhere else is a node. Hairs are cut, and junctions in the
// same ink become one node. `line_graph.py` has the same in numpy.
//
// A junction is a pixel, given by its number, where a chain ends. A node is what edges have in
// common at their ends: one junction, or several in the same ink; it has the number of one of them.
// `parents` has for each node that became part of another one this other node, and is followed to
// the last one (a union-find forest).

import { DrawingError } from "./errors.js";
import { inkWidth } from "./morphology.js";
import { median } from "./statistics.js";

/** @typedef {import("./centre_lines.js").Point} Point */
/** @typedef {{edge: Edge, side: 0 | 1}} End An edge and one of its sides. */
/**
 * How an edge leaves its node: the first of its points that are not bent towards the junction,
 * where that is, and the direction from there.
 * @typedef {{start: number, point: Point, direction: Point}} Heading
 */
/**
 * The pixels of lines: places, distances to the edge, neighbours of all one after the other.
 * @typedef {object} Pixels
 * @property {number[]} xs
 * @property {number[]} ys
 * @property {number[]} radii
 * @property {number[][]} neighbours
 */

const MAX_EDGES = 40_000;
const HAIR = 0.5; // of the width of the line at a junction: what ends sooner is no line
const PINHOLE = 2.5; // of the width: the length of a loop round a hole that no pen leaves
const CROSSING = 5; // of the width: the longest piece that lines share which cross at a small angle
const ON_COURSE = 0.85; // cosine of the largest turn of such lines
const SPIKE = 2; // of the width: how long a point is to which a line goes, and back
const SPIKE_SIDES = 0.3; // smallest cosine between both sides of a spike
const NEAR = 0.3; // of the distance to the edge: a line this close to its junction is bent
const TANGENT = 2; // of the width: the length over which a line's direction is measured
const MIN_TANGENT = 6; // pixels: the same

/** A chain of pixels between two nodes. */
export class Edge {
  /**
   * @param {number[]} xs @param {number[]} ys @param {number[]} radii @param {number[]} nodes
   * @param {number} length
   */
  constructor(xs, ys, radii, nodes, length) {
    this.xs = xs;
    this.ys = ys;
    this.radii = radii;
    this.nodes = nodes;
    this.length = length;
    /** @type {[End, End]} */
    this.ends = [{ edge: this, side: 0 }, { edge: this, side: 1 }];
    /** At each side, where the line goes on. @type {[End | null, End | null]} */
    this.next = [null, null];
    this.isUsed = false;
    this._radius = 0;
  }

  /** Half the median width of the ink along it, and half a pixel. */
  get radius() {
    this._radius ||= median(this.radii);
    return this._radius;
  }

  /** The median width of the ink along it. */
  get width() {
    return Math.max(inkWidth(this.radius), 1);
  }
}

/** Let a line go on from one end to the other. @param {End} one @param {End} other */
export function link(one, other) {
  one.edge.next[one.side] = other;
  other.edge.next[other.side] = one;
}

/** Values from one side of an edge. @param {number[]} values @param {number} side */
export const from = (values, side) => (side === 0 ? values : values.toReversed());

/** @param {Point} one @param {Point} other */
export const dot = (one, other) => one[0] * other[0] + one[1] * other[1];

export class LineGraph {
  /** @param {Float32Array} distance 0 off the lines. @param {number} width Of the picture. */
  constructor(distance, width) {
    const pixels = pixelsOf(distance, width);
    this.pixels = pixels;
    this.width = pixels.radii.length ? Math.max(inkWidth(median(pixels.radii)), 1) : 1;
    this.edges = edgesOf(pixels);
    this.dots = [...pixels.neighbours.keys()].filter((at) => pixels.neighbours[at].length === 0);
    /** The junctions that each node is made of. @type {Map<number, number[]>} */
    this.junctions = new Map();
    this._cutHairs();
    this._cutHairs(); // a hair may stand on a hair
    this._foldBridges();
    this._foldCrossings();
    this._foldCrossings();
    this._foldSpikes();
  }

  /** Ends of edges at each node. */
  ends() {
    /** @type {Map<number, End[]>} */
    const ends = new Map();
    for (const edge of this.edges) {
      for (const end of edge.ends) listed(ends, edge.nodes[end.side]).push(end);
    }
    return ends;
  }

  /** Largest distance to the edge of the ink at the junctions of a node. @param {number} node */
  radius(node) {
    return Math.max(...listed(this.junctions, node).map((at) => this.pixels.radii[at]));
  }

  /** How an edge leaves its node. @param {End} end @returns {Heading} */
  heading({ edge, side }) {
    const { xs: placesX, ys: placesY, radii } = this.pixels;
    const junctions = listed(this.junctions, edge.nodes[side]), size = edge.xs.length;
    const x = (/** @type {number} */ i) => edge.xs[side === 0 ? i : size - 1 - i];
    const y = (/** @type {number} */ i) => edge.ys[side === 0 ? i : size - 1 - i];
    const limit = Math.min(Math.trunc(4 * this.radius(edge.nodes[side])) + 20, size);
    const isClear = (/** @type {number} */ i) => junctions.every((at) =>
      Math.hypot(x(i) - placesX[at], y(i) - placesY[at]) > NEAR * radii[at]);
    let start = 0;
    while (start < limit && !isClear(start)) start++;
    if (start === limit) start = limit - 1;
    const reach = Math.trunc(Math.max(TANGENT * edge.width, MIN_TANGENT));
    const last = Math.min(start + reach, size - 1);
    // of an edge that ends close to its node nothing but where it ends is known
    const origin = last - start >= 3 ? [x(start), y(start)] : [placesX, placesY].map(
      (values) => junctions.reduce((sum, at) => sum + values[at], 0) / junctions.length);
    let direction = [x(last) - origin[0], y(last) - origin[1]];
    if (!direction[0] && !direction[1]) direction = [x(size - 1) - x(0), y(size - 1) - y(0)];
    const length = Math.hypot(direction[0], direction[1]) || 1;
    return {
      start, point: [x(start), y(start)], direction: [direction[0] / length, direction[1] / length],
    };
  }

  _cutHairs() {
    const ends = this.ends(), { radii } = this.pixels;
    const kept = this.edges.filter((edge) => {
      const inner = [0, 1].filter((side) => listed(ends, edge.nodes[side]).length > 2);
      if (inner.length !== 1) return true;
      const base = radii[edge.nodes[inner[0]]];
      const tip = inner[0] === 0 ? edge.radii[edge.radii.length - 1] : edge.radii[0];
      return edge.length + tip >= base + 2 * HAIR * base;
    });
    const used = new Set(kept.flatMap((edge) => edge.nodes));
    for (const [node, meeting] of ends) { // what had hairs alone is a dot
      if (meeting.length > 2 && !used.has(node)) this.dots.push(node);
    }
    this.edges = merged(kept);
  }

  /** Make junctions one node that lie in the same ink. */
  _foldBridges() {
    const ends = this.ends(), { radii } = this.pixels;
    /** @type {Map<number, number>} */
    const parents = new Map();
    const kept = [];
    for (const edge of this.edges.toSorted((a, b) => a.length - b.length)) {
      const [first, last] = edge.nodes;
      const isBridge = listed(ends, first).length > 2 && listed(ends, last).length > 2;
      const one = nodeOf(parents, first), other = nodeOf(parents, last);
      const reach = one === other ? PINHOLE * this.width
        : Math.max(radii[first] + radii[last], this.width / 2);
      if (!isBridge || edge.length >= reach) kept.push(edge);
      else if (one !== other) parents.set(one, other);
    }
    for (const node of ends.keys()) listed(this.junctions, nodeOf(parents, node)).push(node);
    this.edges = kept;
    this._rename(parents);
  }

  /** Make two junctions one node where two lines cross at a small angle. */
  _foldCrossings() {
    const ends = this.ends(), used = new Set();
    /** @type {Map<number, number>} */
    const parents = new Map();
    for (const edge of this.edges.toSorted((a, b) => a.length - b.length)) {
      if (edge.length > CROSSING * edge.width + 2) break;
      const [one, other] = edge.nodes;
      if (one === other || parents.has(one) || parents.has(other) || used.has(one)) continue;
      const [before, after] = [one, other].map((node) =>
        listed(ends, node).filter((end) => end.edge !== edge));
      if (before.length !== 2 || after.length !== 2 || !this._isCrossing(before, after)) continue;
      parents.set(other, one);
      used.add(one);
      listed(this.junctions, one).push(...listed(this.junctions, other));
      this.junctions.delete(other);
      edge.isUsed = true;
    }
    this.edges = this.edges.filter((edge) => !edge.isUsed);
    this._rename(parents);
  }

  /** Whether two lines go on without a turn from two edges to two others. */
  _isCrossing(/** @type {End[]} */ before, /** @type {End[]} */ after) {
    const incoming = before.map((end) => this.heading(end));
    const outgoing = after.map((end) => this.heading(end));
    const course = (/** @type {Heading} */ one, /** @type {Heading} */ other) => {
      const x = other.point[0] - one.point[0], y = other.point[1] - one.point[1];
      const size = Math.max(Math.hypot(x, y), 1e-9);
      return Math.min(
        -dot(one.direction, [x / size, y / size]), dot(other.direction, [x / size, y / size]));
    };
    const straight = [0, 1].map((k) =>
      Math.min(course(incoming[0], outgoing[k]), course(incoming[1], outgoing[1 - k])));
    return Math.max(...straight) > ON_COURSE;
  }

  /** Where a line goes to a point and back, join it there: both ways are one line. */
  _foldSpikes() {
    const ends = this.ends(), spikes = [];
    for (const [node, meeting] of ends) {
      if (meeting.length !== 3) continue;
      for (const end of meeting) {
        const { edge: stub, side } = end, [one, other] = meeting.filter((rest) => rest !== end);
        const longest = SPIKE * stub.width + this.radius(node);
        if (listed(ends, stub.nodes[1 - side]).length > 1 || stub.length > longest) continue;
        if (one.edge === other.edge || !this._isSpike(end, one, other)) continue;
        const [xs, ys, radii] = [stub.xs, stub.ys, stub.radii].map((values) => {
          const out = from(values, side);
          return out.concat(out.slice(0, -1).reverse());
        });
        const both = new Edge(xs, ys, radii, [node, node], 2 * stub.length);
        link(one, both.ends[0]);
        link(both.ends[1], other);
        stub.isUsed = true;
        spikes.push(both);
        break;
      }
    }
    this.edges = [...this.edges.filter((edge) => !edge.isUsed), ...spikes];
  }

  /** @param {End} stub @param {End} one @param {End} other */
  _isSpike(stub, one, other) {
    const [ahead, left, right] = [stub, one, other].map((end) => this.heading(end).direction);
    return dot(left, right) > SPIKE_SIDES && Math.max(dot(left, ahead), dot(right, ahead)) < -0.3;
  }

  /** @param {Map<number, number>} parents */
  _rename(parents) {
    for (const edge of this.edges) edge.nodes = edge.nodes.map((node) => nodeOf(parents, node));
  }
}

/**
 * The list of a key, which is made where there is none.
 *
 * @template Item @param {Map<number, Item[]>} lists @param {number} key
 */
function listed(lists, key) {
  let list = lists.get(key);
  if (!list) lists.set(key, (list = []));
  return list;
}

/**
 * The node that a node has become part of, or itself.
 *
 * @param {Map<number, number>} parents @param {number} node
 */
function nodeOf(parents, node) {
  for (let next = parents.get(node); next !== undefined; next = parents.get(node)) node = next;
  return node;
}

/** Link pixels that touch: diagonal ones where no pixel beside links both. @returns {Pixels} */
function pixelsOf(/** @type {Float32Array} */ distance, /** @type {number} */ width) {
  const stride = width + 2, rows = distance.length / width + 2;
  const numbers = new Int32Array(stride * rows).fill(-1), places = [];
  /** @type {Pixels} */
  const pixels = { xs: [], ys: [], radii: [], neighbours: [] };
  for (let at = 0; at < distance.length; at++) {
    if (!distance[at]) continue;
    const x = at % width, y = Math.floor(at / width), place = (y + 1) * stride + x + 1;
    numbers[place] = places.length;
    places.push(place);
    pixels.xs.push(x + 0.5);
    pixels.ys.push(y + 0.5);
    pixels.radii.push(distance[at]);
  }
  const around = [[1, 0], [0, 1], [1, 1], [-1, 1], [-1, 0], [0, -1], [-1, -1], [1, -1]];
  for (const place of places) {
    const neighbours = [];
    for (const [dx, dy] of around) {
      const there = numbers[place + dy * stride + dx];
      const isLinked = !dx || !dy || (numbers[place + dx] < 0 && numbers[place + dy * stride] < 0);
      if (there >= 0 && isLinked) neighbours.push(there);
    }
    pixels.neighbours.push(neighbours);
  }
  return pixels;
}

/** Cut the graph into chains between nodes; loops without a node are opened anywhere. */
function edgesOf(/** @type {Pixels} */ { xs, ys, radii, neighbours }) {
  const isInner = neighbours.map((beside) => beside.length === 2);
  const pieces = neighbours.reduce(
    (sum, beside) => sum + (beside.length === 2 ? 0 : beside.length), 0);
  if (pieces > 2 * MAX_EDGES) {
    throw new DrawingError("a picture must show clean lines", { got: `over ${MAX_EDGES} pieces` });
  }
  const visited = new Uint8Array(neighbours.length);
  /** @type {Edge[]} */
  const edges = [];
  const follow = (/** @type {number} */ start, /** @type {number} */ at) => {
    const chain = [start, at];
    let length = Math.hypot(xs[at] - xs[start], ys[at] - ys[start]);
    for (let before = start; isInner[at] && at !== start;) {
      visited[at] = 1;
      const [one, other] = neighbours[at], next = one === before ? other : one;
      length += Math.hypot(xs[next] - xs[at], ys[next] - ys[at]);
      [before, at] = [at, next];
      chain.push(at);
    }
    const of = (/** @type {number[]} */ values) => chain.map((pixel) => values[pixel]);
    edges.push(new Edge(of(xs), of(ys), of(radii), [start, at], length));
  };
  for (const [node, beside] of neighbours.entries()) {
    if (isInner[node]) continue;
    for (const next of beside) {
      // each edge is walked from one of its ends only
      if (!visited[next] && (isInner[next] || node < next)) follow(node, next);
    }
  }
  for (const [node, [next]] of neighbours.entries()) {
    if (!isInner[node] || visited[node]) continue;
    visited[node] = 1;
    follow(node, next);
  }
  return edges;
}

/** Make one edge of two that meet where nothing else does. @param {Edge[]} edges */
function merged(edges) {
  /** @type {Map<number, Map<Edge, 0 | 1>>} */
  const ends = new Map();
  /** @type {Map<number, number>} */
  const counts = new Map();
  const endsAt = (/** @type {number} */ node) => {
    if (!ends.has(node)) ends.set(node, new Map());
    return /** @type {Map<Edge, 0 | 1>} */ (ends.get(node));
  };
  for (const edge of edges) {
    for (const { side } of edge.ends) {
      endsAt(edge.nodes[side]).set(edge, side);
      counts.set(edge.nodes[side], (counts.get(edge.nodes[side]) ?? 0) + 1);
    }
  }
  const alive = new Set(edges);
  for (const [node, count] of counts) {
    if (count !== 2 || endsAt(node).size !== 2) continue; // the latter: a loop
    const [[one, side], [other, farSide]] = endsAt(node);
    const [xs, ys, radii] = /** @type {const} */ (["xs", "ys", "radii"]).map((kind) =>
      from(one[kind], 1 - side).concat(from(other[kind], farSide).slice(1)));
    const nodes = [one.nodes[1 - side], other.nodes[1 - farSide]];
    const both = new Edge(xs, ys, radii, nodes, one.length + other.length);
    for (const edge of [one, other]) {
      alive.delete(edge);
      for (const at of edge.nodes) endsAt(at).delete(edge);
    }
    alive.add(both);
    for (const end of both.ends) endsAt(nodes[end.side]).set(both, end.side);
  }
  return [...alive];
}
