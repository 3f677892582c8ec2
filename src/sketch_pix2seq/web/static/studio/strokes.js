// What a drawing is in the browser: strokes in Quick, Draw!'s layout, [[x...], [y...]] each.
// Knows geometry and path data; touches no page.

import { boundsOf } from "../sketch/drawing.js";

export { boundsOf };

/** Side of the paper that drawings are drawn on, in their own units. */
export const SIDE = 255;
const EDGE = 6; // of a pad, that lines would lie on

// The constants of smooth.py.
const CORNER = 60; // degrees: where a line turns by more than this it stays sharp
const REACH = 1 / 3; // of a segment, from its ends to the control points
const CLOSED = 0.03; // of a stroke's extent: nearer ends than this are one point of a round line
const MIN_COSINE = Math.cos(CORNER * (Math.PI / 180));

/** A drawing moved and scaled so that it lies in the middle of the paper. */
export function fitted(strokes, margin = 22) {
  const box = boundsOf(strokes);
  if (!box) return [];
  const [left, top, right, bottom] = box;
  const scale = (SIDE - 2 * margin) / Math.max(right - left, bottom - top, 1);
  const x0 = SIDE / 2 - ((left + right) / 2) * scale;
  const y0 = SIDE / 2 - ((top + bottom) / 2) * scale;
  return withRounded(strokes.map(([xs, ys]) => [xs.map((x) => x * scale + x0), ys.map((y) => y * scale + y0)]));
}

/** Strokes to a tenth of a unit, as fine as a pad is. */
export function withRounded(strokes) {
  const round = (value) => Math.round(value * 10) / 10;
  return strokes.map(([xs, ys]) => [xs.map(round), ys.map(round)]);
}

/** A drawing as it can go on a pad: where it lies if it lies there whole, else in the middle. */
export function onPad(strokes) {
  const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, SIDE, SIDE];
  const fits = Math.min(left, top) >= EDGE && Math.max(right, bottom) <= SIDE - EDGE && Math.max(right - left, bottom - top) >= SIDE / 4;
  return fits ? withRounded(strokes) : fitted(strokes);
}

/**
 * Path data of one stroke; a single point becomes a dot. The same text as `path_data` and
 * `curve_data` of the package's `svg_out.py` write, so that what is shown is what is saved.
 */
export function pathData([xs, ys], smooth = false) {
  if (xs.length === 0) return "";
  const points = xs.map((x, i) => `${number(x)} ${number(ys[i])}`);
  if (points.length === 1) return `M${points[0]}h0`;
  if (!smooth) return `M${points.join("L")}`;
  return `M${points[0]}${curvesThrough(xs, ys)
    .map((curve) => `C${curve.map(number).join(" ")}`)
    .join("")}`;
}

/**
 * The smooth line through the points of a stroke, as `curves_through` of `smooth.py` finds it.
 *
 * Cubic Hermite curves whose direction in a point is that of Catmull and Rom, weighed by the
 * lengths of the two segments that meet there; where the line turns by more than CORNER degrees it
 * stays sharp, and ends that are near each other are one point of a round line.
 *
 * Returns, for each segment, [x1, y1, x2, y2, x, y]: two control points and the end.
 */
export function curvesThrough(xs, ys) {
  const count = xs.length - 1;
  const lengths = [];
  const units = [];
  for (let i = 0; i < count; i++) {
    const [dx, dy] = [xs[i + 1] - xs[i], ys[i + 1] - ys[i]];
    lengths.push(Math.max(Math.hypot(dx, dy), 1e-12));
    units.push([dx / lengths[i], dy / lengths[i]]);
  }
  const leaving = [...units];
  const arriving = [...units];
  const meetings = isClosed(xs, ys) && count > 1 ? count : count - 1;
  for (let i = 0; i < meetings; i++) {
    const next = (i + 1) % count;
    const [before, after] = [units[i], units[next]];
    if (before[0] * after[0] + before[1] * after[1] < MIN_COSINE) continue;
    // the nearer neighbour says more about the direction in a point
    const x = before[0] * lengths[next] + after[0] * lengths[i];
    const y = before[1] * lengths[next] + after[1] * lengths[i];
    const length = Math.max(Math.hypot(x, y), 1e-12);
    arriving[i] = leaving[next] = [x / length, y / length];
  }
  return units.map((_, i) => {
    const reach = REACH * lengths[i];
    return [
      xs[i] + reach * leaving[i][0], ys[i] + reach * leaving[i][1],
      xs[i + 1] - reach * arriving[i][0], ys[i + 1] - reach * arriving[i][1],
      xs[i + 1], ys[i + 1],
    ];
  });
}

/** Whether a stroke ends where it began, as near as a hand does. */
function isClosed(xs, ys) {
  const [left, top, right, bottom] = boundsOf([[xs, ys]]), last = xs.length - 1;
  const gap = Math.hypot(xs[last] - xs[0], ys[last] - ys[0]);
  return gap <= CLOSED * Math.max(right - left, bottom - top);
}

/** A number with at most two decimals and no idle zeros; a tie goes to the even digit. */
function number(value) {
  const isTie = Number.isInteger(value * 8) && value * 8 % 2 !== 0;
  const rounded = isTie ? 2 * Math.round(value * 50) / 100 : value;
  return String(+rounded.toFixed(2));
}
