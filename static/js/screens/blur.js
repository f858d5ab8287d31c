// Blur: faces and number plates of one photo made unrecognisable before it leaves the phone.
//
// Promises: nothing is changed until "Blur"; then the photo is another one, and the one as taken is gone from this phone, in
// one step. What was marked is still there after the app was closed. While this is open, nothing of the photo is sent
// (sitting.js). Faces may be suggested, never without saying that some may be missed. All of it works by keys.

import "../../css/blur.css";
import * as covering from "../blurring/covering.js";
import { fresh, whereabouts } from "../blurring/marking.js";
import { Palette } from "../blurring/palette.js";
import { keepMarks, marksOn, replace } from "../blurring/replacing.js";
import { Stage } from "../blurring/stage.js";
import { isHere } from "../blurring/wanted.js";
import { bar, html, render, toast, whisper } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS } from "../mishaps/beside.js";
import { alarm, notice } from "../mishaps/first.js";
import { Full, photoBytes } from "../store.js";
import { sit } from "./sitting.js";
import { picture, tools } from "../blurring/parts.js";

/** @typedef {import("../blurring/marking.js").Mark} Mark */

const PLATE = { w: 0.24, ratio: 110 / 520 }; // of what is shown; a Danish plate is 520 × 110 mm
const BOX = 0.16;
const ARROWS = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
const NEVER_ALL = () => t("Look for yourself: it does not find everything.");

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root, /** @type {string | null} */ noteId, /** @type {string} */ photoId) {
  const back = `#/note/${noteId ?? "new"}`;
  const sitting = await sit(noteId);
  const info = sitting?.photos.find(({ id }) => id === photoId);
  const bytes = info && (await photoBytes(photoId));
  if (!sitting || !bytes) {
    sitting?.leave();
    return back;
  }
  const canvas = await covering.opened(bytes);
  if (!canvas) {
    toast(notice(MISHAPS.blind(), { stay: true }));
    sitting.leave();
    return back;
  }
  const photo = canvas;
  const url = URL.createObjectURL(new Blob([bytes.buffer], { type: bytes.type }));
  const sent = info.state !== "kept";
  /** @type {typeof import("../blurring/suggesting.js") | null} */
  let suggesting = null;
  let looking = false;
  let gone = false;
  /** The colour of each mark as it will be. @type {WeakMap<Mark, string>} */
  const colours = new WeakMap();
  const palette = new Palette(photo, await marksOn(photoId), { changed: draw, done });
  const svg = () => /** @type {SVGSVGElement | null} */ (root.querySelector(".photo svg"));
  const stage = new Stage(photo, {
    press: (at) => palette.press(at, stage.unit(svg())),
    draw: (from, to) => palette.draw(from, to),
    end: () => palette.end(),
    cancel: () => palette.cancel(),
    look: () => draw(),
  });
  let keeping = Promise.resolve();
  let takeBack = () => {};

  /** A step is over: it is kept, and said. */
  function done() {
    const { marks } = palette;
    takeBack();
    keeping = keeping.then(() => (gone ? undefined : keepMarks(photoId, marks))).catch(() => {});
    draw();
  }

  function nameOf(/** @type {Mark} */ mark, /** @type {number} */ at) {
    const n = at + 1;
    if (mark.kind === "stroke") return t("Stroke {n}", { n });
    return mark.found ? t("Face, suggested {n}", { n }) : t("Box {n}", { n });
  }

  const told = (/** @type {number} */ at) =>
    `${nameOf(palette.marks[at], at)}: ${t("{left} % from the left, {top} % from the top", whereabouts(palette.marks[at], photo))}`;

  function shade(/** @type {Mark} */ mark) {
    const known = colours.get(mark) ?? covering.colour(photo, mark);
    colours.set(mark, known);
    return known;
  }

  function add(/** @type {number} */ share, /** @type {number} */ ratio, /** @type {string} */ said) {
    const [x, y] = stage.middle;
    const w = stage.view.w * share;
    palette.add([{ kind: "box", x: x - w / 2, y: y - (w * ratio) / 2, w, h: w * ratio }]);
    focusOn(palette.chosen);
    whisper(said);
  }

  function focusOn(/** @type {number} */ at) {
    /** @type {SVGElement | null} */ (root.querySelector(`[data-mark="${at}"]`))?.focus();
  }

  function remove(/** @type {number} */ at) {
    const name = nameOf(palette.marks[at], at);
    palette.remove(at);
    whisper(t("{what} is taken away", { what: name }));
    const left = palette.marks.length;
    if (left) focusOn(Math.min(at, left - 1));
    else /** @type {HTMLElement | null} */ (root.querySelector("#add"))?.focus();
  }

  function undo() {
    whisper(palette.undo() ? t("Taken back") : t("There is nothing to take back."));
  }

  async function find() {
    if (looking || !import.meta.env.VITE_FACES) return;
    looking = true;
    draw();
    whisper(t("Looking for faces …"));
    suggesting = await import("../blurring/suggesting.js").catch(() => null);
    const found = (await suggesting?.suggest(photo)) ?? null;
    looking = false;
    if (gone) return suggesting?.stop();
    if (!found) {
      toast(notice(MISHAPS.noFaces()));
      return draw();
    }
    const more = fresh(found, palette.marks, photo);
    if (more.length) palette.add(more);
    const text = more.length ? plural(more.length, "{n} face is suggested.", "{n} faces are suggested.") : t("No more faces were found.");
    takeBack = toast({ icon: "check", text, detail: NEVER_ALL() });
    draw();
  }

  function press(/** @type {KeyboardEvent} */ event, at = -1) {
    const { key, shiftKey } = event;
    const arrow = ARROWS[key];
    const pace = Math.max(1, Math.round(stage.view.w / 100));
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "+" || key === "=") stage.zoom(1.5);
    else if (key === "-") stage.zoom(1 / 1.5);
    else if (arrow && at >= 0) palette.nudge(at, arrow[0] * pace, arrow[1] * pace, shiftKey);
    else if (arrow) stage.pan(arrow[0] * 8 * pace, arrow[1] * 8 * pace);
    else if (at >= 0 && (key === "Delete" || key === "Backspace")) remove(at);
    else return;
    if (arrow && at >= 0) whisper(told(at));
    event.preventDefault();
    event.stopPropagation();
  }

  async function use() {
    const { marks } = palette;
    if (!marks.length) {
      takeBack = toast({ icon: "alert", text: t("Nothing is covered yet."), detail: t("Draw a box over a face or a number plate.") });
      return;
    }
    try {
      await keeping;
      gone = true;
      covering.cover(photo, marks);
      await replace(photoId, await covering.written(photo));
      toast({
        icon: "check",
        text: plural(marks.length, "{n} place is blurred.", "{n} places are blurred."),
        detail: sent ? t("The blurred photo takes the place of the one that was sent.") : t("The photo as it was taken is deleted from the phone."),
        stay: true,
      });
      location.hash = back;
    } catch (failure) {
      gone = false;
      const full = failure instanceof Full;
      toast(alarm(full ? MISHAPS.blurFull() : MISHAPS.unblurred()));
      if (!full) location.hash = back;
    }
  }

  function draw() {
    if (gone) return;
    const count = palette.marks.length;
    render(
      html`${bar({ title: t("Blur"), detail: t("Faces and number plates"), back: { href: back, label: t("Back to the note. The photo is not changed.") } })}
      <main id="main" @keydown=${press}>
        <p class="hidden" id="keys">${t("The arrow keys move what is chosen, with Shift they make it larger or smaller. Delete takes it away. Plus and minus zoom.")}</p>
        ${picture({ stage, palette, url, unit: stage.unit(svg()), shade, nameOf, press })}
        ${tools({
          palette,
          choose: (tool) => {
            palette.tool = tool;
            draw();
          },
          zoom: (by) => stage.zoom(by),
          addBox: () => add(BOX, 1.25, t("A box in the middle")),
          addPlate: () => add(PLATE.w, PLATE.ratio, t("A box the shape of a number plate, in the middle")),
          find: import.meta.env.VITE_FACES ? find : null,
          looking,
          nameOf,
          remove,
        })}
        <p class="small">${sent ? t("This photo has been sent already. The blurred one takes its place, and the one that was sent is erased as soon as the blurred one has arrived.") : t("The photo as it was taken is deleted from the phone. It cannot be brought back.")}</p>
      </main>
      <footer class="dock"><button type="button" class="over" @click=${undo}>${icon("undo")}${t("Undo")}</button>
        <button type="button" class="lamp" @click=${use}>${icon("check")}${count ? plural(count, "Blur {n} place", "Blur {n} places") : t("Blur")}</button></footer>`,
      root,
    );
  }

  draw();
  if (import.meta.env.VITE_FACES && !palette.marks.length) 
    isHere().then((here) => {
      if (here === true && !gone) find();
    });
  requestAnimationFrame(draw); // now the photo has a size on the screen
  return () => {
    gone = true;
    URL.revokeObjectURL(url);
    suggesting?.stop();
    sitting.leave();
  };
}
