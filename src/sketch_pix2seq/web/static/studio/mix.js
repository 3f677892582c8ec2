// The page Mix: what lies between two drawings.

import * as model from "./model.js";
import {
  $, $$, Pause, Settings, examples, recalled, remember, save, someDrawing, takeDrawings, takeUndoKeys,
  trying,
} from "./page.js";
import { Pad } from "./pad.js";
import { Paper } from "./paper.js";

const PAUSE = 450;

const pads = $$(".pad").map((svg) => new Pad(svg));
const settings = new Settings($("#settings"));
const strip = $$(".strip button").map((button) => new Paper($("svg", button)));
const shown = new Paper($("#between"));
const slider = $("#slider");
let inUse = pads[0];
let asking = new AbortController();

const pause = new Pause(PAUSE, mix);
let whole = false; // whether the strip shows what the pads and settings say
const demos = new Set(); // pads that show an example, not the person's
const kept = "drawings to mix"; // while the tab is open

async function mix() {
  pause.end();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  whole = false;
  buttons();
  if (pads.some((pad) => pad.isEmpty)) {
    return rest();
  }
  const [first, second] = pads.map((pad) => pad.strokes);
  const options = { steps: strip.length, signal, ...settings.options };
  $("#workspace").setAttribute("aria-busy", "true");
  const drawings = await trying(() => model.mix(first, second, options));
  if (signal.aborted) return undefined;
  if (!drawings) return rest();
  drawings.forEach((strokes, place) => strip[place].put(strokes));
  show();
  whole = true;
  $("#workspace").removeAttribute("aria-busy");
  return buttons();
}

/** Nothing is drawn, or not all that was wanted: blank paper everywhere. */
function rest() {
  strip.forEach((paper) => paper.clear());
  shown.clear();
  $("#workspace").removeAttribute("aria-busy");
  buttons();
}

/** Show what lies where the slider is. */
function show() {
  const place = Number(slider.value);
  const share = Math.round((100 * place) / (strip.length - 1));
  $("#share-first").textContent = `${100 - share} %`;
  $("#share-second").textContent = `${share} %`;
  slider.setAttribute("aria-valuetext", `${100 - share} % the first, ${share} % the second`);
  shown.put(strip[place].strokes);
  $$(".strip button").forEach((button, at) => {
    button.setAttribute("aria-pressed", String(at === place));
  });
}

function buttons() {
  for (const button of $$("[data-save]")) button.disabled = !whole;
  slider.disabled = !strip.every((paper) => paper.finished);
  for (const pad of pads) pad.showWhatCanBeDone();
}

pads.forEach((pad, side) => {
  const card = pad.svg.closest(".card");
  pad.addEventListener("start", () => {
    pause.end();
    inUse = pad;
    if (demos.delete(pad)) pad.startOver();
  });
  pad.addEventListener("change", () => {
    demos.delete(pad);
    inUse = pad;
    buttons();
    remember(kept, pads.map((one) => one.strokes));
    $("#workspace").setAttribute("aria-busy", "true");
    pause.begin();
  });
  $("[data-do=clear]", card).addEventListener("click", () => pad.clear(demos.has(pad)));
  $("[data-do=undo]", card).addEventListener("click", () => pad.undo());
  $("[data-do=redo]", card).addEventListener("click", () => pad.redo());
  $("[data-do=some]", card).addEventListener("click", () =>
    trying(async () => pad.set(await someDrawing())),
  );
  const input = $("input[type=file]", card);
  $("[data-do=file]", card)?.addEventListener("click", () => input.click());
  takeDrawings(card, input, (strokes) => pad.set(strokes), { paste: side === 0 });
});
takeUndoKeys(() => inUse);
settings.addEventListener("change", mix);
settings.addEventListener("smooth", () => {
  for (const paper of [...strip, shown]) paper.setSmooth(settings.smooth);
});
slider.addEventListener("input", show);
$$(".strip button").forEach((button, place) => {
  button.addEventListener("click", () => {
    slider.value = place;
    show();
  });
});
for (const button of $$("[data-save]")) {
  button.addEventListener("click", () => {
    const alone = button.dataset.what === "one";
    const drawings = alone ? [shown.strokes] : strip.map((paper) => paper.strokes);
    const options = alone ? {} : { columns: 0 };
    save(drawings.filter((one) => one.length), button.dataset.save, {
      smooth: settings.smooth,
      ...options,
    });
  });
}

for (const paper of [...strip, shown]) paper.setSmooth(settings.smooth);
const before = recalled(kept) ?? [];
pads.forEach((pad, side) => {
  const own = before[side] ?? [];
  if (!own.length) demos.add(pad);
  pad.set(own.length ? own : examples()[side], { quiet: true });
});
mix();
