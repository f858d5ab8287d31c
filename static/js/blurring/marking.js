// Marking: the boxes and strokes on a photo that are to be made unrecognisable, and how to take the last step back.
//
// Pure: every step gives a new list and remembers the one before. In pixels of the photo, whole boxes within it. Knows
// neither the screen nor what covering.js makes of them.

/**
 * @typedef {{kind: "box", x: number, y: number, w: number, h: number, found?: boolean}} Box   found: a suggestion
 * @typedef {{kind: "stroke", r: number, points: [number, number][]}} Stroke   r: half its width
 * @typedef {Box | Stroke} Mark
 * @typedef {{width: number, height: number}} Size
 * @typedef {{marks: Mark[], past: Mark[][]}} Marking
 */

const SMALLEST = 8; // pixels: what is smaller cannot be taken hold of
const STEPS = 50; // taken back at most

/** @returns {Marking} */
export const blank = (/** @type {Mark[]} */ marks = []) => ({ marks, past: [] });

/** @returns {Marking} the same with `marks`; `before`: what Undo goes back to, where the step was drawn little by little */
export const step = (/** @type {Marking} */ now, /** @type {Mark[]} */ marks, before = now.marks) => ({
  marks,
  past: [...now.past, before].slice(-STEPS),
});

/** @returns {Marking} */
export function undo(/** @type {Marking} */ { marks, past }) {
  return { marks: past.at(-1) ?? marks, past: past.slice(0, -1) };
}

/** @returns {Marking} */
export const without = (/** @type {Marking} */ now, /** @type {number} */ at) =>
  step(
    now,
    now.marks.filter((_, one) => one !== at),
  );

/** The list with `mark` in place of the one `at`. */
export const changed = (/** @type {Mark[]} */ marks, /** @type {number} */ at, /** @type {Mark} */ mark) =>
  marks.map((one, index) => (index === at ? mark : one));

/** A box between two corners, inside the photo and large enough to be taken hold of. @returns {Box} */
export function between(/** @type {number[]} */ [ax, ay], /** @type {number[]} */ [bx, by], /** @type {Size} */ size) {
  const box = { x: Math.min(ax, bx), y: Math.min(ay, by), w: Math.abs(bx - ax), h: Math.abs(by - ay) };
  return fitted({ kind: "box", ...box }, size);
}

/** The box moved and sized so that it lies in the photo. @template {Box} T @returns {T} */
export function fitted(/** @type {T} */ box, /** @type {Size} */ { width, height }) {
  const w = Math.min(Math.max(box.w, SMALLEST), width);
  const h = Math.min(Math.max(box.h, SMALLEST), height);
  return { ...box, w, h, x: Math.min(Math.max(box.x, 0), width - w), y: Math.min(Math.max(box.y, 0), height - h) };
}

/** A mark moved by so many pixels. @returns {Mark} */
export function moved(/** @type {Mark} */ mark, /** @type {number} */ dx, /** @type {number} */ dy, /** @type {Size} */ size) {
  if (mark.kind === "box") return fitted({ ...mark, x: mark.x + dx, y: mark.y + dy }, size);
  return { ...mark, points: mark.points.map(([x, y]) => [x + dx, y + dy]) };
}

/** A mark larger or smaller to the right and below; a stroke wider or narrower. @returns {Mark} */
export function sized(/** @type {Mark} */ mark, /** @type {number} */ dw, /** @type {number} */ dh, /** @type {Size} */ size) {
  if (mark.kind === "stroke") return { ...mark, r: Math.max(SMALLEST / 2, mark.r + (dw + dh) / 2) };
  const [w, h] = [Math.min(mark.w + dw, size.width - mark.x), Math.min(mark.h + dh, size.height - mark.y)];
  return fitted({ ...mark, w, h }, size);
}

/** Suggestions that no box covers yet, each with room around it: hair and chin tell who it is, too. @returns {Box[]} */
export function fresh(/** @type {Box[]} */ found, /** @type {Mark[]} */ marks, /** @type {Size} */ size) {
  const covered = (/** @type {Box} */ { x, y, w, h }) =>
    marks.some(
      (mark) =>
        mark.kind === "box" &&
        mark.x <= x + w / 2 && mark.x + mark.w >= x + w / 2 && mark.y <= y + h / 2 && mark.y + mark.h >= y + h / 2,
    ); // biome-ignore format: four sides
  return found
    .filter((box) => !covered(box))
    .map((box) => fitted({ ...box, found: true, x: box.x - box.w * 0.15, w: box.w * 1.3, y: box.y - box.h * 0.2, h: box.h * 1.35 }, size));
}

/** Where a mark lies, as whole per cent from the left and from the top: for those who listen. */
export function whereabouts(/** @type {Mark} */ mark, /** @type {Size} */ { width, height }) {
  const [x, y] = mark.kind === "box" ? [mark.x + mark.w / 2, mark.y + mark.h / 2] : mark.points[0];
  return { left: Math.round((100 * x) / width), top: Math.round((100 * y) / height) };
}
