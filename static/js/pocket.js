// Pocket: the walk's own map, whole, on this phone.
//
// Hides the download and when it is tried again. Promises: a map is kept only if every byte of it is the one that the walk
// names (size and SHA-256), and only beside its walk, so that leaving the walk takes it along; another map of the same walk
// takes its place in one step, or not at all; notes come first, so no map is kept where it would leave them no room, and it
// makes room for them (database.js) where a browser does not tell how much there is. What stands in the way is said in
// words, and nothing waits for it. Fetched when a walk with a map is first looked at.

import { onChange, read, write } from "./database.js";
import { t } from "./i18n.js";
import { sha256 } from "./ids.js";
import "./later.js";
import { whole } from "./mishaps/first.js";
import { MISHAPS } from "./mishaps/map.js";
import { joined, setting } from "./store.js";

/** @typedef {import("./protocol.js").Walk} Walk */
/** @typedef {{sha256: string, buffer: ArrayBuffer, credit?: string}} Held   credit: of those who drew it, also when the walk has another */
/** @typedef {"" | "cut" | "foreign" | "full"} Trouble */

const PATIENCE_MS = 20_000;
const SLOWEST_BYTES_PER_MS = 5;
const LARGEST = 8_000_000; // bytes; the server promises 2 MB
const ROOM_FOR_NOTES = 5_000_000; // bytes that stay free for words and photos
const SOONEST_MS = 10_000;
const LATEST_MS = 300_000;
const WORKER_PATIENCE_MS = 3_000; // how long it is waited for at a time
const COLLECTING_MS = 120_000; // an answer that is later than this does not come any more

/** @type {Trouble} */
let trouble = "";
/** @type {Promise<boolean> | null} */
let underway = null;
let started = false;
let pause = SOONEST_MS;
let timer = 0;
let tried = ""; // the map that was last asked for
/** What the worker said last. @type {boolean | "full"} */
let code = false;
/** @type {Promise<void> | null} */
let asked = null;
let askAgain = 0; // ms; until then it is not asked once more
let rest = SOONEST_MS;

/** @returns {Promise<Held | null>} the map of the walk, as a PMTiles file */
export const held = () =>
  read(["kept"], async (tx) => /** @type {Held | null} */ ((await tx.objectStore("kept").get("map")) ?? null));

/** Fetch the walk's map, unless it is here. @returns {Promise<boolean>} whether it is here now */
export async function keep(/** @type {Walk} */ { id, basemap }) {
  if (!basemap) return false;
  try {
    if ((await setting("map")) === basemap.sha256) return true;
    if (!(await roomFor(basemap.bytes))) return fails("full");
    const buffer = await fetched(basemap);
    if (!buffer) return fails("foreign");
    const kept = await write(["kept"], (tx) => put(tx, id, { sha256: basemap.sha256, buffer, credit: basemap.credit }), "map");
    trouble = "";
    return kept;
  } catch (failure) {
    return fails(/** @type {Error} */ (failure).name === "Full" ? "full" : "cut");
  }
}

function fails(/** @type {Trouble} */ what) {
  trouble = what;
  return false;
}

/** The walk may have been left, or got another map, while this one was on its way. */
async function put(/** @type {import("./database.js").Transaction} */ tx, /** @type {string} */ id, /** @type {Held} */ map) {
  const kept = tx.objectStore("kept");
  const me = /** @type {import("./store.js").Joined | undefined} */ (await kept.get("joined"));
  if (me?.walk.id !== id || me.walk.basemap?.sha256 !== map.sha256) return false;
  await kept.put(map, "map");
  await kept.put(map.sha256, "setting:map");
  return true;
}

async function roomFor(/** @type {number} */ bytes) {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota === undefined || usage === undefined || quota - usage >= bytes + ROOM_FOR_NOTES;
}

/** Its bytes, or null where they are not what the walk names. Throws where they do not come. */
async function fetched(/** @type {NonNullable<Walk["basemap"]>} */ { url, bytes, sha256: wanted }) {
  if (bytes > LARGEST) return null;
  // From our own server, by whatever name this phone reaches it.
  const answer = await fetch(new URL(url, location.href).pathname, {
    credentials: "omit",
    redirect: "error",
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS + bytes / SLOWEST_BYTES_PER_MS),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const buffer = await answer.arrayBuffer();
  return buffer.byteLength === bytes && (await sha256(buffer)) === wanted ? buffer : null;
}

/** How it is with the map, for the walk's screen; from now on it is looked after. @returns {Promise<import("./ready.js").MapState>} */
export async function about() {
  if (!started) start();
  const basemap = (await joined())?.walk.basemap;
  if (!basemap) return [null, ""];
  if ((await setting("map")) === basemap.sha256) {
    const there = await workerHasCode();
    if (there === true) return [true, t("The map is on the phone")];
    if (there) return noRoom();
  } else if (trouble === "full" || (tried === basemap.sha256 && !trouble && !underway))
    return noRoom();
  else if (trouble === "foreign")
    return [null, whole(MISHAPS.foreign())];
  else if (trouble === "cut") return [false, whole(MISHAPS.cut())];
  return [false, t("The map is still being fetched")];
}

/** @returns {import("./ready.js").MapState} */
const noRoom = () => [null, whole(MISHAPS.full())];

/** Look after the map: now, when the network or the walker is back, when the walk has changed, and after a while. */
function start() {
  started = true;
  addEventListener("online", soon);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
  onChange(async (stores) => {
    if (!stores.includes("kept") || ((await joined().catch(() => null))?.walk.basemap?.sha256 ?? "") === tried) return;
    [tried, trouble] = ["", ""]; // what was so with another map, or before this walk was left, is so no more
    soon();
  });
  look();
}

function soon() {
  pause = rest = SOONEST_MS;
  askAgain = 0;
  look();
}

/** One attempt at a time; the next one later and later, and none while nobody looks. */
async function look() {
  clearTimeout(timer);
  if (underway || document.visibilityState === "hidden") return;
  const walk = (await joined().catch(() => null))?.walk;
  if (underway || !walk?.basemap) return;
  tried = walk.basemap.sha256;
  underway = keep(walk).finally(() => {
    underway = null;
  });
  if (await underway) return;
  if (trouble === "foreign") pause = LATEST_MS; // it costs a download each time
  timer = window.setTimeout(look, pause);
  pause = Math.min(LATEST_MS, pause * 2);
}

/**
 * The worker keeps what draws a map, too. Where there is none, the map is drawn only while there is a network. As it fetches
 * what it does not have, it is asked once at a time, and later and later.
 */
async function workerHasCode() {
  const active = (await navigator.serviceWorker?.getRegistration("/app/"))?.active;
  if (!active) return false;
  if (!asked && Date.now() >= askAgain)
    asked = answerOf(active).then((answer) => {
      [asked, code] = [null, answer];
      if (answer !== true) askAgain = Date.now() + rest;
      rest = answer === true ? SOONEST_MS : Math.min(LATEST_MS, rest * 2);
    });
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, WORKER_PATIENCE_MS))]);
  return code;
}

/** @returns {Promise<boolean | "full">} */
function answerOf(/** @type {ServiceWorker} */ worker) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data.map);
    setTimeout(resolve, COLLECTING_MS, false);
    worker.postMessage("map", [port2]);
  });
}
