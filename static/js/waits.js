// Waits: how long the sender leaves an item, the network or the server alone.
//
// Hides back-off and clocks. Promises: later and later, at most 5 minutes apart, never sooner than the server asks; and
// that nobody waits for more than an hour, as no server may ask for more: what ends later was set by a clock that has
// been put right since.

const FIRST_MS = 2_000;
const CAP_MS = 300_000;
const LONGEST_MS = 3_600_000;

/** @type {Map<string, {tries: number, until: number}>} */
export const waits = new Map();

/** How much longer, in ms. */
export function left(/** @type {string} */ id) {
  const rest = (waits.get(id)?.until ?? 0) - Date.now();
  return rest > LONGEST_MS ? 0 : Math.max(0, rest);
}

export const due = (/** @type {string} */ id) => !left(id);

/** What failed on its way may go again at once; whoever asked for a pause, `unless`, has it. */
export function hope(/** @type {string} */ unless) {
  for (const id of waits.keys()) if (id !== unless) waits.delete(id);
}

/** Exponential back-off with full jitter, at least `atLeast` ms. @returns {number} until when, ms */
export function wait(/** @type {string} */ id, /** @type {number | null} */ atLeast = null) {
  const tries = (waits.get(id)?.tries ?? 0) + 1;
  const pause = Math.max(Math.random() * Math.min(CAP_MS, FIRST_MS * 2 ** tries), atLeast ?? 0);
  waits.set(id, { tries, until: Date.now() + pause });
  return Date.now() + pause;
}
