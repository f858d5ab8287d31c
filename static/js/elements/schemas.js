// What the ground's vector tiles call things: our own schema, OpenMapTiles, and the Danish state's Skærmkort.
//
// Hides other people's words. Each schema says the same in ours: where roads, water, houses and names are, and by which
// expression a feature becomes one of our kinds; "" is drawn by nobody. Sources: openmaptiles.org/schema; Klimadatastyrelsen's
// guide to the vector tiles of Skærmkort. Only our own schema knows where lamps are missing.

/** @typedef {any} Expression   of MapLibre's style language */
/**
 * @typedef {{name: string, land: {layer: string, kind: Expression}[], water: string[], house: {layer: string, is: Expression},
 *   rail: {layer: string, is: Expression, heavy: Expression},
 *   road: {layer: string, field: string, kind: Expression, name: Expression, names: string, tunnel: Expression,
 *     bridge: Expression, unlit: Expression},
 *   place: {layer: string, is: Expression, name: Expression}, number: {layer: string, text: Expression} | null,
 *   thing: {layer: string, kind: Expression} | null}} Schema
 *   heavy: trains, not trams; field: what every road has; names: the layer with roads' names; thing: what stands there, as benches and lamps
 */

const get = (/** @type {string} */ name) => ["get", name];
const is = (/** @type {string} */ name, /** @type {unknown} */ value) => ["==", ["get", name], value];
const among = (/** @type {string} */ name, /** @type {string} */ values) => ["in", ["get", name], ["literal", values.split(" ")]];
/** Their words in ours: `[["theirs and theirs", "ours"], …]`. */
const match = (/** @type {string} */ name, /** @type {[string[], Expression][]} */ pairs) => [
  "match",
  ["get", name],
  ...pairs.flat(),
  "",
];
const ABOVE_GROUND = ["!=", ["get", "brunnel"], "tunnel"];

/** @type {Schema} */
export const OWN = {
  name: "own",
  land: [
    {
      layer: "land",
      kind: match("kind", [
        [["grass", "playground", "pitch", "cemetery"], "green"],
        [["wood"], "wood"],
        [["farm"], "farm"],
        [["industrial", "commercial", "parking"], "work"],
        [["sand"], "sand"],
      ]),
    },
  ],
  water: ["water"],
  house: { layer: "building", is: true },
  rail: { layer: "rail", is: ["!", is("tunnel", true)], heavy: is("kind", "rail") },
  road: {
    layer: "road",
    field: "class",
    kind: get("class"),
    name: get("name"),
    names: "road",
    tunnel: is("tunnel", true),
    bridge: is("bridge", true),
    unlit: is("lit", "no"),
  },
  place: { layer: "place", is: true, name: get("name") },
  number: { layer: "number", text: get("number") },
  thing: { layer: "poi", kind: get("kind") },
};

const LARGE = "primary secondary tertiary primary_construction secondary_construction tertiary_construction".split(" ");
const OTHERS_NAME = ["coalesce", ["get", "name"], ["get", "name:latin"]];

/** @type {Schema} */
export const OPEN_MAP_TILES = {
  name: "openmaptiles",
  land: [
    {
      layer: "landcover",
      kind: match("class", [
        [["grass"], "green"],
        [["wood"], "wood"],
        [["farmland"], "farm"],
        [["sand"], "sand"],
      ]),
    },
    {
      layer: "landuse",
      kind: match("class", [
        [["cemetery", "pitch", "playground", "stadium", "track", "zoo"], "green"],
        [["industrial", "commercial", "retail", "railway", "garages", "quarry"], "work"],
      ]),
    },
    { layer: "park", kind: "green" },
  ],
  water: ["water", "waterway"],
  house: { layer: "building", is: true },
  rail: { layer: "transportation", is: ["all", among("class", "rail transit"), ABOVE_GROUND], heavy: is("class", "rail") },
  road: {
    layer: "transportation",
    field: "class",
    kind: match("class", [
      [["motorway", "trunk"], "motorway"],
      [LARGE, "main"],
      [["minor", "busway", "raceway"], "street"],
      [["service"], "service"],
      [["track"], "track"],
      [
        ["path", "pedestrian"],
        match("subclass", [
          [["steps"], "steps"],
          [["cycleway"], "cycleway"],
          [["pedestrian"], "pedestrian"],
          [["path", "footway", "bridleway", "corridor", "platform"], "path"],
        ]),
      ],
    ]),
    name: OTHERS_NAME,
    names: "transportation_name",
    tunnel: is("brunnel", "tunnel"),
    bridge: is("brunnel", "bridge"),
    unlit: false,
  },
  place: {
    layer: "place",
    is: among("class", "city town village hamlet suburb quarter neighbourhood island"),
    name: OTHERS_NAME,
  },
  number: { layer: "housenumber", text: get("housenumber") },
  thing: {
    layer: "poi",
    kind: match("subclass", [
      [["bench"], "bench"],
      [["bus_stop"], "bus_stop"],
      [["toilets"], "toilets"],
      [["defibrillator"], "defibrillator"],
    ]),
  },
};

/** @type {Schema} */
export const SKAERMKORT = {
  name: "skaermkort",
  land: [
    {
      layer: "natur",
      kind: match("type", [
        [["skov"], "wood"],
        [["hede", "vådområde"], "green"],
        [["sandklit"], "sand"],
      ]),
    },
    { layer: "bebygget", kind: match("type", [[["rekreativtområde", "rekreativområde", "begravelsesområde"], "green"]]) },
    {
      layer: "industri",
      kind: ["case", is("subtype", "sportsanlæg"), "green", "work"],
    },
  ],
  water: ["vand", "vandloeb"],
  house: { layer: "bebygget", is: is("type", "bygning") },
  rail: { layer: "jernbane", is: ["!=", ["get", "niveau"], "tunnel"], heavy: ["!=", ["get", "type"], "letbane"] },
  road: {
    layer: "veje",
    field: "type",
    kind: match("type", [
      [["motorvej", "motortrafikvej"], "motorway"],
      [["primærvej", "sekundærvej", "tertiærvej"], "main"],
      [["anden vej"], "street"],
      [["sti"], "path"],
    ]),
    name: get("navn"),
    names: "veje",
    tunnel: is("niveau", "tunnel"),
    bridge: is("niveau", "bro"),
    unlit: false,
  },
  place: { layer: "tekst_punkt", is: is("type", "bebyggelse"), name: get("navn") },
  number: null,
  thing: null,
};
