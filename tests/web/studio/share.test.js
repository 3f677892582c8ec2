// Links hold what was put into them, and nothing else is taken for a link.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromLink, link } from "./share.js";

const drawings = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));
const settings = { seed: 7, temperature: 0.35, fidelity: 0, bestOf: 4, category: "sea ~ turtle/é" };

test("drawings and settings come back", () => {
  for (const drawing of drawings) {
    assert.deepEqual(fromLink(link([drawing])), { drawings: [drawing] });
    assert.deepEqual(fromLink(link([drawing, drawings[0]], settings)), { drawings: [drawing, drawings[0]], ...settings });
    assert.match(link([drawing], settings), /^[\w.~%-]+$/); // letters that no program cuts a link at
  }
  assert.deepEqual(fromLink(link([], { seed: 3, category: "cat" })), { drawings: [], seed: 3, category: "cat" });
});

test("links of former versions hold a drawing, a seed and a temperature", () => {
  assert.deepEqual(fromLink("AQIAAMgByAE~5~0.5"), { drawings: [[[[0, 10], [0, 10]]]], seed: 5, temperature: 0.5 });
});

test("a mailer may write the sign between fields in its own way", () => {
  const text = link(drawings.slice(0, 1), { seed: 3 });
  assert.deepEqual(fromLink(text.replaceAll("~", "%7E")), fromLink(text));
});

test("damaged links are none", () => {
  const whole = link(drawings.slice(0, 1));
  for (const text of ["", "~", "~~", "main", "AQ", "AAIAAMgByAE", "!", `${whole}.A`, whole.slice(0, -1), "~1~%E0%A4%A"]) {
    assert.equal(fromLink(text), null, text);
  }
  assert.equal(fromLink(link([[[[0, 1e5], [0, 1e5]]]])), null); // far outside any pad
  assert.deepEqual(fromLink("AQIAAMgByAE~-5~x~1e9"), { drawings: [[[[0, 10], [0, 10]]]] });
});
