// Why: thirteen tiles, and the factors that unfold in the grid beneath the one that was tapped.
//
// Knows the taxonomy's shape and nothing else. A tile alone is not an answer and is never sent; what counts is a factor.

import { bold, html, nothing, soft } from "../dom.js";
import { label, plural, t } from "../i18n.js";
import { icon } from "../icons.js";

/** @typedef {import("../protocol.js").Factor} Factor */
/** @typedef {import("../protocol.js").Category} Category */
/** @typedef {(key: string, on: boolean) => boolean} Toggle   false where there are too many already */

/** @type {WeakMap<object, Map<string, Factor>>} */
const known = new WeakMap();

/** @returns {Map<string, Factor>} every factor of a taxonomy by its key */
export function factorsOf(/** @type {{categories: Category[]}} */ taxonomy) {
  const all = () => taxonomy.categories.flatMap((category) => category.factors);
  if (!known.has(taxonomy)) known.set(taxonomy, new Map(all().map((factor) => [factor.key, factor])));
  return /** @type {Map<string, Factor>} */ (known.get(taxonomy));
}

/**
 * @param {{taxonomy: {categories: Category[]}, chosen: string[], open: string | null,
 *          unfold: (key: string | null) => void, toggle: Toggle}} parts
 */
export const why = ({
  taxonomy,
  chosen,
  open,
  unfold,
  toggle,
}) => html`<section class="stack tight" aria-labelledby="why">
  <h2 id="why">${t("Why?")} <span class="dim">${t("Choose several if you like")}</span></h2>
  <div class="tiles">
    ${taxonomy.categories.map((category) => {
      const count = category.factors.filter((factor) => chosen.includes(factor.key)).length;
      const unfolded = category.key === open;
      return html`<button class="tile" type="button" aria-expanded=${unfolded} aria-controls=${unfolded ? "factors" : nothing} ?data-chosen=${count > 0}
          @click=${() => unfold(unfolded ? null : category.key)}>
          ${icon(category.key)}<span>${soft(label(category))}</span>${
            count
              ? html`<span class="count">${count}<span class="hidden"> ${plural(count, "chosen", "chosen")}</span></span>`
              : nothing
          }</button>
        ${unfolded ? factors(category, chosen, toggle) : nothing}`;
    })}
  </div>
</section>`;

const factors = (
  /** @type {Category} */ category,
  /** @type {string[]} */ chosen,
  /** @type {Toggle} */ toggle,
) => html`<div class="factors" id="factors"><div class="chips">
  ${category.factors.map(
    (factor) => html`<label class="chip"><input type="checkbox" .checked=${chosen.includes(factor.key)}
      @change=${(/** @type {Event} */ event) => turn(/** @type {HTMLInputElement} */ (event.target), factor.key, toggle)}>${
        factor.sensitive ? icon("lock") : nothing
      }${soft(label(factor))}</label>`,
  )}
</div></div>`;

/** A box that may not be ticked is empty again. */
function turn(/** @type {HTMLInputElement} */ box, /** @type {string} */ key, /** @type {Toggle} */ toggle) {
  if (!toggle(key, box.checked)) box.checked = false;
}

/** What stands beside a sensitive factor. */
export const sensitive = () => html`<div class="notice" data-tone="wait" role="note">${icon("lock")}<div>
  <p>${bold(t("*Describe the place, not the person.*"))}</p>
  <p>${t("Only you and the coordinator see this until it is reviewed. If there is danger now, call 112.")}</p>
</div></div>`;
