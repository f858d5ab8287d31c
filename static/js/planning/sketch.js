// <tryg-sketch>: the map of the plan, on which stops and route are drawn.
//
// Hides when the map is fetched: only when it comes near the window, and only where the browser can draw it. Promises that
// where there is none, the page says so and the list beside it does all the same. The element has the map's buttons and
// words in it; the attributes basemap and credit name the operator's PMTiles. state becomes drawn or failed.

import { t } from "../i18n.js";
import "../later.js";

const NEAR = "500px";

class TrygSketch extends HTMLElement {
  #near = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#begin();
    },
    { rootMargin: NEAR },
  );

  connectedCallback() {
    this.hidden = false;
    this.#near.observe(this);
  }

  disconnectedCallback() {
    this.#near.disconnect();
  }

  async #begin() {
    this.#near.disconnect();
    if (!canDraw()) return this.#fail(t("This browser cannot draw the map. Use the list."));
    try {
      const { draw } = await import("./draw.js");
      await draw(this, (text) => this.say(text));
      this.setAttribute("state", "drawn");
    } catch {
      this.#fail(t("The map could not be fetched. Use the list."));
    }
  }

  #fail(/** @type {string} */ text) {
    this.setAttribute("state", "failed");
    this.say(text);
  }

  say(/** @type {string} */ text) {
    const words = /** @type {HTMLElement} */ (this.querySelector(".map-words"));
    words.textContent = text;
  }
}

function canDraw() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

customElements.define("tryg-sketch", TrygSketch);
