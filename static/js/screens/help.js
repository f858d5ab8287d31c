// Help: language, appearance, a screen that stays lit, positions, the home screen, one's data, and the way out. Works without a network.
//
// Promises: leaving is refused while something is only on this phone, and says what; with a copy it takes a second step.

import "../../css/help.css";
import * as faces from "../blurring/wanted.js";
import { bar, calmly, html, nothing, render, toast, whisper } from "../dom.js";
import { t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { allowing } from "../installed/allowing.js";
import { CAN, want, wanted } from "../installed/awake.js";
import { chapter } from "../installed/offer.js";
import { MISHAPS } from "../mishaps/beside.js";
import { notice } from "../mishaps/first.js";
import * as store from "../store.js";
import { sendNow } from "../sync.js";
import { choice, choose, nextSunset } from "../theme.js";
import { heldBack, prepare } from "./rescue.js";
import { tongues, unchecked } from "./tongue.js";

/** @returns {Promise<() => void>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const taking = await store.joined();
  /** @type {store.Unsent["left"] | null} */
  let left = null;
  /** @type {faces.Answer} */
  let here = null;
  let fetching = false;
  let lit = await wanted();

  /** Fetch what finds faces, or let it go. */
  async function suggest(/** @type {boolean} */ wish) {
    if (fetching) return;
    fetching = true;
    if (wish) whisper(t("It is being fetched …"));
    draw();
    here = await (wish ? faces.fetchIt() : faces.letGo());
    fetching = false;
    if (wish && here !== true)
      toast(notice(here === "full" ? MISHAPS.facesFull() : MISHAPS.facesCut()));
    else whisper(here === true ? t("It is on the phone") : t("It is no longer on the phone"));
    draw();
  }

  async function leave(withCopy = false) {
    try {
      // Also asks the server once more, before anything is deleted, whether it holds it all.
      if (!withCopy) await sendNow();
      await store.leave({ withCopy });
      location.hash = "#/join";
      toast({ icon: "logout", text: t("You have left the walk"), stay: true });
    } catch (refusal) {
      if (!(refusal instanceof store.Unsent)) throw refusal;
      left = refusal.left;
      prepare();
      draw();
      root.querySelector("#left")?.scrollIntoView({ block: "center" });
    }
  }

  function appear(/** @type {import("../theme.js").Choice} */ wish) {
    choose(wish);
    draw();
  }

  function keepLit(/** @type {Event} */ event) {
    lit = /** @type {HTMLInputElement} */ (event.target).checked;
    want(lit);
  }

  function draw() {
    const sunset = nextSunset();
    render(
      html`${bar({
        title: t("Help"),
        detail: t("Works without a network too"),
        back: { href: taking ? "#/walk" : "#/join", label: t("Back") },
      })}
      <main id="main" class="help">
        <section class="stack" aria-labelledby="settings"><h2 id="settings">${t("Settings")}</h2>
          <div class="field"><label for="tongue">Sprog · Language</label>${tongues()}${unchecked()}</div>
          <div class="field"><span class="label" id="looks">${t("Appearance")}</span>
            <div class="seg" role="group" aria-labelledby="looks">${LOOKS.map(
              ([wish, name, picture]) =>
                html`<button type="button" aria-pressed=${choice() === wish} @click=${() => appear(wish)}>${picture ? icon(picture) : nothing}${name()}</button>`,
            )}</div>
            ${choice() === "red" ? html`<span class="hint">${t("Your eyes stay used to the dark. Tap a photo to see its colours.")}</span>` : nothing}
            ${sunset ? html`<span class="hint">${t("The sun sets at {time}. Then the screen turns dark.", { time: time(sunset) })}</span>` : nothing}</div>
          ${
            CAN
              ? html`<div class="pick"><label><input type="checkbox" .checked=${lit} aria-labelledby="lit" aria-describedby="lit-hint" @change=${keepLit}>
                <span><span id="lit">${t("Keep the screen on while I walk")}</span><small id="lit-hint">${t("Costs battery. Only while the app is in front.")}</small></span></label></div>`
              : nothing
          }
        </section>
        ${import.meta.env.VITE_FACES && here !== null ? suggestions() : nothing}
        ${allowing()}
        ${chapter(draw)}
        <p><a href="/guide/walker" target="_blank">${t("The whole guide, with pictures")}</a><br><span class="small dim">${t("It needs a network.")}</span></p>
        ${taking ? [data(taking.walk), way()] : nothing}
      </main>`,
      root,
    );
  }

  const suggestions = () => html`<section class="stack tight" aria-labelledby="faces"><h2 id="faces">${t("Faces in photos")}</h2>
    <p>${t("You can blur faces and number plates in every photo before it is sent. The phone can suggest the faces.")}</p>
    <p class="small dim">${t("It takes about 10\u00a0MB to fetch and 22\u00a0MB on the phone. Old phones are slow at it. The photo does not leave the phone, and not every face is found.")}</p>
    <div class="row">${
      here === true
        ? html`<span class="state">${icon("check")}${t("It is on the phone")}</span><button type="button" class="quiet link" @click=${() => suggest(false)}>${t("Remove it")}</button>`
        : html`<button type="button" aria-disabled=${fetching} @click=${() => suggest(true)}>${icon("phone")}${fetching ? t("It is being fetched …") : t("Fetch it now (10\u00a0MB)")}</button>`
    }</div></section>`;

  const data = (/** @type {store.Walk} */ walk) =>
    html`<section class="stack tight" aria-labelledby="data"><h2 id="data"><a href="#/data">${t("What you have sent")}</a></h2>${walk.privacy_notice
      .split(/\n+/)
      .map((part) => html`<p class="small" dir="auto">${part}</p>`)}</section>`;

  const way =
    () => html`<section class="stack tight" aria-labelledby="leaving"><h2 id="leaving">${t("Leave the walk")}</h2>
    ${left ? heldBack(left, { label: t("Leave: I have the copy"), run: () => leave(true) }) : html`<p class="small dim">${t("Takes your notes off this phone. What has arrived stays.")}</p>`}
    <div class="row"><button type="button" class="quiet" @click=${() => leave()}>${icon("logout")}${t("Leave the walk")}</button></div></section>`;

  /** What held the walker back may be on its way meanwhile. */
  async function look() {
    if (!left) return;
    const rest = await store.onlyHere();
    left = rest.notes || rest.photos || rest.drafts || rest.track ? rest : null;
    if (!left) whisper(t("All your notes have arrived."));
    draw();
  }

  draw();
  faces.isHere().then((answer) => {
    here = answer;
    draw();
  });
  return store.onChange(calmly(look));
}

const LOOKS = /** @type {const} */ ([
  ["sun", () => t("Follow the sun"), ""],
  ["night", () => t("Dark"), "moon"],
  ["day", () => t("Light"), "sun"],
  ["red", () => t("Dimmed red"), ""],
]);
