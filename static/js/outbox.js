// The sender's side of the store: what has to go, and what the server said about it.
//
// For sync.js, and for copy.js what has not been sent. Promises: a receipt counts for the revision it was sent for and no
// other, so an edit made while its predecessor was on its way still goes; what the server turns out not to hold becomes
// unsent again. What a full phone cannot note is remembered and noted as soon as there is room; until then it counts as
// unsent, and is sent again only if the app was closed meanwhile.

import { Full, read, write } from "./database.js";
import { uuid7 } from "./ids.js";
import { count, eachLacking, eachNote, forgetPhoto, needsSending } from "./records.js";

/**
 * @typedef {import("./store.js").Note} Note
 * @typedef {import("./store.js").NoteRecord} NoteRecord
 * @typedef {import("./store.js").PhotoRecord} PhotoRecord
 * @typedef {import("./store.js").PhotoInfo} PhotoInfo
 * @typedef {import("./store.js").Problem} Problem
 * @typedef {import("./protocol.js").Receipt} Receipt
 */

const UNDO_MS = 3_600_000;

/** What the server said and the phone had no room for. @type {Map<string, {rev: number, receipt?: Receipt, keep: () => Promise<void>}>} */
const heard = new Map();

/** A full phone's memory is no reason not to send: everything may be sent twice. */
export const unlessFull = (/** @type {unknown} */ failure) => {
  if (!(failure instanceof Full)) throw failure;
};

/** Whether it has arrived, and only cannot be noted. */
export const isHeard = (/** @type {any} */ { id, content }) => (heard.get(id)?.rev ?? -1) >= (content?.rev ?? 0);

async function note(
  /** @type {string} */ id,
  /** @type {() => Promise<void>} */ keep,
  rev = 0,
  /** @type {Receipt | undefined} */ receipt = undefined,
) {
  heard.set(id, { rev, receipt, keep });
  await keep().then(() => heard.delete(id), unlessFull);
}

/** Note what there was no room for. @returns {Promise<boolean>} whether all of it is noted */
export async function noteRest() {
  for (const [id, { rev, receipt, keep }] of [...heard]) await note(id, keep, rev, receipt);
  return !heard.size;
}

/** @typedef {{kind: "notes", item: NoteRecord} | {kind: "photos", item: PhotoRecord}} Parcel */

/**
 * The next that has to go and that `fits`: words before pictures, the oldest first; photos only once the server knows of
 * them. Looks at no more than it must, however much is waiting. @returns {Promise<Parcel | null>}
 */
export const next = (/** @type {(item: NoteRecord | PhotoRecord) => boolean} */ fits) =>
  read(["notes", "photos"], async (tx) => {
    const notes = tx.objectStore("notes");
    for (let at = await notes.index("revs").openCursor(); at; ) {
      const item = at.value;
      if (needsSending(item) && fits(item)) return { kind: "notes", item };
      // Past all that have nothing newer than what was sent, in one step.
      const [sent, rev] = at.key;
      at = await (rev > sent ? at.continue() : at.continue([sent, sent + 1]));
    }
    for (let at = await tx.objectStore("photos").index("state").openCursor("kept"); at; at = await at.continue()) {
      const item = at.value;
      const note = item.note_id ? await notes.get(item.note_id) : undefined;
      const receipt = note && (heard.get(note.id)?.receipt ?? note.receipt);
      const declared = !note?.content.deleted && receipt?.photos.some(({ id }) => id === item.id);
      if (declared && fits(item)) return { kind: "photos", item };
    }
    return null;
  });

/** How much is still only here: a look at every note. */
export const waiting = () => read(["notes", "photos"], count);

/** @typedef {{record: NoteRecord, words: boolean, photos: PhotoRecord[]}} Lacking */

/** Every note of which something is only here, with those photos, the oldest first: what a copy must hold. */
export const lacking = () =>
  read(["notes", "photos"], async (tx) => {
    const found = /** @type {Lacking[]} */ ([]);
    for await (const one of eachLacking(tx)) found.push(one);
    return found.reverse();
  });

/** What the server has confirmed, to ask it about. */
export const confirmed = () =>
  read(["notes", "photos"], async (tx) => {
    const [observations, held] = [/** @type {{id: string, rev: number}[]} */ ([]), /** @type {string[]} */ ([])];
    for await (const { record, photos } of eachNote(tx)) {
      if (!record.sent_rev) continue;
      observations.push({ id: record.id, rev: record.sent_rev });
      if (!record.content.deleted) held.push(...photos.filter(({ state }) => state !== "kept").map(({ id }) => id));
    }
    return { observations, photos: held };
  });

const changeOne = (
  /** @type {"notes" | "photos"} */ store,
  /** @type {string} */ id,
  /** @type {(record: any) => object} */ change,
) =>
  write([store], async (tx) => {
    const record = await tx.objectStore(store).get(id);
    if (record) await tx.objectStore(store).put(/** @type {any} */ ({ ...record, ...change(record) }));
  });

