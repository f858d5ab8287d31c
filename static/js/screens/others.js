// Others: what the others on the walk have written, without names, newest first, and "I see it so too". Needs a network.
//
// Fetched when it is first opened, so that it costs nothing to those who only write. Promises: follows the changes as the
// server numbers them, so what was deleted, hidden or switched off goes; a voice counts here only once the server has
// taken it. Keeps nothing on the phone.

import "../later.js";
import { ask, Trouble } from "../api.js";
import { bar, html, nothing, render, toast } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon, mark } from "../icons.js";
import { BASE } from "../protocol.js";
import * as store from "../store.js";
import { aboutOf, titleOf } from "./words.js";

/** @typedef {import("../protocol.js").Change} Change */

const EVERY_MS = 15_000;
const PAGE = 200;
const SHOWN = 100;

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const taking = await store.joined();
  if (!taking) return "#/join";
  const me = taking;
  let { walk } = me;
  /** @type {Map<string, Change>} */
  const seen = new Map();
  let after = 0;
  let gone = false;
  let asking = false;
  /** Why nothing came last time; null where all is well, undefined before the first answer. @type {string | null | undefined} */
  let trouble;
  /** @type {Map<string, string>} */
  const pictures = new Map();

  async function follow() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      for (let more = true; more && !gone; ) {
        const { body } = await ask("GET", `/walks/${walk.id}/changes?after=${after}&limit=${PAGE}`, { key: me });
        for (const change of body.changes) await take(change);
        after = body.next;
        more = body.more;
      }
      trouble = null;
    } catch (failure) {
      if (!(failure instanceof Trouble)) throw failure;
      if (failure.code === "cursor-ahead") startAnew();
      trouble = failure.detail;
    } finally {
      asking = false;
    }
    if (!gone) draw();
  }

  /** The server was restored from a backup: what was read may no longer be so. */
  function startAnew() {
    after = 0;
    seen.clear();
  }

  async function take(/** @type {any} */ change) {
    if (change.walk) {
      walk = change.walk;
      await store.updateWalk(walk, null);
    } else if (change.deleted || change.mine) seen.delete(change.id);
    else seen.set(change.id, change);
  }

  async function agree(/** @type {Change} */ note) {
    const agrees = !note.agreed;
    try {
      const { body } = await ask("PUT", `/observations/${note.id}/agreement`, { key: me, json: { agrees } });
      const now = seen.get(note.id);
      if (now) seen.set(note.id, { ...now, agreed: body.agrees, agreements: body.agreements });
    } catch (failure) {
      if (!(failure instanceof Trouble)) throw failure;
      const offline = failure.code === "no-network";
      toast({
        icon: "alert",
        text: t("Your voice has not been counted."),
        detail: offline ? t("That needs a network. Press again when there is one.") : failure.detail,
      });
      follow();
    }
    draw();
  }

  const item = (/** @type {Change} */ note) => {
    const content = /** @type {any} */ (note);
    const [title, words] = titleOf(content, walk);
    const photo = note.photos.find(({ state }) => state === "ready");
    return html`<li><article class="note">
      <div class="top">${mark(note.valence)}<div><h2>${title}</h2><p class="meta">${aboutOf(content, walk)}</p>${
        words ? html`<p class="small">${words}</p>` : nothing
      }${note.suggestion && note.suggestion !== words && note.suggestion !== title ? html`<p class="small">${t("Suggestion")}: ${note.suggestion}</p>` : nothing}</div>${
        photo
          ? html`<span class="thumb">${icon("image")}<img alt="" ?hidden=${!pictures.get(photo.id)} src=${pictures.get(photo.id) || nothing} data-thumb=${photo.id}></span>`
          : nothing
      }</div>
      <div class="foot"><button type="button" aria-pressed=${note.agreed} @click=${() => agree(note)}>${
        note.agreed ? icon("check") : nothing
      }${t("I see it so too")}</button><span class="small dim">${
        note.agreements ? plural(note.agreements, "{n} sees it so", "{n} see it so") : nothing
      }</span></div>
    </article></li>`;
  };

  function draw() {
    const notes = [...seen.values()].sort((a, b) => Date.parse(b.captured_at) - Date.parse(a.captured_at));
    const off = walk.sharing === false;
    render(
      html`${bar({
        title: t("What the others write"),
        detail: off || !notes.length ? nothing : plural(notes.length, "{n} note", "{n} notes"),
        back: { href: "#/walk", label: t("Back to the walk") },
      })}
      <main id="main">
        ${trouble ? html`<div class="notice" data-tone="wait">${icon("clock")}<div><p>${trouble}</p><p>${seen.size ? t("What stands here may be out of date.") : t("The others' notes come when there is a network.")}</p></div></div>` : nothing}
        ${
          off
            ? html`<div class="notice">${icon("lock")}<div>${t("On this walk you do not see each other's notes. Yours are received all the same.")}</div></div>`
            : notes.length
              ? html`<ul class="notes">${notes.slice(0, SHOWN).map(item)}</ul>
                ${notes.length > SHOWN ? html`<p class="small dim">${plural(SHOWN, "Only the newest is shown.", "Only the {n} newest are shown.")}</p>` : nothing}`
              : trouble === null
                ? html`<div class="notice">${icon("users")}<div>${t("Nothing from the others yet.")}</div></div>`
                : nothing
        }
      </main>
      <footer class="dock"><a class="button over" href="#/walk">${icon("left")}${t("The walk")}</a>
        <a class="button lamp" href="#/note/new">${icon("plus")}${t("New note")}</a></footer>`,
      root,
    );
    near.disconnect();
    for (const image of root.querySelectorAll("img[data-thumb]")) near.observe(/** @type {Element} */ (image.parentElement));
  }

  /** Small pictures, of those that are seen: with the phone's key, which no <img> can bring along. */
  const near = new IntersectionObserver((found) => {
    for (const { isIntersecting, target } of found) if (isIntersecting) picture(target.querySelector("img"));
  });

  async function picture(/** @type {HTMLImageElement | null} */ image) {
    const id = image?.dataset.thumb;
    if (!id || pictures.has(id)) return;
    pictures.set(id, "");
    const headers = { Authorization: `Bearer ${me.participant_id}.${me.secret}` };
    const answer = await fetch(`${BASE}/photos/${id}/thumbnail`, { headers }).catch(() => null);
    if (gone || !answer?.ok) return void pictures.delete(id);
    pictures.set(id, URL.createObjectURL(await answer.blob()));
    draw();
  }

  draw();
  follow();
  const timer = setInterval(follow, EVERY_MS);
  for (const event of ["online", "visibilitychange"]) addEventListener(event, follow, true);
  return () => {
    gone = true;
    clearInterval(timer);
    near.disconnect();
    for (const event of ["online", "visibilitychange"]) removeEventListener(event, follow, true);
    for (const url of pictures.values()) if (url) URL.revokeObjectURL(url);
  };
}
