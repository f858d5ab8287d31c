// What a stored note means: whether it still has to go, what it waits for, which photos are its own.
//
// Pure rules over the records of one transaction, shared by store.js (the walker's side) and outbox.js (the sender's).
// Promises: phases and counts come from the records and from what the sender is doing right now, never from a flag.

/**
 * @typedef {import("./database.js").Transaction} Transaction
 * @typedef {import("./store.js").NoteRecord} NoteRecord
 * @typedef {import("./store.js").PhotoRecord} PhotoRecord
 * @typedef {import("./store.js").PhotoInfo} PhotoInfo
 * @typedef {import("./store.js").Note} Note
 * @typedef {import("./store.js").Phase} Phase
 */

/** What the sender sees now; sync.js tells. online: null until asked. sending: ids of notes on their way. */
export const traffic = {
  online: /** @type {boolean | null} */ (null),
  sending: /** @type {Set<string>} */ (new Set()),
};

/** A note deleted before the server can have seen it never has to be sent. */
export const needsSending = (/** @type {NoteRecord} */ { content, sent_rev, tried_rev }) =>
  sent_rev < content.rev && !(content.deleted && tried_rev === 0);

/** A note whose deletion is done is no longer shown. */
export const isShown = (/** @type {NoteRecord} */ record) => !record.content.deleted || needsSending(record);

/** The photos of a note that only this phone has; a deleted note's stay where they are. */
const photosToSend = (/** @type {NoteRecord} */ record, /** @type {PhotoRecord[]} */ photos) =>
  record.content.deleted ? [] : photos.filter((photo) => photo.state === "kept");

/** @returns {Note} */
export function asNote(/** @type {NoteRecord} */ record, /** @type {PhotoRecord[]} */ photos) {
  const { id, content, saved_at, sent_rev, receipt } = record;
  const order = new Map(content.photos.map((photo, at) => [photo.id, at]));
  const own = photos.filter((photo) => order.has(photo.id));
  own.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  const left = photosToSend(record, own);
  const problem = needsSending(record) ? record.problem : (left.find((photo) => photo.problem)?.problem ?? null);
  const facts = { id, walk_id: content.walk_id, rev: content.rev, content, saved_at, sent_rev, receipt, problem };
  return { ...facts, photos: own.map(info), phase: phase(record, problem, left.length) };
}

/** @returns {Phase} */
function phase(
  /** @type {NoteRecord} */ record,
  /** @type {Note["problem"]} */ problem,
  /** @type {number} */ photosLeft,
) {
  const words = needsSending(record);
  if (!words && !photosLeft) return "sent";
  if (words && traffic.sending.has(record.id)) return "sending";
  if (problem?.final) return "failed";
  if (!words) return "photos";
  if (traffic.online === false) return "waiting";
  return problem ? "failed" : "saved";
}

/** A photo without what only the records need. @returns {PhotoInfo} */
export const info = (/** @type {PhotoRecord} */ { draft_key: _d, removed_in: _r, ...photo }) => photo;

/** @returns {Promise<Note | null>} */
export async function load(/** @type {Transaction} */ tx, /** @type {string} */ id) {
  const record = await tx.objectStore("notes").get(id);
  return record ? asNote(record, await tx.objectStore("photos").index("note").getAll(id)) : null;
}

const CHUNK = 25; // read at once: enough for a screen, and far from holding up the page's thread

/** Ranges of ids that cover every note, the newest first. */
async function chunks(/** @type {Transaction} */ tx, size = CHUNK) {
  const ids = await tx.objectStore("notes").getAllKeys();
  const ends = Array.from({ length: Math.ceil(ids.length / size) }, (_, at) => ids.length - at * size);
  return ends.map((end) => IDBKeyRange.bound(ids[Math.max(0, end - size)], ids[end - 1]));
}

/**
 * Every note with its photos, newest first, read as far as they are asked for.
 * @returns {AsyncGenerator<{record: NoteRecord, photos: PhotoRecord[]}>}
 */
