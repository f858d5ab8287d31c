// Under: what lies under the walker's map: the walk's own piece of map from the phone, else from the server.
//
// Promises: what the phone holds is used, also where it is not the newest one; never throws.

import "../later.js";
import { distance } from "../place.js";
import { held } from "../pocket.js";

/** @typedef {import("../place.js").Point} Point */

const STREET_M = 25;
const DOOR_M = 20;
const METRES = 111_195; // of one degree of latitude

/** @returns {Promise<{basemap: ArrayBuffer | string | null, credit: string, held: boolean}>} held: it is on the phone */
export async function groundOf(/** @type {import("../protocol.js").Walk} */ { basemap }) {
  const map = await held().catch(() => null);
  const credit = map?.credit ?? /** @type {any} */ (basemap)?.credit ?? "";
  return { basemap: map?.buffer ?? basemap?.url ?? null, credit, held: map !== null };
}

/**
 * The street at a place and the number of a door there, as far as the map has loaded them; null where there is none.
 * @returns {{street: string, number: string | null} | null}
 */
export function addressAt(/** @type {import("maplibre-gl").Map} */ map, /** @type {Point} */ at) {
  if (!map.getSource("ground")) return null;
  const near = (/** @type {string} */ layer, /** @type {string} */ key, /** @type {number} */ most) => {
    const features = map.querySourceFeatures("ground", { sourceLayer: layer, filter: ["has", key] });
    const measured = features.map(({ geometry, properties }) => ({ name: String(properties[key]), metres: away(at, geometry) }));
    const best = measured.reduce((one, other) => (other.metres < one.metres ? other : one), { name: "", metres: most });
    return best.name || null;
  };
  const street = near("road", "name", STREET_M) ?? near("transportation_name", "name", STREET_M);
  return street ? { street, number: near("number", "number", DOOR_M) } : null;
}

/** Metres from a place to a point or a line. */
function away(/** @type {Point} */ at, /** @type {import("geojson").Geometry} */ geometry) {
  if (geometry.type === "Point") return distance(at, { lon: geometry.coordinates[0], lat: geometry.coordinates[1] });
  const lines = geometry.type === "LineString" ? [geometry.coordinates] : geometry.type === "MultiLineString" ? geometry.coordinates : [];
  const shrink = Math.cos((at.lat * Math.PI) / 180);
  let best = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const flat = line.map(([lon, lat]) => [(lon - at.lon) * METRES * shrink, (lat - at.lat) * METRES]);
    for (let end = 1; end < flat.length; end += 1) best = Math.min(best, toSegment(flat[end - 1], flat[end]));
  }
  return best;
}

/** Metres from the origin to the segment a–b. */
function toSegment(/** @type {number[]} */ [ax, ay], /** @type {number[]} */ [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(ax + along * dx, ay + along * dy);
}
