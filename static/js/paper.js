// Typing in notes from paper: one after another, by the keyboard alone. Without this script its buttons do.
//
// Hides keys, drafts and saving in place. Promises: what was typed is in this browser from the first letter until the server
// has said that it is kept, and comes back after a reload; "saved" is the server's word alone; the note's id goes with the
// draft, so that a note whose answer was lost is saved once however often Save is pressed.
import { formOf, turn } from "./turning.js";
import { typed } from "./typed.js";
import { isOver } from "./untouched.js";

const form = () => /** @type {HTMLFormElement} */ (document.getElementById("slip"));
const status = () => /** @type {HTMLElement} */ (document.getElementById("kept"));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const TOUCHED = "touched"; // no field's name: when the draft was last changed
const OURS = "tryg:paper:";
const place = () => `${OURS}${form().dataset.walk}:${form().dataset.note}`;
let saving = false;
let number = ""; // a stop's number, digit by digit
let typedAt = 0;

function say(/** @type {string} */ what) {
  status().textContent = status().dataset[what] ?? "";
  status().dataset.state = what === "kept" || what === "saving" ? "saved" : "waiting";
}

// The draft

/** Storage can be full or forbidden: then nothing is claimed. */
function keepDraft() {
  try {
    localStorage.setItem(place(), JSON.stringify([...new FormData(form()), [TOUCHED, `${Date.now()}`]]));
    say("kept");
  } catch {
    status().textContent = "";
  }
}

function dropDraft(/** @type {string} */ key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // forbidden: there is none
  }
}

/** @returns {[string, string][]} */
function draft() {
  try {
    return JSON.parse(localStorage.getItem(place()) ?? "[]");
  } catch {
    return [];
  }
}

/** Drafts of whatever walk that nobody has touched for so long go; one without a date counts from now. */
function letGo() {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(OURS))) {
      const kept = /** @type {[string, string][]} */ (JSON.parse(localStorage.getItem(key) ?? "[]"));
      const words = kept.filter(([name]) => name !== TOUCHED);
      const over = isOver(Number(kept.find(([name]) => name === TOUCHED)?.[1]));
      if (over) localStorage.removeItem(key);
      else if (over === null) localStorage.setItem(key, JSON.stringify([...words, [TOUCHED, `${Date.now()}`]]));
    }
  } catch {
    // forbidden, or not ours
  }
}

/** The draft's words, in fields where nobody has `newer` ones. */
function restore(newer = new Set()) {
  const fields = draft();
  if (!fields.length || document.querySelector(".slip [aria-invalid]")) return;
  for (const [name, value] of fields.filter(([name]) => !newer.has(name))) {
    if (name === "factor") addReason(value);
    else if (["stop", "valence", "feeling"].includes(name)) choose(name, value);
    else /** @type {any} */ (form().elements.namedItem(name) ?? {}).value = value;
  }
  showStop();
  say("back");
}

// Choices

const radios = (/** @type {string} */ name) =>
  /** @type {HTMLInputElement[]} */ ([...form().querySelectorAll(`input[name="${name}"]`)]);

function choose(/** @type {string} */ name, /** @type {string} */ value) {
  const found = radios(name).find((one) => one.value === value);
  if (found) found.checked = true;
  return found;
}

function showStop() {
  const chosen = radios("stop").find((one) => one.checked);
  const name = chosen?.value ? (chosen.closest("label")?.title ?? "") : "";
  input("stop-name").textContent = name ? `${chosen?.value} · ${name}` : "";
}

/** The reasons whose name, or a word of it, or whose subject begins with `text`; those whose name does come first. */
function reasonsLike(/** @type {string} */ text) {
  const wish = text.trim().toLowerCase();
  if (!wish) return [];
  const options = /** @type {HTMLOptionElement[]} */ ([...document.querySelectorAll("#reasons option")]);
  const rank = (/** @type {HTMLOptionElement} */ one) => {
    const name = one.value.toLowerCase();
    if (name.startsWith(wish)) return name === wish ? 0 : 1;
    if (name.split(/[\s,-]+/).some((word) => word.startsWith(wish))) return 2;
    return one.label.toLowerCase().startsWith(wish) ? 3 : 4;
  };
  return options.filter((one) => rank(one) < 4).sort((a, b) => rank(a) - rank(b));
}

