// The picture on the page Trace, kept while the tab is open: it is there again on the way back.

import { recalled, remember } from "./page.js";

const KEPT = "picture to trace";
const MAX_BYTES = 750_000; // of a picture: two of them, as text, fit where Safari keeps 5 MB
const MAX_SIDE = 1600; // pixels of one that had to be made smaller

const texts = new WeakMap(); // of pictures that were kept before
let latest = null; // what is to be kept

/** Keep what is shown: the picture, the one that it was cut out of, if any, and its quarter turns. */
export async function keepPicture(file, whole, turns) {
  const pictures = [file, whole].filter(Boolean);
  latest = pictures;
  remember(KEPT, null); // what does not fit must not leave the picture before
  for (const picture of pictures) {
    if (!texts.has(picture)) texts.set(picture, textOf(picture));
  }
  const kept = await Promise.all(pictures.map((picture) => texts.get(picture)));
  if (latest === pictures && kept.every(Boolean)) remember(KEPT, { pictures: kept, turns });
}

/** What was kept, with files to be opened; null if nothing was. */
export function keptPicture() {
  const kept = recalled(KEPT);
  if (!kept) return null;
  const [file, whole = null] = kept.pictures.map(fromText);
  return { file, whole, turns: kept.turns };
}

/** A picture as text, a large one smaller; null if it remains too large. */
async function textOf(picture) {
  const small = picture.size > MAX_BYTES ? await shrunk(picture) : picture;
  if (small.size > MAX_BYTES) return null;
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(small);
  });
}

function fromText(text) {
  const [head, content] = text.split(",");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice("data:".length).split(";")[0] });
}

async function shrunk(picture) {
  const bitmap = await createImageBitmap(picture), scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/webp", quality: 0.85 });
}
