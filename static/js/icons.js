// Icons: every picture of the walker's screens as one stroke path, drawn in the manner of lucide (24 px, 2 px stroke).
//
// A category's icon bears the category's key, so a new category without a drawing still gets the dots of "other".
// Icons say nothing to a screen reader: the word beside them does.

import { html, svg } from "lit/html.js";

/** @type {Record<string, string>} */
const DRAWN = {
  lighting: "M9 18h6M10 21h4M8.6 14.5a6.5 6.5 0 1 1 6.8 0c-.5.4-.6.9-.6 1.5v2H9.2v-2c0-.6-.1-1.1-.6-1.5z",
  visibility: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM9 12a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
  upkeep: "M19 3l-7.5 8M8 10l6 5.5c-.5 3-2.5 5-5.5 5.5L3 16c1-2.8 2.5-5 5-6zM6 18.5l2-2",
  paths: "M12 21v-7M12 8V3M5 8h12l3 3-3 3H5zM9 21h6",
  traffic:
    "M4 16v-3l2-5.5A2.2 2.2 0 0 1 8 6h8a2.2 2.2 0 0 1 2 1.5L20 13v3M3 13h18v4H3zM6 18a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M15 18a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
  people: "M4 8h16M4 12h16M6 12v6M18 12v6M6 8V6M18 8V6",
  behaviour: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18.3 6.2a8.2 8.2 0 0 1 0 11.6",
  buildings:
    "M5 21V4.5A1.5 1.5 0 0 1 6.5 3h11A1.5 1.5 0 0 1 19 4.5V21M3 21h18M9 7.5h1M14 7.5h1M9 11.5h1M14 11.5h1M10 21v-4.5h4V21",
  transport:
    "M7 4h10a2.5 2.5 0 0 1 2.5 2.5v8.5a2.5 2.5 0 0 1-2.5 2.5h-10a2.5 2.5 0 0 1-2.5-2.5v-8.5a2.5 2.5 0 0 1 2.5-2.5zM4.5 11.5h15M8 17.5V20M16 17.5V20M8 14.5h.01M16 14.5h.01",
  access: "M9.5 4a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M11 8v6h5l2.5 5.5M11 10.5h4.5M8 11.8a5 5 0 1 0 6.6 6.2",
  emergency: "M12 3c.6 3.5 5.5 5.5 5.5 11a5.5 5.5 0 0 1-11 0c0-2 .8-3.4 2-4.5.3 1.5 1 2.3 2 2.5C10 8.5 10.5 5.5 12 3z",
  community:
    "M4 4.5h10.5A1.5 1.5 0 0 1 16 6v5.5a1.5 1.5 0 0 1-1.5 1.5H9l-3.5 3v-3H4A1.5 1.5 0 0 1 2.5 11.5V6A1.5 1.5 0 0 1 4 4.5zM19 9h1a1.5 1.5 0 0 1 1.5 1.5v5A1.5 1.5 0 0 1 20 17h-1v3l-3.5-3H12",
  other: "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M8 12h.01M12 12h.01M16 12h.01",
  call: "M5 4h3.5l1.5 4.5-2 1.5a12 12 0 0 0 6 6l1.5-2 4.5 1.5V19a1.8 1.8 0 0 1-2 1.8C10.5 20.3 3.7 13.5 3.2 6A1.8 1.8 0 0 1 5 4z",
  check: "M4.5 12.5l5 5 10-11",
  checks: "M2.5 12.5l4.5 4.5 9-10M12 15.5l1.5 1.5 8-9.5",
  list: "M8.5 6H20M8.5 12H20M8.5 18H20M4 6h.01M4 12h.01M4 18h.01",
  locate:
    "M5.5 12a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M10.5 12a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
  lock: "M7 11h10a2 2 0 0 1 2 2v5.5a2 2 0 0 1-2 2h-10a2 2 0 0 1-2-2v-5.5a2 2 0 0 1 2-2zM8 11V7.5a4 4 0 0 1 8 0V11",
  left: "M15 5l-7 7 7 7",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  sun: "M8 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  plus: "M12 5v14M5 12h14",
  x: "M6 6l12 12M18 6L6 18",
  pin: "M12 21s7-6.3 7-11.5a7 7 0 0 0-14 0C5 14.7 12 21 12 21zM9.5 9.5a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  camera:
    "M4.5 7.5H8l1.5-2.5h5L16 7.5h3.5A1.5 1.5 0 0 1 21 9v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18V9a1.5 1.5 0 0 1 1.5-1.5zM8.5 13a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
  image:
    "M6 4h12a2.5 2.5 0 0 1 2.5 2.5v11a2.5 2.5 0 0 1-2.5 2.5h-12a2.5 2.5 0 0 1-2.5-2.5v-11a2.5 2.5 0 0 1 2.5-2.5zM7.3 9.5a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0M4 17.5l5-4.5 3.5 3 3-2.5 5 4",
  pen: "M4 20l1-4.5L16 4.5a2 2 0 0 1 2.8 0l.7.7a2 2 0 0 1 0 2.8L8.5 19zM14 6.5l3.5 3.5",
  phone:
    "M9 2.5h6a2.5 2.5 0 0 1 2.5 2.5v14a2.5 2.5 0 0 1-2.5 2.5h-6a2.5 2.5 0 0 1-2.5-2.5v-14a2.5 2.5 0 0 1 2.5-2.5zM11 18.5h2",
  clock: "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 7v5.3l3.3 2",
  alert: "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 7.5v5M12 16.2h.01",
  refresh: "M20 5v5h-5M4 19v-5h5M19.5 10A8 8 0 0 0 5.8 7M4.5 14a8 8 0 0 0 13.7 3",
  send: "M21 3L10.5 13.5M21 3l-6.5 18-4-7.5L3 9.5z",
  trash: "M4 6.5h16M9 6.5V4h6v2.5M6 6.5l1 14h10l1-14M10 10.5v6M14 10.5v6",
  undo: "M8 4.5L3.5 9 8 13.5M3.5 9H14a6 6 0 0 1 0 12h-3",
  users:
    "M5.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M2.5 20c.4-3.6 3-6 6.5-6s6.1 2.4 6.5 6M16 5a3.3 3.3 0 0 1 0 6M18 14.5c2 .9 3.2 2.8 3.5 5.5",
  file: "M6 3h8l5 5v11.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19.5v-15A1.5 1.5 0 0 1 6 3zM13.5 3v5.5H19M12 11.5v6M9.5 15l2.5 2.5 2.5-2.5",
  minus: "M5 12h14",
  help: "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M9.6 9.3a2.5 2.5 0 1 1 3.5 2.3c-.8.4-1.1.9-1.1 1.8M12 16.5h.01",
  logout: "M14 4H5.5v16H14M10 12h11M17 8l4 4-4 4",
};

