// Two maps side by side: what one shows, the other shows too. Without this script the table below them tells the same.
//
// Hides how they are kept together. Promises that they show all that both have, in a window of any size until somebody moves
// one, and that moving either, by hand or by keys, moves the other.

import "./elements/map.js";

/** @typedef {import("./reading/tools.js").TrygMap} TrygMap */

const maps = /** @type {TrygMap[]} */ ([...document.querySelectorAll("tryg-map")]);

/** @typedef {import("./elements/map.js").Drawing} Drawing */

function together(/** @type {Drawing} */ one, /** @type {Drawing} */ other) {
  const [first, second] = [one, other].map(({ map }) => /** @type {import("maplibre-gl").Map} */ (map));
  one.whole(other.whole().extend(one.whole()));
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
const [one, other] = /** @type {(Drawing | null)[]} */ (await Promise.all(drawn));
if (one?.map && other?.map) together(one, other);
