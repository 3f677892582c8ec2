// Lines of an SVG: one of those drawn twice, and joining those in pieces. `io/svg/lines.py` does the same.

import { boundsOf } from "./strokes.js";

const MEETING = 5e-4; // of the longest side: ends that are so near meet
const MEETING_WIDTH = 0.2; // and of the line's width
const SAME_WIDTH = 1.5; // times as wide: still the same pen
const STRAIGHT_ON = -0.5; // cosine: at most 60 degrees of turn where more than two lines meet
const MAX_MEETING = 16; // ends
const SAMPLES = 24; // of a line that is compared with another
const LEAST = 1e-4; // of the longest side: lines so near are one
const MAX_NEAR = 8; // lines in a cell that another is compared with

/**
 * A line as it is drawn: with a pen of some colour and width, by some element.
 *
 * @typedef {{line: [number[], number[]], colour: number[], width: number, element: number}} Stroke
 */

/**
 * Leave out a line that is drawn over another one: it is nowhere a line's width from it. Lines of
 * one element may be two widths apart: hand-drawn styles draw each line twice.
 *
 * @param {Stroke[]} strokes
 */
export function drawnOnce(strokes) {
  const extent = extentOf(strokes), cells = new Map(), distinct = [];
  const reach = Math.max(2 * medianWidth(strokes), LEAST * extent, 1e-9);
  for (const stroke of strokes) {
    const box = boundsOf([stroke.line]).map((value) => value / (2 * reach));
    const near = Array.from({ length: 16 }, (_, corner) => cells.get(keyOf(box.map((value, side) =>
      value - 0.5 + ((corner >> side) & 1)))) ?? []).flatMap((cell) => cell.slice(-MAX_NEAR));
    if (near.some((other) => isOver(stroke, other, extent))) continue;
    const key = keyOf(box);
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(stroke);
    distinct.push(stroke);
  }
  return distinct;
}

const keyOf = (place) => place.map(Math.floor).join(" ");

/** Whether two lines are drawn over each other. */
function isOver(first, second, extent) {
  const isOneElement = first.element === second.element, least = LEAST * extent;
  const reach = isSameColour(first, second) ? Math.max(Math.min(first.width, second.width) * (isOneElement ? 2 : 1), least) : least;
  const [ends, others] = [first, second].map(({ line }) => [0, -1].map((at) => line.map((values) => values.at(at))));
  const gap = ([x, y], [u, v]) => Math.max(Math.abs(x - u), Math.abs(y - v));
  const apart = Math.min(...[[0, 1], [1, 0]].map(([first, last]) =>
    Math.max(gap(ends[0], others[first]), gap(ends[1], others[last]))));
  const areClosed = gap(...ends) <= reach && gap(...others) <= reach;
  if (apart > 1.5 * reach && !areClosed) return false;
  return isWithin(first.line, second.line, reach) && isWithin(second.line, first.line, reach);
}

/** Whether samples of a line are nowhere farther than that from another line. */
function isWithin([xs, ys], [us, vs], reach) {
  const last = us.length - 1;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = (sample / (SAMPLES - 1)) * (xs.length - 1), i = Math.floor(at), next = Math.min(i + 1, xs.length - 1);
    const x = xs[i] + (at - i) * (xs[next] - xs[i]), y = ys[i] + (at - i) * (ys[next] - ys[i]);
    let isNear = false;
    for (let j = 0; j < Math.max(last, 1) && !isNear; j++) {
      const end = Math.min(j + 1, last), [dx, dy] = [us[end] - us[j], vs[end] - vs[j]];
      const along = ((x - us[j]) * dx + (y - vs[j]) * dy) / Math.max(dx * dx + dy * dy, 1e-300);
      const share = Math.min(Math.max(along, 0), 1);
      isNear = Math.hypot(x - us[j] - share * dx, y - vs[j] - share * dy) <= reach;
    }
    if (!isNear) return false;
  }
  return true;
}

/**
 * Make one line of those that meet end to end and are drawn with the same pen. Where two ends meet
 * they are joined; where more do, those that go on most straightly.
 *
 * @param {Stroke[]} strokes
 */
