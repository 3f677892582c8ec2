// Compares timing.js with what Python wrote into cases.json beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { pieceOf, shareAt, timingOf } from "./timing.js";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));
const near = (one, other) => assert.ok(Math.abs(one - other) < 1e-9, `${one} is not ${other}`);

test("times are those of Python", () => {
  for (const { drawing, begin, end } of cases) {
    const timing = timingOf(drawing);
    begin.forEach((time, place) => near(timing.begin[place], time));
    end.forEach((time, place) => near(timing.end[place], time));
    near(timing.seconds, end.at(-1) ?? 0);
  }
});

test("faster, and within a time", () => {
  const line = [[[0, 16], [0, 0]]];
  near(timingOf(line, { faster: 2 }).seconds, 0.3125);
  near(timingOf(line, { maxSeconds: 0.1 }).seconds, 0.1);
  assert.equal(timingOf([]).seconds, 0);
});

test("shares and pieces of strokes", () => {
  const timing = { begin: [0, 1], end: [0.5, 3], seconds: 3 };
  assert.deepEqual([0, 0.9, 2, 9].map((time) => shareAt(timing, 1, time)), [0, 0, 0.5, 1]);
  const corner = [[0, 10, 10], [0, 0, 30]];
  assert.deepEqual(pieceOf(corner, 0, 1), corner);
  assert.deepEqual(pieceOf(corner, 0, 0.5), [[0, 10, 10], [0, 0, 10]]);
  assert.deepEqual(pieceOf(corner, 0.5, 0.75), [[10, 10], [10, 20]]);
  assert.deepEqual(pieceOf([[5], [5]], 0, 0.5), [[5], [5]]);
  assert.deepEqual(pieceOf([[5, 5], [5, 5]], 0, 0.5), [[5, 5], [5, 5]]); // a dot of two points
});
