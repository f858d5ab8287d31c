// The plan's page: what follows on it from what was saved, and copying the invitation.
//
// Promises that what is long, or a file, goes by its button alone, and that what somebody is typing in is left as it is.

import { copyButtons } from "./clipboard.js";
import { pageOf } from "./markup.js";
import "./planning/words.js";
import "./planning/order.js";
import "./planning/sketch.js";
import { form, rows } from "./planning/stops.js";
import { savesItself } from "./saving.js";

const rev = /** @type {HTMLInputElement} */ (form.elements.namedItem("rev"));
const line = /** @type {HTMLInputElement} */ (form.elements.namedItem("route_line"));
let keptLine = line.value;

/** What follows from what was saved, as the server says it: the sun, other walks at that time, the invitation's words. */
async function follow() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = pageOf(await answer.text());
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.innerHTML === fresh.innerHTML || part.contains(document.activeElement)) continue;
    part.replaceWith(document.adoptNode(fresh));
  }
}

savesItself(form, {
  counts: (name, type) => type !== "file" && name !== "places",
  sent(body) {
    const [stops, drawn] = [rows(), line.value];
    if (drawn === keptLine) body.delete("route_line"); // it may be long, and what is left out stays as it is
    for (const name of ["route", "places"]) body.delete(name); // a file, and a list of places, go by the button alone
    return (told, leaving) => {
      rev.value = told.rev;
      keptLine = drawn;
      stops.forEach((row, n) => {
        const id = /** @type {HTMLInputElement} */ (row.querySelector("[name=stop_id]"));
        id.value = told.stops[n];
      });
      if (!leaving) follow().catch(() => {}); // the next saving brings it
    };
  },
});
copyButtons();
