// Pictures as pages have them, as planes of bytes without transparency, of bounded size.

import { DrawingError } from "./errors.js";
import { BOX, greyOf, resized } from "./picture.js";
import { checkPictureFile, checkPixels } from "./picture_file.js";

/** @typedef {import("./picture.js").Picture} Picture */

const MAX_PIXELS = 9_000_000; // that are worked on: A4 at 300 dots an inch has 8.7 million
const STRIP = 1024; // rows that are drawn at once: canvases of some browsers are small
const MAX_LINE_WIDTH = 0.06; // of the side: what is opaque and wider is an area, not a line
const DARK = 128; // of 255, one of a pixel's colours at least, where it is clearly seen on white
const LOOKED_AT = 64; // places along each side at which that is looked for
const MIN_RANGE = 30; // steps of 255 from the darkest to the lightest place, to show anything
/** @type {ImageBitmapOptions} */
const AS_STORED = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/**
 * Decode a picture; one of more than 9 million pixels is shrunk. The size of a file is checked first.
 *
 * @param {ImageBitmap | ImageData | Blob} image
 * @returns {Promise<{picture: Picture, scale: number}>} `scale`: how many of its pixels make one.
 */
export async function decoded(image) {
  if (!(image instanceof Blob)) return planesOf(image);
  await checkPictureFile(image);
  let bitmap;
  try {
    bitmap = await createImageBitmap(image, AS_STORED);
  } catch {
    throw new DrawingError("a picture must be of a kind that this browser can show", {
      got: image.type || "something else", fix: "PNG and JPEG always are.",
    });
  }
  try {
    return planesOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap | ImageData} image */
function planesOf(image) {
  const { width, height } = image;
  if (!(width > 0 && height > 0)) {
    throw new DrawingError("a picture must have a pixel", { got: `${width} x ${height}` });
  }
  checkPixels(width, height);
  const scale = Math.ceil(Math.sqrt((width * height) / MAX_PIXELS));
  const wide = Math.ceil(width / scale), high = Math.ceil(height / scale);
  const planes = Array.from({ length: 4 }, () => new Uint8Array(wide * high));
  const rows = Math.ceil(STRIP / scale);
  for (let top = 0; top < high; top += rows) {
    const bottom = Math.min(top + rows, high);
    const strip = pixelsOf(image, top * scale, Math.min(bottom * scale, height));
    for (let y = top; y < bottom; y++) {
      shrinkRow(strip, width, (y - top) * scale, scale, planes, y * wide);
    }
  }
  return { picture: flattened({ width: wide, height: high, planes }), scale };
}

/** Some rows of a picture: red, green, blue and opacity of each pixel. */
function pixelsOf(
  /** @type {ImageBitmap | ImageData} */ image,
  /** @type {number} */ top, /** @type {number} */ bottom,
) {
  const { width } = image;
  if ("data" in image) return image.data.subarray(4 * top * width, 4 * bottom * width);
  const canvas = new OffscreenCanvas(width, bottom - top);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("this browser cannot read pictures in a worker");
  pen.drawImage(image, 0, -top);
  return pen.getImageData(0, 0, width, bottom - top).data;
}

/** A row of the means of squares of pixels. */
function shrinkRow(
  /** @type {Uint8ClampedArray} */ pixels, /** @type {number} */ width, /** @type {number} */ top,
  /** @type {number} */ scale, /** @type {Uint8Array[]} */ planes, /** @type {number} */ to,
) {
  if (scale === 1) {
    for (let x = 0, at = 4 * top * width; x < width; x++, at += 4) {
      for (let colour = 0; colour < 4; colour++) planes[colour][to + x] = pixels[at + colour];
    }
    return;
  }
  const wide = Math.ceil(width / scale), rows = Math.min(scale, pixels.length / (4 * width) - top);
  for (let x = 0; x < wide; x++) {
    const columns = Math.min(scale, width - x * scale), count = rows * columns;
    for (let colour = 0; colour < 4; colour++) {
      let sum = count >> 1;
      for (let row = 0; row < rows; row++) {
        const first = 4 * ((top + row) * width + x * scale) + colour;
        for (let at = first; at < first + 4 * columns; at += 4) sum += pixels[at];
      }
      planes[colour][to + x] = Math.floor(sum / count);
    }
  }
}

/**
 * Make a picture one of ink on paper, grey if it has no colours.
 *
 * If what is opaque is lines alone, some of which white would hide, all are ink, and black. Else
 * the picture is laid on white; where that hides all of it, on black.
 *
 * @param {Picture} picture Red, green, blue and opacity. @returns {Picture}
 */
function flattened({ width, height, planes: [red, green, blue, alpha] }) {
  if (alpha.every((opacity) => opacity === 255)) return coloured(width, height, [red, green, blue]);
  const isHidden = alpha.some((opacity, at) =>
    opacity > 127 && Math.min(red[at], green[at], blue[at]) >= DARK);
  if (isHidden && showsLines({ width, height, planes: [alpha] })) {
    return { width, height, planes: [alpha.map((opacity) => 255 - opacity)] };
  }
  for (const paper of [255, 0]) {
    const planes = [red, green, blue].map((plane) => plane.map((value, at) =>
      Math.round((value * alpha[at] + paper * (255 - alpha[at])) / 255)));
    const { data } = greyOf({ width, height, planes });
    const darkest = data.reduce((low, value) => Math.min(low, value), 255);
    const lightest = data.reduce((high, value) => Math.max(high, value), 0);
    if (lightest - darkest >= MIN_RANGE || paper === 0) return coloured(width, height, planes);
  }
  throw new Error("there is always one of both");
}

/** A picture; a grey one of one plane. @returns {Picture} */
function coloured(
  /** @type {number} */ width, /** @type {number} */ height, /** @type {Uint8Array[]} */ planes,
) {
  const [red, green, blue] = planes;
  const isGrey = red.every((value, at) => value === green[at] && value === blue[at]);
  return { width, height, planes: isGrey ? [red] : planes };
}

/** A picture as the parts of an `ImageData`. @param {Picture} picture */
export function imageOf({ width, height, planes }) {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let at = 0; at < width * height; at++) {
    for (let colour = 0; colour < 3; colour++) {
      data[4 * at + colour] = planes[colour % planes.length][at];
    }
  }
  return { width, height, data };
}

/** Whether what is opaque is lines, and no wider area. @param {Picture} alpha */
function showsLines({ width, height, planes: [alpha] }) {
  const lowest = alpha.reduce((low, value) => Math.min(low, value), 255);
  const highest = alpha.reduce((high, value) => Math.max(high, value), 0);
  if (!(lowest < 128 && highest >= 128)) return false;
  const reach = Math.round(LOOKED_AT * MAX_LINE_WIDTH);
  const small = resized({ width, height, data: alpha }, LOOKED_AT, LOOKED_AT, BOX);
  for (let y = 0; y + reach <= LOOKED_AT; y++) {
    for (let x = 0; x + reach <= LOOKED_AT; x++) {
      let isFull = true;
      for (let i = 0; isFull && i < reach * reach; i++) {
        const at = (y + Math.floor(i / reach)) * LOOKED_AT + x + (i % reach);
        isFull = small.data[at] > 127;
      }
      if (isFull) return false;
    }
  }
  return true;
}
