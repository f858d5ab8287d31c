// What lies on the ground: the route, where teams went, numbered stops, an area that was chosen, and the notes by shape or by how thick they lie.
//
// Hides MapLibre's style language. Promises that notes which would cover each other are one label with their numbers, and
// that thickness is told by how dark one colour is, never by one colour against another.

import { MOST, VALENCES } from "./places.js";

/** @typedef {import("maplibre-gl").StyleSpecification} Style */
/** @typedef {import("./marks.js").Colours} Colours */
/** @typedef {{valence: string, full: number}} Heat   full: so many notes within some 60 m are the darkest */

export const CLOSEST = 18; // the zoom at which notes of one place are still one label
const TILES = 14; // the zoom whose tiles hold the notes: few to lay out anew, and a pixel right at the closest
const MANY = 300; // more notes than this are gathered more: their labels have longer numbers
const FEW = 60; // as many are told apart on any scale, so they are shown above the heat
/** @type {import("geojson").FeatureCollection} */
export const NOTHING = { type: "FeatureCollection", features: [] };
const FONT = ["IBM Plex Sans Variable"];
const REACH_M = 60; // how far around a note the thickness reaches
const METRES_PER_PIXEL = 78_271 * 0.55; // at zoom 0 and 56 degrees north

/**
 * @param {import("./map.js").Plan} plan
 * @param {import("geojson").FeatureCollection} notes
 * @param {import("./places.js").Point[] | null} area
 * @returns {Style["sources"]}
 */
export function sources({ route, stops, tracks }, notes, area) {
  const points = stops.map((stop) => ({
    type: /** @type {const} */ ("Feature"),
    properties: { number: String(stop.number) },
    geometry: { type: /** @type {const} */ ("Point"), coordinates: [stop.lon, stop.lat] },
  }));
  return {
    route: { type: "geojson", data: route ?? NOTHING },
    tracks: { type: "geojson", data: tracks ?? NOTHING },
    stops: { type: "geojson", data: { type: "FeatureCollection", features: points } },
    area: { type: "geojson", data: outline(area) },
    notes: { type: "geojson", data: notes, maxzoom: TILES },
  };
}

/** How near each other, in pixels, notes become one label. */
export const radius = (/** @type {number} */ notes) => (notes > MANY ? 75 : 40);

/** An area as GeoJSON, closed; nothing where there is none. @returns {import("geojson").FeatureCollection} */
export function outline(/** @type {import("./places.js").Point[] | null} */ area) {
  const features = area
    ? [{ type: /** @type {const} */ ("Feature"), properties: {}, geometry: { type: /** @type {const} */ ("Polygon"), coordinates: [[...area, area[0]]] } }]
    : [];
  return { type: "FeatureCollection", features };
}

