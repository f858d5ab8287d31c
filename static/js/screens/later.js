// Later: the screens that are fetched when they are first asked for, as one file.

export { mount as map } from "./map.js";
export { mount as others } from "./others.js";
export { mount as pin } from "./pin.js";
