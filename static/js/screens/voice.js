// Voice: <tryg-voice>, with which a walker says what would take long to write in the rain.
//
// Promises: the microphone is asked for at the press of the button and let go of when it stops; what was said is in the store every
// few seconds, so that a phone which dies in the middle has the beginning; Save in the middle stops first, and so does throwing away. A recording is kept, sent
// and taken out as photos are (store.js), and is one by its `seconds`. Nothing of it is ever given to a service that listens.

import "../../css/voice.css";
import { write } from "../database.js";
import { html, nothing, render, toast, whisper } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { sha256, uuid7 } from "../ids.js";
import { MISHAPS } from "../mishaps/beside.js";
import { alarm, whole } from "../mishaps/first.js";
import { RECORDINGS, SECONDS } from "../protocol.js";
import { photoBytes } from "../store.js";

/** @typedef {import("../store.js").PhotoInfo} PhotoInfo */

const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const BITS = 32_000; // a second: speech in Opus, and a minute of it is 240 KB
const PIECE_MS = 1000;
const KEPT_EVERY = 3; // pieces
const MICROPHONE = html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M9 21h6" /></svg>`;

/**
 * A recording of a draft in the store, whole as it is so far; not where its note was saved meanwhile, or its beginning (`more`) was
 * thrown away. Whether it was kept.
 */
const keep = (/** @type {PhotoInfo & {draft_key: string}} */ sound, /** @type {ArrayBuffer} */ buffer, /** @type {boolean} */ more) =>
  write(
    ["photos", "bytes"],
    async (tx) => {
      const before = await tx.objectStore("photos").get(sound.id);
      if (before ? before.draft_key !== sound.draft_key : more) return false;
      await tx.objectStore("bytes").put(buffer, sound.id);
      await tx.objectStore("photos").put(sound);
      return true;
    },
    "photo",
  );

/** Lets go of the microphone. */
function silence(/** @type {MediaStream} */ stream) {
  for (const track of stream.getTracks()) track.stop();
}

class Voice extends HTMLElement {
  /** @type {MediaRecorder | null} */ #recorder = null;
  /** @type {Map<string, string>} */ #addresses = new Map();
  #since = 0;
  #denied = false;
  #over = Promise.resolve();

  connectedCallback() {
    this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
    for (const address of this.#addresses.values()) URL.revokeObjectURL(address);
    this.#addresses.clear();
  }

  /** Given from outside, perhaps before this class was here: a field of it would forget that. */
  get #sitting() {
    return /** @type {{sitting?: import("./sitting.js").Sitting}} */ (/** @type {unknown} */ (this)).sitting;
  }

