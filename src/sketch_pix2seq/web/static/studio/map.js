// The page Explore: test drawings at their places in the latent space; any point of it can be drawn.

import { drawPoint, gallery } from "./model.js";
import { $, $$, Settings, trying } from "./page.js";
import { Paper } from "./paper.js";
import { fitted, pathData } from "./strokes.js";
import { view } from "./viewer.js";
import { nameOf, t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const SIZE = 1000; // of the map's own units
const EDGE = 40;
const REACH = 34; // how near the pointer must be to a drawing to show it
const STEP = 0.02; // of one press of an arrow key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MARKS = ["circle", "square", "diamond", "triangle"];

const settings = new Settings($("#settings"));
const paper = new Paper($("#drawn"));
const board = $("#map");
const pin = $("#pin");
const tip = $("#tip");
const hidden = new Set(); // categories that are not shown
let map = { categories: [], drawings: [] };
let at = { x: 0.5, y: 0.5 };
let waiting = null; // the place that is to be drawn next
let drawing = false;
let walking = false;

const put = (share) => EDGE + share * (SIZE - 2 * EDGE);
const colour = (category) => `c${map.categories.indexOf(category) % 12}`;

/** Draw a place; of those asked for meanwhile only the last one is drawn. */
async function drawAt(place, { instant = false } = {}) {
  at = { x: clamp(place.x), y: clamp(place.y) };
  pin.setAttribute("transform", `translate(${put(at.x)} ${put(at.y)})`);
  pin.removeAttribute("hidden");
  waiting = { ...at, instant };
  if (drawing) return;
  drawing = true;
  while (waiting) {
    const next = waiting;
    waiting = null;
    const drawn = await trying(() => drawPoint(next, settings.options));
    if (drawn && next.instant) paper.put(drawn);
    else if (drawn) paper.draw(drawn);
  }
  drawing = false;
  $("[data-do=save]").disabled = !paper.strokes.length;
  const near = nearest(at.x, at.y);
  $("#near").textContent = near ? t("closest", { category: nameOf(near.category) }) : "";
}

const clamp = (value) => Math.min(Math.max(value, -0.04), 1.04);

function placeOf(event) {
  const box = board.getBoundingClientRect();
  const share = (value, start, length) =>
    (((value - start) / length) * SIZE - EDGE) / (SIZE - 2 * EDGE);
  return {
    x: share(event.clientX, box.left, box.width),
    y: share(event.clientY, box.top, box.height),
  };
}

function nearest(x, y, reach = Infinity) {
  let found = null;
  let best = reach / (SIZE - 2 * EDGE);
  for (const one of map.drawings) {
    const apart = Math.hypot(one.x - x, one.y - y);
    if (apart < best && !hidden.has(one.category)) [found, best] = [one, apart];
  }
  return found;
}

function showTip(one) {
  tip.hidden = !one;
  if (!one) return;
  const picture = $("svg", tip);
  picture.replaceChildren(
    ...fitted(one.drawing).map((stroke) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", pathData(stroke));
      return path;
    }),
  );
  $("span", tip).textContent = nameOf(one.category);
  const side = one.x > 0.5 ? -1 : 1;
  tip.style.setProperty("--x", `${(100 * put(one.x)) / SIZE}%`);
  tip.style.setProperty("--y", `${(100 * put(one.y)) / SIZE}%`);
  tip.dataset.side = side < 0 ? "left" : "right";
}

/** A mark of a category, distinguished by colour and by shape. */
function mark(category, x = 0, y = 0) {
  const kind = MARKS[map.categories.indexOf(category) % MARKS.length];
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#mark-${kind}`);
  use.setAttribute("x", x.toFixed(1));
  use.setAttribute("y", y.toFixed(1));
  use.setAttribute("class", `dot ${colour(category)}`);
  use.dataset.category = category;
  return use;
}

function legend() {
  $("#legend").replaceChildren(
    ...map.categories.map((category) => {
      const label = document.createElement("label");
      label.className = `key ${colour(category)}`;
      const box = label.appendChild(document.createElement("input"));
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(category);
        else hidden.add(category);
        for (const dot of $$(".dot", board)) {
          dot.toggleAttribute("hidden", hidden.has(dot.dataset.category));
        }
      });
      const shape = label.appendChild(document.createElementNS(SVG, "svg"));
      shape.setAttribute("viewBox", "-12 -12 24 24");
      shape.setAttribute("aria-hidden", "true");
      shape.append(mark(category));
      label.append(nameOf(category));
      return label;
    }),
  );
}

board.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  board.focus({ preventScroll: true });
  walking = true;
  try {
    board.setPointerCapture(event.pointerId);
  } catch {
    // a pointer that is gone already
  }
  showTip(null);
  drawAt(placeOf(event));
});
board.addEventListener("pointermove", (event) => {
  const { x, y } = placeOf(event);
  if (walking) drawAt({ x, y }, { instant: true });
  else showTip(nearest(x, y, REACH));
});
for (const kind of ["pointerup", "pointercancel"]) {
  board.addEventListener(kind, () => (walking = false));
}
board.addEventListener("pointerleave", () => showTip(null));
board.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow) return;
  event.preventDefault();
  const step = event.shiftKey ? STEP / 4 : STEP;
  drawAt({ x: at.x + arrow[0] * step, y: at.y + arrow[1] * step }, { instant: true });
  showTip(nearest(at.x, at.y, REACH));
});
settings.addEventListener("change", () => drawAt(at));
settings.addEventListener("smooth", () => paper.setSmooth(settings.smooth));
$("[data-do=save]").addEventListener("click", () => {
  const { drawing } = paper, { seed } = settings.options, category = nearest(at.x, at.y)?.category;
  view([{ drawing, title: t("mapDrawing"), category, seed }], 0, { smooth: settings.smooth });
});

paper.setSmooth(settings.smooth);
trying(async () => {
  const drawings = (await gallery()).map(({ place: [x, y], ...one }) => ({ x, y, ...one }));
  map = { categories: [...new Set(drawings.map((one) => one.category))].sort(), drawings };
  const marks = map.drawings.map((one) => mark(one.category, put(one.x), put(one.y)));
  $("#dots").replaceChildren(...marks);
  legend();
  board.removeAttribute("aria-busy");
  const first = map.drawings[0];
  if (first) drawAt({ x: first.x, y: first.y });
});
