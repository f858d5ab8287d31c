// Mishaps of what is fetched beside the shell: speaking, blurring, help. first.js says what they are.

import { t } from "../i18n.js";

export const MISHAPS = /** @satisfies {Record<string, () => import("./first.js").Mishap>} */ ({
  mute: () => [t("The microphone cannot be used."), t("Your words are kept."), t("Write instead, or allow it: Help shows how.")],
  soundFull: () => [t("There was no room for the recording."), t("Your words are kept."), t("Make room on the phone, and try again.")],
  blind: () => [t("This phone cannot show the photo, so it cannot blur it."), t("The photo is as it was."), t("Take it out, or leave it to those who review the notes.")],
  blurFull: () => [t("The photo could not be blurred: the phone is full."), t("The photo is as it was."), t("Make room on the phone, and try again.")],
  unblurred: () => [t("The photo could not be blurred."), t("The photo is as it was."), t("Go back, and try again.")],
  noFaces: () => [t("Faces cannot be looked for now."), t("The photo is as it was."), t("Cover them yourself with a box or the brush.")],
  facesFull: () => [t("There is no room for it on the phone."), t("Your notes stay on the phone."), t("Make room on the phone, and try again.")],
  facesCut: () => [t("It did not come through."), t("You can cover faces yourself without it."), t("Try again where the network is better.")],
});
