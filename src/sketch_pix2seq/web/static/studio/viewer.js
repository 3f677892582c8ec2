// The viewer: drawings enlarged, one or all, to be saved, copied, kept and carried to other pages.

import { keep } from "./keeping.js";
import { $, $$, carry, download, openPage } from "./page.js";
import { newPaper } from "./paper.js";
import { flipOf, gifOf, videoKind, videoOf } from "./film.js";
import { laidOut, pngOf, svgOf } from "./picture.js";
import { link } from "./share.js";
import { nameOf, t, UserError } from "./words.js";

/** @typedef {import("./picture.js").Drawing} Drawing */
/**
 * @typedef {object} Item
 * @property {Drawing} drawing
 * @property {string} title
 * @property {string} [category] What it shows.
 * @property {number} [seed]
 * @property {boolean} [isOwn] Whether a person drew it.
 */
/**
 * @typedef {object} Options
 * @property {string} [title] Of all drawings together.
 * @property {number} [columns] In which all of them lie.
 * @property {boolean} [smooth] Whether lines are curves.
 * @property {boolean} [flips] Whether one follows from the other, as in a film.
 * @property {boolean} [isKept] Whether the page *Mine* has them.
 * @property {(strokes) => void} [use] Takes a drawing onto the page's pad.
 * @property {() => string} [link] What the link of the drawing holds, and the page's settings.
 */

const dialog = $("#viewer"), stage = $("#viewer-drawings"), status = $("#viewer-status");
let items = [], place = null; // of the drawing that is shown; null: all of them
/** @type {Options} */
let options = {};
let papers = [];
let working = null; // on a file

/** Show drawings, one of them or, without a place, all. @param {Item[]} shown @param {number | null} which @param {Options} [how] */
export function view(shown, which, how = {}) {
  [items, place, options] = [shown, shown.length === 1 ? 0 : which, how];
  if (!dialog.open) dialog.showModal();
  show();
}

const chosen = () => (place === null ? items : [items[place]]);

function show() {
  const several = place === null, shown = chosen(), { columns = shown.length } = options;
  $("#viewer-title").textContent = several ? options.title : shown[0].title;
  $("#viewer-count").textContent = several ? "" : t("countOf", { number: place + 1, count: items.length });
  papers = shown.map(({ drawing: { given = [], drawn }, title, isOwn }) => {
    const paper = newPaper(title);
    paper.svg.classList.toggle("own", isOwn ?? false);
    paper.clear(given);
    paper.setSmooth(options.smooth ?? false);
    paper.draw(drawn);
    return paper;
  });
  stage.replaceChildren(...papers.map((paper) => paper.svg));
  stage.style.setProperty("--columns", Math.min(columns, shown.length));
  stage.classList.toggle("several", several);
  const hidden = {
    ".viewer-pages": items.length === 1, ".viewer-carry": several, ".viewer-colour": !shown.some((item) => item.drawing.given?.length),
    "[data-view=flip]": !(several && options.flips), "[data-view=keep]": options.isKept || several,
    "[data-view=link]": several, "[data-view=video]": !videoKind(),
    "[data-view=copyPng]": !navigator.clipboard?.write, "[data-view=copySvg]": !navigator.clipboard,
    "[data-view=send]": !navigator.canShare?.({ files: [new File([""], "a.png", { type: "image/png" })] }),
  };
  for (const name of ["draw", "complete", "mix"]) hidden[`[data-view=${name}]`] = isHere(name) && !options.use;
  for (const [selector, isHidden] of Object.entries(hidden)) $(selector, dialog)?.toggleAttribute("hidden", isHidden);
  $("[data-view=all]").setAttribute("aria-pressed", String(several));
  $("[data-view=all]").textContent = t("allOf", { count: items.length });
  say("");
}

function say(words) {
  status.textContent = words;
}

function step(by) {
  place = ((place ?? (by > 0 ? -1 : 0)) + by + items.length) % items.length;
  show();
}

/** How the drawings are laid on paper. */
function layout() {
  const { smooth, columns } = options, inColour = $("[name=inColour]", dialog).checked;
  return laidOut(chosen().map((item) => item.drawing), { smooth, columns, inColour });
}

const paperOptions = () => ({ transparent: $("[name=transparent]", dialog).checked });
const svgFile = (more) => new Blob([svgOf(layout(), { ...paperOptions(), ...more })], { type: "image/svg+xml" });

