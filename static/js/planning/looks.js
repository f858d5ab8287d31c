// How the plan's map looks: its ground, the stops and the route in the page's own colours, what one can take hold of.
//
// Hides the styles of MapLibre and terra-draw. Promises the same numbered stops and line as on the report's map.

/** @typedef {import("../elements/marks.js").Colours} Colours */

const FONT = ["IBM Plex Sans Variable"];
/** @type {import("maplibre-gl").GeoJSONSourceSpecification} */
const NOTHING = { type: "geojson", data: { type: "FeatureCollection", features: [] } };

/** @returns {import("maplibre-gl").StyleSpecification} */
export const styled = (/** @type {Colours} */ colour, /** @type {import("../elements/ground.js").Ground} */ under) => ({
  version: 8,
  sources: { ...under.sources, between: NOTHING, numbers: NOTHING },
  layers: [
    { id: "land", type: "background", paint: { "background-color": colour.land } },
    ...under.layers(colour),
    { id: "between", type: "line", source: "between", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": colour.route, "line-width": 3, "line-dasharray": [2, 2] } },
    { id: "begun", type: "circle", source: "between", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 7, "circle-color": colour.surface, "circle-stroke-color": colour.route, "circle-stroke-width": 4 } },
  ],
});

/** What is drawn and held, for terra-draw; and the layer of the stops' numbers, for on top. */
export function looks(/** @type {Colours} */ colour) {
  const [route, land, surface] = [colour.route, colour.land, colour.surface].map(hex);
  return {
    route: { lineStringColor: route, lineStringWidth: 4 },
    stop: { pointColor: route, pointWidth: 12, pointOutlineColor: land, pointOutlineWidth: 2, editedPointColor: route, editedPointWidth: 20, editedPointOutlineColor: land, editedPointOutlineWidth: 2 },
    handles: {
      selectedLineStringColor: route,
      selectedLineStringWidth: 4,
      selectionPointColor: surface,
      selectionPointWidth: 7,
      selectionPointOutlineColor: route,
      selectionPointOutlineWidth: 3,
      midPointColor: route,
      midPointWidth: 4,
      midPointOutlineColor: land,
      midPointOutlineWidth: 1,
    },
    numbers: /** @type {import("maplibre-gl").LayerSpecification} */ ({
      id: "numbers",
      type: "symbol",
      source: "numbers",
      layout: { "icon-image": "stop", "icon-allow-overlap": true, "icon-ignore-placement": true, "text-field": ["get", "number"], "text-font": FONT, "text-size": 15, "text-allow-overlap": true, "text-ignore-placement": true },
      paint: { "text-color": colour.land },
    }),
  };
}

/** terra-draw knows colours only as #rrggbb. @returns {`#${string}`} */
function hex(/** @type {string} */ colour) {
  const parts = (colour.match(/[\d.]+/g) ?? []).slice(0, 3);
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, "0")).join("")}`;
}
