// Sitting: one note being written or corrected, from the first touch to the moment it is saved or thrown away.
//
// Hides the draft and when it is written. Promises: every change is a draft at once, in order, and never blocks the
// walker; words wait for no photo that is being made smaller; each window of the app has a draft of its own; the place
// measured is the one where the note was begun; save() resolves only when the store has the note. Knows no HTML.

import { best } from "../place.js";
import { LIMITS } from "../protocol.js";
import * as store from "../store.js";
import { claim, keepOpen } from "../turns.js";
import { placed, wanted } from "./spot.js";
import { says } from "./words.js";

const FIRST_FIX_MS = 120_000; // a position found later than this is not where the note was begun
const BETTER_FIX_MS = 20_000; // and this long a more accurate one replaces the first
const FORGOTTEN_MS = 1_800_000; // a note left open so long keeps its photos back no more
const NEXT_MS = 5_000; // until another screen of the same note says itself that it is open
const GOOD_M = 10; // better than this tells nobody anything more

/**
 * @typedef {import("../protocol.js").Fix} Fix
 * @typedef {import("../store.js").Words} Words
 * @typedef {import("../store.js").PhotoInfo} PhotoInfo
 * @typedef {{choice: import("./spot.js").Choice, measured: Fix | null, moved: boolean, asked: number,
 *   open: string | null, writing: boolean, removed: string[]}} Unfolded   choice, measured: the place; moved: chosen by hand; asked: when the
 *   walker said: where I stand; open: the category unfolded; writing: the text fields are shown; removed: photos taken out until it is saved
 * @typedef {import("../store.js").Draft & Unfolded} Draft
 */

/** Begin a note, or come back to it. `noteId`: the note to correct, or null. Null where there is no such note. */
export async function sit(/** @type {string | null} */ noteId) {
  const walk = (await store.joined())?.walk;
  const note = noteId ? await store.note(noteId) : null;
  if (!walk || (noteId && !note)) return null;
  const { key, close } = note ? { key: note.id, close: await keepOpen(note.id) } : await claim([...(await store.begun()), store.newKey()]);
  if (note) setTimeout(close, FORGOTTEN_MS);
  await newest.get(key)?.written; // what was typed on the screen before
  return new Sitting(walk, note, (await store.draft(noteId, key)) ?? store.freshDraft(note, key), close);
}

/** The last sitting of each draft, by its key: to it come the photos that were chosen in one before it. @type {Map<string, Sitting>} */
const newest = new Map();

export class Sitting {
  /** What is being written of the draft. @type {Promise<unknown>} */
  written = Promise.resolve();
  #queued = false;
  #over = false;
  #touched = false;
  onChange = () => {};
  onTrouble = () => {};

  constructor(/** @type {store.Walk} */ walk, /** @type {store.Note | null} */ note, /** @type {store.Draft} */ draft, close = () => {}) {
    this.close = close;
    const { fix, pin, stop_id } = draft.content;
    const said = pin ?? (fix ? "measured" : (stop_id ?? "nowhere"));
    const choice = note ? said : (wanted.place ?? "measured");
    const instead = !note && !says(draft) && wanted.place; // of the place of a note that says nothing yet
    wanted.place = null;
    this.walk = walk;
    this.note = note;
    this.limits = { ...LIMITS, ...walk.limits };
    /** @type {Draft} */
    this.draft = { choice, measured: fix, moved: false, asked: 0, open: null, writing: false, removed: [], ...draft, ...(instead && { choice: instead }) };
    /** Photos being made smaller: how many times some were chosen, and until when. They go on when the screen is left. */
    this.making = newest.get(draft.key)?.making ?? { left: 0, done: Promise.resolve() };
    newest.set(draft.key, this);
  }

  get content() {
    return this.draft.content;
  }

  /** What is left of the photos. */
  get photos() {
    return this.draft.photos.filter((photo) => !this.draft.removed.includes(photo.id));
  }

  get empty() {
    return !says({ content: this.content, photos: this.photos });
  }

  /** Whether nothing but the first question has been touched. */
  get untouched() {
    return !this.note && this.empty && !this.draft.writing && !this.draft.open;
  }

  /** Changes what is unfolded, or the photos. */
  unfold(/** @type {Partial<Draft>} */ parts) {
    Object.assign(this.draft, parts);
    this.keep();
    this.onChange();
  }

  /** Changes what the note says. */
  say(/** @type {Partial<Words>} */ words) {
    Object.assign(this.content, words);
    this.unfold({});
  }

  /** Adds or takes away a factor; false where there are too many. */
  toggle(/** @type {string} */ key, /** @type {boolean} */ on) {
    const others = this.content.factors.filter((one) => one !== key);
    const fits = !on || others.length < this.limits.factors;
    this.say({ factors: on && fits ? [...others, key] : fits ? others : this.content.factors });
    return fits;
  }

