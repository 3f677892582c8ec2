// The page Trace: a photo or a picture, and its lines as strokes over it.

import { trace } from "../sketch/client.js";
import { colourName } from "../sketch/pen_colours.js";
import { penOrder } from "../sketch/pen_order.js";
import { checkPictureFile } from "../sketch/picture_file.js";
import { simplify } from "../sketch/simplify.js";
import { gaussianSmoothed, resampled } from "../sketch/smoothing.js";
import { keepPicture, keptPicture } from "./kept_picture.js";
import { $, carry, download, examples, say, takeFiles, trying } from "./page.js";
import { boundsOf, fitted, pathData } from "./strokes.js";
import { view } from "./viewer.js";
import { number, t, translated, UserError } from "./words.js";

const SHOWN = 1400; // pixels of the longest side of the picture on the page
const MIN_CROP = 16; // pixels of a side of what can be cut out
const INK = "#111111";

const workspace = $("#workspace");
const form = $("#settings");
const canvas = $("#picture");
const lines = $("#lines");
const stage = $(".stage");
const edges = $("#crop-edges");
let wanted = null; // the picture that was chosen last
let file = null; // the one that is shown
let whole = null; // the picture that it was cut out of
let picture = null; // as a bitmap
let shown = null; // it, or the straightened sheet in it
let turns = 0; // by a quarter, clockwise
let traced = null; // what was read, with all its points
let strokes = []; // as they are shown and saved
let running = new AbortController(); // the trace that was started last

/** Show a picture and trace it; `of` is the one that it was cut out of. */
async function open(chosen, { turn = 0, of = null } = {}) {
  wanted = chosen;
  const bitmap = await trying(async () => {
    await checkPictureFile(chosen);
    return createImageBitmap(chosen).catch(() => {
      throw new UserError(t("notShown"));
    });
  });
  if (wanted !== chosen) bitmap?.close();
  if (!bitmap || wanted !== chosen) return;
  [file, whole, turns, traced] = [chosen, of, turn, null];
  take(bitmap, bitmap);
  startCropping(false);
  show();
  keep();
  await retrace();
}

/** Show another picture, or the sheet in it, and let go of those before. */
function take(other, sheet) {
  for (const before of new Set([picture, shown])) {
    if (before !== other && before !== sheet) before?.close();
  }
  [picture, shown] = [other, sheet];
}

const keep = () => keepPicture(file, whole, turns).catch(console.warn);

/** Read the picture's strokes. */
async function retrace() {
  if (!file) return;
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const threshold = form.automatic.checked ? undefined : Number(form.threshold.value) / 100;
  workspace.setAttribute("aria-busy", "true");
  $("#found").textContent = t("reading");
  const options = { threshold, straighten: form.straighten.checked, tolerance: 0, signal };
  const found = await trying(() => trace(file, options));
  const page = found?.page ? new ImageData(found.page.data, found.page.width) : null;
  const straight = page ? await createImageBitmap(page) : picture;
  if (signal.aborted) {
    if (page) straight.close();
    return;
  }
  traced = found ?? null;
  take(picture, straight);
  if (traced && form.automatic.checked) form.threshold.value = Math.round(100 * traced.threshold);
  show();
  workspace.removeAttribute("aria-busy");
}

/** Show the picture and its strokes as the settings want them. */
function show() {
  showLines();
  const [left, top, width, height] = paper(), scale = SHOWN / Math.max(width, height);
  [canvas.width, canvas.height] = [width * scale, height * scale].map(Math.round);
  lines.setAttribute("width", canvas.width);
  lines.setAttribute("height", canvas.height);
  lines.setAttribute("viewBox", paper().join(" "));
  const pen = canvas.getContext("2d"), [wide, high] = frame();
  pen.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  pen.translate(wide / 2, high / 2);
  pen.rotate((turns * Math.PI) / 2);
  const sides = turns % 2 ? [high, wide] : [wide, high];
  pen.drawImage(shown, -sides[0] / 2, -sides[1] / 2, ...sides);
  if (isCropping() && !corner) showFrame(remaining());
}

function showLines() {
  strokes = [];
  if (traced) {
    const tolerance = traced.tolerance * 2 ** -Number(form.detail.value);
    strokes = traced.strokes.map((stroke) => turned(simplify(smoothed(stroke), tolerance)));
  }
  $("path", lines).setAttribute("d", strokes.map((stroke) => pathData(stroke, isSmooth())).join(""));
  for (const name of ["save", "redraw", "more"]) $(`[data-do=${name}]`).disabled = strokes.length === 0;
  $("#found").textContent = traced ? summary() : "";
  showSettings();
}

/** A stroke smoothed over as many line widths as the settings say. */
function smoothed(stroke) {
  const widths = Number(form.smoothing.value);
  if (!widths) return stroke;
  const spacing = Math.max(traced.lineWidth / 4, 1); // small beside the line's width
  return gaussianSmoothed(resampled(stroke, spacing), (widths * traced.lineWidth) / spacing);
}

