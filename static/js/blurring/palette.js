// Palette: what one makes on a photo: boxes and strokes, drawn, moved, sized, taken away, undone; none of it is drawn here.
//
// Hides what a press means with each tool, and when a step is over: only then is it kept and said. Promises that every
// change is one step back, also one drawn little by little; and that the screen hears of each.

import * as marking from "./marking.js";

/** @typedef {import("./marking.js").Mark} Mark */
/** @typedef {import("./stage.js").Point} Point */
/** @typedef {"box" | "brush" | "hand"} Tool */
/** @typedef {{box: string, w: number, h: number}} View */

const GRIP_PX = 24; // half of what a finger must hit
const BRUSH_PX = 18; // half its width on the screen
const ONE_MOVE_MS = 1_000; // keys pressed sooner than this are one step

export class Palette {
  /** @type {Tool} */ tool = "box";
  /** The mark in hand, or -1. */ chosen = -1;
  /** What is being drawn: the list before it, how, and the mark as it was. @type {{before: Mark[], how: "new" | "move" | "size" | "stroke", of: Mark | null, r: number} | null} */
  #drawing = null;
  #pressed = { at: -1, when: 0 };

  /** `changed`: something looks different; `done`: a step is over. */
  constructor(/** @type {marking.Size} */ size, /** @type {Mark[]} */ marks, /** @type {{changed: () => void, done: () => void}} */ tell) {
    this.size = size;
    this.now = marking.blank(marks);
    this.tell = tell;
  }

  get marks() {
    return this.now.marks;
  }

  /** A press on the photo: what follows is drawn, or moves the view. `unit`: photo's pixels in one of the screen. */
  press(/** @type {Point} */ at, /** @type {number} */ unit) {
    if (this.tool === "hand") return "pan";
    const before = this.marks;
    const grip = GRIP_PX * unit;
    if (this.tool === "brush") {
      const r = BRUSH_PX * unit;
      this.#drawing = { before, how: "stroke", of: null, r };
      this.#put([...before, { kind: "stroke", r, points: [at] }]);
      this.chosen = before.length;
      return "draw";
    }
    const held = before[this.chosen];
    const corner = held?.kind === "box" && atCorner(held, at, grip);
    if (!corner) this.chosen = this.#under(at, grip);
    const of = before[this.chosen] ?? null;
    this.#drawing = { before, how: corner ? "size" : of ? "move" : "new", of, r: grip };
    this.tell.changed();
    return "draw";
  }

  /** The mark under a finger, the newest first; a small one is as large as a finger. */
  #under(/** @type {Point} */ [x, y], /** @type {number} */ grip) {
    return this.marks.findLastIndex((mark) => {
      if (mark.kind === "stroke") return mark.points.some((one) => Math.hypot(one[0] - x, one[1] - y) <= mark.r);
      const [dx, dy] = [Math.max(mark.w / 2, grip), Math.max(mark.h / 2, grip)];
      return Math.abs(x - mark.x - mark.w / 2) <= dx && Math.abs(y - mark.y - mark.h / 2) <= dy;
    });
  }

  draw(/** @type {Point} */ from, /** @type {Point} */ to) {
    const drawing = this.#drawing;
    if (!drawing) return;
    const { before, how, of } = drawing;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    if (how === "stroke") {
      const stroke = /** @type {marking.Stroke} */ (this.marks[this.chosen]);
      this.#put(marking.changed(this.marks, this.chosen, { ...stroke, points: [...stroke.points, to] }));
    } else if (of) {
      const mark = how === "size" ? marking.sized(of, dx, dy, this.size) : marking.moved(of, dx, dy, this.size);
      this.#put(marking.changed(before, this.chosen, mark));
    } else if (Math.hypot(dx, dy) > drawing.r / 4) {
      this.chosen = before.length;
      this.#put([...before, marking.between(from, to, this.size)]);
    }
  }

  end() {
    const before = this.#drawing?.before;
    this.#drawing = null;
    if (!before || before === this.marks) return;
    this.now = { ...this.now, past: marking.step(this.now, this.marks, before).past };
    this.tell.done();
  }

  cancel() {
    if (this.#drawing) this.#put(this.#drawing.before);
    this.#drawing = null;
    this.chosen = -1;
  }

  #put(/** @type {Mark[]} */ marks) {
    this.now = { ...this.now, marks };
    this.tell.changed();
  }

  add(/** @type {Mark[]} */ fresh) {
    this.#step([...this.marks, ...fresh]);
    if (fresh.length === 1) this.chosen = this.marks.length - 1;
    this.tell.done();
  }

  remove(/** @type {number} */ at) {
    this.now = marking.without(this.now, at);
    this.chosen = -1;
    this.tell.done();
  }

  /** @returns {boolean} whether there was something to take back */
  undo() {
    if (!this.now.past.length) return false;
    this.now = marking.undo(this.now);
    this.chosen = -1;
    this.tell.done();
    return true;
  }

  /** A key moves a mark, or makes it larger and smaller. */
  nudge(/** @type {number} */ at, /** @type {number} */ dx, /** @type {number} */ dy, /** @type {boolean} */ sizes) {
    const mark = (sizes ? marking.sized : marking.moved)(this.marks[at], dx, dy, this.size);
    const marks = marking.changed(this.marks, at, mark);
    const goesOn = this.#pressed.at === at && performance.now() - this.#pressed.when < ONE_MOVE_MS && this.now.past.length > 0;
    if (goesOn) this.now = { ...this.now, marks };
    else this.#step(marks);
    this.#pressed = { at, when: performance.now() };
    this.chosen = at;
    this.tell.done();
  }

  #step(/** @type {Mark[]} */ marks) {
    this.now = marking.step(this.now, marks);
    this.#pressed = { at: -1, when: 0 };
  }
}

/** Whether a finger is at the lower right corner, and so near it that a small box can still be moved by its other half. */
const atCorner = (/** @type {marking.Box} */ { x, y, w, h }, /** @type {Point} */ at, /** @type {number} */ grip) =>
  Math.hypot(at[0] - x - w, at[1] - y - h) <= grip && at[0] > x + w / 2 && at[1] > y + h / 2;
