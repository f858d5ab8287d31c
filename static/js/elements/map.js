// <tryg-map>: a walk's route, stops and notes on a map, for whoever looks; the list beside it tells the same.
//
// Hides MapLibre, which is fetched only when the map comes near the window and only where the browser can draw it.
// Promises that a map which cannot be drawn says so in a sentence and nothing else breaks, and that nothing is asked of
// another server. Attributes: src (GeoJSON of the notes), basemap (the address of a PMTiles file, or of tiles) and credit,
// unlit (streets without light and underpasses stand out), valence (only notes of it) with full (how thick they lie, see
// layers.js), label (its name, where a page has two). `bytes`: a PMTiles file that the page holds, instead of basemap. A
// child <script type="application/json"> or `plan` gives {route, stops, tracks?}. Methods: show(id), point(place), filter(test),
// choose(area), drawing(). The attribute state becomes drawn or failed. A tap where no note is, is told as the event map-tap
// with {lat, lon}; that several notes are to be listed, as map-choose with {area}.

import { mark, t } from "../i18n.js";
import "../later.js";

/** @typedef {{number: number, name: string, lat: number, lon: number}} Stop */
/** @typedef {import("geojson").FeatureCollection | null} Tracks   where teams went: lines, each with its `team` */
/** @typedef {{route: import("geojson").LineString | null, stops: Stop[], tracks?: Tracks}} Plan */
/** @typedef {import("geojson").FeatureCollection<import("geojson").Point | null>} Notes */
/** @typedef {import("./places.js").Test} Test */
/** @typedef {import("./places.js").Note} Note */
/**
 * `map`: MapLibre's, null where there was nothing to draw; `notes`: those shown, of `all` that have a place; `onDressed`: now,
 * and after each change of the map's dress, so that layers of one's own come back; it may be called when they still are there;
 * `members`: the notes that a sign of the layers notes and many stands for, by its properties; `parting`: the zoom at which they
 * come apart, beyond CLOSEST where they never do; `whole`: what it shows, in a window of any size, until somebody moves it; `other`: from now on.
 * @typedef {{map: import("maplibre-gl").Map | null, credits(): string, onDressed(put: () => void): void, show(id: string): boolean,
 *   update(notes: Notes): void, filter(test: Test | null): Promise<unknown>, choose(area: [number, number][] | null): void,
 *   members(sign: any): Note[], parting(sign: any): number, tracks(lines: Tracks): void, all(): Note[], notes(): Note[], point(place: {lat: number, lon: number} | null): void,
 *   whole(other?: import("maplibre-gl").LngLatBounds): import("maplibre-gl").LngLatBounds, lay(basemap: ArrayBuffer | string | null): Promise<void>, light(unlit: boolean): void, remove(): void}} Drawing
 */

const NOT_FETCHED = mark("The map could not be fetched. Every place stands as text below.");
const NEAR = "500px"; // some way ahead: it is there when one arrives

class TrygMap extends HTMLElement {
  static observedAttributes = ["src", "unlit"];

