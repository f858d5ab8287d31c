// The phone's truth: what a walker has saved is here before anything says "saved", and stays until it is in the report.
//
// Hides the records and their rules. Promises: a new note, its photos and the end of its draft are one transaction; an
// edit and a deletion are the next revision; what is unsent, and each note's phase, is worked out from the records every
// time, never remembered beside them. Photos are ArrayBuffers (WebKit loses Blobs). Never deletes what the server has
// not confirmed, except on the walker's own word.

import { read, write } from "./database.js";
import { stamp } from "./i18n.js";
import { sha256, uuid7 } from "./ids.js";
import { asNote, begunKeys, count, declared, eachLacking, eachNote, forgetPhoto, info, isShown, isSound, load, photosOf, tallyUp } from "./records.js";
import { free } from "./turns.js";

export { Full, onChange } from "./database.js";

/**
 * @typedef {import("./protocol.js").Walk} Walk
 * @typedef {import("./protocol.js").Receipt} Receipt
 * @typedef {import("./protocol.js").ObservationBody} ObservationBody
 * @typedef {import("./protocol.js").PhotoState} PhotoState
 * @typedef {import("./database.js").Transaction} Transaction
 * @typedef {import("./database.js").Names} Names
 * @typedef {{participant_id: string, secret: string, code: string, walk: Walk, role: import("./protocol.js").Role,
 *   name: string | null, team: string | null, language: string, joined_at: string, etag: string | null, unsaid?: boolean}} Joined
 *   unsaid: the server has not heard of the team yet
 * @typedef {{code: string, detail: string, at: number, final: boolean, retry_at: number | null}} Problem
 *   at, retry_at: ms; final: not tried again by itself
 * @typedef {"kept" | "stored" | "ready" | "unreadable"} KeptState   kept: only on this phone so far
 * @typedef {{id: string, note_id: string | null, type: string, bytes: number, sha256: string, state: KeptState,
 *   problem: Problem | null, replaces?: string[], seconds?: number}} PhotoInfo
 *   replaces: what it was blurred from; the server erases those once it has this one; seconds: it is a recording
 * @typedef {"saved" | "waiting" | "sending" | "sent" | "photos" | "failed"} Phase
 * @typedef {{id: string, walk_id: string, rev: number, content: ObservationBody, saved_at: number, sent_rev: number,
 *   receipt: Receipt | null, problem: Problem | null, photos: PhotoInfo[], phase: Phase}} Note
 *   problem: what keeps it from being sent now, its words' or else a photo's
 * @typedef {Omit<ObservationBody, "walk_id" | "rev" | "deleted" | "photos">} Words
 * @typedef {{key: string, id: string, note_id: string, content: Words, base?: ObservationBody, [more: string]: unknown}} DraftRecord
 * @typedef {DraftRecord & {photos: PhotoInfo[]}} Draft
 *   key: "new", or that and more, or the edited note's id; id: of this sitting; base: what the note said when its correction was begun; more: what the screen wants to come back to
 *
 * @typedef {{id: string, content: ObservationBody, saved_at: number, tried_rev: number, sent_rev: number,
 *   receipt: Receipt | null, problem: Problem | null, draft_id: string}} NoteRecord
 *   tried_rev: the server may hold this one; sent_rev: the server said so; draft_id: the sitting that saved it last
 * @typedef {PhotoInfo & {draft_key?: string, removed_in?: string}} PhotoRecord
 *   draft_key: still in a draft; removed_in: the draft that will take it out of its note
 */

/**
 * @typedef {{made_at: string, notes: Record<string, number>, photos: string[]}} Copied   what the newest copy holds: notes
 *   with their revisions, and photos
 * @typedef {{notes: number, photos: number, sounds: number, drafts: number, track?: boolean, copied: boolean}} Left   what is only
 *   here; sounds: how many of the photos are recordings; track:
 *   where the team went, or that it is to be deleted (track.js); copied: the newest copy holds all of these notes, as they are now,
 *   and photos
 */

/** Leaving is refused while the phone holds what the server does not. */
export class Unsent extends Error {
  constructor(/** @type {Left} */ left) {
    super(`${left.notes} notes, ${left.photos} photos, ${left.drafts} drafts`);
    this.name = "Unsent";
    this.left = left;
  }
}

/** @type {Names} */
const ALL = ["kept", "notes", "photos", "bytes", "drafts"];

