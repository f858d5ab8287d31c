// Draws one map with MapLibre: the ground, the route, numbered stops, and notes by shape and colour.
//
// Hides sources, layers, clusters and pop-ups. Promises that notes which would cover each other become one label with
// their number, that each can be opened by hand and from the list, and that day and night follow the page. All text goes
// in as text, never as HTML.

import { AttributionControl, LngLatBounds, Map as GlMap, NavigationControl, Popup, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import "../../css/map.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { plural, t } from "../i18n.js";
import { ground } from "./ground.js";
import { colours, picture } from "./marks.js";

/** @typedef {import("./map.js").Plan & {notes: import("./map.js").Notes, basemap: string | null, credit: string}} Shown */

setWorkerUrl(workerUrl);

const FONT = ["IBM Plex Sans Variable"];
const CLOSEST = 18;
const FAR_OFF = 0.03; // degrees, some 2 to 3 km: a note further from the route was measured wrongly
const LISTED = 12; // notes in one pop-up; the list has the rest
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
    return { show: () => false, update: () => {}, remove: () => {} };
  }
  let notes = placed(shown.notes);
  const under = await ground(shown.basemap, bounds, say);
  const style = () => dress(element, shown, notes, under);
  const map = new GlMap({
    container: frame(element),
    style: style(),
    bounds,
    fitBoundsOptions: { padding: 48, maxZoom: 17 },
    maxZoom: CLOSEST + 1,
    attributionControl: false,
    cooperativeGestures: true,
    dragRotate: false,
    pitchWithRotate: false,
    locale: words(),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  if (under.layers(colours(element)).length) map.addControl(credit(shown.credit), "bottom-left");
  map.setMissingStyleImageResolver((id) => {
    const image = picture(id, colours(element));
    if (image) map.addImage(id, image.data, image.options);
  });
  const popup = new Popup({ maxWidth: "20rem", focusAfterOpen: true, offset: 14 });
  listen(map, popup);
  const dressed = () => map.setStyle(style(), { diff: false });
  const stop = followTheme(dressed);
  const printed = print(element, map);
  await new Promise((resolve) => map.once("load", resolve));
  return {
    show(id) {
      const feature = notes.features.find((one) => one.id === id);
      if (!feature) return false;
      const at = /** @type {[number, number]} */ (feature.geometry.coordinates);
      map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 17) });
      tell(map, popup, at, [feature]);
      return true;
    },
    update(changed) {
      popup.remove();
      notes = placed(changed);
      /** @type {import("maplibre-gl").GeoJSONSource} */ (map.getSource("notes")).setData(notes);
    },
    remove() {
      stop();
      printed();
      map.remove();
    },
  };
}

/** What MapLibre draws in: the element keeps its words beside it. */
function frame(/** @type {HTMLElement} */ element) {
  const made = document.createElement("div");
  made.className = "map-frame";
  element.prepend(made);
  return made;
}

