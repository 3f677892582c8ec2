// The page Blend: what lies between two drawings.

import { keepIfWanted } from "./keeping.js";
import * as model from "./model.js";
import {
  $, $$, PADS, Pause, Settings, examples, forgetLink, recalled, remember, say, someDrawing, takeDrawings,
  takeUndoKeys, trying,
} from "./page.js";
import { Pad } from "./pad.js";
import { Paper } from "./paper.js";
import { fromLink, link } from "./share.js";
import { onPad } from "./strokes.js";
import { view } from "./viewer.js";
import { t } from "./words.js";

const PAUSE = 450;

const pads = $$(".pad").map((svg) => new Pad(svg));
const settings = new Settings($("#settings"));
const strip = $$(".strip button").map((button) => new Paper($("svg", button)));
const shown = new Paper($("#between"));
const slider = $("#slider");
let inUse = pads[0];
let running = new AbortController();

const pause = new Pause(PAUSE, mix);
let whole = false; // whether the strip shows what the pads and settings say
let isKept = false; // on the page Mine

async function mix() {
  pause.end();
  running.abort();
  running = new AbortController();
  const { signal } = running;
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
  buttons();
  isKept = false;
  isKept = !pads.every((pad) => pad.isExample) && await keepIfWanted({
    task: "mix", given: [first, second], drawings: strip.map((paper) => paper.drawing), options: settings.options,
  });
  return undefined;
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
  slider.setAttribute("aria-valuetext", t("shares", { first: 100 - share, second: share }));
  shown.put(strip[place].strokes);
  $$(".strip button").forEach((button, at) => {
    button.setAttribute("aria-pressed", String(at === place));
  });
}

function buttons() {
  for (const button of $$("[data-do=one], [data-do=all]")) button.disabled = !whole;
  slider.disabled = !strip.every((paper) => paper.finished);
  for (const pad of pads) pad.showWhatCanBeDone();
}

/** Show the mixtures large, one or all. */
function enlarge(place) {
  const { seed } = settings.options, most = strip.length - 1;
  const items = strip.map((paper, at) => ({
    drawing: paper.drawing, title: t("blendAt", { share: Math.round((100 * at) / most) }), seed,
  }));
  view(items, place, {
    title: t("blendsAll"), columns: 4, smooth: settings.smooth, flips: true,
    isKept, use: (strokes) => inUse.set(onPad(strokes)),
    link: () => link(pads.map((pad) => pad.strokes), settings.options),
  });
}

pads.forEach((pad) => {
  const card = pad.svg.closest(".card");
  pad.addEventListener("start", () => {
    pause.end();
    running.abort();
    inUse = pad;
  });
  card.addEventListener("pointerdown", () => (inUse = pad));
  pad.addEventListener("change", () => {
    inUse = pad;
    buttons();
    forgetLink();
    remember(PADS.mix, pads.map((pad) => (pad.isExample ? [] : pad.strokes)));
    $("#workspace").setAttribute("aria-busy", "true");
    pause.begin();
  });
  $("[data-do=clear]", card).addEventListener("click", () => pad.clear());
  $("[data-do=undo]", card).addEventListener("click", () => pad.undo());
  $("[data-do=redo]", card).addEventListener("click", () => pad.redo());
  $("[data-do=some]", card).addEventListener("click", () =>
    trying(async () => pad.set(await someDrawing(), { example: true })),
  );
  const input = $("input[type=file]", card);
  $("[data-do=file]", card)?.addEventListener("click", () => input.click());
  takeDrawings(card, input, (strokes) => pad.set(strokes), { pastes: () => pad === inUse });
});
takeUndoKeys(() => inUse);
settings.addEventListener("change", () => {
  forgetLink();
  mix();
});
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
$("[data-do=one]").addEventListener("click", () => enlarge(Number(slider.value)));
$("[data-do=all]").addEventListener("click", () => enlarge(null));
addEventListener("online", () => !whole && mix());
addEventListener("hashchange", () => {
  const found = linked();
  if (!found) return;
  found.forEach((strokes, side) => pads[side].set(strokes, { quiet: true, first: false }));
  mix();
});

/** The two drawings in the address; undefined if there are none. */
function linked() {
  const text = location.hash.slice(1);
  if (!text || text === "main") return undefined;
  const found = fromLink(text);
  if (found?.drawings.length === 2) {
    settings.take(found);
    remember(PADS.mix, found.drawings);
    return found.drawings;
  }
  say(t("linkDamaged"), "trouble");
  return undefined;
}

for (const paper of [...strip, shown]) paper.setSmooth(settings.smooth);
const before = linked() ?? recalled(PADS.mix) ?? [];
pads.forEach((pad, side) => {
  const own = before[side] ?? [];
  pad.set(own.length ? own : examples()[side], { quiet: true, example: !own.length });
});
mix();
