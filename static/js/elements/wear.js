// What a map needs around it: its letters, a key to its signs, words when its picture is gone, and a dress for paper.
//
// Hides fonts that come late, WebGL contexts that go, and the printer. Promises that each of these ends in a map or a sentence.

import { t } from "../i18n.js";
import "../later.js";
import { colours, picture } from "./marks.js";
import { pictured } from "./paper.js";

/** @typedef {import("maplibre-gl").Map} GlMap */

const LETTERS = '14px "IBM Plex Sans Variable"';
const LETTERS_PATIENCE_MS = 1_000;

/** The page's letters, before MapLibre draws with them; a page without them has others. */
export const letters = () =>
  Promise.race([
    document.fonts.load(LETTERS).catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, LETTERS_PATIENCE_MS)),
  ]);

/** Say that the picture is gone, as when a phone needs its memory for something else, and when it is back. */
export function watchCanvas(/** @type {GlMap} */ map, /** @type {(text: string) => void} */ say) {
  map.on("webglcontextlost", () => say(t("The phone has taken the map's picture away. Every place stands as text below.")));
  map.on("webglcontextrestored", () => say(""));
}

/** What the dots and the gates mean, in words; null: nothing is marked. */
export function explain(/** @type {HTMLElement} */ element, /** @type {import("./ground.js").Ground | null} */ under) {
  element.querySelector(".map-key")?.remove();
  if (!under) return;
  const key = document.createElement("p");
  key.className = "map-key";
  const line = (/** @type {string} */ sign, /** @type {string} */ text) => {
    const [row, drawn] = [document.createElement("span"), document.createElement("i")];
    drawn.className = sign;
    row.append(drawn, text);
    key.append(row);
  };
  if (under.light) line("map-dots", t("No street light, says the map"));
  else key.append(t("This map does not know where street light is missing."));
  if (under.sources.ground?.type === "vector") line("map-gate", t("Underpass"));
  element.append(key);
}

/** On paper a canvas is empty: put a picture of it in its place, in the dress for paper. */
export function print(
  /** @type {HTMLElement} */ element,
  /** @type {GlMap} */ map,
  /** @type {(worn: "screen" | "paper") => import("maplibre-gl").StyleSpecification} */ style,
  /** @type {() => string} */ credits,
) {
  const image = document.createElement("img");
  image.className = "map-print";
  image.alt = "";
  const wear = (/** @type {"screen" | "paper"} */ worn) => {
    const colour = colours(element, worn);
    for (const id of map.listImages()) {
      const made = picture(id, colour);
      if (made) map.updateImage(id, made.data);
    }
    map.setStyle(style(worn));
  };
  const ready = () => {
    wear("paper");
    image.src = pictured(map, credits()).toDataURL();
    element.append(image);
  };
  const over = () => wear("screen");
  addEventListener("beforeprint", ready);
  addEventListener("afterprint", over);
  return () => {
    removeEventListener("beforeprint", ready);
    removeEventListener("afterprint", over);
  };
}
