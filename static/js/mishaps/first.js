// Mishaps: what can go wrong on the phone, each with what happened, what is safe and what to do. These can happen to anybody
// at any time, so they are in the shell, and are told without a network; beside.js and later.js have those of what is fetched
// later, map.js the map's.
//
// Promises: whatever the phone says of a mishap is one of these, whole. What the server refuses comes with its own three
// sentences (app/problems.py).

import { plural, t } from "../i18n.js";

/** @typedef {[happened: string, safe: string, act: string]} Mishap */

/** In one breath. */
export const whole = (/** @type {Mishap} */ mishap) => mishap.join(" ");

/** Something did not go as it should. @returns {import("../dom.js").Toast} */
export const notice = (/** @type {Mishap} */ [text, safe, act], more = {}) => ({ icon: "alert", text, detail: `${safe} ${act}`, ...more });

/** What was meant to be kept, or sent, was not. */
export const alarm = (/** @type {Mishap} */ mishap, more = {}) => notice(mishap, { tone: "fail", ...more });

export const MISHAPS = /** @satisfies {Record<string, (n: number) => Mishap>} */ ({
  // A note
  full: () => [t("It could not be saved: the phone is full."), t("Your words are still here."), t("Make room on the phone, and try again.")],
  unsaved: () => [t("It could not be saved."), t("Your words are still here."), t("Press again; if that does not help, close the app and open it.")],
  draft: () => [t("The draft could not be kept: the phone is full."), t("Your words are still here."), t("Make room on the phone, and press Save.")],
  fullUndone: () => [t("It could not be done: the phone is full."), t("Nothing was changed."), t("Make room on the phone, and try again.")],
  undone: () => [t("It could not be done."), t("Nothing was changed."), t("Press again; if that does not help, close the app and open it.")],
  long: (n) => [plural(n, "The text is {n} character too long.", "The text is {n} characters too long."), t("All of it is in the draft."), t("Shorten it, or write the rest in a new note.")],
  reasons: (n) => [plural(n, "{n} reason is the most.", "{n} reasons are the most."), t("Those you have chosen stay."), t("Take one of them away first.")],
  // Where it is
  denied: () => [t("The phone says no to positions."), t("The note is kept all the same."), t("Choose a stop, or write without a place.")],
  unallowed: () => [t("The phone says no to positions."), t("Notes do without."), t("Choose stops on a list, or allow it: Help shows how.")],
  nowhere: () => [t("No position here."), t("The note is kept all the same."), t("Choose a stop, or write without a place.")],
  // Its photos
  photoFull: () => [t("There was no room for the photo."), t("Your words are kept."), t("Make room on the phone, and try again.")],
  photoLarge: () => [t("The photo is too large to send."), t("Your words are kept."), t("Choose a smaller photo, or take it again.")],
  noPhoto: () => [t("That file is not a photo."), t("Your words are kept."), t("Choose another photo.")],
  photos: (n) => [plural(n, "There is room for {n} photo in a note.", "There is room for {n} photos in a note."), t("The first ones are in it."), t("Put the rest into a new note.")],
  handedLost: () => [t("Not all photos came along."), t("They are still where you shared them from."), t("Choose them from the phone instead: press Choose from the phone in the note.")],
  gone: () => [t("A photo or a recording is no longer on the phone."), t("Your words are kept."), t("Take it out of the note, or make it again.")],
  unreadable: () => [t("It arrived, but could not be read."), t("Your words are kept."), t("Make it again, if you can.")],
  // The network
  offline: () => [t("There is no network right now."), t("Your notes stay on the phone."), t("They go by themselves as soon as they can.")],
  cut: () => [t("The connection broke off."), t("Your notes stay on the phone."), t("They go by themselves as soon as they can.")],
  silent: () => [t("The server does not answer right now."), t("Your notes stay on the phone."), t("They go by themselves as soon as they can.")],
  stranger: () => [t("The network wants something of you first."), t("Your notes stay on the phone."), t("Perhaps you have to sign in to it. Then they go by themselves.")],
  unnoted: () => [t("The phone is full, and cannot note what has gone off."), t("Your notes are still here."), t("Make room on the phone, and try again.")],
  // Joining, and going
  joinOffline: () => [t("There is no network right now."), t("The code stays here."), t("Press again when there is one.")],
  joinStranger: () => [t("The network wants something of you first."), t("The code stays here."), t("Perhaps you have to sign in to it. Then press again.")],
  joinWrong: () => [t("No walk has this code."), t("The code stays here."), t("See whether all 8 characters are right, or ask for the code once more.")],
  joinFull: () => [t("The phone could not keep the walk."), t("The code stays here."), t("Make room on the phone, and try again.")],
  copy: () => [t("The copy could not be made."), t("Your notes are still here."), t("Make room on the phone, and try again.")],
  notShared: () => [t("The copy was not shared."), t("Your notes are still here."), t("Press Share, and choose who gets it.")],
  // The phone
  forgetful: () => [t("This browser keeps nothing on the phone."), t("Nothing is lost."), t("Perhaps this is a private window, or keeping things is turned off. Open the link in an ordinary window, or in another browser.")],
  illegible: () => [t("The phone could not read its notes."), t("Nothing is deleted."), t("Close the app and open it again.")],
  noWorker: () => [t("This browser cannot keep the app."), t("It works while there is a network."), t("Open it in another one.")],
  noRoom: () => [t("No room for photos."), t("Words take next to none."), t("Make room on the phone before you take some.")],
  noMap: () => [t("The map is not here yet."), t("Notes do not need it."), t("It is fetched as soon as there is a network.")],
});
