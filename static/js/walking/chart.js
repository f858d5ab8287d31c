// Chart: the map in a walker's hand: where one is, one's own notes and how far they have come, a cross that stands still.
//
// Hides MapLibre's layers on top of what drawing.js draws. Promises: one finger moves it and the arrow keys do; a tap says
// what it hit (a stop, notes, or the ground); day and night follow the page. Never measures: it is told where one is.

import { Marker } from "maplibre-gl";
import { draw } from "../elements/drawing.js";
import { colours } from "../elements/marks.js";
import "../later.js";
import { distance } from "../place.js";
import { badge, ring } from "./pictures.js";

/**
 * @typedef {import("../place.js").Point} Point
 * @typedef {import("../protocol.js").Fix} Fix
 * @typedef {import("maplibre-gl").GeoJSONSource} Source
 * @typedef {{ids: string[], at: Point, byKey?: boolean}} Hit   what was tapped; no ids: the ground
 * @typedef {{plan: import("../elements/map.js").Plan, around: Point[], basemap: ArrayBuffer | string | null,
 *   credit: string, onTap?: (hit: Hit) => void}} Parts
 */

const FINGER_PX = 22;
const CLOSEST = 18; // beyond this zoom no more notes are parted (elements/layers.js)
const AT_STOP_M = 15;
const WITHIN = 17;
const STEP_PX = 20; // some 6 m where streets can be told apart
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
/** @type {import("geojson").FeatureCollection} */
const NOTHING = { type: "FeatureCollection", features: [] };

/**
 * Draw the walker's map in an element.
 * @param {HTMLElement} element
 * @param {Parts} parts
 * @param {(text: string) => void} say
 * @returns {Promise<Chart | null>} null where there is nothing to show yet
 */
export async function chart(element, { plan, around, basemap, credit, onTap }, say) {
  const notes = { type: /** @type {const} */ ("FeatureCollection"), features: [] };
  const shown = { ...plan, notes, basemap, credit, unlit: false, walking: { around: around.map(pair) } };
  const drawing = await draw(element, shown, say);
  return drawing.map ? new Chart(element, drawing, drawing.map, plan.stops, onTap) : null;
}

/** @returns {[number, number]} */
const pair = (/** @type {Point} */ { lat, lon }) => [lon, lat];
/** @returns {import("geojson").Feature} */
const feature = (/** @type {any} */ geometry, /** @type {Record<string, unknown>} */ properties = {}) => ({ type: "Feature", geometry, properties });
/** @returns {import("geojson").Feature} */
const dot = (/** @type {Point} */ at, /** @type {Record<string, unknown>} */ properties) =>
  feature({ type: "Point", coordinates: pair(at) }, properties);

/** A place of the map, also where that has been drawn around the world. @returns {Point} */
function placeAt(/** @type {import("maplibre-gl").LngLat} */ where) {
  const { lat, lng: lon } = where.wrap();
  return { lat, lon };
}

export class Chart {
  /** @type {Record<"me" | "lead" | "own", import("geojson").FeatureCollection>} */
  #data = { me: NOTHING, lead: NOTHING, own: NOTHING };
  #me = new Marker({ element: here(), rotationAlignment: "map" });

