// Draws the plan's map and lets stops and route be drawn on it, with MapLibre and terra-draw.
//
// Hides both libraries. Promises that the form is the truth: what is drawn is written there at once and the map is made
// anew from it, so that typing, undoing and drawing never disagree; that what is drawn by a finger can also be drawn by
// moving the map under the cross and pressing a button; and that day and night follow the page.

import { NavigationControl, Map as GlMap } from "maplibre-gl";
import { TerraDraw, TerraDrawLineStringMode, TerraDrawPointMode, TerraDrawSelectMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import { credit, followTheme, frame, keepWhole, words } from "../elements/drawing.js";
import { ground } from "../elements/ground.js";
import { colours, picture } from "../elements/marks.js";
import { t } from "../i18n.js";
import { simpler } from "./lines.js";
import { looks, styled } from "./looks.js";
import * as plan from "./stops.js";
import { startingView } from "./view.js";

/** @typedef {import("./stops.js").Point} Point */
/** @typedef {"look" | "stop" | "route"} Tool */

const MOST_HANDLES = 150; // points of a route that one can still take hold of
const NEAR_PX = 32; // what a finger, or a quick mouse, means when it is beside a point
const HELD_PX = 60; // the same for terra-draw, which looks in a square of this width

/** Make the map in the element, and its buttons work. */
export async function draw(/** @type {HTMLElement} */ element, /** @type {(text: string) => void} */ say) {
  const view = await startingView(element.getAttribute("basemap"));
  const under = await ground(element.getAttribute("basemap"), view, say);
  if (!Object.keys(under.sources).length && !plan.route().length && !plan.rows().some(plan.placeOf))
    say(t("There is no base map here. Write the place of the first stop in the list, then draw on from it."));
  const box = /** @type {HTMLElement} */ (element.querySelector(".map"));
  const sketch = new Sketch(box, under, element.getAttribute("credit") ?? "");
  await sketch.make({ bounds: view, fitBoundsOptions: { padding: 48, maxZoom: 17 } });
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (element.querySelectorAll("[data-tool]"));
  const hint = /** @type {HTMLElement} */ (element.querySelector("[data-hint-here]"));
  const here = /** @type {HTMLButtonElement} */ (element.querySelector("[data-here]"));
  sketch.onTool = (tool, row) => {
    for (const button of buttons) {
      const chosen = button.dataset.tool === tool;
      button.setAttribute("aria-pressed", String(chosen));
      if (chosen) hint.textContent = row ? t("Tap where {stop} is.", { stop: plan.named(row) }) : (button.dataset.hint ?? "");
    }
    here.hidden = tool === "look";
    box.toggleAttribute("data-cross", tool !== "look");
  };
  for (const button of buttons)
    button.addEventListener("click", () => sketch.use(/** @type {Tool} */ (button.dataset.tool)));
  here.addEventListener("click", () => sketch.tapped(sketch.middle()));
  const pointable = () => {
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (plan.list.querySelectorAll("[data-place]"))) button.hidden = false;
  };
  plan.list.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-place]");
    if (button) sketch.point(/** @type {HTMLLIElement} */ (button.closest("li")));
  });
  plan.onChange(() => {
    pointable();
    sketch.follow();
  });
  pointable();
  sketch.use("look");
}

class Sketch {
  #map = /** @type {GlMap} */ (/** @type {unknown} */ (null));
  #draw = /** @type {TerraDraw} */ (/** @type {unknown} */ (null));
  /** @type {Map<string | number, HTMLLIElement>} */ #stops = new Map();
  /** @type {string | number | null} */ #line = null;
  /** @type {Tool} */ #tool = "look";
  /** @type {HTMLLIElement | null} the stop whose place is asked for */ #target = null;
  /** @type {Point | null} the first point of a route that has no second yet */ #first = null;
  #due = false;
  #made = Promise.resolve();
  /** @type {(tool: Tool, row: HTMLLIElement | null) => void} */ onTool = () => {};

