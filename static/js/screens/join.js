// Join: the code, and what becomes of what one writes. No account; role and name are the walker's choice.
//
// Promises: what was typed stays in its field whatever the answer; a lost answer is asked for again with the same id and
// secret, so nobody joins twice. The walk of before is left only for another one that took us in, and only when all of
// its notes have arrived, or are in a copy and the walker says so.

import { ask, notOurs, Trouble } from "../api.js";
import { bold, calmly, html, nothing, render, soft } from "../dom.js";
import { language, stamp, t } from "../i18n.js";
import { icon, logo } from "../icons.js";
import { newSecret, uuid7 } from "../ids.js";
import { MISHAPS, whole } from "../mishaps/first.js";
import { LIMITS, ROLES } from "../protocol.js";
import { persist } from "../ready.js";
import * as store from "../store.js";
import { heldBack, prepare } from "./rescue.js";
import { tongues, unchecked } from "./tongue.js";

const LENGTH = 8;

/** Eight characters of Crockford's base32, as the server reads them: O is 0, I and L are 1. */
export const plain = (/** @type {string} */ typed) =>
  typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");

/** K7QF-2MXD, once it is whole; what was typed until then. */
function shown(/** @type {string} */ typed) {
  const code = plain(typed);
  return code.length === LENGTH ? `${code.slice(0, 4)}-${code.slice(4)}` : typed;
}

/** @returns {Promise<() => void>} */
export async function mount(/** @type {HTMLElement} */ root) {
  const before = await store.joined();
  const invited = new URLSearchParams(location.search).get("walk");
  const typed = { code: shown(invited ?? ""), role: before?.role ?? "resident", name: before?.name ?? "" };
  let problem = "";
  let busy = false;
  /** @type {store.Unsent["left"] | null} what the walk before has only here */
  let left = null;

  const field = () => /** @type {HTMLInputElement} */ (root.querySelector("#code"));

  function refuse(/** @type {string} */ sentence) {
    problem = sentence;
    busy = false;
    draw();
    field().focus();
  }

  function holdBack() {
    busy = false;
    prepare();
    draw();
    root.querySelector("#left")?.scrollIntoView({ block: "center" });
  }

  /** What held the walker back may be on its way meanwhile. */
  async function look() {
    if (!left) return;
    left = heldBy(await store.onlyHere());
    draw();
  }

  function submit(/** @type {Event} */ event) {
    event.preventDefault();
    join();
  }

  async function join(withCopy = false) {
    if (busy) return;
    const code = plain(typed.code);
    if (!code) return refuse(t("Type the code from the invitation."));
    if (code.length !== LENGTH) return refuse(t("The code has 8 characters. You have typed {n}.", { n: code.length }));
    left = before && before.code !== code ? heldBy(await store.onlyHere()) : null;
    if (left && !(withCopy && left.copied)) return holdBack();
    busy = true;
    problem = "";
    draw();
    try {
      await store.join(await takePart(code, typed, before), { withCopy });
      persist();
      history.replaceState(null, "", location.pathname);
      location.hash = "#/walk";
    } catch (failure) {
      if (failure instanceof store.Unsent) {
        left = failure.left;
        return holdBack();
      }
      refuse(failure instanceof Trouble ? sentenceOf(failure) : whole(MISHAPS.joinFull()));
    }
  }

  function draw() {
    render(
      html`<header class="bar"><span class="brand name">${logo}<span>${soft(t("Safety walk"))}</span></span>${tongues()}</header>
      <main id="main"><form id="join" class="stack loose" novalidate @submit=${submit}>
        <div class="stack tight"><h1 tabindex="-1">${t("Join the walk")}</h1>
          <p class="dim">${t("You do not have to sign up. The code is on the invitation.")}</p></div>
        <div class="field"><label for="code">${t("Code")}</label>
          <input class="code" id="code" .value=${typed.code} autocomplete="off" autocapitalize="characters" spellcheck="false"
            enterkeyhint="go" aria-invalid=${Boolean(problem)} aria-describedby=${problem ? "problem" : nothing}
            @input=${type} @blur=${() => write(shown(typed.code))}>
          ${problem ? html`<p class="error" id="problem" role="alert">${problem}</p>` : nothing}</div>
        ${left ? fromBefore(left) : nothing}
        <section class="stack tight" aria-labelledby="after"><h2 id="after"><a href="/privacy?lang=${language()}">${t("What becomes of what you write")}</a></h2>
          <ul class="checks">${PROMISES.map(([picture, words]) => html`<li>${icon(picture)}<span>${bold(words())}</span></li>`)}</ul></section>
        <div class="stack">
          <div class="field"><label for="role">${t("I walk as")}</label>
            <select id="role" .value=${typed.role} @change=${(/** @type {any} */ event) => (typed.role = event.target.value)}>${ROLES.map(
              (role) => html`<option value=${role} ?selected=${role === typed.role}>${ROLE_NAMES[role]()}</option>`,
            )}</select></div>
          <div class="field"><label for="name">${t("Name")} <span class="dim">${t("(optional)")}</span></label>
            <input id="name" autocomplete="name" maxlength=${LIMITS.name} .value=${typed.name} aria-describedby="name-hint"
              @input=${(/** @type {any} */ event) => (typed.name = event.target.value)}>
            <span class="hint" id="name-hint">${t("Only for the coordinator, in case of a question.")}</span></div>
        </div>
        ${unchecked()}
        <p class="small"><a href="#/help">${t("Help and settings")}</a></p>
      </form></main>
      <footer class="dock"><button class="primary wide" type="submit" form="join">${busy ? t("Asking …") : t("Join")}</button></footer>`,
      root,
    );
  }

  /** Writes the code as on the invitation as soon as it is whole, without moving under somebody's fingers. */
  function type(/** @type {Event} */ event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const atEnd = input.selectionStart === input.value.length;
    problem = "";
    write(atEnd ? shown(input.value) : input.value);
  }

  function write(/** @type {string} */ code) {
    typed.code = code;
    draw();
  }

  const fromBefore = (/** @type {store.Unsent["left"]} */ held) => html`<div class="stack tight" role="alert">
    <p>${t("This phone still has something from the walk before.")}</p>
    ${heldBack(held, { label: t("Join: I have the copy"), run: () => join(true) })}
    <p class="small"><a href="#/notes">${t("See the notes of the walk before")}</a></p></div>`;

  draw();
  return store.onChange(calmly(look));
}