/** From now on the server may hold these notes' revisions, whatever becomes of the reply. */
export const markTried = (/** @type {Record<string, number>} */ revs) =>
  write(["notes"], async (tx) => {
    for (const [id, rev] of Object.entries(revs)) {
      const record = await tx.objectStore("notes").get(id);
      if (record && record.tried_rev < rev) await tx.objectStore("notes").put({ ...record, tried_rev: rev });
    }
  });

/** The server holds revision `rev`; where it holds a newer one than ours, ours is said again on top of it. */
export const keepReceipt = (/** @type {string} */ noteId, /** @type {number} */ rev, /** @type {Receipt} */ receipt) =>
  note(noteId, () => receive(noteId, rev, receipt), rev, receipt);

const receive = (/** @type {string} */ noteId, /** @type {number} */ rev, /** @type {Receipt} */ receipt) =>
  write(["notes", "photos"], async (tx) => {
    const before = await tx.objectStore("notes").get(noteId);
    if (!before) return;
    const content = receipt.rev > before.content.rev ? { ...before.content, rev: receipt.rev + 1 } : before.content;
    const sent_rev = Math.max(before.sent_rev, rev);
    const tried_rev = Math.max(before.tried_rev, rev);
    await tx.objectStore("notes").put({ ...before, content, tried_rev, sent_rev, receipt, problem: null });
    for (const { id, state } of receipt.photos) {
      const photo = await tx.objectStore("photos").get(id);
      const now = state === "expected" ? "kept" : state;
      if (photo && photo.state !== now) await tx.objectStore("photos").put({ ...photo, state: now });
    }
  });

/** The server holds other words under this revision: ours become the one after its newest. */
export const outbid = (/** @type {string} */ noteId, /** @type {number} */ rev, /** @type {number} */ newest) =>
  changeOne("notes", noteId, ({ content }) =>
    content.rev === rev ? { content: { ...content, rev: Math.max(rev, newest) + 1 } } : {},
  );

/** The server does not hold this note (any more): its words go again. */
export const unsend = (/** @type {string} */ noteId) => changeOne("notes", noteId, () => ({ sent_rev: 0 }));

export const keepPhotoState = (/** @type {string} */ photoId, /** @type {PhotoInfo["state"]} */ state) =>
  changeOne("photos", photoId, () => ({ state, problem: null }));

/** The server holds this photo. On a full phone its bytes make room for what has arrived to be noted. */
export const photoArrived = (/** @type {string} */ photoId, /** @type {PhotoInfo["state"]} */ state) => {
  const keep = () => keepPhotoState(photoId, state);
  const makeRoom = (/** @type {unknown} */ failure) => {
    unlessFull(failure);
    return write(["bytes"], (tx) => tx.objectStore("bytes").delete(photoId)).then(keep);
  };
  return note(photoId, () => keep().catch(makeRoom));
};

/** A photo whose bytes are no longer what was declared gets a new name with its true sum, in the note's next revision. */
export const redeclare = (/** @type {string} */ photoId, /** @type {string} */ sha256) =>
  write(["notes", "photos", "bytes"], async (tx) => {
    const photo = await tx.objectStore("photos").get(photoId);
    const buffer = await tx.objectStore("bytes").get(photoId);
    const note = photo?.note_id ? await tx.objectStore("notes").get(photo.note_id) : undefined;
    if (!photo || !buffer || !note) return;
    const id = uuid7();
    const photos = note.content.photos.map((one) => (one.id === photoId ? { ...one, id, sha256 } : one));
    await forgetPhoto(tx, photoId);
    await tx.objectStore("bytes").put(buffer, id);
    await tx.objectStore("photos").put({ ...photo, id, sha256, problem: null });
    await tx.objectStore("notes").put({ ...note, content: { ...note.content, photos, rev: note.content.rev + 1 } });
  });

export const keepProblem = (
  /** @type {"notes" | "photos"} */ kind,
  /** @type {string} */ id,
  /** @type {Problem} */ problem,
) => changeOne(kind, id, () => ({ problem }));

/** Everything may be tried again. */
export const clearProblems = () =>
  write(["notes", "photos"], async (tx) => {
    for (const name of /** @type {const} */ (["notes", "photos"]))
      for (const record of await tx.objectStore(name).index("problem").getAll())
        await tx.objectStore(name).put(/** @type {any} */ ({ ...record, problem: null }));
  });

/** Let go of notes whose deletion is done, once nobody can want it undone. */
export async function forgetDeleted() {
  const isOver = (/** @type {NoteRecord} */ record) =>
    record.content.deleted && !needsSending(record) && record.saved_at < Date.now() - UNDO_MS;
  const over = await read(["notes", "photos"], async (tx) => {
    const ids = [];
    for await (const { record } of eachNote(tx)) if (isOver(record)) ids.push(record.id);
    return ids;
  });
  if (!over.length) return;
  await write(["notes", "photos", "bytes"], async (tx) => {
    for (const id of over) {
      const record = await tx.objectStore("notes").get(id);
      if (!record || !isOver(record)) continue;
      for (const photo of await tx.objectStore("photos").index("note").getAllKeys(id)) await forgetPhoto(tx, photo);
      await tx.objectStore("notes").delete(id);
    }
  });
}
