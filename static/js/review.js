// The review by keys and by touch: from note to note without a jump. Without this script its links and buttons do it all.
//
// Hides that each step is the same page asked again: the parts that changed take the old ones' place, while the map stays as
// it is. Promises that nothing is decided unless the server says so; that a decision never meets a note which is not the one
// before one's eyes, also when keys come faster than answers; and that what others decide meanwhile shows in the queue.
import "./elements/map.js";
import { pageOf } from "./markup.js";
import { formOf, isPlain } from "./turning.js";

/** @typedef {HTMLElement & {drawing(): Promise<import("./elements/map.js").Drawing | null>, point(place: {lat: number, lon: number} | null): Promise<void>}} TrygMap */

const PATIENCE_MS = 20_000;
const LOOK_MS = 10_000; // how often others' work is asked for
const CLOSE = 16.5; // the map's zoom around a note
const PARTS = ["top", "note", "queue"];
let busy = false;
let seq = 0;

const part = (/** @type {string} */ id) => document.getElementById(id);
const map = () => /** @type {TrygMap | null} */ (document.querySelector("tryg-map"));
const writes = (/** @type {EventTarget | null} */ at) =>
  at instanceof HTMLElement && at.matches("textarea, select, input:not([type=checkbox], [type=radio])");

/**
 * Ask for `address`, or send it `form`, and put what comes back in place of what stands here.
 * @param {string} address
 * @param {FormData} [form]
 */
async function go(address, form) {
  if (busy) return;
  busy = true;
  document.body.ariaBusy = "true";
  try {
    const sent = form ? { method: "POST", body: form } : {};
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(address, { ...sent, headers: { Accept: "text/html" }, signal });
    const page = pageOf(await answer.text());
    if (page.body.className !== document.body.className || !page.getElementById("queue"))
      return answer.redirected && !form ? location.assign(answer.url) : location.reload(); // signed out, or not allowed any more
    put(page);
    if (answer.redirected || !form) history.replaceState(null, "", answer.url);
    arrive();
  } catch {
    const status = document.querySelector("#told [role=status]");
    if (status instanceof HTMLElement) status.textContent = status.dataset.offline ?? "";
  } finally {
    busy = false;
    document.body.ariaBusy = null;
  }
}

/** The new page's parts in place of the old ones; the map stays, and so does where the list was scrolled to. */
function put(/** @type {Document} */ page) {
  const scrolled = part("queue")?.scrollTop ?? 0;
  const kept = map();
  for (const id of PARTS) replace(id, page);
  for (const old of document.querySelectorAll("main > .notice")) old.remove();
  const notice = page.querySelector("main > .notice");
  if (notice) part("top")?.after(document.adoptNode(notice));
  const [side, old] = [page.getElementById("side"), part("side")];
  const fresh = side?.querySelector("tryg-map");
  if (side && old) {
    const flush = old.querySelector(".flush");
    for (const one of [...old.children]) if (one !== flush) one.remove();
    flush?.querySelector("details")?.replaceWith(document.adoptNode(/** @type {Element} */ (side.querySelector("#place"))));
    for (const one of [...side.children]) if (!one.contains(fresh ?? null)) old.append(document.adoptNode(one));
  } else if (side) part("note")?.after(document.adoptNode(side));
  else old?.remove();
  if (kept?.isConnected === false) kept.remove();
  const queue = part("queue");
  if (queue) queue.scrollTop = scrolled;
  document.title = page.title;
}

function replace(/** @type {string} */ id, /** @type {Document} */ page) {
  const fresh = page.getElementById(id);
  if (fresh) part(id)?.replaceWith(document.adoptNode(fresh));
}

/** A note is before one's eyes: focus, and the map shows it. */
function arrive() {
  const note = part("note");
  note?.focus({ preventScroll: true });
  if (note && note.getBoundingClientRect().top < 0) note.scrollIntoView();
  sayAgain();
  part("queue")?.querySelector("[aria-current=true]:not(.chip)")?.scrollIntoView({ block: "nearest" });
  onTheMap();
}

