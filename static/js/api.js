// The server, asked: one request with the participant's key, a time-out, and failures as sentences.
//
// Promises: an answer counts only if it is JSON from our server, so a café's sign-in page is never taken for a receipt;
// every request ends by itself. Never retries and never decides what a failure means for a note: sync.js does.

import { language, t } from "./i18n.js";

const BASE = "/api/v1";
const PATIENCE_MS = 20_000;
const HEALTH_PATIENCE_MS = 8_000;
const SLOWEST_BYTES_PER_MS = 5;
const LONGEST_MS = 600_000;

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
  const sent = { Accept: "application/json", "Accept-Language": language(), ...headers };
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

/** Whether our server answers. Asks it, whatever the phone believes about its network. */
export async function reachable() {
  try {
    const { response, content } = await exchange("/healthz", { method: "GET" }, HEALTH_PATIENCE_MS);
    return response.ok && content.status === "ok";
  } catch {
    return false;
  }
}

/** @returns {Promise<{response: Response, content: any}>} */
async function exchange(/** @type {string} */ url, /** @type {RequestInit} */ init, /** @type {number} */ patience) {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), patience);
  try {
    const response = await fetch(url, {
      ...init,
      signal: cut.signal,
      redirect: "error",
      cache: "no-store",
      credentials: "omit",
    });
    const content = response.status === 304 ? null : read(await response.text());
    if (response.status !== 304 && (content === null || typeof content !== "object")) throw notOurs(response.status);
    return { response, content };
  } catch (failure) {
    if (failure instanceof Trouble) throw failure;
    throw new Trouble("no-network", t("The connection broke off."));
  } finally {
    clearTimeout(timer);
  }
}

function read(/** @type {string} */ text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const notOurs = (/** @type {number} */ status) =>
  new Trouble("not-ours", t("The network answers, but our server does not. Perhaps it wants you to sign in."), {
    status,
  });

function problem(/** @type {Response} */ response, /** @type {any} */ content) {
  const code = /^\/problems\/([a-z-]+)$/.exec(content.type)?.[1];
  if (!code) return notOurs(response.status);
  const { status } = response;
  return new Trouble(code, content.detail, { status, problem: content, retryAfter: pause(response) });
}

/** Retry-After in milliseconds: seconds or a date (RFC 9110). */
function pause(/** @type {Response} */ response) {
  const value = response.headers.get("Retry-After");
  if (!value) return null;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}
