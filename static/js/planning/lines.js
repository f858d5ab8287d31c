// Lines with fewer points, so that a person can draw on them: a watch writes one each second.
//
// Hides the sums (Douglas and Peucker's). Promises that the ends stay, and that no point left out was farther from the new
// line than said.

/** @typedef {import("./stops.js").Point} Point */

const METRES_PER_DEGREE = 111_195;
const FIRST_M = 2;

/**
 * As few points as it takes to stay near the line, at most `most`.
 * @param {Point[]} points
 * @param {number} most
 * @returns {{points: Point[], metres: number}} metres: how far beside the line a point that was left out may be
 */
export function simpler(points, most) {
  const scale = Math.cos((points[0][1] * Math.PI) / 180);
  const flat = points.map(([lon, lat]) => [lon * scale * METRES_PER_DEGREE, lat * METRES_PER_DEGREE]);
  for (let metres = FIRST_M; ; metres *= 2) {
    const kept = keep(flat, metres);
    if (kept.length <= most) return { points: kept.map((n) => points[n]), metres };
  }
}

/** The numbers of the points that stay. */
function keep(/** @type {number[][]} */ flat, /** @type {number} */ metres) {
  const last = flat.length - 1;
  const kept = new Set([0, last]);
  const spans = [[0, last]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let [far, at] = [metres, 0];
    for (let n = from + 1; n < to; n++) {
      const off = beside(flat[n], flat[from], flat[to]);
      if (off > far) [far, at] = [off, n];
    }
    if (!at) continue;
    kept.add(at);
    spans.push([from, at], [at, to]);
  }
  return [...kept].sort((a, b) => a - b);
}

/** How far a point is from the piece of line between two others. */
function beside(/** @type {number[]} */ [x, y], /** @type {number[]} */ [ax, ay], /** @type {number[]} */ [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
