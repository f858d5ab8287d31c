// Pictures: what only the walker's map shows: the ring of a position's accuracy, and how far one's own note has come.
//
// The three states differ in shape as well: a tick, dots, an exclamation mark.

/** @typedef {import("../place.js").Point} Point */

const SCALE = 2;
const SIZE = 18;
const STEPS = 64;
const METRES = 111_195; // of one degree of latitude, on a sphere of the mean radius

/** @type {Record<"sent" | "waiting" | "failed", string>} */
const SIGNS = { sent: "M5.5 9.2 8 11.8l4.5-5.4", waiting: "M5.6 9h.01M9 9h.01M12.4 9h.01", failed: "M9 5v4.6M9 12.6h.01" };

/** The small sign at a note's shoulder: {data, options} for Map.addImage. */
export function badge(/** @type {"sent" | "waiting" | "failed"} */ state, /** @type {import("../elements/marks.js").Colours} */ colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * SCALE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(SCALE, SCALE);
  context.lineCap = context.lineJoin = "round";
  const disc = new Path2D();
  disc.arc(9, 9, 7, 0, 2 * Math.PI);
  context.fillStyle = state === "sent" ? colour.ink : colour.surface;
  context.strokeStyle = state === "sent" ? colour.surface : colour.ink;
  context.lineWidth = 1.5;
  context.fill(disc);
  context.stroke(disc);
  context.lineWidth = state === "sent" ? 2 : 2.4;
  context.stroke(new Path2D(SIGNS[state]));
  return { data: context.getImageData(0, 0, SIZE * SCALE, SIZE * SCALE), options: { pixelRatio: SCALE } };
}

/** A circle on the ground around `at`. @returns {import("geojson").Polygon} */
export function ring(/** @type {Point} */ { lat, lon }, /** @type {number} */ metres) {
  const shrink = Math.cos((lat * Math.PI) / 180);
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    const angle = ((step % STEPS) / STEPS) * 2 * Math.PI;
    return [lon + ((metres / METRES) * Math.sin(angle)) / shrink, lat + (metres / METRES) * Math.cos(angle)];
  });
  return { type: "Polygon", coordinates: [points] };
}
