// The pictures on the map, drawn in the page's own colours: shapes of valences, stops, the label of several notes.
//
// Hides canvases. Promises the same shapes as in the list: unsafe a triangle, safe a circle, mixed a half-filled square,
// so that they are told apart in grey too; each with an edge of the ground's colour, to stand out from what lies beneath.

import { SIGN_SIZE, SIGNS } from "./signs.js";

const SCALE = 2; // pixels of the picture for one of the page: sharp on phones, fine on desks
const TOKENS = {
  land: "--map-land",
  green: "--map-green",
  wood: "--map-wood",
  farm: "--map-farm",
  work: "--map-work",
  sand: "--map-sand",
  water: "--map-water",
  house: "--map-house",
  outline: "--map-outline",
  road: "--map-road",
  edge: "--map-edge",
  path: "--map-path",
  rail: "--map-rail",
  unlit: "--map-unlit",
  route: "--map-route",
  me: "--map-me",
  ink: "--ink",
  dim: "--ink-2",
  surface: "--surface",
  safe: "--safe",
  mixed: "--mixed",
  unsafe: "--unsafe",
};
/** @typedef {Record<keyof typeof TOKENS, string>} Colours */

/**
 * @param {HTMLElement} element
 * @param {"screen" | "paper"} [dress]
 * @returns {Colours} the tokens of its page as it shows them now, or as paper does; a variable alone would still say light-dark()
 */
export function colours(element, dress = "screen") {
  const probe = document.createElement("i");
  probe.className = `map-probe ${dress}`;
  const found = Object.entries(TOKENS).map(([name, token]) => {
    const one = document.createElement("i");
    one.style.color = `var(${token})`;
    probe.append(one);
    return /** @type {const} */ ([name, one]);
  });
  element.append(probe);
  // All are on the page before the first is read: the browser looks up the whole page's style once, not once for each.
  const read = found.map(([name, one]) => [name, getComputedStyle(one).color]);
  probe.remove();
  return Object.fromEntries(read);
}

/** A picture by its name in the style, or null: {data, options} for Map.addImage. */
export function picture(/** @type {string} */ name, /** @type {Colours} */ colour) {
  if (name === "label") return label(colour);
  const sign = SIGNS[name];
  if (sign) return drawn(SIGN_SIZE, SIGN_SIZE, sign, colour);
  const small = name.startsWith("small-");
  const shape = SHAPES[name.replace("small-", "")];
  if (!shape) return null;
  const size = name === "nothing" ? 1 : small ? 15 : 28;
  return drawn(size, 28, shape, colour);
}

/** A picture `size` pixels wide of what is drawn on a sheet of `of`. */
function drawn(
  /** @type {number} */ size,
  /** @type {number} */ of,
  /** @type {import("./signs.js").Drawn} */ shape,
  /** @type {Colours} */ colour,
) {
  const context = sheet(size, size);
  context.scale(size / of, size / of);
  context.lineJoin = "round";
  shape(context, colour);
  return { data: context.getImageData(0, 0, size * SCALE, size * SCALE), options: { pixelRatio: SCALE } };
}

/** @type {Record<string, (context: CanvasRenderingContext2D, colour: Colours) => void>} */
const SHAPES = {
  safe: (context, colour) => filled(context, colour.safe, colour.land, circle(10)),
  unsafe: (context, colour) => filled(context, colour.unsafe, colour.land, new Path2D("M14 3.5 25 23H3z")),
  mixed: (context, colour) => {
    filled(context, colour.surface, colour.land, new Path2D("M4.5 4.5h19v19h-19z"));
    context.strokeStyle = context.fillStyle = colour.mixed;
    context.lineWidth = 2;
    context.stroke(new Path2D("M5.5 5.5h17v17h-17z"));
    context.fill(new Path2D("M5.5 5.5v17h17z"));
  },
  none: (context, colour) => filled(context, colour.dim, colour.land, circle(6)),
  nothing: () => {},
  stop: (context, colour) => filled(context, colour.route, colour.land, circle(12)),
};

/** A rounded label that MapLibre stretches to the width of its text. */
function label(/** @type {Colours} */ colour) {
  const context = sheet(24, 24);
  const path = new Path2D();
  path.roundRect(2, 2, 20, 20, 10);
  context.fillStyle = colour.surface;
  context.fill(path);
  context.lineWidth = 2.5;
  context.strokeStyle = colour.ink;
  context.stroke(path);
  /** @type {[number, number][]} */
  const middle = [[11 * SCALE, 13 * SCALE]];
  /** @type {[number, number, number, number]} */
  const inside = [6 * SCALE, 3 * SCALE, 18 * SCALE, 21 * SCALE];
  const data = context.getImageData(0, 0, 24 * SCALE, 24 * SCALE);
  return { data, options: { pixelRatio: SCALE, stretchX: middle, stretchY: middle, content: inside } };
}

function circle(/** @type {number} */ radius) {
  const path = new Path2D();
  path.arc(14, 14, radius, 0, 2 * Math.PI);
  return path;
}

function filled(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {string} */ inside,
  /** @type {string} */ edge,
  /** @type {Path2D} */ path,
) {
  context.lineWidth = 4;
  context.strokeStyle = edge;
  context.stroke(path);
  context.fillStyle = inside;
  context.fill(path);
}

function sheet(/** @type {number} */ width, /** @type {number} */ height) {
  const canvas = document.createElement("canvas");
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.scale(SCALE, SCALE);
  return context;
}
