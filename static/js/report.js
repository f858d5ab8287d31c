// The report's page: the map, and filters that take effect at once. Without this script the page tells the same.
//
// Hides that a changed filter is the same address asked again: the notes' section of the answer takes the old one's
// place, and the address bar follows; the map does not wait for it. Promises that focus stays where it was, that the number
// found is said aloud, and that when anything fails the browser opens the page in the ordinary way.

import "./elements/map.js";
import { pageOf } from "./markup.js";
import { areaOf, asked, test } from "./reading/filter.js";
import { tools } from "./reading/tools.js";

/** @typedef {import("./elements/places.js").Point} Point */

const map = /** @type {import("./reading/tools.js").TrygMap} */ (document.querySelector("tryg-map"));
const around = tools(/** @type {HTMLElement} */ (document.getElementById("map")), map, choose);
let onMap = "";
/** @type {AbortController | null} */
let asking = null;

const section = () => /** @type {HTMLElement} */ (document.getElementById("notes"));
const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-filter]"));

function enhance() {
  const button = /** @type {HTMLElement | null} */ (section().querySelector("[data-apply]"));
  if (button) button.hidden = true; // a changed filter takes effect at once
}

/** What is asked for as an address. */
function wanted(/** @type {URLSearchParams} */ query) {
  const words = query.toString().replaceAll("%2C", ",").replaceAll("%3B", ";");
  return form()?.getAttribute("action")?.replace(/#.*/, "") + (words ? `?${words}` : "");
}

/** Let the map show what is asked for. */
async function onTheMap(/** @type {URLSearchParams} */ query) {
  if (onMap === query.toString()) return;
  onMap = query.toString();
  await Promise.all([map.filter(test(query)), map.choose(areaOf(query))]);
  if (map.getAttribute("state") === "drawn") await around.tell();
}

/** Notes were chosen on the map, or no longer are. */
function choose(/** @type {Point[] | null} */ area) {
  const filter = form();
  if (filter) ask(asked(filter, area));
}

function ask(/** @type {URLSearchParams} */ query) {
  onTheMap(query);
  show(wanted(query));
}

/** Put the notes of `address` in the place of those shown. */
async function show(/** @type {string} */ address, { remember = true } = {}) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  section().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = pageOf(await answer.text());
    const fresh = /** @type {HTMLElement} */ (page.getElementById("notes"));
    replace(fresh);
    const filter = form();
    if (filter) onTheMap(asked(filter));
    if (remember) history.pushState(null, "", address);
  } catch {
    if (!signal.aborted) location.assign(`${address}#notes`);
  }
}

function replace(/** @type {HTMLElement} */ fresh) {
  const focused = /** @type {HTMLInputElement | null} */ (document.activeElement);
  const open = [...section().querySelectorAll("details[open][id]")].map((one) => one.id);
  const status = section().querySelector("[role=status]");
  const words = fresh.querySelector("[role=status]");
  section().replaceWith(document.adoptNode(fresh));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  // The same element that was there before, so that the new number is read aloud.
  if (status && words) {
    words.replaceWith(status);
    status.textContent = words.textContent;
  }
  enhance();
  if (focused?.name)
    /** @type {HTMLElement | null} */ (
      section().querySelector(`[name="${focused.name}"][value="${CSS.escape(focused.value)}"]`)
    )?.focus({ preventScroll: true });
}

document.addEventListener("change", (event) => {
  const filter = form();
  if (filter && event.target instanceof Node && filter.contains(event.target)) ask(asked(filter));
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.defaultPrevented) return;
  const all = event.target.closest("a[data-all]");
  const toMap = event.target.closest("a.to-map");
  if (all && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    show(/** @type {HTMLAnchorElement} */ (all).href.replace(/#.*/, ""));
  } else if (toMap) {
    event.preventDefault();
    document.getElementById("map")?.scrollIntoView({ block: "center" });
    map.show(toMap.closest(".note")?.id.slice(2) ?? "");
  }
});

addEventListener("popstate", () => {
  // A step to a note in the same list changes only what comes after #.
  const filter = form();
  if (filter && wanted(asked(filter)) !== location.pathname + location.search)
    show(location.pathname + location.search, { remember: false });
});

enhance();
if (form()) onTheMap(asked(/** @type {HTMLFormElement} */ (form())));