  /** Hears of a position: it counts for a new note, while that is begun. False where none will count any more. */
  located(/** @type {Fix | null} */ fix) {
    const { measured } = this.draft;
    const age = Date.now() - Math.max(Date.parse(this.content.captured_at), this.draft.asked);
    const [metres, before] = [fix, measured].map((one) => one?.accuracy_m ?? Number.POSITIVE_INFINITY);
    const better = metres < before;
    if (this.note || before <= GOOD_M || age > (measured ? BETTER_FIX_MS : FIRST_FIX_MS)) return false;
    if (!fix || (measured && !better)) return true;
    this.draft.measured = fix;
    if (!this.empty) this.keep();
    return true;
  }

  /** Puts the note where the walker says. */
  put(/** @type {Unfolded["choice"]} */ choice) {
    const measured = this.draft.measured ?? (choice === "measured" && !this.note ? best() : null);
    const asked = choice === "measured" && !measured ? Date.now() : this.draft.asked;
    this.unfold({ choice, measured, moved: true, asked });
  }

  /** A photo or a recording that is in the store, for whoever has the draft open now. */
  add(/** @type {PhotoInfo} */ photo) {
    const { now } = this;
    now.unfold({ photos: [...now.draft.photos.filter(({ id }) => id !== photo.id), photo] });
  }

  /** Who has the draft open now: this one, until its screen is left and another comes back to it. @returns {Sitting} */
  get now() {
    return newest.get(this.draft.key) ?? this;
  }

  /** Writes the draft; while one write waits for its turn it takes along all that happens meanwhile. */
  keep() {
    if (this.#queued || this.#over) return this.written;
    this.#queued = this.#touched = true;
    return this.#write(() => {
      this.#queued = false;
      return this.#over ? null : store.saveDraft(this.draft);
    });
  }

  /** Whether all of it is in the store; a correction that has not begun leaves nothing there. */
  async stored() {
    let kept = this.note !== null && !this.#touched;
    if (kept) return true;
    await this.#write(() => store.saveDraft(this.draft).then(() => (kept = true)));
    return kept;
  }

  #write(/** @type {() => unknown} */ job) {
    this.written = this.written.then(job).catch(() => this.onTrouble());
    return this.written;
  }

  /** Makes photos when those before them are made: the note waits for that when it is saved, its draft never. */
  async make(/** @type {() => Promise<unknown>} */ job) {
    const { making } = this;
    making.left += 1;
    this.onChange();
    making.done = making.done.then(job).catch(() => this.onTrouble());
    await making.done;
    making.left -= 1;
    this.now.onChange();
  }

  /** When the photos are made, and all is written. */
  async done() {
    await this.making.done;
    await this.written;
  }

  /** By how many characters a text is too long; 0 or less where it fits. */
  over(/** @type {"note" | "suggestion"} */ name) {
    return [...this.content[name]].length - this.limits[name];
  }

  /** The note, saved. Throws store.Full; then the draft is still there. Null when it is being saved already, or was left and opened again. */
  async save() {
    await this.done();
    if (this.#over || this.now !== this) return null;
    const { draft, note, walk } = this;
    if (!note || draft.moved) Object.assign(this.content, placed(draft.choice, draft.measured, walk.stops));
    this.#over = true;
    try {
      for (const photo of draft.removed) await store.removeDraftPhoto(draft.key, photo);
      return await store.saveNote(draft);
    } catch (failure) {
      this.#over = false;
      throw failure;
    }
  }

  /** Throws the draft away, with its note where it has one; or throws, and all is as it was. @returns {Promise<() => Promise<unknown>>} undo */
  async discard() {
    await this.done();
    this.#over = true;
    const { note, draft } = this;
    try {
      const photos = note ? [] : await Promise.all(this.photos.map((photo) => store.photoBytes(photo.id)));
      await (note ? store.deleteNote(note.id) : store.dropDraft(draft.key));
      if (note) return () => store.undeleteNote(note.id);
      return async () => {
        const key = store.newKey(); // whoever has begun another one meanwhile keeps that
        await store.saveDraft({ ...draft, key });
        for (const photo of photos) if (photo) await store.addDraftPhoto(key, photo);
      };
    } catch (failure) {
      this.#over = false;
      throw failure;
    }
  }

  /** Leaves the draft for later, or no trace where there is nothing to keep. */
  async leave() {
    const away = !location.hash.startsWith("#/note/new"); // and not only to the map on which its pin is moved
    this.onChange = () => {};
    await this.done();
    const end = () => {
      this.close();
      return store.lookAgain();
    };
    if (this.note) location.hash.includes(this.note.id) ? setTimeout(end, NEXT_MS) : await end();
    if (this.note) return;
    if (away && !this.#over && this.empty && this.now === this) await store.dropDraft(this.draft.key);
    this.close();
  }
}
