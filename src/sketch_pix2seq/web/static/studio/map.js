// The page Explore: people's drawings at their places in the latent space; any point of it can be drawn.

import { neighbours } from "../sketch/gallery.js";
import { MapWindow, MAX_ZOOM, SIZE } from "./map_window.js";
import { drawPoint, gallery } from "./model.js";
import { $, $$, Settings, forgetLink, recalled, remember, say, trying } from "./page.js";
import { Paper } from "./paper.js";
import { fitted, pathData } from "./strokes.js";
import { isLocal, view } from "./viewer.js";
import { categoryOf, nameOf, t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const EDGE = 40;
const DRAWING = 26; // units of the map that a drawing takes, of the whole map
const GROWTH = 0.6; // power of the zoom with which drawings become larger: more slowly, so that they stand apart
const STEP = 0.02; // of one press of an arrow key, of the part in view
const SHARE = 0.08; // of a point, from which on a drawing is said to lie near it
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEPT = "map"; // while the tab is open

const settings = new Settings($("#settings"));
const paper = new Paper($("#drawn"));
const board = $("#map"), pin = $("#pin"), tip = $("#tip"), everything = $("[data-do=everything]");
const part = new MapWindow(board);
let people = []; // the gallery's items, each with its <path> on the map
let only = null; // the category that is picked out
let at = [0.5, 0.5];
let drawnAt = at; // the place of what the paper shows
let waiting = null; // the place that is to be drawn next
let drawing = false;
const pointers = new Map(); // that are on the map

const put = (share) => EDGE + share * (SIZE - 2 * EDGE);
const shareOf = (place) => (place - EDGE) / (SIZE - 2 * EDGE);
const onMap = ([x, y]) => [put(x), put(y)];
const sideOf = () => DRAWING * part.zoom ** (GROWTH - 1);
const clamp = (value) => Math.min(Math.max(value, -0.04), 1.04);

/** Draw a place; of those chosen meanwhile only the last one is drawn. A link to another goes. */
async function drawAt(place, { instant = false, isLinked = false } = {}) {
  if (!people.length) return start();
  at = place.map(clamp);
  if (!isLinked) forgetLink();
  pin.removeAttribute("hidden");
  part.follow(onMap(at));
  showPin();
  showNeighbours();
  keep();
  waiting = { place: at, instant };
  if (drawing) return undefined;
  drawing = true;
  while (waiting) {
    const { place: [x, y], instant: soon } = waiting;
    waiting = null;
    const drawn = await trying(() => drawPoint({ x, y }, settings.options));
    if (!drawn) continue;
    drawnAt = [x, y];
    if (soon) paper.put(drawn);
    else paper.draw(drawn);
  }
  drawing = false;
  for (const name of ["save", "link"]) $(`[data-do=${name}]`).disabled = !paper.strokes.length;
  return undefined;
}

const keep = () => remember(KEPT, { at, only, part: [part.x, part.y, part.side] });

const showPin = () => {
  const [x, y] = onMap(at);
  pin.setAttribute("transform", `translate(${x} ${y}) scale(${1 / part.zoom})`);
};

/** The drawings of which the point is a mean: each can be gone to. */
function showNeighbours() {
  const near = neighbours(people, at).filter(({ weight }) => weight >= SHARE);
  $("#neighbours").replaceChildren(
    ...near.map(({ item }) => {
      const button = document.createElement("button"), name = document.createElement("span");
      [button.type, button.className] = ["button", "word-card"];
      name.textContent = nameOf(item.category);
      button.append(pictureOf(item), name);
      button.addEventListener("click", () => {
        drawAt(item.place);
        $("#neighbours button").focus(); // the pressed one is gone; the same drawing comes first now
      });
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }),
  );
  const names = [...new Set(near.map(({ item }) => nameOf(item.category)))].join(", ");
  $("#near").textContent = t(near.length > 1 ? "between" : "placeOf", { known: names });
}

function pictureOf({ drawing: strokes }) {
  const picture = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", "-8 -8 271 271");
  picture.setAttribute("aria-hidden", "true");
  line.setAttribute("d", fitted(strokes).map((stroke) => pathData(stroke)).join(""));
  picture.append(line);
  return picture;
}

/** The drawing under a point of the map, if there is one. */
function personAt([x, y]) {
  const reach = 0.6 * sideOf();
  const distance = ({ place }) => Math.hypot(put(place[0]) - x, put(place[1]) - y);
  const near = people.filter((item) => distance(item) < reach && (!only || item.category === only));
  return near.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

function showTip(item) {
  tip.hidden = !item;
  if (!item) return;
  $("svg", tip).replaceWith(pictureOf(item));
  $("span", tip).textContent = nameOf(item.category);
  const { left, top } = board.getBoundingClientRect(), frame = tip.parentElement.getBoundingClientRect();
  const [x, y] = onMap(item.place), { a, d, e, f } = board.getScreenCTM();
  tip.style.setProperty("--x", `${a * x + e - left + (left - frame.left)}px`);
  tip.style.setProperty("--y", `${d * y + f - top + (top - frame.top)}px`);
  tip.dataset.side = a * x + e > frame.left + frame.width / 2 ? "left" : "right";
}

function scaleDrawings() {
  const scale = sideOf() / 255;
  for (const { line, place } of people) {
    const [x, y] = onMap(place).map((middle) => middle - 127.5 * scale);
    line.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})`);
  }
}

function placeOnMap(item) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("class", "person");
  line.setAttribute("d", fitted(item.drawing, 0).map((stroke) => pathData(stroke)).join(""));
  return { ...item, line };
}

/** Pick out the categories that fit; null: none. @param {((category: string) => boolean) | null} fits */
function pickOut(fits) {
  board.classList.toggle("picked", Boolean(fits));
  for (const { line, category } of people) line.classList.toggle("only", Boolean(fits?.(category)));
  everything.hidden = !fits;
}

function fitting(typed) {
  const letters = typed.toLowerCase(), known = [...new Set(people.map((item) => item.category))];
  const exact = known.find((category) => category.toLowerCase() === categoryOf(typed).toLowerCase());
  return exact ? [exact] : known.filter((category) => nameOf(category).toLowerCase().includes(letters));
}

/** Go to a category's first drawing, or from one of its drawings to its next. */
function find(typed) {
  const [category] = fitting(typed);
  if (!typed || !category) {
    if (typed) say(t("unknownWord", { word: typed }), "trouble");
    return;
  }
  only = category;
  pickOut((other) => other === category);
  const drawings = people.filter((item) => item.category === only);
  const here = drawings.findIndex(({ place: [x, y] }) => x === at[0] && y === at[1]);
  drawAt(drawings[(here + 1) % drawings.length].place);
}

function showEverything() {
  only = null;
  $("[name=find]").value = "";
  pickOut(null);
  keep();
}

board.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  board.classList.add("by-hand"); // its focus needs no ring
  board.focus({ preventScroll: true });
  pointers.set(event.pointerId, event);
  try {
    board.setPointerCapture(event.pointerId);
  } catch {
    // a pointer that is gone already
  }
  showTip(null);
  if (pointers.size === 1) drawAt(part.placeOf(event).map(shareOf));
});
board.addEventListener("pointermove", (event) => {
  const before = [...pointers.values()];
  if (!pointers.has(event.pointerId)) return showTip(personAt(part.placeOf(event)));
  pointers.set(event.pointerId, event);
  if (before.length === 1) return drawAt(part.placeOf(event).map(shareOf), { instant: true });
  return part.pinch(before.slice(0, 2), [...pointers.values()].slice(0, 2));
});
for (const kind of ["pointerup", "pointercancel"]) {
  board.addEventListener(kind, (event) => pointers.delete(event.pointerId));
}
board.addEventListener("pointerleave", () => showTip(null));
board.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const arrow = ARROWS[event.key], action = { "+": "nearer", "-": "farther", 0: "whole" }[event.key];
  if (!arrow && !action) return;
  event.preventDefault();
  board.classList.remove("by-hand");
  if (action) return ACTIONS[action]();
  const step = (event.shiftKey ? STEP / 4 : STEP) / part.zoom;
  drawAt([at[0] + arrow[0] * step, at[1] + arrow[1] * step], { instant: true });
  return showTip(personAt(onMap(at)));
});
part.addEventListener("change", () => {
  scaleDrawings();
  showPin();
  showTip(null);
  keep();
  $("[data-do=nearer]").disabled = part.zoom > 0.99 * MAX_ZOOM;
  for (const name of ["farther", "whole"]) $(`[data-do=${name}]`).disabled = part.zoom === 1;
});

const ACTIONS = {
  nearer: () => part.nearer(onMap(at)),
  farther: () => part.farther(onMap(at)),
  whole: () => part.showAll(),
  everything: showEverything,
  save: () => {
    const { drawing: shown } = paper, { seed } = settings.options;
    const [{ item }] = neighbours(people, drawnAt);
    view([{ drawing: shown, title: t("mapDrawing"), category: item.category, seed }], 0, { smooth: settings.smooth });
  },
  link: async () => {
    const { seed, temperature } = settings.options;
    const place = at.map((share) => share.toFixed(4)), size = Math.round(part.zoom * 10) / 10;
    history.replaceState(null, "", `#${[...place, size, seed, temperature].join("~")}`);
    try {
      await navigator.clipboard.writeText(location.href);
      say(t(isLocal() ? "placeCopiedHere" : "placeCopied"));
    } catch {
      say(t("placeShown"));
    }
  },
};
for (const button of $$("[data-do]")) {
  const action = ACTIONS[button.dataset.do];
  if (action) button.addEventListener("click", action);
}
$("#find").addEventListener("submit", (event) => {
  event.preventDefault();
  find($("[name=find]").value.trim());
});
$("[name=find]").addEventListener("input", (event) => {
  const typed = event.target.value.trim(), categories = new Set(fitting(typed));
  only = null;
  pickOut(typed ? (category) => categories.has(category) : null);
});
settings.addEventListener("change", () => drawAt(at));
settings.addEventListener("smooth", () => paper.setSmooth(settings.smooth));

