// The Danish texts of planning, which the walker's app does not carry; importing this is enough.
//
// Promises that they are there before anything on the page speaks.

import { learn } from "../i18n.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const catalogues = import.meta.glob("../locales/planning.json", { eager: true, import: "default" });
for (const texts of Object.values(catalogues)) learn(texts);
