// The stops and the route in the plan's form, for whatever changes them: buttons, dragging, the map.
//
// Hides the form's fields, their numbers, and how a change is undone. Promises that the list is the truth (the map only
// shows it), that every change is a change of the form, which saves itself, that length and time follow, and that what
// happened is said in words. Typed words are never undone: only order, places, route, and which stops there are.

import { number, plural, t } from "../i18n.js";

/** @typedef {[number, number]} Point   longitude, latitude in degrees */
/** @typedef {{rows: [HTMLLIElement, string][], route: string}} Before */

const MOST_UNDONE = 50;
const EARTH_M = 6_371_000;
const PLACE = /^(-?\d{1,2}(?:[.,]\d+)?)\s*°?\s*[,; ]\s*(-?\d{1,3}(?:[.,]\d+)?)\s*°?$/;

export const form = /** @type {HTMLFormElement} */ (document.getElementById("plan"));
export const list = /** @type {HTMLOListElement} */ (form.querySelector(".plan-stops"));
const line = /** @type {HTMLInputElement} */ (form.elements.namedItem("route_line"));
const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("a-stop"));
const measured = /** @type {HTMLElement} */ (document.getElementById("measured"));
const arranged = /** @type {HTMLElement} */ (document.getElementById("arranged"));
const undoing = /** @type {HTMLButtonElement} */ (form.querySelector("[data-undo]"));
const adding = /** @type {HTMLButtonElement} */ (form.querySelector("[name=do][value=add]"));

/** @type {Before[]} */
const done = [];
/** @type {(() => void)[]} */
const listeners = [];

export const rows = () => /** @type {HTMLLIElement[]} */ ([...list.children]);
export const say = (/** @type {string} */ words) => (arranged.textContent = words);
/** Call `fn` after each change of stops or route. */
export const onChange = (/** @type {() => void} */ fn) => listeners.push(fn);

const field = (/** @type {HTMLElement} */ row, /** @type {string} */ name) =>
  /** @type {HTMLInputElement} */ (row.querySelector(`[name=stop_${name}]`));

/** What a stop is called where it is talked about. */
export function named(/** @type {HTMLLIElement} */ row) {
  const number = rows().indexOf(row) + 1;
  const name = field(row, "name").value.trim();
  return name && name !== unnamed(number) ? `${number} ${name}` : unnamed(number);
}

const unnamed = (/** @type {number} */ n) => t("Stop {number}", { number: n });

/** Where a stop is, or null where nobody has said. @returns {Point | null} */
export function placeOf(/** @type {HTMLLIElement} */ row) {
  const found = PLACE.exec(field(row, "place").value.trim());
  if (!found) return null;
  const [lat, lon] = found.slice(1).map((part) => Number(part.replace(",", ".")));
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}

/** The route's points; none where the way goes from stop to stop. @returns {Point[]} */
export const route = () => (line.value ? JSON.parse(line.value) : []);

const rounded = (/** @type {number} */ degrees) => Math.round(degrees * 1e6) / 1e6; // a tenth of a metre

/** Everything that can be undone is kept before it is changed. */
export function remember() {
  done.push({ rows: rows().map((row) => [row, field(row, "place").value]), route: line.value });
  if (done.length > MOST_UNDONE) done.shift();
  undoing.hidden = false;
}

/** What was remembered last did not happen. */
export function forget() {
  done.pop();
  undoing.hidden = !done.length;
}

export function undo() {
  const before = done.pop();
  if (!before) return;
  list.replaceChildren(...before.rows.map(([row]) => row));
  for (const [row, place] of before.rows) field(row, "place").value = place;
  line.value = before.route;
  undoing.hidden = !done.length;
  say(t("Undone."));
  changed();
}

/** Give a stop its place. */
export function put(/** @type {HTMLLIElement} */ row, /** @type {Point} */ [lon, lat]) {
  remember();
  field(row, "place").value = `${rounded(lat)}, ${rounded(lon)}`;
  say(t("{stop} has its place on the map.", { stop: named(row) }));
  changed();
}

