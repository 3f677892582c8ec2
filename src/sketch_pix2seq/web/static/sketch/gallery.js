// The gallery of a bundle: human drawings, each with its place on a map of latent codes.
// `gallery.py` has the same in Python.

import { isPrintable, MAX_NAME } from "./bundle_checks.js";
import { checkedDrawing } from "./drawing.js";
import { BundleError } from "./errors.js";

/** @typedef {import("./drawing.js").Drawing} Drawing */
/**
 * A human drawing: its category, its strokes, and its place on the map, x and y from 0 to 1.
 * @typedef {{category: string, drawing: Drawing, place: [number, number]}} GalleryItem
 */

export const GALLERY_FILE = "gallery.ndjson";
const MAX_ITEMS = 20_000;
const NEIGHBOURS = 4; // drawings of which a point between them is a mean

/** Read the file. @param {ArrayBuffer} content @returns {GalleryItem[]} */
export function readGallery(content) {
  const lines = new TextDecoder().decode(content).split("\n", MAX_ITEMS + 2);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0 || lines.length > MAX_ITEMS) {
    const most = MAX_ITEMS.toLocaleString("en");
    throw new BundleError(`\`${GALLERY_FILE}\` of the bundle must hold 1 to ${most} drawings`, {
      got: lines.length ? "more" : "none",
    });
  }
  const isShare = (/** @type {unknown} */ side) =>
    typeof side === "number" && side >= 0 && side <= 1;
  return lines.map((line, i) => {
    try {
      const { word, drawing, place } = JSON.parse(line), [x, y] = place;
      if (!(place.length === 2 && isShare(x) && isShare(y))) {
        throw new Error("no place of two numbers from 0 to 1");
      }
      if (!isPrintable(word, MAX_NAME)) {
        throw new Error(`a word must have at most ${MAX_NAME} printable letters`);
      }
      checkedDrawing(drawing);
      return { category: word, drawing, place: [x, y] };
    } catch (error) {
      throw new BundleError(
        `line ${i + 1} of \`${GALLERY_FILE}\` of the bundle must be a drawing with a place`,
        { got: /** @type {Error} */ (error).message, fix: "Export the run again." },
      );
    }
  });
}

/**
 * The drawings about a point of the map, each with its weight in the mean of their codes: one over
 * the squared distance. Weights sum to 1.
 *
 * @param {GalleryItem[]} items @param {[number, number]} place
 */
export function neighbours(items, [x, y]) {
  const near = items
    .map((item) => ({ item, square: (item.place[0] - x) ** 2 + (item.place[1] - y) ** 2 }))
    .sort((a, b) => a.square - b.square)
    .slice(0, NEIGHBOURS)
    .map(({ item, square }) => ({ item, weight: 1 / Math.max(square, 1e-12) }));
  const total = near.reduce((sum, { weight }) => sum + weight, 0);
  return near.map(({ item, weight }) => ({ item, weight: weight / total }));
}
