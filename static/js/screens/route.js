// Route: the walk's stops in the order of one's team, and the one that matters now with what to talk about there.
//
// Which one that is: the one that was tapped, else the one stood at, else the first after those that were written about.
// Knows nothing of notes but how many there are at each stop.

import { html, nothing } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon } from "../icons.js";
import { chooseTeam } from "../store.js";
import { sendNow } from "../sync.js";
import { away, standingAt, wanted } from "./spot.js";

/** @typedef {import("../protocol.js").Walk} Walk */

/** The stops as a team goes; those it leaves out come last. @returns {Walk["stops"]} */
function inOrder(/** @type {Walk} */ { stops, teams }, /** @type {string | null} */ team) {
  const order = teams?.find(({ name }) => name === team)?.stop_ids ?? [];
  const place = (/** @type {{id: string}} */ { id }) => (order.indexOf(id) + 1 || Number.POSITIVE_INFINITY);
  return [...stops].sort((a, b) => place(a) - place(b) || a.number - b.number);
}

/**
 * @param {{walk: Walk, team: string | null, notes: Map<string, number>, fix: import("../protocol.js").Fix | null,
 *   tapped: string, tap: (id: string) => void}} parts   notes: how many at each stop, by its id
 */
export function stops({ walk, team, notes, fix, tapped, tap }) {
  const order = inOrder(walk, team);
  const here = standingAt(order, fix);
  const chosen = order.find(({ id }) => id === tapped);
  const now = chosen ?? here ?? order[order.findLastIndex(({ id }) => notes.has(id)) + 1];
  const item = (/** @type {Walk["stops"][0]} */ stop) => {
    const count = notes.get(stop.id) ?? 0;
    const far = stop === now ? "" : stop === here ? t("You are here") : away(stop, fix);
    return html`<li class=${stop === now ? "here" : count ? "gone" : ""} aria-current=${stop === now ? "step" : nothing}>
      <span class="no">${stop.number}</span><button type="button" class="quiet" @click=${() => tap(stop.id)}><b>${stop.name}</b></button>
      <span class="end small">${far ? html`<span class="tag">${far}</span>` : nothing}${
        count ? html`<span class="dim">${plural(count, "{n} note", "{n} notes")}</span>` : nothing
      }</span></li>`;
  };
  return html`${now ? next(now, now === here ? t("You are here") : chosen ? t("Stop {number}", { number: now.number }) : t("Next stop"), now === here ? null : away(now, fix)) : nothing}
    <section class="stack tight" aria-labelledby="route"><h2 id="route">${t("The route")}</h2>
    ${walk.teams?.length ? teams(walk, team) : nothing}
    <ol class="stops">${order.map(item)}</ol></section>`;
}

const next = (
  /** @type {Walk["stops"][0]} */ { id, number, name, prompt },
  /** @type {string} */ why,
  /** @type {string | null} */ far,
) => html`<section class="panel" id="next" aria-label=${why}>
  <p class="row between small dim"><span>${why}</span>${far ? html`<span class="tag">${icon("locate")}${far}</span>` : nothing}</p>
  <h2><bdi>${number}. ${name}</bdi></h2>
  ${prompt ? html`<p><bdi>${prompt}</bdi></p>` : nothing}
  <a class="button" href="#/note/new" @click=${() => (wanted.place = id)}>${icon("pen")}${t("Write about this stop")}</a>
</section>`;

const teams = (/** @type {Walk} */ { id, teams = [] }, /** @type {string | null} */ team) =>
  html`<div class="field"><label for="team">${t("My team")}</label><select id="team" @change=${(
    /** @type {any} */ event,
  ) => chooseTeam(id, event.target.value || null).then(sendNow)}><option value="">–</option>${teams.map(
    ({ name }) => html`<option value=${name} ?selected=${name === team}>${name}</option>`,
  )}</select></div>`;
