// What the filters of the report ask for, so that the map can do it at once; the server does the same for the list.
//
// Hides the form's words and those of an address. Promises the server's meaning (app/report/filters.py): several values of
// one filter mean either of them, several filters mean all of them.

/** @typedef {import("../elements/places.js").Point} Point */
/** @typedef {import("../elements/places.js").Test} Test */

const FACETS = ["valence", "category", "stop", "role"];

/** What is chosen in the form, as an address' query; `area`: another one than the form has, null for none. */
export function asked(/** @type {HTMLFormElement} */ form, /** @type {Point[] | null | undefined} */ area = undefined) {
  const chosen = [...new FormData(form)].filter(([name, value]) => value !== "" && (name !== "area" || area === undefined));
  if (area) chosen.push(["area", written(area)]);
  return new URLSearchParams(/** @type {[string, string][]} */ (chosen));
}

/** Which notes a query asks for; null: all of them. @returns {Test | null} */
export function test(/** @type {URLSearchParams} */ query) {
  const wishes = FACETS.map((facet) => ({ facet, values: query.getAll(facet) })).filter(({ values }) => values.length);
  const area = areaOf(query);
  if (!wishes.length && !area) return null;
  return ({ geometry, properties }) =>
    wishes.every(({ facet, values }) => [properties[facet]].flat().some((value) => values.includes(value))) &&
    (!area || inside(area, geometry.coordinates));
}

/** @returns {Point[] | null} */
export function areaOf(/** @type {URLSearchParams} */ query) {
  const words = query.get("area");
  return words ? words.split(";").map((corner) => /** @type {Point} */ (corner.split(",").map(Number))) : null;
}

export const written = (/** @type {Point[]} */ area) => area.map((corner) => corner.join(",")).join(";");

/** Whether a point lies within an area; on its edge it may be either. The server counts alike (app/report/area.py). */
export function inside(/** @type {Point[]} */ area, /** @type {number[]} */ [x, y]) {
  let within = false;
  for (let n = 0, before = area.length - 1; n < area.length; before = n++) {
    const [ax, ay] = area[n];
    const [bx, by] = area[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}
