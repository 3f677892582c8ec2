// What all pages of the studio share: settings, notices, examples, files in, files out.

import { SketchPix2SeqError, trace } from "../sketch/client.js";
import { gallery } from "./model.js";
import { fitted, onPad } from "./strokes.js";
import { strokesInSvg } from "./svg.js";
import { categoryOf, nameOf, number, t, translated, UserError } from "./words.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/**
 * Show a message in the corner, and let screen readers announce it.
 *
 * @param {string} words @param {string} [kind] @param {{label: string, run: () => void}} [way] A button
 *   beside it.
 */
export function say(words, kind = "note", way) {
  const place = $("#notice"), button = $("#way");
  $(kind === "note" ? "#note" : "#trouble").textContent = words;
  $(kind === "note" ? "#trouble" : "#note").textContent = "";
  place.className = `notice shown ${kind}`;
  button.hidden = !way;
  button.textContent = way?.label ?? "";
  button.onclick = () => {
    hush();
    way?.run();
  };
  clearTimeout(say.timer);
  if (kind === "note" && !way) say.timer = setTimeout(hush, 4000);
}

/** Hide the message. */
export function hush() {
  $("#notice").className = "notice";
}

/** Do something; show an error that occurs. */
export async function trying(work) {
  try {
    const done = await work();
    if ($("#notice").classList.contains("failed")) hush();
    return done;
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    const isMeant = error instanceof UserError || error instanceof SketchPix2SeqError;
    if (!isMeant) console.error(error);
    const words = isMeant ? translated(error.message) : t("failed");
    say(words[0].toUpperCase() + words.slice(1), "trouble failed");
    return undefined;
  }
}

const MAX_SEED = 2 ** 31 - 1;
const MAX_FILE_BYTES = 50_000_000;