/** What the new page says, said again where screen readers listen: words that came with their place are not read out. */
function sayAgain() {
  const status = document.querySelector("#told [role=status]");
  const words = [...(status?.childNodes ?? [])];
  status?.replaceChildren();
  requestAnimationFrame(() => status?.childNodes.length || status?.replaceChildren(...words));
}

async function onTheMap() {
  const { lat, lon } = part("note")?.dataset ?? {};
  const drawing = await map()?.drawing();
  if (!drawing?.map) return;
  const place = lat && lon ? { lat: Number(lat), lon: Number(lon) } : null;
  drawing.point(place);
  if (place) drawing.map.jumpTo({ center: [place.lon, place.lat], zoom: Math.max(drawing.map.getZoom(), CLOSE) });
}

/** What the key does, where it does something here. */
function press(/** @type {string} */ key) {
  if (key === "j" || key === "ArrowRight") return follow("next");
  if (key === "k" || key === "ArrowLeft") return follow("prev");
  const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!(found instanceof HTMLElement)) return false;
  const fold = found.closest("summary")?.parentElement;
  if (fold instanceof HTMLDetailsElement) {
    fold.open = !fold.open;
    if (fold.open) /** @type {HTMLElement | null} */ (fold.querySelector("input:not([type=hidden])"))?.focus();
  } else found.click();
  return true;
}

function follow(/** @type {string} */ rel) {
  const link = document.querySelector(`#note a[rel=${rel}]`);
  if (link instanceof HTMLAnchorElement) go(link.href);
  return link !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") {
    for (const fold of document.querySelectorAll("#note details[open]")) /** @type {HTMLDetailsElement} */ (fold).open = false;
    part("note")?.focus({ preventScroll: true });
  } else if (writes(at)) return;
  else if (event.key.startsWith("Arrow") && at.matches("input")) return; // it chooses among radio buttons
  else if (event.repeat || !press(event.key)) return;
  event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.hasAttribute("data-turns")) return;
  event.preventDefault();
  go(form.action, formOf(event));
});

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a[data-turns]");
  if (!(link instanceof HTMLAnchorElement) || !isPlain(event)) return;
  event.preventDefault();
  go(link.href);
});

document.addEventListener("map-tap", (event) => {
  const { lat, lon } = /** @type {CustomEvent} */ (event).detail;
  const [fold, field] = [part("place"), part("point")];
  if (!(fold instanceof HTMLDetailsElement) || !(field instanceof HTMLInputElement)) return;
  fold.open = true;
  field.value = `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
  /** @type {HTMLSelectElement} */ (part("where")).value = "";
  map()?.point({ lat, lon });
});

/** What others have decided meanwhile: the queue is drawn anew, the open note is left as it is. */
async function look() {
  if (busy || document.hidden) return;
  try {
    const answer = await fetch(`${location.pathname}/state`, { headers: { Accept: "application/json" } });
    const now = Number((await answer.json()).seq);
    if (seq && now !== seq) await lookAnew();
    seq = now;
  } catch {
    // No network: the next look may find one.
  }
}

async function lookAnew() {
  const note = part("note");
  const here = new URL(location.href);
  if (note?.dataset.note) here.searchParams.set("note", note.dataset.note);
  const answer = await fetch(here, { headers: { Accept: "text/html" } });
  const page = pageOf(await answer.text());
  const open = part("queue")?.contains(document.activeElement) || document.querySelector("#note details[open]");
  if (busy || open || note !== part("note") || !page.getElementById("queue")) return;
  const theirs = page.getElementById("note");
  if (theirs?.dataset.version === note?.dataset.version) {
    const scrolled = part("queue")?.scrollTop ?? 0;
    for (const id of ["top", "queue"]) replace(id, page);
    const queue = part("queue");
    if (queue) queue.scrollTop = scrolled;
  } else put(page);
}

setInterval(look, LOOK_MS);
look();
onTheMap();
