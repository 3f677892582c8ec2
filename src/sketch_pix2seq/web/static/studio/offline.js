// The service worker of an exported studio: it keeps all files, so that the studio opens without a
// network. `pages.py` writes it with two constants before this text: FILES, addresses beside this
// script, and VERSION, a hash of what they hold.

const NAME = `${registration.scope} ${VERSION}`; // other pages of the site may keep files, too

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});

async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(`${registration.scope} `) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answer(request) {
  const kept = await found(request).catch(() => null); // where the cache fails there is the network
  return kept && !kept.redirected ? kept : fetch(request);
}

const found = async (request) => (await caches.open(NAME)).match(request, { ignoreSearch: true });
