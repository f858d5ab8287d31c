// The buttons of the list of stops, and dragging a stop by its number.
//
// Hides pointers. Promises that buttons do by themselves what the server would do, that the focus stays where one works,
// that dragging is one of two ways (Up and Down are the other), and that Escape puts a dragged stop back.

import { add, forget, form, list, remember, remove, rows, tellOrder, undo } from "./stops.js";

const EDGE = 60; // px from the window's edge: there it scrolls along

form.addEventListener("click", (event) => {
  const button = event.target instanceof Element && /** @type {HTMLButtonElement | null} */ (event.target.closest("[name=do]"));
  if (!button) return;
  const [deed] = button.value.split(":");
  const row = /** @type {HTMLLIElement | null} */ (button.closest(".plan-stops > li"));
  if (deed === "add") /** @type {HTMLInputElement | undefined} */ (add()?.querySelector("[name=stop_name]"))?.select();
  else if (row && deed === "remove") remove(row);
  else if (row && (deed === "up" || deed === "down")) step(row, deed, button);
  else return;
  event.preventDefault();
});

function step(/** @type {HTMLLIElement} */ row, /** @type {"up" | "down"} */ deed, /** @type {HTMLButtonElement} */ button) {
  remember();
  if (deed === "up") row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  tellOrder();
  const other = /** @type {HTMLButtonElement} */ (row.querySelector(deed === "up" ? "[value^=down]" : "[value^=up]"));
  (button.disabled ? other : button).focus();
}

list.addEventListener("pointerdown", (event) => {
  const grip = event.target instanceof Element && event.target.closest("[data-grip]");
  const row = grip && /** @type {HTMLLIElement} */ (grip.closest("li"));
  if (!row || event.button !== 0 || rows().length < 2) return;
  event.preventDefault();
  remember();
  const before = rows().indexOf(row);
  row.dataset.moving = "";
  const over = new AbortController();
  const { signal } = over;
  const end = (/** @type {boolean} */ keep) => {
    over.abort();
    delete row.dataset.moving;
    if (rows().indexOf(row) === before) forget();
    else if (keep) tellOrder();
    else undo();
  };
  addEventListener("pointermove", (move) => follow(row, move.clientY), { signal });
  addEventListener("pointerup", () => end(true), { signal });
  addEventListener("pointercancel", () => end(false), { signal });
  addEventListener("keydown", (key) => key.key === "Escape" && end(false), { signal });
});

/** Put the row where the pointer is. */
function follow(/** @type {HTMLLIElement} */ row, /** @type {number} */ y) {
  if (y < EDGE) scrollBy(0, y - EDGE);
  else if (y > innerHeight - EDGE) scrollBy(0, y - innerHeight + EDGE);
  const others = rows().filter((other) => other !== row);
  const next = others.find((other) => {
    const { top, height } = other.getBoundingClientRect();
    return y < top + height / 2;
  });
  if (next !== row.nextElementSibling) list.insertBefore(row, next ?? null);
}
