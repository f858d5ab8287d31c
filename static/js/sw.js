// The walker's app without a network: keeps one release (shell, scripts, styles, fonts) and serves it.
//
// Hides the Cache API. Promises: a release is used only when all of it is on the phone, byte for byte as it was built,
// and an older one is deleted only then; what a network puts in its place (a sign-in page, half a file) is never kept;
// files with hashed names come from the phone first. The map's code is kept once a page asks for it, and from then on by
// every release, but no release waits for it, nor for what looks for faces, which is kept where a walker wants it. Never touches the API or what walkers wrote (that is IndexedDB, and
// only store.js), the photos that another app hands over apart (the page takes them), never answers for another part of the site, never takes over a page unasked.
// The build puts the first line, `self.RELEASE = {…}`, before this file.

/**
 * @typedef {{id: string, files: string[], beside: string[], onDemand: string[], faces: string[], tongues: string[], sums: Record<string, string>}} Release
 *   sums: SHA-256, hex; beside: kept as soon as the walker's screen asks whether all is there; tongues: languages beside ours
 */
const worker = /** @type {ServiceWorkerGlobalScope & {RELEASE: Release}} */ (/** @type {unknown} */ (self));
const { id, files, beside, onDemand, faces, tongues, sums } = worker.RELEASE;
const PREFIX = "walker-";
const CACHE = PREFIX + id;
const SHELL = "/app/";
const SHARE = "/app/share";
const ASSETS = "/static/dist/";
const WORKERS = `${SHELL}assets/`; // workers' files, by the address that lies within our scope
const WANTED = `${ASSETS}map-wanted`; // kept under this name: that the map's code belongs on this phone
const SPOKEN = `${ASSETS}spoken`; // kept under this name: the language that this phone's walker chose
const PATIENCE = 30_000;

/** Whether an answer is what the build made: a café's page has neither the shell's header nor a file's sum. */
async function genuine(/** @type {string} */ url, /** @type {Response} */ response) {
  if (response.status !== 200 || response.redirected || response.type !== "basic") return false;
  // A shell of the next release names files this one does not have.
  if (url === SHELL) return response.headers.get("X-Release") === id;
  const sum = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
  return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sums[url];
}

/** The file as another release kept it, if it is the same. */
async function keptBefore(/** @type {string} */ url) {
  const kept = url === SHELL ? undefined : await caches.match(url, { ignoreVary: true });
  return kept && (await genuine(url, kept)) ? kept : undefined;
}

/** Fetch one file for the cache, or throw: a redirect, an error page or half a release is no release. */
async function collect(/** @type {Cache} */ cache, /** @type {string} */ url, fresh = url === SHELL) {
  const kept = await keptBefore(url);
  if (kept) return cache.put(url, kept);
  const patience = faces.includes(url) ? 20 * PATIENCE : PATIENCE; // megabytes, on a phone's network
  const response = await fetch(url, { cache: fresh ? "reload" : "default", signal: AbortSignal.timeout(patience) });
  if (await genuine(url, response)) return cache.put(url, response);
  // The browser's own cache may still hold what a lying network once put there.
  if (fresh) throw new Error(`${url}: ${response.status}, and not of this release`);
  return collect(cache, url, true);
}

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all([SHELL, ...files].map((url) => collect(cache, url)));
  // The words of somebody's language are a part of the release, on that phone.
  const spoken = await caches.match(SPOKEN).catch(() => undefined);
  if (spoken) await speaking(await spoken.text(), (urls) => Promise.all(urls.map((url) => collect(cache, url))));
  if (await caches.match(WANTED).catch(() => {})) await withMap().catch(() => {}); // a release does without it
}

/** @type {Promise<boolean | "full"> | null} */
let collecting = null;

/** Keep what a map needs, too. @returns {Promise<boolean | "full">} whether all of it is there; "full": there is no room for it */
function withMap() {
  collecting ??= collectMap().finally(() => {
    collecting = null;
  });
  return collecting;
}

/**
 * Keep the words of `tag`, and from now on those of every release. Danish and English are in the shell.
 * @param {string} tag
 * @param {(urls: string[]) => Promise<unknown>} get
 */
async function speaking(tag, get) {
  await (await caches.open(CACHE)).put(SPOKEN, new Response(tag));
  const words = tongues.filter((url) => url.startsWith(`${ASSETS}assets/${tag}-`));
  return get(words.length ? [...words, ...tongues.filter((url) => !/\/\w\w-[^/]*$/.test(url))] : []);
}