/** A new stop at the end; null where there are as many as a walk can have. */
export function add(/** @type {Point | null} */ place = null) {
  const most = Number(adding.dataset.most);
  if (rows().length >= most) {
    say(t("A walk has at most {n} stops.", { n: most }));
    return null;
  }
  remember();
  const row = /** @type {HTMLLIElement} */ (blank.content.querySelector("li")?.cloneNode(true));
  list.append(row);
  field(row, "name").value = unnamed(rows().length);
  if (place) field(row, "place").value = `${rounded(place[1])}, ${rounded(place[0])}`;
  say(t("{stop} is at the end of the list.", { stop: named(row) }));
  changed();
  return row;
}

export function remove(/** @type {HTMLLIElement} */ row) {
  remember();
  const next = /** @type {HTMLElement | null} */ (row.nextElementSibling ?? row.previousElementSibling);
  say(t("{stop} is taken away.", { stop: named(row) }));
  row.remove();
  changed();
  (next?.querySelector(/** @type {"button"} */ ("[value^=remove]")) ?? adding).focus();
}

/** The list's new order, in words. */
export function tellOrder() {
  say(t("New order: {stops}", { stops: rows().map(named).join(" · ") }));
  changed();
}

export function setRoute(/** @type {Point[]} */ points) {
  remember();
  line.value = points.length > 1 ? JSON.stringify(points.map((point) => point.map(rounded))) : "";
  changed();
}

/** Tell the form and whoever listens that something is different. */
function changed() {
  rows().forEach(numbered);
  adding.hidden = rows().length >= Number(adding.dataset.most);
  form.dispatchEvent(new Event("input", { bubbles: true }));
  told();
}

function told() {
  measure();
  for (const fn of listeners) fn();
}

/** A row's number, wherever it stands in it; a name that was only its number follows. */
function numbered(/** @type {HTMLLIElement} */ row, /** @type {number} */ at) {
  const now = String(at + 1);
  const name = field(row, "name");
  const before = row.id.replace("stop-", "");
  if (before !== now && name.value === unnamed(Number(before))) name.value = unnamed(at + 1);
  for (const part of [row, ...row.querySelectorAll("*")])
    for (const attribute of ["id", "for", "data-error", "aria-label"]) {
      const value = part.getAttribute(attribute);
      if (value) part.setAttribute(attribute, value.replace(/\d+/, now));
    }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (row.querySelectorAll("[name=do]")))
    button.value = button.value.replace(/\d+/, now);
  const [shown, hidden] = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("legend span"));
  shown.textContent = now;
  hidden.textContent = unnamed(at + 1);
  /** @type {HTMLButtonElement} */ (row.querySelector("[value^=up]")).disabled = at === 0;
  /** @type {HTMLButtonElement} */ (row.querySelector("[value^=down]")).disabled = row === list.lastElementChild;
}

/** Say how long the way is, along `points` or, without them, as the form has it. */
export function measure(/** @type {Point[]} */ points = route()) {
  const way = points.length > 1 ? points : /** @type {Point[]} */ (rows().map(placeOf).filter(Boolean));
  const metres = way.slice(1).reduce((sum, point, n) => sum + distance(way[n], point), 0);
  const stops = rows().length;
  const parts = [plural(stops, "{n} stop", "{n} stops")];
  if (metres >= 1) {
    parts.push(metres < 1000 ? `${number(Math.round(metres / 10) * 10)}\u00a0m` : `${number(metres / 1000, 1)}\u00a0km`);
    const seconds = metres / Number(measured.dataset.pace) + Number(measured.dataset.pause) * stops;
    parts.push(plural(Math.round(seconds / 300) * 5, "about {n} minute", "about {n} minutes"));
  }
  measured.textContent = parts.join(" · ");
}

/** Metres between two points, on a sphere: the same as the server counts. */
function distance(/** @type {Point} */ a, /** @type {Point} */ b) {
  const [east, north, from, to] = [b[0] - a[0], b[1] - a[1], a[1], b[1]].map((degrees) => (degrees * Math.PI) / 180);
  const h = (1 - Math.cos(north)) / 2 + (Math.cos(from) * Math.cos(to) * (1 - Math.cos(east))) / 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

list.addEventListener("input", told); // a place or a name that was typed
undoing.addEventListener("click", undo);
