// Track: where a team goes, recorded by the phone of the one who takes its notes, kept here and sent by itself.
//
// Hides what is left out and when it is sent. Promises: it measures nothing itself, but takes down what is measured for a map
// or a note that is open; whatever was not measured (a pause, a dark screen, a minute without a good position, a jump) is a gap
// and stays one; each point is on the phone before the next is taken; only a receipt counts as sent; what was deleted
// is gone here at once, and on the server as soon as it hears of it. No times are kept. Begins with its import.

import { ask, notOurs, Trouble } from "./api.js";
import { onChange, read, write } from "./database.js";
import { uuid7 } from "./ids.js";
import { bystanders, distance } from "./place.js";
import { onStatus, status } from "./sync.js";

/**
 * @typedef {import("./protocol.js").TrackBody & {id: string, sent: number, tried: boolean, problem: string}} Track
 *   sent: the revision that the server holds; tried: it may hold some; problem: why it wants none, in its words
 * @typedef {{on: boolean, full: boolean, tracks: Track[], unsent?: boolean}} Kept   on: being recorded; full: the phone had no
 *   room; unsent: whether one is, for store.js
 * @typedef {import("./database.js").Transaction} Transaction
 */

const APART_M = 8;
const ACCURATE_M = 30;
const PAUSE_MS = 60_000;
const JUMP_M = 100;
const MOST_POINTS = 20_000; // as many as the server takes
const REFUSED = [400, 403, 404, 405, 410, 413, 422];
const KEY = "setting:track";
/** @type {Kept} */
const NONE = { on: false, full: false, tracks: [] };

/** The newest point, and when a position was last good; null: the next point begins a part. @type {{at: import("./place.js").Point, ms: number} | null} */
let last = null;
let lastId = ""; // whose point it is
let now = NONE;
let queue = Promise.resolve();
/** @type {Promise<void> | null} */
let underway = null;
/** @type {Set<(kept: Kept) => void>} */
const listeners = new Set();

const heldIn = async (/** @type {Transaction} */ tx) => /** @type {Kept} */ ((await tx.objectStore("kept").get(KEY)) ?? NONE);
const joinedIn = async (/** @type {Transaction} */ tx) =>
  /** @type {import("./store.js").Joined | undefined} */ (await tx.objectStore("kept").get("joined"));

const change = (/** @type {(held: Kept, tx: Transaction) => Kept | null | Promise<Kept | null>} */ how) =>
  write(["kept"], async (tx) => {
    const next = await how(await heldIn(tx), tx);
    if (next) await tx.objectStore("kept").put({ ...next, unsent: next.tracks.some(isUnsent) }, KEY);
  }).then(look);

const changeOne = (/** @type {string} */ id, /** @type {(one: Track) => Partial<Track>} */ how) =>
  change((held) => ({ ...held, tracks: held.tracks.map((one) => (one.id === id ? { ...one, ...how(one) } : one)) }));

/** Whether a walk wants it now. */
export const isAskedFor = (/** @type {import("./protocol.js").Walk} */ { tracks, state }) =>
  Boolean(tracks) && (state === "open" || state === "planned");

/** Tell `fn` what is kept, now and at every change. @returns {() => void} unsubscribe */
export function follow(/** @type {(kept: Kept) => void} */ fn) {
  listeners.add(fn);
  fn(now);
  return () => listeners.delete(fn);
}

/** Record from now on, or no more. */
export async function record(/** @type {boolean} */ on) {
  last = null;
  await queue; // what was measured before counts
  await change((held) => ({ ...held, on, full: false }));
  if (!on) await sendNow();
}

/** Delete all of it, here and on the server. */
export async function remove() {
  last = null;
  await queue;
  const emptied = (/** @type {Track} */ one) => ({ ...one, rev: one.rev + 1, deleted: true, parts: [], problem: "" });
  await change(({ tracks }) => ({ ...NONE, tracks: tracks.filter(({ tried }) => tried).map((one) => (one.deleted ? one : emptied(one))) }));
  await sendNow();
}

