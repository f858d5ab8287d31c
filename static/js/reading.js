// The page on which a second person reads an edition: counts what is read, and keeps each mark as it is made. Without this
// script the buttons do.
//
// Promises that a mark which could not be kept is said so and kept with the next one, or the button.

const form = /** @type {HTMLFormElement} */ (document.getElementById("reading"));
const count = /** @type {HTMLElement} */ (form.querySelector("[data-read-of]"));
const kept = /** @type {HTMLElement} */ (document.getElementById("kept"));
/** @type {Promise<void>} */
let turn = Promise.resolve();
let sent = false;

function say() {
  const marks = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name=read]"));
  const read = [...marks].filter((mark) => mark.checked).length;
  count.textContent = (count.dataset.readOf ?? "").replace("{read}", String(read)).replace("{all}", String(marks.length));
}

async function keep() {
  if (sent) return; // the button takes all of it along
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(String(answer.status));
    kept.textContent = kept.dataset.kept ?? "";
    kept.dataset.state = "done";
  } catch {
    kept.textContent = kept.dataset.offline ?? "";
    kept.dataset.state = "waiting";
  }
}

form.addEventListener("change", (event) => {
  if (!/** @type {HTMLInputElement} */ (event.target).matches("[type=checkbox]")) return;
  say();
  turn = turn.then(keep); // one after the other: the last one holds
});
form.addEventListener("submit", () => {
  sent = true;
});
say();
