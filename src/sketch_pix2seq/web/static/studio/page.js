// What all pages of the studio share: settings, notices, examples, files in, files out.

import { Trouble, ask, askFile, upload } from "./api.js";
import { fitted } from "./strokes.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Say something: to eyes in the corner, to ears at once. */
export function say(words, kind = "note") {
  const place = $("#notice");
  place.textContent = words;
  place.className = `notice ${kind}`;
  clearTimeout(say.timer);
  if (kind === "note") say.timer = setTimeout(() => (place.className = "notice"), 4000);
}

/** Do something; tell a person what went wrong. */
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof Trouble)) console.error(error);
    const words = error instanceof Trouble ? error.message : "something went wrong here.";
    say(words[0].toUpperCase() + words.slice(1), "trouble");
    return undefined;
  }
}

/** Temperature, seed and smoothness, kept while the tab is open. */
export class Settings extends EventTarget {
  constructor(root) {
    super();
    this.temperature = $("[name=temperature]", root);
    this.shown = $("output", root);
    this.seedField = $("[name=seed]", root);
    this.smoothBox = $("[name=smooth]", root);
    const kept = JSON.parse(sessionStorage.getItem("settings") ?? "{}");
    if (kept.temperature) this.temperature.value = kept.temperature;
    if (kept.seed) this.seedField.value = kept.seed;
    this.smoothBox.checked = kept.smooth ?? true;
    this.temperature.addEventListener("input", () => this.#show());
    this.temperature.addEventListener("change", () => this.#changed("change"));
    this.seedField.addEventListener("change", () => this.#changed("change"));
    this.smoothBox.addEventListener("change", () => this.#changed("smooth"));
    $("[data-do=luck]", root).addEventListener("click", () => {
      this.seedField.value = Math.floor(Math.random() * 1e6);
      this.#changed("change");
    });
    this.#show();
  }

  /** As the API takes them. */
  get form() {
    const seed = Math.min(Math.max(Math.trunc(Number(this.seedField.value) || 0), 0), 2 ** 52);
    return { temperature: Number(this.temperature.value), seed };
  }

  get smooth() {
    return this.smoothBox.checked;
  }

  #show() {
    this.shown.textContent = Number(this.temperature.value).toFixed(2);
  }

  #changed(kind) {
    this.#show();
    const kept = { ...this.form, smooth: this.smooth };
    sessionStorage.setItem("settings", JSON.stringify(kept));
    this.dispatchEvent(new Event(kind));
  }
}

/** The drawings that come with the package. */
export const examples = () => JSON.parse($("#examples").textContent).map((one) => fitted(one));

/** Another drawing that a person made: of the map if there is one, else an example. */
export async function someDrawing(not) {
  someDrawing.all ??= ask("/api/map").then((map) => map.drawings.map((one) => one.drawing));
  const all = await someDrawing.all;
  const from = all.length ? all : examples();
  const found = from[Math.floor(Math.random() * from.length)];
  return found === not && from.length > 1 ? someDrawing(not) : fitted(found);
}

/** Let pictures and SVGs be chosen, dropped and pasted; `onStrokes` gets what is seen in them. */
export function takeFiles(area, input, onStrokes, { paste = true } = {}) {
  const take = (file) =>
    trying(async () => {
      say("Looking at the picture …");
      const { drawing } = await upload("/api/read", file);
      say("This is what is seen in it.");
      onStrokes(fitted(drawing));
    });
  input.addEventListener("change", () => {
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

/** Save drawings as a file. */
export function save(drawings, format, options = {}) {
  return trying(async () => {
    const file = await askFile("/api/save", { drawings, format, ...options });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${options.columns === undefined ? "sketch" : "sketches"}.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

/** Call a function once nothing has happened for a while. */
export function pausing(milliseconds, work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
