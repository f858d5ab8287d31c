// Turns from one page of ours to the next without leaving it: what is typed meanwhile stays, and so does the full screen.
//
// Hides fetching and putting the new <main> in place of the old. Promises that nothing on the page changes unless the server
// answered with a page of the same kind; whatever else happens is told to the caller, and the form stands as it stood.

import { pageOf } from "./markup.js";

const PATIENCE_MS = 20_000;

/** @typedef {"turned" | "offline" | "signed-out" | "refused"} Outcome */

/**
 * Ask for `address`, or send it `form`, and show the page that comes back.
 * @param {string} address
 * @param {FormData} [form]
 * @returns {Promise<{outcome: Outcome, ok: boolean}>} ok: the server did what was asked
 */
export async function turn(address, form) {
  let answer, text;
  try {
    const sent = form ? { method: "POST", body: form } : {};
    answer = await fetch(address, {
      ...sent,
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await answer.text();
  } catch {
    return { outcome: "offline", ok: false };
  }
  const page = pageOf(text);
  const main = page.getElementById("main");
  if (answer.status === 401 || new URL(answer.url).pathname.startsWith("/sign-in"))
    return { outcome: "signed-out", ok: false };
  if (!main || page.body.className !== document.body.className) return { outcome: "refused", ok: false };
  document.getElementById("main")?.replaceWith(document.adoptNode(main));
  document.title = page.title;
  if (answer.redirected || !form) history.replaceState(null, "", answer.url);
  return { outcome: "turned", ok: answer.ok };
}

/** The form that a submit event sends, with the button that was pressed. */
export function formOf(/** @type {SubmitEvent} */ event) {
  return new FormData(/** @type {HTMLFormElement} */ (event.target), event.submitter);
}

/** Whether a click should be left to the browser: another tab, another window, a download. */
export const isPlain = (/** @type {MouseEvent} */ event) =>
  event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
