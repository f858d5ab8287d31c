// Beside: what no first note needs, but every phone keeps: help, blurring, speaking, an eye on the words, photos that another app
// hands over. Fetched when it is asked for.

import { learn } from "../i18n.js";

/** @type {Record<string, Record<string, string | string[]>>} */
const found = import.meta.glob("../locales/beside.json", { eager: true, import: "default" });
for (const texts of Object.values(found)) learn(texts);

export { mount as blur } from "./blur.js";
export { heed } from "./heed.js";
export { mount as help } from "./help.js";
export { mount as shared } from "./shared.js";
import "./voice.js";
