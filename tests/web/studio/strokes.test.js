// Compares strokes.js with what Python wrote into cases.json beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { boundsOf, fitted, pathData } from "./strokes.js";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));

test("lines are spelled as Python spells them", () => {
  for (const { stroke, lines } of cases) assert.equal(pathData(stroke), lines);
});

test("curves are those of Python", () => {
  for (const { stroke, curves } of cases) assert.equal(pathData(stroke, true), curves);
});

test("a stroke without points is no path", () => {
  assert.equal(pathData([[], []]), "");
  assert.equal(pathData([[], []], true), "");
});

test("a stroke may have very many points", () => {
  const xs = Array.from({ length: 200_000 }, (_, i) => i % 250);
  assert.match(pathData([xs, xs], true), /^M0 0C/);
});

test("a drawing is fitted into the middle of the paper", () => {
  assert.equal(boundsOf([]), null);
  assert.deepEqual(fitted([]), []);
  assert.deepEqual(boundsOf([[[3, 1], [2, 9]], [[5], [5]]]), [1, 2, 5, 9]);
  assert.deepEqual(fitted([[[0, 10], [0, 5]]], 0), [[[0, 255], [63.8, 191.3]]]);
});
