// Standing: what the system gives an app beside its page: a number on its icon, a screen that stays lit, a place among the
// other apps, photos handed over by them.
//
// Promises: nothing waits for it, and where the system has none of it nothing is shown. Comes after the first screen.

import { calmly } from "../dom.js";
import { learn } from "../i18n.js";
import { onChange, tally } from "../store.js";
import { settle } from "./awake.js";
import { firstTheApp, offer } from "./offer.js";
import { waiting } from "./handed.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const found = import.meta.glob("../locales/installed.json", { eager: true, import: "default" });
for (const texts of Object.values(found)) learn(texts);

/**
 * Adds to a screen that is shown what belongs there.
 * @param {HTMLElement} root
 * @param {any} prompt the browser's BeforeInstallPromptEvent, once it has offered to install
 */
export function furnish(root, prompt) {
  settle();
  if (location.hash === "#/walk") offer(root, prompt);
  firstTheApp(root);
  waiting(root);
}

/** The app's icon bears as many notes as are not all with the server; none, and the number goes. */
const count = calmly(async () => {
  if (!navigator.setAppBadge) return;
  const { waiting: left } = await tally();
  await (left ? navigator.setAppBadge(left) : navigator.clearAppBadge()).catch(() => {}); // the system may not allow it
});

onChange((stores) => stores.some((name) => name === "notes" || name === "photos") && count());
count();