  get #sounds() {
    return this.#sitting?.photos.filter(({ seconds }) => seconds) ?? [];
  }

  #draw() {
    const kind = globalThis.MediaRecorder && KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    if (!kind || !navigator.mediaDevices) return;
    const sounds = this.#sounds;
    const seconds = Math.min(SECONDS, Math.round((Date.now() - this.#since) / 1000));
    render(
      html`<section class="stack tight" aria-labelledby="voice"><h2 id="voice">${t("Speak")}</h2>
      ${this.#recorder ? nothing : sounds.map((sound, at) => this.#heard(sound, at))}
      ${this.#denied ? html`<div class="notice" data-tone="wait">${icon("alert")}<div>${whole(MISHAPS.mute())}</div></div>` : nothing}
      ${
        this.#recorder
          ? html`<div class="speaking"><button type="button" class="primary" @click=${() => this.#stop()}>${icon("check")}${t("Stop recording")}</button>
          <span role="timer">${t("{n} of {limit} seconds", { n: seconds, limit: SECONDS })}</span><progress max=${SECONDS} value=${seconds} aria-hidden="true"></progress></div>`
          : sounds.length < RECORDINGS
            ? html`<div class="row"><button type="button" @click=${() => this.#begin(kind)}>${MICROPHONE}${t("Speak instead of writing")}</button></div>
          <p class="small dim">${t("Only the coordinators hear it. They write down what you say.")} ${t("The phone's keyboard may write what you say too: press its microphone.")}</p>`
            : nothing
      }</section>`,
      this,
    );
  }

  #heard(/** @type {PhotoInfo} */ sound, /** @type {number} */ at) {
    if (!this.#addresses.has(sound.id)) {
      this.#addresses.set(sound.id, "");
      photoBytes(sound.id).then((kept) => {
        if (!kept || !this.isConnected) return;
        this.#addresses.set(sound.id, URL.createObjectURL(new Blob([kept.buffer], { type: kept.type })));
        this.#draw();
      });
    }
    return html`<div class="spoken"><audio controls preload="metadata" aria-label=${t("Recording {n}", { n: at + 1 })} src=${this.#addresses.get(sound.id) || nothing}></audio>
      <button type="button" class="quiet link" @click=${() => this.#takeOut(sound)}>${t("Take out")}<span class="hidden"> ${t("no. {n}", { n: at + 1 })}</span></button></div>`;
  }

  #takeOut(/** @type {PhotoInfo} */ sound) {
    const sitting = this.#sitting;
    if (!sitting) return;
    sitting.unfold({ removed: [...sitting.draft.removed, sound.id] });
    this.#draw();
    const run = () => {
      sitting.unfold({ removed: sitting.draft.removed.filter((one) => one !== sound.id) });
      this.#draw();
    };
    toast({ icon: "behaviour", text: t("The recording is taken out"), action: { label: t("Undo"), run } });
  }

  async #begin(/** @type {string} */ kind) {
    /** @type {MediaStream | undefined} */
    let stream;
    let recorder;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: BITS });
    } catch {
      if (stream) silence(stream);
      this.#denied = true;
      return this.#draw();
    }
    this.#denied = false;
    if (!this.isConnected) return silence(stream);
    this.#since = Date.now();
    this.#recorder = recorder;
    this.#over = this.#record(this.#recorder, stream);
    this.#recorder.start(PIECE_MS);
    document.addEventListener("click", this.#first, true);
    this.#draw();
  }

  /** Until it is over: each piece as it comes, and now and then all of them in the store. */
  #record(/** @type {MediaRecorder} */ recorder, /** @type {MediaStream} */ stream) {
    /** @type {Blob[]} */
    const pieces = [];
    const id = uuid7();
    const type = recorder.mimeType.split(";")[0];
    let keeping = Promise.resolve();
    let begun = false;
    const keepOn = async () => {
      await this.#keep(id, type, new Blob(pieces, { type }), begun);
      begun = true;
    };
    const kept = () => {
      keeping = keeping.then(keepOn).catch(() => this.#full());
      return keeping;
    };
    return new Promise((/** @type {(over: void) => void} */ over) => {
      recorder.addEventListener("dataavailable", ({ data }) => {
        if (data.size) pieces.push(data);
        if (pieces.length % KEPT_EVERY === 1 && recorder.state === "recording") kept();
        if (Date.now() - this.#since >= SECONDS * 1000) this.#stop();
        if (this.#recorder) this.#draw();
      });
      recorder.addEventListener("stop", async () => {
        silence(stream);
        document.removeEventListener("click", this.#first, true);
        if (pieces.length) await kept();
        this.#recorder = null;
        over();
        if (!this.isConnected) return;
        this.#draw();
        whisper(t("{n} of {limit} seconds", { n: Math.round((Date.now() - this.#since) / 1000), limit: SECONDS }));
      });
    });
  }

  async #keep(/** @type {string} */ id, /** @type {string} */ type, /** @type {Blob} */ blob, /** @type {boolean} */ more) {
    const sitting = this.#sitting;
    if (!sitting) return;
    const buffer = await blob.arrayBuffer();
    const seconds = Math.min(SECONDS, Math.max(1, (Date.now() - this.#since) / 1000));
    const facts = { type, bytes: blob.size, sha256: await sha256(buffer), seconds: Math.round(seconds * 10) / 10 };
    const sound = /** @type {PhotoInfo} */ ({ id, note_id: null, state: "kept", problem: null, ...facts });
    if (await keep({ ...sound, draft_key: sitting.draft.key }, buffer, more)) sitting.add(sound);
  }

  #full() {
    this.#stop();
    toast(alarm(MISHAPS.soundFull()));
  }

  #stop() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    return this.#over;
  }

  /** What would save the note, or throw it away, waits until what was said is in it. */
  #first = (/** @type {MouseEvent} */ event) => {
    const button = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest(".save .lamp, .away")) : null;
    if (!button) return;
    event.stopPropagation();
    this.#stop().then(() => button.click());
  };
}

customElements.define("tryg-voice", Voice);
