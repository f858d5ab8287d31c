// The plan's page: saves while one writes, and copies the invitation. Without this script its Save button does.
//
// Hides when to save, and what on the page follows from what was saved. Promises: never says "saved" before the server
// has; what cannot be saved is said beside its field and stays where it was typed; without a network it tries again by
// itself; a plan that somebody else has changed is not overwritten, and from then on only the button saves.

import { copyButtons } from "./clipboard.js";
import "./planning/words.js";
import "./planning/order.js";
import "./planning/sketch.js";
import { form, rows } from "./planning/stops.js";
import { typed } from "./typed.js";

const PAUSE_MS = 1_000;
const AGAIN_MS = 10_000;

const state = /** @type {HTMLElement} */ (document.getElementById("saved"));
const rev = /** @type {HTMLInputElement} */ (form.elements.namedItem("rev"));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let dirty = false;
let saving = false;
let stopped = false;
const line = /** @type {HTMLInputElement} */ (form.elements.namedItem("route_line"));
let keptLine = line.value;
/** @type {HTMLButtonElement | null} */
let pressed = null;

/** @param {"saving" | "saved" | "wrong" | "offline" | "changed"} what */
function say(what, time = "") {
  state.textContent = (state.dataset[what] ?? "").replace("{time}", time);
  state.dataset.state = what === "saved" ? "done" : what === "saving" ? "saved" : "waiting";
}

function later(pause = PAUSE_MS) {
  clearTimeout(timer);
  timer = setTimeout(() => save(), pause);
}

/** Put each sentence beside its field, and take the others away. */
function showErrors(/** @type {Record<string, string>} */ errors) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-error]"))) {
    const sentence = errors[place.dataset.error ?? ""] ?? "";
    if (place.textContent !== sentence) place.textContent = sentence;
    place.hidden = !sentence;
    const field = place.closest(".field")?.querySelector("input, textarea");
    if (sentence) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

async function save(leaving = false) {
  if (saving || stopped || !dirty) return;
  saving = true;
  dirty = false;
  say("saving");
  const body = new FormData(form);
  const sent = rows();
  const drawn = line.value;
  if (drawn === keptLine) body.delete("route_line"); // it may be long, and what is left out stays as it is
  for (const name of ["route", "places"]) body.delete(name); // a file, and a list of places, go by the button alone
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      keepalive: leaving, // the last words are sent on when the page is left
    });
    const told = await answer.json();
    if (answer.status === 409 && told.changed) {
      stopped = true;
      say("changed");
    } else if (answer.status === 422) {
      showErrors(told.errors);
      say("wrong");
    } else if (answer.ok && Number.isInteger(told.rev)) {
      rev.value = told.rev;
      keptLine = drawn;
      sent.forEach((row, n) => {
        const id = /** @type {HTMLInputElement} */ (row.querySelector("[name=stop_id]"));
        id.value = told.stops[n];
      });
      showErrors({});
      say("saved", told.at);
      if (!leaving) follow().catch(() => {}); // the next saving brings it
    } else throw new Error(String(answer.status));
  } catch {
    dirty = true;
    say("offline");
  } finally {
    saving = false;
    const button = pressed;
    pressed = null;
    if (button) form.requestSubmit(button);
    else if (dirty) later(state.textContent === state.dataset.offline ? AGAIN_MS : PAUSE_MS);
  }
}

/** What follows from what was saved, as the server says it: the sun, other walks at that time, the invitation's words. */
async function follow() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.innerHTML === fresh.innerHTML || part.contains(document.activeElement)) continue;
    part.replaceWith(document.adoptNode(fresh));
  }
}

function changed() {
  dirty = true;
  later();
}

form.addEventListener("input", (event) => {
  const { type, id } = /** @type {HTMLInputElement} */ (event.target);
  if (type !== "file" && id !== "places") changed(); // they go by their buttons
});
if ([...typed(form)].some((name) => name !== "places")) changed();
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (saving) {
    // The answer brings the number of what was kept; without it this would look like somebody else's change.
    event.preventDefault();
    pressed = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
    return;
  }
  stopped = true; // the button saves
});
addEventListener("online", () => dirty && save());
addEventListener("pagehide", () => dirty && !stopped && save(true));
const hint = document.getElementById("by-itself");
if (hint) hint.hidden = false;

copyButtons();
