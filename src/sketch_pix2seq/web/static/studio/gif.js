// A GIF encoder: pictures of few colours, of each only the part that is new. Format: GIF89a
// (CompuServe, 1990), whose compression is that of Welch ("A technique for high-performance data
// compression", 1984) with codes of up to 12 bits.

const MAX_CODES = 4096;

/**
 * @typedef {object} Frame
 * @property {number} left Where in the picture it lies, in pixels.
 * @property {number} top
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} pixels Places in the palette, row by row.
 * @property {number} seconds How long it stays.
 */

export class GifWriter {
  /**
   * An animation that begins anew again and again.
   *
   * @param {number} width @param {number} height In pixels.
   * @param {number[][]} palette Red, green and blue, 0 to 255, of at most 255 colours.
   */
  constructor(width, height, palette) {
    if (palette.length > 255) throw new RangeError(`a GIF has at most 255 colours; got ${palette.length}`);
    /** The place in the palette that leaves a pixel as it was. */
    this.unchanged = palette.length;
    this._bits = Math.max(2, Math.ceil(Math.log2(palette.length + 1)));
    this._time = 0; // in hundredths of a second, of all frames
    this._written = 0;
    const table = Array.from({ length: 2 ** this._bits }, (_, place) => palette[place] ?? [0, 0, 0]);
    this._parts = [
      text("GIF89a"), words(width, height), Uint8Array.of(0xf0 | (this._bits - 1), 0, 0), Uint8Array.from(table.flat()),
      Uint8Array.of(0x21, 0xff, 11), text("NETSCAPE2.0"), Uint8Array.of(3, 1, 0, 0, 0), // without end
    ];
  }

  /** Add a picture, laid over those before it. @param {Frame} frame */
  add({ left, top, width, height, pixels, seconds }) {
    this._time += 100 * seconds;
    const delay = Math.max(Math.round(this._time) - this._written, 2); // browsers draw out shorter ones
    this._written += delay;
    this._parts.push(
      Uint8Array.of(0x21, 0xf9, 4, 0b101), words(delay), Uint8Array.of(this.unchanged, 0),
      Uint8Array.of(0x2c), words(left, top, width, height), Uint8Array.of(0, this._bits),
      ...blocks(compressed(pixels, this._bits)),
    );
  }

  /** The file. */
  end() {
    return new Blob([...this._parts, Uint8Array.of(0x3b)], { type: "image/gif" });
  }
}

const text = (letters) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
const words = (...numbers) => Uint8Array.from(numbers.flatMap((number) => [number & 255, number >> 8]));

/** Data in pieces of at most 255 bytes, each after its length. */
function* blocks(data) {
  for (let start = 0; start < data.length; start += 255) {
    const part = data.subarray(start, start + 255);
    yield Uint8Array.of(part.length);
    yield part;
  }
  yield Uint8Array.of(0);
}

/**
 * Welch's compression.
 *
 * @param {Uint8Array} pixels @param {number} bits Of a pixel. @returns {Uint8Array}
 */
function compressed(pixels, bits) {
  const clear = 2 ** bits, end = clear + 1;
  const known = new Uint16Array(MAX_CODES << bits); // by a sequence's code and the next pixel
  let data = new Uint8Array(1024), length = 0, held = 0, numHeld = 0;
  let next = end + 1, size = bits + 1;
  const write = (code) => {
    held |= code << numHeld;
    for (numHeld += size; numHeld >= 8; numHeld -= 8, held >>>= 8) {
      if (length === data.length) {
        const larger = new Uint8Array(2 * length);
        larger.set(data);
        data = larger;
      }
      data[length++] = held & 255;
    }
  };
  write(clear);
  let code = pixels[0];
  for (let i = 1; i < pixels.length; i++) {
    const pixel = pixels[i], place = (code << bits) | pixel;
    if (known[place]) {
      code = known[place];
      continue;
    }
    write(code);
    if (next < MAX_CODES) {
      known[place] = next;
      if (next++ === 1 << size) size++;
    } else {
      write(clear);
      known.fill(0);
      [next, size] = [end + 1, bits + 1];
    }
    code = pixel;
  }
  write(code);
  // the reader adds the sequence that this code ended, and then may expect a longer one
  if (next === 1 << size && size < 12) size++;
  write(end);
  if (numHeld) { size = 8 - numHeld; write(0); }
  return data.subarray(0, length);
}
