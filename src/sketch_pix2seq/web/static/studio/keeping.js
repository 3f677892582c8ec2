// What was drawn here, kept by the browser on this device alone; the page Mine shows it.
//
// An entry: { id, time, task, given, drawings, category, options }: `given` are the drawings of a
// person, `drawings` what the model made of them, { given, drawn } each. An id is the task, a blank and
// the time when it was new, so that ids of a task come in order.

import { recalledHere, rememberHere } from "./page.js";
import { withRounded } from "./strokes.js";

/** How many entries are kept; those that were kept first go first. */
export const MOST_KEPT = 200;

const DATABASE = "sketch-pix2seq", STORE = "drawings";
const SWITCH = "keep drawings";

/** Whether anything is kept by itself. */
export const isKeeping = () => recalledHere(SWITCH) ?? true;
export const setKeeping = (keeps) => rememberHere(SWITCH, keeps);

let opened = null;

function database() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened;
}

/** Do something with the entries; returns what it asked for, once it is done. */
async function withEntries(mode, work) {
  const change = (await database()).transaction(STORE, mode), asked = work(change.objectStore(STORE));
  return new Promise((done, fail) => {
    change.oncomplete = () => done(asked?.result);
    change.onabort = change.onerror = () => fail(change.error);
  });
}

/** All entries, the newest first. */
export async function entries() {
  const found = await withEntries("readonly", (store) => store.getAll());
  return found.sort((one, other) => other.time - one.time);
}

/** Write entries, with their numbers. */
export const putBack = (some) => withEntries("readwrite", (store) => some.forEach((one) => store.put(one)));

/** Forget entries. @param {string[]} ids */
export const forget = (ids) => withEntries("readwrite", (store) => ids.forEach((id) => store.delete(id)));

let latest = 0; // time of an entry

/**
 * Keep something. A drawing that goes on takes the place of what was kept of it before.
 *
 * @returns {Promise<void>}
 */
export async function keep({ task, given = [], drawings, ...about }) {
  const round = ({ given: before = [], drawn }) => ({ given: withRounded(before), drawn: withRounded(drawn) });
  const entry = { task, given: given.map(withRounded), drawings: drawings.map(round), ...about };
  const ids = await withEntries("readonly", (store) => store.getAllKeys());
  const last = ids.filter((id) => id.startsWith(`${task} `)).at(-1);
  const before = last && await withEntries("readonly", (store) => store.get(last));
  entry.time = latest = Math.max(Date.now(), latest + 1);
  entry.id = before && isMoreOf(entry, before) ? last : `${task} ${entry.time}`;
  await putBack([entry]);
  const age = (id) => Number(id.split(" ")[1]);
  const others = ids.filter((id) => id !== entry.id).sort((one, other) => age(other) - age(one));
  if (others.length >= MOST_KEPT) await forget(others.slice(MOST_KEPT - 1));
}

/**
 * Keep something, if the person lets it be kept; a browser that keeps nothing is no trouble.
 *
 * @returns {boolean} Whether it is to be kept.
 */
export function keepIfWanted(entry) {
  if (isKeeping()) keep(entry).catch((error) => console.warn(error));
  return isKeeping();
}

/** Whether an entry is what a former one has become: the same first strokes, drawn in the same way. */
export function isMoreOf(entry, before) {
  const of = ({ task, given, category, options, drawings }) => JSON.stringify(given.length
    ? [task, options, given.map((strokes) => strokes[0])]
    : [task, options, category, task === "drawing" && drawings]);
  return of(entry) === of(before);
}
