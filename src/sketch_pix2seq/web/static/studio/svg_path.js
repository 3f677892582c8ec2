// Path data of SVG as lines: corners stay, curves are sampled.

const SAMPLES = 32; // along a curve
const NUMBER = /[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/iy, FLAG = /[\s,]*([01])/y;
const COMMAND = /([a-df-z])([^a-df-z]*)/gi; // a letter and its numbers
const NO_COMMAND = /^[\s,]*[^\s,a-df-z]/i; // what path data may not begin with
const CURVES = { c: 3, s: 3, q: 2, t: 2 }; // and their degrees
/** The numbers and flags of each command, which may follow it again and again. */
const NUMBERS = { m: "nn", l: "nn", h: "n", v: "n", c: "nnnnnn", s: "nnnn", q: "nnnn", t: "nn", a: "nnnffnn", z: "" };

/**
 * The lines of path data, [[x...], [y...]] each: one after each move of the lifted pen. As in
 * browsers, they end at the first mistake; `isWhole`: there is none. `corners`: which points of each
 * line are written, not sampled.
 */
export function linesOfPath(data) {
  const lines = [], corners = [];
  if (NO_COMMAND.test(data)) return { lines, corners, isWhole: false };
  let pen = [0, 0], start = null, line = null, control = null, previous = "";
  const draw = (points) => {
    if (!line) {
      lines.push(line = [[start[0]], [start[1]]]);
      corners.push([0]);
    }
    for (const [x, y] of points) {
      line[0].push(x);
      line[1].push(y);
    }
    pen = points.at(-1);
    corners.at(-1).push(line[0].length - 1);
  };
  for (const [, letter, text] of data.matchAll(COMMAND)) {
    const kind = letter.toLowerCase(), { steps, isWhole } = stepsOf(kind, text);
    if (!start && kind !== "m") return { lines, corners, isWhole: false };
    if (kind === "z") {
      if (line || previous === "m") draw([start]);
      [pen, line, control] = [start, null, null];
    }
    previous = kind;
    for (const [number, values] of steps.entries()) {
      const points = pointsOf(kind, values, letter === kind ? pen : [0, 0], pen);
      if (kind in CURVES) {
        const isAfter = control !== null && CURVES[kind] === CURVES[control.kind];
        const reflected = pen.map((value, axis) => 2 * value - (isAfter ? control.point : pen)[axis]);
        const controls = kind === "s" || kind === "t" ? [reflected, ...points] : points;
        draw(curve([pen, ...controls]));
        control = { kind, point: controls.at(-2) };
        continue;
      }
      control = null;
      if (kind === "a") draw(arc(pen, values, points[0]));
      else if (kind === "m" && number === 0) [pen, start, line] = [points[0], points[0], null];
      else draw(points);
    }
    if (!isWhole) return { lines, corners, isWhole };
  }
  return { lines, corners, isWhole: true };
}

/** The numbers after a command, step by step, and whether all of the text is such. */
function stepsOf(kind, text) {
  const steps = [], kinds = NUMBERS[kind];
  let end = 0;
  for (let next; kinds && (next = numbersAt(kinds, text, end)); end = next.end) steps.push(next.values);
  const isComplete = steps.length > 0 || kinds === ""; // all but `z` need numbers
  return { steps, isWhole: isComplete && !/[^\s,]/.test(text.slice(end)) };
}

/** The numbers and flags at a place in a text, and where they end; null if some are missing. */
function numbersAt(kinds, text, start) {
  const values = [];
  let end = start;
  for (const kind of kinds) {
    const pattern = kind === "f" ? FLAG : NUMBER;
    pattern.lastIndex = end;
    const found = pattern.exec(text);
    if (!found) return null;
    values.push(Number(found[1]));
    end = pattern.lastIndex;
  }
  return { values, end };
}

/** The points that numbers mean: of an arc, its end. */
function pointsOf(kind, values, [left, top], pen) {
  if (kind === "h") return [[values[0] + left, pen[1]]];
  if (kind === "v") return [[pen[0], values[0] + top]];
  const pairs = kind === "a" ? values.slice(-2) : values;
  return Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i] + left, pairs[2 * i + 1] + top]);
}

/** Points along a Bezier curve after its first one: repeated means of its points (de Casteljau). */
function curve(controls) {
  return Array.from({ length: SAMPLES }, (_, i) => {
    const share = (i + 1) / SAMPLES;
    let points = controls;
    while (points.length > 1) {
      points = points.slice(1).map((point, at) => point.map((value, axis) =>
        points[at][axis] + share * (value - points[at][axis])));
    }
    return points[0];
  });
}

/**
 * Points along an arc of an ellipse after its first one.
 *
 * *Source*: SVG 2, appendix B.2.4 and B.2.5 (from end points to the centre; radii too small).
 */
function arc([x1, y1], [wantedX, wantedY, degrees, isLarge, isClockwise], [x2, y2]) {
  const turn = (degrees * Math.PI) / 180, cos = Math.cos(turn), sin = Math.sin(turn);
  const halfX = (x1 - x2) / 2, halfY = (y1 - y2) / 2;
  if (!wantedX || !wantedY || (!halfX && !halfY)) return [[x2, y2]];
  const x = cos * halfX + sin * halfY, y = cos * halfY - sin * halfX; // in the ellipse's own axes
  const grow = Math.sqrt(Math.max(1, (x / wantedX) ** 2 + (y / wantedY) ** 2));
  const rx = Math.abs(wantedX) * grow, ry = Math.abs(wantedY) * grow;
  const away = (x / rx) ** 2 + (y / ry) ** 2; // of the chord's end from its middle, of a unit circle
  const side = Math.sqrt(Math.max(0, 1 / away - 1)) * (isLarge === isClockwise ? -1 : 1);
  const centreX = (side * y) / ry, centreY = (-side * x) / rx; // of the unit circle, the chord's middle at 0
  const first = Math.atan2(y / ry - centreY, x / rx - centreX);
  const last = Math.atan2(-y / ry - centreY, -x / rx - centreX);
  let sweep = last - first;
  if (isClockwise && sweep < 0) sweep += 2 * Math.PI;
  if (!isClockwise && sweep > 0) sweep -= 2 * Math.PI;
  const points = Array.from({ length: SAMPLES - 1 }, (_, i) => {
    const angle = first + (sweep * (i + 1)) / SAMPLES;
    const u = rx * (centreX + Math.cos(angle)), v = ry * (centreY + Math.sin(angle));
    return [cos * u - sin * v + (x1 + x2) / 2, sin * u + cos * v + (y1 + y2) / 2];
  });
  return [...points, [x2, y2]];
}
