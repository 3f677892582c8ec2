// The page Draw by name: a word, and the model draws it.

import { keepIfWanted } from "./keeping.js";
import { gallery, generate } from "./model.js";
import { $, $$, Settings, recalled, remember, say, trying } from "./page.js";
import { fromLink, link } from "./share.js";
import { Sheets } from "./sheets.js";
import { fitted, pathData } from "./strokes.js";
import { nameOf, t } from "./words.js";

const KEPT = "word"; // while the tab is open
const FIRST = ["octopus", "bicycle", "face"];

const workspace = $("#workspace");
const field = $("[name=word]");
const settings = new Settings($("#settings"));
const sheets = new Sheets(settings, "drawing");
const cards = $$(".word-card");
const words = cards.map((card) => card.dataset.word);
let running = new AbortController();
let word = null; // that is drawn

/** @param isWanted Whether a person chose this word. */
async function draw(chosen, isWanted = true) {
  word = sheets.category = chosen;
  remember(KEPT, word);
  running.abort();
  running = new AbortController();
  const { signal } = running;
  sheets.clear();
  $("#shown-word").textContent = nameOf(word);
  for (const card of cards) card.setAttribute("aria-pressed", String(card.dataset.word === word));
  workspace.setAttribute("aria-busy", "true");
  const options = { n: sheets.length, signal, onPoint: sheets.onPoint, ...settings.options };
  const drawings = await trying(() => generate(word, options));
  if (signal.aborted) return;
  workspace.removeAttribute("aria-busy");
  if (!drawings) {
    sheets.clear();
    $("#status").textContent = "";
    return;
  }
  sheets.draw(drawings);
  $("#status").textContent = t("allNamed", { count: sheets.length, word: nameOf(word) });
  sheets.isKept = false;
  if (!isWanted) return;
  history.replaceState(null, "", `#${link([], { ...settings.options, category: word })}`);
  sheets.isKept = await keepIfWanted({
    task: "name", drawings: sheets.drawings, category: word, options: settings.options,
  });
}

/** The words that are called so, those that begin so, and the others with these letters in them. */
function found() {
  const letters = field.value.trim().toLowerCase();
  const fitting = (called, fits) => words.filter((word) => fits(called(word).toLowerCase()));
  const inModel = (word) => word; // in the model's own words
  const isWhole = (name) => name === letters, hasLetters = (name) => name.includes(letters);
  const some = fitting(nameOf, hasLetters), begin = fitting(nameOf, (name) => name.startsWith(letters));
  const known = some.length ? [...begin, ...some] : fitting(inModel, hasLetters);
  return [...new Set([...fitting(nameOf, isWhole), ...fitting(inModel, isWhole), ...known])];
}

function filter() {
  const fit = new Set(found());
  for (const card of cards) card.parentElement.hidden = !fit.has(card.dataset.word);
  $("#no-word").hidden = fit.size > 0;
}

/** Let each word show how people draw it. */
async function thumbnails() {
  const first = new Map();
  for (const { category, drawing } of await gallery()) {
    if (!first.has(category)) first.set(category, drawing);
  }
  for (const card of cards) {
    for (const stroke of fitted(first.get(card.dataset.word) ?? [])) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", pathData(stroke, true));
      $("svg", card).append(path);
    }
  }
}

$("#word").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = field.value.trim() ? found()[0] : word;
  if (first === undefined) {
    say(t("unknownWord", { word: field.value }), "trouble");
    return;
  }
  field.value = "";
  filter();
  draw(first);
});
field.addEventListener("input", filter);
for (const card of cards) card.addEventListener("click", () => draw(card.dataset.word));
$("[data-do=some]").addEventListener("click", () => {
  draw(words[Math.floor(Math.random() * words.length)]);
});
settings.addEventListener("change", () => word && draw(word));

addEventListener("hashchange", () => {
  const wanted = linked();
  if (wanted) draw(wanted);
});

/** The word in the address, if there is one that it knows. */
function linked() {
  const text = location.hash.slice(1);
  if (!text || text === "main") return undefined;
  const found = fromLink(text);
  if (!words.includes(found?.category)) {
    say(t("linkDamaged"), "trouble");
    return undefined;
  }
  settings.take(found);
  return found.category;
}

trying(thumbnails);
draw([linked(), recalled(KEPT), ...FIRST, words[0]].find((word) => words.includes(word)), false);