/** How it draws: temperature, seed, smoothness, and what else the page offers; kept while the tab is open. */
export class Settings extends EventTarget {
  constructor(root) {
    super();
    this.temperature = $("[name=temperature]", root);
    this.fidelity = $("[name=fidelity]", root);
    this.category = $("[name=category]", root);
    this.seedField = $("[name=seed]", root);
    this.smoothBox = $("[name=smooth]", root);
    this.careField = $("[name=best_of]", root);
    const kept = recalled("settings") ?? {};
    root.addEventListener("submit", (event) => event.preventDefault());
    if (kept.temperature) this.temperature.value = kept.temperature;
    if (kept.seed) this.seedField.value = kept.seed;
    if (this.fidelity && kept.fidelity !== undefined) this.fidelity.value = kept.fidelity;
    for (const field of [this.fidelity, this.category]) {
      field?.addEventListener("input", () => this.#show());
      field?.addEventListener("change", () => this.#changed("change"));
    }
    if (this.careField) {
      if (kept.bestOf) this.#takeBestOf(kept.bestOf);
      this.careField.addEventListener("change", () => this.#changed("change"));
    }
    this.smoothBox.checked = kept.smooth ?? true;
    this.temperature.addEventListener("input", () => this.#show());
    this.temperature.addEventListener("change", () => this.#changed("change"));
    this.seedField.addEventListener("change", () => this.#changed("change"));
    this.smoothBox.addEventListener("change", () => this.#changed("smooth"));
    $("[data-do=seed]", root).addEventListener("click", () => {
      this.seedField.value = Math.floor(Math.random() * 1e6);
      this.#changed("change");
    });
    this.#show();
  }

  /** As the library takes them. */
  get options() {
    const options = {
      temperature: Number(this.temperature.value), seed: Number(this.seedField.value),
    };
    if (this.careField) options.bestOf = Number(this.careField.value);
    if (this.fidelity) options.fidelity = Number(this.fidelity.value);
    if (this.category?.value.trim()) options.category = categoryOf(this.category.value.trim());
    return options;
  }

  /** Take over what a link says. */
  take({ temperature, seed, fidelity, bestOf = seed === undefined ? undefined : 1, category }) {
    const fields = [this.temperature, this.seedField, this.fidelity, this.category];
    [temperature, seed, fidelity, category && nameOf(category)].forEach((value, place) => {
      if (value !== undefined && fields[place]) fields[place].value = value;
    });
    if (bestOf && this.careField) this.#takeBestOf(bestOf);
    this.#show();
  }

  /** Choose the quality that is nearest to one of another page or an older one; of two, the page's own. */
  #takeBestOf(wanted) {
    const offered = [...this.careField.options].map((option) => Number(option.value));
    const usual = Number($("[selected]", this.careField).value);
    const distance = (count) => Math.abs(Math.log(count / wanted));
    this.careField.value = offered.reduce((best, count) => distance(count) < distance(best) ? count : best, usual);
  }

  get smooth() {
    return this.smoothBox.checked;
  }

  #show() {
    const typed = Number(this.seedField.value), seed = Math.min(Math.max(Math.trunc(typed) || 0, 0), MAX_SEED);
    if (seed !== typed) say(t("seedRange", { most: MAX_SEED, seed }));
    this.seedField.value = seed;
    for (const slider of [this.temperature, this.fidelity]) {
      if (slider) $(`output[for=${slider.id}]`).textContent = number(Number(slider.value), 2);
    }
  }

  #changed(kind) {
    this.#show();
    const kept = recalled("settings") ?? {};
    const { category: _, ...options } = this.options; // of this page alone
    remember("settings", { ...kept, ...options, smooth: this.smooth });
    this.dispatchEvent(new Event(kind));
  }
}

/** Leave what was linked: the address is the page's alone again. */
export const forgetLink = () => {
  if (location.hash) history.replaceState(null, "", location.pathname);
};

/** Something kept while the tab is open, as far as the browser keeps anything. */
export const remember = (name, value) => write(() => sessionStorage, name, value);
export const recalled = (name) => read(() => sessionStorage, name);

/** Something kept on this device. */
export const rememberHere = (name, value) => write(() => localStorage, name, value);
export const recalledHere = (name) => read(() => localStorage, name);

function write(storage, name, value) {
  try {
    storage().setItem(name, JSON.stringify(value));
  } catch {
    // then it is forgotten
  }
}

function read(storage, name) {
  try {
    return JSON.parse(storage().getItem(name));
  } catch {
    return null;
  }
}

/** The link to a page of the studio. @param {string} name */
export const openPage = (name) => $(`.tabs [data-page=${name}]`);

/** What the pads of a page are called while the tab is open. */
export const PADS = { draw: "drawing redraw", complete: "drawing complete", mix: "drawings to mix" };

/** Take a drawing to the pad of another page; on Blend what lay on the first pad goes to the second. */
export function carry(strokes, name) {
  const drawing = onPad(strokes), [first, second] = name === "mix" ? recalled(PADS.mix) ?? [] : [];
  remember(PADS[name], name === "mix" ? [drawing, first?.length ? first : second ?? []] : drawing);
  location.href = openPage(name).href;
}

/** The drawings that come with the package. */
export const examples = () => JSON.parse($("#examples").textContent).map((strokes) => fitted(strokes));

/** Another drawing that a person made: of the map if there is one, else an example. */
export async function someDrawing() {
  const drawings = (await gallery()).map((item) => item.drawing);
  const from = drawings.length ? drawings : examples();
  let place = Math.floor(Math.random() * from.length);
  if (place === someDrawing.last) place = (place + 1) % from.length;
  someDrawing.last = place;
  return fitted(from[place]);
}

/** Let a file of a drawing be chosen, dropped and pasted; `onStrokes` gets the strokes in it. */
export function takeDrawings(area, input, onStrokes, options) {
  let reading = new AbortController(); // the file that was chosen last
  const read = (file, others) => trying(async () => {
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    say(t("reading"));
    clearTimeout(say.timer); // it stays until the file is read
    const { strokes, leftOut } = await drawingIn(file, signal);
    signal.throwIfAborted();
    const missing = leftOut ? t("leftOut", { what: translated(leftOut) }) : "";
    say([t("linesFound"), missing, others].filter(Boolean).join(" "));
    onStrokes(fitted(strokes));
  });
  takeFiles(area, input, read, options);
}

/** The strokes in a file, and what of it is none: an SVG is read, a picture is traced. */
async function drawingIn(file, signal) {
  if (file.size > MAX_FILE_BYTES) throw new UserError(t("fileTooLarge"));
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const encoding = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[256 * first + second] ?? "utf-8";
  const decode = async (part) => new TextDecoder(encoding).decode(await part.arrayBuffer());
  return /^\s*</.test(await decode(file.slice(0, 1000))) ? strokesInSvg(await decode(file)) : trace(file, { signal });
}

/** Whether the viewer lies over the page, whose drawing stays as it is. */
const isCovered = () => $("#viewer").open;

/**
 * Let a file be chosen, dropped and pasted, an SVG as text, too.
 *
 * @param {(file: Blob, others: string) => void} take Gets the first file, and in words that there were
 *   others; "" if there were none.
 */
export function takeFiles(area, input, take, { pastes = () => true } = {}) {
  const takeFirst = ([file, ...others]) =>
    file && take(file, others.length ? t("oneFileRead", { name: file.name, count: others.length }) : "");
  input?.addEventListener("change", () => {
    takeFirst(input.files);
    input.value = "";
  });
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    takeFirst(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (isCovered() || !pastes()) return;
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain").trim();
    if (files.length) takeFirst(files);
    else if (/^<(\?xml|svg)/.test(text)) take(new Blob([text]), "");
  });
}

/**
 * Ctrl-Z, and Ctrl-Shift-Z or Ctrl-Y: back to the drawing before, and on again.
 * @param padInUse Returns the pad that is meant.
 */
export function takeUndoKeys(padInUse) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isCovered()) return;
    if (event.target.matches("input:not([type=range], [type=checkbox])")) return;
    const key = event.key?.toLowerCase();
    const isRedo = (key === "z" && event.shiftKey) || (key === "y" && event.ctrlKey);
    if (!isRedo && key !== "z") return;
    event.preventDefault();
    if (isRedo) padInUse().redo();
    else padInUse().undo();
  });
}

/** Let the browser save a file. */
export function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Do something once nothing has happened for a while. */
export class Pause {
  constructor(milliseconds, work) {
    this.milliseconds = milliseconds;
    this.work = work;
  }

  begin() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.work, this.milliseconds);
  }

  end() {
    clearTimeout(this.timer);
  }
}

$(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // of a small screen

// A file that is dropped beside the paper must not take its place.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => event.preventDefault());
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hush();
});
$("[data-do=hush]").addEventListener("click", hush);
