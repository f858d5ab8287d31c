// Offer: how the app gets onto the home screen, said where it helps: on iPhones before one joins (the app and Safari do not
// share notes), elsewhere after the first note, once.
//
// Promises: whoever says "not now" is not asked again; under Help it can always be found. Nothing is said to whom has it.

import { bold, html, nothing, render, whisper } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { setSetting, setting, tally } from "../store.js";

const { userAgent, platform, maxTouchPoints } = navigator;
const ON_IOS = /iPhone|iPad|iPod/.test(userAgent) || (platform === "MacIntel" && maxTouchPoints > 1);
const IN_ANOTHER_APP = ON_IOS && !/Safari\//.test(userAgent); // a page within Facebook's app, say, which has no home screen
const INSTALLED = matchMedia("(display-mode: standalone)").matches;

/** @type {any} the browser's offer, as long as it stands */
let offered = null;
addEventListener("appinstalled", () => {
  offered = null;
});

/** After the first note, where the browser can install: says so once, on the walk's screen. */
export async function offer(/** @type {HTMLElement} */ root, /** @type {any} */ prompt) {
  offered = prompt ?? offered;
  if (!offered || INSTALLED || (await setting("offered")) || !(await tally()).notes) return;
  const card = document.createElement("section");
  card.className = "panel stack tight";
  card.setAttribute("aria-labelledby", "offer");
  const done = () => {
    setSetting("offered", true);
    card.remove();
    root.querySelector("h1")?.focus();
  };
  render(
    html`<h2 id="offer">${t("Put the app on the home screen")}</h2>
    <p class="small">${t("Then it opens with one tap, also without a network, and shows how many notes are not sent yet.")}</p>
    <div class="row"><button type="button" @click=${() => install().then(done)}>${icon("phone")}${t("Put it there")}</button>
      <button type="button" class="quiet" @click=${done}>${t("Not now")}</button></div>`,
    card,
  );
  root.querySelector("main")?.prepend(card);
}

/** Asks the browser, which asks the walker. */
async function install() {
  const asked = offered;
  offered = null; // it answers once
  await asked?.prompt().catch(() => {});
  if ((await asked?.userChoice)?.outcome === "accepted") whisper(t("The app is being put on the home screen"));
}

/** On iPhones, before one joins: first the app, then the code, with what to look for. */
export function firstTheApp(/** @type {HTMLElement} */ root) {
  const form = root.querySelector("#join");
  if (!form || !ON_IOS || INSTALLED) return;
  const card = document.createElement("section");
  card.className = "panel stack tight";
  card.setAttribute("aria-labelledby", "first");
  const code = /** @type {HTMLInputElement | null} */ (form.querySelector("#code"))?.value ?? "";
  render(
    html`<h2 id="first">${t("iPhone: first the app, then the code")}</h2>
    <p class="small">${t("The app and Safari do not share notes. So the app goes on the home screen before you join.")}</p>${steps(ON_IPHONE(code))}`,
    card,
  );
  form.prepend(card);
}

/** Help's chapter; nothing in the installed app. `redraw`: after the browser was asked. */
export const chapter = (/** @type {() => void} */ redraw) =>
  INSTALLED
    ? nothing
    : html`<section class="stack tight" aria-labelledby="home"><h2 id="home">${t("Put the app on the home screen")}</h2>
    ${offered ? html`<div class="row"><button type="button" @click=${() => install().then(redraw)}>${icon("phone")}${t("Put it there")}</button></div>` : nothing}
    <div class="folds">
      <details ?open=${ON_IOS}><summary>${t("iPhone: first the app, then the code")}</summary>
        <p class="small dim">${t("The app and Safari do not share notes. So the app goes on the home screen before you join.")}</p>${steps(ON_IPHONE(""))}</details>
      <details ?open=${!ON_IOS && !offered}><summary>Android</summary>${steps(ON_ANDROID())}</details>
    </div></section>`;

/** @typedef {[picture: string, words: string]} Step */

const steps = (/** @type {Step[]} */ list) => html`<ol class="steps">${list.map(
  ([picture, words]) =>
    html`<li><svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${picture} /></svg> <span>${bold(words)}</span></li>`,
)}</ol>`;

// As the systems draw them, so that one knows what to look for.
const SHARE = "M12 15V2.5M8 6l4-3.5L16 6M8 9.5H6A1.5 1.5 0 0 0 4.5 11v9A1.5 1.5 0 0 0 6 21.5h12a1.5 1.5 0 0 0 1.5-1.5v-9A1.5 1.5 0 0 0 18 9.5h-2";
const ADD = "M6.5 3.5h11a3 3 0 0 1 3 3v11a3 3 0 0 1-3 3h-11a3 3 0 0 1-3-3v-11a3 3 0 0 1 3-3zM12 8v8M8 12h8";
const APP = "M6.5 3h11A3.5 3.5 0 0 1 21 6.5v11a3.5 3.5 0 0 1-3.5 3.5h-11A3.5 3.5 0 0 1 3 17.5v-11A3.5 3.5 0 0 1 6.5 3zM9 7.5h6M11 9.5 7 17.5h10l-4-8z";
const DOTS = "M12 5h.01M12 12h.01M12 19h.01";
const COMPASS = "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M15.5 8.5l-2 5-5 2 2-5z";

/** @returns {Step[]} */
const ON_IPHONE = (/** @type {string} */ code) => [
  ...(IN_ANOTHER_APP ? [/** @type {Step} */ ([COMPASS, t("Open this page in *Safari*.")])] : []),
  [SHARE, t("Tap *Share* in Safari.")],
  [ADD, t("Choose *Add to Home Screen*.")],
  [APP, code ? t("Open the app there, and type the code *{code}*.", { code: code.replace("-", "\u2011") }) : t("Open the app there, and type the code.")],
];
/** @returns {Step[]} */
const ON_ANDROID = () => [
  [DOTS, t("Tap the *three dots* or *lines* of the browser.")],
  [ADD, t("Choose *Install* or *Add to Home screen*.")],
  [APP, t("Open the app there. Your notes are in it.")],
];