// The walk this phone takes part in

/** @returns {Promise<Joined | null>} */
export const joined = () => read(["kept"], inWalk);
const inWalk = async (/** @type {Transaction} */ tx) =>
  /** @type {Joined | null} */ ((await tx.objectStore("kept").get("joined")) ?? null);

/**
 * Take part in a walk. Another walk's notes leave with it, so throws Unsent while some are unsent; `withCopy`: unless a
 * copy holds them.
 */
export const join = (/** @type {Joined} */ next, { withCopy = false } = {}) =>
  write(ALL, async (tx) => {
    const before = await inWalk(tx);
    if (before && before.participant_id !== next.participant_id) await forgetWalk(tx, withCopy);
    await tx.objectStore("kept").put(next, "joined");
    await tx.objectStore("kept").delete("setting:joining"); // for whoever joins here next, it would be somebody else's key
  });

export const updateWalk = (/** @type {Walk} */ walk, /** @type {string | null} */ etag) =>
  update(walk.id, () => ({ walk, etag }));

/** Which team one walks with; the server hears of it when there is a network. */
export const chooseTeam = (/** @type {string} */ walkId, /** @type {string | null} */ team) =>
  update(walkId, () => ({ team, unsaid: true }));

/** The server knows that it is this team. */
export const teamSaid = (/** @type {string} */ walkId, /** @type {string | null} */ said) =>
  update(walkId, ({ team }) => ({ unsaid: team !== said }));

const update = (/** @type {string} */ walkId, /** @type {(before: Joined) => Partial<Joined>} */ change) =>
  write(["kept"], async (tx) => {
    const before = await inWalk(tx);
    if (before?.walk.id === walkId) await tx.objectStore("kept").put({ ...before, ...change(before) }, "joined");
  });

/** Throws Unsent while a note, a photo, a draft or a track is only here; `withCopy`: notes and photos may be in a copy instead. */
export const leave = ({ withCopy = false } = {}) => write(ALL, (tx) => forgetWalk(tx, withCopy));

/** What is only on this phone. */
export const onlyHere = () => read(ALL, whatIsLeft);

/** @returns {Promise<Left>} */
async function whatIsLeft(/** @type {Transaction} */ tx) {
  const copy = /** @type {Copied | undefined} */ (await tx.objectStore("kept").get("setting:copied"));
  const inCopy = new Set(copy?.photos);
  const track = /** @type {import("./track.js").Kept | undefined} */ (await tx.objectStore("kept").get("setting:track"));
  const left = {
    notes: 0,
    photos: 0,
    sounds: 0,
    drafts: await tx.objectStore("drafts").count(),
    track: track?.unsent,
    copied: true,
  };
  for await (const { record, words, photos } of eachLacking(tx)) {
    left.notes += Number(words);
    left.photos += photos.length;
    left.sounds += photos.filter(isSound).length;
    const whole = copy?.notes[record.id] === record.content.rev && photos.every(({ id }) => inCopy.has(id));
    left.copied = left.copied && whole;
  }
  return left;
}

async function forgetWalk(/** @type {Transaction} */ tx, /** @type {boolean} */ withCopy) {
  const left = await whatIsLeft(tx);
  if (left.drafts || left.track || ((left.notes || left.photos) && !(withCopy && left.copied))) throw new Unsent(left);
  for (const key of ["joined", "setting:joining", "setting:copied", "map", "setting:map", "setting:track", "setting:blur"]) await tx.objectStore("kept").delete(key);
  for (const name of /** @type {const} */ (["notes", "photos", "bytes"])) await tx.objectStore(name).clear();
}

/** @returns {Promise<any>} */
export const setting = (/** @type {string} */ key) =>
  read(["kept"], async (tx) => (await tx.objectStore("kept").get(`setting:${key}`)) ?? null);
export const setSetting = (/** @type {string} */ key, /** @type {unknown} */ value) =>
  write(["kept"], async (tx) => void (await tx.objectStore("kept").put(value, `setting:${key}`)));

// Drafts: one for a new note in each tab that has one open, one for each note being edited

/** A key for a draft that stands beside all others. */
export const newKey = () => `new-${uuid7()}`;

