// The service worker's answers, in a browser whose cache keeps a file, lacks it, or fails.

import assert from "node:assert/strict";
import test from "node:test";

let open;
const listeners = {};
Object.assign(globalThis, {
  VERSION: "1",
  registration: { scope: "https://studio.test/" },
  caches: { open: (name) => open(name) },
  fetch: async ({ url }) => `network: ${url}`,
  addEventListener: (kind, listener) => (listeners[kind] = listener),
});
await import("./offline.js");

const answer = (method = "GET") => {
  let answered = null;
  const request = { method, url: "pad.js" };
  listeners.fetch({ request, respondWith: (promised) => (answered = promised) });
  return answered;
};
const keeping = (kept) => async () => ({ match: async () => kept });

test("what is kept comes from the cache, all else from the network", async () => {
  const kept = { redirected: false };
  open = keeping(kept);
  assert.equal(await answer(), kept);
  assert.equal(answer("POST"), null);
  for (const other of [undefined, { redirected: true }]) {
    open = keeping(other);
    assert.equal(await answer(), "network: pad.js");
  }
});

test("where the cache fails the network answers", async () => {
  const fail = async () => {
    throw new Error("no storage");
  };
  for (const failing of [fail, async () => ({ match: fail })]) {
    open = failing;
    assert.equal(await answer(), "network: pad.js");
  }
});