/** A position was measured, for whomever. */
function heard(/** @type {import("./protocol.js").Fix} */ { lat, lon, accuracy_m }) {
  if (!now.on || (accuracy_m ?? Number.POSITIVE_INFINITY) > ACCURATE_M) return;
  const ms = Date.now();
  const at = { lat: Number(lat.toFixed(5)), lon: Number(lon.toFixed(5)) };
  const goesOn = last !== null && ms - last.ms <= PAUSE_MS && distance(last.at, at) <= JUMP_M;
  if (last && goesOn && distance(last.at, at) < APART_M) {
    last.ms = ms;
    return;
  }
  last = { at, ms };
  queue = queue.then(() => grow([at.lon, at.lat], goesOn)).catch(broken);
}

/** A point could not be kept: the line has a gap there. */
async function broken(/** @type {any} */ failure) {
  last = null;
  if (failure?.name === "Full") await change((held) => ({ ...held, on: false, full: true })).catch(() => {});
}

/** One more point; `goesOn`: a line leads to it from the one before. */
async function grow(/** @type {[number, number]} */ point, /** @type {boolean} */ goesOn) {
  let id = "";
  await change(async (held, tx) => {
    const me = await joinedIn(tx);
    if (!held.on || !me) return null;
    if (!isAskedFor(me.walk)) return { ...held, on: false };
    const one = held.tracks.find(({ deleted, team }) => !deleted && team === me.team) ?? fresh(me);
    id = one.id;
    if (one.parts.flat().length >= MOST_POINTS) return { ...held, on: false };
    const parts = [...one.parts];
    const newest = parts.pop();
    if (newest && goesOn && id === lastId) parts.push([...newest, point]);
    else parts.push(...(newest && newest.length > 1 ? [newest] : []), [point]); // a point alone was no way
    const grown = { ...one, parts, rev: one.rev + 1, problem: "" };
    return { ...held, tracks: [...held.tracks.filter((other) => other.id !== id), grown] };
  });
  lastId = id;
}

/** @returns {Track} */
const fresh = (/** @type {import("./store.js").Joined} */ { walk, team }) => {
  const unsent = { sent: 0, tried: false, problem: "" };
  return { id: uuid7(), walk_id: walk.id, team, rev: 0, deleted: false, parts: [], ...unsent };
};

/** Send what is unsent, once the server has answered: with every round of the notes, which come first. One sending at a time. */
async function sendNow() {
  await underway;
  if (!now.tracks.some(isUnsent) || !status().online) return;
  underway ??= send()
    .catch(() => {}) // the next round
    .finally(() => {
      underway = null;
    });
  await underway;
}

async function send() {
  const [me, { tracks }] = await read(["kept"], async (tx) => [await joinedIn(tx), await heldIn(tx)]);
  // What was deleted goes first, to make way for what came after it.
  for (const one of [...tracks].sort((a, b) => Number(b.deleted) - Number(a.deleted)))
    if (me && one.walk_id === me.walk.id && isUnsent(one)) await sendOne(me, one);
}

/** Whether the server does not hold it as it is, and may take it. */
export const isUnsent = (/** @type {Track} */ { rev, sent, problem }) => rev > sent && !problem;

async function sendOne(/** @type {import("./store.js").Joined} */ me, /** @type {Track} */ { sent: _s, tried, problem: _p, id, ...json }) {
  if (!tried) await changeOne(id, () => ({ tried: true }));
  try {
    const { body } = await ask("PUT", `/tracks/${id}`, { key: me, json });
    if (body.id !== id || !(body.rev >= json.rev)) throw notOurs();
    const isGone = json.deleted && body.deleted;
    if (isGone) await change((held) => ({ ...held, tracks: held.tracks.filter((one) => one.id !== id) }));
    // Where the server holds a newer one than ours, ours is said again on top of it.
    else await changeOne(id, ({ rev }) => ({ sent: json.rev, rev: body.rev > json.rev ? Math.max(rev, body.rev + 1) : rev }));
  } catch (failure) {
    if (!(failure instanceof Trouble)) throw failure;
    const newest = failure.status === 409 && failure.problem?.receipt?.rev;
    if (newest) await changeOne(id, ({ rev }) => ({ rev: Math.max(rev, newest + 1) }));
    else if (REFUSED.includes(failure.status) && failure.code !== "not-ours") await changeOne(id, () => ({ problem: failure.detail }));
    else throw failure;
  }
}

/** What is kept, as it is now in this tab or another. */
async function look() {
  now = await read(["kept"], heldIn);
  for (const fn of listeners) fn(now);
}

bystanders.add(heard);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") last = null;
});
onChange((stores) => stores.includes("kept") && look());
onStatus(({ sending }) => void (sending || sendNow()));
look().then(sendNow);
