// DOM: what every screen says in the same way: the bar with 112, the way to the notes, the words in the status line, undo, small photos.
//
// Hides lit, the live region and the object URLs of photos. Promises: every change is said in words once, in one
// place (role="status"); what can be undone has its button there until the walker goes on. Never asks "are you sure".

import { html, nothing, render } from "lit/html.js";
import { Full } from "./database.js";
import { icon } from "./icons.js";
import { number, t } from "./i18n.js";
import { MISHAPS, alarm } from "./mishaps/first.js";

export { html, nothing, render };

/** A buzz that is felt through a glove, in ms of buzz and rest; not where movement is not wanted, or the phone has none. */
export const buzz = (/** @type {number | number[]} */ beats) =>
  matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.vibrate?.(beats);

// Where long Danish words of the taxonomy may break; automatic hyphenation has no Danish on many phones.
const JOINTS =
  /(be|vedlige|vej|møde|ejer|tilgænge|fælles|ind|cykel|bygge|hjerte|trygheds|lokalitets|hjemme|nummer)(plantning|hold|visning|steder|skab|lighed|flydelse|parkering|plads|starter|vandring|tjenester|skærm|plader)/gi;

/** A text with soft hyphens at its joints. */
export const soft = (/** @type {string} */ text) => text.replace(JOINTS, "$1\u00ad$2");

/** A text in which *stars* mean bold. */
export const bold = (/** @type {string} */ text) =>
  soft(text)
    .split("*")
    .map((part, at) => (at % 2 ? html`<b>${part}</b>` : part));

/**
 * The bar: the page's title, a line under it, the way back, and 112 and 114 within reach.
 * @param {{title: string, detail?: unknown, back?: {href: string, label: string, icon?: string}}} parts
 */
export const bar = ({ title, detail, back }) => html`<header class="bar">
  ${back ? html`<a class="button quiet square" href=${back.href} aria-label=${back.label}>${icon(back.icon ?? "left")}</a>` : nothing}
  <h1 class="name" tabindex="-1">${title}${detail ? html`<small>${detail}</small>` : nothing}</h1>
  ${emergency()}
</header>`;

const emergency = () => html`<button class="sos" type="button" popovertarget="emergency">${icon("call")}112</button>
  <div id="emergency" class="panel" popover>
    <h2>${t("In danger?")}</h2>
    <a class="button danger" href="tel:112">${icon("call")}${t("Call 112: danger to life")}</a>
    <a class="button" href="tel:114">${icon("call")}${t("Call 114: the police, not urgent")}</a>
    <button type="button" class="quiet" popovertarget="emergency" popovertargetaction="hide">${t("Close")}</button>
  </div>`;

/** To one's own notes, and how many of them are on the way. */
export const toNotes = (/** @type {number} */ waiting) => html`<a class="button over" href="#/notes" aria-describedby=${waiting ? "waiting" : nothing}>${icon("list")}${t("Notes")}${
  waiting
    ? html`<span class="count" id="waiting" aria-hidden="true">${number(waiting)}<span class="hidden"> ${t("on the way")}</span></span>`
    : nothing
}</a>`;

const REST_MS = 250;
const REST_SHARE = 10;
const LONGEST_REST_MS = 2_000; // a phone that fell asleep in the midst of a job was not at work all night

/**
 * `job`, done at once, and then at rest for a moment: all that asks for it meanwhile gets it once more, together. A job
 * that is long here, as with hundreds of notes on a slow phone, rests ten times as long, so that it never fills the day;
 * two seconds at most.
 */
export function calmly(/** @type {() => unknown} */ job) {
  let resting = false;
  let asked = false;
  return async function run() {
    asked = resting;
    if (resting) return;
    resting = true;
    const started = performance.now();
    try {
      await job();
    } finally {
      const rest = Math.min(Math.max(REST_MS, REST_SHARE * (performance.now() - started)), LONGEST_REST_MS);
      setTimeout(() => {
        resting = false;
        if (asked) run();
      }, rest);
    }
  };
}

const said = { whisper: "", toast: /** @type {Toast | null} */ (null) };
/** @typedef {{text: unknown, detail?: unknown, icon?: string, tone?: string, action?: {label: string, run: () => unknown}, stay?: boolean}} Toast */

/** Says something to those who listen; the screen shows it in another way. */
export function whisper(/** @type {string} */ text) {
  said.whisper = text;
  speak();
}

/**
 * Says something to everyone, above the screen's content, until the next one or the next screen (`stay`: the one after).
 * @returns {() => void} takes it back, if it still stands there
 */
export function toast(/** @type {Toast | null} */ words) {
  said.toast = words;
  speak();
  return () => {
    if (words && said.toast === words) toast(null);
  };
}

/** A new screen: what was said on the last one is over. */
export function turnPage() {
  said.whisper = "";
  said.toast = said.toast?.stay ? { ...said.toast, stay: false } : null;
  speak();
}

function speak() {
  const { whisper: quiet, toast: loud } = said;
  const region = /** @type {HTMLElement} */ (document.getElementById("said"));
  render(
    html`<span class="hidden">${quiet}</span>${
      loud
        ? html`<div class="toast" data-tone=${loud.tone ?? nothing}>${icon(loud.icon ?? "check")}<span>${loud.text}${
            loud.detail ? html`<small>${loud.detail}</small>` : nothing
          }</span>${
            loud.action ? html`<button type="button" @click=${() => act(loud)}>${loud.action.label}</button>` : nothing
          }</div>`
        : nothing
    }`,
    region,
  );
}

function act(/** @type {Toast} */ { action }) {
  toast(null);
  if (action) tried(action.run, { action });
}

/**
 * Does what a button says, all or nothing of it; where the phone could not, that is said. `more`: what else then stands there.
 * @template R @returns {Promise<R | void>}
 */
export async function tried(/** @type {() => R | Promise<R>} */ job, /** @type {Partial<Toast>} */ more = {}) {
  try {
    return await job();
  } catch (failure) {
    toast(alarm(failure instanceof Full ? MISHAPS.fullUndone() : MISHAPS.undone(), more));
  }
}