export async function* eachNote(/** @type {Transaction} */ tx) {
  for (const range of await chunks(tx)) {
    const [records, photos] = await Promise.all([
      tx.objectStore("notes").getAll(range),
      tx.objectStore("photos").index("note").getAll(range),
    ]);
    for (const record of records.reverse())
      yield { record, photos: photos.filter((photo) => photo.note_id === record.id) };
  }
}

/** What a draft shows: its note's photos that it has not taken out, in their order, then its own. */
export async function photosOf(
  /** @type {Transaction} */ tx,
  /** @type {string} */ draftKey,
  /** @type {string | null | undefined} */ noteId,
) {
  const record = noteId ? await tx.objectStore("notes").get(noteId) : undefined;
  const own = noteId ? await tx.objectStore("photos").index("note").getAll(noteId) : [];
  const order = record?.content.photos.map((photo) => photo.id) ?? [];
  own.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  const removed = own.filter((photo) => photo.removed_in === draftKey);
  const added = await tx.objectStore("photos").index("draft").getAll(draftKey);
  added.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { removed, shown: [...own.filter((photo) => !removed.includes(photo)), ...added] };
}

/** Of drafts of new notes: one for each tab that has one open, and what was left lying. @returns {Promise<string[]>} */
export async function begunKeys(/** @type {Transaction} */ tx) {
  const range = IDBKeyRange.bound("new", "new~");
  const photos = await tx.objectStore("photos").index("draft").getAll(range);
  return [...new Set([...(await tx.objectStore("drafts").getAllKeys(range)), ...photos.map(({ draft_key }) => draft_key ?? "new")])];
}

/** A photo or a recording as its note declares it. @returns {import("./protocol.js").PhotoDeclaration} */
export const declared = (/** @type {PhotoInfo} */ { id, sha256, bytes, type, replaces, seconds }) => ({
  id,
  sha256,
  bytes,
  type,
  ...(replaces && { replaces }),
  ...(seconds && { seconds }),
});

/** Among what a note calls its photos, a recording is one by its seconds. */
export const isSound = (/** @type {object} */ one) => "seconds" in one && Boolean(one.seconds);

/** A note as the wire has it: here recordings are among its photos, from which they differ by their seconds. */
export const wire = (/** @type {import("./protocol.js").ObservationBody} */ content) => ({
  ...content,
  photos: content.photos.filter((one) => !isSound(one)),
  recordings: content.photos.filter(isSound),
});

export async function forgetPhoto(/** @type {Transaction} */ tx, /** @type {string} */ id) {
  await tx.objectStore("photos").delete(id);
  await tx.objectStore("bytes").delete(id);
}

/** @returns {Promise<{notes: number, photos: number}>} what the server does not hold; recordings are among the photos */
export async function count(/** @type {Transaction} */ tx) {
  const left = { notes: 0, photos: 0 };
  for await (const { words, photos } of eachLacking(tx)) {
    left.notes += Number(words);
    left.photos += photos.length;
  }
  return left;
}

/**
 * Each note of which something is only here: its words, or those of its photos.
 * @returns {AsyncGenerator<{record: NoteRecord, words: boolean, photos: PhotoRecord[]}>}
 */
export async function* eachLacking(/** @type {Transaction} */ tx) {
  for await (const { record, photos } of eachNote(tx)) {
    const [words, left] = [needsSending(record), photosToSend(record, photos)];
    if (words || left.length) yield { record, words, photos: left };
  }
}

/** @returns {Promise<{notes: number, waiting: number, stops: Map<string, number>}>} without reading a single photo */
export async function tallyUp(/** @type {Transaction} */ tx, /** @type {() => boolean} */ wanted) {
  const kept = new Set(await tx.objectStore("photos").index("state").getAllKeys("kept"));
  const sum = { notes: 0, waiting: 0, stops: new Map() };
  for (const range of await chunks(tx, 4 * CHUNK)) {
    if (!wanted()) break;
    for (const record of (await tx.objectStore("notes").getAll(range)).filter(isShown)) {
      const { deleted, photos, stop_id } = record.content;
      sum.notes += 1;
      sum.waiting += Number(needsSending(record) || photos.some(({ id }) => kept.has(id)));
      if (stop_id && !deleted) sum.stops.set(stop_id, (sum.stops.get(stop_id) ?? 0) + 1);
    }
  }
  return sum;
}
