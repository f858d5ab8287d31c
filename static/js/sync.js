// Empties the outbox whenever there is a network: words first, one item at a time, one sender for all tabs.
//
// Hides when to try, what an answer means and how it is mended. Promises: an item counts as sent only when our server
// names it; one that is refused is parked with the server's sentence while the others go on; all else is tried again,
// later and later, at most 5 minutes apart. Never believes navigator.onLine: it asks. Everything it sends may safely be
// sent twice, so neither a lost reply nor a second sender does harm.

import { ask, hurry, notOurs, Trouble, whoAnswers } from "./api.js";
import { language } from "./i18n.js";
import { contentDigest, sha256 } from "./ids.js";
import { MISHAPS, whole } from "./mishaps/first.js";
import * as outbox from "./outbox.js";
import { LIMITS } from "./protocol.js";
import { traffic, wire } from "./records.js";
import { joined, onChange, photoBytes, teamSaid, updateWalk } from "./store.js";
import { inTurn, leaveLine, openNotes, pushOn } from "./turns.js";
import { due, hope, left, wait, waits } from "./waits.js";

/**
 * @typedef {import("./store.js").Joined} Joined
 * @typedef {import("./store.js").NoteRecord} NoteRecord
 * @typedef {import("./store.js").PhotoRecord} PhotoRecord
 * @typedef {import("./outbox.js").Parcel} Parcel
 * @typedef {import("./store.js").Problem} Problem
 * @typedef {import("./turns.js").Turn} Turn
 * @typedef {{online: boolean | null, stranger: boolean, sending: boolean, next_try: number | null,
 *   last_problem: Problem | null, confirmed: boolean}} Status
 *   online: whether the server answered last time, null before the first; stranger: somebody else did, as a network that
 *   wants a sign-in; next_try: ms; confirmed: the server was asked, and holds all that was ever sent from here
 */

const EVERY_MS = 60_000;
const MENDS = 3;
const NETWORK = "network"; // may be back at any moment
const SERVER = "server"; // asked to be left alone
const REFUSED = [400, 403, 404, 405, 409, 410, 413, 415, 422];
const HELD = ["stored", "ready", "unreadable"];

/** @type {Status} */
let state = { online: null, stranger: false, sending: false, next_try: null, last_problem: null, confirmed: false };
/** @type {Set<(status: Status) => void>} */
const listeners = new Set();
/** @type {Promise<void> | null} */
let running = null;
let started = false;
let called = false; // something happened while it was running
let walkAsked = 0;
let told = ""; // what was last said to be left here
let countedAt = 0;
let changes = 0; // of what the server should hold
let vouchedFor = -1; // up to which of them it said that it holds all
let unlooked = false; // it had not looked into all photos yet: whether it can read them is asked again in the next round
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Send by itself from now on: now, and whenever something is saved or the network may be back. */
export function start() {
  if (started) return;
  started = true;
  const wake = () => document.visibilityState === "visible" && kick();
  for (const event of ["online", "offline", "pageshow"]) addEventListener(event, kick);
  document.addEventListener("visibilitychange", wake);
  setInterval(wake, EVERY_MS);
  onChange((stores) => {
    if (!stores.includes("notes")) return;
    state.confirmed = false;
    changes += 1;
    if (!running) round();
  });
  outbox
    .clearProblems()
    .catch(() => {})
    .finally(kick);
}

/** The walker's button: everything at once, whatever was to be waited for. Resolves when it has been tried. */
export async function sendNow() {
  hurry();
  await aside();
  waits.clear();
  walkAsked = 0;
  changes += 1;
  await outbox.clearProblems().catch(outbox.unlessFull);
  await aside();
  await round(true);
}

/** Waits for a round of ours that is running, but not for another tab's. */
function aside() {
  leaveLine();
  return running;
}

/** @returns {Status} */
export const status = () => ({ ...state });

