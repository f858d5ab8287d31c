// Untouched: whether something that lies here and nowhere else has been left alone for too long (LIMITS.draft_days).
//
// Promises: what has no believable age is never too old: some phones wake up in another year, and guess.

import { LIMITS } from "./protocol.js";

const DAY_MS = 86_400_000;
const EARLIEST = Date.UTC(2026, 0, 1); // nothing of ours is older

/** Whether it is to go; null where nobody can say. `touched`: when it was last changed, ms. */
export const isOver = (/** @type {number} */ touched, now = Date.now()) =>
  touched >= EARLIEST && touched <= now ? touched < now - LIMITS.draft_days * DAY_MS : null;
