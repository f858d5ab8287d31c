// Draws one map with MapLibre: the ground, the route, numbered stops, and notes by shape and colour.
//
// Hides sources, layers, groups and pop-ups. Promises that notes which would cover each other become one label with
// their number, that each can be opened by hand and from the list, that day, night and contrast follow the page, and that
// paper has a dress of its own. All text goes in as text, never as HTML.

import { AttributionControl, LngLatBounds, Map as GlMap, Marker, NavigationControl, prewarm, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import "../../css/map.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "../trusted.js";
import { t } from "../i18n.js";
import "../later.js";
import { gather, parting, projected } from "./gather.js";
import { ground, letGo, watchGround } from "./ground.js";
import { CLOSEST, layers, NOTHING, outline, radius, sources } from "./layers.js";
import { colours, picture } from "./marks.js";
import { extent, lean, passing, placed } from "./places.js";
import { answering } from "./popup.js";
import { explain, letters, print, watchCanvas } from "./wear.js";

/** @typedef {import("./places.js").Point} Point */
/** @typedef {import("./places.js").Test} Test */
/**
 * `notes` may still be on their way; `only`: which of them are shown; `heat`: how thick they lie, instead of each; `paper`: for
 * a sheet, sharp and still; `view`: what to show, unless everything; `walking`: on a walker's screen, which answers taps itself,
 * and what to show where the walk has no place yet; one finger moves the map.
 * @typedef {import("./map.js").Plan & {notes: import("./map.js").Notes | Promise<import("./map.js").Notes>, basemap: ArrayBuffer | string | null,
 *   credit: string, unlit: boolean, only?: Test | null, area?: Point[] | null, heat?: import("./layers.js").Heat | null, paper?: boolean,
 *   view?: import("maplibre-gl").LngLatBounds, label?: string | null, walking?: {around: Point[]}}} Shown
 */

setWorkerUrl(workerUrl);
prewarm(); // the worker begins while the ground is asked for

/** Nothing on the map yet. @type {{zoom: number, reach: number, by: Map<unknown, number[]>, data: import("geojson").FeatureCollection}} */
const NONE = { zoom: 0, reach: 0, by: new Map(), data: NOTHING };
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
  const bounds = extent(shown, all, shown.walking?.around);
  if (!bounds) {
    say(t("No place to show on the map yet."));
    return nowhere;
  }
  let [only, area, unlit] = [shown.only ?? null, shown.area ?? null, shown.unlit];
  let [under] = await Promise.all([ground(shown.basemap, bounds, say), letters()]);
  const usual = shown.paper ? "paper" : "screen";
  let at = projected(all.map(({ geometry }) => geometry.coordinates));
  let dyes = colours(element, usual); // read once for each dressing: it makes the browser look at the whole page
  const style = (/** @type {"screen" | "paper"} */ worn = usual) => {
    const [colour, heat] = [worn === usual ? dyes : colours(element, worn), shown.heat ?? null];
    return {
      version: /** @type {const} */ (8),
      transition: { duration: 0, delay: 0 }, // paper does not wait
      sources: { ...under.sources, ...sources(shown, signs.data, area) },
      layers: [
        { id: "land", type: /** @type {const} */ ("background"), paint: { "background-color": colour.land } },
        ...under.layers(colour, unlit),
        ...layers(colour, heat, signs.data),
      ],
    };
  };
  const container = frame(element);
  container.inert = Boolean(shown.walking); // until whoever asked for it listens
  const map = begun(under, {
    container,
    bounds: shown.view ?? bounds,
    fitBoundsOptions: shown.view ? {} : FIT,
    maxZoom: CLOSEST + 0.9, // one step further the notes of one place would lie on each other unseen
    attributionControl: false,
    cooperativeGestures: !shown.paper && !shown.walking,
    interactive: !shown.paper,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    locale: { ...words(), ...(shown.label ? { "Map.Title": shown.label } : {}) },
    ...(shown.paper ? { pixelRatio: SHARP } : {}),
  });
  map.touchZoomRotate.disableRotation();
  const whole = keepWhole(map, shown.view ?? bounds, shown.view ? {} : FIT);
  let [seen, signs] = [passing(all, only), NONE];
  /** The groups are made for the zoom that is shown, which the map knows once it is begun. */
  const group = () => {
    seen = passing(all, only);
    const [zoom, reach] = [Math.floor(map.getZoom()), radius(seen.length)];
    const groups = shown.heat ? seen.map((n) => ({ x: 0, y: 0, notes: [n] })) : gather(at, seen, zoom, reach);
    const by = new Map(groups.map((one) => [all[one.notes[0]].id, one.notes]));
    signs = { zoom, reach, by, data: lean(all, groups) };
  };
  group();
  map.setStyle(style());
  const source = (/** @type {string} */ id) => /** @type {import("maplibre-gl").GeoJSONSource | undefined} */ (map.getSource(id));
  if (!shown.paper) map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  const credited = credit(shown.credit);
  const credits = () => (Object.keys(under.sources).length ? shown.credit : "");
  const lies = () => {
    const named = map.hasControl(credited);
    if (credits() && !named && !shown.paper) map.addControl(credited, "bottom-left");
    if (!credits() && named) map.removeControl(credited);
    explain(element, unlit ? under : null);
  };
  lies();
  watchGround(map, say);
  watchCanvas(map, say);
  map.setMissingStyleImageResolver((id) => {
    const image = picture(id, dyes);
    if (image) map.addImage(id, image.data, image.options);
  });
  const of = (/** @type {any} */ sign) => signs.by.get(sign.first ?? sign.note_id) ?? [];
  const told = {
    members: (/** @type {any} */ sign) => of(sign).map((n) => all[n]),
    parting: (/** @type {any} */ sign) => parting(at, of(sign), signs.zoom, signs.reach, CLOSEST),
  };
  const opened = shown.walking ? null : answering(element, map, CLOSEST, told);
  const chosen = tapped(element, map);
  const dressed = () => {
    dyes = colours(element, usual);
    map.setStyle(style(), { diff: false });
  };
  const stop = shown.paper ? () => {} : followTheme(dressed);
  const printed = shown.paper ? () => {} : print(element, map, style, credits);
  const put = () => {
    group();
    return source("notes")?.setData(signs.data);
  };
  const take = (/** @type {import("./map.js").Notes} */ notes) => {
    all = placed(notes, shown.stops);
    at = projected(all.map(({ geometry }) => geometry.coordinates));
  };
  if (!shown.heat) map.on("zoom", () => Math.floor(map.getZoom()) !== signs.zoom && put());
  const filled = async () => {
    take(await shown.notes);
    const wider = extent(shown, all) ?? bounds;
    if (!shown.view) whole(wider);
    await ready(map, put);
  };
  /** The walk, and which notes of it there are now: what a desk's map shows. A walker's has the walker to follow. */
  const fit = () => !shown.view && !shown.walking && whole(extent(shown, seen.map((n) => all[n])) ?? whole());
  const remove = () => {
    stop();
    printed();
    map.remove();
    letGo(under);
  };
  try {
    await Promise.all([new Promise((resolve) => map.once("load", resolve)), all.length ? null : filled()]);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    map,
    credits,
    onDressed(put) {
      map.on("styledata", () => map.getLayer("route") && put());
      put();
    },
    show(id) {
      const note = all.find((one) => one.id === id);
      if (!note || (only && !only(note))) return false;
      const at = /** @type {Point} */ (note.geometry.coordinates);
      map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 17) });
      opened?.show(note);
      return true;
    },
    update(changed) {
      take(changed);
      put();
      fit();
    },
    ...told,
    async filter(test) {
      opened?.close();
      only = test;
      const done = put();
      fit();
      await done;
    },
    choose(within) {
      area = within;
      source("area")?.setData(outline(area));
    },
    tracks(lines) {
      shown.tracks = lines;
      source("tracks")?.setData(lines ?? NOTHING);
    },
    all: () => all,
    notes: () => seen.map((n) => all[n]),
    point: chosen,
    async lay(basemap) {
      say("");
      const before = under;
      under = await ground(basemap, bounds, say);
      dressed();
      lies();
      if (under.sources.ground?.url !== before.sources.ground?.url) letGo(before);
    },
    light(wanted) {
      unlit = wanted;
      dressed();
      lies();
    },
    whole,
    remove,
  };
}

