// Wanted: whether this phone keeps what looks for faces, fetched and let go on the walker's word.
//
// Asks the service worker, which keeps the files (sw.js). Where there is none, faces are looked for while there is a network.

/** @typedef {boolean | "full" | null} Answer   whether all of it is on the phone; "full": no room; null: nobody to ask */

const LOOK_MS = 5_000;
const FETCH_MS = 900_000;

/** @returns {Promise<Answer>} */
export const isHere = () => asked("faces?", LOOK_MS);
/** @returns {Promise<Answer>} */
export const fetchIt = () => asked("faces", FETCH_MS);
/** @returns {Promise<Answer>} */
export const letGo = () => asked("no-faces", LOOK_MS);

async function asked(/** @type {string} */ wish, /** @type {number} */ patience) {
  const active = (await navigator.serviceWorker?.getRegistration("/app/").catch(() => undefined))?.active;
  if (!active) return null;
  const { port1, port2 } = new MessageChannel();
  return /** @type {Promise<Answer>} */ (
    new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data.faces);
      setTimeout(resolve, patience, null);
      active.postMessage(wish, [port2]);
    })
  );
}
