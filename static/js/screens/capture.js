// Capture: a note in three taps, or as much more as the walker wants to say; also the correcting of one's own note.
//
// Promises: Save is never grey and says what is missing; "Saved on the phone" is said only after the store has it.
// Neither place, photo nor network can keep words from being saved. What is kept, and when, is sitting.js.

import { bar, buzz, html, nothing, render, toast, tried, whisper } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS, alarm, notice } from "../mishaps/first.js";
import { watch } from "../place.js";
import { persist } from "../ready.js";
import { deleteNote, Full } from "../store.js";
import { question, scale, textField } from "./fields.js";
import { addPhotos, fillThumbs, shots } from "./shots.js";
import { sit } from "./sitting.js";
import { spot } from "./spot.js";
import { factorsOf, sensitive, why } from "./why.js";
import { photoState, stateLine } from "./words.js";

/** @typedef {import("./sitting.js").Sitting} Sitting */

const TAP_MS = 700; // Safari remembers a tap for one second
const TICK_MS = 2_000; // how often it is asked whether a position still counts

/** @returns {Promise<string | (() => void)>} where to go instead, or how to leave */
export async function mount(/** @type {HTMLElement} */ root, /** @type {string | null} */ noteId) {
  const found = await sit(noteId);
  if (!found) return "#/notes";
  /** @type {Sitting} */
  const sitting = found;
  const { walk, note, limits } = sitting;
  const known = factorsOf(walk.taxonomy);
  const home = note ? "#/notes" : "#/walk";
  let position = /** @type {import("../place.js").Position} */ ({ state: "asking", fix: null, heading: null });
  let choosing = false;
  let lacking = false;

  const at = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (root.querySelector(selector));

  function draw() {
    if (lacking && !sitting.empty) toast(null);
    lacking &&= sitting.empty;
    const asking = sitting.untouched && !sitting.making.left;
    root.classList.toggle("ask", asking);
    render(
      html`${bar({
        title: note ? t("Your note") : t("New note"),
        detail: t("The draft is kept all the time"),
        back: { href: home, label: t("Close"), icon: "x" },
      })}
      <main id="main">
        ${note ? stateLine(note) : nothing}
        ${place()}
        ${feels(asking)}
        ${asking ? nothing : [reasons(), text("note"), html`<tryg-voice .sitting=${sitting}></tryg-voice>`, pictures(), feeling(), text("suggestion"), away()]}
        <input type="file" id="camera" accept="image/*" capture="environment" hidden @change=${taken}>
        <input type="file" id="library" accept="image/*" multiple hidden @change=${taken}>
      </main>
      <footer class="dock save">
        <button class="over" type="button" @click=${() => pick("#camera")}>${icon("camera")}${t("Photo")}</button>
        <button class="over" type="button" @click=${write}>${icon("pen")}${t("Write")}</button>
        <button class="lamp" type="button" @click=${save}>${icon("check")}${t("Save")}</button>
      </footer>`,
      root,
    );
    fillThumbs(root);
  }

  /** To a screen that finds the draft in the store. */
  const goTo = async (/** @type {string} */ rest) => {
    if (await sitting.stored()) location.hash += rest;
  };

  const place = () =>
    spot({
      choice: sitting.draft.choice,
      fix: sitting.draft.measured,
      stops: walk.stops,
      state: note ? "past" : position.state,
      open: choosing,
      offer: !sitting.untouched,
      unfold: () => {
        choosing = !choosing;
        draw();
      },
      choose: (choice) => {
        sitting.put(choice);
        look();
      },
      move: () => goTo("/place"),
    });

  const feels = (/** @type {boolean} */ asking) =>
    question(sitting.content.valence, asking, (valence) => sitting.say({ valence }));

  const reasons = () => {
    const { factors } = sitting.content;
    return html`${why({
      taxonomy: walk.taxonomy,
      chosen: factors,
      open: sitting.draft.open,
      unfold: (open) => sitting.unfold({ open }),
      toggle: (key, on) => {
        const fits = sitting.toggle(key, on);
        if (!fits) toast(notice(MISHAPS.reasons(limits.factors)));
        return fits;
      },
    })}${factors.some((key) => known.get(key)?.sensitive) ? sensitive() : nothing}`;
  };

  const text = (/** @type {"note" | "suggestion"} */ name) =>
    textField(name, sitting.content[name], limits[name], (value) => sitting.say({ [name]: value }));

  const photos = () => sitting.now.photos.filter(({ seconds }) => !seconds);

  const pictures = () =>
    shots({
      photos: photos(),
      limit: limits.photos,
      busy: sitting.making.left > 0,
      describe: note ? photoState : undefined,
      pick: () => pick("#library"),
      blur: ({ id }) => goTo(`/blur/${id}`),
      remove: (photo) => {
        const { removed } = sitting.draft;
        sitting.unfold({ removed: [...removed, photo.id] });
        const run = () => sitting.unfold({ removed: sitting.draft.removed.filter((one) => one !== photo.id) });
        toast({ icon: "image", text: t("The photo is taken out"), action: { label: t("Undo"), run } });
      },
    });

  const feeling = () =>
    scale(sitting.content.feeling, (value) =>
      sitting.say({ feeling: sitting.content.feeling === value ? null : value }),
    );

  const away = () =>
    note
      ? html`<div class="notice">${icon("trash")}<div><p>${t("A deleted note disappears for the others too.")}</p>
          <button class="danger away" type="button" @click=${discard}>${icon("trash")}${t("Delete")}</button></div></div>`
      : html`<div class="row"><button class="quiet link away" type="button" @click=${discard}>${icon("trash")}${t("Throw the draft away")}</button></div>`;

  function write() {
    sitting.unfold({ writing: true });
    at("#note")?.focus();
    at("#note")?.scrollIntoView({ block: "center" });
  }

  async function pick(/** @type {string} */ input) {
    // Opening the camera may kill the tab: what there is so far is in the store first. A browser opens it only while it
    // remembers the tap, so a slow store is not waited for longer than that.
    await Promise.race([sitting.keep(), new Promise((resolve) => setTimeout(resolve, TAP_MS))]);
    at(input)?.click();
  }

  function taken(/** @type {Event} */ event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const files = [...(input.files ?? [])];
    input.value = "";
    if (!files.length) return;
    const keepers = {
      draftKey: sitting.draft.key,
      room: () => limits.photos - photos().length,
      limit: limits.photos,
      bytes: limits.photo_bytes,
      kept: (/** @type {import("../store.js").PhotoInfo} */ photo) => sitting.add(photo),
    };
    sitting.make(() => addPhotos(files, keepers)).then(() => at("#shots")?.scrollIntoView({ block: "center" }));
  }

  /** Says what keeps it from being saved, and goes there. */
  function lacks(/** @type {string} */ selector, /** @type {import("../dom.js").Toast} */ words) {
    toast(words);
    lacking = sitting.empty;
    at(selector)?.focus();
  }

  async function save() {
    await sitting.done();
    for (const name of /** @type {const} */ (["note", "suggestion"])) {
      const over = sitting.over(name);
      if (over > 0) return lacks(`#${name}`, notice(MISHAPS.long(over)));
    }
    if (sitting.empty)
      return lacks("[name=valence]", {
        icon: "alert",
        text: t("There is nothing to save yet."),
        detail: t("Choose how the place feels, write a word or take a photo."),
      });
    try {
      const kept = await sitting.save();
      if (!kept) return;
      persist();
      buzz(60);
      location.hash = home;
      const undo = note ? undefined : { label: t("Undo"), run: () => deleteNote(kept.id) };
      toast({
        icon: "phone",
        text: t("Saved on the phone"),
        detail: t("Goes off when there is a network."),
        action: undo,
        stay: true,
      });
    } catch (failure) {
      buzz([60, 90, 60]);
      toast(alarm(failure instanceof Full ? MISHAPS.full() : MISHAPS.unsaved()));
    }
  }

  async function discard() {
    const undo = await tried(() => sitting.discard());
    if (!undo) return;
    location.hash = home;
    const back = async () => {
      await undo();
      if (!note) location.hash = "#/note/new";
    };
    toast({
      icon: "trash",
      text: note ? t("Deleted") : t("The draft is thrown away"),
      action: { label: t("Undo"), run: back },
      stay: true,
    });
  }

  sitting.onChange = draw;
  sitting.onTrouble = () => toast(alarm(MISHAPS.draft()));
  let rest = () => {};
  /** Looks for the place, until what is found is no longer where the note was begun: then the battery is left alone. */
  function look() {
    rest();
    if (!sitting.located(null)) return;
    const stop = watch((now) => {
      if (now.state !== position.state && now.state === "fix") whisper(t("Position found"));
      position = now;
      sitting.located(now.fix);
      draw();
    });
    const timer = setInterval(() => {
      if (sitting.located(null)) return;
      rest();
      if (!sitting.draft.measured && position.state !== "denied") position = { ...position, state: "unavailable" };
      draw();
    }, TICK_MS);
    rest = () => {
      clearInterval(timer);
      stop();
    };
  }
  look();
  draw();
  import("./beside.js").then(({ heed }) => heed(root), () => {}); // words that may name somebody
  return () => {
    rest();
    root.classList.remove("ask");
    sitting.leave();
  };
}
