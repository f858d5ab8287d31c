// Covering: a photo whose marked places hold nothing but one colour each, as a new JPEG.
//
// Promises: every pixel under a mark is replaced by the mean of those under it, as the server does it (app/photos/images.py,
// blurred), before the file is written from pixels alone; no pixel under a mark, no metadata and no earlier file can be in
// it. The same for a box and for a stroke of the brush. What this phone cannot decode is null. Keeps nothing.

/** @typedef {import("./marking.js").Mark} Mark */
/** @typedef {import("./marking.js").Size} Size */

const JPEG = "image/jpeg";
const EDGE = 1600; // as shrink.js; a larger canvas fails on some phones
const QUALITY = 0.85;

/** The photo as pixels, upright. @returns {Promise<OffscreenCanvas | null>} null where it cannot be decoded here */
export async function opened(/** @type {{buffer: ArrayBuffer, type: string}} */ { buffer, type }) {
  const file = new Blob([buffer], { type });
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return null;
  const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
  const size = [bitmap.width, bitmap.height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const canvas = new OffscreenCanvas(size[0], size[1]);
  const pen = pencil(canvas);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

const pencil = (/** @type {OffscreenCanvas} */ canvas) =>
  /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false, willReadFrequently: true }));

/** Replaces what is under the marks, in place. */
export function cover(/** @type {OffscreenCanvas} */ canvas, /** @type {Mark[]} */ marks) {
  const pen = pencil(canvas);
  for (const mark of marks) {
    const [x, y, right, lower] = around(mark, canvas);
    if (right <= x || lower <= y) continue;
    const image = pen.getImageData(x, y, right - x, lower - y);
    fill(image.data, mark.kind === "stroke" ? mask(mark, x, y, image) : null);
    pen.putImageData(image, x, y);
  }
}

/** The colour that a mark will have. @returns {string} "#rrggbb" */
export function colour(/** @type {OffscreenCanvas} */ canvas, /** @type {Mark} */ mark) {
  const [x, y, right, lower] = around(mark, canvas);
  if (right <= x || lower <= y) return "#000000";
  const { data, width, height } = pencil(canvas).getImageData(x, y, right - x, lower - y);
  const rgb = mean(data, mark.kind === "stroke" ? mask(mark, x, y, { width, height }) : null);
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** @returns {Promise<ArrayBuffer>} throws where this browser writes no JPEG */
export async function written(/** @type {OffscreenCanvas} */ canvas) {
  const blob = await canvas.convertToBlob({ type: JPEG, quality: QUALITY });
  if (blob.type !== JPEG) throw new Error(`no JPEG but ${blob.type}`);
  return blob.arrayBuffer();
}

/** Whole pixels that hold all of a mark, within the photo: left, upper, right and lower edge. */
function around(/** @type {Mark} */ mark, /** @type {Size} */ { width, height }) {
  const [xs, ys, r] =
    mark.kind === "box"
      ? [[mark.x, mark.x + mark.w], [mark.y, mark.y + mark.h], 0]
      : [mark.points.map(([x]) => x), mark.points.map(([, y]) => y), mark.r + 1];
  return [
    Math.max(0, Math.floor(Math.min(...xs) - r)),
    Math.max(0, Math.floor(Math.min(...ys) - r)),
    Math.min(width, Math.ceil(Math.max(...xs) + r)),
    Math.min(height, Math.ceil(Math.max(...ys) + r)),
  ];
}

/** Which pixels a stroke touches, were it ever so little: their alpha, of width × height pixels from x, y. */
function mask(/** @type {import("./marking.js").Stroke} */ { r, points }, /** @type {number} */ x, /** @type {number} */ y, /** @type {Size} */ { width, height }) {
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d"));
  pen.translate(-x, -y);
  pen.lineWidth = 2 * r;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  for (const [px, py] of points) pen.lineTo(px, py);
  if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
  pen.stroke();
  return pen.getImageData(0, 0, width, height).data;
}

function mean(/** @type {Uint8ClampedArray} */ pixels, /** @type {Uint8ClampedArray | null} */ of) {
  const sum = [0, 0, 0];
  let count = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    if (of && !of[at + 3]) continue;
    count += 1;
    for (let band = 0; band < 3; band++) sum[band] += pixels[at + band];
  }
  return sum.map((value) => Math.round(value / Math.max(1, count)));
}

function fill(/** @type {Uint8ClampedArray} */ pixels, /** @type {Uint8ClampedArray | null} */ of) {
  const rgb = mean(pixels, of);
  for (let at = 0; at < pixels.length; at += 4) if (!of || of[at + 3]) for (let band = 0; band < 3; band++) pixels[at + band] = rgb[band];
}
