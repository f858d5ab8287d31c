// The phone's own modules, for tests to call from a blank page: `phone.store`, `phone.sync` and the rest.

import * as api from "../../static/js/api.js";
import * as boxes from "../../static/js/blurring/boxes.js";
import * as covering from "../../static/js/blurring/covering.js";
import * as marking from "../../static/js/blurring/marking.js";
import { Palette } from "../../static/js/blurring/palette.js";
import * as replacing from "../../static/js/blurring/replacing.js";
import * as camera from "../../static/js/camera.js";
import * as dom from "../../static/js/dom.js";
import * as drafts from "../../static/js/drafts.js";
import * as i18n from "../../static/js/i18n.js";
import * as ids from "../../static/js/ids.js";
import * as outbox from "../../static/js/outbox.js";
import * as personal from "../../static/js/personal.js";
import * as place from "../../static/js/place.js";
import * as pocket from "../../static/js/pocket.js";
import { traffic } from "../../static/js/records.js";
import * as ready from "../../static/js/ready.js";
import * as store from "../../static/js/store.js";
import * as sync from "../../static/js/sync.js";
import * as tongues from "../../static/js/tongues.js";

/** Join as the join screen does. */
async function join(/** @type {string} */ code) {
  const key = { participant_id: ids.uuid7(), secret: ids.newSecret() };
  const told = { role: /** @type {const} */ ("resident"), name: null, team: null, language: "da" };
  const { body } = await api.ask("PUT", `/participants/${key.participant_id}`, { json: { code, secret: key.secret, ...told } });
  await store.join({ ...key, ...told, code, walk: body.walk, joined_at: i18n.stamp(), etag: null });
}

/** Write a note as the capture screen does. */
async function save(/** @type {Partial<store.Words>} */ words, /** @type {string[]} */ photos = []) {
  const draft = store.freshDraft();
  await store.saveDraft(draft);
  for (const base64 of photos) {
    const { buffer } = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    await store.addDraftPhoto(draft.key, { buffer, type: "image/jpeg" });
  }
  return store.saveNote({ ...draft, content: { ...draft.content, ...words } });
}

async function edit(/** @type {string} */ id, /** @type {Partial<store.Words>} */ words) {
  const draft = store.freshDraft(await store.note(id));
  return store.saveNote({ ...draft, content: { ...draft.content, ...words } });
}

/** Look again and again until `holds()`; throws after `patience` ms, with what the notes are like then. */
async function until(/** @type {() => Promise<unknown>} */ holds, /** @type {number} */ patience) {
  const end = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never: ${holds}; ${JSON.stringify([sync.status(), await store.notes()])}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const blurring = { boxes, covering, marking, Palette, replacing };
Object.assign(globalThis, { phone: { api, blurring, camera, dom, drafts, i18n: { ...i18n, ...tongues }, ids, outbox, personal, place, pocket, ready, store, sync, traffic, join, save, edit, until } });
