// Turns: one sender for all tabs of this phone, the installed app among them; and which notes are open in any of them.
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

/** Tells photos of notes that are open in some tab: they may yet be blurred, or taken out. Words never wait for that. */
export async function openNotes() {
  const names = new Set((await navigator.locks?.query())?.held?.map(({ name }) => name));
  return (/** @type {any} */ { note_id }) => names.has(note_id);
}
