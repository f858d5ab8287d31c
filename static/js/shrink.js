// One photo made small, off the page's thread: the worker that camera.js starts.
//
// Promises: orientation baked in, no metadata (a canvas has none), long edge and size as asked; one photo in memory, and
// its bitmap let go at once. Answers null for what this phone cannot decode. Never keeps anything.

/** @typedef {{buffer: ArrayBuffer, width: number, height: number}} Small */

const JPEG = "image/jpeg";
const EDGE = 1600;
const ENOUGH_BYTES = 500_000;
const QUALITIES = [0.8, 0.7, 0.6, 0.5];

/** @returns {Promise<Small | null>} null where the file cannot be decoded here */
async function shrink(/** @type {Blob} */ file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap) return null;
  const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { alpha: false });
  if (!pen) return null;
  pen.imageSmoothingQuality = "high";
  // Straight into the small canvas: a large one fails on iOS, and JPEG has no transparency, so paper is white.
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const blob = await encode(canvas);
  return blob && { buffer: await blob.arrayBuffer(), width, height };
}

/** The best JPEG that is small enough, or the smallest. */
async function encode(/** @type {OffscreenCanvas} */ canvas) {
  let blob = null;
  for (const quality of QUALITIES) {
    blob = await canvas.convertToBlob({ type: JPEG, quality });
    if (blob.type !== JPEG) return null; // asked for what it cannot write, a browser gives PNG without a word
    if (blob.size <= ENOUGH_BYTES) break;
  }
  return blob;
}

/** @type {(message: unknown, transfer?: Transferable[]) => void} */
const reply = /** @type {any} */ (postMessage);
addEventListener("message", async (/** @type {MessageEvent<Blob>} */ { data }) => {
  const small = await shrink(data).catch(() => null);
  reply(small, small ? [small.buffer] : []);
});
