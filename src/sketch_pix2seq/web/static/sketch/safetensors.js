// Reading safetensors files: arrays by name, nothing that could run.

import { BundleError } from "./errors.js";

/**
 * @typedef {object} Tensor
 * @property {number[]} shape
 * @property {Float32Array} data In row-major order.
 */

/** Of the header of a file. */
export const MAX_HEADER_BYTES = 1 << 20;
/** Of all arrays of a file together; those of the model in the package have 2.6 million. */
export const MAX_NUMBERS = 1 << 24;
const LENGTH_BYTES = 8;
const INFINITE = 0x7c00; // exponent bits of 16-bit infinities and NaN

/**
 * Read all arrays of a file; 16-bit floats become 32-bit ones.
 *
 * @param {ArrayBuffer} buffer Content of the file.
 * @param {string} file File name, for the error.
 * @returns {Map<string, Tensor>}
 * @throws {BundleError} If it is no safetensors file, or holds anything but finite floats.
 */
export function readSafetensors(buffer, file) {
  const unreadable = (/** @type {string} */ got) =>
    new BundleError(`\`${file}\` of the bundle must be a safetensors file`, {
      got,
      fix: "Export or download it again.",
    });
  if (buffer.byteLength < LENGTH_BYTES) throw unreadable(`${buffer.byteLength} bytes`);
  const headerBytes = Number(new DataView(buffer).getBigUint64(0, true));
  const start = LENGTH_BYTES + headerBytes;
  if (headerBytes > MAX_HEADER_BYTES || start > buffer.byteLength) {
    throw unreadable(`a header of ${headerBytes} bytes`);
  }
  let header;
  try {
    const text = new TextDecoder().decode(new Uint8Array(buffer, LENGTH_BYTES, headerBytes));
    header = JSON.parse(text);
  } catch (error) {
    throw unreadable(String(error));
  }
  const tensors = new Map();
  let total = 0; // bytes of all arrays: what they shared would be copied again and again
  let count = 0;
  for (const [name, entry] of Object.entries(header ?? {})) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    const [begin, end] = Array.isArray(offsets) ? offsets : [];
    const isWhole = (/** @type {unknown} */ side) => Number.isInteger(side) && Number(side) >= 0;
    const areSizes = Array.isArray(shape) && shape.every(isWhole);
    const size = areSizes ? shape.reduce((a, b) => a * b, 1) : NaN;
    const bytes = dtype === "F16" ? 2 * size : dtype === "F32" ? 4 * size : NaN;
    const isInside = isWhole(begin) && end - begin === bytes && start + end <= buffer.byteLength;
    total += bytes;
    if (!isInside || start + total > buffer.byteLength) {
      throw unreadable(`\`${name}\` of type ${dtype} and shape ${shape}`);
    }
    count += size;
    if (count > MAX_NUMBERS) {
      const most = MAX_NUMBERS.toLocaleString("en");
      throw new BundleError(`\`${file}\` of the bundle must hold at most ${most} numbers`);
    }
    const part = buffer.slice(start + begin, start + end); // aligned, whatever the header's length
    const data = dtype === "F16" ? widened(new Uint16Array(part)) : new Float32Array(part);
    if (!isFinite(data)) {
      throw new BundleError(`\`${name}\` in \`${file}\` of the bundle must be finite numbers`);
    }
    tensors.set(name, { shape, data });
  }
  return tensors;
}

/** @type {Float32Array | undefined} */
let table;

/** Turn 16-bit floats, as their bits, into 32-bit ones. @param {Uint16Array} bits */
function widened(bits) {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, half) => {
    const exponent = (half & INFINITE) >> 10, mantissa = half & 0x3ff;
    const sign = half & 0x8000 ? -1 : 1;
    if (exponent === 31) return mantissa ? NaN : sign * Infinity;
    if (exponent === 0) return sign * mantissa * 2 ** -24;
    return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  });
  const data = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) data[i] = table[bits[i]];
  return data;
}

/** @param {Float32Array} data */
function isFinite(data) {
  let sum = 0; // NaN and infinities stay in it
  for (let i = 0; i < data.length; i++) sum += data[i] * 0;
  return sum === 0;
}
