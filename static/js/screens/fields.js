// Fields: the questions of a note, each drawn from its answer: how it feels, in words, and on a scale.
//
// Know nothing about drafts: they show a value and tell the next one.

import { html, nothing } from "../dom.js";
import { plural, t } from "../i18n.js";
import { mark } from "../icons.js";
import { valenceWord } from "./words.js";

/** @typedef {import("../protocol.js").Valence} Valence */
const VALENCES = /** @type {const} */ (["unsafe", "safe", "mixed"]);
const NEARLY_FULL = 0.9;

/** How the place feels: three bars that fill the hand's reach, or a row once it is answered. */
export const question = (
  /** @type {Valence | null} */ value,
  /** @type {boolean} */ tall,
  /** @type {(valence: Valence) => void} */ tell,
) => html`<fieldset>
  <legend class=${tall ? "" : "hidden"}>${t("How does the place feel?")}</legend>
  <div class=${tall ? "choose tall" : "choose"}>${VALENCES.map(
    (valence) => html`<label data-valence=${valence}><input type="radio" name="valence" value=${valence}
      aria-describedby=${tall ? `${valence}-saying` : nothing} .checked=${value === valence} @change=${() => tell(valence)}>${mark(
        valence,
      )}<span>${valenceWord(valence)}<small id="${valence}-saying" aria-hidden="true">${SAYING[valence]()}</small></span></label>`,
  )}</div>
</fieldset>`;

/** A text that counts its characters near the end only, and lets nobody lose what is beyond it. */
export function textField(
  /** @type {"note" | "suggestion"} */ name,
  /** @type {string} */ value,
  /** @type {number} */ limit,
  /** @type {(value: string) => void} */ tell,
) {
  const left = limit - [...value].length;
  const { title, placeholder, hint } = TEXTS[name];
  const count =
    left < 0
      ? plural(-left, "{n} character too many", "{n} characters too many")
      : left < limit * (1 - NEARLY_FULL)
        ? plural(left, "{n} character left", "{n} characters left")
        : hint?.();
  return html`<div class="field"><label for=${name}>${title()}</label>
    <textarea id=${name} placeholder=${placeholder()} aria-describedby="${name}-hint" aria-invalid=${left < 0}
      .value=${value} @input=${(/** @type {Event} */ event) => tell(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
    <span class=${left < 0 ? "error" : "hint"} id="${name}-hint">${count ?? nothing}</span></div>`;
}

/** How safe it is, 0 to 3; a second tap takes the answer back. The numbers tell its words from those of the question. */
export const scale = (
  /** @type {number | null} */ value,
  /** @type {(value: number) => void} */ tell,
) => html`<fieldset class="stack tight">
  <legend>${t("How safe is it here?")} <span class="dim">${t("(optional)")}</span></legend>
  <div class="chips">${SCALE.map(
    (words, step) => html`<label class="chip"><input type="radio" name="feeling" .checked=${value === step}
      @click=${() => tell(step)}>${step} · ${words()}</label>`,
  )}</div>
</fieldset>`;

const SAYING = {
  unsafe: () => t("I would rather get away from here"),
  safe: () => t("It is nice to be here"),
  mixed: () => t("It changes, or is divided"),
};
const SCALE = [() => t("very unsafe"), () => t("unsafe"), () => t("fairly safe"), () => t("safe, after dark too")];
/** @type {Record<"note" | "suggestion", {title: () => string, placeholder: () => string, hint?: () => string}>} */
const TEXTS = {
  note: {
    title: () => t("Note"),
    placeholder: () => t("What do you see? The number on the lamp post, perhaps"),
    hint: () => t("No names, number plates or addresses."),
  },
  suggestion: { title: () => t("Suggestion"), placeholder: () => t("What would help here?") },
};
