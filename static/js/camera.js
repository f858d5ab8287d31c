// A chosen file becomes a small JPEG without metadata, or is taken as it is.
//
// Hides decoding, sizes and file kinds. Promises: turned the right way up, long edge 1,600 px, about 300 KB, nothing but
// the picture; one photo at a time, off the page's thread, so that the phone neither runs out of memory nor stops
// answering. What this phone cannot decode (HEIC on Android) goes as it is, named by its bytes; the server converts it.

/** @typedef {{buffer: ArrayBuffer, type: string, width: number | null, height: number | null, shrunk: boolean}} Prepared */

const PATIENCE_MS = 30_000;
const REST_MS = 20_000;
const LARGEST_BYTES = 15 * 1024 * 1024;

/** The file cannot be used as a photo. */
export class NotAPhoto extends Error {
  constructor(/** @type {"empty" | "unreadable" | "unknown" | "too-large"} */ reason) {
    super(reason);
    this.name = "NotAPhoto";
    this.reason = reason;
  }
}

/** @type {Worker | null} */
let worker = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let rest;
/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Throws NotAPhoto for an empty or unusable file; `limit`: bytes of a file that is taken as it is.
 * @returns {Promise<Prepared>}
 */
export async function prepare(/** @type {Blob} */ file, limit = LARGEST_BYTES) {
  if (!file.size) throw new NotAPhoto("empty");
  const turn = last.then(() => shrunk(file));
  last = turn.catch(() => {});
  const small = await turn;
  if (small) return { ...small, type: "image/jpeg", shrunk: true };
  const buffer = await file.arrayBuffer().catch(() => null);
  if (!buffer) throw new NotAPhoto("unreadable");
  const type = kindOf(new Uint8Array(buffer.slice(0, 16)));
  if (!type) throw new NotAPhoto("unknown");
  if (buffer.byteLength > limit) throw new NotAPhoto("too-large");
  return { buffer, type, width: null, height: null, shrunk: false };
}

/** @returns {Promise<{buffer: ArrayBuffer, width: number, height: number} | null>} null where it cannot be made small */
function shrunk(/** @type {Blob} */ file) {
  clearTimeout(rest);
  worker ??= new Worker(new URL("./shrink.js", import.meta.url), { type: "module" });
  const busy = worker;
  return new Promise((resolve) => {
    const giveUp = () => {
      dismiss();
      resolve(null);
    };
    const patience = setTimeout(giveUp, PATIENCE_MS);
    busy.onerror = giveUp;
    busy.onmessage = ({ data }) => {
      clearTimeout(patience);
      rest = setTimeout(dismiss, REST_MS);
      resolve(data);
    };
    busy.postMessage(file);
  });
}

/** The worker goes when no photo has come for a while, and its memory with it. */
function dismiss() {
  worker?.terminate();
  worker = null;
}

/** The type that the first bytes name, of those the server takes; null for any other. @returns {string | null} */
export function kindOf(/** @type {Uint8Array} */ head) {
  const at = (/** @type {number} */ from, /** @type {number} */ to) => String.fromCharCode(...head.slice(from, to));
  if (at(0, 3) === "\xff\xd8\xff") return "image/jpeg";
  if (at(0, 8) === "\x89PNG\r\n\x1a\n") return "image/png";
  if (at(0, 4) === "RIFF" && at(8, 12) === "WEBP") return "image/webp";
  const brand = at(4, 8) === "ftyp" ? at(8, 12) : "";
  if (["heic", "heix", "hevc", "hevx", "heim", "heis"].includes(brand)) return "image/heic";
  return ["mif1", "msf1"].includes(brand) ? "image/heif" : null;
}
