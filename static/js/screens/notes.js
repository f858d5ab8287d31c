// Notes: every note of one's own on this phone, each with its own state in words, and the button that sends.
//
// Promises: the states and counts are the store's, asked again at every change; the button is never grey; a deletion has
// its undo; what is unsent can be saved as a file. What the server refuses is said in its words, with what can be done
// about it. Draws no more of a long list than one has scrolled to.

import { bar, calmly, html, nothing, render, toast, tried, whisper } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon, mark } from "../icons.js";
import { MISHAPS, alarm } from "../mishaps/first.js";
import * as store from "../store.js";
import { onStatus, sendNow, status } from "../sync.js";
import { copyButton, prepare } from "./rescue.js";
import { fillThumbs, thumb } from "./shots.js";
import { aboutOf, noNetwork, received, stateLine, titleOf } from "./words.js";

const SCREENFUL = 8;

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const walk = (await store.joined())?.walk;
  if (!walk) return "#/join";
  let gone = false;
  let most = SCREENFUL;
  let notes = await store.notes(most);
  // Counted after the first look: a list is there at once, however long it is.
  let sum = /** @type {Awaited<ReturnType<typeof store.tally>>} */ ({ notes: 0, waiting: 0, stops: new Map() });
  let arrived = false;
  let takeBack = () => {};

  /** Each has its receipt, and the server was asked whether it holds them all. */
  function allArrived() {
    return sum.notes > 0 && sum.waiting === 0 && status().confirmed;
  }

  async function refresh() {
    [notes, sum] = await Promise.all([store.notes(most), store.tally(() => !gone)]);
    if (gone) return;
    if (status().online) takeBack();
    if (!arrived && allArrived()) whisper(t("All your notes have arrived."));
    arrived = allArrived();
    draw();
  }

  const follow = calmly(refresh);

  function more() {
    most += SCREENFUL;
    refresh();
  }

  const nearTheEnd = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), {
    rootMargin: "50%",
  });

  async function send() {
    whisper(t("Trying now"));
    await sendNow();
    await refresh();
    if (sum.waiting && status().online === false) takeBack = toast(noNetwork(status().stranger));
    else if (sum.waiting && status().last_problem?.code === "full") toast(alarm(MISHAPS.unnoted()));
  }

  const remove = (/** @type {store.Note} */ { id }) =>
    tried(async () => {
      await store.deleteNote(id);
      toast({ icon: "trash", text: t("Deleted"), action: { label: t("Undo"), run: () => store.undeleteNote(id) } });
    });

  const item = (/** @type {store.Note} */ note) => {
    const { content, phase, problem } = note;
    const [title, words] = titleOf(content, walk);
    return html`<li><article class="note">
      <div class="top">${mark(content.valence)}<div><h2 class="few">${title}</h2><p class="meta">${aboutOf(content, walk)}</p>${words ? html`<p class="small few">${words}</p>` : nothing}</div>${thumb(note.photos[0])}</div>
      ${
        phase === "photos"
          ? html`<progress max=${note.photos.length} value=${received(note)} aria-hidden="true"></progress>`
          : nothing
      }
      ${phase === "failed" && problem?.detail ? html`<p class="small">${problem.detail}</p>` : nothing}
      <div class="foot">${stateLine(note)}${content.deleted ? restore(note) : phase === "failed" ? mend(note) : edit(note)}</div>
    </article></li>`;
  };

  const edit = (/** @type {store.Note} */ note) =>
    html`<a class="button quiet link" href="#/note/${note.id}">${t("Correct or delete")}</a>`;
  const restore = (/** @type {store.Note} */ note) =>
    html`<button type="button" class="quiet link" @click=${() => tried(() => store.undeleteNote(note.id))}>${t("Undo")}</button>`;
  const mend = (/** @type {store.Note} */ note) => html`<div class="row">
    <button type="button" @click=${send}>${icon("refresh")}${t("Try again")}</button>
    <a class="button quiet link" href="#/note/${note.id}">${t("Correct")}</a>
    <button type="button" class="quiet link" @click=${() => remove(note)}>${t("Delete")}</button></div>`;

  function draw() {
    const sent = arrived ? t("All have arrived") : plural(sum.notes, "{n} sent", "{n} sent");
    const detail = sum.waiting ? plural(sum.waiting, "{n} on the way", "{n} on the way") : sent;
    render(
      html`${bar({
        title: t("My notes"),
        detail: sum.notes ? detail : notes.length ? "\u00a0" : nothing,
        back: { href: "#/walk", label: t("Back to the walk") },
      })}
      <main id="main">
        ${
          notes.length
            ? html`<ul class="notes">${notes.map(item)}</ul>
              ${notes.length < sum.notes ? html`<button type="button" class="quiet" id="more" @click=${more}>${t("Show more")}</button>` : nothing}
              <div class="notice">${icon("phone")}<div class="stack tight"><p>${t("Your notes stay on the phone until there is a receipt for each of them.")}</p>${sum.waiting ? copyButton() : nothing}</div></div>`
            : html`<div class="notice">${icon("pen")}<div>${t("Nothing written yet. Begin where you stand: is it good here, or not?")}</div></div>`
        }
      </main>
      <footer class="dock">
        <button type="button" @click=${send}>${icon("send")}${t("Send now")}</button>
        <a class="button lamp" href="#/note/new">${icon("plus")}${t("New note")}</a>
      </footer>`,
      root,
    );
    fillThumbs(root);
    nearTheEnd.disconnect();
    const end = root.querySelector("#more");
    if (end) nearTheEnd.observe(end);
  }

  draw();
  follow().then(() => sum.waiting && prepare());
  const unsubscribe = [store.onChange(follow), onStatus(follow)];
  return () => {
    gone = true;
    nearTheEnd.disconnect();
    for (const stop of unsubscribe) stop();
  };
}
