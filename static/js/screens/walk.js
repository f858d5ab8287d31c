// Walk: what this walk is, whether the phone is ready for it, the stops, and the way to a new note.
//
// Promises: "Ready to go offline" stands here only when everything needed offline is on this phone; until then it says
// what is missing. The position is looked for once, to find the stop one is at, and then left alone (battery).

import { bar, bold, calmly, html, nothing, render, toNotes } from "../dom.js";
import { date, distanceText, number, plural, t, time } from "../i18n.js";
import { icon } from "../icons.js";
import { MISHAPS, whole } from "../mishaps/first.js";
import { watch } from "../place.js";
import { check } from "../ready.js";
import * as store from "../store.js";
import { placed } from "../theme.js";
import { stops } from "./route.js";
import { says } from "./words.js";

/**
 * @typedef {import("../protocol.js").Walk} Walk
 * @typedef {import("../place.js").Position} Position
 * @typedef {Awaited<ReturnType<typeof check>>} Kit
 */
const LOOK_MS = 20_000;
const GOOD_M = 25; // good enough to tell the stops apart: it is looked no longer
const POLL_MS = 2_000; // how often an unready phone is asked again
const BLURRED_M = 100; // beyond this no stop can be told from the next
const MANY = 500; // more photos than anybody takes on a walk

/** @returns {Promise<string | (() => void)>} */
export async function mount(/** @type {HTMLElement} */ root) {
  let [taking, sum, draft] = await held();
  if (!taking) return "#/join";
  let { walk } = taking;
  let gone = false;
  /** @type {Kit | null} */
  let kit = null;
  /** @type {Position | null} */
  let position = null;
  /** The stop that was tapped. */
  let tapped = "";
  /** @type {() => void} */
  let rest = () => {};

  async function refresh() {
    [taking, sum, draft] = await held(() => !gone);
    walk = taking?.walk ?? walk;
    if (!gone) draw();
  }

  async function look() {
    kit = await check();
    if (gone) return;
    draw();
    if (kit.position && !position) measure();
  }

  function measure() {
    rest();
    const timer = setTimeout(() => rest(), LOOK_MS);
    const stop = watch((now) => {
      position = now;
      if ((now.fix?.accuracy_m ?? BLURRED_M) < GOOD_M) rest();
      draw();
    });
    rest = () => {
      clearTimeout(timer);
      stop();
    };
  }

  function draw() {
    const { waiting } = sum;
    const state = stateOf(walk, waiting);
    const kitPanel = kit ? ready(kit, position, measure) : html`<div class="panel ready"></div>`;
    const unready = kit && !isReady(kit); // then this comes first
    render(
      html`${bar({ title: walk.title, detail: when(walk) })}
      <main id="main">
        ${state ? html`<div class="notice" data-tone=${waiting || walk.paused ? "wait" : nothing}>${icon("clock")}<div>${state}</div></div>` : nothing}
        ${walk.report_url ? html`<a class="button" href=${walk.report_url}>${t("What came of it")}</a>` : nothing}
        ${draft && says(draft) ? unfinished() : nothing}
        ${unready ? kitPanel : nothing}
        ${walk.stops.length ? route() : nothing}
        <div class="notice">${icon("moon")}<div>${bold(t("*Stop before you write.* Write about the place, also when it is good."))}</div></div>
        <a class="button" href="#/map">${icon("pin")}${t("Map")}</a>
        ${walk.sharing === false ? nothing : html`<a class="button" href="#/others">${icon("users")}${t("What the others write")}</a>`}
        ${unready ? nothing : kitPanel}
        ${walk.contacts ? html`<p class="small dim"><bdi>${walk.contacts}</bdi></p>` : nothing}
      </main>
      <nav class="dock" aria-label=${t("The walk")}>
        <a class="button over" href="#/help">${icon("help")}${t("Help")}</a>
        <a class="button lamp" href="#/note/new">${icon("plus")}${t("New note")}</a>
        ${toNotes(waiting)}
      </nav>`,
      root,
    );
  }

  const route = () =>
    stops({
      walk,
      team: taking?.team ?? null,
      notes: sum.stops,
      fix: position?.fix ?? null,
      tapped,
      tap: (id) => {
        tapped = id;
        draw();
        root.querySelector("#next")?.scrollIntoView({ block: "center" });
      },
    });

  placed(walk.stops);
  draw();
  look();
  const unsubscribe = store.onChange(calmly(refresh));
  const again = setInterval(() => kit && !(isReady(kit) && (kit.basemap || !walk.basemap)) && look(), POLL_MS);
  navigator.serviceWorker?.ready.then(look);
  return () => {
    gone = true;
    clearInterval(again);
    unsubscribe();
    rest();
  };
}

/** What the phone holds. */
const held = (wanted = () => true) => Promise.all([store.joined(), store.tally(wanted), store.draft(null)]);

