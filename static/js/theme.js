// Theme: dark after dusk at the walk's place, or as the walker chose; decided before the first paint.
//
// Hides localStorage (the only thing a page can read without waiting) and the sun. Promises: never a white flash
// for somebody who walks in the dark. The sun's height is good to about 0.1°, less than a minute of sunset here.

const SUNSET = -0.833; // degrees: the sun's upper edge on the horizon, with refraction (Meeus, Astronomical Algorithms)
const MINUTE = 60_000;
const rad = Math.PI / 180;

/** @typedef {"sun" | "night" | "day" | "red"} Choice */

/** Degrees above the horizon. Low-precision solar coordinates of the Astronomical Almanac. */
export function sunHeight(/** @type {number} */ time, /** @type {{lat: number, lon: number}} */ { lat, lon }) {
  const days = time / 86_400_000 - 10_957.5;
  const anomaly = (357.529 + 0.98560028 * days) * rad;
  const longitude = (280.459 + 0.98564736 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * rad;
  const tilt = 23.439 * rad;
  const declination = Math.asin(Math.sin(tilt) * Math.sin(longitude));
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(longitude), Math.cos(longitude));
  const hour = (280.46062 + 360.98564737 * days + lon) * rad - ascension;
  return (
    Math.asin(
      Math.sin(lat * rad) * Math.sin(declination) + Math.cos(lat * rad) * Math.cos(declination) * Math.cos(hour),
    ) / rad
  );
}

/** When the sun sets within the next 24 hours (ms), or null where it does not or the place is unknown. */
export function nextSunset(now = Date.now()) {
  const place = kept("place");
  if (!place) return null;
  let up = sunHeight(now, place) > SUNSET;
  for (let time = now; time < now + 1440 * MINUTE; time += MINUTE) {
    const higher = sunHeight(time, place) > SUNSET;
    if (up && !higher) return time;
    up = higher;
  }
  return null;
}

/** @returns {any} what localStorage holds under `key`, or null: private windows may refuse to tell */
function kept(/** @type {string} */ key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function keep(/** @type {string} */ key, /** @type {unknown} */ value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A phone that keeps nothing still shows the right theme now.
  }
}

/** @returns {Choice} */
export const choice = () => kept("theme") ?? "sun";

export function choose(/** @type {Choice} */ wish) {
  keep("theme", wish);
  apply();
}

/** Where the sun is asked about from now on: any of these whose place is known will do. */
export function placed(/** @type {{lat: number | null, lon: number | null}[]} */ places) {
  const known = places.find(({ lat, lon }) => lat !== null && lon !== null);
  if (known) keep("place", { lat: known.lat, lon: known.lon });
  apply();
}

/** Sets the theme now. "Follow the sun" is night after sunset, and what the phone says by day. */
export function apply() {
  const wish = choice();
  const place = kept("place");
  const dark = wish === "sun" && place && sunHeight(Date.now(), place) < SUNSET;
  const root = document.documentElement;
  root.dataset.theme = wish === "sun" ? (dark ? "night" : "auto") : wish;
  document.querySelector("meta[name=theme-color]")?.setAttribute("content", getComputedStyle(root).backgroundColor);
}
