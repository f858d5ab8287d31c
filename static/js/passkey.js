// Passkeys, on the sign-in page and on one's own: asks the browser, hands its answer to the server.
//
// Hides how bytes travel in JSON. Promises: what needs a passkey is shown only where the browser knows them and the page
// stands on the address they are bound to; whoever changes their mind is not told that something failed. Never keeps
// anything: the secret half stays in the device.

const LONGEST_MS = 90_000;

/** @param {string} text */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

/** @param {ArrayBuffer | null | undefined} buffer */
function text(buffer) {
  if (!buffer) return null;
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {string} path
 * @param {object} [content]
 */
async function post(path, content = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const told = await answer.json();
  if (told.type === "/problems/sign-in-again") location.assign(`/sign-in?${new URLSearchParams({ fresh: "yes", next: told.back })}`);
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

/** @param {any} options a challenge as JSON; the browser wants bytes */
function unpacked(options) {
  const known = (/** @type {any[]} */ list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
  };
}

/** @param {PublicKeyCredential} made the browser's answer, as JSON */
function packed(made) {
  const response = /** @type {any} */ (made.response);
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      ...(response.attestationObject
        ? { attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }
        : {
            authenticatorData: text(response.authenticatorData),
            signature: text(response.signature),
            userHandle: text(response.userHandle),
          }),
    },
  };
}

/** @param {HTMLFormElement} form with data-challenge and data-answer: where to ask, and where to bring the answer */
async function go(form) {
  const { challenge = "", answer = "", adding } = form.dataset;
  const publicKey = unpacked(await post(challenge));
  const made = /** @type {PublicKeyCredential | null} */ (
    adding ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey })
  );
  if (!made) return;
  const more = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const { next } = await post(answer, { ...more, answer: packed(made) });
  location.assign(next);
  if (next.startsWith(`${location.pathname}#`)) location.reload();
}

for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-passkey-origin]"))) {
  part.hidden = !window.PublicKeyCredential || part.dataset.passkeyOrigin !== location.origin;
  const other = document.getElementById(part.dataset.instead ?? "");
  if (other) other.hidden = !part.hidden;
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-challenge]"))) {
  const said = /** @type {HTMLElement} */ (form.querySelector("[role=alert]"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    said.hidden = true;
    button.disabled = true;
    try {
      await go(form);
    } catch (problem) {
      const { name, message } = /** @type {Error} */ (problem);
      // NotAllowedError: the person has said no, or waited too long. InvalidStateError: this device has one already.
      const sentence = { NotAllowedError: form.dataset.left, InvalidStateError: form.dataset.known }[name];
      said.textContent = sentence ?? (name === "Error" ? message : form.dataset.failed) ?? "";
      said.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
