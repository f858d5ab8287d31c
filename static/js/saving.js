// A form that saves itself while one writes. Without this script its Save button does.
//
// Hides when to save. Promises: never says "saved" before the server has; what cannot be saved is said beside its field and
// stays where it was typed; without a network it tries again by itself; what somebody else has changed is not
// overwritten, and from then on only the button saves.

import { typed } from "./typed.js";

const PAUSE_MS = 1_000;
const AGAIN_MS = 10_000;

/**
 * @param {HTMLFormElement} form the page says beside it, in #saved, how it stands; #by-itself is shown
 * @param {object} more
 * @param {(name: string, type: string) => boolean} [more.counts] which fields save by themselves: all, unless it says no
 * @param {(body: FormData) => (told: any, leaving: boolean) => void} [more.sent] what is left out of it; then, what follows from the server's answer
 */
export function savesItself(form, { counts = () => true, sent = () => () => {} } = {}) {
  const state = /** @type {HTMLElement} */ (document.getElementById("saved"));
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

  async function save(leaving = false) {
    if (saving || stopped || !dirty) return;
    saving = true;
    dirty = false;
    say("saving");
    const body = new FormData(form);
    const follow = sent(body);
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
      } else if (answer.status === 422 && told.errors) {
        showErrors(form, told.errors);
        say("wrong");
      } else if (answer.ok && told.at) {
        follow(told, leaving);
        showErrors(form, {});
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

  form.addEventListener("input", (event) => {
    const { name, type } = /** @type {HTMLInputElement} */ (event.target);
    if (counts(name, type)) changed();
  });
  if ([...typed(form)].some((name) => counts(name, ""))) changed();
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
}

/** Put each sentence beside its field, and take the others away. */
function showErrors(/** @type {HTMLFormElement} */ form, /** @type {Record<string, string>} */ errors) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-error]"))) {
    const sentence = errors[place.dataset.error ?? ""] ?? "";
    if (place.textContent !== sentence) place.textContent = sentence;
    place.hidden = !sentence;
    const field = place.closest(".field")?.querySelector("input, textarea");
    if (sentence) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}