  constructor(
    /** @type {HTMLElement} */ box,
    /** @type {import("../elements/ground.js").Ground} */ under,
    /** @type {string} */ credits,
  ) {
    this.box = box;
    this.under = under;
    this.credits = credits;
    followTheme(() => this.#again());
  }

  /** The map, and the form on it; `camera`: MapLibre's. */
  make(/** @type {Partial<import("maplibre-gl").MapOptions>} */ camera) {
    this.#made = this.#make(camera);
    return this.#made;
  }

  async #make(/** @type {Partial<import("maplibre-gl").MapOptions>} */ camera) {
    const colour = colours(this.box);
    const style = styled(colour, this.under);
    const map = new GlMap({
      container: frame(this.box),
      style,
      ...camera,
      maxZoom: 19,
      attributionControl: false,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      locale: { ...words(), "Map.Title": t("Map of the plan. The list below it says and does the same.") },
    });
    this.#map = map;
    map.touchZoomRotate.disableRotation();
    if (camera.bounds) keepWhole(map, /** @type {import("maplibre-gl").LngLatBounds} */ (camera.bounds), camera.fitBoundsOptions ?? {});
    map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    if (style.layers.length > 2) map.addControl(credit(this.credits), "bottom-left");
    map.setMissingStyleImageResolver((id) => {
      const image = picture(id, colour);
      if (image) map.addImage(id, image.data, image.options);
    });
    await new Promise((resolve) => map.once("load", resolve));
    const { route, stop, handles, numbers } = looks(colour);
    this.#draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9 }),
      modes: [
        new TerraDrawPointMode({ editable: true, pointerDistance: HELD_PX, pointerEvents: handsOnly, styles: stop }),
        new TerraDrawLineStringMode({ styles: route }),
        new TerraDrawSelectMode({
          allowManualSelection: false,
          allowManualDeselection: false,
          keyEvents: null,
          pointerDistance: HELD_PX,
          styles: handles,
          flags: { linestring: { feature: { coordinates: { draggable: true, midpoints: { draggable: true }, deletable: true } } } },
        }),
      ],
    });
    this.#draw.start();
    map.addLayer(numbers);
    this.#draw.on("finish", (id) => this.#finished(id));
    this.#draw.on("change", (ids, what) => what === "update" && this.#moving(ids));
    map.on("click", ({ lngLat, point }) => {
      if (this.#tool === "route" && !this.#atHandle(point)) this.tapped([lngLat.lng, lngLat.lat]);
    });
    map.on("movestart", () => delete this.box.dataset.still);
    map.on("moveend", () => (this.box.dataset.still = ""));
    this.box.dataset.still = "";
    this.#show();
  }

  /** Day has become night, or the other way round. */
  async #again() {
    await this.#made; // it may be night before the map has come
    const [center, zoom] = [this.#map.getCenter(), this.#map.getZoom()];
    delete this.box.dataset.still;
    this.#draw.stop();
    this.#map.remove();
    this.box.querySelector(".map-frame")?.remove();
    await this.make({ center, zoom });
  }

  /** @returns {Point} what lies under the cross */
  middle() {
    const { lng, lat } = this.#map.getCenter();
    return [lng, lat];
  }

  use(/** @type {Tool} */ tool, /** @type {HTMLLIElement | null} */ target = null) {
    this.#tool = tool;
    this.#target = target;
    this.#first = null;
    const points = plan.route();
    if (tool === "route" && points.length > MOST_HANDLES) {
      const { points: fewer, metres } = simpler(points, MOST_HANDLES);
      plan.setRoute(fewer);
      plan.say(t("The route has fewer points now, so that you can draw on it: {n} m beside it at most.", { n: metres }));
    }
    this.onTool(tool, target);
    this.#show();
  }

  /** Ask for a stop's place. */
  point(/** @type {HTMLLIElement} */ row) {
    this.use("stop", row);
    this.box.scrollIntoView({ block: "center" });
    this.#map.getCanvas().focus({ preventScroll: true });
  }

  /** A point was given, by a tap or by the cross. */
  tapped(/** @type {Point} */ at) {
    const row = this.#target;
    if (row) {
      plan.put(row, at);
      this.use("look");
      /** @type {HTMLElement | null} */ (row.querySelector("[data-place]"))?.focus({ preventScroll: true });
    } else if (this.#tool === "stop") plan.add(at);
    else if (this.#tool === "route") this.#further(at);
  }

  #further(/** @type {Point} */ at) {
    const points = plan.route();
    const begun = points.length ? points : this.#first ? [this.#first] : [];
    this.#first = begun.length ? null : at;
    if (begun.length) plan.setRoute([...begun, at]);
    plan.say(begun.length ? t("The route goes on to here.") : t("The route begins here. Tap where it goes on."));
    this.#show();
  }

  #finished(/** @type {string | number} */ id) {
    const made = this.#draw.getSnapshotFeature(id);
    const row = this.#stops.get(id);
    if (made?.geometry.type === "LineString") plan.setRoute(/** @type {Point[]} */ (made.geometry.coordinates));
    else if (made?.geometry.type === "Point") {
      const at = /** @type {Point} */ (made.geometry.coordinates);
      if (row) plan.put(row, at);
      else this.tapped(at);
    }
    this.follow();
  }

  /** Something is being dragged: its number and the length go along. */
  #moving(/** @type {(string | number)[]} */ ids) {
    if (ids.some((id) => this.#stops.has(id))) this.#number();
    const made = this.#line !== null && ids.includes(this.#line) ? this.#draw.getSnapshotFeature(this.#line) : null;
    if (made?.geometry.type === "LineString") plan.measure(/** @type {Point[]} */ (made.geometry.coordinates));
  }

  #atHandle(/** @type {{x: number, y: number}} */ { x, y }) {
    const seen = plan.route().map((point) => this.#map.project(point));
    const between = seen.slice(1).map((point, n) => ({ x: (point.x + seen[n].x) / 2, y: (point.y + seen[n].y) / 2 }));
    return [...seen, ...between].some((point) => Math.hypot(point.x - x, point.y - y) <= NEAR_PX);
  }

  /** Show the form as it is once whoever is drawing now has finished. */
  follow() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#show();
    });
  }

  #show() {
    const drawing = this.#draw;
    drawing.setMode("static");
    drawing.clear();
    this.#stops.clear();
    this.#line = null;
    for (const row of plan.rows()) {
      const at = plan.placeOf(row);
      if (at) this.#stops.set(this.#add("point", { type: "Point", coordinates: at }), row);
    }
    const points = plan.route();
    if (points.length) this.#line = this.#add("linestring", { type: "LineString", coordinates: points });
    this.#number();
    if (this.#tool === "stop") drawing.setMode("point");
    if (this.#tool === "route") drawing.setMode("select");
    if (this.#tool === "route" && this.#line !== null) drawing.selectFeature(this.#line);
    this.#map.cooperativeGestures[this.#tool === "look" ? "enable" : "disable"]();
    this.box.dataset.drawn = `${this.#stops.size} ${points.length}`;
  }

  #add(/** @type {string} */ mode, /** @type {any} */ geometry) {
    const id = this.#draw.getFeatureId();
    this.#draw.addFeatures([{ type: "Feature", id, properties: { mode }, geometry }]);
    return id;
  }

  /** The stops' numbers, the way between them where no route is drawn, and where a route begins. */
  #number() {
    const at = (/** @type {string | number} */ id) => /** @type {any} */ (this.#draw.getSnapshotFeature(id)).geometry.coordinates;
    const all = plan.rows();
    const numbers = [...this.#stops].map(([id, row]) => shape("Point", at(id), { number: String(all.indexOf(row) + 1) }));
    const way = [...this.#stops.keys()].map(at);
    const between = this.#line === null && way.length > 1 ? [shape("LineString", way)] : [];
    if (this.#first) between.push(shape("Point", this.#first));
    for (const [name, features] of /** @type {const} */ ([["numbers", numbers], ["between", between]]))
      /** @type {import("maplibre-gl").GeoJSONSource} */ (this.#map.getSource(name)).setData({ type: "FeatureCollection", features });
  }
}

const handsOnly = { leftClick: true, rightClick: false, contextMenu: false, onDragStart: true, onDrag: true, onDragEnd: true };

const shape = (/** @type {string} */ type, /** @type {any} */ coordinates, properties = {}) =>
  /** @type {import("geojson").Feature} */ ({ type: "Feature", properties, geometry: { type, coordinates } });