/** A draft to begin with: blank, or with what a note says. Nothing is stored until saveDraft(). @returns {Draft} */
export function freshDraft(/** @type {Note | null} */ note = null, key = note?.id ?? "new") {
  const { walk_id: _w, rev: _r, deleted: _d, photos: _p, ...words } = note ? structuredClone(note.content) : blank();
  return {
    key,
    id: uuid7(),
    note_id: note?.id ?? uuid7(),
    content: words,
    base: note?.content,
    photos: note?.photos ?? [],
  };
}

/** @returns {ObservationBody} */
const blank = () => ({
  walk_id: "",
  rev: 0,
  deleted: false,
  captured_at: stamp(),
  valence: null,
  feeling: null,
  factors: [],
  note: "",
  suggestion: "",
  fix: null,
  pin: null,
  stop_id: null,
  photos: [],
});

/** Keys of all that was begun of new notes. @returns {Promise<string[]>} */
export const begun = () => read(["drafts", "photos"], begunKeys);

/** What was begun of a note, or of a new one that no other tab has open. @returns {Promise<Draft | null>} */
export async function draft(/** @type {string | null} */ noteId, key = noteId) {
  const first = key ?? (await free(await begun()))[0];
  return first ? read(["drafts", "photos", "notes"], (tx) => draftAt(tx, first, noteId)) : null;
}

async function draftAt(/** @type {Transaction} */ tx, /** @type {string} */ key, /** @type {string | null} */ noteId) {
  const record = await tx.objectStore("drafts").get(key);
  const { shown } = await photosOf(tx, key, record?.note_id ?? noteId);
  const fresh = shown.some((photo) => photo.draft_key) ? freshDraft(noteId ? await load(tx, noteId) : null, key) : null;
  const found = record ?? fresh;
  return found ? /** @type {Draft} */ ({ ...found, photos: shown.map(info) }) : null;
}

/** Keep a draft. Its photos are kept apart, by addDraftPhoto(); a draft that was saved as a note is not brought back. */
export const saveDraft = (/** @type {Draft} */ { photos: _, ...record }) =>
  write(
    ["drafts", "notes"],
    async (tx) => {
      const note = await tx.objectStore("notes").get(record.note_id);
      if (note?.draft_id !== record.id) await tx.objectStore("drafts").put({ ...record, touched_at: Date.now() });
    },
    "words",
    ["drafts"],
  );

export const dropDraft = (/** @type {string} */ key) => write(["drafts", "photos", "bytes"], (tx) => forgetDraft(tx, key));

async function forgetDraft(/** @type {Transaction} */ tx, /** @type {string} */ key) {
  await tx.objectStore("drafts").delete(key);
  for (const photo of await tx.objectStore("photos").index("draft").getAll(key)) await forgetPhoto(tx, photo.id);
  for (const { removed_in, ...photo } of await tx.objectStore("photos").index("note").getAll(key))
    if (removed_in === key) await tx.objectStore("photos").put(photo);
}

/** Throws Full when there is no room; the draft's words are not touched. @returns {Promise<PhotoInfo>} */
export async function addDraftPhoto(
  /** @type {string} */ draftKey,
  /** @type {{buffer: ArrayBuffer, type: string, seconds?: number}} */ { buffer, type, seconds },
) {
  const bytes = buffer.byteLength;
  /** @type {PhotoRecord} */
  const photo = {
    id: uuid7(),
    note_id: null,
    draft_key: draftKey,
    type,
    bytes,
    sha256: await sha256(buffer),
    seconds,
    state: "kept",
    problem: null,
  };
  const keep = async (/** @type {Transaction} */ tx) => {
    await tx.objectStore("bytes").put(buffer, photo.id);
    await tx.objectStore("photos").put(photo);
  };
  await write(["photos", "bytes"], keep, "photo");
  return info(photo);
}

export const removeDraftPhoto = (/** @type {string} */ draftKey, /** @type {string} */ photoId) =>
  write(["photos", "bytes"], async (tx) => {
    const photo = await tx.objectStore("photos").get(photoId);
    if (photo?.draft_key === draftKey) await forgetPhoto(tx, photoId);
    else if (photo) await tx.objectStore("photos").put({ ...photo, removed_in: draftKey });
  });

// Notes

/**
 * The draft becomes a note, or its note's next revision: of a note that another tab has saved meanwhile, it changes what the draft
 * changed, and no more. Saved twice, it is saved once. @returns {Promise<Note>}
 */
