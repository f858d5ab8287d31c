// Recording: the part of the walker's map that records the team's way: begin, stop, delete, and how far it has come.
//
// Promises to say what it means before it begins, that it goes on while it does, and to show the line with its gaps. Shown where
// the walk asks for it, or something of it is still here. Keeps nothing: track.js does.

import { html, nothing, whisper } from "../dom.js";
import { distanceText, t } from "../i18n.js";
import { icon } from "../icons.js";
import { whole } from "../mishaps/first.js";
import { MISHAPS } from "../mishaps/later.js";
import "../later.js";
import { distance } from "../place.js";
import { follow, isAskedFor, isUnsent, record, remove } from "../track.js";

/** @typedef {import("../store.js").Joined} Joined */

/**
 * @param {() => {walk: Joined["walk"], team: string | null}} about
 * @param {() => void} draw draws the screen anew
 * @param {() => import("./chart.js").Chart | null} chart
 */
export function recording(about, draw, chart) {
  let sure = true;
  /** @type {import("../track.js").Kept} */
  let kept = { on: false, full: false, tracks: [] };

  const lines = () => kept.tracks.flatMap(({ parts }) => parts).filter((part) => part.length > 1);

  /** The line on the map. */
  function show() {
    const coordinates = lines();
    const features = [{ type: /** @type {const} */ ("Feature"), properties: { team: "" }, geometry: { type: /** @type {const} */ ("MultiLineString"), coordinates } }];
    chart()?.drawing.tracks({ type: "FeatureCollection", features });
  }

  async function press(/** @type {() => Promise<void>} */ what, /** @type {string} */ said) {
    sure = true;
    await what();
    whisper(said);
  }

  const ask = (/** @type {boolean} */ unsure) => {
    sure = !unsure;
    draw();
  };

  const begin = () => press(() => record(true), t("Your way is being recorded"));
  const stop = () => press(() => record(false), t("Your way is no longer recorded"));
  const forget = () => press(remove, t("Your way is deleted"));

  /** What has become of it, in words. */
  function state() {
    if (kept.full) return whole(MISHAPS.wayFull());
    const problem = kept.tracks.find((one) => one.problem)?.problem;
    if (problem) return problem;
    if (kept.tracks.some((one) => one.deleted)) return t("Deleted here. From the report it goes as soon as there is a network.");
    if (!kept.tracks.length) return "";
    return kept.tracks.some(isUnsent) ? t("On this phone. It is sent by itself.") : t("Sent");
  }

  function panel() {
    const { walk, team } = about();
    const there = kept.tracks.some(({ deleted }) => !deleted);
    if (!isAskedFor(walk) && !kept.tracks.length) return nothing;
    const taker = walk.teams?.find(({ name }) => name === team)?.duties.notes;
    const metres = lines().reduce((sum, part) => sum + length(part), 0);
    const said = state();
    return html`<section class="panel stack tight recording" aria-labelledby="way" ?data-on=${kept.on}>
      <h2 id="way">${kept.on ? t("Your way is being recorded") : t("The way you walk")}</h2>
      ${there || kept.on ? html`<p><span class="dots" aria-hidden="true"></span>${t("{metres} so far.", { metres: distanceText(Math.round(metres)) })} <span class="small dim">${t("Where the dots stop, nothing was measured.")}</span></p>` : nothing}
      ${said ? html`<p class="small">${said}</p>` : nothing}
      <p class="small dim">${t("Only for the one who takes notes for the team.")}${taker ? ` ${t("In your team that is {name}.", { name: taker })}` : ""} ${t("It is recorded only while this map or a note is open and the screen is on. The report shows it for the team, without names and times. You can delete it at any time.")}</p>
      ${
        sure
          ? html`<div class="row">${kept.on ? html`<button type="button" @click=${stop}>${icon("minus")}${t("Stop recording")}</button>` : isAskedFor(walk) ? html`<button type="button" @click=${begin}>${icon("paths")}${there ? t("Go on recording") : t("Record our way")}</button>` : nothing}
            ${there ? html`<button type="button" class="quiet" @click=${() => ask(true)}>${icon("trash")}${t("Delete our way")}</button>` : nothing}</div>`
          : html`<p role="alert">${t("Delete your way here and in the report? It cannot be brought back.")}</p>
            <div class="row"><button type="button" @click=${forget}>${icon("trash")}${t("Yes, delete it")}</button><button type="button" class="quiet" @click=${() => ask(false)}>${t("Keep it")}</button></div>`
      }
    </section>`;
  }

  const unfollow = follow((now) => {
    kept = now;
    show();
    draw();
  });
  return { panel, show, stop: unfollow };
}

/** Metres of a line. */
const length = (/** @type {number[][]} */ part) =>
  part.slice(1).reduce((sum, [lon, lat], at) => sum + distance({ lon, lat }, { lon: part[at][0], lat: part[at][1] }), 0);
