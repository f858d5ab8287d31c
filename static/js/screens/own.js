// Own: what the server holds of this phone: see it, take it all out, erase it all. Needs a network.
//
// Fetched when it is first opened. Promises: erasing takes a second step, which says what becomes of it, of the public report
// too; the phone forgets only once the server has said that it did, and then everything, sent or not.

import { ask } from "../api.js";
import { write } from "../database.js";
import { bar, html, nothing, render, toast } from "../dom.js";
import { date, learn, plural, t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { BASE } from "../protocol.js";
import * as store from "../store.js";
import { titleOf } from "./words.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const danish = import.meta.glob("../locales/own.json", { eager: true, import: "default" });
for (const texts of Object.values(danish)) learn(texts);

const LINK_MS = 60_000;
const KEPT = ["joined", "setting:joining", "setting:copied", "map", "setting:map", "setting:track"];

/**
 * @typedef {Omit<import("../protocol.js").ObservationBody, "photos"> & {id: string, erased_at: string | null, deleted: boolean,
 *   photos: {id: string, state: string, erased_at: string | null}[]}} Held
 * @typedef {{participant: {name: string | null, erased_at: string | null}, notes: Held[], tracks: {parts: number[][][]}[],
 *   public: {path: string, notes: number} | null}} Data
 */

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const taking = await store.joined();
  if (!taking) return "#/join";
  const me = taking;
  const path = `/participants/${me.participant_id}`;
  /** @type {Data | null} */
  let data = null;
  let trouble = "";
  let sure = false;
  let busy = false;

  async function fetchIt() {
    try {
      data = (await ask("GET", `${path}/data`, { key: me })).body;
      trouble = "";
    } catch (failure) {
      trouble = /** @type {Error} */ (failure).message;
    }
    draw();
  }

  /** One thing at a time; what goes wrong is said. */
  async function once(/** @type {() => Promise<void>} */ job) {
    if (busy) return;
    busy = true;
    draw();
    try {
      await job();
    } catch (failure) {
      toast({ icon: "alert", tone: "danger", text: /** @type {Error} */ (failure).message });
    }
    busy = false;
    draw();
  }

  const takeOut = () =>
    once(async () => {
      const headers = { Authorization: `Bearer ${me.participant_id}.${me.secret}` };
      const answer = await fetch(`${BASE}${path}/data.zip`, { headers, credentials: "omit", cache: "no-store" });
      if (!answer.ok) throw new Error(t("The server does not answer right now."));
      const file = new File([await answer.blob()], `tryghedsvandring-${me.code}.zip`, { type: "application/zip" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), LINK_MS);
      toast({ icon: "check", text: t("It is fetched: {file}", { file: file.name }) });
    });

  const eraseIt = () =>
    once(async () => {
      await ask("PUT", `${path}/erasure`, { key: me });
      await write(["kept", "notes", "photos", "bytes", "drafts"], async (tx) => {
        for (const key of KEPT) await tx.objectStore("kept").delete(key);
        for (const name of /** @type {const} */ (["notes", "photos", "bytes", "drafts"])) await tx.objectStore(name).clear();
      });
      location.hash = "#/join";
      toast({ icon: "check", text: t("Everything you had sent is erased"), stay: true });
    });

  function turn(/** @type {boolean} */ to) {
    sure = to;
    draw();
    root.querySelector(to ? "#sure" : "#erase")?.scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null} */ (root.querySelector(to ? "#sure h2" : "#erase"))?.focus();
  }

  const photosOf = (/** @type {Held} */ one) => one.photos.filter((photo) => !photo.erased_at).length;

  const item = (/** @type {Held} */ one) => {
    const [title, words] = titleOf(/** @type {any} */ (one), me.walk);
    const photos = photosOf(one);
    return html`<li><article class="note"><div class="top"><div><h2>${title}</h2>
      <p class="meta">${date(one.captured_at)} ${time(one.captured_at)}${photos ? ` · ${plural(photos, "{n} photo", "{n} photos")}` : nothing}${one.deleted ? ` · ${t("Deleted")}` : nothing}</p>
      ${words ? html`<p class="small">${words}</p>` : nothing}${one.suggestion && one.suggestion !== words && one.suggestion !== title ? html`<p class="small">${t("Suggestion")}: <bdi>${one.suggestion}</bdi></p>` : nothing}</div></div></article></li>`;
  };

  const second = (/** @type {Data} */ { public: told }) => html`<section class="notice" data-tone="wait" id="sure">${icon("alert")}<div class="stack tight">
    <h2 tabindex="-1">${t("Erase everything you have sent?")}</h2>
    <p>${t("Your notes, photos, your track, your name and your votes are erased for good, here and on the phone. It cannot be undone.")}</p>
    <p>${
      told?.notes
        ? plural(told.notes, "The public report has {n} note of yours. It is taken out at once. What others have downloaded or printed cannot be called back.", "The public report has {n} notes of yours. They are taken out at once. What others have downloaded or printed cannot be called back.")
        : t("None of your notes is in a public report. What somebody has decided to do about a place goes on, without your words.")
    }</p>
    <p class="small dim">${t("You leave the walk. You can join again with the code, as somebody new.")}</p>
    <div class="row"><button type="button" class="danger" ?disabled=${busy} @click=${eraseIt}>${icon("trash")}${t("Yes, erase everything")}</button>
      <button type="button" class="quiet" @click=${() => turn(false)}>${t("No, keep it")}</button></div></div></section>`;

  const held = (/** @type {Data} */ told) => {
    const notes = told.notes.filter((one) => !one.erased_at);
    const photos = notes.reduce((sum, one) => sum + photosOf(one), 0);
    const tracks = told.tracks.filter((one) => one.parts.length).length;
    return html`<p>${plural(notes.length, "{n} note", "{n} notes")} · ${plural(photos, "{n} photo", "{n} photos")}${tracks ? ` · ${plural(tracks, "{n} track", "{n} tracks")}` : nothing}</p>
      ${told.participant.name ? html`<p>${t("Your name: {name}.", { name: told.participant.name })}</p>` : nothing}
      <p class="small dim">${t("This is what the server holds of you, earlier versions too. What has not been sent is on the phone alone.")}</p>
      ${sure ? second(told) : html`<div class="row"><button type="button" ?disabled=${busy} @click=${takeOut}>${icon("file")}${t("Fetch it all")}</button>
        <button type="button" class="quiet" id="erase" @click=${() => turn(true)}>${icon("trash")}${t("Erase it all")}</button></div>`}
      ${notes.length ? html`<ul class="notes">${notes.map(item)}</ul>` : nothing}`;
  };

  function draw() {
    render(
      html`${bar({ title: t("What you have sent"), detail: me.walk.title, back: { href: "#/help", label: t("Back") } })}
      <main id="main" class="help stack">
        ${trouble ? html`<div class="notice" data-tone="wait" role="alert">${icon("clock")}<div><p>${trouble}</p><button type="button" @click=${fetchIt}>${t("Try again")}</button></div></div>` : nothing}
        ${data ? held(data) : trouble ? nothing : html`<p role="status">${t("Asking …")}</p>`}
        <p><a href="/privacy?walk=${me.walk.id}">${t("How your data are treated")}</a></p>
      </main>`,
      root,
    );
  }

  draw();
  fetchIt();
  return () => {};
}
