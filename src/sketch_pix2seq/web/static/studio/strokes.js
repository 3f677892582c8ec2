// What a drawing is in the browser: strokes in Quick, Draw!'s layout, [[x...], [y...]] each.
// Knows geometry and path data; touches no page.

/** Side of the paper that drawings are drawn on, in their own units. */
export const SIDE = 255;

const CORNER = Math.cos((65 * Math.PI) / 180); // turns sharper than this stay corners

/** Smallest box around a drawing: [left, top, right, bottom]; null if it is empty. */
export function boundsOf(strokes) {
  let box = null;
  for (const [xs, ys] of strokes) {
    for (let i = 0; i < xs.length; i++) {
      box ??= [xs[i], ys[i], xs[i], ys[i]];
      box = [
        Math.min(box[0], xs[i]), Math.min(box[1], ys[i]),
        Math.max(box[2], xs[i]), Math.max(box[3], ys[i]),
      ];
    }
  }
  return box;
}

/** A drawing moved and scaled so that it lies in the middle of the paper. */
export function fitted(strokes, margin = 22) {
  const box = boundsOf(strokes);
  if (!box) return [];
  const [left, top, right, bottom] = box;
  const scale = (SIDE - 2 * margin) / Math.max(right - left, bottom - top, 1);
  const x0 = SIDE / 2 - ((left + right) / 2) * scale;
  const y0 = SIDE / 2 - ((top + bottom) / 2) * scale;
  const round = (value) => Math.round(value * 10) / 10;
  return strokes.map(([xs, ys]) => [
    xs.map((x) => round(x * scale + x0)),
    ys.map((y) => round(y * scale + y0)),
  ]);
}

/** Path data of one stroke; a single point becomes a dot. */
export function pathData([xs, ys], smooth = false) {
  const at = (i) => `${+xs[i].toFixed(1)} ${+ys[i].toFixed(1)}`;
  if (xs.length === 0) return "";
  if (xs.length === 1) return `M${at(0)}h.01`;
  let data = `M${at(0)}`;
  for (let i = 1; i < xs.length; i++) {
    data += smooth ? `C${controls(xs, ys, i)} ${at(i)}` : `L${at(i)}`;
  }
  return data;
}

/** The two control points of the curve that ends at point i. */
function controls(xs, ys, i) {
  const [ax, ay] = tangent(xs, ys, i - 1);
  const [bx, by] = tangent(xs, ys, i);
  const length = Math.hypot(xs[i] - xs[i - 1], ys[i] - ys[i - 1]) / 3;
  const put = (value) => +value.toFixed(1);
  return `${put(xs[i - 1] + ax * length)} ${put(ys[i - 1] + ay * length)} `
    + `${put(xs[i] - bx * length)} ${put(ys[i] - by * length)}`;
}

/** Direction at point i; none at the ends and at corners. */
function tangent(xs, ys, i) {
  if (i === 0 || i === xs.length - 1) return [0, 0];
  const [inX, inY] = unit(xs[i] - xs[i - 1], ys[i] - ys[i - 1]);
  const [outX, outY] = unit(xs[i + 1] - xs[i], ys[i + 1] - ys[i]);
  return inX * outX + inY * outY < CORNER ? [0, 0] : unit(inX + outX, inY + outY);
}

function unit(x, y) {
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}
