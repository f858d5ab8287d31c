// The page on which the report's own words are written: saves while one writes. Without this script its Save button does.
//
// Promises what the plan's page does: never says "saved" before the server has; what cannot be saved is said beside its field
// and stays where it was typed; without a network it tries again by itself; what somebody else has changed is not
// overwritten, and from then on only the button saves.

import { typed } from "./typed.js";

const PAUSE_MS = 1_000;
const AGAIN_MS = 10_000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("writing"));
const state = /** @type {HTMLElement} */ (document.getElementById("saved"));
const version = /** @type {HTMLInputElement} */ (form.elements.namedItem("version"));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let dirty = false;
let saving = false;
let stopped = false;
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
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      keepalive: leaving, // the last words are sent on when the page is left
    });
    const told = await answer.json();
    if (answer.status === 409 && told.changed) {
      stopped = true;
      say("changed");
    } else if (answer.status === 422 && told.errors) {
      showErrors(told.errors);
      say("wrong");
    } else if (answer.ok && Number.isInteger(told.version)) {
      version.value = told.version;
      showErrors({});
      say("saved", told.at);
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

function changed() {
  dirty = true;
  later();
}

form.addEventListener("input", changed);
if (typed(form).size) changed();
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