/** A map, or what would have lain under it is let go. */
function begun(/** @type {import("./ground.js").Ground} */ under, /** @type {import("maplibre-gl").MapOptions} */ options) {
  try {
    return new GlMap(options);
  } catch (error) {
    letGo(under);
    throw error;
  }
}

/**
 * A phone that is turned, or a window of another size, shows all of it again, unless the map was moved.
 * @returns {(other?: import("maplibre-gl").LngLatBounds) => import("maplibre-gl").LngLatBounds} what "all" is; `other`: from now on
 */
export function keepWhole(/** @type {GlMap} */ map, /** @type {import("maplibre-gl").LngLatBounds} */ bounds, /** @type {object} */ options) {
  const view = () => `${map.getCenter()} ${map.getZoom()}`;
  let [whole, shown] = [bounds, view()];
  const fit = () => {
    if (view() !== shown) return;
    map.fitBounds(whole, { ...options, animate: false });
    shown = view();
  };
  map.on("resize", fit);
  return (other) => {
    if (other && other.toString() !== whole.toString()) {
      whole = other;
      fit();
    }
    return LngLatBounds.convert(whole.toArray());
  };
}

/** No map: there is no place to show. @type {import("./map.js").Drawing} */
const nowhere = {
  map: null,
  credits: () => "",
  onDressed: () => {},
  show: () => false,
  update: () => {},
  filter: async () => {},
  choose: () => {},
  members: () => [],
  parting: () => 0,
  tracks: () => {},
  all: () => [],
  notes: () => [],
  point: () => {},
  whole: () => new LngLatBounds(),
  lay: async () => {},
  light: () => {},
  remove: () => {},
};

/** The style may not have come when the notes do. */
async function ready(/** @type {GlMap} */ map, /** @type {() => unknown} */ put) {
  if (!map.getSource("notes")) await new Promise((resolve) => map.once("style.load", resolve));
  await put();
  await new Promise((resolve) => map.once("render", resolve).triggerRepaint());
}

/** What MapLibre draws in: the element keeps its words beside it. */
export function frame(/** @type {HTMLElement} */ element) {
  const made = document.createElement("div");
  made.className = "map-frame";
  element.prepend(made);
  return made;
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
  map.on("click", ({ point, lngLat }) => {
    const { lat, lng: lon } = lngLat.wrap();
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
