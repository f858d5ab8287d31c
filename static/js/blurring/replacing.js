// Replacing: a blurred photo takes the place of the one it was made from, and nothing of that one stays on the phone.
//
// Promises: one transaction: either the blurred photo is kept, in its note or draft, and the bytes of the other are gone, or
// all is as it was. It is another photo with another id, as what a photo's id stands for never changes; a note says so in its
// next revision, and names the earlier ones, of which the server may have some: it erases them once this one has arrived.

import { read, write } from "../database.js";
import { sha256, uuid7 } from "../ids.js";
import { LIMITS } from "../protocol.js";
import { declared, forgetPhoto } from "../records.js";

/** @typedef {import("../database.js").Transaction} Transaction */
/** @typedef {import("./marking.js").Mark} Mark */
/** @typedef {import("../store.js").PhotoInfo} PhotoInfo */

const MARKS = "setting:blur"; // one photo's marks at a time, until they are used or given up

/** @returns {Promise<PhotoInfo | null>} */
export const photo = (/** @type {string} */ id) =>
  read(["photos"], async (tx) => (await tx.objectStore("photos").get(id)) ?? null);

/** Throws Full. @returns {Promise<string | null>} the new photo's id; null where the other is no longer here */
export async function replace(/** @type {string} */ photoId, /** @type {ArrayBuffer} */ buffer) {
  const sum = await sha256(buffer);
  // The same moment in both: photos stand in the order of their ids.
  const id = photoId.slice(0, 13) + uuid7().slice(13);
  const put = async (/** @type {Transaction} */ tx) => {
    const before = await tx.objectStore("photos").get(photoId);
    if (!before) return null;
    const note = before.note_id ? await tx.objectStore("notes").get(before.note_id) : undefined;
    const now = { ...before, id, type: "image/jpeg", bytes: buffer.byteLength, sha256: sum, state: /** @type {const} */ ("kept"), problem: null };
    // Sent or not: a copy of the note may have brought it there.
    if (note) now.replaces = [...(before.replaces ?? []), photoId].slice(0, LIMITS.replaces);
    await forgetPhoto(tx, photoId);
    await tx.objectStore("bytes").put(buffer, id);
    await tx.objectStore("photos").put(now);
    await tx.objectStore("kept").delete(MARKS);
    if (note) {
      const photos = note.content.photos.map((one) => (one.id === photoId ? declared(now) : one));
      const content = { ...note.content, photos, rev: note.content.rev + 1 };
      await tx.objectStore("notes").put({ ...note, content, saved_at: Date.now(), problem: null });
    }
    return id;
  };
  return write(["photos", "bytes", "notes", "kept"], put, "photo");
}

/** The marks that were on this photo when the app was closed. @returns {Promise<Mark[]>} */
export const marksOn = (/** @type {string} */ photoId) =>
  read(["kept"], async (tx) => {
    const kept = /** @type {{photo: string, marks: Mark[]} | undefined} */ (await tx.objectStore("kept").get(MARKS));
    return kept?.photo === photoId ? kept.marks : [];
  });

/** Keep them, or none. */
export const keepMarks = (/** @type {string} */ photoId, /** @type {Mark[]} */ marks) =>
  write(["kept"], async (tx) => {
    if (marks.length) await tx.objectStore("kept").put({ photo: photoId, marks }, MARKS);
    else await tx.objectStore("kept").delete(MARKS);
  });
