// The files of an untrusted bundle: how they are fetched, and how large they may be. `files.py` has
// the same limits in Python.

import { BundleError } from "./errors.js";
import { MAX_HEADER_BYTES, MAX_NUMBERS } from "./safetensors.js";

const MAX_TOTAL_BYTES = 96 << 20; // of all files of a bundle together, unpacked
/** Of one file, by the end of its name. @type {Record<string, number>} */
const MAX_BYTES = {
  json: 2 << 20, ndjson: 16 << 20, safetensors: 4 * MAX_NUMBERS + MAX_HEADER_BYTES,
};

/**
 * Check how large a file of a bundle is.
 *
 * @param {string} name @param {number} bytes @param {number} total Bytes of all files so far.
 * @throws {BundleError} If it, or all files together, are too large.
 */
export function checkBytes(name, bytes, total) {
  const most = MAX_BYTES[name.split(".").at(-1) ?? ""] ?? MAX_TOTAL_BYTES;
  if (bytes <= most && total <= MAX_TOTAL_BYTES) return;
  throw new BundleError(
    `\`${name}\` of the bundle is too large: all files together must be at most `
      + `${MAX_TOTAL_BYTES >> 20} MiB, and it alone at most ${most >> 20} MiB`,
  );
}

/** @param {URL} url @param {AbortSignal} [signal] */
export async function request(url, signal) {
  try {
    return await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new BundleError("the bundle cannot be fetched", { got: `${error} from ${url}` });
  }
}

/**
 * Read what was fetched, as long as nothing is thrown for what has come.
 *
 * @param {Response} response
 * @param {(bytes: number, sum: number) => void} onBytes Called with the bytes of each part, and of
 *   all parts so far.
 */
export async function readBody(response, onBytes) {
  const chunks = [];
  let size = 0;
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (!value) continue;
      size += value.length;
      onBytes(value.length, size);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // nothing more is wanted
    throw error;
  }
  const content = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content.buffer;
}