  /** @type {Plan} */
  plan = { route: null, stops: [] };
  /** @type {Test | null} which of the notes are shown */
  only = null;
  /** @type {[number, number][] | null} */
  area = null;
  /** @type {Promise<Drawing | null> | null} */
  #drawing = null;
  /** @type {ArrayBuffer | null} */
  #bytes = null;
  #words = document.createElement("p");
  #near = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#begin();
    },
    { rootMargin: NEAR },
  );

  connectedCallback() {
    const given = this.querySelector("script[type='application/json']");
    if (given) this.plan = JSON.parse(given.textContent ?? "");
    if (Object.hasOwn(this, "bytes")) {
      // Given before this script was there.
      const { bytes } = this;
      Reflect.deleteProperty(this, "bytes");
      this.bytes = bytes;
    }
    this.#words.className = "map-words";
    this.#words.setAttribute("role", "status");
    this.append(this.#words);
    this.#near.observe(this);
  }

  disconnectedCallback() {
    this.#near.disconnect();
    this.#drawing?.then((drawing) => drawing?.remove());
    this.#drawing = null;
  }

  /** A PMTiles file that lies under the map instead of `basemap`; another one takes its place. */
  get bytes() {
    return this.#bytes;
  }

  set bytes(/** @type {ArrayBuffer | null} */ buffer) {
    if (buffer === this.#bytes) return;
    this.#bytes = buffer;
    this.#drawing?.then((drawing) => drawing?.lay(this.#ground));
  }

  get #ground() {
    return this.#bytes ?? this.getAttribute("basemap");
  }

  async attributeChangedCallback(/** @type {string} */ name, /** @type {string | null} */ before) {
    const drawing = name === "src" && before === null ? null : await this.#drawing;
    if (!drawing) return;
    if (name === "unlit") return drawing.light(this.hasAttribute("unlit"));
    try {
      drawing.update(await this.notes());
      if (this.#words.textContent === t(NOT_FETCHED)) this.#say("");
    } catch {
      this.#say(t(NOT_FETCHED));
    }
  }

  /** Show only the notes that pass; null: all of them. Resolves once the map has them. */
  async filter(/** @type {Test | null} */ test) {
    this.only = test;
    await (await this.#drawing)?.filter(test);
  }

  /** Show an area as the chosen one; null: none. */
  async choose(/** @type {[number, number][] | null} */ area) {
    this.area = area;
    (await this.#drawing)?.choose(area);
  }

  /** What draws it, once it does; null where it cannot be drawn. */
  drawing() {
    return this.#begin();
  }

  /** Bring a note into view and tell what it says; false where it is not on the map. */
  async show(/** @type {string} */ id) {
    return (await this.#begin())?.show(id) ?? false;
  }

  /** Show where somebody means; null: nowhere. */
  async point(/** @type {{lat: number, lon: number} | null} */ place) {
    (await this.#drawing)?.point(place);
  }

  #begin() {
    this.#near.disconnect();
    this.#drawing ??= this.#draw();
    return this.#drawing;
  }

  /** @returns {Promise<Drawing | null>} */
  async #draw() {
    if (!canDraw()) return this.#fail(t("This browser cannot draw the map. Every place stands as text below."));
    const asked = this.only;
    const notes = this.notes();
    notes.catch(() => {}); // it is waited for below, once MapLibre is here
    try {
      const { draw } = await import("./drawing.js");
      const drawing = await draw(this, { ...this.shown(), notes }, (text) => this.#say(text));
      if (this.only !== asked) await drawing.filter(this.only); // asked for meanwhile
      drawing.choose(this.area);
      this.setAttribute("state", "drawn");
      return drawing;
    } catch {
      return this.#fail(t(NOT_FETCHED));
    }
  }

  /** What is to be drawn, but for the notes. */
  shown() {
    const [valence, full] = [this.getAttribute("valence"), Number(this.getAttribute("full"))];
    const heat = valence && full ? { valence, full } : null;
    const only = this.only ?? (valence ? (/** @type {import("./places.js").Note} */ note) => note.properties.valence === valence : null);
    const ground = { basemap: this.#ground, credit: this.getAttribute("credit") ?? "", unlit: this.hasAttribute("unlit") };
    return { ...this.plan, ...ground, heat, only, area: this.area, label: this.getAttribute("label") };
  }

  #fail(/** @type {string} */ text) {
    this.setAttribute("state", "failed");
    this.#say(text);
    return null;
  }

  /** Fetches them. @returns {Promise<Notes>} */
  async notes() {
    const src = this.getAttribute("src");
    if (!src) return { type: "FeatureCollection", features: [] };
    const answer = await fetch(src);
    if (!answer.ok) throw new Error(`${src}: ${answer.status}`);
    return answer.json();
  }

  #say(/** @type {string} */ text) {
    this.#words.textContent = text;
  }
}

function canDraw() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

customElements.define("tryg-map", TrygMap);
