// Writes the GIFs of pictures.json beside it, for Pillow to read.

import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { GifWriter } from "./gif.js";

const films = JSON.parse(readFileSync(new URL("pictures.json", import.meta.url)));

for (const { name, width, height, palette, frames } of films) {
  test(name, async () => {
    const writer = new GifWriter(width, height, palette);
    for (const { pixels, ...frame } of frames) writer.add({ ...frame, pixels: Uint8Array.from(pixels) });
    const file = await writer.end().arrayBuffer();
    writeFileSync(new URL(`${name}.gif`, import.meta.url), new Uint8Array(file));
  });
}
