// The model, which draws in the page itself: it is loaded once, in one worker.

import { checkBytes, readBody } from "../sketch/bundle_files.js";
import { Sketcher } from "../sketch/client.js";
import { GALLERY_FILE, readGallery } from "../sketch/gallery.js";
import { numberOfCategory } from "../sketch/settings.js";
import { SIDE, boundsOf } from "./strokes.js";
import { t, UserError } from "./words.js";

const { root, offline } = document.documentElement.dataset;
const HOME = new URL(root, location.href); // of the studio, whatever its language
const NUM_GUESSES = 3;
const LATE = 300; // milliseconds after which it is said that the model is being loaded

let loading = null;
let current = null; // the sketcher, once it is there
let people = null; // the gallery, where the sketcher has come without it

/** The sketcher; what could not be loaded, or has ended, is loaded again with the next drawing. */
async function sketcher() {
  if (current?.isClosed) loading = current = null;
  loading ??= load();
  try {
    return (current = await loading);
  } catch (error) {
    loading = null;
    throw error;
  }
}

async function load() {
  const place = document.querySelector("#loading");
  const bar = place.querySelector("progress");
  const late = setTimeout(() => (place.hidden = false), LATE);
  const onProgress = ({ loaded }) => (bar.value = loaded);
  try {
    const options = { gallery: place.dataset.gallery === "at once", onProgress };
    const loaded = await Sketcher.load(new URL("model", HOME), options);
    if (offline) keepForOffline();
    return loaded;
  } catch (error) {
    console.error(error);
    throw new UserError(t("notLoaded"));
  } finally {
    clearTimeout(late);
    place.hidden = true;
  }
}

/** Let a service worker keep all files, the model now among those that the browser has. */
function keepForOffline() {
  navigator.serviceWorker?.register(new URL("service-worker.js", HOME)).catch(() => {}); // then it needs a network
}

/** Draw a drawing again. Options here and below are those of the library. */
export async function redraw(drawing, options) {
  return (await (await sketcher()).redraw(drawing, options)).map(inMiddle);
}

/** Complete a started drawing: whole drawings that lie where it lies. */
export async function complete(drawing, options) {
  return (await ofKnown(options.category)).complete(drawing, options);
}

/** Draw a thing by its name. */
export async function generate(category, options) {
  return (await (await ofKnown(category)).generate(category, options)).map(inMiddle);
}

/** Draw what lies between two drawings. */
export async function mix(first, second, options) {
  return (await (await sketcher()).mix([first, second], options)).map(inMiddle);
}

/** Draw a point of the map. */
export async function drawPoint({ x, y }, options) {
  const model = await sketcher();
  const [[drawing]] = await model.decode([await model.latentAt([x, y])], options);
  return inMiddle(drawing);
}

/** What a drawing may show: the likeliest categories, [{ category, probability }]. */
export async function classify(drawing) {
  const { labels, probabilities } = await (await sketcher()).classify(drawing);
  return labels
    .slice(0, NUM_GUESSES)
    .map((category, place) => ({ category, probability: probabilities[place] }));
}

/** People's drawings, [{ category, drawing, place: [x, y] }]; empty if the model has none. */
export async function gallery() {
  const { gallery: found } = await sketcher();
  if (found.length || !("gallery" in document.querySelector("#loading").dataset)) return found;
  people ??= fetchGallery();
  try {
    return await people;
  } catch (error) {
    console.error(error);
    people = null;
    throw new UserError(t("notLoaded"));
  }
}

async function fetchGallery() {
  const answer = await fetch(new URL(`model/${GALLERY_FILE}`, HOME));
  if (!answer.ok) throw new Error(`${answer.status} for ${GALLERY_FILE}`);
  return readGallery(await readBody(answer, (_, sum) => checkBytes(GALLERY_FILE, sum, sum)));
}

async function ofKnown(category) {
  const model = await sketcher();
  const { categories } = model.card;
  if (category === undefined || numberOfCategory(category, categories) >= 0) return model;
  throw new UserError(t("unknownWord", { word: category }));
}

/** A drawing moved to the middle of the paper. */
function inMiddle(strokes) {
  const [left, top, right, bottom] = boundsOf(strokes) ?? [0, 0, SIDE, SIDE];
  const [dx, dy] = [(SIDE - left - right) / 2, (SIDE - top - bottom) / 2];
  return strokes.map(([xs, ys]) => [xs.map((x) => x + dx), ys.map((y) => y + dy)]);
}
