// The plan's page: saves while one writes, and copies the invitation. Without this script its Save button does.
//
// Hides when to save. Promises: never says "saved" before the server has; what cannot be saved is said beside its field and
// stays where it was typed; without a network it tries again by itself; a plan that somebody else has changed is not
// overwritten, and from then on only the button saves.

const PAUSE_MS = 1_000;
const AGAIN_MS = 10_000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("plan"));
const state = /** @type {HTMLElement} */ (document.getElementById("saved"));
const rev = /** @type {HTMLInputElement} */ (form.elements.namedItem("rev"));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let dirty = false;
let saving = false;
let stopped = false;

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
    place.parentElement?.querySelector("input, textarea")?.toggleAttribute("aria-invalid", Boolean(sentence));
  }
}

async function save(leaving = false) {
  if (saving || stopped || !dirty) return;
  saving = true;
  dirty = false;
  say("saving");
  const body = new FormData(form);
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
      showErrors({});
      say("saved", told.at);
    } else throw new Error(String(answer.status));
  } catch {
    dirty = true;
    say("offline");
  } finally {
    saving = false;
    if (dirty) later(state.textContent === state.dataset.offline ? AGAIN_MS : PAUSE_MS);
  }
}

form.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type === "file") return;
  dirty = true;
  later();
});
form.addEventListener("submit", () => {
  clearTimeout(timer);
  stopped = true; // the button saves
});
addEventListener("online", () => dirty && save());
addEventListener("pagehide", () => dirty && !stopped && save(true));
const hint = document.getElementById("by-itself");
if (hint) hint.hidden = false;

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const from = /** @type {HTMLInputElement | null} */ (document.getElementById(button.dataset.copy ?? ""));
    if (!from) return;
    await navigator.clipboard.writeText(from.value);
    button.textContent = button.dataset.done ?? "";
  });
}
