// How the ground looks: one style for every schema, in whatever dress the page wears (day, night, more contrast, paper).
//
// Hides MapLibre's layers. Promises what matters on foot after dark: paths and stairs as clear as streets, bridges above and
// underpasses below, names in the browser's own letters (no glyph server); and that with `unlit` streets without lamps and
// underpasses stand out by a pattern, not by colour alone. Colours are constants of each layer, so that another dress can
// be put on between two frames (for paper).

/** @typedef {import("./marks.js").Colours} Colours */
/** @typedef {import("./schemas.js").Schema} Schema */
/** @typedef {import("./schemas.js").Expression} Expression */
/** @typedef {import("maplibre-gl").LayerSpecification} Layer */

const FONT = ["IBM Plex Sans Variable"];
const AREA = ["==", ["geometry-type"], "Polygon"];
const LINE = ["==", ["geometry-type"], "LineString"];
const WAYS = ["pedestrian", "path", "steps", "cycleway", "track"];
const ON_FOOT = ["street", "service", ...WAYS];

/** Width of a road's surface in pixels at zoom 12, 16 and 19: about life-size at the last. @type {Record<string, [number, number, number]>} */
const WIDTHS = {
  service: [0.3, 3.5, 15],
  pedestrian: [0.4, 4.5, 20],
  street: [0.7, 7, 28],
  main: [1.5, 10, 40],
  motorway: [2, 11, 46],
};
const THIN = [0.4, 2, 5];

/** The layers of one schema, from the ground up; a sign stands on top of all. @returns {Layer[]} */
export function landscape(/** @type {Schema} */ schema, /** @type {Colours} */ colour, unlit = false) {
  const { name, road } = schema;
  /** @type {Layer[]} */
  const layers = [];
  const add = (/** @type {string} */ id, /** @type {string} */ layer, /** @type {any} */ more) =>
    layers.push(/** @type {Layer} */ ({ id: `${name}-${id}`, source: "ground", "source-layer": layer, ...more }));
  areas(schema, colour, add);
  streets(schema, colour, add);
  if (unlit) darkness(road, colour, add);
  labels(schema, colour, add);
  if (unlit) gates(road, add);
  return layers;
}

/** @typedef {(id: string, layer: string, more: any) => void} Add */

function areas(/** @type {Schema} */ { land, water, house }, /** @type {Colours} */ colour, /** @type {Add} */ add) {
  for (const { layer, kind } of land)
    for (const one of /** @type {const} */ (["green", "farm", "work", "sand", "wood"]))
      if (kind === one || typeof kind !== "string")
        add(`${layer}-${one}`, layer, {
          type: "fill",
          filter: ["all", AREA, kind === one || ["==", kind, one]],
          paint: { "fill-color": colour[one], "fill-antialias": false },
        });
  for (const layer of water) {
    add(`${layer}-area`, layer, { type: "fill", filter: AREA, paint: { "fill-color": colour.water } });
    add(`${layer}-line`, layer, {
      type: "line",
      filter: LINE,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": colour.water, "line-width": widths([0.8, 3, 10]) },
    });
  }
  add("house", house.layer, {
    type: "fill",
    minzoom: 13,
    filter: ["all", AREA, house.is],
    paint: { "fill-color": colour.house, "fill-outline-color": colour.outline },
  });
}

/** Tunnels, then what lies on the ground, then bridges; each road's edge beneath all surfaces, so that crossings are open. */
function streets(/** @type {Schema} */ { rail, road }, /** @type {Colours} */ colour, /** @type {Add} */ add) {
  const kinds = Object.keys(WIDTHS);
  const at = (/** @type {string[]} */ wanted, /** @type {Expression} */ where) => [
    "all", LINE, ["in", road.kind, ["literal", wanted]], where,
  ];
  const level = ["case", road.tunnel, "under", road.bridge, "over", "on"];
  const under = ["==", level, "under"];
  const on = ["==", level, "on"];
  const over = ["==", level, "over"];
  const round = { "line-cap": "round", "line-join": "round" };
  const line = (/** @type {string} */ id, /** @type {Expression} */ filter, /** @type {any} */ paint, layout = round) =>
    add(id, road.layer, { type: "line", filter, layout, paint });
  const width = byKind(road.kind);

  add("plaza", road.layer, {
    type: "fill",
    filter: ["all", AREA, ["in", road.kind, ["literal", ["pedestrian", "path"]]]],
    paint: { "fill-color": colour.road, "fill-outline-color": colour.edge },
  });
  line("under-edge", at([...kinds, ...WAYS], under), { "line-color": colour.path, "line-width": 1.5, "line-gap-width": width(2), "line-dasharray": [2, 2] }, butt);
  line("under", at([...kinds, ...WAYS], under), { "line-color": colour.road, "line-width": width(2), "line-opacity": 0.5 }, butt);
  add("rail", rail.layer, { type: "line", filter: ["all", LINE, rail.is], paint: { "line-color": colour.rail, "line-width": widths([0.6, 2, 4]) } });
  add("sleepers", rail.layer, { type: "line", minzoom: 15, filter: ["all", LINE, rail.is, rail.heavy], paint: { "line-color": colour.rail, "line-width": widths([2, 6, 12]), "line-dasharray": [0.3, 1.4] } });
  line("edge", at(kinds, on), { "line-color": colour.edge, "line-width": width(1.5) });
  line("path", at(["path", "track", "cycleway"], on), { "line-color": colour.path, "line-width": widths(THIN), "line-dasharray": [2.2, 1.1] }, butt);
  line("surface", at(kinds, on), { "line-color": colour.road, "line-width": width(0) });
  line("steps", at(["steps"], ["!", road.tunnel]), { "line-color": colour.path, "line-width": widths([1.5, 7, 14]), "line-dasharray": [0.25, 0.25] }, butt);
  line("over-edge", at([...kinds, "path", "track", "cycleway"], over), { "line-color": colour.path, "line-width": width(4) }, butt);
  line("over", at([...kinds, "path", "track", "cycleway"], over), { "line-color": colour.road, "line-width": width(1) }, butt);
}