  constructor(
    /** @type {HTMLElement} */ element,
    /** @type {import("../elements/map.js").Drawing} */ drawing,
    /** @type {import("maplibre-gl").Map} */ map,
    /** @type {import("../elements/map.js").Stop[]} */ stops,
    /** @type {((hit: Hit) => void) | undefined} */ onTap,
  ) {
    this.map = map;
    this.drawing = drawing;
    this.stops = stops;
    drawing.onDressed(() => this.#dress(element));
    map.keyboard.disable();
    map.getCanvas().addEventListener("keydown", (event) => this.#key(event, onTap));
    map.on("click", ({ point, lngLat }) => onTap?.(this.#hit(point, placeAt(lngLat))));
    map.getContainer().inert = false;
  }

  /** The arrows move the map a step, with Shift a large one; plus and minus zoom; Enter means the middle. */
  #key(/** @type {KeyboardEvent} */ event, /** @type {((hit: Hit) => void) | undefined} */ onTap) {
    const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
    const by = { originalEvent: event };
    if (altKey || ctrlKey || metaKey) return;
    const way = ARROWS[key];
    const step = shiftKey ? 10 * STEP_PX : STEP_PX;
    if (way) this.map.panBy([way[0] * step, way[1] * step], { duration: 0 }, by);
    else if (key === "+" || key === "=") this.map.zoomIn({}, by);
    else if (key === "-") this.map.zoomOut({}, by);
    else if (key === "Enter") onTap?.({ ids: [], at: this.middle(), byKey: true });
    else return;
    event.preventDefault();
  }

  #dress(/** @type {HTMLElement} */ element) {
    const { map } = this;
    if (map.getSource("me")) return;
    const colour = colours(element);
    for (const [id, data] of Object.entries(this.#data)) map.addSource(id, { type: "geojson", data });
    const first = map.getLayer("many") ? "many" : undefined;
    map.addLayer({ id: "me-ring", type: "fill", source: "me", paint: { "fill-color": colour.me, "fill-opacity": 0.15, "fill-outline-color": colour.me } }, first);
    map.addLayer({ id: "lead", type: "line", source: "lead", paint: { "line-color": colour.me, "line-width": 3, "line-dasharray": [1.5, 1.5] } });
    const offset = ["case", ["get", "at_stop"], ["literal", [24, -21]], ["literal", [0, 0]]];
    const badged = ["case", ["get", "at_stop"], ["literal", [36, -33]], ["literal", [12, -12]]];
    map.addLayer({ id: "own", type: "symbol", source: "own", layout: { "icon-image": ["get", "picture"], "icon-offset": /** @type {any} */ (offset), "icon-allow-overlap": true } });
    map.addLayer({ id: "own-state", type: "symbol", source: "own", layout: { "icon-image": ["get", "state"], "icon-offset": /** @type {any} */ (badged), "icon-allow-overlap": true } });
    for (const state of /** @type {const} */ (["sent", "waiting", "failed"])) {
      const { data, options } = badge(state, colour);
      if (!map.hasImage(state)) map.addImage(state, data, options);
    }
  }

  #set(/** @type {"me" | "lead" | "own"} */ id, /** @type {import("geojson").Feature[]} */ features) {
    // The same again would be drawn again, and the map would never come to rest.
    if (JSON.stringify(features) === JSON.stringify(this.#data[id].features)) return;
    this.#data[id] = { type: "FeatureCollection", features };
    /** @type {Source | undefined} */ (this.map.getSource(id))?.setData(this.#data[id]);
  }

  /** Where one is, how well that is known, and which way one walks. */
  me(/** @type {Fix | null} */ fix, /** @type {number | null} */ heading) {
    this.#set("me", fix?.accuracy_m ? [feature(ring(fix, fix.accuracy_m))] : []);
    if (!fix) return void this.#me.remove();
    this.#me.setLngLat(pair(fix)).addTo(this.map);
    this.#me.getElement().toggleAttribute("data-heading", heading !== null);
    this.#me.setRotation(heading ?? 0);
  }

  /** A line from where it was measured to where it is put. */
  lead(/** @type {Point | null} */ from, /** @type {Point | null} */ to) {
    this.#set("lead", from && to ? [feature({ type: "LineString", coordinates: [pair(from), pair(to)] })] : []);
  }

  /** One's own notes, each with how far it has come. */
  own(/** @type {{id: string, at: Point, valence: string | null, state: "sent" | "waiting" | "failed"}[]} */ notes) {
    const atStop = (/** @type {Point} */ at) => this.stops.some((stop) => distance(stop, at) < AT_STOP_M);
    const made = notes.map(({ id, at, valence, state }) =>
      dot(at, { note_id: id, picture: valence ?? "none", state, at_stop: atStop(at) }),
    );
    this.#set("own", made);
  }

  /** The others' notes; those that would cover each other become one label. */
  others(/** @type {{id: string, at: Point, valence: string | null}[]} */ notes) {
    const features = notes.map(({ id, at, valence }) => ({ ...dot(at, { valence }), id }));
    this.drawing.update(/** @type {any} */ ({ type: "FeatureCollection", features }));
  }

  /** What was tapped. Several notes in one label come apart when one comes closer; where they do not, all are meant. */
  #hit(/** @type {import("maplibre-gl").Point} */ { x, y }, /** @type {Point} */ at) {
    const layers = ["own", "notes", "many", "stops"];
    const box = /** @type {[[number, number], [number, number]]} */ ([[x - FINGER_PX, y - FINGER_PX], [x + FINGER_PX, y + FINGER_PX]]);
    const found = this.map.queryRenderedFeatures(box, { layers });
    const many = found.find(({ layer }) => layer.id === "many");
    const ids = found.filter(({ layer }) => layer.id !== "many").map((one) => this.#idOf(one));
    if (!many) return { ids: [...new Set(ids)], at };
    const zoom = this.drawing.parting(many.properties);
    const [lon, lat] = /** @type {any} */ (many.geometry).coordinates;
    if (!ids.length && zoom <= CLOSEST) this.map.easeTo({ center: [lon, lat], zoom });
    ids.push(...this.drawing.members(many.properties).map(({ id }) => String(id)));
    return { ids: [...new Set(ids)], at: { lat, lon } };
  }

  #idOf(/** @type {import("maplibre-gl").MapGeoJSONFeature} */ { layer, properties }) {
    const number = layer.id === "stops" ? Number(properties.number) : null;
    return number === null ? String(properties.note_id) : `stop-${number}`;
  }

  /** @returns {Point} what lies under the cross */
  middle() {
    return placeAt(this.map.getCenter());
  }

  /** Bring a place into the middle, no farther away than streets can be told apart. */
  centre(/** @type {Point} */ at, zoom = Math.max(this.map.getZoom(), WITHIN)) {
    this.map.easeTo({ center: pair(at), zoom });
  }

  /** What lies under the cross, and how many pixels from it a place is. */
  sight() {
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const pixelsAway = (/** @type {Point} */ at) => {
      const { x, y } = this.map.project(pair(at));
      return Math.hypot(x - clientWidth / 2, y - clientHeight / 2);
    };
    return { middle: this.middle(), pixelsAway };
  }

  /** Make streets without light, and underpasses, stand out. */
  light(/** @type {boolean} */ unlit) {
    this.drawing.light(unlit);
  }

  /** Show where somebody means; null: nowhere. */
  aim(/** @type {Point | null} */ at) {
    this.drawing.point(at);
  }

  remove() {
    this.drawing.remove();
  }
}

/** The dot that is oneself, with a beam the way one walks. */
function here() {
  const made = document.createElement("span");
  made.className = "map-me";
  return made;
}
