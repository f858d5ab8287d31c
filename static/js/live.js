// The live page: puts in place what the server sends of a walk that goes on. Without this script it is loaded anew.
//
// Hides how news comes: as events, and where those do not get through (a proxy holds them back, the laptop has slept) by
// asking every ten seconds, while events are tried again. Promises: whenever the page may be behind, it says so with the
// time of what it shows; a part is touched only when it has changed, and a button that was in focus still is.

import "./elements/map.js";
import { markup } from "./markup.js";

const POLL_MS = 10_000;
const FIRST_MS = 8_000; // so long a stream may take to say something
const QUIET_MS = 80_000; // the server says something each minute
const BEHIND_MS = 90_000;
const TICK_MS = 5_000;
const AGAIN = 6; // so many polls, then events are tried again
const FAILURES = 2;

const live = /** @type {HTMLElement} */ (document.getElementById("live"));
const current = /** @type {HTMLElement} */ (document.getElementById("current"));
const at = /** @type {HTMLElement} */ (document.getElementById("at"));
const map = /** @type {HTMLElement} */ (document.querySelector("tryg-map"));
/** @type {Record<string, string>} */
const shown = {};
/** @type {EventSource | null} */
let source = null;
let failures = 0;
let polls = 0;
let due = Date.now() + FIRST_MS; // by when news must have come
let fresh = Date.now(); // when it last did
let ticked = Date.now();
let over = false;
let asking = false;

/** @param {{at: string, map: string, parts: Record<string, string>}} news */
function show({ at: time, map: places, parts }) {
  fresh = Date.now();
  if (map.getAttribute("src") !== places) map.setAttribute("src", places);
  at.textContent = time;
  current.hidden = true;
  for (const [name, html] of Object.entries(parts)) {
    const part = document.getElementById(`part-${name}`);
    if (!part || shown[name] === html) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement?.id : "";
    shown[name] = html;
    part.innerHTML = markup(html);
    if (focus) document.getElementById(focus)?.focus();
  }
}

function say(/** @type {string | undefined} */ words) {
  const text = (words ?? "").replace("{time}", at.textContent ?? "");
  if (!current.hidden && current.textContent === text) return;
  current.textContent = text;
  current.hidden = false;
}

function listen() {
  source?.close();
  due = Date.now() + FIRST_MS;
  source = new EventSource(live.dataset.events ?? "");
  source.addEventListener("state", (event) => {
    failures = 0;
    due = Date.now() + QUIET_MS;
    show(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    failures += 1;
    if (failures >= FAILURES || source?.readyState === EventSource.CLOSED) poll();
  });
}

/** Ask, and from now on every ten seconds. */
function poll() {
  source?.close();
  source = null;
  polls = 0;
  ask();
}

async function ask() {
  if (asking || over) return;
  asking = true;
  due = Date.now() + POLL_MS;
  try {
    const answer = await fetch(live.dataset.news ?? "", { headers: { Accept: "application/json" }, redirect: "manual" });
    if ([401, 403, 404, 410].includes(answer.status)) return end();
    if (answer.ok) show(await answer.json());
  } catch {
    // no network: the page says how old it is
  } finally {
    asking = false;
  }
}

function end() {
  over = true;
  source?.close();
  say(current.dataset.over);
}

/** After sleep, or a network that is back. */
function begin() {
  if (over) return;
  failures = 0;
  listen();
  ask();
}

/** No network, says the browser. It may be wrong, so the page goes on asking. */
function rest() {
  source?.close();
  source = null;
  due = Date.now() + POLL_MS;
  if (!over) say(current.dataset.behind);
}

function tick() {
  const slept = Date.now() - ticked > 4 * TICK_MS;
  ticked = Date.now();
  if (over) return;
  if (slept) begin();
  else if (Date.now() > due) {
    if (source) poll();
    else if (++polls % AGAIN === 0) begin();
    else ask();
  }
  if (Date.now() - fresh > BEHIND_MS) say(current.dataset.behind);
}

listen();
setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && begin());
addEventListener("online", begin);
addEventListener("offline", rest);
addEventListener("pageshow", (event) => event.persisted && begin());
addEventListener("pagehide", () => source?.close());
