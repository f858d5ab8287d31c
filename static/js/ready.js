// Ready: what of the offline kit is on this phone, honestly.
//
// Promises: "true" only after looking: the worker counts its files, the database gives the walk. What was never asked or
// does not apply is null. Never fetches and never asks the walker for a permission; persist() may, on some phones.

import { language } from "./i18n.js";
import { MISHAPS, whole } from "./mishaps/first.js";
import { joined } from "./store.js";

const PATIENCE_MS = 3_000;
const PHOTO_BYTES = 350_000; // what camera.js makes of a photo, with some room

/**
 * @typedef {{shell: boolean | null, walk: boolean, taxonomy: boolean, basemap: boolean | null, map: string, persisted: boolean | null,
 *   quota_photos: number | null, position: boolean | null}} Kit
 *   shell: null where the browser has no service workers; basemap: null where the walk has no map, or it cannot be had now;
 *   map: how it is with the map, in words; quota_photos: how many more photos the phone has room for
 */

/** @returns {Promise<Kit>} */
export async function check() {
  const walk = (await joined().catch(() => null))?.walk;
  const [shell, [basemap, map], persisted, quota_photos, position] = await Promise.all([
    shellIsWhole(),
    walk?.basemap ? import("./pocket.js").then(({ about }) => about()).catch(coming) : /** @type {MapState} */ ([null, ""]),
    navigator.storage?.persisted?.().catch(() => null) ?? null,
    room(),
    granted(),
  ]);
  const taxonomy = Boolean(walk?.taxonomy.categories.length);
  return { shell, walk: Boolean(walk), taxonomy, basemap, map, persisted, quota_photos, position };
}

/** Ask the system not to tidy this site's storage away. @returns {Promise<boolean>} its answer */
export const persist = async () => (await navigator.storage?.persist?.().catch(() => false)) ?? false;

/** The worker in force looks whether every file of its release is there. */
async function shellIsWhole() {
  if (!("serviceWorker" in navigator)) return null;
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  const { active } = registration ?? {};
  if (!active) return false;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data.whole);
    setTimeout(resolve, PATIENCE_MS, false);
  });
  active.postMessage(`whole? ${language()}`, [port2]);
  return /** @type {Promise<boolean>} */ (answer);
}

/** @typedef {[boolean | null, string]} MapState   as Kit's basemap and map */
// What looks after the map is not here yet, or cannot look now.
const coming = () => /** @type {MapState} */ ([false, whole(MISHAPS.noMap())]);

async function room() {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota === undefined || usage === undefined ? null : Math.floor(Math.max(0, quota - usage) / PHOTO_BYTES);
}

/** iOS forgets grants and says "prompt" for ever, which is null here: not known. */
async function granted() {
  const answer = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  return answer?.state === "granted" ? true : answer?.state === "denied" ? false : null;
}
