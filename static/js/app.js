// App: starts the walker's app and shows the screen that the address names.
//
// Hides the service worker's life and the router. Promises: the theme is right before the first paint; a draft that was
// cut off is opened again; a new release is offered only when nothing is being written, and never taken by itself; a
// network that wants a sign-in is told of where nobody is disturbed in writing.

import "./trusted.js";
import { whoAnswers } from "./api.js";
import { bar, html, render, toast, turnPage } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { MISHAPS, whole } from "./mishaps/first.js";
import * as capture from "./screens/capture.js";
import * as join from "./screens/join.js";
import * as notes from "./screens/notes.js";
import * as walk from "./screens/walk.js";
import { noNetwork, says } from "./screens/words.js";
import { draft, dropDraft, joined, setting } from "./store.js";
import { onStatus, start as startSync, status } from "./sync.js";
import { apply, choice } from "./theme.js";
import { start as startLanguage } from "./tongues.js";

apply();

const RESUME_MS = 1_800_000; // a draft younger than this was cut off, not put aside
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** @type {Record<string, (root: HTMLElement) => Promise<string | (() => void)>>} */
const SCREENS = {
  "#/join": join.mount,
  "#/walk": walk.mount,
  "#/notes": notes.mount,
  "#/help": (root) => later("help", root, "#/join"),
};
for (const name of /** @type {const} */ (["others", "map", "data", "shared"])) SCREENS[`#/${name}`] = (root) => later(name, root);

let stuck = false; // something could not be fetched: some browsers do not ask for it again while the page lives
addEventListener("vite:preloadError", () => (stuck = true));

/** Begins anew, where there is a network again. */
async function anew() {
  if (!stuck || (await whoAnswers()) !== "us") return;
  await draft(null); // comes after what is being written
  location.reload();
  return new Promise(() => {});
}

/** Screens that are fetched when they are asked for; where that fails, `back` is shown. */
async function later(
  /** @type {"others" | "map" | "pin" | "data" | "help" | "blur" | "shared"} */ name,
  /** @type {HTMLElement} */ root,
  back = "#/walk",
  /** @type {string | null} */ id = null,
  photo = "",
) {
  /** @type {any} */
  let screens;
  await anew();
  try {
    screens = await (/^[hbs]/.test(name) ? import("./screens/beside.js") : import("./screens/later.js"));
  } catch {
    toast(noNetwork(status().stranger));
    return back;
  }
  return screens[name](root, id, photo);
}

/** @type {Event | undefined} the browser's offer to install */
let prompt;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault(); // not before there is a note: installed/offer.js
  prompt = event;
});

/** @type {Promise<unknown>} */
let turning = Promise.all([startLanguage(), dressed()]); // nothing is shown before it has words, and its dress
/** What a walker in red wears is not in the shell: where it cannot be had, it is night. */
async function dressed() {
  if (choice() === "red") await import("./screens/beside.js").catch(() => {});
}

let leave = () => {};
let opened = false;

/** Shows the screen the address names, after the one before it has gone. */
function show() {
  turning = turning.then(turn).catch((failure) => {
    const root = document.getElementById("screen");
    if (root) render(sorry(KEEPS_NOTHING.includes(failure?.name)), root);
  });
}

// What browsers say that let a site keep nothing: storage turned off, and private windows of some of them.
const KEEPS_NOTHING = ["SecurityError", "InvalidStateError"];

/** No screen can be shown. Rather no app than one that loses what is written. */
const sorry = (/** @type {boolean} */ forgetful) => html`${bar({ title: t("Safety walk") })}<main id="main">
  <div class="notice" data-tone="fail" role="alert">${icon("alert")}<div><p>${
    whole(forgetful ? MISHAPS.forgetful() : MISHAPS.illegible())
  }</p><button type="button" @click=${() => location.reload()}>${t("Try again")}</button></div></div></main>`;

