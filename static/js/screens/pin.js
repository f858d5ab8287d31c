// Pin: put a note where it belongs: the map moves beneath a cross that stands still, or one chooses on a list.
//
// Fetched when it is first asked for. Promises: the measurement stays beside what is chosen here; nothing is changed until
// "Use the place"; every choice of the map is on the list or has a key. Measures nothing: the fix belongs to the moment
// the note was begun.

import "../../css/walking.css";
import "../later.js";
import { bar, html, nothing, render, toast } from "../dom.js";
import { distanceText, t } from "../i18n.js";
import { icon } from "../icons.js";
import { alarm, whole } from "../mishaps/first.js";
import { MISHAPS } from "../mishaps/later.js";
import { distance } from "../place.js";
import { addressAt, groundOf } from "../walking/under.js";
import { sit } from "./sitting.js";
import { stopAt } from "./spot.js";

/** @typedef {import("../place.js").Point} Point */
/** @typedef {import("./spot.js").Choice} Choice */
/** @typedef {import("../walking/chart.js").Chart} Chart */
/** @typedef {import("../protocol.js").Stop & Point} PlacedStop */

const SNAP_PX = 28; // a stop this near the cross is meant
const LOOSE_PX = 6; // and let go when the map is drawn on from it
const SHARP_M = 25; // a ring of this size is well seen at this zoom; a larger one is seen from further up
const SHARP_ZOOM = 17.5;

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root, /** @type {string | null} */ noteId) {
  const found = await sit(noteId);
  if (!found) return "#/notes";
  const sitting = found;
  const { walk, draft } = sitting;
  const fix = draft.measured;
  const back = `#/note/${noteId ?? "new"}`;
  const stops = /** @type {PlacedStop[]} */ (walk.stops.filter(({ lat, lon }) => lat !== null && lon !== null));
  /** @type {Choice} */
  let choice = draft.choice;
  /** The stop that was let go, until the cross is well away from it. @type {PlacedStop | null} */
  let loose = null;
  /** @type {Chart | null} */
  let chart = null;
  let said = "";
  let state = "";
  let gone = false;

  /** The stop that is chosen: by its id, or because the cross stands on it. */
  const held = () =>
    walk.stops.find(({ id, lat, lon }) => (typeof choice === "object" ? lat === choice.lat && lon === choice.lon : id === choice)) ?? null;

  /** @returns {Point | null} where the choice is on the map */
  function point() {
    if (typeof choice === "object") return choice;
    const stop = stops.find(({ id }) => id === choice);
    return stop ? { lat: stop.lat, lon: stop.lon } : choice === "measured" ? fix : null;
  }

  async function begin() {
    const element = /** @type {HTMLElement} */ (root.querySelector(".map"));
    const start = point() ?? fix ?? stops[0] ?? null;
    let module;
    try {
      const under = await groundOf(walk);
      module = await import("../walking/chart.js");
      const plan = { route: /** @type {any} */ (walk.route), stops };
      const around = start ? [start] : [];
      const made = await module.chart(element, { plan, around, ...under, onTap: tapped }, say);
      if (gone) return made?.remove();
      chart = made;
    } catch {}
    state = chart ? "drawn" : "failed";
    if (!chart) return say(module ? whole(MISHAPS.undrawn()) : whole(MISHAPS.unfetched()));
    const { map } = chart;
    map.getCanvas().setAttribute("aria-describedby", "map-keys");
    for (const zooms of [map.scrollZoom, map.touchZoomRotate]) zooms.enable({ around: "center" });
    map.touchZoomRotate.disableRotation();
    if (start) map.jumpTo({ center: [start.lon, start.lat], zoom: SHARP_ZOOM - Math.max(0, Math.log2((fix?.accuracy_m ?? SHARP_M) / SHARP_M)) });
    let rested = chart.middle();
    map.on("moveend", ({ originalEvent }) => {
      if (originalEvent) settle(rested); // what a person does is a choice; that the screen is turned is none
      rested = /** @type {Chart} */ (chart).middle();
    });
    map.on("idle", draw); // street names come with the tiles
    chart.me(fix, null);
    draw();
  }

  function say(/** @type {string} */ text) {
    said = text;
    if (!gone) draw();
  }

  function tapped(/** @type {import("../walking/chart.js").Hit} */ { ids, at, byKey }) {
    if (byKey) return;
    const stop = stops.find(({ number }) => ids.includes(`stop-${number}`));
    put(stop ? { lat: stop.lat, lon: stop.lon } : at);
  }

  /** The map has been drawn away from what was under the cross: what is there now counts, or the stop beside it. */
  function settle(/** @type {Point} */ before) {
    if (!chart) return;
    const { middle, pixelsAway } = chart.sight();
    if (pixelsAway(point() ?? before) < (held() ? LOOSE_PX : 1)) return;
    if (loose && pixelsAway(loose) > 2 * SNAP_PX) loose = null;
    loose = stops.find((stop) => stop === held()) ?? loose;
    const near = stops.filter((stop) => stop !== loose && pixelsAway(stop) <= SNAP_PX);
    near.sort((a, b) => pixelsAway(a) - pixelsAway(b));
    if (near[0]) return put({ lat: near[0].lat, lon: near[0].lon });
    choice = middle;
    draw();
  }

  function put(/** @type {Choice} */ where) {
    choice = where;
    const to = point();
    if (to) chart?.centre(to);
    draw();
  }

  async function use() {
    sitting.put(choice);
    if (await sitting.stored()) location.hash = back;
    else toast(alarm(MISHAPS.pinFull()));
  }

  /** Where the note will be, in words. @returns {[unknown, unknown]} */
  function words() {
    if (choice === "nowhere") return [t("No place"), t("No position goes along.")];
    const stop = held();
    if (stop) return [stop.name, t("Stop {number}. Held by the stop; drag on to let go.", { number: stop.number })];
    if (choice === "measured") return [fix ? t("As measured") : t("Not measured yet"), fix?.accuracy_m ? `± ${distanceText(Math.ceil(fix.accuracy_m))}` : nothing];
    const at = /** @type {Point} */ (choice);
    const address = chart && addressAt(chart.map, at);
    const near = stopAt(walk.stops, at);
    const street = address?.number ? t("{street}, near number {number}", /** @type {any} */ (address)) : address?.street;
    return [street ?? t("The place under the cross"), near ? t("Near stop {number}", { number: near.number }) : nothing];
  }

  /** What becomes of the measurement. */
  function beside() {
    const at = point();
    if (!fix || !at || choice === "measured") return nothing;
    const metres = distanceText(Math.round(distance(fix, at)));
    const text = fix.accuracy_m
      ? t("The measurement is kept beside it: {metres} from here, ± {accuracy}.", { metres, accuracy: distanceText(Math.ceil(fix.accuracy_m)) })
      : t("The measurement is kept beside it: {metres} from here.", { metres });
    return html`<p class="small dim">${text}</p>`;
  }

  function draw() {
    if (gone) return;
    const at = point();
    chart?.lead(fix, at);
    const [where, how] = words();
    root.toggleAttribute("data-nowhere", choice === "nowhere");
    render(
      html`${bar({
        title: t("Move the pin"),
        detail: t("Drag the map, or tap a place"),
        back: { href: back, label: t("Back to the note. The place is not changed.") },
      })}
      <main id="main">
        <div class="map" data-state=${state}><p class="map-words" role="status">${said}</p>${cross}
          ${fix ? html`<button type="button" class="square find" aria-label=${t("Back to the measurement")} @click=${() => put("measured")}>${icon("locate")}</button>` : nothing}</div>
        <div class="stack">
          <p class="hidden" id="map-keys">${t("The arrow keys move the map under the cross, with Shift in large steps; plus and minus zoom.")}</p>
          <div class="place" role="status">${icon("pin")}<span><b>${where}</b><small>${how}</small></span></div>
          ${beside()}
          <fieldset class="pick"><legend>${t("Or choose on the list")}</legend>
            ${walk.stops.map(stop)}
            ${fix || !noteId ? option("measured", t("Here, roughly"), fix ? t("Use the measurement as it is") : t("Not measured yet")) : nothing}
            ${option("nowhere", t("No place"), t("No position goes along."))}
          </fieldset>
        </div>
      </main>
      <footer class="dock"><a class="button over" href=${back}>${icon("undo")}${t("Undo")}</a>
        <button type="button" class="lamp" @click=${use}>${icon("check")}${t("Use the place")}</button></footer>`,
      root,
    );
  }

  const stop = (/** @type {import("../protocol.js").Stop} */ one) => {
    const placed = one.lat !== null && one.lon !== null;
    const far = fix && placed ? t("{metres} from the measurement", { metres: distanceText(Math.round(distance(fix, /** @type {any} */ (one)))) }) : null;
    const value = placed ? { lat: /** @type {number} */ (one.lat), lon: /** @type {number} */ (one.lon) } : one.id;
    return option(value, one.name, far, one);
  };

  const option = (
    /** @type {Choice} */ value,
    /** @type {string} */ name,
    /** @type {string | null} */ detail,
    /** @type {import("../protocol.js").Stop | null} */ of = null,
  ) => html`<label><input type="radio" name="place" .checked=${of ? held() === of : choice === value} @change=${() => put(value)}>${
    of ? html`<span class="stopno" aria-hidden="true">${of.number}</span>` : nothing
  }<span>${of ? html`<span class="hidden">${of.number}. </span>` : nothing}${name}${detail ? html`<small>${detail}</small>` : nothing}</span></label>`;

  root.className = "mapped";
  draw();
  setTimeout(begin); // when the screen is on the page, and has a size
  return () => {
    gone = true;
    chart?.remove();
    sitting.leave();
  };
}

const cross = html`<svg class="cross" viewBox="0 0 96 96" aria-hidden="true"><g class="halo"><circle cx="48" cy="48" r="24" /><path d="M48 4v14M48 78v14M4 48h14M78 48h14" /></g><g class="hair"><circle cx="48" cy="48" r="24" /><path d="M48 4v14M48 78v14M4 48h14M78 48h14" /></g></svg>`;
