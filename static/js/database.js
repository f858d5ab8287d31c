// The phone's database: one IndexedDB connection that mends itself, and writes that are on the disk when they return.
//
// Hides idb, lost connections, versions and full phones. Promises: a write resolves only after its strict transaction is
// complete; a connection the system took away (iOS does, in the background) is opened again and the work done once more;
// a full phone is told as `Full`, once the map has made room. Work given to read() and write() may therefore run twice: it must give the same both
// times. A new version only ever adds, so that a tab of an older release goes on working on what a newer one made.

import { openDB } from "idb";

const NAME = "tryghedsvandring";
const VERSION = 2;

/** The phone has no room. `what` could not be kept: "words", "photo" or "map". */
export class Full extends Error {
  constructor(/** @type {"words" | "photo" | "map"} */ what) {
    super(`no room for ${what}`);
    this.name = "Full";
    this.what = what;
  }
}

/**
 * @typedef {import("./store.js").Joined} Joined
 * @typedef {import("./store.js").NoteRecord} NoteRecord
 * @typedef {import("./store.js").PhotoRecord} PhotoRecord
 * @typedef {import("./store.js").DraftRecord} DraftRecord
 * @typedef {{
 *   kept: {key: string, value: unknown},
 *   notes: {key: string, value: NoteRecord, indexes: {revs: [number, number], problem: string}},
 *   photos: {key: string, value: PhotoRecord, indexes: {note: string, draft: string, state: string, problem: string}},
 *   bytes: {key: string, value: ArrayBuffer},
 *   drafts: {key: string, value: DraftRecord},
 * }} Schema   kept: the walk and the settings by name; bytes: a photo's by its id, apart, so that lists stay light
 * @typedef {("kept" | "notes" | "photos" | "bytes" | "drafts")[]} Names
 * @typedef {import("idb").IDBPTransaction<Schema, Names, "readwrite">} Transaction
 */

/** @type {Promise<import("idb").IDBPDatabase<Schema>> | null} */
let connection = null;

function open() {
  const watched = { blocking: drop, terminated: drop };
  connection ??= openDB(NAME, VERSION, { upgrade, ...watched }).catch((failure) => {
    // A newer release has been here: what it added does not concern us.
    if (failure?.name === "VersionError") return openDB(NAME, undefined, watched);
    throw failure;
  });
  connection.catch(drop);
  return connection;
}

/** Every index is over what a record itself says, so none can fall behind it, whichever release wrote the record. */
function upgrade(
  /** @type {import("idb").IDBPDatabase<Schema>} */ db,
  /** @type {number} */ before,
  /** @type {number | null} */ _now,
  /** @type {import("idb").IDBPTransaction<Schema, Names, "versionchange">} */ tx,
) {
  if (before < 1) {
    db.createObjectStore("kept");
    db.createObjectStore("notes", { keyPath: "id" });
    const photos = db.createObjectStore("photos", { keyPath: "id" });
    photos.createIndex("note", "note_id");
    photos.createIndex("draft", "draft_key");
    db.createObjectStore("bytes");
    db.createObjectStore("drafts", { keyPath: "key" });
  }
  if (before < 2) {
    const [notes, photos] = [tx.objectStore("notes"), tx.objectStore("photos")];
    notes.createIndex("revs", ["sent_rev", "content.rev"]);
    photos.createIndex("state", "state");
    notes.createIndex("problem", "problem.code");
    photos.createIndex("problem", "problem.code");
  }
}

function drop() {
  connection?.then((db) => db.close()).catch(() => {});
  connection = null;
}

const LOST = ["InvalidStateError", "UnknownError", "AbortError"];

/** @template R @returns {Promise<R>} */
async function run(
  /** @type {Names} */ stores,
  /** @type {"readonly" | "readwrite"} */ mode,
  /** @type {(tx: Transaction) => Promise<R>} */ work,
  again = 3, // a slow phone may lose it again while it writes once more
) {
  try {
    const db = await open();
    const tx = /** @type {Transaction} */ (
      /** @type {unknown} */ (db.transaction(stores, mode, { durability: "strict" }))
    );
    const complete = tx.done;
    complete.catch(() => {});
    let result;
    try {
      result = await work(tx);
    } catch (failure) {
      abort(tx);
      // The transaction's own reason (a full disk) says more than the request it broke off.
      await complete.catch((reason) => {
        if (reason?.name === "QuotaExceededError") throw reason;
      });
      throw failure;
    }
    await complete;
    return result;
  } catch (failure) {
    if (!again || !(failure instanceof DOMException) || !LOST.includes(failure.name)) throw failure;
    drop();
    return run(stores, mode, work, again - 1);
  }
}

function abort(/** @type {Transaction} */ tx) {
  try {
    tx.abort();
  } catch {
    // It has already ended.
  }
}

/** Look, in one transaction. `work` awaits nothing but the transaction. @template R @returns {Promise<R>} */
export const read = (/** @type {Names} */ stores, /** @type {(tx: Transaction) => Promise<R>} */ work) =>
  run(stores, "readonly", work);

/**
 * Change, in one strict transaction. Throws Full; then nothing of it was kept. `told`: the stores it changes, where it
 * only looks into the others.
 * @template R @returns {Promise<R>}
 */
export async function write(
  /** @type {Names} */ stores,
  /** @type {(tx: Transaction) => Promise<R>} */ work,
  /** @type {"words" | "photo" | "map"} */ what = "words",
  told = stores,
) {
  try {
    const result = await run(stores, "readwrite", work);
    changed(told);
    return result;
  } catch (failure) {
    if (!(failure instanceof DOMException) || failure.name !== "QuotaExceededError") throw failure;
    if (what === "map" || !(await run(["kept"], "readwrite", withoutMap).catch(() => null))) throw new Full(what);
    return write(stores, work, what, told);
  }
}

/** Notes come first: the walk's map makes room for them. Whether there was one. */
async function withoutMap(/** @type {Transaction} */ tx) {
  const kept = tx.objectStore("kept");
  const had = await kept.getKey("map");
  for (const key of ["map", "setting:map"]) await kept.delete(key);
  return had;
}

/** @type {Set<(stores: Names) => void>} */
const listeners = new Set();
const tabs = new BroadcastChannel(`${NAME}-store`);
tabs.onmessage = ({ data }) => tell(data);

/** Call `fn` with the stores' names after every write, in this tab or another. @returns {() => void} unsubscribe */
export function onChange(/** @type {(stores: Names) => void} */ fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

function changed(/** @type {Names} */ stores) {
  tabs.postMessage(stores);
  tell(stores);
}

function tell(/** @type {Names} */ stores) {
  for (const fn of listeners) fn(stores);
}
