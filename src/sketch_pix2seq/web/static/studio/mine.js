// The page Mine: what was drawn in this browser, and what the model made of it.

import { MAX_KEPT, entries, forget, isKeeping, put, setKeeping } from "./keeping.js";
import { $, say, trying } from "./page.js";
import { newPaper } from "./paper.js";
import { view } from "./viewer.js";
import { nameOf, t } from "./words.js";

const KINDS = { draw: "redrawing", complete: "completion", name: "drawing", drawing: "drawing" };

const list = $("#entries");
const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
let shown = [];

async function show() {
  try {
    shown = await entries();
  } catch (error) { // a browser that keeps nothing
    console.warn(error);
    shown = [];
    $("#none").textContent = t("keepsNothing");
  }
  list.replaceChildren(...shown.map(card));
  $("#none").hidden = shown.length > 0;
  $("[data-do=delete]").disabled = shown.length === 0;
}

/** All drawings of an entry, a person's first. */
function itemsOf({ task, given, drawings, category, options, title }) {
  const last = drawings.length - 1, { seed } = options;
  const named = (place) => title ?? (task === "mix"
    ? t("blendAt", { share: Math.round((100 * place) / last) }) : t(KINDS[task], { number: place + 1 }));
  return [
    ...given.map((drawn) => ({ drawing: { drawn }, title: t("yourDrawing"), category, isOwn: true })),
    ...drawings.map((drawing, place) => ({ drawing, title: named(place), category, seed })),
  ];
}

function card(entry) {
  const element = document.createElement("li"), items = itemsOf(entry);
  element.className = "card entry";
  const head = element.appendChild(document.createElement("div"));
  head.className = "entry-head";
  const title = head.appendChild(document.createElement("h2"));
  title.textContent = [t(`keptAs_${entry.task}`), entry.category && nameOf(entry.category)].filter(Boolean).join(": ");
  const time = head.appendChild(document.createElement("time"));
  time.dateTime = new Date(entry.time).toISOString();
  time.textContent = day.format(entry.time);
  const button = head.appendChild(document.createElement("button"));
  button.className = "button small plain";
  button.type = "button";
  button.textContent = t("delete");
  button.setAttribute("aria-label", `${t("delete")}: ${title.textContent}, ${time.textContent}`);
  button.addEventListener("click", () => remove([entry]));
  const sheets = element.appendChild(document.createElement("div"));
  sheets.className = "entry-drawings";
  items.forEach((item, place) => {
    const open = sheets.appendChild(document.createElement("button"));
    open.className = "sheet-card";
    open.type = "button";
    open.setAttribute("aria-label", item.title);
    const paper = newPaper(item.title);
    paper.svg.classList.toggle("own", item.isOwn ?? false);
    paper.setSmooth(true);
    paper.clear(item.drawing.given);
    paper.put(item.drawing.drawn);
    open.append(paper.svg);
    open.addEventListener("click", () =>
      view(items, place, { title: title.textContent, columns: 4, smooth: true, isKept: true, flips: entry.task === "mix" }));
  });
  return element;
}

let deleted = []; // what can still be brought back

/** Delete entries; they, and those deleted before them, can be brought back while the page is open. */
function remove(chosen) {
  trying(async () => {
    await forget(chosen.map((entry) => entry.id));
    deleted = [...new Set([...chosen, ...deleted])]; // a button may be pressed twice before it goes
    await show();
    ($("button", list) ?? $("[name=keeps]"))?.focus(); // the pressed button is gone
    const run = () => trying(async () => {
      await put(deleted);
      deleted = [];
      await show();
    });
    const count = deleted.length;
    say(count === 1 ? t("deleted") : t("allDeleted", { count }), "note", { label: t("bringBack"), run });
  });
}

$("#bound").textContent = t("keptBound", { most: MAX_KEPT });
const keeps = $("[name=keeps]");
keeps.checked = isKeeping();
keeps.addEventListener("change", () => setKeeping(keeps.checked));
$("[data-do=delete]").addEventListener("click", () => remove(shown));
trying(show);
