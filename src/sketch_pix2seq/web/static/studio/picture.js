// Drawings as pictures to be saved: one alone, or several in rows, as SVG and as PNG.

import { boundsOf, pathData } from "./strokes.js";

const ALONE = { side: 1024, margin: 1024 / 24, width: 1024 / 96 };
const SHEET = { edge: 36, side: 112, gap: 14, margin: 112 / 14, width: 112 / 60, scale: 2 };
const INK = "#111111", PAPER = "#ffffff", HAIRLINE = "#e7e7e7";

/**
 * Lay drawings on paper: one into a square, several into rows as the package's sheets have them.
 * @param columns Of a sheet; 0: one row; left out: there is one drawing, which lies alone.
 * @returns {{ width, height, scale, rules: string[], cells: { data: string[], width: number }[] }}
 *   Rules and cells as path data.
 */
export function laidOut(drawings, { smooth, columns }) {
  if (columns === undefined) {
    const { side, margin, width } = ALONE;
    const data = placed(drawings[0], [0, 0], side, margin).map((one) => pathData(one, smooth));
    return { width: side, height: side, scale: 1, rules: [], cells: [{ data, width }] };
  }
  const { edge, side, gap, margin, width, scale } = SHEET;
  const across = Math.min(columns || drawings.length, drawings.length);
  const down = Math.ceil(drawings.length / across), step = side + gap;
  const right = edge + across * step - gap;
  const rules = Array.from({ length: down - 1 }, (_, row) => {
    const y = edge + (row + 1) * step - gap / 2;
    return `M${edge} ${y}H${right}`;
  });
  const cells = drawings.map((strokes, place) => {
    const corner = [edge + (place % across) * step, edge + Math.floor(place / across) * step];
    return { data: placed(strokes, corner, side, margin).map((one) => pathData(one, smooth)), width };
  });
  return { width: right + edge, height: 2 * edge + down * step - gap, scale, rules, cells };
}

/** A drawing fitted into a square. */
function placed(strokes, [x0, y0], side, margin) {
  const [left, top, right, bottom] = boundsOf(strokes);
  const extent = Math.max(right - left, bottom - top);
  const scale = extent > 0 ? (side - 2 * margin) / extent : 1;
  const dx = x0 + side / 2 - (scale * (left + right)) / 2;
  const dy = y0 + side / 2 - (scale * (top + bottom)) / 2;
  return strokes.map(([xs, ys]) => [xs.map((x) => x * scale + dx), ys.map((y) => y * scale + dy)]);
}

/** An SVG document. */
export function svgOf({ width, height, rules, cells }) {
  const paths = (data) => data.map((one) => `<path d="${one}"/>`).join("");
  const sheet = cells.length > 1;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" data-strokes="whole">`,
    sheet ? `<rect width="${width}" height="${height}" fill="${PAPER}"/>` : "",
    rules.length ? `<g stroke="${HAIRLINE}">${paths(rules)}</g>` : "",
    ...cells.map(
      (cell) =>
        `<g fill="none" stroke="${INK}" stroke-width="${+cell.width.toFixed(2)}"` +
        ` stroke-linecap="round" stroke-linejoin="round">${paths(cell.data)}</g>`,
    ),
    "</svg>\n",
  ].join("");
}

/** A PNG file. */
export function pngOf({ width, height, scale, rules, cells }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
  pen.lineCap = pen.lineJoin = "round";
  const draw = (data, colour, thick) => {
    [pen.strokeStyle, pen.lineWidth] = [colour, thick];
    for (const one of data) pen.stroke(new Path2D(one));
  };
  draw(rules, HAIRLINE, 1);
  for (const cell of cells) draw(cell.data, INK, cell.width);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