/** @type {Record<string, unknown>} */
const SHAPES = {
  unsafe: svg`<path d="M12 3.2 21.8 20.3H2.2z" />`,
  safe: svg`<circle cx="12" cy="12" r="9" />`,
  mixed: svg`<path d="M3 3h18v18H3z" fill="none" /><path d="M3 3v18h18z" stroke="none" />`,
};

const POINTS = /^(left|list|logout|send|undo)$/; // along the line one reads: the other way round where that runs to the left

/** An icon by name; an unknown name gives the three dots. */
export const icon = (/** @type {string} */ name) =>
  html`<svg class="icon" ?data-points=${POINTS.test(name)} viewBox="0 0 24 24" aria-hidden="true"><path d=${DRAWN[name] ?? DRAWN.other} /></svg>`;

/** The shape of a valence: triangle, circle, half-filled square. A note without one gets a pen. */
export const mark = (/** @type {string | null} */ valence) =>
  valence
    ? html`<svg class="mark" data-valence=${valence} viewBox="0 0 24 24" fill="currentColor" stroke="currentColor"
        stroke-width="2.4" stroke-linejoin="round" aria-hidden="true">${SHAPES[valence]}</svg>`
    : icon("pen");

export const logo = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path class="cone" d="M14.5 9.5 6 27h20L17.5 9.5z" /><path class="post" d="M10 6.5h12" stroke-width="3" /><path class="post" d="M4 28h24" stroke-width="2" /></svg>`;
