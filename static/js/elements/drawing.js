// Draws one map with MapLibre: the ground, the route, numbered stops, and notes by shape and colour.
//
// Hides sources, layers, clusters and pop-ups. Promises that notes which would cover each other become one label with
// their number, that each can be opened by hand and from the list, and that day and night follow the page. All text goes
// in as text, never as HTML.

import { AttributionControl, Map as GlMap, Marker, NavigationControl, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import "../../css/map.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { t } from "../i18n.js";
import "../later.js";
import { ground } from "./ground.js";
import { CLOSEST, layers, outline, radius, sources } from "./layers.js";
import { colours, picture } from "./marks.js";
import { print } from "./paper.js";
import { extent, lean, placed } from "./places.js";
import { answering } from "./popup.js";

/** @typedef {import("./places.js").Point} Point */
/** @typedef {import("./places.js").Test} Test */
/**
 * `notes` may still be on their way; `only`: which of them are shown; `heat`: how thick they lie, instead of each;
 * `paper`: for a sheet, sharp and still; `view`: what to show, unless everything.
 * @typedef {import("./map.js").Plan & {notes: import("./map.js").Notes | Promise<import("./map.js").Notes>, basemap: string | null,
 *   credit: string, only?: Test | null, area?: Point[] | null, heat?: import("./layers.js").Heat | null, paper?: boolean,
 *   view?: import("maplibre-gl").LngLatBoundsLike}} Shown
 */

setWorkerUrl(workerUrl);

const FIT = { padding: 48, maxZoom: 17 };
const SHARP = 2; // pixels of a printed map for one of the page

/**
 * @param {HTMLElement} element
 * @param {Shown} shown
 * @param {(text: string) => void} say
 * @returns {Promise<import("./map.js").Drawing>}
 */
export async function draw(element, shown, say) {
  // The map begins with the route while the notes are on their way; without one they say where it is.
  let all = extent(shown, []) && !shown.heat ? [] : placed(await shown.notes, shown.stops);
  const bounds = extent(shown, all);
  if (!bounds) {
    say(t("No place to show on the map yet."));
    return NOTHING;
  }
  let [only, area] = [shown.only ?? null, shown.area ?? null];
  const under = await ground(shown.basemap, bounds, say);
  const style = () => dress(element, shown, lean(all, only), area, under);
  const map = new GlMap({
    container: frame(element),
    style: style(),
    bounds: shown.view ?? bounds,
    fitBoundsOptions: shown.view ? {} : FIT,
    maxZoom: CLOSEST + 0.9, // one step further the notes of one place would lie on each other unseen
    attributionControl: false,
    cooperativeGestures: !shown.paper,
    interactive: !shown.paper,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    locale: words(),
    ...(shown.paper ? { pixelRatio: SHARP } : {}),
  });
  const source = (/** @type {string} */ id) => /** @type {import("maplibre-gl").GeoJSONSource | undefined} */ (map.getSource(id));
  const credits = under.layers(colours(element)).length ? shown.credit : "";
  if (!shown.paper) controls(map, credits);
  map.setMissingStyleImageResolver((id) => {
    const image = picture(id, colours(element));
    if (image) map.addImage(id, image.data, image.options);
  });
  const opened = answering(element, map, CLOSEST, ({ n }) => all[n]);
  const chosen = tapped(element, map);
  const dressed = () => map.setStyle(style(), { diff: false });
  const stop = followTheme(dressed);
  const printed = print(element, map, credits);
  const put = () => {
    const data = lean(all, only);
    const fitting = radius(data);
    const [notes, cluster] = [source("notes"), !shown.heat];
    const changed = cluster && notes?.getClusterOptions().clusterRadius !== fitting;
    return Promise.all([notes?.setData(data), changed ? notes?.setClusterOptions({ cluster, clusterRadius: fitting }) : null]);
  };
  const loaded = new Promise((resolve) => map.once("load", resolve));
  const filled = async () => {
    all = placed(await shown.notes, shown.stops);
    const wider = extent(shown, all) ?? bounds;
    if (!shown.view && wider.toString() !== bounds.toString()) map.fitBounds(wider, { ...FIT, animate: false });
    await ready(map, put);
  };
  try {
    await Promise.all([loaded, all.length ? null : filled()]);
  } catch (error) {
    map.remove();
    throw error;
  }
  return {
    map,
    credits,
    show(id) {
      const note = all.find((one) => one.id === id);
      if (!note || (only && !only(note))) return false;
      const at = /** @type {Point} */ (note.geometry.coordinates);
      map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 17) });
      opened.show(note);
      return true;
    },
    update(changed) {
      all = placed(changed, shown.stops);
      put();
    },
    filter(test) {
      opened.close();
      only = test;
      return put();
    },
    choose(within) {
      area = within;
      source("area")?.setData(outline(area));
    },
    all: () => all,
    notes: () => (only ? all.filter(only) : all),
    onDressed: (fn) => void map.on("style.load", fn),
    point: chosen,
    remove() {
      stop();
      printed();
      map.remove();
    },
  };
}

/** @type {import("./map.js").Drawing} where there is nothing to draw */
const NOTHING = {
  map: null,
  credits: "",
  show: () => false,
  update: () => {},
  filter: async () => {},
  choose: () => {},
  all: () => [],
  notes: () => [],
  onDressed: () => {},
  point: () => {},
  remove: () => {},
};

/** The style may not have come when the notes do. */
async function ready(/** @type {GlMap} */ map, /** @type {() => unknown} */ put) {
  if (!map.getSource("notes")) await new Promise((resolve) => map.once("style.load", resolve));
  await put();
  await new Promise((resolve) => map.once("render", resolve).triggerRepaint());
}

function controls(/** @type {GlMap} */ map, /** @type {string} */ credits) {
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  if (credits) map.addControl(credit(credits), "bottom-left");
}

/** What MapLibre draws in: the element keeps its words beside it. */
export function frame(/** @type {HTMLElement} */ element) {
  const made = document.createElement("div");
  made.className = "map-frame";
  element.prepend(made);
  return made;
}

/**
 * @param {HTMLElement} element
 * @param {Shown} shown
 * @param {import("geojson").FeatureCollection} notes
 * @param {Point[] | null} area
 * @param {import("./ground.js").Ground} under
 * @returns {import("maplibre-gl").StyleSpecification}
 */
function dress(element, shown, notes, area, under) {
  const colour = colours(element);
  const heat = shown.heat ?? null;
  return {
    version: 8,
    sources: { ...under.sources, ...sources(shown, notes, area, heat) },
    layers: [
      { id: "land", type: "background", paint: { "background-color": colour.land } },
      ...under.layers(colour),
      ...layers(colour, heat, notes),
    ],
  };
}

/** Dress the map anew when the page goes from day to night or back. */
export function followTheme(/** @type {() => void} */ dressed) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(dressed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", dressed);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", dressed);
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
