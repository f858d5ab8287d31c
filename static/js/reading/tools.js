// What stands around the report's map: choosing notes on it, how many it shows, and printing it.
//
// Hides which tool is in hand, and that MapLibre's part of it is fetched with the map. Promises that all of it can be done
// by keyboard: what is drawn by hand is chosen by moving the map and taking what it shows.

import { number, plural } from "../i18n.js";
import "../later.js";

/** @typedef {import("../elements/places.js").Point} Point */
/** @typedef {import("../elements/map.js").Drawing} Drawing */
/**
 * @typedef {HTMLElement & {area: Point[] | null, plan: import("../elements/map.js").Plan, show(id: string): Promise<boolean>, filter(test: import("../elements/places.js").Test | null): Promise<void>,
 *   choose(area: Point[] | null): Promise<void>, drawing(): Promise<Drawing | null>, notes(): Promise<import("../elements/map.js").Notes>,
 *   shown(): Omit<import("../elements/drawing.js").Shown, "notes">}} TrygMap
 */

/**
 * Make the buttons around the map work.
 * @param {HTMLElement} figure
 * @param {TrygMap} map
 * @param {(area: Point[] | null) => void} chosen
 * @returns {{tell(): Promise<void>}} says anew how many notes the map shows
 */
export function tools(figure, map, chosen) {
  const one = (/** @type {string} */ which) => /** @type {HTMLElement} */ (figure.querySelector(which));
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (figure.querySelectorAll("[data-tool]"));
  /** @type {(() => void) | null} */
  let leave = null;

  async function use(/** @type {string} */ tool) {
    leave?.();
    leave = null;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    one("[data-hint-here]").textContent = [...buttons].find((button) => button.dataset.tool === tool)?.dataset.hint ?? "";
    const drawing = await map.drawing();
    if (tool === "look" || !drawing?.map) return;
    const { choosing } = await import("../elements/choosing.js");
    leave = choosing(drawing.map, /** @type {"box"} */ (tool), (area) => {
      leave = null;
      use("look");
      if (area) chosen(area);
    });
  }

  async function tell() {
    const drawing = await map.drawing();
    const [shown, all] = [drawing?.notes().length ?? 0, drawing?.all().length ?? 0];
    one("[data-shown]").textContent = drawing?.map
      ? plural(all, "The map shows {shown} of {n} note.", "The map shows {shown} of {n} notes.", { shown: number(shown) })
      : "";
    one("[data-none]").hidden = !map.area;
    one("[data-listed]").hidden = !map.area;
  }

  for (const button of buttons) button.addEventListener("click", () => use(button.dataset.tool ?? ""));
  one("[data-view]").addEventListener("click", async () => {
    const drawing = await map.drawing();
    if (!drawing?.map) return;
    const { shownArea } = await import("../elements/choosing.js");
    chosen(shownArea(drawing.map));
  });
  one("[data-none]").addEventListener("click", () => {
    chosen(null);
    one("[data-view]").focus();
  });
  const ways = figure.querySelector("[data-tracks]");
  const { tracks } = map.plan;
  ways?.addEventListener("click", async () => {
    const on = ways.getAttribute("aria-pressed") === "false";
    ways.setAttribute("aria-pressed", String(on));
    map.plan = { ...map.plan, tracks: on ? tracks : null }; // for the printed sheet too
    (await map.drawing())?.tracks(map.plan.tracks ?? null);
  });
  map.addEventListener("map-choose", (event) => {
    chosen(/** @type {CustomEvent} */ (event).detail.area);
    location.hash = "#notes";
  });
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (figure.querySelectorAll("[data-paper]")))
    button.addEventListener("click", async () => {
      const { printMap } = await import("../elements/sheet.js");
      await printMap(map, button.dataset.paper ?? "a4", { title: document.querySelector("h1")?.textContent ?? "", legend: figure.querySelector(".legend") });
    });

  // The buttons are there once there is a map to use them on.
  new MutationObserver(() => {
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (figure.querySelectorAll("[data-with-map]")))
      part.hidden = map.getAttribute("state") !== "drawn";
    tell();
  }).observe(map, { attributeFilter: ["state"] });
  return { tell };
}