const heldBy = (/** @type {store.Unsent["left"]} */ left) => (left.notes || left.photos || left.drafts || left.track ? left : null);

/**
 * Asks the server to take us in. The id and the secret are kept before the first try, so that a repeat is the same phone.
 * @param {string} code
 * @param {{role: import("../protocol.js").Role, name: string}} typed
 * @param {store.Joined | null} before
 * @returns {Promise<store.Joined>}
 */
async function takePart(code, { role, name }, before) {
  const kept = before?.code === code ? before : await store.setting("joining");
  const key = kept?.code === code ? kept : { code, participant_id: uuid7(), secret: newSecret() };
  const { participant_id, secret } = key;
  await store.setSetting("joining", { code, participant_id, secret });
  const told = { role, name: name.trim() || null, team: (before?.code === code && before.team) || null, language: language() };
  const { body } = await ask("PUT", `/participants/${participant_id}`, { json: { code, secret, ...told } });
  if (body.participant_id !== participant_id || !body.walk?.id) throw notOurs();
  return { participant_id, secret, code, walk: body.walk, ...told, joined_at: stamp(), etag: null };
}

/** What the server says is in Danish or English; of a code mistyped, which happens to many, the phone says it in its own language. */
const sentenceOf = (/** @type {Trouble} */ { code, detail }) => {
  if (code === "no-network") return whole(MISHAPS.joinOffline());
  if (code === "not-ours") return whole(MISHAPS.joinStranger());
  return code === "walk-not-found" ? whole(MISHAPS.joinWrong()) : detail;
};

/** @type {[string, () => string][]} */
const PROMISES = [
  [
    "users",
    () =>
      t("The others on the walk see your notes *without a name*. Only you and the coordinator see the sensitive ones."),
  ],
  ["lock", () => t("Nothing becomes public before *two people* have read it.")],
  [
    "file",
    () =>
      t(
        "Anyone may ask for *access to the files* (aktindsigt), and what you write may become public. Write about places, not about people.",
      ),
  ],
  ["undo", () => t("You can *correct and delete* what you have written.")],
];
const ROLE_NAMES = {
  resident: () => t("Resident"),
  council: () => t("Local council of associations"),
  municipality: () => t("Municipality"),
  police: () => t("Police"),
  rescue: () => t("Fire and rescue"),
  housing: () => t("Housing association"),
  business: () => t("Business"),
  association: () => t("Association"),
  school: () => t("School"),
  other: () => t("Other"),
};
