// Language: Danish or English, and over them, in the walker's app, another one; words, numbers and dates in it.
//
// Promises: the English text in the source is the key, so a missing translation shows Danish or English, never a code.
// Pages of the server keep the language the server gave them; the walker's app chooses (tongues.js). Never fetches.

/** @typedef {"da" | "en"} Ours   what the server speaks, too */
/**
 * @typedef {{unchecked: {own: string, da: string, en: string} | null, texts: Record<string, string | string[]>, words: Record<string, string>, form: (n: number) => number, dir: string}} Tongue
 *   words: the taxonomy's, by their English; form: which of a plural's forms
 */
/** @type {Record<string, Record<string, string | string[]>>} */
const catalogues = import.meta.glob("./locales/da.json", { eager: true, import: "default" });
const danish = catalogues["./locales/da.json"] ?? {};

/** @type {Ours} */
let current = document.documentElement.lang.startsWith("en") ? "en" : "da";
/** @type {string} */
let spoken = current;
/** @type {Tongue | null} */
let theirs = null;

/** More texts in Danish, of a module that came later. */
export const learn = (/** @type {Record<string, string | string[]>} */ texts) => void Object.assign(danish, texts);

/** What is on the screen: "da", "en", "ar" … */
export const language = () => spoken;

/** What the server is asked to speak, and what is said where a text is missing. */
export const ours = () => current;

/** What is to be said of the language: that nobody who grew up with it has checked it, in it and in ours. */
export const remark = () => theirs?.unchecked;

/** Speak Danish or English from now on, or `tag` and they where it has no words. */
export function speak(/** @type {Ours} */ base, /** @type {string} */ tag = base, /** @type {Tongue | null} */ tongue = null) {
  current = base;
  spoken = tag;
  theirs = tongue;
  Object.assign(document.documentElement, { lang: tag, dir: tongue?.dir ?? "ltr" });
}

/** The name of a category or a factor. */
export const label = (/** @type {{da: string, en: string}} */ named) => theirs?.words[named.en] ?? named[current];

/** The text in the current language, each {name} filled in. */
export function t(/** @type {string} */ text, /** @type {Record<string, unknown>} */ values = {}) {
  const translated = theirs?.texts[text] ?? danishOf(text);
  return fill(typeof translated === "string" ? translated : text, values);
}

const danishOf = (/** @type {string} */ text) => (current === "da" ? danish[text] : undefined);

/** Like t(), for n things; {n} is the number, written as the language writes it. */
export function plural(
  /** @type {number} */ n,
  /** @type {string} */ one,
  /** @type {string} */ many,
  /** @type {Record<string, unknown>} */ values = {},
) {
  const forms = theirs?.texts[one];
  if (Array.isArray(forms)) return fill(forms[Math.min(theirs?.form(n) ?? 0, forms.length - 1)], { n: number(n), ...values });
  const translated = danishOf(one);
  const [single, several] = Array.isArray(translated) ? translated : [one, many];
  return fill(n === 1 ? single : several, { n: number(n), ...values });
}

/** Marks a text for the catalogue that t() gets from elsewhere. */
export const mark = (/** @type {string} */ text) => text;

const fill = (/** @type {string} */ text, /** @type {Record<string, unknown>} */ values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** @type {Record<string, string>} Arabic with the digits that stand on Danish signs, and on 112 */
const LOCALES = { da: "da-DK", en: "en-GB", ar: "ar-u-nu-latn" };

/** @typedef {string | number | Date} When   a Date, milliseconds, or RFC 3339 */

/** Formats by language and options: dear to make, and a list needs the same one on every line. @type {Map<string, any>} */
const formats = new Map();

/** @template T @returns {T} */
function format(
  /** @type {new (locale: string[], options: any) => T} */ Format,
  /** @type {Intl.NumberFormatOptions | Intl.DateTimeFormatOptions} */ options,
) {
  const key = spoken + Format.name + JSON.stringify(options);
  // Not every phone knows every language's numbers; English ones are better than those of the phone's maker.
  if (!formats.has(key)) formats.set(key, new Format([LOCALES[spoken] ?? spoken, "en-GB"], options));
  return formats.get(key);
}

export const number = (/** @type {number} */ value, digits = 0) =>
  format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);

/** 19.32 (da), 19:32 (en) */
export const time = (/** @type {When} */ when) =>
  format(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(when));

/** 26. november 2026 (da), 26 November 2026 (en); day and month, which stand first in each language, never part */
export const date = (/** @type {When} */ when) =>
  format(Intl.DateTimeFormat, { day: "numeric", month: "long", year: "numeric" }).format(new Date(when)).replace(" ", "\u00a0");

/** 40 m, 1,8 km */
export const distanceText = (/** @type {number} */ value) =>
  value < 1000 ? unit(value, "meter", 0) : unit(value / 1000, "kilometer", 1);

const unit = (/** @type {number} */ value, /** @type {string} */ name, /** @type {number} */ digits) =>
  format(Intl.NumberFormat, { style: "unit", unit: name, maximumFractionDigits: digits }).format(value).replace("\u00a0", " ");

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
