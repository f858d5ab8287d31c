// Shared: photos that another app has handed over come into the draft of a new note.
//
// Promises: they are let go only when they are in the draft, or it was said why not; on the way there they become
// small and lose their metadata like any other photo. Without a walk they stay where they are.

import { html, render, toast, whisper } from "../dom.js";
import { t } from "../i18n.js";
import { held } from "../installed/handed.js";
import { MISHAPS, alarm } from "../mishaps/first.js";
import { LIMITS } from "../protocol.js";
import { draft as begun, freshDraft, joined, newKey, saveDraft } from "../store.js";
import { addPhotos } from "./shots.js";

/** @returns {Promise<string>} the screen to go on with */
export async function mount() {
  if (new URLSearchParams(location.search).has("lost")) {
    history.replaceState(null, "", location.pathname + location.hash);
    toast(alarm(MISHAPS.handedLost()));
  }
  const walk = (await joined())?.walk;
  if (!walk) return "#/join"; // which says that they wait
  const { photos, letGo } = await held();
  if (photos.length) await take(photos, { ...LIMITS, ...walk.limits });
  await letGo();
  return "#/note/new";
}

async function take(/** @type {File[]} */ photos, /** @type {{photos: number, photo_bytes: number}} */ limits) {
  const screen = document.getElementById("screen");
  whisper(t("Making the photo smaller …"));
  if (screen) render(html`<main id="main"><p>${t("Making the photo smaller …")}</p></main>`, screen);
  const draft = (await begun(null)) ?? freshDraft(null, newKey());
  let { length } = draft.photos;
  await addPhotos(photos, {
    draftKey: draft.key,
    room: () => limits.photos - length,
    limit: limits.photos,
    bytes: limits.photo_bytes,
    kept: () => (length += 1),
  });
  await saveDraft(draft);
}
