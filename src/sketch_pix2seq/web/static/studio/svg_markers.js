// Where the markers of an SVG's line stand, and how they are turned. `io/svg/markers.py` does the same.

const UNITS = { deg: 1, grad: 0.9, rad: 180 / Math.PI, turn: 360 }; // degrees

/**
 * The corners of a shape's lines that a marker may stand on.
 *
 * @param {[number[], number[]][]} lines @param {number[][]} corners Which points of each line.
 * @returns {{kind: "start" | "mid" | "end", x: number, y: number, angle: (orient: string) => number}[]}
 *   `angle`: by how many degrees a marker is turned there, as its `orient` says.
 */
export function markerPlaces(lines, corners) {
  return lines.flatMap((line, number) => corners[number].flatMap((index, at) => {
    const isFirst = number === 0 && at === 0;
    const isLast = number === lines.length - 1 && at === corners[number].length - 1;
    const kinds = [...(isFirst ? ["start"] : []), ...(isLast ? ["end"] : [])];
    const [x, y] = line.map((values) => values[index]), way = directionAt(line, index);
    const angle = (kind) => (orient) => (orient.startsWith("auto")
      ? way + (kind === "start" && orient.includes("reverse") ? 180 : 0) : degrees(orient));
    return (kinds.length ? kinds : ["mid"]).map((kind) => ({ kind, x, y, angle: angle(kind) }));
  }));
}

/** The angle of a line at one of its points, in degrees: the mean of both sides. */
function directionAt([xs, ys], index) {
  const last = xs.length - 1, isClosed = last > 1 && xs[0] === xs[last] && ys[0] === ys[last];
  const isEnd = isClosed && (index === 0 || index === last);
  const step = (from, way) => {
    for (let i = from + way; i >= 0 && i <= last; i += way) {
      const [dx, dy] = [way * (xs[i] - xs[from]), way * (ys[i] - ys[from])], size = Math.hypot(dx, dy);
      if (size > 0) return [dx / size, dy / size];
    }
    return [0, 0];
  };
  const before = step(isEnd ? last : index, -1), after = step(isEnd ? 0 : index, 1);
  return (Math.atan2(before[1] + after[1], before[0] + after[0]) * 180) / Math.PI;
}

/** An angle in degrees; 0 where it is none. */
function degrees(text) {
  const [, number, unit] = /^\s*([-+\d.e]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  return (Number(number) || 0) * (UNITS[unit?.toLowerCase()] ?? 1);
}
