// Own: what the server holds of this phone: see it, take it all out, erase it all. Needs a network.
//
// Fetched when it is first opened. Promises: erasing takes a second step, which says what becomes of it, of the public report
// too; the phone forgets only once the server has said that it did, and then everything, sent or not.

import { ask, notOurs, Trouble } from "../api.js";
import { write } from "../database.js";
import { bar, html, nothing, render, toast } from "../dom.js";
import { date, language, learn, plural, t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { BASE } from "../protocol.js";
import { alarm } from "../mishaps/first.js";
import { MISHAPS } from "../mishaps/later.js";
import * as store from "../store.js";
import { titleOf } from "./words.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const danish = import.meta.glob("../locales/own.json", { eager: true, import: "default" });
for (const texts of Object.values(danish)) learn(texts);

const LINK_MS = 60_000;
const KEPT = ["joined", "setting:joining", "setting:copied", "map", "setting:map", "setting:track"];

/**
 * @typedef {Omit<import("../protocol.js").ObservationBody, "photos" | "recordings"> & {id: string, erased_at: string | null, deleted: boolean,
 *   photos: Brought[], recordings: Brought[]}} Held
 * @typedef {{id: string, state: string, erased_at: string | null, written_down?: string | null}} Brought
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
      const { body } = await ask("GET", `${path}/data`, { key: me });
      if (!body.participant || !Array.isArray(body.notes)) throw notOurs();
      data = body;
      trouble = "";
    } catch (failure) {
      trouble = /** @type {Error} */ (failure).message;
    }
    draw();
  }

  /** One thing at a time; what goes wrong is said: `lost`, where the server said nothing. */
  async function once(/** @type {import("../mishaps/first.js").Mishap} */ lost, /** @type {() => Promise<void>} */ job) {
    if (busy) return;
    busy = true;
    draw();
    try {
      await job();
    } catch (failure) {
      const refused = failure instanceof Trouble && failure.code !== "no-network";
      toast(alarm(lost, refused ? { detail: failure.detail } : {}));
    }
    busy = false;
    draw();
  }

  const takeOut = () =>
    once(MISHAPS.notTaken(), async () => {
      const headers = { Authorization: `Bearer ${me.participant_id}.${me.secret}` };
      const answer = await fetch(`${BASE}${path}/data.zip`, { headers, credentials: "omit", cache: "no-store", redirect: "error" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      if (answer.headers.get("Content-Type") !== "application/zip") throw notOurs();
      const file = new File([await answer.blob()], `tryghedsvandring-${me.code}.zip`, { type: "application/zip" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), LINK_MS);
      toast({ icon: "check", text: t("It is fetched: {file}", { file: file.name }) });
    });

  const eraseIt = () =>
    once(MISHAPS.unerased(), async () => {
      const { body } = await ask("PUT", `${path}/erasure`, { key: me });
      if (typeof body.erased_at !== "string") throw notOurs();
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

  /** How many notes' photos and recordings are there, in words; none of what there is none of. */
  const brought = (/** @type {Held[]} */ notes) => {
    const there = (/** @type {Brought[]} */ all) => all.filter(({ erased_at }) => !erased_at).length;
    const photos = there(notes.flatMap((one) => one.photos));
    const sounds = there(notes.flatMap((one) => one.recordings));
    return [photos && plural(photos, "{n} photo", "{n} photos"), sounds && plural(sounds, "{n} recording", "{n} recordings")];
  };

  const item = (/** @type {Held} */ one) => {
    const [title, words] = titleOf(/** @type {any} */ (one), me.walk);
    return html`<li><article class="note"><div class="top"><div><h2>${title}</h2>
      <p class="meta">${[`${date(one.captured_at)} ${time(one.captured_at)}`, ...brought([one]), one.deleted && t("Deleted")].filter(Boolean).join(" · ")}</p>
      ${words ? html`<p class="small">${words}</p>` : nothing}${one.suggestion && one.suggestion !== words && one.suggestion !== title ? html`<p class="small">${t("Suggestion")}: <bdi>${one.suggestion}</bdi></p>` : nothing}${one.recordings.map((sound) =>
        sound.written_down ? html`<p class="small">${t("Written down from what you said")}: <bdi>${sound.written_down}</bdi></p>` : nothing,
      )}</div></div></article></li>`;
  };

  const second = (/** @type {Data} */ { public: told }) => html`<section class="notice" data-tone="wait" id="sure">${icon("alert")}<div class="stack tight">
    <h2 tabindex="-1">${t("Erase everything you have sent?")}</h2>
    <p>${t("Your notes, photos, recordings, your track, your name and your votes are erased for good, here and on the phone. It cannot be undone.")}</p>
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
    const tracks = told.tracks.filter((one) => one.parts.length).length;
    return html`<p>${[plural(notes.length, "{n} note", "{n} notes"), ...brought(notes), tracks && plural(tracks, "{n} track", "{n} tracks")].filter(Boolean).join(" · ")}</p>
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
        <p><a href="/privacy?walk=${me.walk.id}&lang=${language()}">${t("How your data are treated")}</a></p>
      </main>`,
      root,
    );
  }

  draw();
  fetchIt();
  return () => {};
}