/** Call `fn` at every change of the status. @returns {() => void} unsubscribe */
export function onStatus(/** @type {(status: Status) => void} */ fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

function show(/** @type {Partial<Status>} */ news, /** @type {string[]} */ sending = []) {
  state = { ...state, ...news };
  traffic.online = state.online;
  traffic.sending = new Set(sending);
  for (const fn of listeners) fn(status());
}

/** The network may be back: ask it, even if it was to be left alone. */
function kick() {
  hope(SERVER);
  pushOn();
  if (running) called = true;
  else round();
}

function round(pressed = false) {
  running ??= inTurn(work, pressed)
    .catch((failure) => show({ last_problem: problemOf(failure) }))
    .finally(() => {
      running = null;
      if (called) hope(SERVER);
      called = false;
      return plan();
    });
  return running;
}

async function work(/** @type {Turn} */ turn) {
  const me = await joined();
  if (!me || !due(NETWORK) || !due(SERVER)) return;
  show({ sending: true });
  try {
    if (await online()) await talk(me, turn);
    // Beside the round, not in it: a note saved meanwhile waits for nobody.
    if (state.online && due(SERVER)) tell(me).catch(() => {});
  } finally {
    show({ sending: false });
  }
}

async function online() {
  const who = await whoAnswers();
  const answers = who === "us";
  if (answers) waits.delete(NETWORK);
  else wait(NETWORK);
  show({ online: answers, stranger: who === "stranger" });
  return answers;
}

async function talk(/** @type {Joined} */ me, /** @type {Turn} */ turn) {
  if (!(await freshWalk(me))) return;
  for (let asked = 0; asked <= MENDS; asked++) {
    if (!(await empty(me, turn))) return;
    if (!(await outbox.noteRest())) return show({ last_problem: problemOf(new Trouble("full", whole(MISHAPS.unnoted()))) });
    if (vouchedFor === changes && !(unlooked && !asked)) break;
    // Before anything says "all sent", the server is asked whether it thinks so too.
    await vouch(me);
  }
  if (!(await outbox.next(() => true))) show({ confirmed: vouchedFor === changes, last_problem: null });
}

/** Say how much is still here, so that whoever leads the walk knows whom to wait for. An older server does not ask. */
async function tell(/** @type {Joined} */ me) {
  const some = await outbox.next(() => true); // that all has gone is never kept back, and costs no counting
  if (some && Math.abs(Date.now() - countedAt) < EVERY_MS / 2) return;
  if (some) countedAt = Date.now();
  const left = some ? await outbox.waiting() : { notes: 0, photos: 0 };
  const words = `${me.participant_id} ${left.notes} ${left.photos}`;
  if (words === told) return;
  told = words;
  await ask("PUT", `/participants/${me.participant_id}/outbox`, { key: me, json: left }).catch(({ status }) => {
    if (!REFUSED.includes(status)) told = "";
  });
}

/** The walk as the server has it now. @returns {Promise<boolean>} false where the network is gone */
async function freshWalk(/** @type {Joined} */ me) {
  if (me.unsaid) await rejoin(me);
  if (Math.abs(Date.now() - walkAsked) < EVERY_MS / 2) return true;
  try {
    const { status, body, etag } = await ask("GET", `/walks/${me.walk.id}`, { key: me, etag: me.etag });
    if (status === 200 && body.id === me.walk.id) await updateWalk(body, etag).catch(outbox.unlessFull);
    walkAsked = Date.now();
  } catch (failure) {
    if (!(failure instanceof Trouble)) throw failure;
    if (failure.code === "not-joined") await rejoin(me);
    if (failure.code === "no-network") return online();
  }
  return true;
}

/** Send until nothing is due. @returns {Promise<boolean>} false where another tab took over, another walk was joined, or there is no point now */
async function empty(/** @type {Joined} */ me, /** @type {Turn} */ turn) {
  /** @type {Map<string, number>} */
  const mended = new Map();
  while (!turn.over) {
    const goes = await whatGoes();
    const parcel = await outbox.next((item) => goes(item) && due(item.id));
    if (!parcel) return true;
    // Another walk's by now, after an answer that was long in coming: it is not sent in the name of this one.
    if ((await joined())?.participant_id !== me.participant_id) return false;
    if (!(await sendOne(me, parcel, mended))) return false;
  }
  return false;
}

/** Tells what goes by itself: neither what is refused, nor open in some tab, nor arrived and only not noted yet. */
async function whatGoes() {
  const isOpen = await openNotes();
  return (/** @type {NoteRecord | PhotoRecord} */ item) => !item.problem?.final && !isOpen(item) && !outbox.isHeard(item);
}

/** @returns {Promise<boolean>} whether there is a point in going on with the next item */
async function sendOne(
  /** @type {Joined} */ me,
  /** @type {Parcel} */ { kind, item },
  /** @type {Map<string, number>} */ mended,
) {
  changes += 1;
  show({ confirmed: false }, [kind === "notes" ? item.id : (item.note_id ?? "")]);
  try {
    await (kind === "notes" ? sendWords(me, item) : sendPhoto(me, item));
    waits.delete(item.id);
    return true;
  } catch (reason) {
    // Whatever happens with one, the others go.
    const failure = asTrouble(reason);
    const times = mended.get(item.id) ?? 0;
    mended.set(item.id, times + 1);
    if (times < MENDS && (await mend(me, item, failure, times > 0).catch(() => false))) return true;
    return park(kind, item, failure);
  }
}

// A receipt is one only if it names what was sent.

async function sendWords(/** @type {Joined} */ me, /** @type {NoteRecord} */ { id, content, content: { rev } }) {
  await outbox.markTried({ [id]: rev }).catch(outbox.unlessFull);
  const { body } = await ask("PUT", `/observations/${id}`, { key: me, json: wire(content) });
  if (body.id !== id || !(body.rev >= rev) || !Array.isArray(body.photos)) throw notOurs();
  body.photos.push(...(body.recordings ?? []));
  await outbox.keepReceipt(id, rev, body);
}

async function sendPhoto(/** @type {Joined} */ me, /** @type {PhotoRecord} */ photo) {
  const kept = await photoBytes(photo.id);
  if (!kept) throw new Trouble("photo-gone", whole(MISHAPS.gone()), { status: 410 });
  const headers = { "Content-Type": photo.type, "Content-Digest": contentDigest(photo.sha256) };
  const path = `/observations/${photo.note_id}/${photo.seconds ? "recordings" : "photos"}/${photo.id}`;
  const { body } = await ask("PUT", path, { key: me, bytes: kept.buffer, headers });
  if (body.id !== photo.id || body.sha256 !== photo.sha256 || !HELD.includes(body.state)) throw notOurs();
  await outbox.photoArrived(photo.id, body.state);
}

/** Put right what can be put right from here. @returns {Promise<boolean>} whether the item may go again at once */
async function mend(/** @type {Joined} */ me, /** @type {any} */ item, /** @type {Trouble} */ { code, problem }, again = false) {
  if (code === "not-joined") return rejoin(me);
  if (code === "same-revision-different-content") await outbox.outbid(item.id, item.content.rev, problem.receipt.rev);
  // Its bytes may have made room once it had arrived: then the note's receipt says so.
  else if (item.note_id && (code === "observation-unknown" || code === "photo-undeclared" || (code === "photo-gone" && !again)))
    await outbox.unsend(item.note_id);
  else if (code === "digest-mismatch") {
    const kept = await photoBytes(item.id);
    const now = kept && (await sha256(kept.buffer));
    if (!now || now === item.sha256) return false;
    await outbox.redeclare(item.id, now);
  } else return false;
  return true;
}

/** The server does not know us (a restored backup), or not our team: join again with the same id and secret. */
async function rejoin(/** @type {Joined} */ me) {
  const { participant_id, secret, code, role, name, team } = me;
  try {
    const json = { code, secret, role, name, team, language: language() };
    const { body } = await ask("PUT", `/participants/${participant_id}`, { json });
    if (body.participant_id !== participant_id) return false;
    await updateWalk(body.walk, null).catch(outbox.unlessFull);
    await teamSaid(body.walk.id, team).catch(outbox.unlessFull);
    return true;
  } catch (failure) {
    if (failure instanceof Trouble) return false;
    throw failure;
  }
}

/** Say what is wrong with an item and leave it alone for a while, or for good. @returns {Promise<boolean>} as sendOne() */
async function park(/** @type {"notes" | "photos"} */ kind, /** @type {any} */ item, /** @type {Trouble} */ failure) {
  // What changed on its way may arrive whole next time, and so may what an unknown answerer refused.
  const final = REFUSED.includes(failure.status) && !["digest-mismatch", "not-ours"].includes(failure.code);
  const lost = failure.code === "no-network" || failure.code === "not-ours";
  if (!lost && [429, 503].includes(failure.status)) wait(SERVER, failure.retryAfter);
  const answers = lost ? await online() : due(SERVER);
  // Where the network is gone, no item is to blame: all go again as soon as it is back.
  const until = final ? null : lost && !answers ? null : wait(item.id, failure.retryAfter);
  const problem = problemOf(failure, final, until);
  show({ last_problem: problem });
  if (failure.code !== "no-network" || answers) await outbox.keepProblem(kind, item.id, problem).catch(() => wait(item.id));
  return answers;
}

/** Ask whether the server holds all that it confirmed; what it lacks goes again. */
async function vouch(/** @type {Joined} */ me) {
  await outbox.forgetDeleted();
  const before = changes;
  const { observations, photos } = await outbox.confirmed();
  let [missing, stored] = [0, 0];
  for (let at = 0; at < Math.max(observations.length, photos.length); at += LIMITS.known) {
    const end = at + LIMITS.known;
    const json = { observations: observations.slice(at, end), photos: photos.slice(at, end), states: true };
    const { body } = await ask("POST", `/walks/${me.walk.id}/known`, { key: me, json });
    if (!Array.isArray(body.missing?.observations) || !Array.isArray(body.missing.photos)) throw notOurs();
    for (const { id } of body.missing.observations) await outbox.unsend(id);
    for (const id of body.missing.photos) await outbox.keepPhotoState(id, "kept");
    for (const id of body.unreadable ?? []) await outbox.keepPhotoState(id, "unreadable");
    stored += body.stored?.length ?? 0;
    missing += body.missing.observations.length + body.missing.photos.length;
  }
  unlooked = stored > 0;
  if (!missing) vouchedFor = before;
}

const asTrouble = (/** @type {unknown} */ failure) =>
  failure instanceof Trouble ? failure : new Trouble("phone", whole(MISHAPS.illegible()));

/** @returns {Problem} */
function problemOf(/** @type {unknown} */ failure, final = false, /** @type {number | null} */ retry_at = null) {
  const { code, detail } = asTrouble(failure);
  return { code, detail, at: Date.now(), final, retry_at };
}

/** Set the clock for the next try. */
async function plan() {
  clearTimeout(timer);
  let pause = Number.POSITIVE_INFINITY;
  const goes = await whatGoes();
  const isFirst = (/** @type {NoteRecord | PhotoRecord} */ item) => {
    if (goes(item)) pause = Math.min(pause, left(item.id));
    return pause === 0;
  };
  await outbox.next(isFirst).catch(() => {});
  pause = Math.max(pause, left(NETWORK), left(SERVER));
  const next = Number.isFinite(pause) ? Date.now() + pause : null;
  show({ next_try: next });
  if (next !== null) timer = setTimeout(round, Math.max(1000, pause));
}
