// The last resort: every note that has not arrived, with its photos, in one file for the coordinator.
//
// Hides the ZIP and the ways a phone hands a file over. Kept on every phone beside the shell. Promises to need neither network,
// server nor sender; to hold one photo in memory at a time; to write the participant's secret only as the server keeps it, as a
// sum. What a copy holds is noted once it was handed over, and counts only for those very revisions. The format: docs/decisions/0003.

import { downloadZip } from "client-zip";
import { date, learn, plural, stamp, t, time } from "./i18n.js";
import { sha256 } from "./ids.js";
import { lacking, markTried, unlessFull } from "./outbox.js";
import { isSound, wire } from "./records.js";
import { joined, photoBytes, setSetting } from "./store.js";

/**
 * @typedef {import("./store.js").Joined} Joined
 * @typedef {import("./store.js").Copied} Copied
 * @typedef {import("./protocol.js").ObservationBody} ObservationBody
 * @typedef {(content: ObservationBody) => string} Describe   a note in plain words
 * @typedef {{file: File, holds: Copied, gone: boolean}} Copy   gone: a photo is no longer on the phone, and so not in it
 */

/** @type {Record<string, Record<string, string | string[]>>} */
const danish = import.meta.glob("./locales/copy.json", { eager: true, import: "default" });
for (const texts of Object.values(danish)) learn(texts);

const READ_ME = "LÆS-MIG.txt";
const LINK_MS = 60_000; // long enough for the slowest phone to begin with its download

/** The copy, or null where nothing is unsent. @returns {Promise<Copy | null>} */
export async function make(/** @type {Describe} */ describe) {
  const [me, unsent] = [await joined(), await lacking()];
  if (!me || !unsent.length) return null;
  const made_at = stamp();
  const notes = Object.fromEntries(unsent.map(({ record }) => [record.id, record.content.rev]));
  /** @type {Copied} */
  const holds = { made_at, notes, photos: [] };
  // Whoever has the file may hand in what is in it: what is deleted from now on is deleted there too.
  await markTried(notes).catch(unlessFull);
  const words = [
    { name: READ_ME, input: readMe(me, unsent, made_at, describe), lastModified: made_at },
    { name: "copy.json", input: JSON.stringify(await head(me, unsent, made_at)), lastModified: made_at },
  ];
  let gone = false;
  async function* files() {
    yield* words;
    for (const { id } of unsent.flatMap(({ photos }) => photos)) {
      const kept = await photoBytes(id);
      holds.photos.push(id); // or it is gone from the phone: nobody need stay for it
      if (!kept) gone = true;
      else yield { name: `photos/${id}`, input: kept.buffer, lastModified: made_at };
    }
  }
  const zip = await downloadZip(files()).blob();
  const moment = made_at.slice(0, 16).replace("T", "-").replace(":", "");
  return { file: new File([zip], `tryghedsvandring-${me.code}-${moment}.zip`, { type: "application/zip" }), holds, gone };
}

/**
 * Share the file where the phone can, else download it, and note what it holds.
 * @returns {Promise<"shared" | "saved" | "full" | "not" | "ask">} full: saved or shared, and the phone could not note it;
 *   not: the walker thought better of it; ask: the phone wants to be pressed once more before it shares
 */
export async function hand(/** @type {Copy} */ { file, holds }) {
  const how = await share(file);
  if (how === "saved") download(file);
  if (how !== "shared" && how !== "saved") return how;
  return setSetting("copied", holds).then(() => how, () => "full");
}

async function share(/** @type {File} */ file) {
  if (!navigator.canShare?.({ files: [file] })) return "saved";
  try {
    await navigator.share({ files: [file], title: file.name });
    return "shared";
  } catch (failure) {
    const name = failure instanceof Error ? failure.name : "";
    return name === "AbortError" ? "not" : name === "NotAllowedError" ? "ask" : "saved";
  }
}

function download(/** @type {File} */ file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), LINK_MS);
}

/** copy.json, as `tryg import` reads it. */
async function head(
  /** @type {Joined} */ { participant_id, secret, code, walk, role, name, team, language },
  /** @type {import("./outbox.js").Lacking[]} */ unsent,
  /** @type {string} */ made_at,
) {
  const secret_sha256 = await sha256(/** @type {ArrayBuffer} */ (new TextEncoder().encode(secret).buffer));
  return {
    format: "tryghedsvandring-copy",
    version: 1,
    made_at,
    walk: { id: walk.id, code, title: walk.title },
    participant: { id: participant_id, secret_sha256, role, name, team, language },
    observations: unsent.map(({ record }) => ({ id: record.id, ...wire(record.content) })),
  };
}

/** For whoever opens the file: what it is, what to do with it, and the notes in plain words. */
function readMe(
  /** @type {Joined} */ { walk, code },
  /** @type {import("./outbox.js").Lacking[]} */ unsent,
  /** @type {string} */ made_at,
  /** @type {Describe} */ describe,
) {
  const files = unsent.flatMap(({ photos }) => photos);
  const sounds = files.filter(isSound).length;
  const photos = files.length - sounds;
  const about = [
    t("A copy of notes from a safety walk that have not been sent"),
    "",
    t("Walk: {title} ({code})", { title: walk.title, code }),
    t("Made: {date} at {time}", { date: date(made_at), time: time(made_at) }),
    [plural(unsent.length, "{n} note", "{n} notes"), plural(photos, "{n} photo", "{n} photos"), sounds && plural(sounds, "{n} recording", "{n} recordings")]
      .filter(Boolean)
      .join(", "),
    "",
    t("Give the whole file to the walk's coordinator, as it is, and to nobody else: what you wrote is in it."),
    t("It does no harm if the phone sends the notes later too. Each of them counts once."),
    t("For the coordinator: {command}", { command: "tryg import tryghedsvandring-….zip" }),
  ];
  const notes = unsent.map(({ record, photos: own }, at) =>
    [
      `${at + 1}. ${describe(record.content)}`,
      ...own.map((one) => (isSound(one) ? t("Recording: {file}", { file: `photos/${one.id}` }) : t("Photo: {file}", { file: `photos/${one.id}` }))),
    ].join("\n"),
  );
  return `${[about.join("\n"), ...notes].join("\n\n")}\n`;
}