function addReason(/** @type {string} */ key) {
  const option = document.querySelector(`#reasons option[data-key="${CSS.escape(key)}"]`);
  const there = radios("factor").find((one) => one.value === key);
  if (there) there.checked = true;
  if (there || !(option instanceof HTMLOptionElement)) return;
  const label = document.createElement("label");
  label.className = "chip";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "factor", value: key, checked: true });
  label.append(box, option.value);
  input("chosen").append(label);
}

/** Take the best reason for what stands in the field; whether there was one. */
function takeReason() {
  const found = reasonsLike(input("why").value)[0];
  if (!found) return false;
  addReason(found.dataset.key ?? "");
  input("why").value = "";
  showReason();
  keepDraft();
  return true;
}

function showReason() {
  const hint = input("why-hint");
  const best = reasonsLike(input("why").value)[0];
  hint.textContent = best ? (hint.dataset.choose ?? "").replace("{reason}", best.value) : (hint.dataset.usual ?? "");
}

// Saving

function begin() {
  const button = input("empty");
  if (button) button.hidden = false;
  const first = radios("stop").find((one) => one.checked) ?? radios("stop")[0];
  first?.focus();
}

/** What the new page says, said again where screen readers listen: words that came with their place are not read out. */
function sayAgain() {
  const words = status().textContent;
  status().textContent = "";
  requestAnimationFrame(() => {
    if (!status().textContent) status().textContent = words;
  });
}

async function go(/** @type {string} */ address, /** @type {FormData} */ sent, key = "") {
  if (saving) return;
  saving = true;
  if (sent) say("saving");
  form().ariaBusy = "true";
  const { outcome, ok } = await turn(address, sent);
  saving = false;
  form().ariaBusy = null;
  if (outcome === "turned") {
    if (ok && key) dropDraft(key);
    sayAgain();
    if (ok) restore();
    if (ok) begin();
    else /** @type {HTMLElement|null} */ (document.querySelector("[aria-invalid]"))?.focus();
  } else say(outcome === "signed-out" ? "signedOut" : outcome);
}

document.addEventListener("submit", (event) => {
  const sent = /** @type {HTMLFormElement} */ (event.target);
  if (!sent.hasAttribute("data-turns")) return;
  event.preventDefault();
  go(sent.action, formOf(event), sent === form() ? place() : "");
});

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const link = target.closest("a[data-leaves]");
  if (link) dropDraft(place());
  if (target.id !== "empty") return;
  dropDraft(place());
  const here = new URL(location.href);
  here.searchParams.delete("deleted");
  location.replace(here);
});

document.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.form !== form()) return;
  if (field.id === "why") {
    const picked = /** @type {InputEvent} */ (event).inputType;
    const exact = reasonsLike(field.value)[0]?.value === field.value;
    if (exact && (!picked || picked === "insertReplacementText")) takeReason();
    showReason();
  }
  if (field.name === "stop") showStop();
  keepDraft();
});

document.addEventListener("keydown", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.form !== form() || event.isComposing) return;
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    const named = event.shiftKey ? "new-sheet" : "save";
    form().requestSubmit(form().querySelector(`button[value="${named}"]`));
  } else if (event.key === "Enter" && field.id === "why" && takeReason()) event.preventDefault();
  else if (["radio", "checkbox"].includes(field.type) && !event.ctrlKey && !event.metaKey && !event.altKey) letter(event);
});

/** A digit is a stop, a letter a valence: from anywhere but a text field. */
function letter(/** @type {KeyboardEvent} */ event) {
  if (/^\d$/.test(event.key)) {
    number = event.timeStamp - typedAt < 800 ? number + event.key : event.key;
    typedAt = event.timeStamp;
    const found = choose("stop", number) ?? choose("stop", event.key);
    found?.focus();
    showStop();
  } else {
    const found = radios("valence").find((one) => one.dataset.key === event.key.toLowerCase());
    if (!found) return;
    found.checked = true;
    input("why").focus();
  }
  event.preventDefault();
  keepDraft();
}

letGo();
const early = typed(form());
restore(early);
if (early.size) keepDraft();
begin();
