// Later: the screens that are fetched when they are first asked for, and what records the way, as one file.

import "../walking/words.js";
import "../track.js";

export { mount as map } from "./map.js";
export { mount as others } from "./others.js";
export { mount as pin } from "./pin.js";

/** What the server holds of this phone: few ever ask, so it is fetched apart. */
export const data = async (/** @type {HTMLElement} */ root) => (await import("./own.js")).mount(root);