/** What a link to a place says, or what was in view before; else the whole map and its first drawing. */
function begin() {
  const numbers = location.hash.slice(1).split("~").map(Number);
  const before = recalled(KEPT);
  if (numbers.length === 5 && numbers.every(Number.isFinite)) {
    const [x, y, zoom, seed, temperature] = numbers;
    settings.take({ seed, temperature });
    part.showAll();
    part.zoomAt(onMap([x, y]), zoom);
    return drawAt([x, y], { isLinked: true });
  }
  if (location.hash.length > 1 && location.hash !== "#main") say(t("linkDamaged"), "trouble");
  if (isKept(before)) {
    part.show(...before.part);
    only = people.some(({ category }) => category === before.only) ? before.only : null;
    if (only) pickOut((category) => category === only);
    return drawAt(before.at);
  }
  part.showAll();
  return drawAt(at);
}

/** Whether what was kept is a place and a part, and not an older page's. */
const isKept = (before) =>
  before?.at?.length === 2 && before.part?.length === 3 && [...before.at, ...before.part].every(Number.isFinite);

let starting = null;

/** Fetch what is on the map; what failed is tried again with the next press. */
function start() {
  starting ??= trying(async () => {
    people = (await gallery()).map(placeOnMap);
    $("#people").replaceChildren(...people.map(({ line }) => line));
    board.removeAttribute("aria-busy");
    begin();
  }).finally(() => (starting = null));
  return starting;
}

paper.setSmooth(settings.smooth);
addEventListener("hashchange", () => people.length && location.hash !== "#main" && begin());
addEventListener("online", () => people.length || start());
start();
