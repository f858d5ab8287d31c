// Awake: the screen stays lit while one walks, where a walker wants that.
//
// Promises: off until it is chosen, as it costs battery; only on a walk, and only while the app is in front: the system lets
// go when it is not, and it is asked again afterwards.

import { joined, setSetting, setting } from "../store.js";

/** Whether this browser can. */
export const CAN = "wakeLock" in navigator;

/** @type {WakeLockSentinel | null} */
let held = null;
/** @type {Promise<unknown>} */
let turn = Promise.resolve();

/** Whether the walker wants it. @returns {Promise<boolean>} */
export const wanted = async () => (await setting("awake")) === true;

export const want = (/** @type {boolean} */ wish) => setSetting("awake", wish).then(settle);

/** Holds the screen, or lets go of it, as things are now; one at a time. */
export function settle() {
  turn = turn.then(decide).catch(() => {}); // refused when the battery is low; asked again at the next screen
  return turn;
}

async function decide() {
  const wish = CAN && document.visibilityState === "visible" && (await wanted()) && Boolean(await joined());
  if (held && !held.released && wish) return;
  await held?.release();
  held = wish ? await navigator.wakeLock.request("screen") : null;
}

document.addEventListener("visibilitychange", settle);
