// Drafts on the phone that nobody has touched for LIMITS.draft_days go by themselves.
//
// Promises: only what was never saved goes; a note whose correction was given up stays as it was saved, with its photos. What has
// no believable age counts from now. Fetched when it is needed.

import { read, write } from "./database.js";
import { dropDraft } from "./store.js";
import { isOver } from "./untouched.js";

/** When a UUIDv7 was made, in ms. */
const made = (/** @type {string} */ id) => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

/** Lets go of the drafts that are over; how many those were. */
export async function letGo() {
  const touched = await read(["drafts", "photos"], async (tx) => {
    /** @type {Map<string, number>} */
    const found = new Map();
    const at = (/** @type {string} */ key, /** @type {number} */ then) => found.set(key, Math.max(found.get(key) ?? 0, then));
    for (const { key, id, touched_at } of await tx.objectStore("drafts").getAll()) at(key, Number(touched_at ?? made(id)));
    for (const { id, draft_key } of await tx.objectStore("photos").index("draft").getAll()) at(draft_key ?? "new", made(id));
    return found;
  });
  let gone = 0;
  for (const [key, then] of touched) {
    const over = isOver(then);
    if (over) gone += 1;
    if (over) await dropDraft(key);
    if (over === null) await countFromNow(key);
  }
  return gone;
}

const countFromNow = (/** @type {string} */ key) =>
  write(["drafts"], async (tx) => {
    const draft = await tx.objectStore("drafts").get(key);
    if (draft) await tx.objectStore("drafts").put({ ...draft, touched_at: Date.now() });
  });
