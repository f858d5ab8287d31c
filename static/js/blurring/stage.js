// Stage: the photo on the screen, near or far, and what fingers, mouse and pen do on it.
//
// Hides pointers, pinching and the view. Tells where on the photo something was pressed, drawn and let go, in the photo's
// pixels; knows no marks. Two fingers always move and zoom, whatever one finger does.

/** @typedef {import("./marking.js").Size} Size */
/** @typedef {[number, number]} Point */
/** @typedef {{x: number, y: number, w: number, h: number}} View   the part of the photo that is shown */
/** @typedef {{press: (at: Point) => "draw" | "pan", draw: (from: Point, to: Point) => void, end: () => void, cancel: () => void, look: () => void}} Hand */

const NEAREST = 10;

export class Stage {
  /** @type {Map<number, Point>} */ #fingers = new Map();
  /** @type {"draw" | "pan" | "pinch" | null} */ #doing = null;
  /** @type {Point} */ #from = [0, 0];

  constructor(/** @type {Size} */ size, /** @type {Hand} */ hand) {
    this.size = size;
    this.hand = hand;
    /** @type {View} */
    this.view = { x: 0, y: 0, w: size.width, h: size.height };
  }

  get box() {
    const { x, y, w, h } = this.view;
    return `${x} ${y} ${w} ${h}`;
  }

  /** Pixels of the photo in one of the screen. */
  unit(/** @type {Element | null} */ svg) {
    const { width, height } = svg?.getBoundingClientRect() ?? { width: 0, height: 0 };
    return width && height ? Math.max(this.view.w / width, this.view.h / height) : 1;
  }

  zoom(/** @type {number} */ by, /** @type {Point} */ [x, y] = this.middle) {
    const { width, height } = this.size;
    const w = Math.min(width, Math.max(width / NEAREST, this.view.w / by));
    const scale = w / this.view.w;
    this.#show({ x: x - (x - this.view.x) * scale, y: y - (y - this.view.y) * scale, w, h: (w * height) / width });
  }

  /** @returns {Point} */
  get middle() {
    return [this.view.x + this.view.w / 2, this.view.y + this.view.h / 2];
  }

  pan(/** @type {number} */ dx, /** @type {number} */ dy) {
    this.#show({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  #show(/** @type {View} */ view) {
    const { width, height } = this.size;
    const within = (/** @type {number} */ at, /** @type {number} */ most) => Math.min(Math.max(0, at), Math.max(0, most));
    this.view = { ...view, x: within(view.x, width - view.w), y: within(view.y, height - view.h) };
    this.hand.look();
  }

  /** @returns {Point} where on the photo it happened */
  #at(/** @type {PointerEvent} */ event) {
    const svg = /** @type {SVGSVGElement} */ (event.currentTarget);
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
    return [x, y];
  }

  down(/** @type {PointerEvent} */ event) {
    if (event.button) return;
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#fingers.size === 2) {
      if (this.#doing === "draw") this.hand.cancel();
      this.#doing = "pinch";
    } else if (this.#fingers.size === 1) {
      this.#from = this.#at(event);
      this.#doing = this.hand.press(this.#from);
    }
  }

  move(/** @type {PointerEvent} */ event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    if (this.#doing === "pinch") return this.#pinch(event, before);
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const to = this.#at(event);
    if (this.#doing === "draw") this.hand.draw(this.#from, to);
    else if (this.#doing === "pan") this.pan(this.#from[0] - to[0], this.#from[1] - to[1]);
  }

  #pinch(/** @type {PointerEvent} */ event, /** @type {Point} */ before) {
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const apart = (/** @type {Point} */ one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
    const now = /** @type {Point} */ ([event.clientX, event.clientY]);
    const unit = this.unit(/** @type {Element} */ (event.currentTarget));
    this.#fingers.set(event.pointerId, now);
    this.view = { ...this.view, x: this.view.x - ((now[0] - before[0]) * unit) / 2, y: this.view.y - ((now[1] - before[1]) * unit) / 2 };
    this.zoom(apart(now) / Math.max(1, apart(before)), this.#at(event));
  }

  up(/** @type {PointerEvent} */ event) {
    if (!this.#fingers.delete(event.pointerId)) return;
    if (this.#fingers.size) return;
    if (this.#doing === "draw") event.type === "pointercancel" ? this.hand.cancel() : this.hand.end();
    this.#doing = null;
  }

  wheel(/** @type {WheelEvent} */ event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.#at(/** @type {any} */ (event)));
  }
}