/** Width and height of the turned picture. */
function frame() {
  const { width, height } = traced ?? shown;
  return turns % 2 ? [height, width] : [width, height];
}

/** The part of it that is shown and saved: left, top, width, height. */
function paper() {
  if (!strokes.length || !form.cut.checked) return [0, 0, ...frame()];
  const [left, top, right, bottom] = boundsOf(strokes), edge = 2 * traced.lineWidth;
  return [left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge].map((value) => +value.toFixed(2));
}

/** A stroke as it lies on the turned picture. */
function turned([xs, ys]) {
  const { width, height } = traced;
  if (turns === 1) return [ys.map((y) => height - y), xs];
  if (turns === 2) return [xs.map((x) => width - x), ys.map((y) => height - y)];
  return turns === 3 ? [ys, xs.map((x) => width - x)] : [xs, ys];
}

/** What was found, in words. */
function summary() {
  const points = strokes.reduce((sum, [xs]) => sum + xs.length, 0);
  const found = t(strokes.length === 1 ? "oneStroke" : "strokes", { count: strokes.length, points });
  return traced.leftOut ? `${found} ${t("leftOut", { what: translated(traced.leftOut) })}` : found;
}

function showSettings() {
  const percent = (field) => `${Math.round(field.value)} %`;
  canvas.style.opacity = form.shows.value / 100;
  const outputs = {
    shows: percent(form.shows),
    threshold: form.automatic.checked ? t("thresholdFound", { value: percent(form.threshold) }) : percent(form.threshold),
    detail: traced ? t("within", { pixels: number(+(traced.tolerance * 2 ** -form.detail.value).toPrecision(2)) }) : "",
    smoothing: t("lineWidths", { count: number(+form.smoothing.value) }),
  };
  for (const [name, text] of Object.entries(outputs)) $(`output[for=${name}]`).textContent = text;
}

/** The strokes as SVG, as large as is wanted, in the order of a pen that goes a short way. */
function svg() {
  const [left, top, width, height] = paper(), side = Math.min(Math.max(Number(form.size.value) || 150, 1), 5000);
  const mm = (pixels) => `${+((pixels * side) / Math.max(width, height)).toFixed(2)}mm`;
  const attributes = `stroke-width="${+traced.lineWidth.toFixed(2)}" stroke-linecap="round" stroke-linejoin="round"`;
  const layers = pens().map(({ colour, name, own }) => [
    `<g${name ? ` inkscape:groupmode="layer" inkscape:label="${name}"` : ""}`,
    ` fill="none" stroke="${colour}" ${attributes}>`,
    ...penOrder(own, traced.lineWidth).map((stroke) => `<path d="${pathData(stroke, isSmooth())}"/>`),
    "</g>",
  ].join(""));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(width)}" height="${mm(height)}"`,
    ` viewBox="${left} ${top} ${width} ${height}" data-strokes="whole"`,
    traced.colours ? ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape">' : ">",
    ...layers,
    "</svg>\n",
  ].join("");
}

/** The strokes of each pen, and what its layer is called; without colours there is one pen. */
function pens() {
  const { colours } = traced;
  if (!colours) return [{ colour: INK, name: "", own: strokes }];
  const known = [...new Set(colours)], names = known.map(colourName);
  return known.map((colour, place) => {
    const before = names.slice(0, place).filter((other) => other === names[place]).length;
    const isOnly = names.indexOf(names[place]) === names.lastIndexOf(names[place]);
    const name = isOnly ? names[place] : `${names[place]} ${String.fromCharCode(97 + (before % 26))}`;
    return { colour, name, own: strokes.filter((_, stroke) => colours[stroke] === colour) };
  });
}

const isSmooth = () => Number(form.smoothing.value) > 0;

let corner = null; // of the frame that is being drawn

const isCropping = () => stage.classList.contains("cropping");

/** Let a frame be drawn round the part that is wanted, or no longer. */
function startCropping(starts) {
  corner = null;
  const button = $("[data-do=crop]");
  stage.classList.toggle("cropping", starts);
  edges.hidden = !starts;
  edges.reset();
  button.setAttribute("aria-pressed", String(starts));
  button.textContent = t(whole ? "wholePicture" : "crop");
  $("rect", lines).setAttribute("width", 0);
  $("#found").textContent = starts ? t("drawFrame") : traced ? summary() : "";
}

/** Where a pointer is on the turned picture. */
function placeOf({ clientX, clientY }) {
  const box = lines.getBoundingClientRect(), [left, top, width, height] = paper();
  return [left + ((clientX - box.left) / box.width) * width, top + ((clientY - box.top) / box.height) * height];
}

