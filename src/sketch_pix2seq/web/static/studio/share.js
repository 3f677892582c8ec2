// A drawing in a link: it lives in the part of the address that is never sent anywhere.
//
// Bytes: 1 (the version), then for each stroke its number of points and the differences from
// point to point, zigzag varints all; base64url.

import { rounded } from "./strokes.js";

const VERSION = 1;

export function packed(strokes) {
  const bytes = [VERSION];
  let last = [0, 0];
  for (const [xs, ys] of rounded(strokes)) {
    number(bytes, xs.length);
    xs.forEach((x, i) => {
      number(bytes, zigzag(x - last[0]));
      number(bytes, zigzag(ys[i] - last[1]));
      last = [x, ys[i]];
    });
  }
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The strokes of a link; null if it holds none. */
export function unpacked(text) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    if (bytes[0] !== VERSION) return null;
    const place = { at: 1 };
    const strokes = [];
    let last = [0, 0];
    while (place.at < bytes.length) {
      const length = read(bytes, place);
      if (length === 0 || length > bytes.length) return null;
      const stroke = [[], []];
      for (let i = 0; i < length; i++) {
        last = [last[0] + unzigzag(read(bytes, place)), last[1] + unzigzag(read(bytes, place))];
        stroke[0].push(last[0]);
        stroke[1].push(last[1]);
      }
      strokes.push(stroke);
    }
    return strokes.length ? strokes : null;
  } catch {
    return null;
  }
}

const zigzag = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

function number(bytes, value) {
  while (value >= 128) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
}

function read(bytes, place) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (place.at >= bytes.length || scale > 2 ** 28) throw new RangeError("a broken link");
    const byte = bytes[place.at++];
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
}
