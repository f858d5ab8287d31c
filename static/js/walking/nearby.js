// Nearby: the stops and notes of a walk in the order of their distance, and where they lie as one would say it.
//
// Pure: knows neither the map nor the screen. Promises that whatever has no known place is in the list too, last; and
// that a distance is called "about" where the position is not good enough to mean it.

import "../later.js";
import { distanceText, t } from "../i18n.js";
import { distance } from "../place.js";

/**
 * @typedef {import("../place.js").Point} Point
 * @typedef {import("../protocol.js").Fix} Fix
 * @typedef {import("../protocol.js").Walk} Walk
 * @typedef {import("../protocol.js").Stop} Stop
 * @typedef {import("../protocol.js").Change} Change
 * @typedef {import("../store.js").Note} Note
 * @typedef {{id: string, at: Point | null, stop?: Stop, mine?: Note, other?: Change}} Item   one of the three
 */

const HERE_M = 10; // nearer than a phone can tell
const ABOUT_M = 25; // beyond this a position's metres are a guess
const rad = Math.PI / 180;

/** Where a note belongs: the pin, else the measurement, else its stop. @returns {Point | null} */
export function placeOf(/** @type {Pick<Change, "pin" | "fix" | "stop_id">} */ { pin, fix, stop_id }, /** @type {Stop[]} */ stops) {
  const { lat, lon } = pin ?? fix ?? stops.find((stop) => stop.id === stop_id) ?? { lat: null, lon: null };
  return lat === null || lon === null ? null : { lat, lon };
}

/** Everything on the walk, stops first, then one's own notes, then the others'. @returns {Item[]} */
export function items(/** @type {Stop[]} */ stops, /** @type {Note[]} */ own, /** @type {Iterable<Change>} */ others) {
  return [
    ...stops.map((stop) => ({ id: stop.id, stop, at: placeOf({ pin: null, fix: null, stop_id: stop.id }, stops) })),
    ...own
      .filter(({ content }) => !content.deleted)
      .map((mine) => ({ id: mine.id, mine, at: placeOf(mine.content, stops) })),
    ...[...others].map((other) => ({ id: other.id, other, at: placeOf(other, stops) })),
  ];
}

/** The nearest first; as they come where one does not know where one is. @returns {Item[]} */
export function inOrder(/** @type {Item[]} */ found, /** @type {Point | null} */ from) {
  const far = (/** @type {Item} */ { at }) => (at && from ? distance(from, at) : at ? 0 : Number.POSITIVE_INFINITY);
  const measured = found.map((item) => ({ item, metres: far(item) }));
  return measured.sort((a, b) => (a.metres === b.metres ? 0 : a.metres - b.metres)).map(({ item }) => item);
}

/** Degrees from north, at `from`, towards `to`; 0 to 360. */
export function bearing(/** @type {Point} */ from, /** @type {Point} */ to) {
  const [a, b, across] = [from.lat * rad, to.lat * rad, (to.lon - from.lon) * rad];
  const east = Math.sin(across) * Math.cos(b);
  const north = Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(across);
  return (Math.atan2(east, north) / rad + 360) % 360;
}

/** "120 m ahead of you", "120 m to the north" where the heading is not known; null where one of the two places is not. */
export function whereabouts(/** @type {Point | null} */ at, /** @type {Fix | null} */ fix, /** @type {number | null} */ heading) {
  if (!at || !fix) return null;
  const metres = distance(fix, at);
  const about = (fix.accuracy_m ?? Number.POSITIVE_INFINITY) > ABOUT_M;
  if (metres <= HERE_M) return about ? t("about where you stand") : t("where you stand");
  const text = distanceText(rounded(metres));
  const values = { metres: about ? t("about {metres}", { metres: text }) : text };
  const way = bearing(fix, at);
  if (heading === null) return NORTH[Math.round(way / 45) % 8](values);
  return AHEAD[Math.round(((way - heading + 720) % 360) / 90) % 4](values);
}

/** Metres as one says them: 5, 15, 120. */
const rounded = (/** @type {number} */ metres) => (metres < 100 ? Math.round(metres / 5) * 5 : Math.round(metres / 10) * 10);

/** @typedef {{metres: string}} Values */
const AHEAD = [
  (/** @type {Values} */ values) => t("{metres} ahead of you", values),
  (/** @type {Values} */ values) => t("{metres} to your right", values),
  (/** @type {Values} */ values) => t("{metres} behind you", values),
  (/** @type {Values} */ values) => t("{metres} to your left", values),
];
const NORTH = [
  (/** @type {Values} */ values) => t("{metres} to the north", values),
  (/** @type {Values} */ values) => t("{metres} to the northeast", values),
  (/** @type {Values} */ values) => t("{metres} to the east", values),
  (/** @type {Values} */ values) => t("{metres} to the southeast", values),
  (/** @type {Values} */ values) => t("{metres} to the south", values),
  (/** @type {Values} */ values) => t("{metres} to the southwest", values),
  (/** @type {Values} */ values) => t("{metres} to the west", values),
  (/** @type {Values} */ values) => t("{metres} to the northwest", values),
];