export const saveNote = (/** @type {Draft} */ { key, id, note_id, content, base }) =>
  write(ALL, async (tx) => {
    const now = await inWalk(tx);
    const record = (await tx.objectStore("notes").get(note_id)) ?? newRecord(note_id);
    const walk_id = record.content.walk_id || now?.walk.id;
    if (!walk_id) throw new Error("a note belongs to a walk; join one first");
    const { shown, removed } = await photosOf(tx, key, note_id);
    for (const photo of removed) await forgetPhoto(tx, photo.id);
    for (const { draft_key: _, ...photo } of shown) await tx.objectStore("photos").put({ ...photo, note_id });
    const photos = shown.map(declared);
    const changed = Object.entries(content).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(base?.[/** @type {keyof Words} */ (name)]));
    const deleted = record.content.deleted && base?.deleted === false && !changed.length && !shown.some((photo) => photo.draft_key);
    await revise(tx, record, { ...record.content, ...Object.fromEntries(changed), walk_id, deleted, photos }, id);
    await tx.objectStore("drafts").delete(key);
    return /** @type {Promise<Note>} */ (load(tx, note_id));
  });

/** @returns {NoteRecord} */
const newRecord = (/** @type {string} */ id) => ({
  id,
  content: blank(),
  saved_at: 0,
  tried_rev: 0,
  sent_rev: 0,
  receipt: null,
  problem: null,
  draft_id: "",
});

/** Store `content` as the next revision, unless it says what the newest says. */
async function revise(
  /** @type {Transaction} */ tx,
  /** @type {NoteRecord} */ before,
  /** @type {ObservationBody} */ content,
  draft_id = before.draft_id,
) {
  const { rev } = before.content;
  const same = rev > 0 && JSON.stringify({ ...content, rev }) === JSON.stringify(before.content);
  const changes = same ? {} : { content: { ...content, rev: rev + 1 }, saved_at: Date.now(), problem: null };
  await tx.objectStore("notes").put({ ...before, ...changes, draft_id });
}

/** The sender looks again: a note is closed whose photos waited for that. */
export const lookAgain = () => write(["notes"], async () => {});

/** With what was begun of a correction of it. Throws Full; then nothing is gone. */
export const deleteNote = (/** @type {string} */ id) => setDeleted(id, true);
export const undeleteNote = (/** @type {string} */ id) => setDeleted(id, false);

/** @returns {Promise<Note>} */
const setDeleted = (/** @type {string} */ id, /** @type {boolean} */ deleted) =>
  write(["notes", "photos", "bytes", "drafts"], async (tx) => {
    const before = await tx.objectStore("notes").get(id);
    if (!before) throw new Error(`no note ${id}`);
    if (deleted) await forgetDraft(tx, id);
    await revise(tx, before, { ...before.content, deleted });
    return /** @type {Promise<Note>} */ (load(tx, id));
  });

/** Newest first, at most `most`, without those whose deletion is done. @returns {Promise<Note[]>} */
export const notes = (most = Number.POSITIVE_INFINITY) =>
  read(["notes", "photos"], async (tx) => {
    const found = [];
    for await (const { record, photos } of eachNote(tx)) {
      if (isShown(record)) found.push(asNote(record, photos));
      if (found.length === most) break;
    }
    return found;
  });

/**
 * How many notes() there are, and how many of them are on their way; `stops`: how many at each, by its id. Ends early, with
 * less, once nobody `wanted` it any more: hundreds of notes are not counted for a screen that was left.
 */
export const tally = (wanted = () => true) => read(["notes", "photos"], (tx) => tallyUp(tx, wanted));

/** @returns {Promise<Note | null>} */
export const note = (/** @type {string} */ id) => read(["notes", "photos"], (tx) => load(tx, id));

/** @returns {Promise<{buffer: ArrayBuffer, type: string, seconds?: number} | null>} */
export const photoBytes = (/** @type {string} */ photoId) =>
  read(["photos", "bytes"], async (tx) => {
    const [photo, buffer] = [await tx.objectStore("photos").get(photoId), await tx.objectStore("bytes").get(photoId)];
    return photo && buffer ? { buffer, type: photo.type, seconds: photo.seconds } : null;
  }).catch((failure) => {
    // The browser has lost the file in which it kept them.
    if (failure?.name === "NotReadableError") return null;
    throw failure;
  });

/** What the server does not hold yet, counted from the records. */
export const unsent = () => read(["notes", "photos"], count);
