// Tongue: the choice of a language, each by its own name, and whether anybody who grew up with it has read its words.

import { html, nothing, toast } from "../dom.js";
import { language, ours, remark } from "../i18n.js";
import { status } from "../sync.js";
import { chooseLanguage, NAMES } from "../tongues.js";
import { noNetwork } from "./words.js";

/** The choice. What it is called is said in both of our languages, so that whoever is lost in a third one finds it. */
export const tongues = () => html`<select class="tongue" id="tongue" aria-label="Sprog · Language" @change=${turn}>${Object.entries(NAMES).map(
  ([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${tag === language()}>${name}</option>`,
)}</select>`;

/** Said where the language has not been checked, in it and in Danish or English. */
export function unchecked() {
  const said = remark();
  return said ? html`<p class="small dim" id="unchecked">${said.own} <bdi lang=${ours()}>${said[ours()]}</bdi></p>` : nothing;
}

async function turn(/** @type {Event} */ event) {
  const select = /** @type {HTMLSelectElement} */ (event.target);
  if (await chooseLanguage(select.value)) dispatchEvent(new Event("hashchange")); // every screen is drawn anew
  else {
    select.value = language();
    toast(noNetwork(status().stranger));
  }
}
