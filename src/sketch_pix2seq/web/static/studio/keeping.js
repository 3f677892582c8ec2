// What was drawn here, kept by the browser on this device alone; the page Mine shows it.
//
// An entry: { id, time, task, given, drawings, category, options }: `given` are the drawings of a
// person, `drawings` what the model made of them, { given, drawn } each. An id is the task, a blank and
// the time when it was new, so that ids of a task come in order.

import { recalledHere, rememberHere } from "./page.js";
import { withRounded } from "./strokes.js";

/** How many entries are kept; those that were kept first go first. */
export const MAX_KEPT = 200;

const DATABASE = "sketch-pix2seq", STORE = "drawings";
const SWITCH = "keep drawings";

/** Whether anything is kept by itself. */
export const isKeeping = () => recalledHere(SWITCH) ?? true;
export const setKeeping = (keeps) => rememberHere(SWITCH, keeps);

let opened = null;

function database() {
  opened ??= new Promise((done, fail) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => {
      request.result.onclose = () => opened = null; // the browser's data were cleared
      done(request.result);
    };
    request.onerror = () => fail(request.error);
  });
  opened.catch(() => opened = null); // tried again next time
  return opened;
}

/** Do something with the entries; returns the result of the request that it returns, once all is done. */
async function withEntries(mode, work) {
  const transaction = (await database()).transaction(STORE, mode), request = work(transaction.objectStore(STORE));
  return new Promise((done, fail) => {
    transaction.oncomplete = () => done(request?.result);
    transaction.onabort = transaction.onerror = () => fail(transaction.error);
  });
}

/** All entries, the newest first. */
export async function entries() {
  const found = await withEntries("readonly", (store) => store.getAll());
  return found.sort((one, other) => other.time - one.time);
}

/** Write entries, under their ids. */
export const put = (changed) => withEntries("readwrite", (store) => changed.forEach((entry) => store.put(entry)));

/** Forget entries. @param {string[]} ids */
export const forget = (ids) => withEntries("readwrite", (store) => ids.forEach((id) => store.delete(id)));

let latest = 0; // time of an entry

/**
 * Keep something. A drawing that goes on takes the place of what was kept of it before.
 *
 * @returns {Promise<void>}
 */
export async function keep({ task, given = [], drawings, ...about }) {
  const rounded = ({ given: before = [], drawn }) => ({ given: withRounded(before), drawn: withRounded(drawn) });
  const entry = { task, given: given.map(withRounded), drawings: drawings.map(rounded), ...about };
  entry.time = latest = Math.max(Date.now(), latest + 1);
  const created = (id) => Number(id.split(" ")[1]);
  await withEntries("readwrite", (store) => { // one transaction, so that other tabs wait
    const keys = store.getAllKeys();
    keys.onsuccess = () => {
      const ids = keys.result, last = ids.filter((id) => id.startsWith(`${task} `)).at(-1);
      const write = (before) => {
        entry.id = before && continues(entry, before) ? last : `${task} ${entry.time}`;
        store.put(entry);
        const others = ids.filter((id) => id !== entry.id).sort((one, other) => created(other) - created(one));
        others.slice(MAX_KEPT - 1).forEach((id) => store.delete(id));
      };
      if (!last) return write(null);
      const former = store.get(last);
      former.onsuccess = () => write(former.result);
      return undefined;
    };
  });
}

/**
 * Keep something, if the person lets it be kept; a browser that keeps nothing is no error.
 *
 * @returns {Promise<boolean>} Whether it is kept now.
 */
export async function keepIfWanted(entry) {
  if (!isKeeping()) return false;
  try {
    await keep(entry);
    return true;
  } catch (error) {
    console.warn(error);
    return false;
  }
}

/** Whether an entry is what a former one has become: it begins with the same stroke and holds no fewer. */
function continues(entry, before) {
  if (entry.given.some((strokes, place) => strokes.length < (before.given[place]?.length ?? 0))) return false;
  const of = ({ task, given, category, options, drawings }) => JSON.stringify(given.length
    ? [task, options, given.map((strokes) => strokes[0])]
    : [task, options, category, task === "drawing" && drawings]);
  return of(entry) === of(before);
}
