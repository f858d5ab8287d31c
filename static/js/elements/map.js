// <tryg-map>: a walk's route, stops and notes on a map, for whoever looks; the list beside it tells the same.
//
// Hides MapLibre, which is fetched only when the map comes near the window and only where the browser can draw it.
// Promises that a map which cannot be drawn says so in a sentence and nothing else breaks, and that nothing is asked of
// another server. Attributes: src (GeoJSON of the notes), basemap (the address of a PMTiles file, or of tiles) and credit,
// unlit (streets without light and underpasses stand out). `bytes`: a PMTiles file that the page holds, instead of basemap.
// A child <script type="application/json"> or `plan` gives {route, stops}. Methods: show(id), point(place). The attribute
// state becomes drawn or failed. A tap where no note is, is told as the event map-tap with {lat, lon}.

import { t } from "../i18n.js";
import "../later.js";

/** @typedef {{number: number, name: string, lat: number, lon: number}} Stop */
/** @typedef {{route: import("geojson").LineString | null, stops: Stop[]}} Plan */
/** @typedef {import("geojson").FeatureCollection<import("geojson").Point | null>} Notes */
/**
 * @typedef {{map: import("maplibre-gl").Map | null, onDressed(put: () => void): void, show(id: string): boolean,
 *   update(notes: Notes): void, point(place: {lat: number, lon: number} | null): void,
 *   lay(basemap: ArrayBuffer | string | null): Promise<void>, light(unlit: boolean): void, remove(): void}} Drawing
 *   onDressed: now, and after each change of the map's dress, so that layers of one's own come back; it may be called when
 *   they still are there
 */

const NEAR = "500px"; // some way ahead: it is there when one arrives

class TrygMap extends HTMLElement {
  static observedAttributes = ["src", "unlit"];

  /** @type {Plan} */
  plan = { route: null, stops: [] };
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
      drawing.update(await this.#notes());
    } catch {
      this.#say(t("The map could not be fetched. Every place stands as text below."));
    }
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
    try {
      const [{ draw }, notes] = await Promise.all([import("./drawing.js"), this.#notes()]);
      const credit = this.getAttribute("credit") ?? "";
      const shown = { ...this.plan, notes, basemap: this.#ground, credit, unlit: this.hasAttribute("unlit") };
      const drawing = await draw(this, shown, (text) => this.#say(text));
      this.setAttribute("state", "drawn");
      return drawing;
    } catch {
      return this.#fail(t("The map could not be fetched. Every place stands as text below."));
    }
  }

  #fail(/** @type {string} */ text) {
    this.setAttribute("state", "failed");
    this.#say(text);
    return null;
  }

  /** @returns {Promise<Notes>} */
  async #notes() {
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