async function turn() {
  leave();
  leave = () => {};
  turnPage();
  const root = document.createElement("div");
  root.id = "screen";
  let answer = await mount(location.hash, root);
  while (typeof answer === "string") {
    history.replaceState(null, "", answer);
    answer = await mount(answer, root);
  }
  leave = answer;
  document.getElementById("screen")?.replaceWith(root);
  apply();
  arrive(root);
}

function mount(/** @type {string} */ hash, /** @type {HTMLElement} */ root) {
  const [, note, place, photo] = /^#\/note\/([0-9a-z-]+)(?:(\/place)|\/blur\/(.+))?$/.exec(hash) ?? [];
  const id = note === "new" ? null : note;
  if (place || photo) return later(place ? "pin" : "blur", root, `#/note/${note}`, id, photo);
  if (note) return capture.mount(root, id);
  return SCREENS[hash]?.(root) ?? firstScreen();
}

/** Names the page, and moves those who listen or type to its heading; the first page is read from its start anyway. */
function arrive(/** @type {HTMLElement} */ root) {
  const heading = root.querySelector("h1");
  const title = [...(heading?.childNodes ?? [])].find(
    (node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim(),
  );
  document.title = [title?.nodeValue?.trim(), t("Safety walk")].filter(Boolean).join(" – ");
  scrollTo(0, 0);
  if (opened && !root.contains(document.activeElement)) heading?.focus({ preventScroll: true });
  opened = true;
  import("./installed/standing.js").then(({ furnish }) => furnish(root, prompt), () => {});
}

/** Where somebody who just opened the app wants to be. */
async function firstScreen() {
  const [taking, begun] = await Promise.all([joined(), draft(null)]);
  const invited = new URLSearchParams(location.search).get("walk");
  if (!taking || (invited && join.plain(invited) !== join.plain(taking.code))) return "#/join";
  if (!begun) return "#/walk";
  if (!says(begun)) await dropDraft(begun.key);
  return says(begun) && Date.now() - Date.parse(begun.content.captured_at) < RESUME_MS ? "#/note/new" : "#/walk";
}

async function keepWorker() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("/sw.js", { scope: "/app/" });
  const look = () => registration.update().catch(() => {});
  const offer = () => registration.waiting && navigator.serviceWorker.controller && offerRelease(registration.waiting);
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  addEventListener("hashchange", offer);
  setInterval(look, HOUR_MS);
  offer();
}

/** Whether this is no moment to say something: somebody writes, or something else stands there. */
const busy = () => location.hash.startsWith("#/note/") || document.querySelector(".toast") !== null;

async function offerRelease(/** @type {ServiceWorker} */ waiting) {
  await turning; // what stands there now may be over with the screen
  if (busy() || (await draft(null)) || busy()) return;
  const run = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("take-over");
  };
  toast({ icon: "refresh", text: t("A new version is ready."), action: { label: t("Use it now"), run } });
}

/** Says once, to somebody who has joined, that a network wants a sign-in, and takes it back when it no longer does. */
function watchNetwork() {
  let told = false;
  let takeBack = () => {};
  let off = false;
  const look = () => {
    const { online, stranger } = status();
    off ||= online === false;
    if (off && online && location.hash === "#/walk" && !busy()) {
      off = false;
      anew(); // for what the walk's screen could not fetch
    }
    if (!stranger) takeBack();
    if (stranger && !told && busy()) return;
    if (stranger && !told) takeBack = toast(noNetwork(true));
    told = stranger;
  };
  onStatus(look);
  addEventListener("hashchange", look);
}

addEventListener("hashchange", show);
show();
setInterval(apply, MINUTE_MS);
watchNetwork();
startSync();
setting("track").then((kept) => kept && import("./screens/later.js")).catch(() => {}); // it goes on, and is sent, wherever one is
const drafted = onStatus(({ online }) => {
  if (!online) return; // a phone without a network may not know what day it is
  drafted();
  const letGo = async () => location.hash.startsWith("#/note") || (await import("./drafts.js")).letGo();
  turning = turning.then(letGo).catch(() => {}); // between two screens
});
keepWorker().catch(() => {}); // without a worker the app still works while there is a network
