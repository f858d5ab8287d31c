// Parts: how the screen that blurs a photo looks: the photo with its marks, and the tools beneath it.
//
// Know nothing of the store: they show a palette and tell what was pressed. No inline styles (the CSP forbids them): what
// moves is SVG, placed by its own attributes.

import { svg } from "lit/html.js";
import { html, nothing } from "../dom.js";
import { plural, t } from "../i18n.js";
import { icon } from "../icons.js";

/** @typedef {import("./marking.js").Mark} Mark */
/** @typedef {import("./palette.js").Palette} Palette */
/** @typedef {import("./palette.js").Tool} Tool */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {(mark: Mark, at: number) => string} Named */

const GRIP_PX = 12;
const RIM_PX = 4;
const HAND = "M8 11.5V5.8a1.6 1.6 0 0 1 3.2 0V11M11.2 10.5V4.3a1.6 1.6 0 0 1 3.2 0v6.2M14.4 11V6a1.6 1.6 0 0 1 3.2 0v8.5c0 4-2.4 6.5-6 6.5-3 0-4.6-1.5-6-4l-2.3-4.2c-.9-1.7 1.3-2.9 2.5-1.5L8 13.5";
const DRAWN = /** @type {Record<Tool, () => unknown>} */ ({
  box: () => drawn("M5 6h14v12H5z"),
  brush: () => icon("pen"),
  hand: () => drawn(HAND),
});
const drawn = (/** @type {string} */ path) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;

/** @type {[Tool, () => string][]} */
const TOOLS = [
  ["box", () => t("Box")],
  ["brush", () => t("Brush")],
  ["hand", () => t("Move")],
];

/** A stroke's points; a dot goes a hair's breadth, or nothing is drawn. */
const line = (/** @type {import("./marking.js").Stroke} */ { points }) =>
  [...points, ...(points.length === 1 ? [[points[0][0] + 0.01, points[0][1]]] : [])].flat().join(" ");

/**
 * The photo and what is marked on it.
 * @param {{stage: Stage, palette: Palette, url: string, unit: number, shade: (mark: Mark) => string, nameOf: Named,
 *   press: (event: KeyboardEvent, at: number) => void}} parts
 */
export function picture({ stage, palette, url, unit, shade, nameOf, press }) {
  const { width, height } = stage.size;
  const { marks, chosen } = palette;
  const one = (/** @type {Mark} */ mark, /** @type {number} */ at) => {
    const focused = (/** @type {FocusEvent} */ event) => {
      if (!(/** @type {Element} */ (event.target).matches(":focus-visible")) || palette.chosen === at) return;
      palette.chosen = at;
      palette.tell.changed();
    };
    const shape =
      mark.kind === "box"
        ? svg`<rect x=${mark.x} y=${mark.y} width=${mark.w} height=${mark.h} fill=${shade(mark)} /><rect class="rim" x=${mark.x} y=${mark.y} width=${mark.w} height=${mark.h} />`
        : svg`<polyline class="halo" points=${line(mark)} stroke-width=${2 * mark.r + RIM_PX * unit} /><polyline points=${line(mark)} stroke=${shade(mark)} stroke-width=${2 * mark.r} />`;
    return svg`<g class="mark" data-mark=${at} ?data-chosen=${at === chosen} ?data-found=${mark.kind === "box" && Boolean(mark.found)} tabindex="0" role="button"
      aria-pressed=${at === chosen} aria-label=${nameOf(mark, at)} aria-describedby="keys" @focus=${focused}
      @keydown=${(/** @type {KeyboardEvent} */ event) => press(event, at)}>${shape}</g>`;
  };
  const held = marks[chosen];
  return html`<div class="photo">
    <svg viewBox=${stage.box} role="group" tabindex="0" aria-describedby="keys"
      aria-label=${marks.length ? plural(marks.length, "The photo, {n} place covered", "The photo, {n} places covered") : t("The photo, nothing covered yet")}
      data-tool=${palette.tool} @pointerdown=${(/** @type {PointerEvent} */ event) => stage.down(event)}
      @pointermove=${(/** @type {PointerEvent} */ event) => stage.move(event)} @pointerup=${(/** @type {PointerEvent} */ event) => stage.up(event)}
      @pointercancel=${(/** @type {PointerEvent} */ event) => stage.up(event)} @wheel=${(/** @type {WheelEvent} */ event) => stage.wheel(event)}>
      <image href=${url} width=${width} height=${height} />
      ${marks.map(one)}
      ${held?.kind === "box" ? svg`<circle class="grip" cx=${held.x + held.w} cy=${held.y + held.h} r=${GRIP_PX * unit} />` : nothing}
    </svg>
  </div>`;
}

/**
 * What one covers with, and what is covered.
 * @param {{palette: Palette, choose: (tool: Tool) => void, zoom: (by: number) => void, addBox: () => void, addPlate: () => void, find: (() => void) | null,
 *   looking: boolean, nameOf: Named, remove: (at: number) => void}} parts
 */
export const tools = ({ palette, choose, zoom, addBox, addPlate, find, looking, nameOf, remove }) => html`
  <div class="tool"><div class="seg" role="group" aria-label=${t("What a finger does")}>${TOOLS.map(
    ([tool, name]) =>
      html`<button type="button" aria-pressed=${palette.tool === tool} @click=${() => choose(tool)}>${DRAWN[tool]()}${name()}</button>`,
  )}</div>
    <button type="button" class="square" aria-label=${t("Zoom in")} @click=${() => zoom(1.6)}>${icon("plus")}</button>
    <button type="button" class="square" aria-label=${t("Zoom out")} @click=${() => zoom(1 / 1.6)}>${icon("minus")}</button></div>
  <div class="row">
    <button type="button" id="add" @click=${addBox}>${icon("plus")}${t("Face")}</button>
    <button type="button" @click=${addPlate}>${icon("plus")}${t("Number plate")}</button>
    ${find ? html`<button type="button" @click=${find} aria-disabled=${looking}>${icon("users")}${looking ? t("Looking …") : t("Suggest faces")}</button>` : nothing}
  </div>
  ${find ? html`<p class="small dim">${t("Suggestions are made on the phone. The first time, about 10\u00a0MB are fetched. Look for yourself: it does not find everything.")}</p>` : nothing}
  ${
    palette.marks.length
      ? html`<section class="stack tight" aria-labelledby="covered"><h2 id="covered">${t("Covered")}</h2>
        <ul class="covered">${palette.marks.map(
          (mark, at) => html`<li ?data-chosen=${at === palette.chosen}><span>${nameOf(mark, at)}</span><button type="button" class="quiet link"
            @click=${() => remove(at)}>${t("Take away")}<span class="hidden"> ${nameOf(mark, at)}</span></button></li>`,
        )}</ul></section>`
      : nothing
  }`;
