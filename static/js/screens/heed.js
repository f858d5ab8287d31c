// Heed: while a note is written, a gentle word where the text looks as if it named a person. It never stands in the way.
//
// Promises: nothing is said until the writer pauses, and the same thing once; a house's address, which may well be the place
// that is meant, is asked about, not warned of. Nothing is stored or sent. The capture screen fetches it and gives it its
// root; it finds the two fields there by itself.

import { html, nothing, render, whisper } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { found } from "../personal.js";

/** @typedef {import("../personal.js").Kind} Kind */

const PAUSE_MS = 900; // a writer who pauses so long has finished a word
const FIELDS = "#note, #suggestion";
/** @type {Record<Kind, () => string>} */
const LOOKS = {
  cpr: () => t("That looks like a CPR number."),
  name: () => t("That looks like a person's name."),
  plate: () => t("That looks like a number plate."),
  phone: () => t("That looks like a phone number."),
  email: () => t("That looks like an e-mail address."),
  address: () => t("Is the house itself the place? Then it is fine. If it is about who lives there, leave the number out."),
};
const GRAVEST = /** @type {Kind[]} */ (["cpr", "name", "plate", "phone", "email", "address"]);

/** Watches what is written on the screen; over when the screen goes. */
export function heed(/** @type {HTMLElement} */ root) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  root.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement) || !target.matches(FIELDS)) return;
    clearTimeout(pause);
    pause = setTimeout(say, PAUSE_MS, target);
  });
  for (const field of /** @type {NodeListOf<HTMLTextAreaElement>} */ (root.querySelectorAll(FIELDS))) say(field);
}

function say(/** @type {HTMLTextAreaElement} */ field) {
  if (!field.isConnected) return;
  const kinds = found(field.value).map(({ kind }) => kind);
  const worst = GRAVEST.find((kind) => kinds.includes(kind));
  const region = regionOf(field);
  if (region.dataset.kind === (worst ?? "")) return;
  region.dataset.kind = worst ?? "";
  if (!worst) {
    render(nothing, region);
    return;
  }
  const mild = worst === "address";
  const rest = mild ? "" : `${t("Describe the place, not the person")}.`;
  whisper(`${LOOKS[worst]()} ${rest}`.trim());
  render(
    html`<div class="notice" data-tone=${mild ? nothing : "wait"}>${icon(mild ? "help" : "alert")}<div>${LOOKS[worst]()} <b>${rest}</b></div></div>`,
    region,
  );
}

/** Where the field's word stands: beneath it. */
function regionOf(/** @type {HTMLTextAreaElement} */ field) {
  const place = /** @type {HTMLElement} */ (field.closest(".field"));
  const there = /** @type {HTMLElement | null} */ (place.querySelector(".heed"));
  if (there) return there;
  const region = document.createElement("div");
  region.className = "heed";
  place.append(region);
  return region;
}
