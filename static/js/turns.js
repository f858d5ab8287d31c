// Turns: one sender for all tabs of this phone, the installed app among them; which notes are open in any of them; and whose a
// begun note is.
//
// Hides Web Locks. Promises: while one tab sends, the others stand in line, and the next goes on at once when that one is
// done, closed or has crashed; a tab that the system has put to sleep is waited for two minutes and no longer. Whoever
// takes over without waiting tells the other so: it ends after the item in hand.

/** @typedef {{over: boolean}} Turn   over: another tab has taken over */

const LOCK = "tryghedsvandring-sender";
const ASLEEP_MS = 120_000;

/** This tab's place in the line. @type {{since: number, leave: AbortController, push: boolean} | null} */
let place = null;

/**
 * Does `work` when it is this tab's turn; `push`: now, whoever is at it. Resolves when it is done, or the line was left.
 * @returns {Promise<void>}
 */
export async function inTurn(/** @type {(turn: Turn) => Promise<void>} */ work, push = false) {
  const turn = { over: false };
  if (!navigator.locks) return work(turn);
  let done = Promise.resolve();
  const begin = () => {
    place = null;
    done = work(turn);
    return done;
  };
  const mine = { since: Date.now(), leave: new AbortController(), push: false };
  place = mine;
  const how = push ? { steal: true } : { signal: mine.leave.signal };
  await navigator.locks.request(LOCK, how, begin).catch(() => {});
  place = null;
  turn.over = true;
  return mine.push ? inTurn(work, true) : done;
}

/** Out of the line, if this tab stands in it. */
export const leaveLine = () => place?.leave.abort();

/** Past a tab that must have fallen asleep, if this one has waited that long. */
export function pushOn() {
  if (!place || Date.now() - place.since < ASLEEP_MS) return;
  place.push = true;
  leaveLine();
}

/** Says in every tab that this note is open, until it is closed or its tab is gone. @returns {Promise<() => void>} */
export const keepOpen = (/** @type {string} */ noteId) =>
  new Promise((resolve) => {
    const lock = navigator.locks?.request(noteId, { mode: "shared" }, () => new Promise((close) => resolve(() => close(null))));
    if (!lock) resolve(() => {});
  });

const DYING_MS = 300; // a page that was just closed, or is loaded anew, has let go by then

/** What this tab holds, and how many of its screens do: one is left while the next one opens. */
let own = /** @type {{key: string, close: () => void} | null} */ (null);
let screens = 0;

/** The first of `keys` that no other tab holds, or the one this tab holds already, until it is closed as often. */
export async function claim(/** @type {string[]} */ keys) {
  screens += 1;
  for (const key of keys) own ??= await hold(key);
  const close = () => {
    screens -= 1;
    if (screens) return;
    own?.close();
    own = null;
  };
  return { key: own?.key ?? keys[0], close };
}

/** @returns {Promise<typeof own>} null where another tab holds it */
const hold = (/** @type {string} */ key) =>
  new Promise((resolve) => {
    const patience = new AbortController();
    setTimeout(() => patience.abort(), DYING_MS);
    const held = () => new Promise((close) => resolve({ key, close: () => close(null) }));
    const lock = navigator.locks?.request(key, { signal: patience.signal }, held) ?? Promise.reject();
    lock.catch(() => resolve(null));
  });

/** Those of `keys` that this tab may claim. */
export async function free(/** @type {string[]} */ keys) {
  const names = await heldNames();
  return keys.filter((key) => (own ? key === own.key : !names.has(key)));
}

const heldNames = async () => new Set((await navigator.locks?.query())?.held?.map(({ name }) => name));

/** Tells photos of notes that are open in some tab: they may yet be blurred, or taken out. Words never wait for that. */
export async function openNotes() {
  const names = await heldNames();
  return (/** @type {any} */ { note_id }) => names.has(note_id);
}
