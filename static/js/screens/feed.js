// Feed: what the others on the walk have written, as the server numbers it, and "I see it so too".
//
// Hides pages, the cursor and a server restored from a backup. Promises: what was deleted, hidden or switched off goes; a
// voice counts here only once the server has taken it; nothing is asked while the page is hidden or nobody looks. Keeps
// nothing on the phone.

import "../later.js";
import { ask, Trouble } from "../api.js";
import { toast } from "../dom.js";
import { notice } from "../mishaps/first.js";
import { MISHAPS } from "../mishaps/later.js";
import * as store from "../store.js";

/** @typedef {import("../protocol.js").Change} Change */

const EVERY_MS = 15_000;
const PAGE = 200;

export class Feed {
  /** @type {Map<string, Change>} the others' notes by their id */
  seen = new Map();
  /** Why nothing came last time; null where all is well, undefined before the first answer. @type {string | null | undefined} */
  trouble;
  #after = 0;
  #gone = false;
  #asking = false;

  constructor(/** @type {store.Joined} */ me, /** @type {() => void} */ changed) {
    this.me = me;
    this.walk = me.walk;
    this.changed = changed;
  }

  /** Follow from now on, until the returned function is called. */
  start() {
    const follow = () => this.#follow();
    const timer = setInterval(follow, EVERY_MS);
    for (const event of ["online", "visibilitychange"]) addEventListener(event, follow, true);
    follow();
    return () => {
      this.#gone = true;
      clearInterval(timer);
      for (const event of ["online", "visibilitychange"]) removeEventListener(event, follow, true);
    };
  }

  async #follow() {
    if (this.#asking || document.hidden) return;
    this.#asking = true;
    const path = `/walks/${this.walk.id}/changes?limit=${PAGE}&after=`;
    try {
      for (let more = true; more && !this.#gone; ) {
        const { body } = await ask("GET", path + this.#after, { key: this.me });
        for (const change of body.changes) await this.#take(change);
        this.#after = body.next;
        more = body.more;
      }
      this.trouble = null;
    } catch (failure) {
      if (!(failure instanceof Trouble)) throw failure;
      if (failure.code === "cursor-ahead") this.#startAnew();
      this.trouble = failure.detail;
    } finally {
      this.#asking = false;
    }
    if (!this.#gone) this.changed();
  }

  /** The server was restored from a backup: what was read may no longer be so. */
  #startAnew() {
    this.#after = 0;
    this.seen.clear();
  }

  async #take(/** @type {any} */ change) {
    if (change.walk) {
      this.walk = change.walk;
      await store.updateWalk(change.walk, null);
    } else if (change.deleted || change.mine) this.seen.delete(change.id);
    else this.seen.set(change.id, change);
  }

  /** Say, or take back, that one sees it so too. */
  async agree(/** @type {Change} */ note) {
    const agrees = !note.agreed;
    try {
      const { body } = await ask("PUT", `/observations/${note.id}/agreement`, { key: this.me, json: { agrees } });
      const now = this.seen.get(note.id);
      if (now) this.seen.set(note.id, { ...now, agreed: body.agrees, agreements: body.agreements });
    } catch (failure) {
      if (!(failure instanceof Trouble)) throw failure;
      const theirs = failure.code === "no-network" ? {} : { detail: failure.detail };
      toast(notice(MISHAPS.uncounted(), theirs));
      this.#follow();
    }
    this.changed();
  }
}
