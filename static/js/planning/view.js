// What the plan's map shows at first: the stops and the route; else where the operator's base map is; else Denmark.
//
// Hides how that is found. Promises an answer whatever is there.

import { LngLatBounds } from "maplibre-gl";
import { PMTiles } from "pmtiles";
import * as plan from "./stops.js";

/** @type {[number, number, number, number]} */
const DENMARK = [8, 54.5, 12.8, 57.8];

export async function startingView(/** @type {string | null} */ basemap) {
  const points = [...plan.route(), ...plan.rows().map(plan.placeOf)].filter((point) => point !== null);
  if (points.length) {
    const bounds = new LngLatBounds(points[0], points[0]);
    for (const point of points) bounds.extend(point);
    return bounds;
  }
  if (!basemap || basemap.includes("{z}")) return LngLatBounds.convert(DENMARK);
  try {
    const { minLon, minLat, maxLon, maxLat } = await new PMTiles(new URL(basemap, location.href).href).getHeader();
    return new LngLatBounds([minLon, minLat, maxLon, maxLat]);
  } catch {
    return LngLatBounds.convert(DENMARK);
  }
}
