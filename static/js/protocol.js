// Generated from app/sync/protocol.py by `python -m app.sync.phone_types`. Do not edit.
export const VERSION = 1;
export const BASE = "/api/v1";
export const LIMITS = Object.freeze({"note": 4000, "suggestion": 2000, "factors": 12, "photos": 8, "name": 60, "changes": 500, "known": 500, "replaces": 100, "draft_days": 30});
export const RECORDINGS = 3;
export const SECONDS = 60;
export const PHOTO_TYPES = Object.freeze(["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]);
export const ROLES = Object.freeze(/** @type {const} */ (["resident", "council", "municipality", "police", "rescue", "housing", "business", "association", "school", "other"]));
export const VALENCES = Object.freeze(/** @type {const} */ (["safe", "unsafe", "mixed"]));
/** @typedef {"resident"|"council"|"municipality"|"police"|"rescue"|"housing"|"business"|"association"|"school"|"other"} Role */
/** @typedef {"safe"|"unsafe"|"mixed"} Valence */
/** @typedef {"planned"|"open"|"closed"|"published"|"archived"} WalkState */
/** @typedef {"expected"|"stored"|"ready"|"unreadable"} PhotoState */
/** @typedef {"late"|"after-close"|"clock-skew"|"unknown-factor"|"needs-place"} Flag */
/** @typedef {{walk_id: string, rev: number, deleted: boolean, captured_at: string, valence: "safe"|"unsafe"|"mixed"|null, feeling: number|null, factors: string[], note: string, suggestion: string, fix: Fix|null, pin: Place|null, stop_id: string|null, photos: PhotoDeclaration[], recordings?: RecordingDeclaration[]}} ObservationBody */
/** @typedef {{lat: number, lon: number, accuracy_m: number|null, source: "gps"|"exif", fixed_at: string|null}} Fix */
/** @typedef {{lat: number, lon: number}} Place */
/** @typedef {{id: string, sha256: string, bytes: number, type: string, replaces?: string[]}} PhotoDeclaration */
/** @typedef {{id: string, sha256: string, bytes: number, type: string, seconds: number}} RecordingDeclaration */
/** @typedef {{walk_id: string, team: string|null, rev: number, deleted: boolean, parts: number[][][]}} TrackBody */
/** @typedef {{id: string, rev: number, seq: number, received_at: string, flags: string[], photos: PhotoOut[], recordings?: RecordingOut[]}} Receipt */
/** @typedef {{id: string, rev: number, deleted: boolean, received_at: string}} TrackReceipt */
/** @typedef {{id: string, sha256: string, bytes: number, state: "expected"|"stored"|"ready"|"unreadable"}} PhotoReceipt */
/** @typedef {{id: string, state: "expected"|"stored"|"ready"|"unreadable"}} PhotoOut */
/** @typedef {{id: string, state: "expected"|"stored"}} RecordingOut */
/** @typedef {{observations: HeldIn[], photos: string[], recordings?: string[]}} Missing */
/** @typedef {{id: string, rev: number}} HeldIn */
/** @typedef {{id: string, seq: number, rev: number, captured_at: string, valence: Valence|null, feeling: number|null,
 *   factors: string[], note: string, suggestion: string, fix: Fix|null, pin: Place|null, stop_id: string|null,
 *   photos: PhotoOut[], agreements: number, mine: boolean, agreed?: boolean}} Change */
/** @typedef {{id: string, number: number, name: string, prompt: string, lat: number|null, lon: number|null}} Stop */
/** @typedef {{id: string, name: string, stop_ids: string[], duties: {[what: string]: string}}} Team */
/** @typedef {{key: string, da: string, en: string, help_da: string, help_en: string, sensitive: boolean}} Factor */
/** @typedef {{key: string, da: string, en: string, factors: Factor[]}} Category */
/** @typedef {{id: string, title: string, purpose: string, state: WalkState, starts_at: string|null,
 *   ends_at: string|null, timezone: string, light: "daylight"|"dusk"|"dark"|null, meeting_point: string,
 *   route: {type: "LineString", coordinates: number[][]}|null, stops: Stop[],
 *   teams?: Team[], paused?: boolean, sharing?: boolean, tracks?: boolean, report_url?: string|null,
 *   taxonomy: {version: string, categories: Category[]}, privacy_notice: string, contacts: string,
 *   basemap: {url: string, sha256: string, bytes: number, credit?: string}|null,
 *   limits: {note: number, photos: number, photo_bytes: number}, seq: number}} Walk */
/** @typedef {{type: string, title: string, status: number, detail: string,
 *   errors?: {field: string, message: string}[], receipt?: Receipt}} Problem */
