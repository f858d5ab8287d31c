// Handed: photos that another app of the phone hands over ("Share"), until a new note takes them.
//
// The worker puts them into a cache of their own (sw.js), and screens/shared.js takes them from there. Promises: they lie
// there until they are taken; without a walk they wait until one is joined, and a button throws them away.

import { html, render } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon } from "../icons.js";
import { joined } from "../store.js";

const PLACE = "shared"; // the worker's name for it

/** The photos that lie there, oldest first, and how to let go of them; no cache is made by looking. */
export async function held() {
  if (!(await globalThis.caches?.has(PLACE).catch(() => false))) return { photos: [], letGo: async () => {} };
  const cache = await caches.open(PLACE);
  const keys = await cache.keys();
  const found = await Promise.all(keys.map(async (key) => (await cache.match(key))?.blob()));
  const photos = /** @type {File[]} */ (found.filter(Boolean));
  // Not more than was looked at: others may have come meanwhile.
  const letGo = () => Promise.all(keys.map((key) => cache.delete(key)));
  return { photos, letGo };
}

/** Says on the first screen that they wait for a walk; once there is one, goes on with them. */
export async function waiting(/** @type {HTMLElement} */ root) {
  const { photos, letGo } = await held();
  if (!photos.length) return;
  if (await joined()) {
    if (location.hash === "#/walk") location.hash = "#/shared";
    return;
  }
  const card = document.createElement("div");
  const discard = () => letGo().then(() => card.remove());
  render(
    html`<div class="notice" data-tone="wait" role="status">${icon("image")}<div><b>${plural(photos.length, "{n} photo waits here.", "{n} photos wait here.")}</b>
      <p>${t("Join the walk first. Then they come into a new note.")}</p>
      <button type="button" class="quiet" @click=${discard}>${icon("trash")}${t("Throw them away")}</button></div></div>`,
    card,
  );
  root.querySelector("#join")?.prepend(card);
}
