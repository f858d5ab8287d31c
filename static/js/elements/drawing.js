// Draws one map with MapLibre: the ground, the route, numbered stops, and notes by shape and colour.
//
// Hides sources, layers, clusters and pop-ups. Promises that notes which would cover each other become one label with
// their number, that each can be opened by hand and from the list, that day, night and contrast follow the page, and that
// paper has a dress of its own. All text goes in as text, never as HTML.

import { AttributionControl, LngLat, LngLatBounds, Map as GlMap, Marker, NavigationControl, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import "../../css/map.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { t } from "../i18n.js";
import "../later.js";
import { ground, watchGround } from "./ground.js";
import { colours, picture } from "./marks.js";
import { answering } from "./popup.js";
import { explain, letters, print, watchCanvas } from "./wear.js";

/**
 * @typedef {import("./map.js").Plan & {notes: import("./map.js").Notes, basemap: ArrayBuffer | string | null, credit: string,
 *   unlit: boolean, walking?: {around: [number, number][]}}} Shown   walking: on a walker's screen, which answers taps itself,
 *   and what to show where the walk has no place yet; one finger moves the map
 */

setWorkerUrl(workerUrl);

const FONT = ["IBM Plex Sans Variable"];
const CLOSEST = 18;
const FAR_OFF = 0.03; // degrees, some 2 to 3 km: a note further from the route was measured wrongly
const AT_STOP_M = 15; // nearer than a phone can tell
const VALENCES = ["safe", "mixed", "unsafe", "none"];
/** @type {[number, number]} */
const NO_SHIFT = [0, 0];

/**
 * @param {HTMLElement} element
 * @param {Shown} shown
 * @param {(text: string) => void} say
 * @returns {Promise<import("./map.js").Drawing>}
 */
export async function draw(element, shown, say) {
  const bounds = extent(shown);
  if (!bounds) {
    say(t("No place to show on the map yet."));
    return nowhere;
  }
  let notes = placed(shown.notes, shown.stops);
  let [under] = await Promise.all([ground(shown.basemap, bounds, say), letters()]);
  let { unlit } = shown;
  const style = (/** @type {"screen" | "paper"} */ worn = "screen") => dress(colours(element, worn), shown, notes, under, unlit);
  const map = new GlMap({
    container: frame(element),
    style: style(),
    bounds,
    fitBoundsOptions: { padding: 48, maxZoom: 17 },
    maxZoom: CLOSEST + 0.9, // one step further the notes of one place would lie on each other unseen
    attributionControl: false,
    cooperativeGestures: !shown.walking,
    dragRotate: false,
    pitchWithRotate: false,
    locale: words(),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  const credited = credit(shown.credit);
  const lies = () => {
    const named = map.hasControl(credited);
    const some = Object.keys(under.sources).length > 0;
    if (some && !named) map.addControl(credited, "bottom-left");
    if (!some && named) map.removeControl(credited);
    explain(element, unlit ? under : null);
  };
  lies();
  watchGround(map, say);
  watchCanvas(map, say);
  map.setMissingStyleImageResolver((id) => {
    const image = picture(id, colours(element));
    if (image) map.addImage(id, image.data, image.options);
  });
  const opened = shown.walking ? null : answering(map, CLOSEST);
  const chosen = tapped(element, map);
  const dressed = () => map.setStyle(style(), { diff: false });
  const stop = followTheme(dressed);
  const printed = print(element, map, style);
  await new Promise((resolve) => map.once("load", resolve));
  return {
    map,
    onDressed(put) {
      map.on("styledata", () => map.getLayer("route") && put());
      put();
    },
    show(id) {
      const feature = notes.features.find((one) => one.id === id);
      if (!feature) return false;
      const at = /** @type {[number, number]} */ (feature.geometry.coordinates);
      map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 17) });
      opened?.show(feature);
      return true;
    },
    update(changed) {
      opened?.close();
      notes = placed(changed, shown.stops);
      /** @type {import("maplibre-gl").GeoJSONSource} */ (map.getSource("notes")).setData(notes);
    },
    point: chosen,
    async lay(basemap) {
      say("");
      under = await ground(basemap, bounds, say);
      dressed();
      lies();
    },
    light(wanted) {
      unlit = wanted;
      dressed();
      lies();
    },
    remove() {
      stop();
      printed();
      map.remove();
    },
  };
}

