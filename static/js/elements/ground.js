// The ground under the map: the operator's PMTiles, read piece by piece from our own server.
//
// Hides the archive's format and schema: our own small one (water, green, building, road, rail, poi), OpenMapTiles, or
// raster pictures. Promises that a file which is missing, broken or strange leaves a plain ground and a sentence.

import { addProtocol } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";
import { t } from "../i18n.js";
import "../later.js";

/** @typedef {import("./marks.js").Colours} Colours */
/** @typedef {import("maplibre-gl").LayerSpecification} Layer */
/** @typedef {{sources: Record<string, any>, layers: (colour: Colours) => Layer[]}} Ground */

/** @type {Ground} */
const PLAIN = { sources: {}, layers: () => [] };
const FONT = ["IBM Plex Sans Variable"];
/** @type {Protocol | undefined} */
let protocol;

/**
 * @param {string | null} address where the PMTiles file is, or null: no base map
 * @param {import("maplibre-gl").LngLatBounds} bounds what will be looked at
 * @param {(text: string) => void} say
 * @returns {Promise<Ground>}
 */
export async function ground(address, bounds, say) {
  if (!address) return PLAIN;
  try {
    const url = new URL(address, location.href).href;
    const archive = new PMTiles(url);
    const header = await archive.getHeader();
    const known = await schema(archive, header.tileType);
    if (!known) throw new Error("foreign schema");
    if (!protocol) {
      protocol = new Protocol();
      addProtocol("pmtiles", protocol.tile);
    }
    protocol.add(archive);
    const apart =
      header.maxLon < bounds.getWest() ||
      header.minLon > bounds.getEast() ||
      header.maxLat < bounds.getSouth() ||
      header.minLat > bounds.getNorth();
    if (apart) say(t("The base map does not reach this place. Route and notes are shown without it."));
    return { sources: { ground: { type: known.type, url: `pmtiles://${url}`, ...known.more } }, layers: known.layers };
  } catch {
    say(t("The base map cannot be read. Route and notes are shown without it."));
    return PLAIN;
  }
}

async function schema(/** @type {PMTiles} */ archive, /** @type {TileType} */ type) {
  if (type !== TileType.Mvt) {
    const pictures = [TileType.Png, TileType.Jpeg, TileType.Webp, TileType.Avif].includes(type);
    return pictures ? { type: "raster", more: { tileSize: 256 }, layers: raster } : null;
  }
  const metadata = /** @type {any} */ (await archive.getMetadata());
  /** @type {string[]} */
  const names = (metadata.vector_layers ?? []).map((/** @type {{id: string}} */ layer) => layer.id);
  // An archive that does not name its layers may be either: what it does not have is simply not drawn.
  const own = !names.length || names.includes("road");
  const openMapTiles = !names.length || names.includes("transportation");
  if (!own && !openMapTiles) return null;
  const layers = (/** @type {Colours} */ colour) => [
    ...(own ? ours(colour) : []),
    ...(openMapTiles ? theirs(colour) : []),
  ];
  return { type: "vector", more: {}, layers };
}

/** @returns {Layer[]} */
const raster = (/** @type {Colours} */ colour) => [
  {
    id: "pictures",
    type: "raster",
    source: "ground",
    // By night a bright picture would blind: half of it is left to the dark ground.
    paint: { "raster-opacity": isDark(colour.land) ? 0.45 : 0.9, "raster-saturation": -0.4 },
  },
];

const isDark = (/** @type {string} */ colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).every((part) => +part < 90);

const WAYS = ["footway", "path", "steps", "cycleway", "pedestrian", "track", "bridleway", "corridor"];
const LARGE = ["motorway", "trunk", "primary", "secondary", "tertiary"];

