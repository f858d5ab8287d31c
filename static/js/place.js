// Place: the best position of the last seconds, only while somebody needs it.
//
// Hides the Geolocation API and its moods. Promises: one watch for however many ask, none while the page is hidden or
// nobody asks (battery); a bad fix is given with its metres, never held back; no fix is an answer, never an error.
// Never sends a position anywhere: it leaves the phone only as part of a saved note.

import { stamp } from "./i18n.js";

/** @typedef {import("./protocol.js").Fix} Fix */
/** @typedef {"asking" | "searching" | "fix" | "denied" | "unavailable"} State */
/** @typedef {{state: State, fix: Fix | null, heading: number | null}} Position   heading: degrees from north, while one walks */
/** @typedef {{lat: number, lon: number}} Point */

const RECENT_MS = 15_000;
// A phone that lies still reports nothing new; its last fix is still where it is.
const STILL_MS = 120_000;
const EARTH_M = 6_371_008.8; // mean radius, IUGG

/** @type {Set<(position: Position) => void>} */
const askers = new Set();
/** Told of every measurement as it is; never a reason to measure. @type {Set<(fix: Fix) => void>} */
export const bystanders = new Set();
/** @type {{fix: Fix, at: number, heading: number | null}[]} */
let fixes = [];
/** @type {State} */
let state = "asking";
/** @type {number | null} */
let watching = null;

/** Tell `fn` the position now and at every change, until the returned function is called. */
export function watch(/** @type {(position: Position) => void} */ fn) {
  askers.add(fn);
  attend();
  fn(now());
  return () => {
    askers.delete(fn);
    attend();
  };
}

/** The most accurate fix of the last 15 seconds, or null. @returns {Fix | null} */
export function best() {
  const newest = fixes.at(-1);
  if (!newest || Date.now() - newest.at > STILL_MS) return null;
  const metres = (/** @type {Fix} */ fix) => fix.accuracy_m ?? Number.POSITIVE_INFINITY;
  return fixes.reduce((good, { fix }) => (metres(fix) <= metres(good) ? fix : good), fixes[0].fix);
}

/** Metres between two points on the sphere; good to 0.5 %. */
export function distance(/** @type {Point} */ a, /** @type {Point} */ b) {
  const rad = Math.PI / 180;
  const sin2 = (/** @type {number} */ degrees) => Math.sin((degrees * rad) / 2) ** 2;
  const h = sin2(b.lat - a.lat) + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * sin2(b.lon - a.lon);
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

/**
 * The stop nearest to `fix`, or null where there is no fix or no stop with a place.
 * @template {{lat: number | null, lon: number | null}} S
 * @returns {{stop: S, metres: number} | null}
 */
export function nearestStop(/** @type {S[]} */ stops, /** @type {Point | null} */ fix) {
  if (!fix) return null;
  const placed = stops.filter((stop) => stop.lat !== null && stop.lon !== null);
  const measured = placed.map((stop) => ({
    stop,
    metres: distance(/** @type {Point} */ (/** @type {unknown} */ (stop)), fix),
  }));
  return measured.sort((a, b) => a.metres - b.metres)[0] ?? null;
}

/** @returns {Position} */
const now = () => ({ state, fix: best(), heading: fixes.findLast((one) => one.heading !== null)?.heading ?? null });

function tell(/** @type {State} */ next) {
  state = next;
  for (const fn of askers) fn(now());
}

function attend() {
  const needed = askers.size > 0 && document.visibilityState === "visible";
  if (needed && watching === null) begin();
  if (!needed && watching !== null) {
    navigator.geolocation.clearWatch(watching);
    watching = null;
    fixes = [];
    state = "searching";
  }
}

function begin() {
  if (!("geolocation" in navigator)) {
    state = "unavailable";
    return;
  }
  const options = { enableHighAccuracy: true, maximumAge: 5_000, timeout: 30_000 };
  watching = navigator.geolocation.watchPosition(located, failed, options);
}

function located(/** @type {GeolocationPosition} */ { coords, timestamp }) {
  const accuracy = coords.accuracy > 0 && Number.isFinite(coords.accuracy) ? coords.accuracy : null;
  /** @type {Fix} */
  const fix = {
    lat: coords.latitude,
    lon: coords.longitude,
    accuracy_m: accuracy,
    source: "gps",
    fixed_at: stamp(timestamp),
  };
  const at = Date.now();
  fixes = [...fixes.filter((earlier) => at - earlier.at <= RECENT_MS), { fix, at, heading: coords.speed ? coords.heading : null }];
  for (const fn of bystanders) fn(fix);
  tell("fix");
}

function failed(/** @type {GeolocationPositionError} */ { code, PERMISSION_DENIED, POSITION_UNAVAILABLE }) {
  if (code === PERMISSION_DENIED) {
    // A watch that was refused stays silent even after a grant; the next one to ask begins a new one.
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = null;
    fixes = [];
    return tell("denied");
  }
  return tell(best() ? "fix" : code === POSITION_UNAVAILABLE ? "unavailable" : "searching");
}

document.addEventListener("visibilitychange", attend);
