// The map on a sheet of its own, A4 or A3: what it shows now, sharp, in the colours of the day.
//
// Hides that a second map is drawn at the sheet's size and put away again. Promises scale, north and credit on it, the
// legend beneath, and that the page is as before once the print is done or given up.

import { t } from "../i18n.js";
import "../later.js";
import { draw } from "./drawing.js";
import { pictured } from "./paper.js";

/**
 * Print what the map shows.
 * @param {import("../reading/tools.js").TrygMap} element
 * @param {string} paper a4 or a3
 * @param {{title: string, legend: Element | null}} words
 */
export async function printMap(element, paper, { title, legend }) {
  const looked = await element.drawing();
  if (!looked?.map) return;
  const sheet = document.createElement("section");
  sheet.className = "map-sheet";
  sheet.dataset.paper = paper;
  const heading = document.createElement("h1");
  heading.textContent = title;
  const box = document.createElement("div");
  box.className = "map";
  sheet.append(heading, box);
  if (legend) sheet.append(legend.cloneNode(true));
  document.body.append(sheet);
  const notes = { type: /** @type {const} */ ("FeatureCollection"), features: looked.notes() };
  const image = document.createElement("img");
  image.alt = t("Map of the route, the stops and the notes. The same stands as text below.");
  try {
    const drawing = await draw(box, { ...element.shown(), only: null, notes, paper: true, view: looked.map.getBounds() }, () => {});
    const map = /** @type {import("maplibre-gl").Map} */ (drawing.map);
    if (!map.areTilesLoaded()) await new Promise((resolve) => map.once("idle", resolve));
    try {
      image.src = pictured(map, drawing.credits()).toDataURL();
    } finally {
      drawing.remove();
    }
    box.replaceChildren(image);
    await image.decode();
  } catch (failure) {
    sheet.remove();
    throw failure;
  }
  document.documentElement.dataset.printing = "map";
  const over = () => {
    delete document.documentElement.dataset.printing;
    sheet.remove();
  };
  addEventListener("afterprint", over, { once: true });
  window.print();
}
