// The page on which the report's own words are written.

import { savesItself } from "./saving.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("writing"));
const version = /** @type {HTMLInputElement} */ (form.elements.namedItem("version"));

savesItself(form, {
  sent: () => (told) => {
    version.value = told.version;
  },
});
