// The ground under the map: vector tiles or pictures, from a file that the page holds, or piece by piece from our own server.
//
// Hides where the tiles come from (bytes, a PMTiles address, an address with {z}, {x} and {y}) and whose schema they have.
// Promises that a file which is missing, broken or strange leaves a plain ground and a sentence, that what fails later is
// told once, and that no other server is asked.

import { addProtocol, MercatorCoordinate } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";
import { t } from "../i18n.js";
import "../later.js";
import { landscape } from "./landscape.js";
import { OPEN_MAP_TILES, OWN, SKAERMKORT } from "./schemas.js";

/** @typedef {import("./marks.js").Colours} Colours */
/** @typedef {import("maplibre-gl").LayerSpecification} Layer */
/** @typedef {import("./schemas.js").Schema} Schema */
/**
 * @typedef {{sources: Record<string, any>, layers: (colour: Colours, unlit?: boolean) => Layer[], light: boolean}} Ground
 *   light: whether it tells where lamps are missing
 */

/** @type {Ground} */
const PLAIN = { sources: {}, layers: () => [], light: false };
const DEPTHS = [16, 14]; // how far tiles that are served one by one go: Skærmkort's and ours, or OpenMapTiles'; beyond, they are enlarged
const PATIENCE_MS = 8_000;
const PMTILES = "pmtiles://";
/** @type {Protocol | undefined} */
let protocol;
let files = 0;

/** A file that the page holds, as pmtiles reads it. */
class Held {
  constructor(/** @type {ArrayBuffer} */ buffer) {
    this.buffer = buffer;
    this.name = `held-${++files}`;
  }

  getKey() {
    return this.name;
  }

  async getBytes(/** @type {number} */ from, /** @type {number} */ length) {
    return { data: this.buffer.slice(from, from + length) };
  }
}

/**
 * @param {ArrayBuffer | string | null} from a PMTiles file, its address, or that of tiles ({z}, {x}, {y}); null: no base map
 * @param {import("maplibre-gl").LngLatBounds} bounds what will be looked at
 * @param {(text: string) => void} say
 * @returns {Promise<Ground>}
 */
export async function ground(from, bounds, say) {
  if (!from) return PLAIN;
  if (typeof from === "string" && from.includes("{z}")) return served(from, bounds);
  try {
    const archive = new PMTiles(typeof from === "string" ? new URL(from, location.href).href : new Held(from));
    const header = await archive.getHeader();
    const apart =
      header.maxLon < bounds.getWest() ||
      header.minLon > bounds.getEast() ||
      header.maxLat < bounds.getSouth() ||
      header.minLat > bounds.getNorth();
    if (apart) say(t("The base map does not reach this place. Route and notes are shown without it."));
    const source = { url: `${PMTILES}${archive.source.getKey()}` };
    if (PICTURES.includes(header.tileType)) return open(archive, pictures(source));
    const schemas = header.tileType === TileType.Mvt ? named(await archive.getMetadata()) : [];
    if (!schemas.length) throw new Error("foreign schema");
    return open(archive, drawn(source, schemas));
  } catch {
    say(t("The base map cannot be read. Route and notes are shown without it."));
    return PLAIN;
  }
}

/** Make an archive known to MapLibre. */
function open(/** @type {PMTiles} */ archive, /** @type {Ground} */ ground) {
  if (!protocol) {
    protocol = new Protocol();
    addProtocol("pmtiles", protocol.tile);
  }
  protocol.add(archive);
  return ground;
}

/** What lay under a map is not needed any more: a file that the page holds is let go. */
export const letGo = (/** @type {Ground} */ { sources }) => void protocol?.tiles.delete(String(sources.ground?.url).slice(PMTILES.length));

/** Tiles that the server hands out one by one do not say whose they are: what they do not have is simply not drawn. */
async function served(/** @type {string} */ address, /** @type {import("maplibre-gl").LngLatBounds} */ bounds) {
  const tiles = [new URL(address, location.href).href.replace(/%7B([zxy])%7D/g, "{$1}")];
  return drawn({ tiles, maxzoom: await depth(tiles[0], bounds) }, [OWN, OPEN_MAP_TILES, SKAERMKORT]);
}

/** How deep the tiles go: as deep as there is one in the middle of what will be looked at. */
async function depth(/** @type {string} */ tiles, /** @type {import("maplibre-gl").LngLatBounds} */ bounds) {
  const [deep, usual] = DEPTHS;
  const { x, y } = MercatorCoordinate.fromLngLat(bounds.getCenter());
  /** @type {Record<string, number>} */
  const at = { z: deep, x: Math.floor(x * 2 ** deep), y: Math.floor(y * 2 ** deep) };
  const address = tiles.replace(/\{([zxy])\}/g, (_, name) => String(at[name]));
  const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  return answer?.status === 200 ? deep : usual;
}

/** Whose schema the archive says it has; all that we read where it says nothing. @returns {Schema[]} */
function named(/** @type {any} */ metadata) {
  /** @type {{id: string, fields?: Record<string, string>}[]} */
  const told = metadata.vector_layers ?? [];
  const all = [OWN, OPEN_MAP_TILES, SKAERMKORT];
  if (!told.length) return all;
  return all.filter(({ road }) => {
    const layer = told.find(({ id }) => id === road.layer);
    return layer && (!layer.fields || road.field in layer.fields);
  });
}

/** @returns {Ground} */
const drawn = (/** @type {any} */ source, /** @type {Schema[]} */ schemas) => ({
  sources: { ground: { type: "vector", ...source } },
  layers: (colour, unlit = false) => schemas.flatMap((schema) => landscape(schema, colour, unlit)),
  light: schemas.every((schema) => schema === OWN),
});

const PICTURES = [TileType.Png, TileType.Jpeg, TileType.Webp, TileType.Avif];

/** @returns {Ground} */
const pictures = (/** @type {any} */ source) => ({
  sources: { ground: { type: "raster", tileSize: 256, ...source } },
  layers: (colour) => [
    {
      id: "pictures",
      type: "raster",
      source: "ground",
      // By night a bright picture would blind: half of it is left to the dark ground.
      paint: { "raster-opacity": isDark(colour.land) ? 0.45 : 0.9, "raster-saturation": -0.4 },
    },
  ],
  light: false,
});

const isDark = (/** @type {string} */ colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).every((part) => +part < 90);

/** Tell, once, when a part of the ground cannot be had. */
export function watchGround(/** @type {import("maplibre-gl").Map} */ map, /** @type {(text: string) => void} */ say) {
  let told = false;
  map.on("error", (/** @type {any} */ { error, sourceId }) => {
    if (sourceId !== "ground") return reportError(error);
    if (!told) say(t("A part of the base map cannot be had right now. Route and notes are shown all the same."));
    told = true;
  });
}
