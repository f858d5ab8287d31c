// Later: the Danish of what is fetched only when it is shown (the maps, others' notes), kept out of the walker's shell.
//
// Import it for its effect, beside i18n.js; app/catalogue.py says whose texts these are.

import { learn } from "./i18n.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const found = import.meta.glob("./locales/later.json", { eager: true, import: "default" });
learn(found["./locales/later.json"] ?? {});
