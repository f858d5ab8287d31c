// The overview across walks: its map with every walk's route, and the browser's own way to print. Without this script the
// list of walks tells the same.
//
// Hides that routes are fetched only once the map is drawn. Promises that a map without them still shows where the walks were,
// that all of them are in it, in a window of any size until somebody moves it, and that its own way to print prints every row: where the page holds the first ones alone, the whole page comes first.

import "./elements/map.js";

/** @typedef {HTMLElement & {drawing(): Promise<import("./elements/map.js").Drawing | null>}} TrygMap */

const map = /** @type {TrygMap | null} */ (document.querySelector("tryg-map"));

/** The routes lie under the walks' marks, and come back with each change of the map's dress. */
async function routes() {
  const drawing = await map?.drawing();
  if (!map || !drawing?.map) return;
  const answer = await fetch(map.dataset.routes ?? "");
  if (!answer.ok) return;
  const lines = await answer.json();
  const source = () => /** @type {import("maplibre-gl").GeoJSONSource | undefined} */ (drawing.map?.getSource("route"));
  drawing.onDressed(() => source()?.setData(lines));
  const whole = drawing.whole();
  for (const { geometry } of lines.features) for (const point of geometry.coordinates) whole.extend(point);
  drawing.whole(whole);
}

if (map)
  new MutationObserver((_changes, watching) => {
    watching.disconnect();
    routes();
  }).observe(map, { attributeFilter: ["state"] });

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => (button.dataset.whole ? location.assign(button.dataset.whole) : window.print()));
}
if (location.hash === "#print") {
  history.replaceState(null, "", location.pathname + location.search); // coming back to it prints nothing
  Promise.resolve(map?.drawing()).finally(() => window.print());
}
