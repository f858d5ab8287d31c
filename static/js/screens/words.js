// Words: what a note is called in a list, and where it is on its way, said the same on every screen.
//
// "Sent" means that the server gave a receipt for this note; nothing else is called so.

import { html } from "../dom.js";
import { label, plural, t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS, notice, whole } from "../mishaps/first.js";
import { isSound } from "../records.js";
import { factorsOf } from "./why.js";

/** @typedef {import("../store.js").Note} Note */
/** @typedef {import("../store.js").Draft} Draft */
/** @typedef {import("../protocol.js").Walk} Walk */

/** Whether there is anything in it to keep. Blank space is not. */
export const says = (/** @type {Pick<Draft, "content" | "photos">} */ { content, photos }) =>
  Boolean(content.valence || content.feeling !== null || content.factors.length || photos.length) ||
  Boolean(content.note.trim() || content.suggestion.trim());

export const valenceWord = (/** @type {string | null} */ valence) =>
  valence === "unsafe" ? t("Unsafe") : valence === "safe" ? t("Safe") : valence === "mixed" ? t("Both") : t("Note");

const stopOf = (/** @type {Note["content"]} */ content, /** @type {Walk} */ walk) =>
  walk.stops.find((stop) => stop.id === content.stop_id);

/** What it is about, and what else it says: its first factor, else its words, else where it is. @returns {[string, string]} */
export function titleOf(/** @type {Note["content"]} */ content, /** @type {Walk} */ walk) {
  const factor = factorsOf(walk.taxonomy).get(content.factors[0]);
  const words = (content.note || content.suggestion).trim();
  if (factor) return [label(factor), words];
  if (words) return [words, ""];
  const bare = !content.valence && content.photos.length > 0 && (content.photos.every(isSound) ? t("A recording") : t("A photo"));
  return [stopOf(content, walk)?.name ?? (bare || t("The place")), ""];
}

/** "Unsafe · stop 4 · 19.32" */
export function aboutOf(/** @type {Note["content"]} */ content, /** @type {Walk} */ walk) {
  const stop = stopOf(content, walk);
  const parts = [
    content.valence && valenceWord(content.valence),
    stop && t("stop {number}", { number: stop.number }),
    time(content.captured_at),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @returns {{state: string, picture: string, words: string}} */
function stateOf(/** @type {Note} */ note) {
  const { phase, problem, content } = note;
  const here = t("Saved on the phone");
  if (phase === "failed") {
    const again =
      problem?.retry_at && !problem.final ? ` – ${t("trying again at {time}", { time: time(problem.retry_at) })}` : "";
    return { state: "failed", picture: "alert", words: t("Could not be sent") + again };
  }
  if (content.deleted) return { state: "waiting", picture: "clock", words: t("Goes away when there is a network") };
  if (phase === "photos")
    return { state: "partial", picture: "image", words: `${t("The words have arrived")} · ${photoCount(note)}` };
  const broken = phase === "sent" && note.photos.find(({ state }) => state === "unreadable");
  if (broken) return { state: "failed", picture: "alert", words: `${isSound(broken) ? t("A recording") : t("A photo")}: ${whole(MISHAPS.unreadable())}` };
  if (phase === "sent") return { state: "sent", picture: "checks", words: t("Sent") };
  if (phase === "sending") return { state: "waiting", picture: "send", words: `${here} · ${t("on its way")}` };
  if (phase === "waiting")
    return { state: "waiting", picture: "clock", words: `${here} · ${t("waiting for network")}` };
  return { state: "saved", picture: "phone", words: here };
}

/**
 * What to say while nothing can be sent. `stranger`: a network that wants a sign-in answers in the server's place.
 * @returns {import("../dom.js").Toast}
 */
export const noNetwork = (/** @type {boolean} */ stranger) =>
  stranger
    ? // A page of ours that the app does not keep: the network puts its own in its place.
      notice(MISHAPS.stranger(), { action: { label: t("Show its page"), run: () => open("/", "_blank") } })
    : notice(MISHAPS.offline(), { icon: "clock" });

/** How many of a note's photos the server has. */
export const received = (/** @type {Note} */ note) => note.photos.filter((photo) => photo.state !== "kept").length;

function photoCount(/** @type {Note} */ note) {
  const all = note.photos.length;
  const sounds = note.photos.filter(isSound).length;
  const done = { done: received(note) };
  if (!sounds) return plural(all, "{done} of {n} photo", "{done} of {n} photos", done);
  if (sounds === all) return plural(all, "{done} of {n} recording", "{done} of {n} recordings", done);
  return plural(all, "{done} of {n} photo or recording", "{done} of {n} photos and recordings", done);
}

/** Where a note is, in words: saved on the phone, waiting, sent, 1 of 2 photos and recordings, could not be sent. */
export function stateLine(/** @type {Note} */ note) {
  const { state, picture, words } = stateOf(note);
  return html`<p class="state" data-state=${state}>${icon(picture)}${words}</p>`;
}

/** Where one photo of a note is. */
export function photoState(/** @type {import("../store.js").PhotoInfo} */ photo) {
  if (photo.problem?.final)
    return html`<span class="state" data-state="failed">${icon("alert")}${photo.problem.detail}</span>`;
  if (photo.state === "unreadable")
    return html`<span class="state" data-state="failed">${icon("alert")}${whole(MISHAPS.unreadable())}</span>`;
  return photo.state === "kept"
    ? html`<span class="state" data-state="saved">${icon("phone")}${t("Only on the phone so far")}</span>`
    : html`<span class="state" data-state="sent">${icon("checks")}${t("Arrived")}</span>`;
}
