// Drawings in a link: they live in the part of the address that is never sent anywhere.
//
// Bytes of a drawing: 1 (the version), then for each stroke its number of points and the differences
// from point to point in tenths, zigzag varints all; base64url. Several have a dot between them. Behind
// them, as far as it is known, how they are drawn: `~seed~temperature~fidelity~best of~category`.

const VERSION = 1;
const TENTHS = 10; // as fine as the pad is
const FARTHEST = 4096; // in pixels of the pad: what lies beyond is no drawing of it
const END = "~";
const FIELDS = ["seed", "temperature", "fidelity", "bestOf", "category"];

function packed(strokes) {
  const bytes = [VERSION];
  let last = [0, 0];
  for (const [xs, ys] of strokes) {
    writeNumber(bytes, xs.length);
    xs.forEach((_, i) => {
      const [x, y] = [xs[i], ys[i]].map((value) => Math.round(value * TENTHS));
      writeNumber(bytes, zigzag(x - last[0]));
      writeNumber(bytes, zigzag(y - last[1]));
      last = [x, y];
    });
  }
  const text = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * A link's text: drawings, and how they are drawn.
 *
 * @param {import("./timing.js").Stroke[][]} drawings @param {object} [settings] As the library takes them.
 */
export function link(drawings, settings = {}) {
  const values = FIELDS.map((name) => encodeURIComponent(settings[name] ?? "").replaceAll(END, "%7E"));
  return [drawings.map(packed).join("."), ...values].join(END).replace(/~+$/, "");
}

/** What a link holds: { drawings, seed, ... }; null if it is damaged. */
export function fromLink(text) {
  // (some mailers write a `~` as %7E)
  const whole = text.includes(END) ? text : text.replaceAll(/%7E/gi, END);
  const [packedDrawings, ...values] = whole.split(END);
  const drawings = packedDrawings.split(".").filter(Boolean).map(unpacked);
  const settings = {};
  FIELDS.forEach((name, place) => {
    const value = decoded(values[place] ?? "");
    if (name === "category" && value) settings.category = value;
    else if (/^\d+(\.\d+)?$/.test(value)) settings[name] = Number(value);
  });
  if (drawings.includes(null) || !(drawings.length || settings.category)) return null;
  return { drawings, ...settings };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** The strokes that were packed; null if there are none. */
function unpacked(text) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    if (bytes[0] !== VERSION) return null;
    const place = { at: 1 };
    const strokes = [];
    let last = [0, 0];
    while (place.at < bytes.length) {
      const length = readNumber(bytes, place);
      if (length === 0 || length > bytes.length) return null;
      const stroke = [[], []];
      for (let i = 0; i < length; i++) {
        last = [last[0] + unzigzag(readNumber(bytes, place)), last[1] + unzigzag(readNumber(bytes, place))];
        if (last.some((value) => Math.abs(value) > FARTHEST * TENTHS)) return null;
        stroke[0].push(last[0] / TENTHS);
        stroke[1].push(last[1] / TENTHS);
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

function writeNumber(bytes, value) {
  while (value >= 128) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
}

function readNumber(bytes, place) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (place.at >= bytes.length || scale > 2 ** 28) throw new RangeError("a broken link");
    const byte = bytes[place.at++];
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
}