/** Left, top, width and height of the frame from the corner to a place. */
const framed = (place) => [0, 1].map((axis) => Math.min(corner[axis], place[axis]))
  .concat([0, 1].map((axis) => Math.abs(place[axis] - corner[axis])));

/** The same of what is left when the typed shares are cut off. */
function remaining() {
  const [x, y, width, height] = paper();
  const [left, top, right, bottom] = ["left", "top", "right", "bottom"].map((side) => edges[side].value / 100);
  return [x + left * width, y + top * height, Math.max(1 - left - right, 0) * width, Math.max(1 - top - bottom, 0) * height];
}

function showFrame([x, y, width, height]) {
  for (const [name, value] of Object.entries({ x, y, width, height })) $("rect", lines).setAttribute(name, value);
}

/** Cut a part out of what is shown; beyond its border there is nothing to be cut out. */
async function cropTo([x0, y0, framedWidth, framedHeight]) {
  const [wide, high] = frame(), left = Math.max(x0, 0), top = Math.max(y0, 0);
  const width = Math.min(x0 + framedWidth, wide) - left, height = Math.min(y0 + framedHeight, high) - top;
  const part = [ // of the picture before it was turned
    [left, top, width, height],
    [top, wide - left - width, height, width],
    [wide - left - width, high - top - height, width, height],
    [high - top - height, left, height, width],
  ][turns];
  const scale = shown.width / (traced ?? shown).width;
  const [x, y, across, down] = part.map((value) => Math.round(value * scale));
  if (Math.min(across, down) < MIN_CROP) return startCropping(false);
  const cut = new OffscreenCanvas(across, down);
  cut.getContext("2d").drawImage(shown, -x, -y);
  return open(await cut.convertToBlob(), { turn: turns, of: whole ?? file });
}

lines.addEventListener("pointerdown", (event) => {
  if (!isCropping() || event.button !== 0) return;
  event.preventDefault();
  lines.setPointerCapture(event.pointerId);
  corner = placeOf(event);
});
lines.addEventListener("pointermove", (event) => {
  if (corner) showFrame(framed(placeOf(event)));
});
lines.addEventListener("pointerup", (event) => {
  if (corner) trying(() => cropTo(framed(placeOf(event))));
  corner = null;
});
lines.addEventListener("pointercancel", () => isCropping() && startCropping(false));
edges.addEventListener("input", () => showFrame(remaining()));
edges.addEventListener("submit", (event) => {
  event.preventDefault();
  $("[data-do=crop]").focus(); // the fields go
  trying(() => cropTo(remaining()));
});

const ACTIONS = {
  file: () => $("#file").click(),
  crop: () => {
    if (whole) open(whole);
    else if (picture) startCropping(!isCropping());
  },
  turn: () => {
    if (!picture) return;
    turns = (turns + 1) % 4;
    show();
    keep();
  },
  save: () => download(new Blob([svg()], { type: "image/svg+xml" }), "traced.svg"),
  redraw: () => carry(fitted(penOrder(strokes, traced.lineWidth)), "draw"),
  more: () => {
    const drawing = { drawn: fitted(penOrder(strokes, traced.lineWidth)) };
    view([{ drawing, title: t("tracedDrawing"), isOwn: true }], 0, { smooth: isSmooth() });
  },
};
for (const [name, action] of Object.entries(ACTIONS)) {
  $(`[data-do=${name}]`).addEventListener("click", action);
}
form.addEventListener("submit", (event) => event.preventDefault());
form.shows.addEventListener("input", showSettings);
form.cut.addEventListener("change", show);
for (const name of ["detail", "smoothing"]) form[name].addEventListener("input", showLines);
form.threshold.addEventListener("input", () => {
  form.automatic.checked = false;
  showSettings();
});
for (const name of ["threshold", "automatic", "straighten"]) form[name].addEventListener("change", retrace);
takeFiles($("#trace-card"), $("#file"), async (first, others) => {
  await open(first);
  if (others && file === first) say(others);
});
const before = keptPicture();
if (before) open(before.file, { turn: before.turns, of: before.whole });
else showExample();

/** A drawing of the package as if it had been photographed, until there is a picture. */
function showExample() {
  const paper = new OffscreenCanvas(900, 700), pen = paper.getContext("2d");
  const light = pen.createLinearGradient(0, 0, 900, 700);
  light.addColorStop(0, "#fdfbf6");
  light.addColorStop(1, "#cfc8bb");
  pen.fillStyle = light;
  pen.fillRect(0, 0, 900, 700);
  Object.assign(pen, { strokeStyle: "#34405e", lineWidth: 9, lineCap: "round", lineJoin: "round" });
  pen.setTransform(2.6, 0, 0, 2.6, 120, 18);
  pen.lineWidth /= 2.6;
  for (const stroke of examples()[0]) pen.stroke(new Path2D(pathData(stroke, true)));
  trying(async () => open(await paper.convertToBlob()));
}
