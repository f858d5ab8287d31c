// Shots: the photos of a note being written: two file inputs that stand in the page, small pictures, out and back again.
//
// Promises: a photo that cannot be kept never takes the words with it, and says so; a photo taken out is only listed as
// such until the note is saved, so that Undo brings back the same one. One photo is prepared at a time (memory).

import { NotAPhoto, prepare } from "../camera.js";
import { html, nothing, toast, whisper } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS, alarm, notice } from "../mishaps/first.js";
import { addDraftPhoto, photoBytes } from "../store.js";

/** @typedef {import("../store.js").PhotoInfo} PhotoInfo */

/** Shows a photo that is on this phone in an <img>, or the plain icon where this phone cannot draw it (HEIC). */
export const thumb = (/** @type {PhotoInfo | undefined} */ photo) =>
  photo ? html`<span class="thumb" tabindex="-1" data-photo=${photo.id}>${icon(photo.seconds ? "behaviour" : "image")}</span>` : nothing;

/** Fills in the pictures under `root` that are still empty. Call after each render. */
export function fillThumbs(/** @type {HTMLElement} */ root) {
  for (const frame of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-photo]"))) {
    const id = frame.dataset.photo ?? "";
    if (frame.dataset.shown === id) continue;
    frame.dataset.shown = id;
    frame.querySelector("img")?.remove();
    photoBytes(id).then((kept) => {
      if (!kept) return;
      const image = new Image();
      image.alt = "";
      // The address goes with its only reader, not with the screen: a picture still loading then would not be found.
      const done = () => URL.revokeObjectURL(image.src);
      image.onerror = done;
      image.onload = () => {
        done();
        if (frame.dataset.photo === id) frame.append(image);
      };
      image.src = URL.createObjectURL(new Blob([kept.buffer], { type: kept.type }));
    });
  }
}

/**
 * Prepares the chosen files one by one and keeps each in the draft.
 * `room`: how many more fit now; `limit`: how many a note holds; `bytes`: the largest file taken as it is.
 * @param {File[]} files
 * @param {{draftKey: string, room: () => number, limit: number, bytes: number, kept: (photo: PhotoInfo) => void}} parts
 */
export async function addPhotos(files, { draftKey, room, limit, bytes, kept }) {
  const taken = files.slice(0, Math.max(0, room()));
  let added = 0;
  /** @type {import("../mishaps/first.js").Mishap | undefined} */
  let lost;
  for (const file of taken) {
    try {
      kept(await addDraftPhoto(draftKey, await prepare(file, bytes)));
      added += 1;
    } catch (failure) {
      lost = why(failure);
    }
  }
  if (added) whisper(plural(added, "{n} photo added", "{n} photos added"));
  if (lost) toast(alarm(lost));
  else if (files.length > taken.length) toast(notice(MISHAPS.photos(limit)));
}

function why(/** @type {unknown} */ failure) {
  if (!(failure instanceof NotAPhoto)) return MISHAPS.photoFull();
  return failure.reason === "too-large" ? MISHAPS.photoLarge() : MISHAPS.noPhoto();
}

/**
 * @param {{photos: PhotoInfo[], limit: number, busy: boolean, describe?: (photo: PhotoInfo) => unknown,
 *          pick: () => void, blur: (photo: PhotoInfo) => void, remove: (photo: PhotoInfo) => void}} parts
 */
export const shots = ({
  photos,
  limit,
  busy,
  describe,
  pick,
  blur,
  remove,
}) => html`<section class="stack tight" aria-labelledby="shots">
  <h2 id="shots">${t("Photos")} <span class="dim">${t("{n} of {limit}", { n: photos.length, limit })}</span></h2>
  ${
    photos.length
      ? html`<ul class="shots">${photos.map(
          (
            photo,
            at,
          ) => html`<li>${thumb(photo)}<span><b>${t("Photo {n}", { n: at + 1 })}</b>${describe?.(photo) ?? nothing}</span><div>${[
            [t("Blur"), blur],
            [t("Take out"), remove],
          ].map(
            (/** @type {any} */ [name, act]) => html`<button
            type="button" class="quiet link" @click=${() => act(photo)}>${name}<span class="hidden"> ${t("no. {n}", { n: at + 1 })}</span></button>`,
          )}</div></li>`,
        )}</ul>`
      : nothing
  }
  ${busy ? html`<p class="small dim">${t("Making the photo smaller …")}</p>` : nothing}
  ${
    photos.length < limit
      ? html`<div class="row"><button type="button" @click=${pick}>${icon("image")}${t("Choose from the phone")}</button></div>
        <p class="small dim">${t("Show the place. Blur faces and number plates.")}</p>`
      : nothing
  }
</section>`;
