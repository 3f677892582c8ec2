// Compares svg_path.js with what Python wrote into cases.json beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { linesOfPath } from "./svg_path.js";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));

test("path data is read as Python reads it", () => {
  for (const { data, lines } of cases) {
    const found = linesOfPath(data).lines;
    assert.deepEqual(found.map(([xs]) => xs.length), lines.map(([xs]) => xs.length), data);
    const expected = lines.flat(2);
    found.flat(2).forEach((value, at) => assert.ok(Math.abs(value - expected[at]) < 1e-6, data));
  }
});

test("lines end at the first command without its numbers", () => {
  for (const data of ["M0 0L9 0L M5 5L6 6", "M0 0L9 0h", "M0 0L9 0 L,z M1 1L2 2"]) {
    assert.deepEqual(linesOfPath(data), { lines: [[[0, 9], [0, 0]]], corners: [[0, 1]], isWhole: false });
  }
});

test("arcs lie on their ellipse", () => {
  const [[xs, ys]] = linesOfPath("M10 0A10 20 0 10-10 0").lines;
  xs.forEach((x, at) => assert.ok(Math.abs((x / 10) ** 2 + (ys[at] / 20) ** 2 - 1) < 1e-9));
  assert.ok(Math.min(...ys) < -19);
  assert.deepEqual(linesOfPath("M1 2A0 5 0 0 0 3 4a5 5 0 0 0 0 0").lines, [[[1, 3, 3], [2, 4, 4]]]);
});

test("nothing is drawn before the first move", () => {
  for (const data of ["", "M5 5"]) assert.deepEqual(linesOfPath(data), { lines: [], corners: [], isWhole: true });
  for (const data of ["L5 5M1 1L2 2", "M5", "oops", "z", "5M0 0L9 9", "e M0 0L9 9", "M"]) {
    assert.deepEqual(linesOfPath(data), { lines: [], corners: [], isWhole: false });
  }
});

test("corners are the points that are written", () => {
  const { lines, corners } = linesOfPath("M0 0h9C9 5 5 9 0 9zM1 1L2 2 3 3");
  const written = corners.map((places, number) => places.map((at) => lines[number].map((values) => values[at])));
  assert.deepEqual(written, [[[0, 0], [9, 0], [0, 9], [0, 0]], [[1, 1], [2, 2], [3, 3]]]);
});
