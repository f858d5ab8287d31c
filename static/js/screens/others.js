// Others: what the others on the walk have written, without names, newest first, and "I see it so too". Needs a network.
//
// Fetched when it is first opened, so that it costs nothing to those who only write. What is asked, and when, is feed.js.
// Keeps nothing on the phone.

import "../later.js";
import { bar, html, nothing, render } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon, mark } from "../icons.js";
import { BASE } from "../protocol.js";
import * as store from "../store.js";
import { Feed } from "./feed.js";
import { aboutOf, titleOf } from "./words.js";

/** @typedef {import("../protocol.js").Change} Change */

const SHOWN = 100;

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const taking = await store.joined();
  if (!taking) return "#/join";
  const me = taking;
  const feed = new Feed(me, draw);
  let gone = false;
  /** @type {Map<string, string>} */
  const pictures = new Map();

  const item = (/** @type {Change} */ note) => {
    const content = /** @type {any} */ (note);
    const [title, words] = titleOf(content, feed.walk);
    const photo = note.photos.find(({ state }) => state === "ready");
    const url = photo && pictures.get(photo.id);
    return html`<li><article class="note">
      <div class="top">${mark(note.valence)}<div><h2>${title}</h2><p class="meta">${aboutOf(content, feed.walk)}</p>${
        words ? html`<p class="small">${words}</p>` : nothing
      }${note.suggestion && note.suggestion !== words && note.suggestion !== title ? html`<p class="small">${t("Suggestion")}: <bdi>${note.suggestion}</bdi></p>` : nothing}</div>${
        photo
          ? html`<span class="thumb" tabindex="-1" data-thumb=${photo.id}>${icon("image")}${url ? html`<img alt="" src=${url}>` : nothing}</span>`
          : nothing
      }</div>
      <div class="foot"><button type="button" aria-pressed=${note.agreed} @click=${() => feed.agree(note)}>${
        note.agreed ? icon("check") : nothing
      }${t("I see it so too")}</button><span class="small dim">${
        note.agreements ? plural(note.agreements, "{n} sees it so", "{n} see it so") : nothing
      }</span></div>
    </article></li>`;
  };

  function draw() {
    const { seen, trouble, walk } = feed;
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
    for (const thumb of root.querySelectorAll("[data-thumb]")) near.observe(thumb);
  }

  /** Small pictures, of those that are seen: with the phone's key, which no <img> can bring along. */
  const near = new IntersectionObserver((found) => {
    for (const { isIntersecting, target } of found) if (isIntersecting) picture(/** @type {HTMLElement} */ (target));
  });

  async function picture(/** @type {HTMLElement} */ thumb) {
    const id = thumb.dataset.thumb;
    if (!id || pictures.has(id)) return;
    pictures.set(id, "");
    const headers = { Authorization: `Bearer ${me.participant_id}.${me.secret}` };
    // Asked for anew, whatever the browser has kept: a face in it may have been blurred since, or the photo refused.
    const answer = await fetch(`${BASE}/photos/${id}/thumbnail`, { headers, cache: "no-cache" }).catch(() => null);
    if (gone || !answer?.ok) return void pictures.delete(id);
    pictures.set(id, URL.createObjectURL(await answer.blob()));
    draw();
  }

  draw();
  const stop = feed.start();
  return () => {
    gone = true;
    stop();
    near.disconnect();
    for (const url of pictures.values()) if (url) URL.revokeObjectURL(url);
  };
}
