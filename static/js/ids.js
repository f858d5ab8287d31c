// Ids and secrets that the phone mints itself, so that it never has to ask anybody before it saves.
//
// Promises: ids are UUIDv7 (RFC 9562) and grow within one tab, so that sorting by id is sorting by making; secrets are
// 256 random bits. Both come from the system's random numbers, never from Math.random.

let last = 0;

/** A fresh UUIDv7, lower case. Two in one millisecond: the second borrows from the next. */
export function uuid7() {
  last = Math.max(Date.now(), last + 1);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(last / 2 ** 32));
  view.setUint32(2, last % 2 ** 32);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** 43 characters of base64url: 256 random bits. */
export const newSecret = () =>
  base64(crypto.getRandomValues(new Uint8Array(32)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** SHA-256 of bytes, in hexadecimal. */
export const sha256 = async (/** @type {ArrayBuffer} */ buffer) =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", buffer)));

/** RFC 9530's form of a SHA-256 in hexadecimal. */
export const contentDigest = (/** @type {string} */ digest) =>
  `sha-256=:${base64(Uint8Array.from(digest.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))}:`;

const hex = (/** @type {Uint8Array} */ bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (/** @type {Uint8Array} */ bytes) => btoa(String.fromCharCode(...bytes));
