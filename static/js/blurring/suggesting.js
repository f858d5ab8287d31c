// Suggesting: where there may be faces in a photo. Only suggestions: it finds not all, and says so nowhere.
//
// Hides the worker and its 21 MB (10 MB over the network): the network CenterFace and what runs it, which the service worker
// keeps from their first use on, and which are fetched by no other. Promises: nothing leaves the phone; a phone that is too
// slow or too full gets no suggestions and loses nothing. Fetched when somebody looks for faces.

import runner from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";

/** @typedef {import("./marking.js").Box} Box */

/** @type {Record<string, string>} */
const models = import.meta.glob("../../../build/centerface.onnx", { query: "?url", import: "default", eager: true });
const model = Object.values(models)[0];
const EDGE = 1280; // pixels of the photo's long edge as the network sees it (docs/blurring.md has the figures)
const GRAIN = 32; // its edges are multiples of this
const PATIENCE_MS = 60_000;

/** @type {Worker | null} */
let worker = null;

/** @returns {Promise<Box[] | null>} in the photo's pixels; null where nothing could look */
export async function suggest(/** @type {OffscreenCanvas} */ photo) {
  try {
    worker ??= await started();
    if (!worker) return null;
    const scale = EDGE / Math.max(photo.width, photo.height);
    const [width, height] = [photo.width, photo.height].map((edge) => Math.ceil((edge * scale) / GRAIN) * GRAIN);
    const small = new OffscreenCanvas(width, height);
    const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d", { alpha: false, willReadFrequently: true }));
    pen.imageSmoothingQuality = "high";
    pen.drawImage(photo, 0, 0, width, height);
    const { data: pixels } = pen.getImageData(0, 0, width, height);
    return await asked({ pixels, width, height, by: [photo.width / width, photo.height / height] }, [pixels.buffer]);
  } catch {
    stop();
    return null;
  }
}

/** Lets go of the worker and its memory. */
export function stop() {
  worker?.terminate();
  worker = null;
}

async function started() {
  if (!model) return null; // built without it
  const [network, wasm] = await Promise.all([model, runner].map(fetched));
  worker = new Worker(new URL("./faces.js", import.meta.url), { type: "module" });
  return (await asked({ model: network, wasm }, [network, wasm])) ? worker : null;
}

/** The page fetches, so that the service worker keeps it. */
async function fetched(/** @type {string} */ url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}

/** @returns {Promise<any>} */
function asked(/** @type {object} */ question, /** @type {Transferable[]} */ handed) {
  const busy = /** @type {Worker} */ (worker);
  return new Promise((resolve, reject) => {
    const patience = setTimeout(reject, PATIENCE_MS, new Error("too slow"));
    const done = (/** @type {any} */ answer) => {
      clearTimeout(patience);
      resolve(answer);
    };
    busy.onerror = () => done(null);
    busy.onmessage = ({ data }) => done(data);
    busy.postMessage(question, handed);
  });
}