/** No map: there is no place to show. @type {import("./map.js").Drawing} */
const nowhere = {
  map: null,
  onDressed: () => {},
  show: () => false,
  update: () => {},
  point: () => {},
  lay: async () => {},
  light: () => {},
  remove: () => {},
};

/** What MapLibre draws in: the element keeps its words beside it. */
export function frame(/** @type {HTMLElement} */ element) {
  const made = document.createElement("div");
  made.className = "map-frame";
  element.prepend(made);
  return made;
}

/** @returns {LngLatBounds | null} the route and stops, and the notes near them; else the notes */
function extent(/** @type {Shown} */ { route, stops, notes, walking }) {
  /** @type {[number, number][]} */
  const fixed = [
    .../** @type {[number, number][]} */ (route?.coordinates ?? []),
    ...stops.map((stop) => /** @type {[number, number]} */ ([stop.lon, stop.lat])),
  ];
  const seen = placed(notes, stops).features.map((one) => /** @type {[number, number]} */ (one.geometry.coordinates));
  if (!fixed.length && !seen.length) seen.push(...(walking?.around ?? []));
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

/** The notes that have a place; `at_stop` where they would cover a stop's number. */
function placed(/** @type {import("./map.js").Notes} */ notes, /** @type {import("./map.js").Stop[]} */ stops) {
  const points = stops.map((stop) => new LngLat(stop.lon, stop.lat));
  const atStop = (/** @type {any} */ { coordinates: [lon, lat] }) =>
    points.some((point) => point.distanceTo(new LngLat(lon, lat)) < AT_STOP_M);
  return /** @type {import("geojson").FeatureCollection<import("geojson").Point, any>} */ ({
    type: "FeatureCollection",
    // MapLibre hands out whole numbers as ids; ours travels among the properties.
    features: notes.features
      .filter((one) => one.geometry)
      .map((one) => ({ ...one, properties: { ...one.properties, note_id: one.id, at_stop: atStop(one.geometry) } })),
  });
}

/**
 * @param {import("./marks.js").Colours} colour
 * @param {Shown} shown
 * @param {import("geojson").FeatureCollection<import("geojson").Point>} notes
 * @param {import("./ground.js").Ground} under
 * @param {boolean} unlit
 * @returns {import("maplibre-gl").StyleSpecification}
 */
function dress(colour, { route, stops }, notes, under, unlit) {
  const isMany = /** @type {any} */ (["has", "point_count"]);
  const points = stops.map((stop) => ({
    type: /** @type {const} */ ("Feature"),
    properties: { number: String(stop.number) },
    geometry: { type: /** @type {const} */ ("Point"), coordinates: [stop.lon, stop.lat] },
  }));
  return {
    version: 8,
    transition: { duration: 0, delay: 0 }, // paper does not wait
    sources: {
      ...under.sources,
      route: { type: "geojson", data: route ?? { type: "FeatureCollection", features: [] } },
      stops: { type: "geojson", data: { type: "FeatureCollection", features: points } },
      notes: {
        type: "geojson",
        data: notes,
        maxzoom: CLOSEST + 1,
        cluster: true,
        clusterRadius: 40,
        clusterMaxZoom: CLOSEST,
        clusterProperties: Object.fromEntries(VALENCES.map((key) => [key, counted(key)])),
      },
    },
    layers: [
      { id: "land", type: "background", paint: { "background-color": colour.land } },
      ...under.layers(colour, unlit),
      { id: "route-edge", type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour.land, "line-width": 8, "line-opacity": 0.9 } },
      { id: "route", type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour.route, "line-width": 4 } },
      { id: "many", type: "symbol", source: "notes", filter: isMany, layout: { "icon-image": "label", "icon-text-fit": "both", "icon-text-fit-padding": [3, 8, 3, 8], "icon-allow-overlap": true, "text-field": ["format", ...VALENCES.flatMap(shapeAndNumber)], "text-font": FONT, "text-size": 14, "text-variable-anchor": ["center", "bottom", "top", "left", "right", "bottom-left", "bottom-right", "top-left", "top-right"], "text-radial-offset": 1.3, "text-allow-overlap": true }, paint: { "text-color": colour.ink } },
      { id: "stops", type: "symbol", source: "stops", layout: { "icon-image": "stop", "icon-allow-overlap": true, "text-field": ["get", "number"], "text-font": FONT, "text-size": 15, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": colour.land } },
      { id: "notes", type: "symbol", source: "notes", filter: ["!", isMany], layout: { "icon-image": ["coalesce", ["get", "valence"], "none"], "icon-offset": ["case", ["get", "at_stop"], ["literal", [24, -21]], ["literal", NO_SHIFT]], "icon-allow-overlap": true } },
    ],
  };
}

/** How many of a cluster's notes have this valence. */
const counted = (/** @type {string} */ valence) =>
  /** @type {any} */ (["+", ["case", ["==", ["coalesce", ["get", "valence"], "none"], valence], 1, 0]]);

/** A label's part for one valence: its shape and the number, or nothing. */
function shapeAndNumber(/** @type {string} */ valence) {
  const some = [">", ["get", valence], 0];
  const last = valence === VALENCES.at(-1);
  return /** @type {any[]} */ ([
    ["image", ["case", some, `small-${valence}`, "nothing"]],
    { "vertical-align": "center" },
    ["case", some, ["concat", ["to-string", ["get", valence]], last ? "" : " "], ""],
    { "vertical-align": "center" },
  ]);
}

const DRESSES = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"];

/** Dress the map anew when the page goes from day to night, to more contrast, or back. */
export function followTheme(/** @type {() => void} */ dressed) {
  const asked = DRESSES.map((query) => matchMedia(query));
  const chosen = new MutationObserver(dressed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  for (const one of asked) one.addEventListener("change", dressed);
  return () => {
    chosen.disconnect();
    for (const one of asked) one.removeEventListener("change", dressed);
  };
}

/**
 * Tell where the ground was tapped.
 * @returns {(place: {lat: number, lon: number} | null) => void} shows where somebody means
 */
function tapped(/** @type {HTMLElement} */ element, /** @type {GlMap} */ map) {
  const ring = document.createElement("span");
  ring.className = "map-chosen";
  const marker = new Marker({ element: ring });
  map.on("click", ({ point, lngLat: { lat, lng: lon } }) => {
    if (map.queryRenderedFeatures(point, { layers: ["notes", "many"] }).length) return;
    element.dispatchEvent(new CustomEvent("map-tap", { detail: { lat, lon } }));
  });
  return (place) => (place ? marker.setLngLat(place).addTo(map) : marker.remove());
}

export function credit(/** @type {string} */ text) {
  const safe = document.createElement("span");
  safe.textContent = text;
  return new AttributionControl({ compact: false, customAttribution: safe.innerHTML });
}

export const words = () => ({
  "Map.Title": t("Map of the route, the stops and the notes. The same stands as text below."),
  "NavigationControl.ZoomIn": t("Zoom in"),
  "NavigationControl.ZoomOut": t("Zoom out"),
  "Popup.Close": t("Close"),
  "CooperativeGesturesHandler.WindowsHelpText": t("Hold Ctrl and scroll to zoom the map"),
  "CooperativeGesturesHandler.MacHelpText": t("Hold ⌘ and scroll to zoom the map"),
  "CooperativeGesturesHandler.MobileHelpText": t("Use two fingers to move the map"),
});