/** Our own schema. @returns {Layer[]} */
function ours(/** @type {Colours} */ colour) {
  const way = ["in", ["get", "highway"], ["literal", WAYS]];
  const large = ["in", ["slice", ["get", "highway"], 0, 5], ["literal", LARGE.map((name) => name.slice(0, 5))]];
  return [
    area("green", "green", colour.green),
    area("water", "water", colour.water),
    area("building", "building", colour.house),
    line("rail", "rail", colour.path, null, 1.5),
    line("path", "road", colour.path, way, 2, [1, 2]),
    ...road("road", ["!", way], large, colour),
    names("road", ["get", "name"], colour),
  ];
}

/** OpenMapTiles (openmaptiles.org/schema). @returns {Layer[]} */
function theirs(/** @type {Colours} */ colour) {
  const way = ["in", ["get", "class"], ["literal", ["path", "track", "pedestrian"]]];
  const rail = ["in", ["get", "class"], ["literal", ["rail", "transit"]]];
  const apart = ["in", ["get", "class"], ["literal", ["ferry", "aerialway"]]];
  const large = ["in", ["get", "class"], ["literal", LARGE]];
  const lines = ["==", ["geometry-type"], "LineString"];
  return [
    area("landcover", "landcover", colour.green, ["in", ["get", "class"], ["literal", ["grass", "wood", "farmland"]]]),
    area("park", "park", colour.green),
    area("water-area", "water", colour.water),
    area("houses", "building", colour.house),
    line("rails", "transportation", colour.path, rail, 1.5),
    line("ways", "transportation", colour.path, ["all", lines, way], 2, [1, 2]),
    ...road("transportation", ["all", lines, ["!", way], ["!", rail], ["!", apart]], large, colour),
    names("transportation_name", ["coalesce", ["get", "name"], ["get", "name:latin"]], colour),
  ];
}

/** @returns {Layer[]} a road's edge under its surface, wider for what carries traffic */
function road(/** @type {string} */ layer, /** @type {any} */ which, /** @type {any} */ large, /** @type {Colours} */ colour) {
  const width = (/** @type {number} */ more) => [
    "interpolate", ["exponential", 1.6], ["zoom"],
    12, ["case", large, 1.5 + more, 0.5 + more],
    16, ["case", large, 10 + more, 6 + more],
    19, ["case", large, 40 + more, 26 + more],
  ];
  return [
    line(`${layer}-edge`, layer, colour.edge, which, width(1.5)),
    line(`${layer}-surface`, layer, colour.road, which, width(0)),
  ];
}

/** @returns {Layer} */
const area = (/** @type {string} */ id, /** @type {string} */ layer, /** @type {string} */ colour, /** @type {any} */ filter = true) => ({
  id,
  type: "fill",
  source: "ground",
  "source-layer": layer,
  filter: ["all", ["==", ["geometry-type"], "Polygon"], filter],
  paint: { "fill-color": colour },
});

/** @returns {Layer} */
const line = (
  /** @type {string} */ id,
  /** @type {string} */ layer,
  /** @type {string} */ colour,
  /** @type {any} */ filter,
  /** @type {any} */ width,
  /** @type {number[] | undefined} */ dashes = undefined,
) => ({
  id,
  type: "line",
  source: "ground",
  "source-layer": layer,
  ...(filter ? { filter } : {}),
  layout: { "line-cap": dashes ? "butt" : "round", "line-join": "round" },
  paint: { "line-color": colour, "line-width": width, ...(dashes ? { "line-dasharray": dashes } : {}) },
});

/** @returns {Layer} names along the streets, in the browser's own letters */
const names = (/** @type {string} */ layer, /** @type {any} */ text, /** @type {Colours} */ colour) => ({
  id: `${layer}-names`,
  type: "symbol",
  source: "ground",
  "source-layer": layer,
  minzoom: 14,
  layout: { "symbol-placement": "line", "text-field": text, "text-font": FONT, "text-size": 13, "text-max-angle": 30 },
  paint: { "text-color": colour.dim, "text-halo-color": colour.land, "text-halo-width": 1.5 },
});
