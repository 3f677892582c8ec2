// The pages Draw and Complete: a person draws, and after each pause the model draws too.

import * as model from "./model.js";
import {
  $, $$, Pause, Settings, examples, recalled, remember, say, someDrawing, takeDrawings, takeUndoKeys,
  trying,
} from "./page.js";
import { Pad } from "./pad.js";
import { fromLink, link } from "./share.js";
import { Sheets } from "./sheets.js";

const PAUSE = 450; // milliseconds after which a person is taken to have paused
const FIRST_EXAMPLE = 0;

const workspace = $("#workspace");
const completing = workspace.dataset.task === "complete";
const pad = new Pad($("#pad"));
const settings = new Settings($("#settings"));
const sheets = new Sheets(settings);
/** Whether this studio is at an address of one's own machine, which nobody else can open. */
const isHere = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
let asking = new AbortController();
let isDemo = false; // what is on the pad is an example, not the person's

const pause = new Pause(PAUSE, redraw);
const kept = `drawing ${workspace.dataset.task}`; // on the pad, while the tab is open

async function redraw() {
  pause.end();
  asking.abort();
  if (pad.isEmpty) return rest();
  asking = new AbortController();
  const { signal } = asking;
  const given = completing ? pad.strokes.map(([xs, ys]) => [[...xs], [...ys]]) : [];
  const options = { n: sheets.length, signal, onPoint: sheets.onPoint, ...settings.options };
  sheets.clear(given);
  workspace.setAttribute("aria-busy", "true");
  const draw = completing ? model.complete : model.redraw;
  const { strokes } = pad;
  const naming = workspace.dataset.canClassify ? name(strokes, signal) : undefined;
  const drawings = await trying(async () => (await Promise.all([draw(strokes, options), naming]))[0]);
  if (signal.aborted) return undefined;
  workspace.removeAttribute("aria-busy");
  if (drawings) {
    sheets.draw(drawings, given);
    showDone();
  }
  return undefined;
}

/** Nothing is drawn: blank paper everywhere. */
function rest() {
  sheets.clear();
  workspace.removeAttribute("aria-busy");
  showGuesses([]);
  $("#status").textContent = "";
}

function showDone() {
  const what = $("#guesses").textContent;
  const done = completing ? "completed" : "drawn again";
  $("#status").textContent = `${sheets.length} times ${done}. ${what}`;
}

async function name(strokes, signal) {
  const guesses = await model.classify(strokes);
  if (!signal.aborted) showGuesses(guesses);
}

function showGuesses(guesses) {
  const place = $("#guesses");
  place.replaceChildren();
  if (!guesses.length) return;
  const [first, ...others] = guesses;
  place.append("Looks like: ");
  const best = place.appendChild(document.createElement("strong"));
  best.textContent = first.category;
  best.title = `${Math.round(100 * first.probability)} %`;
  const likely = others.filter((one) => one.probability > 0.08).map((one) => one.category);
  if (likely.length) place.append(` – or ${likely.join(", ")}`);
}

function buttons() {
  for (const button of $$("[data-do=use]")) button.disabled = !sheets.isAnyChosen;
  $("[data-do=share]").disabled = pad.isEmpty;
  pad.showWhatCanBeDone();
}

function demo(strokes) {
  pad.set(strokes, { quiet: true });
  isDemo = true;
  redraw();
}

pad.addEventListener("start", () => {
  pause.end();
  if (isDemo) {
    isDemo = false;
    pad.startOver();
  }
  asking.abort();
});
pad.addEventListener("change", () => {
  isDemo = false;
  buttons();
  if (location.hash) history.replaceState(null, "", location.pathname);
  remember(kept, pad.strokes);
  workspace.setAttribute("aria-busy", "true"); // from now on, though it waits for a pause
  if (pad.isEmpty) redraw();
  else pause.begin();
});
settings.addEventListener("change", redraw);
sheets.addEventListener("change", buttons);

const ACTIONS = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(isDemo),
  use: () => pad.set(sheets.chosen),
  some: () => trying(async () => pad.set(prefixOf(await someDrawing()))),
  file: () => $("#file").click(),
  share: async () => {
    history.replaceState(null, "", `#${link(pad.strokes, settings.options)}`);
    const reach = isHere ? ` It opens on this device alone: others cannot open ${location.host}.` : "";
    try {
      await navigator.clipboard.writeText(location.href);
      say(`The link is copied. It holds the drawing itself.${reach}`);
    } catch {
      say(`The link is in the address bar. It holds the drawing itself.${reach}`);
    }
  },
};
for (const button of $$("[data-do]")) {
  const action = ACTIONS[button.dataset.do];
  if (action) button.addEventListener("click", action);
}
$$(".example").forEach((button, place) => {
  button.addEventListener("click", () => pad.set(prefixOf(examples()[place])));
});
takeDrawings($("#pad-card"), $("#file"), (strokes) => pad.set(strokes));
takeUndoKeys(() => pad);
addEventListener("hashchange", () => openLink(isDemo));

/** To be completed: only the first strokes of a drawing. */
function prefixOf(strokes) {
  return completing ? strokes.slice(0, Math.max(1, Math.floor(strokes.length / 3))) : strokes;
}

/** @param first Whether nothing was on the pad before that anybody would miss. */
function openLink(first = true) {
  const text = location.hash.slice(1);
  if (!text || text === "main") return false;
  const found = fromLink(text);
  if (!found) {
    say("This link is damaged: there is no drawing in it.", "trouble");
    return false;
  }
  settings.take(found);
  open(found.strokes, first);
  return true;
}

function open(strokes, first = true) {
  pad.set(strokes, { quiet: true, first });
  isDemo = false;
  redraw();
}

buttons();
if (!openLink()) {
  const before = recalled(kept);
  if (before?.length) open(before);
  else demo(prefixOf(examples()[FIRST_EXAMPLE]));
}
