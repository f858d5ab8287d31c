// Foreign: what only a language beside Danish and English needs, so that no other phone fetches it: where its words lie, how
// it counts, which way it runs.
//
// Promises the words of a language, or nothing where there is none of that name. Throws where they cannot be fetched.

import "../css/foreign.css";

/** @type {Record<string, () => Promise<any>>} */
const FILES = import.meta.glob(["./locales/??.json", "!./locales/da.json"], { import: "default" });
const ORDER = ["zero", "one", "two", "few", "many", "other"]; // as a catalogue has a plural's forms: those the language has

/** @returns {Promise<import("./i18n.js").Tongue | null>} */
export async function tongue(/** @type {string} */ tag) {
  const told = await FILES[`./locales/${tag}.json`]?.();
  if (!told) return null;
  const rules = new Intl.PluralRules([tag, "en"]);
  const has = ORDER.filter((one) => /** @type {string[]} */ (rules.resolvedOptions().pluralCategories).includes(one));
  return { ...told, form: (/** @type {number} */ n) => has.indexOf(rules.select(n)), dir: tag === "ar" ? "rtl" : "ltr" };
}