/** @returns {Style["layers"]} */
export function layers(
  /** @type {Colours} */ colour,
  /** @type {Heat | null} */ heat,
  /** @type {import("geojson").FeatureCollection} */ notes,
) {
  const isMany = /** @type {any} */ (["has", "many"]);
  const round = /** @type {const} */ ({ "line-cap": "round", "line-join": "round" });
  return [
    ...(heat ? [thickness(colour, heat)] : []),
    { id: "area", type: "fill", source: "area", paint: { "fill-color": colour.route, "fill-opacity": 0.12 } },
    { id: "area-edge", type: "line", source: "area", paint: { "line-color": colour.route, "line-width": 2.5, "line-dasharray": [2, 1.5] } },
    { id: "route-edge", type: "line", source: "route", layout: round, paint: { "line-color": colour.land, "line-width": 8, "line-opacity": 0.9 } },
    { id: "route", type: "line", source: "route", layout: round, paint: { "line-color": colour.route, "line-width": heat ? 2.5 : 4 } },
    // Dots with an edge: they are told from the route, and seen on it, in grey too.
    { id: "track-edge", type: "line", source: "tracks", layout: round, paint: { "line-color": colour.land, "line-width": 9, "line-dasharray": [0.01, 1.323] } },
    { id: "track", type: "line", source: "tracks", layout: round, paint: { "line-color": colour.me, "line-width": 5, "line-dasharray": [0.01, 2.39] } },
    { id: "team", type: "symbol", source: "tracks", layout: { "symbol-placement": "line", "text-field": ["get", "team"], "text-font": FONT, "text-size": 13, "text-offset": [0, 1] }, paint: { "text-color": colour.ink, "text-halo-color": colour.land, "text-halo-width": 2 } },
    // 1.8 em from its place, half a sign and half a stop's number: nearer, it would find no side that is free, and lie under the number.
    { id: "many", type: "symbol", source: "notes", filter: isMany, layout: { "icon-image": "label", "icon-text-fit": "both", "icon-text-fit-padding": [3, 8, 3, 8], "icon-allow-overlap": true, "text-field": ["format", ...VALENCES.flatMap(shapeAndNumber)], "text-font": FONT, "text-size": 14, "text-variable-anchor": ["center", "bottom", "top", "left", "right", "bottom-left", "bottom-right", "top-left", "top-right"], "text-radial-offset": 1.8, "text-allow-overlap": true }, paint: { "text-color": colour.ink } },
    { id: "stops", type: "symbol", source: "stops", layout: { "icon-image": "stop", "icon-allow-overlap": true, "text-field": ["get", "number"], "text-font": FONT, "text-size": 15, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": colour.land } },
    { id: "notes", type: "symbol", source: "notes", filter: ["!", isMany], minzoom: heat && notes.features.length > FEW ? 17 : 0, layout: { "icon-image": heat ? ["concat", "small-", VALENCE] : VALENCE, "icon-offset": ["case", ["has", "at_stop"], ["literal", [24, -21]], ["literal", [0, 0]]], "icon-allow-overlap": true } },
  ];
}

/** The valence of a single note. */
const VALENCE = /** @type {any} */ (["match", ["get", "count"], ...VALENCES.flatMap((valence, place) => [MOST ** place, valence]), "none"]);

/** A label's part for one valence: its shape and the number, or nothing. */
function shapeAndNumber(/** @type {string} */ valence, /** @type {number} */ place) {
  const number = ["%", ["floor", ["/", ["get", "count"], MOST ** place]], MOST];
  const some = [">", number, 0];
  const last = place === VALENCES.length - 1;
  return /** @type {any[]} */ ([
    ["image", ["case", some, `small-${valence}`, "nothing"]],
    { "vertical-align": "center" },
    ["case", some, ["concat", ["to-string", number], last ? "" : " "], ""],
    { "vertical-align": "center" },
  ]);
}

/** How thick the notes lie: the same number of metres around each, however near one looks. @returns {Style["layers"][number]} */
function thickness(/** @type {Colours} */ colour, /** @type {Heat} */ { valence, full }) {
  const own = colour[/** @type {"safe"} */ (valence)] ?? colour.dim;
  const shade = (/** @type {string} */ whole, /** @type {number} */ part) => whole.replace(/^rgb\((.*)\)$/, `rgba($1, ${part})`);
  const clear = shade(own, 0);
  const pixels = (/** @type {number} */ zoom) => Math.max(6, (REACH_M * 2 ** zoom) / METRES_PER_PIXEL);
  return {
    id: "heat",
    type: "heatmap",
    source: "notes",
    paint: {
      "heatmap-radius": ["interpolate", ["exponential", 2], ["zoom"], 12, pixels(12), 19, pixels(19)],
      "heatmap-weight": Math.min(1, 1 / full),
      "heatmap-intensity": 3.6, // makes 1 of as many notes as are full, spread evenly: the kernel's volume
      "heatmap-opacity": 0.85,
      "heatmap-color": ["interpolate", ["linear"], ["heatmap-density"], 0, clear, 0.05, clear, 0.3, shade(own, 0.45), 1, own],
    },
  };
}
