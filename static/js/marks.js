// Marks before the walk: on the residents' page the map, the phone's position and taking one's own back; on the
// organisers' page the map, and copying the link. Without this script both pages still do their work.
//
// Hides that a mark's id and secret are minted here. Promises: a mark whose answer was lost is sent again as the same
// one; what was typed stays until the server has it; the secret stays in this browser, and where the browser keeps
// nothing (a private window) everything works but taking back later.

import "./elements/map.js";
import { copyButtons } from "./clipboard.js";
import { newSecret, uuid7 } from "./ids.js";
import { pageOf } from "./markup.js";

/** @typedef {{id: string, secret: string, valence: "safe" | "unsafe", place: string}} Own */
/** @typedef {HTMLElement & {point(place: {lat: number, lon: number} | null): Promise<void>}} TrygMap */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("mark"));
if (form) residents(form);

copyButtons();

function residents(/** @type {HTMLFormElement} */ form) {
  const KEPT = `tryg-marks-${form.dataset.code}`;
  const map = /** @type {TrygMap | null} */ (document.querySelector("tryg-map"));
  const said = /** @type {HTMLElement} */ (document.getElementById("put"));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const stop = /** @type {HTMLSelectElement | null} */ (form.elements.namedItem("stop"));
  let own = kept(KEPT);
  let busy = false;

  function fresh() {
    field("id").value = uuid7();
    field("secret").value = newSecret();
  }

  function say(/** @type {"put" | "gone" | "taken" | "offline"} */ what, sentence = said.dataset[what] ?? "") {
    said.hidden = false;
    said.dataset.tone = what === "offline" ? "fail" : "done";
    said.textContent = sentence;
    said.scrollIntoView({ block: "nearest" });
  }

  function showErrors(/** @type {{field: string, message: string}[]} */ errors) {
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-error]"))) {
      const sentence = errors.find((error) => error.field === place.dataset.error)?.message ?? "";
      place.textContent = sentence;
      place.hidden = !sentence;
      place.parentElement?.querySelector("input, textarea")?.toggleAttribute("aria-invalid", Boolean(sentence));
    }
    const first = form.querySelector("[data-error]:not([hidden])")?.parentElement?.querySelector("input, textarea");
    /** @type {HTMLElement | null | undefined} */ (first)?.focus();
  }

  async function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (answer.status === 422) return showErrors(told.errors ?? []);
      if (!answer.ok) return say("offline", told.detail);
      showErrors([]);
      keep([mark(), ...own.filter((one) => one.id !== field("id").value)]);
      form.reset();
      fresh();
      map?.point(null);
      heard.textContent = "";
      say("put");
      await refresh();
    } catch {
      say("offline");
    } finally {
      busy = false;
    }
  }

  /** The mark that was just sent, as this browser remembers it. @returns {Own} */
  function mark() {
    const place = field("place").value.trim() || stop?.selectedOptions[0].text || "";
    const valence = /** @type {"safe" | "unsafe"} */ (field("valence").value);
    return { id: field("id").value, secret: field("secret").value, valence, place };
  }

  async function takeBack(/** @type {Own} */ { id, secret }) {
    try {
      const headers = { Authorization: `Bearer ${secret}` };
      const answer = await fetch(`${form.action}/${id}`, { method: "DELETE", headers });
      if (!answer.ok) return say("offline", (await answer.json()).detail);
      keep(own.filter((one) => one.id !== id));
      say("gone");
      await refresh();
    } catch {
      say("offline");
    }
  }

  /** Everything that the server holds of this browser's marks, as a file. */
  async function takeOut() {
    try {
      const found = [];
      for (const { id, secret } of own) {
        const answer = await fetch(`${form.action}/own/${id}`, { headers: { Authorization: `Bearer ${secret}`, Accept: "application/json" } });
        if (!answer.ok && answer.status !== 404) return say("offline", (await answer.json()).detail);
        if (answer.ok) found.push(await answer.json());
      }
      const text = JSON.stringify({ format: "tryghedsvandring.marks/1", marks: found }, null, 1);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = `${KEPT}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      say("taken");
    } catch {
      say("offline");
    }
  }

  /** The map and the list as they are now on the server. */
  async function refresh() {
    map?.setAttribute("src", map.getAttribute("src") ?? "");
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    const page = pageOf(await answer.text());
    const list = page.getElementById("everybody");
    if (answer.ok && list) document.getElementById("everybody")?.replaceWith(document.adoptNode(list));
  }

  function keep(/** @type {Own[]} */ marks) {
    own = marks;
    try {
      localStorage.setItem(KEPT, JSON.stringify(own));
    } catch {
      // A private window forgets them with the page.
    }
    list();
  }

  function list() {
    const section = /** @type {HTMLElement} */ (document.getElementById("mine"));
    section.hidden = !own.length;
    section.querySelector("ul")?.replaceChildren(
      ...own.map((one) => {
        const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`mine-${one.valence}`));
        const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
        /** @type {HTMLElement} */ (row.querySelector(".place")).textContent = one.place;
        row.querySelector("button")?.addEventListener("click", () => takeBack(one));
        return row;
      }),
    );
  }

  function choose(/** @type {number} */ lat, /** @type {number} */ lon) {
    field("place").value = `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
    if (stop) stop.value = "";
    map?.point({ lat, lon });
  }

  const here = /** @type {HTMLButtonElement} */ (document.getElementById("here"));
  const heard = /** @type {HTMLElement} */ (document.getElementById("here-said"));
  here.hidden = !navigator.geolocation;
  here.addEventListener("click", () => {
    heard.textContent = here.dataset.asking ?? "";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        choose(coords.latitude, coords.longitude);
        heard.textContent = here.dataset.found ?? "";
      },
      () => (heard.textContent = here.dataset.denied ?? ""),
      { enableHighAccuracy: true, timeout: 20_000 },
    );
  });
  map?.addEventListener("map-tap", (event) => {
    const { lat, lon } = /** @type {CustomEvent<{lat: number, lon: number}>} */ (event).detail;
    choose(lat, lon);
  });
  stop?.addEventListener("change", () => {
    if (!stop.value) return;
    field("place").value = "";
    map?.point(null);
  });
  form.addEventListener("submit", submit);
  document.getElementById("take-out")?.addEventListener("click", takeOut);
  for (const hint of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".by-map"))) hint.hidden = false;
  fresh();
  list();
}

/** @returns {Own[]} what this browser remembers */
function kept(/** @type {string} */ key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => one?.id && one.secret && one.valence) : [];
  } catch {
    return [];
  }
}
