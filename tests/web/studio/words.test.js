// What the library says in English, in German: `cases.json` has its phrases and what is to be said.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { words, said } = JSON.parse(readFileSync("cases.json", "utf8"));
globalThis.document = { querySelector: () => ({ textContent: JSON.stringify(words) }) };
const { translated } = await import("./words.js");

test("phrases are said in the page's language, numbers and names kept", () => {
  for (const [english, own] of said) assert.equal(translated(english), own);
});
