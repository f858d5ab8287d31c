// Rescue: "Save a copy", and what is said to a walker who wants to go while something is only on the phone.
//
// Promises: a copy is called saved only once the phone was given it; going without having sent takes two steps, the copy
// first, and the second says what it means.

import { html, nothing, toast } from "../dom.js";
import { label, plural, t } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS, alarm, notice, whole } from "../mishaps/first.js";
import * as store from "../store.js";
import { sendNow } from "../sync.js";
import { aboutOf } from "./words.js";
import { factorsOf } from "./why.js";

/** @typedef {store.Unsent["left"]} Left */

let busy = false;

/** The button, wherever something is unsent. */
export const copyButton = () =>
  html`<button type="button" @click=${saveCopy}>${icon("file")}${t("Save a copy")}</button>`;

/** Fetch what makes a copy, before the network may be gone. */
export const prepare = () => void import("../copy.js").catch(() => {});

async function saveCopy() {
  if (busy) return;
  busy = true;
  toast({ icon: "clock", text: t("The copy is being made …") });
  try {
    const walk = (await store.joined())?.walk;
    const { hand, make } = await import("../copy.js");
    const copy = walk && (await make((content) => inWords(content, walk)));
    if (copy) await give(() => hand(copy), copy.file.name, copy.gone);
    else toast({ text: t("There is nothing to copy.") });
  } catch {
    failed();
  } finally {
    busy = false;
  }
}

const failed = () => toast(alarm(MISHAPS.copy()));

async function give(/** @type {() => ReturnType<typeof import("../copy.js").hand>} */ hand, /** @type {string} */ file, /** @type {boolean} */ gone) {
  const how = await hand();
  if (how === "not") toast(notice(MISHAPS.notShared(), { icon: "file", action: again(hand, file, gone) }));
  else if (how === "ask") toast({ icon: "file", text: t("The copy is ready."), action: again(hand, file, gone) });
  else
    toast({
      icon: "check",
      text: how === "shared" ? t("The copy is shared") : t("The copy is saved"),
      detail: [t("Give it to the coordinator: {file}", { file }), gone && whole(MISHAPS.gone()), how === "full" && whole(MISHAPS.unnoted())]
        .filter(Boolean)
        .join(" · "),
    });
}

const again = (/** @type {() => Promise<any>} */ hand, /** @type {string} */ file, /** @type {boolean} */ gone) => ({
  label: t("Share"),
  run: () => give(hand, file, gone).catch(failed),
});

/** A note as somebody reads it who has nothing but the file. */
function inWords(/** @type {import("../protocol.js").ObservationBody} */ content, /** @type {store.Walk} */ walk) {
  const known = factorsOf(walk.taxonomy);
  const place = content.pin ?? content.fix;
  const factors = content.factors.map((key) => {
    const factor = known.get(key);
    return factor ? label(factor) : key;
  });
  const lines = [
    aboutOf(content, walk),
    content.deleted && t("Deleted"),
    factors.join(", "),
    content.note,
    content.suggestion && `${t("Suggestion")}: ${content.suggestion}`,
    place && `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`,
  ];
  return lines.filter(Boolean).join("\n");
}

/**
 * What holds a walker back, and the ways on.
 * @param {Left} left
 * @param {{label: string, run: () => void}} go the second step: go, leaving what is in the copy to the copy
 */
export const heldBack = (left, go) => {
  const { notes, photos, sounds, drafts, track, copied } = left;
  const pictures = photos - sounds;
  const unsent = notes > 0 || photos > 0;
  const only = [
    notes && plural(notes, "{n} note is only on this phone.", "{n} notes are only on this phone."),
    pictures && plural(pictures, "{n} photo is only on this phone.", "{n} photos are only on this phone."),
    sounds && plural(sounds, "{n} recording is only on this phone.", "{n} recordings are only on this phone."),
    track && t("Your way on the map is not sent."),
    drafts && plural(drafts, "{n} draft is not finished.", "{n} drafts are not finished."),
  ];
  return html`<div class="notice" data-tone="wait" id="left">${icon("clock")}<div class="stack tight">
    <p><b>${only.filter(Boolean).join(" ")}</b></p>
    ${unsent ? html`<p>${copied ? t("All of it is in the copy you saved. Once you have left, it is nowhere else: give the copy to the coordinator.") : t("Send it first. If it cannot be sent, save a copy; then you can leave.")}</p>` : nothing}
    ${drafts || track ? html`<p>${t("Finish it or throw it away, then you can leave.")}</p>` : nothing}
    ${unsent || track ? html`<button type="button" @click=${() => sendNow()}>${icon("send")}${t("Send now")}</button>` : nothing}${unsent ? copyButton() : nothing}
    ${unsent && copied && !drafts && !track ? html`<button type="button" @click=${go.run}>${icon("logout")}${go.label}</button>` : nothing}
  </div></div>`;
};
