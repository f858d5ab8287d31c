// Tongues: which language the walker's app speaks, and the words of those that are not in the shell.
//
// Hides where a language lies and how it is kept. Promises: Danish and English are there at once; another one is fetched
// once, then kept by the service worker (which is told of the choice by ready.js); where it cannot be had, the app speaks
// the one of the two that the phone asks for first. A choice is kept only when its words are here.

import { speak } from "./i18n.js";

const KEPT = "language";
const PATIENCE_MS = 3_000; // a first screen waits no longer than this for its words

/** Every language by its own name. @type {Record<string, string>} */
export const NAMES = {
  da: "Dansk",
  en: "English",
  de: "Deutsch",
  pl: "Polski",
  so: "Soomaali",
  tr: "Türkçe",
  uk: "Українська",
  ar: "العربية",
};
let asked = "";

/** The app speaks the language chosen before, else the phone's first of ours, else English; at the latest in 3 seconds. */
export async function start() {
  const wish = (kept() && first([kept()])) || first(navigator.languages) || "en";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  let waited = false;
  const coming = turnTo(wish).then((came) => {
    // It came after all; whoever writes is left in peace, and reads it on the next screen.
    if (came && waited && !location.hash.startsWith("#/note/")) dispatchEvent(new Event("hashchange"));
  });
  await Promise.race([coming, patience]);
  waited = true;
  clearTimeout(timer);
}

/** Speak `wish` from now on, also after the next start. @returns {Promise<boolean>} false: its words cannot be had now */
export async function chooseLanguage(/** @type {string} */ wish) {
  if (!(await turnTo(wish))) return false;
  try {
    localStorage.setItem(KEPT, wish);
  } catch {
    // A private window forgets it; the page still changes now.
  }
  return true;
}

async function turnTo(/** @type {string} */ wish) {
  asked = wish;
  const base = /** @type {import("./i18n.js").Ours} */ ([wish, ...navigator.languages].map(short).find((one) => one === "da" || one === "en") ?? "en");
  if (wish === base) {
    speak(base);
    return true;
  }
  if (!document.documentElement.dir) speak(base); // until its words are here, at the start
  const tongue = await import("./foreign.js").then((foreign) => foreign.tongue(wish)).catch(() => null);
  if (tongue && asked === wish) speak(base, wish, tongue);
  return tongue !== null;
}

const short = (/** @type {string} */ tag) => tag.split("-")[0];

const first = (/** @type {readonly string[]} */ tags) => tags.map(short).find((tag) => tag in NAMES);

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}
