// Spot: the line that says where a note belongs and how well that is known, and the list to choose another place from.
//
// Promises: nothing about the position ever keeps a note from being saved. The measurement is kept beside what the
// walker chose; only "nowhere" leaves it out. Never follows anybody: the fix belongs to the moment the note was begun.

import { html, nothing } from "../dom.js";
import { distanceText, t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS } from "../mishaps/first.js";
import { distance, nearestStop } from "../place.js";

/** @typedef {import("../protocol.js").Fix} Fix */
/** @typedef {import("../protocol.js").Stop} Stop */
/** @typedef {import("../place.js").Point} Point */
/** @typedef {"measured" | "nowhere" | string | Point} Choice   as measured, nowhere, the id of a stop, or set by hand */

/** The place that a note was asked for, on the walk's screen or the map; the next new note takes it. */
export const wanted = { place: /** @type {Choice | null} */ (null) };

const NEAR_M = 75; // a stop this near is where the group stands
const JUST_NOW_MS = 60_000;
const UNSURE_M = 25; // beyond this the walker is told, and a stop chosen by hand is where the note is shown
const ELSEWHERE_M = 200; // a stop chosen this far away means: I write about another place than where I stand

/** @returns {Point | null} where a stop is, if its place is known */
const pointOf = (/** @type {Stop} */ { lat, lon }) => (lat === null || lon === null ? null : { lat, lon });

/** Whether a fix is good enough to tell one stop from the next. */
const sharp = (/** @type {Fix | null} */ fix) => (fix?.accuracy_m ?? Number.POSITIVE_INFINITY) <= 2 * NEAR_M;

/** Metres to a stop in words; null where that cannot be known. */
export function away(/** @type {Stop} */ stop, /** @type {Fix | null} */ fix) {
  const point = pointOf(stop);
  return fix && point && sharp(fix) ? distanceText(Math.round(distance(fix, point))) : null;
}

/** The stop one stands at, or null. */
export const standingAt = (/** @type {Stop[]} */ stops, /** @type {Fix | null} */ fix) =>
  sharp(fix) ? stopAt(stops, fix) : null;

/** The stop that a place belongs to, or null. */
export function stopAt(/** @type {Stop[]} */ stops, /** @type {Point | null} */ point) {
  const near = nearestStop(stops, point);
  return near && near.metres <= NEAR_M ? near.stop : null;
}

/** Whether it is better to say by hand where the note belongs. */
export const unsure = (/** @type {Fix | null} */ fix) => (fix?.accuracy_m ?? 0) > UNSURE_M;

/**
 * What the choice means on the wire.
 * @returns {{fix: Fix | null, pin: {lat: number, lon: number} | null, stop_id: string | null}}
 */
export function placed(/** @type {Choice} */ choice, /** @type {Fix | null} */ fix, /** @type {Stop[]} */ stops) {
  if (choice === "nowhere") return { fix: null, pin: null, stop_id: null };
  if (typeof choice === "object") return { fix, pin: choice, stop_id: stopAt(stops, choice)?.id ?? null };
  const stop = stops.find((one) => one.id === choice);
  if (!stop) return { fix, pin: null, stop_id: standingAt(stops, fix)?.id ?? null };
  const point = pointOf(stop);
  const better =
    fix && point && ((fix.accuracy_m ?? Number.POSITIVE_INFINITY) > UNSURE_M || distance(fix, point) > ELSEWHERE_M);
  return { fix, pin: better ? point : null, stop_id: stop.id };
}

/** How well the place is known, in words. */
function measured(/** @type {Fix} */ fix) {
  const metres = fix.accuracy_m === null ? "" : ` (±\u00a0${distanceText(Math.ceil(fix.accuracy_m))})`;
  const at = Date.parse(fix.fixed_at ?? "");
  return (
    (Date.now() - at < JUST_NOW_MS ? t("Measured just now") : t("Measured at {time}", { time: time(at) })) + metres
  );
}

/** @returns {[string, string]} where it is, and how well that is known */
function words(
  /** @type {Choice} */ choice,
  /** @type {Fix | null} */ fix,
  /** @type {Stop[]} */ stops,
  /** @type {string} */ state,
) {
  const chosen = stops.find((stop) => stop.id === choice);
  const byHand = typeof choice === "object";
  const at = chosen ?? (byHand ? stopAt(stops, choice) : standingAt(stops, fix));
  const stop = at ? `${t("Stop {number}", { number: at.number })}. ` : "";
  if (choice === "nowhere") return [t("No place"), t("No position goes along.")];
  if (chosen || byHand)
    return [chosen?.name ?? t("The place on the map"), [stop + t("Chosen by you"), fix && measured(fix)].filter(Boolean).join(". ")];
  if (fix && unsure(fix))
    return [
      at?.name ?? t("Your position"),
      t("The position is uncertain, ± {metres}. The note is kept all the same.", {
        metres: distanceText(Math.ceil(fix.accuracy_m ?? 0)),
      }),
    ];
  if (fix) return [at?.name ?? t("Your position"), stop + measured(fix)];
  if (state === "denied" || state === "unavailable") {
    const [happened, safe, act] = state === "denied" ? MISHAPS.denied() : MISHAPS.nowhere();
    return [happened, `${safe} ${act}`];
  }
  return [t("Looking for your position"), t("You do not have to wait.")];
}

/**
 * @param {{choice: Choice, fix: Fix | null, stops: Stop[], state: import("../place.js").State | "past", open: boolean,
 *          offer: boolean, unfold: () => void, choose: (choice: Choice) => void, move: () => void}} parts   offer: the map, where
 *          the position is uncertain
 */
export function spot({ choice, fix, stops, state, open, offer, unfold, choose, move }) {
  const [where, how] = words(choice, fix, stops, state);
  const option = (/** @type {Choice} */ value, /** @type {unknown} */ name, /** @type {unknown} */ detail) =>
    html`<label><input type="radio" name="place" .checked=${choice === value} @change=${() => choose(value)}><span><bdi>${name}</bdi>${
      detail ? html`<small>${detail}</small>` : nothing
    }</span></label>`;
  return html`<div class="stack tight">
    <div class="place">${icon("pin")}<span><b>${where}</b><small>${how}</small></span><button type="button"
      aria-expanded=${open} @click=${unfold}>${open ? t("Done") : t("Change place")}</button></div>
    ${open || (offer && choice === "measured" && unsure(fix)) ? html`<button type="button" @click=${move}>${icon("locate")}${t("Move the pin on the map")}</button>` : nothing}
    ${
      open
        ? html`<fieldset class="pick"><legend class="hidden">${t("Where is it?")}</legend>
          ${state === "past" && !fix ? nothing : option("measured", state === "past" ? t("As measured") : t("Where I stand"), fix ? null : t("Not measured yet"))}
          ${stops.map((stop) => option(stop.id, `${stop.number}. ${stop.name}`, away(stop, fix)))}
          ${option("nowhere", t("No place"), t("No position goes along."))}
        </fieldset>`
        : nothing
    }
  </div>`;
}
