// Words: the Danish of the walker's map, of others' notes and of the track, which no other page carries.
//
// Import it for its effect, once, before the screens that speak (screens/later.js).

import { learn } from "../i18n.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const found = import.meta.glob("../locales/walking.json", { eager: true, import: "default" });
for (const texts of Object.values(found)) learn(texts);
