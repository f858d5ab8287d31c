// Two maps side by side: what one shows, the other shows too. Without this script the table below them tells the same.
//
// Hides how they are kept together. Promises that they begin with one view in which both have all they show, and that
// moving either, by hand or by keys, moves the other.

import "./elements/map.js";

/** @typedef {import("./reading/tools.js").TrygMap} TrygMap */

const maps = /** @type {TrygMap[]} */ ([...document.querySelectorAll("tryg-map")]);

function together(/** @type {import("maplibre-gl").Map[]} */ [first, second]) {
  const both = first.getBounds().extend(second.getBounds());
  first.fitBounds(both, { animate: false });
  let moving = false;
  const follow = (/** @type {import("maplibre-gl").Map} */ from, /** @type {import("maplibre-gl").Map} */ to) => () => {
    if (moving) return;
    moving = true;
    to.jumpTo({ center: from.getCenter(), zoom: from.getZoom() });
    moving = false;
  };
  follow(first, second)();
  first.on("move", follow(first, second));
  second.on("move", follow(second, first));
}

// One comes near the window before the other: neither waits.
const drawn = maps.map(
  (map) => new Promise((resolve) => new MutationObserver((_changes, watching) => {
    watching.disconnect();
    resolve(map.drawing());
  }).observe(map, { attributeFilter: ["state"] })),
);
const found = /** @type {(import("./elements/map.js").Drawing | null)[]} */ (await Promise.all(drawn));
const both = found.map((drawing) => drawing?.map).filter((map) => !!map);
if (both.length === 2) together(/** @type {import("maplibre-gl").Map[]} */ (both));