export function joined(strokes) {
  const cell = Math.max(MEETING * extentOf(strokes), MEETING_WIDTH * medianWidth(strokes), 1e-12);
  const following = new Map(); // of ends: 2 x number of the stroke, + 1 at its end
  for (const ends of meetingsOf(strokes, cell)) {
    for (const [end, other] of pairsOf(strokes, ends)) following.set(end, other).set(other, end);
  }
  const isUsed = strokes.map(() => false), chains = [], all = strokes.flatMap((_, i) => [2 * i, 2 * i + 1]);
  for (const start of [...all.filter((end) => !following.has(end)), ...all]) {
    let walked = [];
    for (let end = start; end !== undefined && !isUsed[end >> 1]; end = following.get(end ^ 1)) {
      isUsed[end >> 1] = true;
      walked.push(end);
    }
    if (!walked.length) continue;
    const first = walked.reduce((least, end) => Math.min(least, end));
    if (first & 1) walked = walked.reverse().map((end) => end ^ 1); // the first line goes as it was drawn
    const parts = walked.map((end) => strokes[end >> 1].line.map((values) => (end & 1 ? values.toReversed() : values)));
    const line = [0, 1].map((axis) => parts.flatMap((part, i) => (i ? part[axis].slice(1) : part[axis])));
    chains.push([first, { ...strokes[first >> 1], line }]);
  }
  return chains.sort(([first], [second]) => first - second).map(([, stroke]) => stroke);
}

/** Ends of open lines that lie together. */
function meetingsOf(strokes, cell) {
  const meetings = [], numbers = new Map();
  strokes.forEach(({ line: [xs, ys] }, number) => {
    const last = xs.length - 1;
    if (last < 1 || Math.max(Math.abs(xs[0] - xs[last]), Math.abs(ys[0] - ys[last])) <= cell) return;
    for (const side of [0, 1]) {
      const place = [xs, ys].map((values) => values[side * last] / (2 * cell));
      const ways = place.map((value) => [0, value - Math.floor(value) < 0.5 ? -1 : 1]);
      const near = ways[0].flatMap((dx) => ways[1].map((dy) => keyOf([place[0] + dx, place[1] + dy])));
      const known = near.find((key) => numbers.has(key)), meeting = known ? numbers.get(known) : meetings.push([]) - 1;
      if (!numbers.has(near[0])) numbers.set(near[0], meeting);
      meetings[meeting].push(2 * number + side);
    }
  });
  return meetings;
}

/** Which ends of a meeting go on in each other, the straightest first. */
function pairsOf(strokes, ends) {
  if (ends.length < 2 || ends.length > MAX_MEETING) return [];
  const ways = ends.map((end) => {
    const [dx, dy] = strokes[end >> 1].line.map((values) => (end & 1 ? values.at(-2) - values.at(-1) : values[1] - values[0]));
    const size = Math.hypot(dx, dy) || 1;
    return [dx / size, dy / size];
  });
  const pairs = ends.flatMap((end, a) => ends.slice(a + 1).map((other, i) => {
    const b = a + 1 + i;
    return { end, other, turn: ways[a][0] * ways[b][0] + ways[a][1] * ways[b][1] };
  })).filter(({ end, other, turn }) => end >> 1 !== other >> 1 && (turn < STRAIGHT_ON || ends.length === 2)
    && isOnePen(strokes[end >> 1], strokes[other >> 1]));
  const isFree = new Set(ends);
  return pairs.sort((one, two) => one.turn - two.turn).flatMap(({ end, other }) =>
    (isFree.has(end) && isFree.has(other) && isFree.delete(end) && isFree.delete(other) ? [[end, other]] : []));
}

const isSameColour = (first, second) => first.colour.every((value, channel) => Math.round(value) === Math.round(second.colour[channel]));

const isOnePen = (first, second) => isSameColour(first, second)
  && Math.max(first.width, second.width) <= SAME_WIDTH * Math.min(first.width, second.width);

function extentOf(strokes) {
  const [left, top, right, bottom] = boundsOf(strokes.map(({ line }) => line));
  return Math.max(right - left, bottom - top);
}

const medianWidth = (strokes) => strokes.map(({ width }) => width).sort((a, b) => a - b)[strokes.length >> 1];
