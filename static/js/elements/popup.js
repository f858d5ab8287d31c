// What was noted at a place, opened on the map by hand or from the list.
//
// Hides MapLibre's pop-ups. Promises that several notes at one place are all reachable: coming closer parts
// them, and where it does not, the pop-up lists them. A walker's words go in as text, never as HTML.

import { Popup } from "maplibre-gl";
import { plural, t } from "../i18n.js";
import "../later.js";

const LISTED = 12; // notes in one pop-up; the list has the rest
const MARGIN = 0.0001; // degrees, some 10 m: around notes that are chosen together

/** @typedef {import("./places.js").Note} Note */

/**
 * Open what is tapped.
 * @param {HTMLElement} element where `data-choosing` says that the page lists what is chosen: it is told by map-choose
 * @param {import("maplibre-gl").Map} map
 * @param {number} closest the zoom at which notes of one place are still one label
 * @param {Pick<import("./map.js").Drawing, "members" | "parting">} signs
 * @returns {{show(note: Note): void, close(): void}}
 */
export function answering(element, map, closest, { members, parting }) {
  const popup = new Popup({ maxWidth: "20rem", focusAfterOpen: false, offset: 14 });
  for (const layer of ["notes", "many"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  map.on("click", "notes", async ({ features }) => {
    await null; // a pop-up that is open closes at this click, too
    const [{ properties }] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    tell(map, popup, members(properties));
  });
  map.on("click", "many", ({ features }) => {
    const [{ geometry, properties }] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    const zoom = parting(properties);
    if (zoom <= closest) return void map.easeTo({ center: /** @type {[number, number]} */ (geometry.coordinates), zoom });
    const notes = members(properties);
    // A pop-up that is open closes at this click, too.
    queueMicrotask(() => tell(map, popup, notes, "choosing" in element.dataset ? all(element, popup, notes) : null));
  });
  return {
    show: (note) => tell(map, popup, [note]),
    close: () => popup.remove(),
  };
}

/** A button that shows all of these notes in the list. */
function all(/** @type {HTMLElement} */ element, /** @type {Popup} */ popup, /** @type {Note[]} */ notes) {
  const button = document.createElement("button");
  button.className = "quiet link";
  button.textContent = plural(notes.length, "Show it in the list", "Show all {n} in the list");
  button.addEventListener("click", () => {
    const [west, south, east, north] = [0, 1, 2, 3].map((side) => {
      const far = notes.map(({ geometry }) => geometry.coordinates[side % 2]);
      return side < 2 ? Math.min(...far) - MARGIN : Math.max(...far) + MARGIN;
    });
    popup.remove();
    const area = [[west, south], [east, south], [east, north], [west, north]];
    element.dispatchEvent(new CustomEvent("map-choose", { detail: { area, listed: true } }));
  });
  return button;
}

/** Say in a pop-up what was noted at a place. */
function tell(
  /** @type {import("maplibre-gl").Map} */ map,
  /** @type {Popup} */ popup,
  /** @type {Note[]} */ notes,
  /** @type {HTMLElement | null} */ more = null,
) {
  if (!notes.length) return;
  const list = document.createElement("ul");
  list.className = "map-notes";
  list.append(...notes.slice(0, LISTED).map(line));
  if (notes.length > LISTED) {
    const rest = document.createElement("li");
    rest.textContent = plural(notes.length - LISTED, "and {n} more note in the list", "and {n} more notes in the list");
    list.append(rest);
  }
  const told = document.createElement("div");
  told.append(list, ...(more ? [more] : []));
  popup.setLngLat(/** @type {[number, number]} */ (notes[0].geometry.coordinates)).setDOMContent(told).addTo(map);
  // MapLibre's own focusing turns the page to where the pop-up is while the map is still on its way there.
  /** @type {HTMLElement | null} */ (popup.getElement().querySelector("a, button"))?.focus({ preventScroll: true });
}

function line(/** @type {Note} */ { properties }) {
  const item = document.createElement("li");
  const { valence, note, suggestion, note_id: id, href } = properties;
  if (valence && valence !== "none") {
    const said = document.createElement("b");
    said.className = "valence";
    said.dataset.valence = valence;
    said.append(shape(valence), { safe: t("Safe"), mixed: t("Both"), unsafe: t("Unsafe") }[/** @type {"safe"} */ (valence)] ?? "");
    item.append(said);
  }
  const text = document.createElement("span");
  const words = note || suggestion || "";
  text.textContent = words.length > 140 ? `${words.slice(0, 140).replace(/\s+\S*$/, "")} …` : words;
  item.append(text);
  if (href || document.getElementById(`n-${id}`)) {
    const link = document.createElement("a");
    link.href = href ?? `#n-${id}`; // an address of the server's own: what the point stands for has a page
    link.textContent = href ? t("Read the report") : t("See the note");
    item.append(link);
  }
  return item;
}

/** The valence's shape, from those the page has drawn once. */
function shape(/** @type {string} */ valence) {
  const SVG = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "mark");
  drawn.setAttribute("aria-hidden", "true");
  drawn.dataset.valence = valence;
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#v-${valence}`);
  drawn.append(use);
  return drawn;
}
