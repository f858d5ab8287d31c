// Where a walk's notes lie: which of them the map shows, what of them its worker must know, and what it shows at first.
//
// Hides that MapLibre's worker is sent no words but a few numbers for each sign, so that thousands of notes are no burden.
// Promises that a note without a place is never put anywhere, and that a note measured far off does not shrink the rest.

import { LngLat, LngLatBounds } from "maplibre-gl";
import { placeOf } from "./gather.js";

/** @typedef {[number, number]} Point   longitude, latitude */
/** @typedef {import("geojson").Feature<import("geojson").Point, any>} Note */
/** @typedef {(note: Note) => boolean} Test */

const FAR_OFF = 0.03; // degrees, some 2 to 3 km: a note further from the route was measured wrongly
const AT_STOP_M = 15; // nearer than a phone can tell
export const VALENCES = ["safe", "mixed", "unsafe", "none"];
export const MOST = 8192; // notes of one valence in a group: what four of fit into a number without loss

/** The notes that have a place, each with its id; `at_stop` where it would cover a stop's number. @returns {Note[]} */
export function placed(/** @type {import("./map.js").Notes} */ notes, /** @type {import("./map.js").Stop[]} */ stops) {
  const points = stops.map((stop) => new LngLat(stop.lon, stop.lat));
  const atStop = (/** @type {any} */ { coordinates: [lon, lat] }) =>
    points.some((point) => point.distanceTo(new LngLat(lon, lat)) < AT_STOP_M);
  return /** @type {Note[]} */ (notes.features.filter((one) => one.geometry)).map((one) => ({
    ...one,
    properties: { ...one.properties, note_id: one.id, at_stop: atStop(one.geometry) },
  }));
}

/** Which of the notes pass, by their number. */
export const passing = (/** @type {Note[]} */ notes, /** @type {Test | null} */ test) =>
  [...notes.keys()].filter((n) => !test || test(notes[n]));

/**
 * What the worker is told of the signs on the map. Of a single note: `note_id`, `at_stop` where it is so, and `count`: 1 in the
 * place of its valence among the digits to the base MOST. Of a group: `first`, the id of its first note, `many` they are, and
 * the sum of their counts. Nothing more: each field is looked at several times on its way there.
 * @param {Note[]} notes
 * @param {import("./gather.js").Group[]} groups
 * @returns {import("geojson").FeatureCollection<import("geojson").Point>}
 */
export function lean(notes, groups) {
  const features = groups.map((group) => {
    const { geometry, properties, id } = notes[group.notes[0]];
    const [many, count] = [group.notes.length, group.notes.reduce((sum, n) => sum + counted(notes[n]), 0)];
    if (many > 1) return sign({ type: "Point", coordinates: placeOf(group) }, { first: id, many, count });
    return sign(geometry, properties.at_stop ? { note_id: id, count, at_stop: true } : { note_id: id, count });
  });
  return { type: "FeatureCollection", features };
}

const sign = (/** @type {import("geojson").Point} */ geometry, /** @type {Record<string, unknown>} */ properties) => ({
  type: /** @type {const} */ ("Feature"),
  geometry,
  properties,
});

function counted(/** @type {Note} */ { properties }) {
  const place = VALENCES.indexOf(properties.valence);
  return MOST ** (place < 0 ? VALENCES.indexOf("none") : place);
}

/**
 * The route and stops, and the notes near them; else the notes; else `around`.
 * @param {import("./map.js").Plan} plan
 * @param {Note[]} notes
 * @param {Point[]} [around]
 * @returns {LngLatBounds | null}
 */
export function extent({ route, stops }, notes, around = []) {
  const fixed = [
    .../** @type {Point[]} */ (route?.coordinates ?? []),
    ...stops.map((stop) => /** @type {Point} */ ([stop.lon, stop.lat])),
  ];
  const seen = notes.map((one) => /** @type {Point} */ (one.geometry.coordinates));
  if (!fixed.length && !seen.length) seen.push(...around);
  const first = fixed[0] ?? seen[0];
  if (!first) return null;
  const bounds = new LngLatBounds(first, first);
  for (const point of fixed) bounds.extend(point);
  const near = LngLatBounds.convert([
    [bounds.getWest() - FAR_OFF, bounds.getSouth() - FAR_OFF],
    [bounds.getEast() + FAR_OFF, bounds.getNorth() + FAR_OFF],
  ]);
  for (const point of seen) if (!fixed.length || near.contains(point)) bounds.extend(point);
  return bounds;
}