/** "this evening at 19.00", "26 November 2026 at 19.00" */
function when(/** @type {Walk} */ walk) {
  if (!walk.starts_at) return walk.meeting_point;
  const start = new Date(walk.starts_at);
  const clock = { time: time(start) };
  if (start.toDateString() !== new Date().toDateString()) return t("{date} at {time}", { date: date(start), ...clock });
  return start.getHours() >= 17 ? t("this evening at {time}", clock) : t("today at {time}", clock);
}

/** What the walk's state means for somebody who wants to write; null while it is simply open. */
function stateOf(/** @type {Walk} */ { state, paused }, /** @type {number} */ waiting) {
  if (waiting && (state === "closed" || state === "published"))
    return bold(
      plural(
        waiting,
        "*The walk is over.* {n} note has not been sent yet: keep the app open until it says Sent.",
        "*The walk is over.* {n} notes have not been sent yet: keep the app open until it says Sent.",
      ),
    );
  if (paused) return bold(t("*The walk is having a break.* What you write is kept and sent."));
  if (state === "planned") return bold(t("*The walk has not begun.* You may write already."));
  if (state === "closed") return bold(t("*The walk is closed.* What you write on this phone is still received."));
  if (state === "published") return bold(t("*The walk is over, and its report is out.* Thank you for walking."));
  if (state === "archived") return bold(t("*The walk has been filed away.* Nothing more is received."));
  return null;
}

const unfinished = () => html`<section class="panel" aria-labelledby="unfinished">
  <h2 id="unfinished">${t("You have begun something")}</h2>
  <a class="button" href="#/note/new">${icon("pen")}${t("Go on writing")}</a>
</section>`;

/** @returns {[boolean | null, string][]} what must be on the phone, as [is it, words] */
const needed = (/** @type {Kit} */ kit) => [
  [
    kit.shell === true,
    kit.shell
      ? t("The app is on the phone")
      : kit.shell === null
        ? whole(MISHAPS.noWorker())
        : t("The app is still being fetched"),
  ],
  [
    kit.walk && kit.taxonomy,
    kit.walk && kit.taxonomy
      ? t("Walk, stops and topics are on the phone")
      : t("Walk and topics are still being fetched"),
  ],
  [kit.basemap, kit.map],
];

const isReady = (/** @type {Kit} */ kit) => needed(kit).every(([there]) => there !== false);

/** @returns {[boolean | null, string][]} what is good to have */
function useful(/** @type {Kit} */ kit, /** @type {Position | null} */ position) {
  const room = kit.quota_photos;
  return [
    [
      position?.fix ? (position.fix.accuracy_m ?? 0) <= BLURRED_M : position?.state === "denied" ? false : kit.position,
      positionWords(kit, position),
    ],
    [room === null ? null : room > 0, room ? roomWords(room) : whole(MISHAPS.noRoom())],
    [
      kit.persisted,
      kit.persisted
        ? t("The phone keeps your notes")
        : t(
            "The phone may tidy up by itself, and a private window forgets all. Send as soon as there is a network.",
          ),
    ],
  ];
}

const roomWords = (/** @type {number} */ room) =>
  room > MANY
    ? t("Room for more than {n} photos", { n: number(MANY) })
    : t("Room for about {n} photos", { n: number(room) });

function positionWords(/** @type {Kit} */ kit, /** @type {Position | null} */ position) {
  const metres = position?.fix?.accuracy_m;
  if (metres) {
    const values = { metres: distanceText(Math.ceil(metres)) };
    return metres > BLURRED_M
      ? t("Your position is uncertain (± {metres})", values)
      : t("Your position works (± {metres})", values);
  }
  if (position?.state === "denied" || kit.position === false)
    return whole(MISHAPS.unallowed());
  return kit.position || position?.fix ? t("Your position works") : t("Your position has not been tried");
}

const SIGN = { true: "check", false: "alert", null: "minus" };

function ready(/** @type {Kit} */ kit, /** @type {Position | null} */ position, /** @type {() => void} */ measure) {
  const must = needed(kit).filter(([, words]) => words);
  const all = isReady(kit);
  const line = (/** @type {[boolean | null, string]} */ [there, words]) =>
    html`<li data-ok=${there}>${icon(SIGN[/** @type {"true" | "false" | "null"} */ (String(there))])}<span>${words}</span></li>`;
  const untried = kit.position === null && !position;
  return html`<section class="panel ready" aria-labelledby="ready">
    <h2 id="ready" class="row" data-ok=${all}>${icon(all ? "check" : "clock")}${all ? t("Ready to go offline") : t("Not ready yet")}</h2>
    <ul class="checks">${must.map(line)}${useful(kit, position).map(line)}</ul>
    ${untried ? html`<button type="button" @click=${measure}>${icon("locate")}${t("Try the position")}</button>` : nothing}
  </section>`;
}
