// Choosing notes by drawing on the map: a box pulled open, or a line around them.
//
// Hides pointers and how they become places. Promises that the map lies still meanwhile, that Escape and a mere tap choose
// nothing, and that an area has few corners. By keyboard one chooses what the map shows instead (reading/tools.js).

import { simpler } from "../planning/lines.js";

/** @typedef {import("./places.js").Point} Point */
/** @typedef {"box" | "lasso"} How */

const SMALLEST_PX = 8; // less was no drawing
const STEP_PX = 3;
const MOST_CORNERS = 40;
const DECIMALS = 5; // of a degree: about a metre

/**
 * Let an area be drawn once.
 * @param {import("maplibre-gl").Map} map
 * @param {How} how
 * @param {(area: Point[] | null) => void} done null: nothing was drawn
 * @returns {() => void} gives it up
 */
export function choosing(map, how, done) {
  const SVG = "http://www.w3.org/2000/svg";
  const sheet = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  sheet.setAttribute("class", "map-choosing");
  sheet.append(line);
  /** @type {[number, number][]} */
  let drawn = [];

  const corners = () => {
    const [first, last] = [drawn[0], drawn[drawn.length - 1]];
    return how === "lasso" ? drawn : [first, [last[0], first[1]], last, [first[0], last[1]]];
  };
  const at = (/** @type {PointerEvent} */ event) => {
    const box = sheet.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  const leave = () => {
    sheet.remove();
    removeEventListener("keydown", keys, true);
  };
  const end = (/** @type {Point[] | null} */ area) => {
    leave();
    done(area);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") end(null);
  };

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    sheet.setPointerCapture(event.pointerId);
    drawn = [at(event)];
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!drawn.length) return;
    const [x, y] = at(event);
    const [lastX, lastY] = drawn[drawn.length - 1];
    if (Math.hypot(x - lastX, y - lastY) < STEP_PX) return;
    drawn.push([x, y]);
    line.setAttribute("d", `M${corners().join("L")}z`);
  });
  sheet.addEventListener("pointerup", () => {
    const sizes = [0, 1].map((side) => {
      const along = drawn.map((point) => point[side]);
      return Math.max(...along) - Math.min(...along);
    });
    end(drawn.length > 1 && Math.max(...sizes) >= SMALLEST_PX ? places(map, corners()) : null);
  });
  sheet.addEventListener("pointercancel", () => end(null));
  // The map would move.
  for (const kind of ["mousedown", "touchstart", "touchmove", "click", "dblclick"])
    sheet.addEventListener(kind, (event) => event.stopPropagation());
  addEventListener("keydown", keys, true);
  map.getCanvasContainer().append(sheet);
  return leave;
}

/** What the map shows, as an area. @returns {Point[]} */
export function shownArea(/** @type {import("maplibre-gl").Map} */ map) {
  const { clientWidth: right, clientHeight: bottom } = map.getCanvas();
  return places(map, [[0, 0], [right, 0], [right, bottom], [0, bottom]]);
}

function places(/** @type {import("maplibre-gl").Map} */ map, /** @type {number[][]} */ corners) {
  const found = corners.map(([x, y]) => {
    const { lng, lat } = map.unproject([x, y]);
    return /** @type {Point} */ ([lng, lat]);
  });
  const few = found.length > 4 ? simpler(found, MOST_CORNERS).points : found;
  return few.map(([lon, lat]) => /** @type {Point} */ ([Number(lon.toFixed(DECIMALS)), Number(lat.toFixed(DECIMALS))]));
}
