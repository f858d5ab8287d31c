// The map on paper: a picture of it, with a scale bar, an arrow to the north and the credit drawn into it.
//
// Hides that a canvas is empty on paper. Promises that the bar's length is right however large the picture is printed, and
// that scale, north and credit are legible on any ground and in grey.

import { distanceText } from "../i18n.js";

const EARTH_M = 40_075_016.686; // around the equator, WGS 84
const TILE = 512; // pixels of the world at zoom 0
const BAR = 0.2; // how much of the width the bar takes at most

/**
 * The map as it is now.
 * @param {import("maplibre-gl").Map} map
 * @param {string} credit
 * @returns {HTMLCanvasElement}
 */
export function pictured(map, credit) {
  map.redraw();
  const drawn = map.getCanvas();
  const picture = document.createElement("canvas");
  picture.width = drawn.width;
  picture.height = drawn.height;
  const context = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  context.drawImage(drawn, 0, 0);
  const scale = drawn.width / drawn.clientWidth;
  context.scale(scale, scale);
  const [width, height] = [drawn.clientWidth, drawn.clientHeight];
  const perPixel = (EARTH_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (TILE * 2 ** map.getZoom());
  bar(context, width, height, perPixel);
  arrow(context, width);
  if (credit) label(context, credit, 8, height - 8);
  return picture;
}

/** The largest of 1, 2, 5, 10, 20, 50 … metres that fits. */
export function roundMetres(/** @type {number} */ most) {
  const step = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((times) => times * step).find((metres) => metres <= most) ?? step;
}

function bar(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {number} */ width,
  /** @type {number} */ height,
  /** @type {number} */ perPixel,
) {
  const metres = roundMetres(width * BAR * perPixel);
  const long = metres / perPixel;
  const [left, top] = [width - long - 20, height - 44];
  ground(context, left - 10, top - 6, long + 20, 42);
  context.fillStyle = "#000";
  context.font = "600 14px 'IBM Plex Sans Variable', sans-serif";
  context.textAlign = "center";
  context.fillText(distanceText(metres), left + long / 2, top + 11);
  context.lineWidth = 2;
  context.strokeStyle = "#000";
  context.strokeRect(left, top + 18, long, 8);
  context.fillRect(left, top + 18, long / 2, 8);
  context.textAlign = "start";
}

function arrow(/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ width) {
  const middle = width - 30;
  ground(context, middle - 18, 10, 36, 56);
  context.fillStyle = "#000";
  context.fill(new Path2D(`M${middle} 15l9 26-9-6-9 6z`));
  context.font = "700 15px 'IBM Plex Sans Variable', sans-serif";
  context.textAlign = "center";
  context.fillText("N", middle, 59);
  context.textAlign = "start";
}

function label(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {string} */ text,
  /** @type {number} */ left,
  /** @type {number} */ bottom,
) {
  context.font = "12px 'IBM Plex Sans Variable', sans-serif";
  ground(context, left - 2, bottom - 18, context.measureText(text).width + 12, 20);
  context.fillStyle = "#000";
  context.fillText(text, left + 4, bottom - 4);
}

function ground(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {number} */ left,
  /** @type {number} */ top,
  /** @type {number} */ width,
  /** @type {number} */ height,
) {
  context.fillStyle = "#fff";
  context.fillRect(left, top, width, height);
}
