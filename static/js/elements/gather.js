// Notes that would cover each other on a map, gathered into groups: for the zoom that is shown, and no other.
//
// Hides Mercator's square and a grid over it. Promises that each note is in exactly one group, that no two notes of different
// groups lie on each other, that the same notes make the same groups, and that thousands take milliseconds: it is done anew at
// each filter and each zoom, so that the map's worker is sent a few hundred signs and never all notes. Imports nothing.

/** A group: its middle in Mercator's square, and the places of its notes in the list. @typedef {{x: number, y: number, notes: number[]}} Group */

const TILE = 512; // pixels of the world at zoom 0
const APART = 0.75; // of the reach: groups whose middles are nearer become one, since their labels would lie on each other
const ROWS = 2 ** 26; // more than there are cells along a side, at any zoom

/** Longitude and latitude of each, as x and y of Mercator's square from 0 to 1, one after the other. */
export function projected(/** @type {number[][]} */ places) {
  const at = new Float64Array(places.length * 2);
  places.forEach(([lon, lat], n) => {
    const sin = Math.sin((lat * Math.PI) / 180);
    at[2 * n] = lon / 360 + 0.5;
    at[2 * n + 1] = 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
  });
  return at;
}

/** Back to longitude and latitude. @returns {[number, number]} */
export function placeOf(/** @type {{x: number, y: number}} */ { x, y }) {
  return [x * 360 - 180, (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90];
}

/**
 * Those of `which` in groups: all that lie within `reach` pixels of a first one, at a whole zoom.
 * @param {Float64Array} at what projected() gives
 * @param {number[]} which
 * @param {number} zoom
 * @param {number} reach
 * @returns {Group[]}
 */
export function gather(at, which, zoom, reach) {
  const far = reach / (TILE * 2 ** Math.floor(zoom));
  const first = near(which.map((n) => ({ x: at[2 * n], y: at[2 * n + 1], notes: [n] })), far);
  return near(first, far * APART);
}

/** The first zoom after `zoom` at which these come apart; one beyond `closest` where they never do. */
export function parting(
  /** @type {Float64Array} */ at,
  /** @type {number[]} */ notes,
  /** @type {number} */ zoom,
  /** @type {number} */ reach,
  /** @type {number} */ closest,
) {
  let next = Math.floor(zoom) + 1;
  while (next <= closest && gather(at, notes, next, reach).length < 2) next += 1;
  return next;
}

/** @param {Group[]} groups @returns {Group[]} */
function near(groups, /** @type {number} */ far) {
  const cell = (/** @type {number} */ value) => Math.floor(value / far);
  /** @type {Map<number, Group[]>} */
  const cells = new Map();
  for (const group of groups) {
    const key = cell(group.x) * ROWS + cell(group.y);
    const held = cells.get(key);
    if (held) held.push(group);
    else cells.set(key, [group]);
  }
  /** @type {Set<Group>} */
  const taken = new Set();
  const found = [];
  for (const group of groups) {
    if (taken.has(group)) continue;
    const [column, row] = [cell(group.x), cell(group.y)];
    /** @type {Group[]} */
    const together = [];
    for (let x = column - 1; x <= column + 1; x++) {
      for (let y = row - 1; y <= row + 1; y++) {
        const held = cells.get(x * ROWS + y);
        if (!held) continue;
        const left = [];
        for (const one of held) {
          if ((one.x - group.x) ** 2 + (one.y - group.y) ** 2 > far * far) left.push(one);
          else together.push(one);
        }
        if (left.length < held.length) cells.set(x * ROWS + y, left);
      }
    }
    for (const one of together) taken.add(one);
    found.push(together.length > 1 ? joined(together) : group);
  }
  return found;
}

/** One group of several: its middle is that of all their notes. @param {Group[]} groups @returns {Group} */
function joined(groups) {
  const notes = groups.flatMap((one) => one.notes);
  const middle = (/** @type {"x" | "y"} */ axis) => groups.reduce((sum, one) => sum + one[axis] * one.notes.length, 0) / notes.length;
  return { x: middle("x"), y: middle("y"), notes };
}
