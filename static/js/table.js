// The coffee table on a wall: pages by arrow keys and swipes, in full screen, without leaving it. Links and buttons do without.
//
// Hides turning and what a swipe is. Promises that a page is turned only when the next one has come, that what somebody is
// writing is not turned away, and that what could not be saved is said.
import { formOf, isPlain, turn } from "./turning.js";

const SWIPE_PX = 70;
/** @type {Touch | undefined} */
let touched;
let busy = false;

const writes = () => document.activeElement?.matches("textarea, input, select") ?? false;

function dress() {
  const full = document.getElementById("full");
  if (full) full.hidden = !document.fullscreenEnabled || Boolean(document.fullscreenElement);
}

/** @param {string} address @param {FormData} [form] @param {boolean} [top] */
async function go(address, form, top = true) {
  if (busy) return;
  busy = true;
  const { outcome } = await turn(address, form);
  busy = false;
  if (outcome === "turned") {
    dress();
    if (top) scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: !top });
  } else if (outcome === "offline") say();
  else location.reload();
}

function say() {
  const told = document.getElementById("told");
  if (told) told.textContent = told.dataset.offline ?? "";
}

function follow(/** @type {"prev" | "next"} */ rel) {
  const link = document.querySelector(`a[rel=${rel}]`);
  if (link instanceof HTMLAnchorElement) go(link.href);
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("#full")) document.documentElement.requestFullscreen().catch(() => {});
  const link = target.closest("a[data-turns]");
  if (!(link instanceof HTMLAnchorElement) || !isPlain(event)) return;
  event.preventDefault();
  go(link.href, undefined, !link.closest("figure"));
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.hasAttribute("data-turns")) return;
  event.preventDefault();
  go(form.action, formOf(event), false);
});

document.addEventListener("keydown", (event) => {
  if (writes() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowLeft" || event.key === "PageUp") follow("prev");
  else if (event.key === "ArrowRight" || event.key === "PageDown") follow("next");
  else return;
  event.preventDefault();
});

document.addEventListener("touchstart", (event) => {
  touched = event.touches.length === 1 ? event.touches[0] : undefined;
}, { passive: true }); // biome-ignore format: one line
document.addEventListener("touchend", (event) => {
  const end = event.changedTouches[0];
  if (!touched || writes()) return;
  const [along, down] = [end.clientX - touched.clientX, end.clientY - touched.clientY];
  if (Math.abs(along) > SWIPE_PX && Math.abs(along) > 2 * Math.abs(down)) follow(along > 0 ? "prev" : "next");
}, { passive: true });
document.addEventListener("fullscreenchange", dress);
dress();
