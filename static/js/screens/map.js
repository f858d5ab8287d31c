// Map: where one is, the route, the stops, one's own notes and the others', on a map and as a list, nearest first.
//
// Fetched when it is first opened. Promises: the list says all that the map shows, and works where no map can be drawn;
// a tap on the ground is one tap from a note there, with the measurement kept beside it; the position is watched only
// while this screen is looked at. Keeps nothing on the phone but whether one wants the list alone.

import "../../css/walking.css";
import "../later.js";
import { bar, calmly, html, nothing, render, toNotes, whisper } from "../dom.js";
import { distanceText, number, t } from "../i18n.js";
import { icon, mark } from "../icons.js";
import { whole } from "../mishaps/first.js";
import { MISHAPS } from "../mishaps/later.js";
import { distance, watch } from "../place.js";
import * as store from "../store.js";
import { inOrder, items, placeOf } from "../walking/nearby.js";
import { recording } from "../walking/recording.js";
import { addressAt, groundOf } from "../walking/under.js";
import { entries } from "./entries.js";
import { Feed } from "./feed.js";
import { standingAt, wanted } from "./spot.js";
import { says, valenceWord } from "./words.js";

/** @typedef {import("../walking/nearby.js").Item} Item */
/** @typedef {import("../walking/chart.js").Chart} Chart */
/** @typedef {import("../walking/chart.js").Hit} Hit */