const butt = { "line-cap": "butt", "line-join": "round" };

/** Where lamps are missing: dots along the street. Under a road: bars across the way. */
function darkness(/** @type {Schema["road"]} */ road, /** @type {Colours} */ colour, /** @type {Add} */ add) {
  const walked = ["all", LINE, ["in", road.kind, ["literal", ON_FOOT]]];
  const dark = ["all", LINE, ["in", road.kind, ["literal", [...ON_FOOT, "main"]]], road.unlit, ["!", road.tunnel]];
  const dots = { "line-cap": "round", "line-join": "round" };
  add("unlit-edge", road.layer, { type: "line", filter: dark, layout: dots, paint: { "line-color": colour.land, "line-width": widths([3, 10, 18]), "line-opacity": 0.75 } });
  add("unlit", road.layer, { type: "line", filter: dark, layout: dots, paint: { "line-color": colour.unlit, "line-width": widths([2, 6, 10]), "line-dasharray": [0.01, 1.7] } });
  add("underpass", road.layer, { type: "line", filter: ["all", walked, road.tunnel], layout: butt, paint: { "line-color": colour.unlit, "line-width": widths([4, 14, 26]), "line-dasharray": [0.25, 0.2] } });
}

/** A sign at each underpass; the last of the layers, so that names make way for it. */
function gates(/** @type {Schema["road"]} */ road, /** @type {Add} */ add) {
  add("underpass-sign", road.layer, {
    type: "symbol",
    minzoom: 13,
    filter: ["all", LINE, ["in", road.kind, ["literal", ON_FOOT]], road.tunnel],
    layout: { "symbol-placement": "line-center", "icon-image": "underpass", "icon-rotation-alignment": "viewport", "icon-padding": 0 },
  });
}

function labels(/** @type {Schema} */ { road, place, number, thing }, /** @type {Colours} */ colour, /** @type {Add} */ add) {
  const paint = { "text-color": colour.dim, "text-halo-color": colour.land, "text-halo-width": 1.6 };
  if (number)
    add("number", number.layer, {
      type: "symbol",
      minzoom: 16.5,
      layout: { "text-field": number.text, "text-font": FONT, "text-size": 12, "text-padding": 4 },
      paint,
    });
  if (thing)
    add("thing", thing.layer, {
      type: "symbol",
      minzoom: 15,
      filter: ["step", ["zoom"], ["in", thing.kind, ["literal", ["defibrillator", "toilets"]]], 16, ["in", thing.kind, ["literal", ["defibrillator", "toilets", "bus_stop"]]], 17, ["!=", thing.kind, ""]],
      layout: { "icon-image": ["concat", "sign-", thing.kind], "icon-padding": 3 },
    });
  add("street-name", road.names, {
    type: "symbol",
    minzoom: 14,
    filter: LINE,
    layout: { "symbol-placement": "line", "text-field": road.name, "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], 14, 12, 18, 15], "text-max-angle": 30, "symbol-spacing": 300 },
    paint,
  });
  add("place-name", place.layer, {
    type: "symbol",
    maxzoom: 17,
    filter: place.is,
    layout: { "text-field": place.name, "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], 10, 13, 16, 17], "text-letter-spacing": 0.04, "text-max-width": 8 },
    paint: { ...paint, "text-color": colour.ink },
  });
}

const widths = (/** @type {Expression[]} */ [far, near, close]) => [
  "interpolate", ["exponential", 1.6], ["zoom"], 12, far, 16, near, 19, close,
];

/** A road's width by its kind, and `more` pixels. */
function byKind(/** @type {Expression} */ kind) {
  const pairs = Object.entries(WIDTHS);
  const at = (/** @type {number} */ step, /** @type {number} */ more) => [
    "match", kind, ...pairs.flatMap(([name, all]) => [name, all[step] + more]), THIN[step] + more,
  ];
  return (/** @type {number} */ more) => widths([at(0, more / 2), at(1, more), at(2, more)]);
}