/** @returns {LngLatBounds | null} the route and stops, and the notes near them; else the notes */
function extent(/** @type {Shown} */ { route, stops, notes }) {
  /** @type {[number, number][]} */
  const fixed = [
    .../** @type {[number, number][]} */ (route?.coordinates ?? []),
    ...stops.map((stop) => /** @type {[number, number]} */ ([stop.lon, stop.lat])),
  ];
  const seen = placed(notes).features.map((one) => /** @type {[number, number]} */ (one.geometry.coordinates));
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

/** The notes that have a place. */
function placed(/** @type {import("./map.js").Notes} */ notes) {
  return /** @type {import("geojson").FeatureCollection<import("geojson").Point, any>} */ ({
    type: "FeatureCollection",
    // MapLibre hands out whole numbers as ids; ours travels among the properties.
    features: notes.features
      .filter((one) => one.geometry)
      .map((one) => ({ ...one, properties: { ...one.properties, note_id: one.id } })),
  });
}

/**
 * @param {HTMLElement} element
 * @param {Shown} shown
 * @param {import("geojson").FeatureCollection<import("geojson").Point>} notes
 * @param {import("./ground.js").Ground} under
 * @returns {import("maplibre-gl").StyleSpecification}
 */
function dress(element, { route, stops }, notes, under) {
  const colour = colours(element);
  const atStop = /** @type {any} */ (["==", ["get", "place_source"], "stop"]);
  const isMany = /** @type {any} */ (["has", "point_count"]);
  // What was placed at a stop stands beside the stop's number, not on it.
  const beside = /** @type {any} */ (["case", [">", ["get", "measured"], 0], ["literal", NO_SHIFT], ["literal", [1.6, -1.4]]]);
  const points = stops.map((stop) => ({
    type: /** @type {const} */ ("Feature"),
    properties: { number: String(stop.number) },
    geometry: { type: /** @type {const} */ ("Point"), coordinates: [stop.lon, stop.lat] },
  }));
  return {
    version: 8,
    sources: {
      ...under.sources,
      route: { type: "geojson", data: route ?? { type: "FeatureCollection", features: [] } },
      stops: { type: "geojson", data: { type: "FeatureCollection", features: points } },
      notes: {
        type: "geojson",
        data: notes,
        cluster: true,
        clusterRadius: 20,
        clusterMaxZoom: CLOSEST,
        clusterProperties: { measured: ["+", ["case", atStop, 0, 1]] },
      },
    },
    layers: [
      { id: "land", type: "background", paint: { "background-color": colour.land } },
      ...under.layers(colour),
      { id: "route-edge", type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour.land, "line-width": 8, "line-opacity": 0.9 } },
      { id: "route", type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour.route, "line-width": 4 } },
      { id: "stops", type: "symbol", source: "stops", layout: { "icon-image": "stop", "icon-allow-overlap": true, "icon-ignore-placement": true, "text-field": ["get", "number"], "text-font": FONT, "text-size": 15, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": colour.land } },
      { id: "notes", type: "symbol", source: "notes", filter: ["!", isMany], layout: { "icon-image": ["coalesce", ["get", "valence"], "none"], "icon-offset": ["case", atStop, ["literal", [24, -21]], ["literal", NO_SHIFT]], "icon-allow-overlap": true, "icon-ignore-placement": true } },
      { id: "many", type: "symbol", source: "notes", filter: isMany, layout: { "icon-image": "label", "icon-text-fit": "both", "icon-text-fit-padding": [3, 8, 3, 8], "icon-allow-overlap": true, "text-field": ["to-string", ["get", "point_count"]], "text-font": FONT, "text-size": 14, "text-offset": beside, "text-allow-overlap": true }, paint: { "text-color": colour.ink } },
    ],
  };
}

/** @typedef {import("geojson").Feature<import("geojson").Point, any>} Note */

function listen(/** @type {GlMap} */ map, /** @type {Popup} */ popup) {
  for (const layer of ["notes", "many"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  map.on("click", "notes", ({ features }) => {
    const [clicked] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    tell(map, popup, clicked.geometry.coordinates, [clicked]);
  });
  map.on("click", "many", async ({ features }) => {
    const [{ geometry, properties }] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    const source = /** @type {import("maplibre-gl").GeoJSONSource} */ (map.getSource("notes"));
    const zoom = await source.getClusterExpansionZoom(properties.cluster_id);
    if (zoom <= CLOSEST) return map.easeTo({ center: /** @type {[number, number]} */ (geometry.coordinates), zoom });
    const leaves = await source.getClusterLeaves(properties.cluster_id, LISTED, 0);
    return tell(map, popup, geometry.coordinates, /** @type {Note[]} */ (leaves), properties.point_count);
  });
}

/** Say in a pop-up what was noted at a place. */
function tell(
  /** @type {GlMap} */ map,
  /** @type {Popup} */ popup,
  /** @type {number[]} */ at,
  /** @type {Note[]} */ notes,
  total = notes.length,
) {
  const list = document.createElement("ul");
  list.className = "map-notes";
  list.append(...notes.slice(0, LISTED).map(line));
  if (total > LISTED) {
    const rest = document.createElement("li");
    rest.textContent = plural(total - LISTED, "and {n} more note in the list", "and {n} more notes in the list");
    list.append(rest);
  }
  popup.setLngLat(/** @type {[number, number]} */ (at)).setDOMContent(list).addTo(map);
}

function line(/** @type {Note} */ { properties }) {
  const item = document.createElement("li");
  const { valence, note, suggestion, note_id: id } = properties;
  if (valence) {
    const said = document.createElement("b");
    said.className = "valence";
    said.dataset.valence = valence;
    said.innerHTML = `<svg class="mark" data-valence="${valence}" aria-hidden="true"><use href="#v-${valence}"/></svg>`;
    said.append({ safe: t("Safe"), mixed: t("Both"), unsafe: t("Unsafe") }[/** @type {"safe"} */ (valence)] ?? "");
    item.append(said);
  }
  const text = document.createElement("span");
  const words = note || suggestion;
  text.textContent = words.length > 140 ? `${words.slice(0, 140).replace(/\s+\S*$/, "")} …` : words;
  item.append(text);
  if (document.getElementById(`n-${id}`)) {
    const link = document.createElement("a");
    link.href = `#n-${id}`;
    link.textContent = t("See the note");
    item.append(link);
  }
  return item;
}

/** Dress the map anew when the page goes from day to night or back. */
function followTheme(/** @type {() => void} */ dressed) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(dressed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", dressed);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", dressed);
  };
}

/** On paper a canvas is empty: put a picture of it in its place. */
function print(/** @type {HTMLElement} */ element, /** @type {GlMap} */ map) {
  const image = document.createElement("img");
  image.className = "map-print";
  image.alt = "";
  const ready = () => {
    map.redraw();
    image.src = map.getCanvas().toDataURL();
    element.append(image);
  };
  addEventListener("beforeprint", ready);
  return () => removeEventListener("beforeprint", ready);
}

function credit(/** @type {string} */ text) {
  const safe = document.createElement("span");
  safe.textContent = text;
  return new AttributionControl({ compact: false, customAttribution: safe.innerHTML });
}

const words = () => ({
  "Map.Title": t("Map of the route, the stops and the notes. The same stands as text below."),
  "NavigationControl.ZoomIn": t("Zoom in"),
  "NavigationControl.ZoomOut": t("Zoom out"),
  "Popup.Close": t("Close"),
  "CooperativeGesturesHandler.WindowsHelpText": t("Hold Ctrl and scroll to zoom the map"),
  "CooperativeGesturesHandler.MacHelpText": t("Hold ⌘ and scroll to zoom the map"),
  "CooperativeGesturesHandler.MobileHelpText": t("Use two fingers to move the map"),
});
