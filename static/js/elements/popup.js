// What was noted at a place, opened on the map by hand or from the list.
//
// Hides MapLibre's pop-ups and clusters. Promises that several notes at one place are all reachable: coming closer parts
// them, and where it does not, the pop-up lists them. A walker's words go in as text, never as HTML.

import { Popup } from "maplibre-gl";
import { plural, t } from "../i18n.js";
import "../later.js";

const LISTED = 12; // notes in one pop-up; the list has the rest

/** @typedef {import("geojson").Feature<import("geojson").Point, any>} Note */

/**
 * Open what is tapped.
 * @param {import("maplibre-gl").Map} map
 * @param {number} closest the zoom at which notes of one place are still one label
 * @returns {{show(note: Note): void, close(): void}}
 */
export function answering(map, closest) {
  const popup = new Popup({ maxWidth: "20rem", focusAfterOpen: true, offset: 14 });
  for (const layer of ["notes", "many"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  map.on("click", "notes", ({ features }) => {
    const [clicked] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    tell(map, popup, clicked.geometry.coordinates, [clicked]);
  });
  map.on("click", "many", async ({ features }) => {
    const [{ geometry, properties }] = /** @type {[Note]} */ (/** @type {unknown} */ (features));
    const source = /** @type {import("maplibre-gl").GeoJSONSource} */ (map.getSource("notes"));
    const zoom = await source.getClusterExpansionZoom(properties.cluster_id);
    if (zoom <= closest) return map.easeTo({ center: /** @type {[number, number]} */ (geometry.coordinates), zoom });
    const leaves = await source.getClusterLeaves(properties.cluster_id, LISTED, 0);
    return tell(map, popup, geometry.coordinates, /** @type {Note[]} */ (leaves), properties.point_count);
  });
  return {
    show: (note) => tell(map, popup, note.geometry.coordinates, [note]),
    close: () => popup.remove(),
  };
}

/** Say in a pop-up what was noted at a place. */
function tell(
  /** @type {import("maplibre-gl").Map} */ map,
  /** @type {Popup} */ popup,
  /** @type {number[]} */ at,
  /** @type {Note[]} */ notes,
  total = notes.length,
) {
  const list = document.createElement("ul");
  list.className = "map-notes";
  list.append(...notes.slice(0, LISTED).map(line));
  if (total > LISTED) {
    const rest = document.createElement("li");
    rest.textContent = plural(total - LISTED, "and {n} more note in the list", "and {n} more notes in the list");
    list.append(rest);
  }
  popup.setLngLat(/** @type {[number, number]} */ (at)).setDOMContent(list).addTo(map);
}

function line(/** @type {Note} */ { properties }) {
  const item = document.createElement("li");
  const { valence, note, suggestion, note_id: id } = properties;
  if (valence) {
    const said = document.createElement("b");
    said.className = "valence";
    said.dataset.valence = valence;
    said.append(shape(valence), { safe: t("Safe"), mixed: t("Both"), unsafe: t("Unsafe") }[/** @type {"safe"} */ (valence)] ?? "");
    item.append(said);
  }
  const text = document.createElement("span");
  const words = note || suggestion;
  text.textContent = words.length > 140 ? `${words.slice(0, 140).replace(/\s+\S*$/, "")} …` : words;
  item.append(text);
  if (document.getElementById(`n-${id}`)) {
    const link = document.createElement("a");
    link.href = `#n-${id}`;
    link.textContent = t("See the note");
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
