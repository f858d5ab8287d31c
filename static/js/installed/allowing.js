// Allowing: how one lets the app use positions and the microphone again, on each kind of phone, with drawings of where to tap.
//
// Drawn, not photographed: a line is red at night, is read at any size, and does not age with every release of a system.

import { bold, html, nothing } from "../dom.js";
import { t } from "../i18n.js";

/** A row of the settings; what stands to the left of the address; an app's icon, held down. */
const ROW = "M14 12h212v32h-212zM30 28l12-6-5 12-2-5zM56 28h76M190 20h16a8 8 0 0 1 0 16h-16a8 8 0 0 1 0-16zM201 28a5 5 0 1 0 10 0a5 5 0 1 0-10 0";
const SLIDERS = "M30 12h180a16 16 0 0 1 0 32h-180a16 16 0 0 1 0-32zM27 23h8M41 23h2M27 33h2M35 33h8M35 23a3 3 0 1 0 6 0a3 3 0 1 0-6 0M29 33a3 3 0 1 0 6 0a3 3 0 1 0-6 0M60 28h90";
const LOCK = "M30 12h180a16 16 0 0 1 0 32h-180a16 16 0 0 1 0-32zM29 27h14v9h-14zM32 27v-3a4 4 0 0 1 8 0v3M60 28h90";
const PAGE = "M30 12h180a16 16 0 0 1 0 32h-180a16 16 0 0 1 0-32zM27 20h16v10h-16zM27 35h16M60 28h90";
const HELD = "M22 12h24a6 6 0 0 1 6 6v20a6 6 0 0 1-6 6h-24a6 6 0 0 1-6-6v-20a6 6 0 0 1 6-6zM29 20h10M33 24l-7 14h16l-8-16M76 6h140v44h-140l-10-10 10-6zM90 20a8 8 0 1 0 16 0a8 8 0 1 0-16 0M98 19v5M98 15v.5M118 20h60M90 40h88";

/** @type {[name: string, steps: [words: () => string, drawing?: string][]][]} */
const PLATFORMS = [
  [
    "iPhone",
    [
      [() => t("Open *Settings*, and choose *Privacy & Security*."), ROW],
      [() => t("Choose *Location Services*, and find *Safari Websites*.")],
      [() => t("Choose *While Using the App*, and turn *Precise Location* on.")],
      [() => t("For the microphone: tap the icon to the left of the address, choose *Website Settings*, and allow *Microphone*."), PAGE],
      [() => t("In the app on the home screen: close it, open it, and answer *Allow*.")],
    ],
  ],
  [
    "Android, Chrome",
    [
      [() => t("Tap the icon to the left of the address."), SLIDERS],
      [() => t("Choose *Permissions*, and turn *Location* on. *Microphone* too, if you want to speak.")],
      [() => t("In the app on the home screen: hold its icon down, choose *App info* and then *Permissions*."), HELD],
      [() => t("See whether location is on for the whole phone too.")],
    ],
  ],
  [
    "Android, Samsung Internet",
    [
      [() => t("Tap the lock by the address, and choose *Permissions*."), LOCK],
      [() => t("Turn *Location* on, *Microphone* too if you want to speak, and load the page again.")],
    ],
  ],
];
const OURS = /iPhone|iPad/.test(navigator.userAgent) ? 0 : /Samsung/.test(navigator.userAgent) ? 2 : 1;

const sketch = (/** @type {string} */ path) =>
  html`<br><svg viewBox="0 0 240 56" width="240" height="56" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d=${path} /></svg>`;

/** Help's chapter, with this phone's own steps open. */
export const allowing = () => html`<section class="stack tight" aria-labelledby="position"><h2 id="position">${t("If the phone says no to positions or the microphone")}</h2>
  <p>${t("You can write all the same, and choose a stop on the list. If you want the place to come along:")}</p>
  <div class="folds">${PLATFORMS.map(
    ([name, steps], at) =>
      html`<details ?open=${at === OURS}><summary>${name}</summary><ol class="steps">${steps.map(
        ([words, drawing]) => html`<li><span>${bold(words())}${drawing ? sketch(drawing) : nothing}</span></li>`,
      )}</ol></details>`,
  )}</div></section>`;
