// The buttons that copy a field: shown only where the browser can, and saying so when it is done.
//
// A button names its field in data-copy, and what it says afterwards in data-done.

export function copyButtons() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
    const from = /** @type {HTMLInputElement | null} */ (document.getElementById(button.dataset.copy ?? ""));
    button.hidden = !navigator.clipboard || !from;
    button.addEventListener("click", async () => {
      if (!from) return;
      await navigator.clipboard.writeText(from.value);
      button.textContent = button.dataset.done ?? "";
    });
  }
}
