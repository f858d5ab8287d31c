// Keeps a sign-in while somebody is there, and says so before it ends and when it has; on every page of people who are signed in.
//
// Hides what being there means: a finger, a key or a wheel on the page; on a page that is there to be looked at (data-watched: the
// live page, a meeting) that it can be seen. Promises: nothing that was typed is lost by the end of a sign-in, because the page
// stays as it is while one signs in beside it. Keeps nothing; pages of one browser tell each other.

const part = /** @type {HTMLElement} */ (document.getElementById("awake"));
const IDLE_MS = Number(part.dataset.minutes) * 60_000;
const EVERY_MS = Math.min(300_000, IDLE_MS / 4);
const WARN_MS = Math.min(120_000, IDLE_MS / 4);
const TICK_MS = 10_000;
const watched = "watched" in part.dataset;
const others = new BroadcastChannel("tryg-awake");
let used = Date.now(); // when somebody was last here
let told = Date.now(); // when the server last heard so, from this page or another one
let over = false;

/** @param {"" | "soon" | "over"} which what is said, if anything */
function say(which) {
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll("[data-when]"))) {
    one.hidden = one.dataset.when !== which;
  }
  part.hidden = !which;
}

/** Tell the server that somebody is here; or only ask whether the sign-in still holds. */
async function tell(method = "POST") {
  if (method === "POST") told = Date.now();
  try {
    const answer = await fetch("/account/presence", { method });
    if (answer.status === 401) return end();
    if (answer.ok && method === "POST") others.postMessage("here");
  } catch {
    // No network: told again in a while.
  }
}

function end() {
  over = true;
  say("over");
}

function look() {
  if (over) return;
  const now = Date.now();
  if (watched && document.visibilityState === "visible") used = now;
  if (used > told && now - told >= EVERY_MS) tell();
  if (now - told >= IDLE_MS) tell("GET");
  else say(now - told >= IDLE_MS - WARN_MS ? "soon" : "");
}

function here() {
  used = Date.now();
  if (!part.hidden && !over) stay();
}

function stay() {
  used = Date.now();
  say("");
  tell();
}

for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(kind, here, { passive: true });
others.addEventListener("message", () => {
  told = Date.now();
  over = false;
  say("");
});
document.addEventListener("visibilitychange", look);
addEventListener("pageshow", (event) => event.persisted && tell("GET"));
setInterval(look, TICK_MS);
others.postMessage("here"); // this page has just come from the server: whoever waits for a sign-in may go on
