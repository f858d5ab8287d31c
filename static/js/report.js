// The report's page: the map, and filters that take effect at once. Without this script the page tells the same.
//
// Hides that a changed filter is the same address asked again: the notes' section of the answer takes the old one's
// place, and the address bar follows. Promises that focus stays where it was, that the number found is said aloud, and
// that when anything fails the browser opens the page in the ordinary way.

import "./elements/map.js";

/** @typedef {HTMLElement & {show(id: string): Promise<boolean>}} TrygMap */

const map = /** @type {TrygMap | null} */ (document.querySelector("tryg-map"));
/** @type {AbortController | null} */
let asking = null;

const section = () => /** @type {HTMLElement} */ (document.getElementById("notes"));
const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-filter]"));

function enhance() {
  const button = /** @type {HTMLElement | null} */ (section().querySelector("[data-apply]"));
  if (button) button.hidden = true; // a changed filter takes effect at once
}

/** The form as an address: only what is chosen. */
function wanted(/** @type {HTMLFormElement} */ filter) {
  const chosen = [...new FormData(filter)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(/** @type {[string, string][]} */ (chosen)).toString();
  return filter.getAttribute("action")?.replace(/#.*/, "") + (query ? `?${query}` : "");
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
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = /** @type {HTMLElement} */ (page.getElementById("notes"));
    replace(fresh);
    const source = page.querySelector("tryg-map")?.getAttribute("src");
    if (map && source) map.setAttribute("src", source);
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
  if (filter && event.target instanceof Node && filter.contains(event.target)) show(wanted(filter));
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
    map?.show(toMap.closest(".note")?.id.slice(2) ?? "");
  }
});

addEventListener("popstate", () => {
  // A step to a note in the same list changes only what comes after #.
  if (form() && wanted(/** @type {HTMLFormElement} */ (form())) !== location.pathname + location.search)
    show(location.pathname + location.search, { remember: false });
});

enhance();
