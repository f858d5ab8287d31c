// Personal: words that look as if they named a person, as the server suspects them (app/review/personal.py).
//
// Pure, and the same rules: patterns and names come from there (personal.json, generated), and one table of cases holds for
// both. Promises only a suspicion, for whoever writes to judge. Fetched when a note is written; needs no network.

import known from "./personal.json";

/** @typedef {"name" | "cpr" | "plate" | "address" | "phone" | "email"} Kind */
/** @typedef {{start: number, end: number, kind: Kind}} Span */

const PATTERNS = /** @type {Record<string, [string, string]>} */ (/** @type {unknown} */ (known.patterns));
const pattern = (/** @type {string} */ name, more = "g") => new RegExp(PATTERNS[name][0], PATTERNS[name][1] + more);
const [FIRST, AMBIGUOUS, LAST, ALONE, CUES] = [known.first, known.ambiguous, known.last, known.alone, known.cues].map(
  (words) => new Set(words),
);
const EACH = /** @type {Kind[]} */ (["phone", "plate", "address"]).map((kind) => ({ kind, find: pattern(kind) }));
const [EMAIL, CPR, CAPITAL] = ["email", "cpr", "capital"].map((name) => pattern(name));
const [NEXT, CUED] = ["next", "cued"].map((name) => pattern(name, "y"));
const [PLACE, SAINT] = [new RegExp(`^${PATTERNS.place[0]}`, PATTERNS.place[1]), pattern("saint", "")];
const WORDY = /[\p{L}\p{N}]/u;
const UPPER = /^\p{Lu}/u;
const SURNAME = /^(?:[A-ZÆØÅ][a-zæøå]+(?:sen|gaard|gård)s?|[A-ZÆØÅ])$/u;

/** What in `text` looks as if it named a person, in order, none overlapping another. @returns {Span[]} */
export function found(/** @type {string} */ text) {
  if (text.length < 2) return [];
  const spans = names(text);
  const each = (/** @type {RegExp} */ find, /** @type {Kind} */ kind, fits = (/** @type {RegExpMatchArray} */ _one) => true) => {
    for (const one of text.matchAll(find)) if (fits(one)) spans.push({ start: one.index, end: one.index + one[0].length, kind });
  };
  if (text.includes("@")) each(EMAIL, "email");
  if (/\d/.test(text)) {
    each(CPR, "cpr", (one) => isDay(Number(one[1]), Number(one[2])));
    for (const { kind, find } of EACH) each(find, kind, (one) => kind !== "phone" || !isDate(one[0]));
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end || (a.kind < b.kind ? -1 : 1));
  /** @type {Span[]} */
  const kept = [];
  for (const span of spans) {
    const last = kept.at(-1);
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
    else kept.push(span);
  }
  return kept;
}

const isDay = (/** @type {number} */ day, /** @type {number} */ month) => day >= 1 && day <= 31 && month >= 1 && month <= 12;

/** Whether eight digits are a day as programs write it, 20261124. */
function isDate(/** @type {string} */ digits) {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(digits)?.map(Number) ?? [];
  const when = new Date(Date.UTC(year, month - 1, day));
  return year >= 1990 && year < 2100 && when.getUTCMonth() === month - 1 && when.getUTCDate() === day;
}

function names(/** @type {string} */ text) {
  /** @type {Span[]} */
  const spans = [];
  const put = (/** @type {number} */ start, /** @type {number} */ end) => !isPlace(text, start, end) && spans.push({ start, end, kind: "name" });
  CAPITAL.lastIndex = 0;
  for (let one = CAPITAL.exec(text); one; one = CAPITAL.exec(text)) {
    const start = one.index;
    const word = one[0].replace(/[.'’-]+$/, "");
    if (start && (WORDY.test(text[start - 1]) || "-_".includes(text[start - 1]))) continue;
    const before = text.slice(Math.max(0, start - 24), start).trim().split(/\s+/).at(-1) ?? "";
    const cued = text[start - 1] === " " && CUES.has(before.toLowerCase()) ? at(CUED, text, start) : null;
    if (cued) put(start, start + cued[0].length);
    const first = isOf(word, FIRST) || isOf(word, AMBIGUOUS);
    const [end, surname] = first ? withSurname(text, start + word.length) : [start + word.length, false];
    CAPITAL.lastIndex = Math.max(CAPITAL.lastIndex, end);
    const alone = isOf(word, FIRST) && !isOf(word, AMBIGUOUS);
    if (surname || alone || isOf(word, ALONE)) put(start, end);
  }
  return spans;
}

function at(/** @type {RegExp} */ find, /** @type {string} */ text, /** @type {number} */ from) {
  find.lastIndex = from;
  return find.exec(text);
}

/** Whether `word` is one of `of`, or its genitive. */
const isOf = (/** @type {string} */ word, /** @type {Set<string>} */ of) =>
  of.has(word) || (word.endsWith("s") && of.has(word.replace(/[s'’]+$/, "")));

/** Where a first name and up to two capitalised words after it end, and whether they are a surname. @returns {[number, boolean]} */
function withSurname(/** @type {string} */ text, /** @type {number} */ from) {
  let [end, surname] = [from, false];
  for (let count = 0; count < 2; count++) {
    const after = at(NEXT, text, end);
    const word = after?.[1].replace(/[.,'’-]+$/, "") ?? "";
    if (!after || text[end] === "\n" || !UPPER.test(word) || !(isOf(word, LAST) || isOf(word, FIRST) || SURNAME.test(word))) break;
    [end, surname] = [end + 1 + word.length, true];
  }
  return [end, surname];
}

/** Whether the words around say that this names a place: "Jens Bangs Gade", "Sankt Hans", "Skt. Peders Kirke". */
function isPlace(/** @type {string} */ text, /** @type {number} */ start, /** @type {number} */ end) {
  if (SAINT.test(text.slice(Math.max(0, start - 14), start))) return true;
  let here = end;
  for (let count = 0; count < 2; count++) {
    const after = at(NEXT, text, here);
    if (!after || !UPPER.test(after[1])) break;
    if (PLACE.test(after[1])) return true;
    here += after[0].length;
  }
  const named = text.slice(start, end);
  return named.includes(" ") && PLACE.test(named.split(/\s+/).at(-1) ?? "");
}
