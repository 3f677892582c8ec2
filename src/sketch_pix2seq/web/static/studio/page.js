// What all pages of the studio share: settings, notices, examples, files in, files out.

import { SketchPix2SeqError } from "../sketch/client.js";
import { Trouble, askFile } from "./api.js";
import { strokesIn } from "./files.js";
import { gallery } from "./model.js";
import { laidOut, pngOf, svgOf } from "./picture.js";
import { fitted } from "./strokes.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Say something: to eyes in the corner, to ears at once. */
export function say(words, kind = "note") {
  const place = $("#notice");
  $(kind === "note" ? "#note" : "#trouble").textContent = words;
  $(kind === "note" ? "#trouble" : "#note").textContent = "";
  place.className = `notice shown ${kind}`;
  clearTimeout(say.timer);
  if (kind === "note") say.timer = setTimeout(hush, 4000);
}

/** Say nothing any more. */
export function hush() {
  $("#notice").className = "notice";
}

/** Do something; show a person what went wrong. */
export async function trying(work) {
  try {
    const done = await work();
    if ($("#notice").classList.contains("failed")) hush();
    return done;
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    const isMeant = error instanceof Trouble || error instanceof SketchPix2SeqError;
    if (!isMeant) console.error(error);
    const words = isMeant ? error.message : "something went wrong here.";
    say(words[0].toUpperCase() + words.slice(1), "trouble failed");
    return undefined;
  }
}

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
      const offered = [...this.careField.options].map((option) => Number(option.value));
      if (offered.includes(kept.bestOf)) this.careField.value = kept.bestOf;
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
    if (this.category?.value.trim()) options.category = this.category.value.trim();
    return options;
  }

  /** Take over what a link says. */
  take({ temperature, seed }) {
    if (temperature !== undefined) this.temperature.value = temperature;
    if (seed !== undefined) this.seedField.value = seed;
    this.#show();
  }

  get smooth() {
    return this.smoothBox.checked;
  }

  #show() {
    const seed = Math.trunc(Number(this.seedField.value) || 0);
    this.seedField.value = Math.min(Math.max(seed, 0), Number.MAX_SAFE_INTEGER);
    for (const slider of [this.temperature, this.fidelity]) {
      if (slider) $(`output[for=${slider.id}]`).textContent = Number(slider.value).toFixed(2);
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

/** Something kept while the tab is open, as far as the browser keeps anything. */
export function remember(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // then it is forgotten
  }
}

export function recalled(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

/** The drawings that come with the package. */
export const examples = () => JSON.parse($("#examples").textContent).map((one) => fitted(one));

/** Another drawing that a person made: of the map if there is one, else an example. */
export async function someDrawing() {
  const drawings = (await gallery()).map((one) => one.drawing);
  const from = drawings.length ? drawings : examples();
  let place = Math.floor(Math.random() * from.length);
  if (place === someDrawing.last) place = (place + 1) % from.length;
  someDrawing.last = place;
  return fitted(from[place]);
}

/** Let files of drawings be chosen, dropped and pasted; `onStrokes` gets the strokes in them. */
export function takeDrawings(area, input, onStrokes, options) {
  const read = (file) => trying(async () => {
    say("Looking at the picture …");
    const strokes = await strokesIn(file);
    say("These are the strokes that are in it.");
    onStrokes(fitted(strokes));
  });
  takeFiles(area, input, read, options);
}

/** Let files be chosen, dropped and pasted, SVGs as text, too. */
export function takeFiles(area, input, take, { paste = true } = {}) {
  input?.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
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
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
  if (!paste) return;
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    const text = event.clipboardData.getData("text/plain").trim();
    if (file) take(file);
    else if (/^<(\?xml|svg)/.test(text)) take(new Blob([text]));
  });
}

/**
 * Ctrl-Z, and Ctrl-Shift-Z or Ctrl-Y: back to the drawing before, and on again.
 * @param padInUse Returns the pad that is meant.
 */
export function takeUndoKeys(padInUse) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target.matches("input:not([type=range], [type=checkbox])")) return;
    const key = event.key?.toLowerCase();
    const isRedo = (key === "z" && event.shiftKey) || (key === "y" && event.ctrlKey);
    if (!isRedo && key !== "z") return;
    event.preventDefault();
    if (isRedo) padInUse().redo();
    else padInUse().undo();
  });
}

/** Save drawings as a file; see `laidOut` for the options. SVG and PNG are made here. */
export function save(drawings, format, options) {
  return trying(async () => {
    const file = await fileOf(drawings, format, options);
    download(file, `${options.columns === undefined ? "sketch" : "sketches"}.${format}`);
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

function fileOf(drawings, format, options) {
  if (format === "gif") return askFile("api/save", { drawings, format, ...options });
  const layout = laidOut(drawings, options);
  return format === "png" ? pngOf(layout) : new Blob([svgOf(layout)], { type: "image/svg+xml" });
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
$("#notice button").addEventListener("click", hush);