/** How each file is made, and how its name ends. */
const FILES = {
  svg: { make: () => svgFile(), ending: () => ".svg" },
  animated: { make: () => svgFile({ animate: true }), ending: () => "-animated.svg" },
  png: { make: () => pngOf(layout(), paperOptions()), ending: () => ".png" },
  gif: { make: (work) => gifOf(layout(), work), ending: () => ".gif" },
  flip: {
    make: (work) => flipOf(items.filter((item) => !item.isOwn).map(({ drawing }) => laidOut([drawing], options)), work),
    ending: () => "-film.gif",
  },
  video: { make: (work) => videoOf(layout(), work), ending: () => `.${videoKind()[1]}` },
};

/** A file's name: what is shown, in letters that every system takes. */
function fileName() {
  const { category = "", title, seed } = place === null ? { ...items[0], title: options.title } : items[place];
  const name = [nameOf(category), title, seed === undefined ? "" : t("seedOf", { seed })].join(" ");
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "drawing";
}

async function save(kind) {
  const { make, ending } = FILES[kind];
  working?.abort();
  working = new AbortController();
  const { signal } = working, bar = $("progress", dialog);
  const onProgress = (share) => {
    bar.hidden = false;
    bar.value = share;
  };
  const name = fileName() + ending(); // of what is shown now
  say(kind === "video" ? t("recording") : t("making"));
  try {
    const file = await make({ signal, onProgress });
    download(file, name);
    say(t("saved"));
  } finally {
    if (!working || working.signal === signal) { // else another file is being made
      bar.hidden = true;
      working = null;
    }
  }
}

async function copyLink() {
  const strokes = strokesOf(items[place]);
  const text = options.link?.() ?? link([strokes]), page = options.link ? location.href : openPage("draw").href;
  const address = new URL(`#${text}`, page).href;
  if (options.link) history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    say(t("linkCopied"));
  } catch {
    const shown = document.createElement("a");
    [shown.href, shown.textContent] = [address, t("linkShown")];
    status.replaceChildren(shown);
  }
  if (isLocal()) status.append(" ", t("onlyHere"));
}

/** Whether the studio is open on this device alone. */
export const isLocal = () => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);

const strokesOf = ({ drawing: { given = [], drawn } }) => [...given, ...drawn];

const isHere = (name) => openPage(name).hasAttribute("aria-current");

/** Take the drawing to a page's pad, here or there. */
function take(name) {
  const strokes = strokesOf(items[place]);
  dialog.close();
  if (isHere(name)) options.use(strokes);
  else carry(strokes, name);
}

const ACTIONS = {
  close: () => dialog.close(),
  previous: () => step(-1),
  next: () => step(1),
  all: () => {
    place = place === null ? 0 : null;
    show();
  },
  replay: () => papers.forEach((paper) => paper.replay()),
  copySvg: async () => {
    await navigator.clipboard.writeText(svgOf(layout(), paperOptions()));
    say(t("copied"));
  },
  copyPng: async () => {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": pngOf(layout(), paperOptions()) })]);
    say(t("copied"));
  },
  send: async () => {
    const name = `${fileName()}.png`;
    const file = new File([await pngOf(layout(), paperOptions())], name, { type: "image/png" });
    await navigator.share({ files: [file] });
  },
  link: copyLink,
  keep: async () => {
    const { drawing, title, category } = items[place];
    await keep({ task: "drawing", drawings: [drawing], title, category, options: {} });
    say(t("keptNow"));
  },
  draw: () => take("draw"),
  complete: () => take("complete"),
  mix: () => take("mix"),
};
for (const button of $$("[data-view]", dialog)) {
  const { view: name } = button.dataset;
  const action = ACTIONS[name] ?? (() => save(name));
  button.addEventListener("click", async () => {
    try {
      await action();
    } catch (error) { // the page's own notices lie below this dialog
      if (error.name === "AbortError") return;
      if (error instanceof UserError) return say(error.message);
      console.error(error);
      say(t(error.name === "NotAllowedError" ? "notAllowed" : "failed"));
    }
  });
}
dialog.addEventListener("close", () => {
  working?.abort();
  papers.forEach((paper) => paper.clear());
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // beside it
});
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && items.length > 1) step(by);
});
