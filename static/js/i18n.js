// Language: Danish or English, as the walker chose or else as the phone speaks; words, numbers and dates in it.
//
// Promises: the English text in the source is the key, so a missing translation shows English, never a code. Pages of
// the server keep the language the server gave them; only the walker's app calls start(). Never asks the server.

const KEPT = "language";
/** @typedef {"da" | "en"} Language */
/** @type {Record<string, Record<string, string | string[]>>} */
const catalogues = import.meta.glob("./locales/da.json", { eager: true, import: "default" });
const danish = catalogues["./locales/da.json"] ?? {};

/** @type {Language} */
let current = document.documentElement.lang.startsWith("en") ? "en" : "da";

/** More texts in Danish, of a module that came later. */
export const learn = (/** @type {Record<string, string | string[]>} */ texts) => void Object.assign(danish, texts);

/** @returns {Language} */
export const language = () => current;

/** The walker's app speaks the language chosen before, else the phone's first of the two, else English. */
export function start() {
  speak(chosen() ?? ours(navigator.languages) ?? "en");
}

/** Speak `wish` from now on, also after the next start. */
export function chooseLanguage(/** @type {Language} */ wish) {
  try {
    localStorage.setItem(KEPT, wish);
  } catch {
    // A private window forgets it; the page still changes now.
  }
  speak(wish);
}

function speak(/** @type {Language} */ wish) {
  current = wish;
  document.documentElement.lang = wish;
}

function chosen() {
  try {
    return ours([localStorage.getItem(KEPT) ?? ""]);
  } catch {
    return undefined;
  }
}

const ours = (/** @type {readonly string[]} */ tags) =>
  /** @type {Language | undefined} */ (tags.map((tag) => tag.slice(0, 2)).find((tag) => tag === "da" || tag === "en"));

/** The text in the current language, each {name} filled in. */
export function t(/** @type {string} */ text, /** @type {Record<string, unknown>} */ values = {}) {
  const translated = current === "da" ? danish[text] : undefined;
  return fill(typeof translated === "string" ? translated : text, values);
}

/** Like t(), for n things; {n} is the number, written as the language writes it. */
export function plural(
  /** @type {number} */ n,
  /** @type {string} */ one,
  /** @type {string} */ many,
  /** @type {Record<string, unknown>} */ values = {},
) {
  const translated = current === "da" ? danish[one] : undefined;
  const [single, several] = Array.isArray(translated) ? translated : [one, many];
  return fill(n === 1 ? single : several, { n: number(n), ...values });
}

/** Marks a text for the catalogue that t() gets from elsewhere. */
export const mark = (/** @type {string} */ text) => text;

const fill = (/** @type {string} */ text, /** @type {Record<string, unknown>} */ values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

const locale = () => (current === "da" ? "da-DK" : "en-GB");

/** @typedef {string | number | Date} When   a Date, milliseconds, or RFC 3339 */

/** Formats by language and options: dear to make, and a list needs the same one on every line. @type {Map<string, any>} */
const formats = new Map();

/** @template T @returns {T} */
function format(
  /** @type {new (locale: string, options: any) => T} */ Format,
  /** @type {Intl.NumberFormatOptions | Intl.DateTimeFormatOptions} */ options,
) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Format(locale(), options));
  return formats.get(key);
}

export const number = (/** @type {number} */ value, digits = 0) =>
  format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);

/** 19.32 (da), 19:32 (en) */
export const time = (/** @type {When} */ when) =>
  format(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit" }).format(new Date(when));

/** 26. november 2026 (da), 26 November 2026 (en) */
export const date = (/** @type {When} */ when) =>
  format(Intl.DateTimeFormat, { day: "numeric", month: "long", year: "numeric" }).format(new Date(when));

/** 40 m, 1,8 km */
export const distanceText = (/** @type {number} */ value) =>
  value < 1000 ? `${number(value)} m` : `${number(value / 1000, 1)} km`;

/** 300 KB, 3,4 MB */
export const sizeText = (/** @type {number} */ bytes) =>
  bytes < 1e6 ? `${number(Math.ceil(bytes / 1e3))} KB` : `${number(bytes / 1e6, 1)} MB`;

/** The wire's form of a moment: this phone's local time with milliseconds and offset, 2026-11-24T19:32:11.120+01:00. */
export function stamp(/** @type {When} */ when = Date.now()) {
  const moment = new Date(when);
  const ahead = -moment.getTimezoneOffset();
  const local = new Date(moment.getTime() + ahead * 60_000).toISOString().slice(0, -1);
  const two = (/** @type {number} */ value) => String(Math.trunc(value)).padStart(2, "0");
  return `${local}${ahead < 0 ? "-" : "+"}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`;
}