const SCREENFUL = 30;
const MOVED_M = 15; // the list is put in order again when one has gone this far
const FOLLOW_M = 3_000; // further from the walk the map shows the walk, not where one is

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const me = await store.joined();
  if (!me) return "#/join";
  let gone = false;
  let listOnly = (await store.setting("list-only")) === true;
  /** @type {store.Note[]} */
  let own = [];
  let waiting = 0;
  let begun = false;
  let position = /** @type {import("../place.js").Position} */ ({ state: "asking", fix: null, heading: null });
  /** @type {Chart | null} */
  let chart = null;
  /** "": not begun yet. @type {"" | "drawing" | "drawn" | "failed"} */
  let state = "";
  let said = "";
  let held = false;
  let following = true;
  let unlit = false;
  let rests = 0;
  let nowhere = false; // there is no place to show, until one's own is known
  /** Streets by their place and what was loaded. @type {Map<string, string | null>} */
  const streets = new Map();
  /** @type {Hit | null} */
  let hit = null;
  /** The order of the list, and where one stood then. @type {{ids: string[], from: import("../place.js").Point | null}} */
  let settled = { ids: [], from: null };
  let most = SCREENFUL;
  const feed = new Feed(me, () => {
    showOthers();
    draw();
  });

  const way = recording(() => ({ walk: feed.walk, team: me.team }), () => root.firstChild && draw(), () => chart);
  const at = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (root.querySelector(selector));

  // What there is

  const refresh = calmly(async () => {
    const [notes, sum, draft] = await Promise.all([store.notes(), store.tally(() => !gone), store.draft(null)]);
    if (gone) return;
    own = notes;
    waiting = sum.waiting;
    begun = Boolean(draft && says(draft));
    showOwn();
    draw();
  });

  /** Everything, in the order of the list: it changes when one has gone some way, never under somebody's fingers. */
  function arranged() {
    const all = items(feed.walk.stops, own, feed.walk.sharing === false ? [] : feed.seen.values());
    const { fix } = position;
    const still = settled.from && fix ? distance(settled.from, fix) < MOVED_M : !settled.from === !fix;
    const busy = at("#near")?.contains(document.activeElement);
    const rank = new Map(settled.ids.map((id, place) => [id, place]));
    if (busy || (still && all.every(({ id }) => rank.has(id))))
      return all.sort((a, b) => (rank.get(a.id) ?? rank.size) - (rank.get(b.id) ?? rank.size));
    const sorted = inOrder(all, fix);
    settled = { ids: sorted.map(({ id }) => id), from: fix };
    return sorted;
  }

  // The map

  /** Whether the server has nothing to cut a map of the walk for. */
  const bare = () => !feed.walk.route && feed.walk.stops.every(({ lat }) => lat === null);

  async function begin() {
    if (state || listOnly || gone) return;
    state = "drawing";
    const { route, stops } = feed.walk;
    const element = /** @type {HTMLElement} */ (at(".map"));
    const placed = stops.flatMap(({ number, name, lat, lon }) => (lat === null || lon === null ? [] : [{ number, name, lat, lon }]));
    let module;
    try {
      const under = await groundOf(feed.walk);
      held = under.held;
      module = await import("../walking/chart.js");
      const plan = { route: /** @type {any} */ (route), stops: placed };
      const around = [position.fix, ...own.map(({ content }) => placeOf(content, stops))].filter((one) => one !== null);
      const made = await module.chart(element, { plan, around, ...under, onTap: tapped }, say);
      if (gone) return made?.remove();
      chart = made;
      state = made ? "drawn" : "failed";
      nowhere = !made;
    } catch {
      state = "failed";
      say(module ? whole(MISHAPS.undrawn()) : whole(MISHAPS.unfetched()));
    }
    if (!chart) return draw();
    const { map } = chart;
    map.getCanvas().setAttribute("aria-describedby", "map-keys");
    map.on("movestart", ({ originalEvent }) => originalEvent && follow(false)); // by hand, by keys, by the buttons
    map.on("idle", () => {
      rests += 1; // street names come with the tiles
      draw();
    });
    showOwn();
    showOthers();
    showMe();
    way.show();
    draw();
  }

  function say(/** @type {string} */ text) {
    said = text;
    if (!gone) draw();
  }

  function showOwn() {
    const notes = own.filter(({ content }) => !content.deleted);
    chart?.own(
      notes.flatMap(({ id, content, phase }) => {
        const place = placeOf(content, feed.walk.stops);
        /** @type {"sent" | "failed" | "waiting"} */
        const far = phase === "sent" || phase === "failed" ? phase : "waiting";
        return place ? [{ id, at: place, valence: content.valence, state: far }] : [];
      }),
    );
  }

  function showOthers() {
    const notes = feed.walk.sharing === false ? [] : [...feed.seen.values()];
    chart?.others(
      notes.flatMap((note) => {
        const place = placeOf(note, feed.walk.stops);
        return place ? [{ id: note.id, at: place, valence: note.valence }] : [];
      }),
    );
  }

  function showMe() {
    chart?.me(position.fix, position.heading);
    const { fix } = position;
    if (!following || !fix || !chart || chart.sight().pixelsAway(fix) < 8) return;
    const [lon, lat] = feed.walk.route?.coordinates[0] ?? [fix.lon, fix.lat];
    if (distance(fix, { lat, lon }) < FOLLOW_M) chart.centre(fix);
  }

  function follow(/** @type {boolean} */ on) {
    following = on;
    showMe();
    draw();
  }

  /** Something was tapped on the map. */
  function tapped(/** @type {Hit} */ what) {
    const stop = what.ids.map((id) => feed.walk.stops.find((one) => `stop-${one.number}` === id)?.id ?? id);
    choose({ ...what, ids: stop });
    at(".chosen")?.scrollIntoView({ block: "nearest" });
    if (what.byKey) at(".chosen > a")?.focus();
    else whisper(at(".chosen h2")?.textContent ?? "");
  }

  function choose(/** @type {Hit | null} */ what) {
    hit = what;
    if (what) following = false;
    chart?.aim(what?.at ?? null);
    draw();
  }

  function show(/** @type {Item} */ item) {
    if (!item.at) return;
    choose({ ids: [item.id], at: item.at });
    chart?.centre(item.at);
    at(".map")?.scrollIntoView({ block: "end" });
  }

  function light() {
    unlit = !unlit;
    chart?.light(unlit);
    draw();
  }

  async function only(/** @type {boolean} */ list) {
    listOnly = list;
    draw();
    begin();
    await store.setSetting("list-only", list).catch(() => {}); // a full phone forgets it
  }

  // What is shown

  function draw() {
    if (gone) return;
    const all = arranged();
    const entry = entries({ walk: feed.walk, position, begun, agree: (note) => feed.agree(note), show: chart && !listOnly ? show : null });
    const detail = held ? t("The map is on the phone") : feed.walk.basemap ? nothing : bare() ? t("No map of the streets: this walk has no route and no stops") : t("Without streets: the route and the places");
    render(
      html`${bar({ title: t("Map"), detail, back: { href: "#/walk", label: t("Back to the walk") } })}
      <main id="main">
        <div class="map" ?hidden=${listOnly} data-state=${state}><p class="map-words" role="status">${said}</p>
          <button type="button" class="square find" aria-label=${t("Find me")} aria-pressed=${following} @click=${() => follow(true)}>${icon("locate")}</button></div>
        <div class="stack">
          <p class="hidden" id="map-keys">${t("The arrow keys move the map, plus and minus zoom. Enter chooses the middle.")}</p>
          ${hit ? chosen(hit, all, entry) : nothing}
          <div class="place">${icon("locate")}<span>${here()}</span></div>
          ${listOnly || state === "failed" ? nothing : legend()}
          ${chart?.map.getSource("ground") && !listOnly ? html`<button type="button" aria-pressed=${unlit} @click=${light}>${icon(unlit ? "check" : "moon")}${t("Show where street light is missing")}</button>` : nothing}
          ${way.panel()}
          <div class="row between"><h2 id="nearest">${position.fix ? t("Nearest to you") : t("On the walk")}</h2>${switches()}</div>
          ${feed.trouble ? html`<p class="small dim">${feed.seen.size ? t("What the others have written may be out of date.") : t("The others' notes come when there is a network.")}</p>` : nothing}
          <ul class="notes" id="near" aria-labelledby="nearest">${entry.list(all.slice(0, most))}</ul>
          ${all.length > most ? html`<button type="button" @click=${more}>${t("Show more")}</button>` : nothing}
        </div>
      </main>
      <nav class="dock" aria-label=${t("The walk")}>
        <a class="button over" href="#/walk">${icon("paths")}${t("Route")}</a>
        <a class="button lamp" href="#/note/new">${icon("plus")}${t("New note")}</a>
        ${toNotes(waiting)}
      </nav>`,
      root,
    );
  }

  function more() {
    most += SCREENFUL;
    draw();
  }

  const switches = () => html`<div class="seg" role="group" aria-label=${t("Show as")}>
    <button type="button" aria-pressed=${!listOnly} @click=${() => only(false)}>${icon("pin")}${t("Map")}</button>
    <button type="button" aria-pressed=${listOnly} @click=${() => only(true)}>${icon("list")}${t("List")}</button></div>`;

  const unplaced = (/** @type {import("../mishaps/first.js").Mishap} */ [happened, safe, act]) => html`<b>${happened}</b><small>${safe} ${act}</small>`;

  /** Where one is, in words. */
  function here() {
    const { state: how, fix } = position;
    if (!fix)
      return how === "denied" || how === "unavailable"
        ? unplaced(how === "denied" ? MISHAPS.unallowed() : MISHAPS.unplaced())
        : html`<b>${t("Looking for your position")}</b><small>${t("You do not have to wait.")}</small>`;
    const stop = standingAt(feed.walk.stops, fix);
    const where = stop ? t("You are at stop {number}: {name}", { number: stop.number, name: stop.name }) : (street(fix) ?? t("Your position"));
    return html`<b>${where}</b>${fix.accuracy_m ? html`<small>± ${distanceText(Math.ceil(fix.accuracy_m))}</small>` : nothing}`;
  }

  /** @returns {string | null} the street at a place, as far as the map knows it */
  function street(/** @type {import("../place.js").Point} */ place) {
    const key = [place.lat.toFixed(4), place.lon.toFixed(4), rests].join();
    if (!streets.has(key)) {
      const found = chart && addressAt(chart.map, place);
      const named = found?.number ? t("{street}, near number {number}", /** @type {any} */ (found)) : found?.street;
      if (streets.size > 8) streets.clear();
      streets.set(key, named ?? null);
    }
    return /** @type {string | null} */ (streets.get(key));
  }

  /** What was chosen on the map: a place for a new note, or what stands there. */
  function chosen(/** @type {Hit} */ { ids, at: place }, /** @type {Item[]} */ all, /** @type {ReturnType<typeof entries>} */ entry) {
    const there = all.filter(({ id }) => ids.includes(id));
    const title = there.length
      ? there.length === 1 ? t("Chosen on the map") : t("{n} chosen on the map", { n: number(there.length) })
      : (street(place) ?? t("Here on the map"));
    const far = there.length ? null : entry.whereabouts(place);
    return html`<section class="panel chosen" aria-labelledby="chosen">
      <div class="row between"><div><h2 id="chosen">${title}</h2>${far ? html`<p class="small dim">${far}</p>` : nothing}</div>
        <button type="button" class="quiet square" aria-label=${t("Close")} @click=${() => choose(null)}>${icon("x")}</button></div>
      ${there.length ? html`<ul class="notes">${entry.list(there.slice(0, SCREENFUL), "chosen")}</ul>` : nothing}
      ${
        begun
          ? html`<p class="small">${t("You have begun something")}</p><a class="button" href="#/note/new">${icon("pen")}${t("Go on writing")}</a>`
          : there.some(({ stop }) => stop)
            ? nothing
            : html`<a class="button" href="#/note/new" @click=${() => (wanted.place = { lat: place.lat, lon: place.lon })}>${icon("plus")}${t("New note here")}</a>`
      }
    </section>`;
  }

  root.className = "mapped";
  draw();
  const unwatch = watch((now) => {
    if (now.fix && !position.fix) whisper(t("Position found"));
    position = now;
    if (now.fix && nowhere) {
      [nowhere, state, said] = [false, "", ""];
      begin();
    }
    showMe();
    draw();
  });
  const stops = [unwatch, way.stop, feed.start(), store.onChange(refresh)];
  refresh();
  setTimeout(begin); // when the screen is on the page, and has a size
  return () => {
    gone = true;
    for (const stop of stops) stop();
    chart?.remove();
  };
}

const legend = () => html`<div class="legend" aria-hidden="true">${["unsafe", "safe", "mixed"].map(
  (valence) => html`<span class="valence" data-valence=${valence}>${mark(valence)}${valenceWord(valence)}</span>`,
)}</div>`;
