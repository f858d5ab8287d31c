// Entries: a stop or a note as a line of the list beside the map, with what one can do about it.
//
// Promises: the line says everything the map shows of it: what it is, how it feels, where it lies, how far it has come.

import { repeat } from "lit/directives/repeat.js";
import "../later.js";
import { html, nothing } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon, mark } from "../icons.js";
import { wanted } from "./spot.js";
import { stateLine, titleOf, valenceWord } from "./words.js";
import { whereabouts } from "../walking/nearby.js";

/** @typedef {import("../walking/nearby.js").Item} Item */
/** @typedef {import("../protocol.js").Change} Change */

/**
 * @param {{walk: import("../protocol.js").Walk, position: import("../place.js").Position, begun: boolean, agree: (note: Change) => void,
 *   show: ((item: Item) => void) | null}} parts   begun: a note, which stays where it is; show: bring it to
 *   the middle of the map, null where there is none
 */
export function entries({ walk, position, begun, agree, show }) {
  const far = (/** @type {Item["at"]} */ at) => whereabouts(at, position.fix, position.heading);

  const entry = (/** @type {Item} */ item, /** @type {string} */ where) => {
    const { id, at, stop, mine, other } = item;
    const note = /** @type {any} */ (mine?.content ?? other);
    const [title, words] = stop ? [t("Stop {number}: {name}", { number: stop.number, name: stop.name }), ""] : titleOf(note, walk);
    const whose = mine ? t("yours") : null;
    const about = [note?.valence && valenceWord(note.valence), far(at) ?? (at ? null : t("no place")), whose].filter(Boolean).join(" · ");
    const named = `${where}-${id}`;
    return html`<li><article class="note" aria-labelledby=${named}>
      <div class="top">${stop ? html`<span class="stopno" aria-hidden="true">${stop.number}</span>` : mark(note.valence)}
        <div><h3 id=${named} class=${stop ? nothing : "few"}>${title}</h3>${about ? html`<p class="meta">${about}</p>` : nothing}${words ? html`<p class="small few">${words}</p>` : nothing}</div>
        ${show && at && where === "near" ? html`<button type="button" aria-label=${t("Show on the map: {title}", { title })} @click=${() => show(item)}>${t("Show")}</button>` : nothing}</div>
      <div class="foot">${stop ? (begun ? nothing : write(stop.id)) : mine ? edit(mine) : other ? voice(other) : nothing}</div>
    </article></li>`;
  };

  const write = (/** @type {string} */ id) =>
    html`<a class="button quiet link" href="#/note/new" @click=${() => (wanted.place = id)}>${t("Write about this stop")}</a>`;
  const edit = (/** @type {import("../store.js").Note} */ note) =>
    html`${stateLine(note)}<a class="button quiet link" href="#/note/${note.id}">${t("Correct or delete")}</a>`;
  const voice = (/** @type {Change} */ note) => html`<button type="button" aria-pressed=${Boolean(note.agreed)} @click=${() => agree(note)}>${
    note.agreed ? icon("check") : nothing
  }${t("I see it so too")}</button><span class="small dim">${note.agreements ? plural(note.agreements, "{n} sees it so", "{n} see it so") : nothing}</span>`;

  return {
    whereabouts: far,
    /** The lines; `where` makes their ids unique where an item stands twice. */
    list: (/** @type {Item[]} */ some, where = "near") =>
      repeat(some, ({ id }) => id, (item) => entry(item, where)),
  };
}
