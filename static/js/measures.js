// The pages of measures: buttons that copy an address or print, and at a meeting the arrow keys. Without this script links
// do, and the browser's own menu.

import { copyButtons } from "./clipboard.js";

copyButtons();

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select");
  if (typing || event.altKey || event.ctrlKey || event.metaKey) return;
  const way = { ArrowLeft: "prev", k: "prev", ArrowRight: "next", j: "next" }[event.key];
  const link = way && /** @type {HTMLAnchorElement | null} */ (document.querySelector(`a[rel=${way}]`));
  if (link) link.click();
});
