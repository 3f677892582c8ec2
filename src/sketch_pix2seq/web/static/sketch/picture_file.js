// Picture files before they are decoded: how large the file is, and the picture in it.

import { DrawingError } from "./errors.js";

const MAX_BYTES = 50_000_000;
const MAX_PIXELS = 100_000_000; // that a picture may have
const WITHOUT_LENGTH = /^[\x01\xd0-\xd8]$/; // markers of a JPEG that stand alone
const WITHOUT_SIZE = /^[\xc4\xc8\xcc]$/; // markers from C0 to CF that begin no picture

/**
 * Refuse a picture file that is too large to be decoded.
 *
 * @param {Blob} file
 * @throws {DrawingError} If it has too many bytes, or says that it has too many pixels.
 */
export async function checkPictureFile(file) {
  if (file.size > MAX_BYTES) {
    throw new DrawingError(`a picture must have at most ${MAX_BYTES} bytes`, { got: file.size });
  }
  const size = sizeInHeader(new Uint8Array(await file.arrayBuffer()));
  if (size) checkPixels(...size);
}

/** Refuse a picture of too many pixels. @param {number} width @param {number} height */
export function checkPixels(width, height) {
  if (width * height <= MAX_PIXELS) return;
  throw new DrawingError(`a picture must have at most ${MAX_PIXELS} pixels`, {
    got: `${width} x ${height}`, fix: "Make it smaller first.",
  });
}

/**
 * Width and height as a picture file names them: a PNG, JPEG, GIF, WebP, BMP, AVIF or HEIC.
 *
 * @param {Uint8Array} bytes
 * @returns {[number, number] | null} Null for other kinds, and damaged headers.
 */
export function sizeInHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return sizeIn(view, (from, to) => String.fromCharCode(...bytes.subarray(from, to)));
  } catch (error) {
    if (error instanceof RangeError) return null; // the file ends within its header
    throw error;
  }
}

/**
 * @param {DataView} view @param {(from: number, to: number) => string} letters
 * @returns {[number, number] | null}
 */
function sizeIn(view, letters) {
  const start = letters(0, 12);
  if (start.startsWith("\x89PNG")) return [view.getUint32(16), view.getUint32(20)];
  if (start.startsWith("GIF8")) return [view.getUint16(6, true), view.getUint16(8, true)];
  if (start.startsWith("BM")) return sizeOfBmp(view);
  if (start.startsWith("\xff\xd8")) return sizeOfJpeg(view, letters);
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return sizeOfWebp(view, letters(12, 16));
  return start.slice(4, 8) === "ftyp" ? largestOfHeif(view, letters) : null;
}

/** @param {DataView} view @returns {[number, number]} */
function sizeOfBmp(view) {
  if (view.getUint32(14, true) === 12) return [view.getUint16(18, true), view.getUint16(20, true)];
  return [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))];
}

/**
 * @param {DataView} view @param {(from: number, to: number) => string} letters
 * @returns {[number, number] | null}
 */
function sizeOfJpeg(view, letters) {
  for (let at = 2; ; ) {
    if (view.getUint8(at++) !== 0xff) continue; // as readers pass over what is between segments
    const marker = letters(at, at + 1);
    if (marker === "\xff") continue;
    at++;
    if (WITHOUT_LENGTH.test(marker)) continue;
    if (marker >= "\xc0" && marker <= "\xcf" && !WITHOUT_SIZE.test(marker)) {
      return [view.getUint16(at + 5), view.getUint16(at + 3)];
    }
    if (marker === "\xd9" || marker === "\xda") return null; // the end, or a scan
    at += marker === "\x00" ? 0 : view.getUint16(at);
  }
}

/** @param {DataView} view @param {string} kind @returns {[number, number] | null} */
function sizeOfWebp(view, kind) {
  if (kind === "VP8X") {
    return [1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(26, true) >>> 8)];
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return [1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff)];
  }
  if (kind !== "VP8 ") return null;
  return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}

/**
 * The largest size of all that the boxes before the pixels name: that of the whole and of its tiles.
 *
 * @param {DataView} view @param {(from: number, to: number) => string} letters
 */
function largestOfHeif(view, letters) {
  /** @type {[number, number] | null} */
  let largest = null;
  const visit = (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let at = from; at + 8 <= to; ) {
      const length = view.getUint32(at), name = letters(at + 4, at + 8);
      if (length < 8) return;
      const inner = { meta: 12, iprp: 8, ipco: 8 }[name];
      if (inner) visit(at + inner, Math.min(at + length, to));
      if (name === "ispe") {
        const width = view.getUint32(at + 12), height = view.getUint32(at + 16);
        if (!largest || width * height > largest[0] * largest[1]) largest = [width, height];
      }
      at += length;
    }
  };
  visit(0, view.byteLength);
  return largest;
}
