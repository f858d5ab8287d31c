// The server, asked: one request with the participant's key, a time-out, and failures as sentences.
//
// Promises: an answer counts only if it is JSON from our server, so a café's sign-in page is never taken for a receipt,
// whether it stands in the answer's place or we are sent on to it; every request ends by itself, and what hangs is broken
// off when the network comes back. Never retries and never decides what a failure means for a note: sync.js does.

import { ours } from "./i18n.js";
import { MISHAPS, whole } from "./mishaps/first.js";

const BASE = "/api/v1";
const PATIENCE_MS = 20_000;
const HEALTH_PATIENCE_MS = 8_000;
const SLOWEST_BYTES_PER_MS = 5;
const LONGEST_MS = 600_000;
const SILENCE_MS = 2_000;

/** Why a request did not do what it should. */
export class Trouble extends Error {
  /**
   * @param {string} code the server's code, or "no-network" (no answer) or "not-ours" (an answer that is not our server's)
   * @param {string} detail a sentence for the person
   * @param {{status?: number, problem?: any, retryAfter?: number | null}} [more] retryAfter in milliseconds
   */
  constructor(code, detail, { status = 0, problem = null, retryAfter = null } = {}) {
    super(detail);
    this.name = "Trouble";
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** @typedef {{participant_id: string, secret: string}} Key */
/** @typedef {{key?: Key, json?: unknown, bytes?: ArrayBuffer, headers?: Record<string, string>, etag?: string | null}} Request */
/** @typedef {{status: number, body: any, etag: string | null}} Answer   body is null for 304 */

/** @returns {Promise<Answer>} throws Trouble */
export async function ask(
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {Request} */ { key, json, bytes, headers = {}, etag } = {},
) {
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", "Accept-Language": ours(), ...headers };
  if (key) sent.Authorization = `Bearer ${key.participant_id}.${key.secret}`;
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (etag) sent["If-None-Match"] = etag;
  const patience = Math.min(LONGEST_MS, PATIENCE_MS + (bytes?.byteLength ?? 0) / SLOWEST_BYTES_PER_MS);
  const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
  const { response, content } = await exchange(BASE + path, { method, headers: sent, body }, patience);
  if (response.status === 304) return { status: 304, body: null, etag: etag ?? null };
  if (!response.ok) throw problem(response, content);
  return { status: response.status, body: content, etag: response.headers.get("ETag") };
}

/**
 * Who answers in our server's name. Asks, whatever the phone believes about its network.
 * @returns {Promise<"us" | "stranger" | "nobody">} stranger: a network that wants a sign-in, or another server
 */
export async function whoAnswers() {
  try {
    const { response, content } = await exchange("/healthz", { method: "GET" }, HEALTH_PATIENCE_MS);
    return response.ok && content.status === "ok" ? "us" : "stranger";
  } catch (failure) {
    return failure instanceof Trouble && failure.code === "not-ours" ? "stranger" : "nobody";
  }
}

/** Requests on their way. @type {Map<AbortController, {since: number, large: boolean}>} */
const underway = new Map();

/** Break off what has been silent for a while, so that it can be asked anew; photos take their time. */
export function hurry() {
  for (const [cut, { since, large }] of underway) if (!large && performance.now() - since > SILENCE_MS) cut.abort();
}

// What was on its way through the network of before gets no answer through this one.
addEventListener("online", () => {
  for (const cut of underway.keys()) cut.abort();
});

/** @returns {Promise<{response: Response, content: any}>} */
async function exchange(/** @type {string} */ url, /** @type {RequestInit} */ init, /** @type {number} */ patience) {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), patience);
  underway.set(cut, { since: performance.now(), large: init.body instanceof ArrayBuffer });
  try {
    const response = await fetch(url, {
      ...init,
      signal: cut.signal,
      redirect: "manual",
      cache: "no-store",
      credentials: "omit",
    });
    if (response.type === "opaqueredirect") throw notOurs();
    const content = read(await response.text());
    const unchanged = response.status === 304 && new Headers(init.headers).has("If-None-Match");
    if (!unchanged && (content === null || typeof content !== "object")) throw notOurs(response.status);
    return { response, content };
  } catch (failure) {
    if (failure instanceof Trouble) throw failure;
    throw new Trouble("no-network", whole(MISHAPS.cut()));
  } finally {
    clearTimeout(timer);
    underway.delete(cut);
  }
}

function read(/** @type {string} */ text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What to throw at somebody else's answer, or at what stands before a server that is down (502 to 504): that is no answer at all. */
export const notOurs = (status = 0) =>
  status >= 502 && status <= 504
    ? new Trouble("no-network", whole(MISHAPS.silent()), { status })
    : new Trouble("not-ours", whole(MISHAPS.stranger()), { status });

function problem(/** @type {Response} */ response, /** @type {any} */ content) {
  const code = /^\/problems\/([a-z-]+)$/.exec(content.type)?.[1];
  if (!code) return notOurs(response.status);
  const { status } = response;
  return new Trouble(code, content.detail, { status, problem: content, retryAfter: pause(response) });
}

/** Retry-After in milliseconds: seconds or a date (RFC 9110); an hour at most, whatever somebody's clock says. */
function pause(/** @type {Response} */ response) {
  const value = response.headers.get("Retry-After");
  if (!value) return null;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.min(Math.max(0, milliseconds), 3_600_000) : null;
}