async function collectMap() {
  await (await caches.open(CACHE)).put(WANTED, new Response("yes")).catch(() => {});
  return gather(onDemand);
}

/** Keep these, too, unless they are here. @returns {Promise<boolean | "full">} whether all are; "full": there is no room for them */
async function gather(/** @type {string[]} */ urls) {
  const cache = await caches.open(CACHE);
  const one = async (/** @type {string} */ url) => (await cache.match(url, { ignoreVary: true })) || collect(cache, url);
  const done = await Promise.allSettled(urls.map(one));
  const failed = done.flatMap((each) => (each.status === "rejected" ? [each.reason?.name] : []));
  return failed.includes("QuotaExceededError") ? "full" : !failed.length;
}

/** Whether what looks for faces is here, all of it ("faces?"), or after it was fetched ("faces") or let go ("no-faces"). */
async function withFaces(/** @type {string} */ wish) {
  const cache = await caches.open(CACHE);
  if (wish === "faces") return gather(faces).catch(() => false);
  if (wish === "no-faces") for (const url of faces) await cache.delete(url, { ignoreVary: true });
  const found = await Promise.all(faces.map((url) => cache.match(url, { ignoreVary: true })));
  return found.length > 0 && found.every(Boolean);
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
    for (const url of [...beside, ...onDemand, ...faces]) {
      const kept = await keptBefore(url);
      if (kept) await cache.put(url, kept);
    }
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** Photos that another app hands over: they wait in a cache of their own, beside every release (installed/handed.js). */
async function shared(/** @type {Request} */ request) {
  let lost = "";
  try {
    const cache = await caches.open("shared");
    for (const file of (await request.formData()).getAll("photos"))
      if (file instanceof File && file.size)
        await cache.put(`${SHARE}/${crypto.randomUUID()}`, new Response(file, { headers: { "Content-Type": file.type } }));
  } catch {
    lost = "?lost"; // no room, or no photos: the page says so
  }
  return Response.redirect(`${SHELL}${lost}#/shared`, 303);
}

/**
 * Whether a page of another site sends this. A phone's share sheet names no origin, as does a page that hides its own (Chromium
 * shows a worker the policy by which it does, not Sec-Fetch-Site) or has none: that alone cannot be told apart, and what comes waits to be looked at.
 */
function foreign(/** @type {Request} */ { headers, referrerPolicy }) {
  const origin = headers.get("Origin") ?? "null";
  return origin === "null" ? /^(no-referrer|same-origin)$/.test(referrerPolicy) : origin !== worker.location.origin;
}

async function shell(/** @type {Request} */ request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(SHELL, { ignoreVary: true })) ?? fetch(request);
}

async function asset(/** @type {FetchEvent} */ event, /** @type {string} */ pathname) {
  const kept = await caches.match(pathname, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(event.request);
  // What is not in the list belongs to an older release's page: it gets it, and the phone does not keep it.
  if (sums[pathname]) event.waitUntil(keep(pathname, response.clone()).catch(() => {}));
  return response;
}

async function keep(/** @type {string} */ url, /** @type {Response} */ response) {
  if (await genuine(url, response)) await (await caches.open(CACHE)).put(url, response);
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === "POST" && request.mode === "navigate" && url.pathname === SHARE)
    return event.respondWith(foreign(request) ? Response.redirect(SHELL, 303) : shared(request));
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname.startsWith(SHELL)) event.respondWith(shell(request));
  else if (url.pathname.startsWith(ASSETS)) event.respondWith(asset(event, url.pathname));
  else if (url.pathname.startsWith(WORKERS)) event.respondWith(asset(event, url.pathname.replace(SHELL, ASSETS)));
});

worker.addEventListener("message", (event) => {
  if (event.data === "take-over") worker.skipWaiting();
  const [asked, tag] = String(event.data).split(" "); // a page of an older release does not say what it speaks
  if (asked === "whole?")
    event.waitUntil(
      whole()
        .then(async (answer) => answer && (!tag || (await speaking(tag, gather)) === true) && (await gather(beside)) === true)
        .then((answer) => event.ports[0]?.postMessage({ id, whole: answer })),
    );
  if (event.data === "map") event.waitUntil(withMap().catch(() => false).then((answer) => event.ports[0]?.postMessage({ id, map: answer })));
  if (/^(no-)?faces\??$/.test(event.data))
    event.waitUntil(withFaces(event.data).then((answer) => event.ports[0]?.postMessage({ id, faces: answer })));
});
