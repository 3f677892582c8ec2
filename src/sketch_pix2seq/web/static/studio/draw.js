// The pages Redraw and Complete: a person draws, and after each pause the model draws too.

import { keepIfWanted } from "./keeping.js";
import * as model from "./model.js";
import {
  $, $$, PADS, Pause, Settings, examples, forgetLink, recalled, remember, say, someDrawing, takeDrawings,
  takeUndoKeys, trying,
} from "./page.js";
import { Pad } from "./pad.js";
import { fromLink, link } from "./share.js";
import { Sheets } from "./sheets.js";
import { onPad } from "./strokes.js";
import { view } from "./viewer.js";
import { nameOf, t } from "./words.js";

const PAUSE = 450; // milliseconds after which a person is taken to have paused
const FIRST_EXAMPLE = 0;
const SURE = 0.4, POSSIBLE = 0.08; // smallest probabilities of a guess that is named first, and beside another one

const workspace = $("#workspace");
const { task } = workspace.dataset; // "draw" or "complete"
const completing = task === "complete";
const pad = new Pad($("#pad"));
const settings = new Settings($("#settings"));
const sheets = new Sheets(settings, completing ? "completion" : "redrawing", (strokes) => pad.set(onPad(strokes)));
let running = new AbortController();

const pause = new Pause(PAUSE, redraw);

async function redraw() {
  pause.end();
  running.abort();
  if (pad.isEmpty) return rest();
  running = new AbortController();
  const { signal } = running;
  const { strokes, isExample } = pad, given = completing ? strokes.map(([xs, ys]) => [[...xs], [...ys]]) : [];
  const options = { n: sheets.length, signal, onPoint: sheets.onPoint, ...settings.options };
  sheets.clear(given);
  workspace.setAttribute("aria-busy", "true");
  const draw = completing ? model.complete : model.redraw;
  const naming = workspace.dataset.canClassify ? name(strokes, signal) : undefined;
  const drawings = await trying(async () => (await Promise.all([draw(strokes, options), naming]))[0]);
  if (signal.aborted) return undefined;
  if (!drawings) return rest();
  workspace.removeAttribute("aria-busy");
  sheets.draw(drawings, given);
  if (options.category) sheets.category = options.category; // the one that was chosen
  $("#status").textContent = `${t(completing ? "allCompleted" : "allRedrawn", { count: sheets.length })} ${$("#guesses").textContent}`;
  sheets.isKept = false;
  sheets.isKept = !isExample && await keepIfWanted({
    task, given: [strokes], drawings: sheets.drawings, category: sheets.category, options: settings.options,
  });
  return undefined;
}

/** Nothing is drawn: blank paper everywhere. */
function rest() {
  sheets.clear();
  workspace.removeAttribute("aria-busy");
  showGuesses([]);
  $("#status").textContent = "";
}

async function name(strokes, signal) {
  const guesses = await model.classify(strokes);
  if (!signal.aborted) showGuesses(guesses);
}

function showGuesses(guesses) {
  const place = $("#guesses");
  place.replaceChildren();
  sheets.category = "";
  if (!guesses.length) return;
  const [first, ...others] = guesses, isSure = first.probability >= SURE;
  const likely = (isSure ? others : guesses).filter((guess) => guess.probability > POSSIBLE);
  const known = likely.map((guess) => nameOf(guess.category)).join(", ");
  if (!isSure) {
    place.append(known ? t("maybeOnly", { known }) : t("notSure"));
    return;
  }
  sheets.category = first.category;
  const best = document.createElement("strong");
  best.textContent = nameOf(first.category);
  place.append(t("looksLike"), " ", best, ` (${Math.round(100 * first.probability)} %)`);
  if (known) place.append(`, ${t("maybe", { known })}`);
}

function buttons() {
  $("[data-do=share]").disabled = pad.isEmpty;
  $("#yours").textContent = t(pad.isExample ? "example" : "yourDrawing");
  pad.showWhatCanBeDone();
}

pad.addEventListener("start", () => {
  pause.end();
  running.abort();
});
pad.addEventListener("change", () => {
  buttons();
  forgetLink();
  remember(PADS[task], pad.isExample ? [] : pad.strokes);
  workspace.setAttribute("aria-busy", "true"); // from now on, though it waits for a pause
  if (pad.isEmpty) redraw();
  else pause.begin();
});
settings.addEventListener("change", () => {
  forgetLink();
  redraw();
});
addEventListener("online", () => {
  if (!pad.isEmpty && !sheets.drawings.length) redraw(); // that failed
});

const ACTIONS = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  some: () => trying(async () => pad.set(prefixOf(await someDrawing()), { example: true })),
  file: () => $("#file").click(),
  share: () => {
    const drawing = { drawn: pad.strokes.map(([xs, ys]) => [[...xs], [...ys]]) }, { category, isKept } = sheets;
    const title = t(pad.isExample ? "example" : "yourDrawing");
    view([{ drawing, title, category, isOwn: true }], 0, { isKept, link: () => link([pad.strokes], settings.options) });
  },
};
for (const button of $$("[data-do]")) {
  const action = ACTIONS[button.dataset.do];
  if (action) button.addEventListener("click", action);
}
$$(".example").forEach((button, place) => {
  button.addEventListener("click", () => pad.set(prefixOf(examples()[place]), { example: true }));
});
takeDrawings($("#pad-card"), $("#file"), (strokes) => pad.set(strokes));
takeUndoKeys(() => pad);
addEventListener("hashchange", () => openLink(!pad.canUndo));

/** To be completed: only the first strokes of a drawing. */
function prefixOf(strokes) {
  return completing ? strokes.slice(0, Math.max(1, Math.floor(strokes.length / 3))) : strokes;
}

/** @param first Whether nothing was on the pad before that anybody would miss. */
function openLink(first = true) {
  const text = location.hash.slice(1);
  if (!text || text === "main") return false;
  const found = fromLink(text);
  if (!found?.drawings.length) {
    say(t("linkDamaged"), "trouble");
    return false;
  }
  settings.take(found);
  open(found.drawings[0], { first });
  remember(PADS[task], pad.strokes);
  return true;
}

function open(strokes, how) {
  pad.set(strokes, { quiet: true, ...how });
  buttons();
  redraw();
}

if (!openLink()) {
  const before = recalled(PADS[task]);
  if (before?.length) open(before);
  else open(prefixOf(examples()[FIRST_EXAMPLE]), { example: true });
}
