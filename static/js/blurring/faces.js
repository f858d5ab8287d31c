// Faces: looks for them in one photo after another, off the page's thread, on this phone and nowhere else.
//
// The worker that suggesting.js starts. It is given the network, what runs it (onnxruntime's WebAssembly) and the pixels, and
// fetches nothing: its file's policy (app/shell.py) would not let it reach anything. Answers with boxes, or with null where
// it could not look. Keeps no photo.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { boxesIn, unbound } from "./boxes.js";

/** @typedef {{model: ArrayBuffer, wasm: ArrayBuffer}} Begin */
/** @typedef {{pixels: Uint8ClampedArray, width: number, height: number, by: number[]}} Look   RGBA; both edges a multiple of 32 */

const [HEAT, SCALE, OFFSET] = ["537", "538", "539"]; // the network's names for its answers

/** @type {Promise<InferenceSession> | null} */
let session = null;

function begin(/** @type {Begin} */ { model, wasm }) {
  env.wasm.numThreads = 1; // more need a page that is cut off from all others
  env.wasm.wasmBinary = wasm;
  env.logLevel = "error";
  return InferenceSession.create(unbound(new Uint8Array(model)), { executionProviders: ["wasm"], logSeverityLevel: 3 });
}

async function look(/** @type {Look} */ { pixels, width, height, by }) {
  const network = await session;
  if (!network) return null;
  const area = width * height;
  const planes = new Float32Array(3 * area); // red, green and blue apart, 0 to 255
  for (let at = 0; at < area; at++) for (let band = 0; band < 3; band++) planes[band * area + at] = pixels[4 * at + band];
  const answer = await network.run({ [network.inputNames[0]]: new Tensor("float32", planes, [1, 3, height, width]) });
  const [heat, scale, offset] = [HEAT, SCALE, OFFSET].map((name) => /** @type {Float32Array} */ (answer[name].data));
  const [rows, columns] = answer[HEAT].dims.slice(-2);
  return boxesIn({ heat, scale, offset, width: columns, height: rows }, by);
}

addEventListener("message", async ({ data }) => {
  if ("model" in data) session = begin(data);
  const answer = "model" in data ? session : look(data);
  try {
    const boxes = await answer;
    postMessage("model" in data ? true : boxes);
  } catch {
    postMessage(null);
  }
});
