// The walker's app without a network: keeps one release (shell, scripts, styles, fonts) and serves it.
//
// Hides the Cache API. Promises: a release is used only when all of it is on the phone, and an older one is deleted
// only then; files with hashed names come from the phone first. Never touches the API or what walkers wrote (that is
// IndexedDB, and only store.js), never answers for another part of the site, never takes over a page unasked.
// The build puts the first line, `self.RELEASE = {…}`, before this file.

const worker = /** @type {ServiceWorkerGlobalScope & {RELEASE: {id: string, files: string[], onDemand: string[]}}} */ (
  /** @type {unknown} */ (self)
);
const { id, files, onDemand } = worker.RELEASE;
const PREFIX = "walker-";
const CACHE = PREFIX + id;
const SHELL = "/app/";
const ASSETS = "/static/dist/";
const PATIENCE = 30_000;

/** Fetch one file for the cache, or throw: a redirect, an error page or half a release is no release. */
async function collect(/** @type {Cache} */ cache, /** @type {string} */ url) {
  const kept = url === SHELL ? undefined : await caches.match(url, { ignoreVary: true });
  const response =
    kept ?? (await fetch(url, { cache: url === SHELL ? "reload" : "default", signal: AbortSignal.timeout(PATIENCE) }));
  if (!response.ok || response.redirected) throw new Error(`${url}: ${response.status}`);
  // A shell of the next release names files this one does not have.
  if (url === SHELL && response.headers.get("X-Release") !== id)
    throw new Error("The server has moved on to another release");
  await cache.put(url, response);
}

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all([SHELL, ...files].map((url) => collect(cache, url)));
}

async function whole() {
  const cache = await caches.open(CACHE);
  const found = await Promise.all([SHELL, ...files].map((url) => cache.match(url, { ignoreVary: true })));
  return found.every(Boolean);
}

/** Take over what an older release fetched on demand (the map) and still fits, then delete the older ones. */
async function activate() {
  if (await whole()) {
    const cache = await caches.open(CACHE);
    for (const url of onDemand) {
      const kept = await caches.match(url, { ignoreVary: true });
      if (kept) await cache.put(url, kept);
    }
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function shell(/** @type {Request} */ request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(SHELL, { ignoreVary: true })) ?? fetch(request);
}

async function asset(/** @type {Request} */ request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200 && response.type === "basic") {
    const copy = response.clone();
    caches
      .open(CACHE)
      .then((cache) => cache.put(request, copy))
      .catch(() => {});
  }
  return response;
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname.startsWith(SHELL)) event.respondWith(shell(request));
  else if (url.pathname.startsWith(ASSETS)) event.respondWith(asset(request));
});

worker.addEventListener("message", (event) => {
  if (event.data === "take-over") worker.skipWaiting();
  if (event.data === "whole?")
    event.waitUntil(whole().then((answer) => event.ports[0]?.postMessage({ id, whole: answer })));
});
