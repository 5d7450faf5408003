/** The server's HTTP interface: one function per resource, and two kinds of failure. */

/** @import {Changes, ExportProgress, Filter, History, Label, Labels, Patch, Photo, PhotoPage, Pin, Project, Rect, Session} from "./types.js" */
import { decodePatch, inflate } from "./patch.js";

const ROOT = "/api/v1";
const PATIENCE_MS = 120_000;

/** The server understood and said no: `message` is its sentence. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * It could not be done now, but may be later: the server is not running, too slow, or cannot store anything.
 * The request may or may not have been carried out. `message` says what is known.
 */
export class Unreachable extends Error {}

/** The server does not know any more who asks: it may do it once somebody has logged in again. */
export class LoggedOut extends Unreachable {}

/** @returns {Promise<Session>} */
export async function getSession() {
  return (await request("/session")).json();
}

/**
 * Exchange a token for a cookie that scripts cannot read.
 * @param {string} given  A token, or a link that ends in one.
 */
export async function postSession(given) {
  const answer = await reach(`${ROOT}/session`, json("POST", { token: given.slice(given.indexOf("#") + 1).trim() }));
  if (!answer.ok) throw new Refused(answer.status, await sentence(answer));
}

export async function deleteSession() {
  await send("DELETE", "/session", {});
}

/** @returns {Promise<Project>} */
export async function getProject() {
  return (await request("/project")).json();
}

/**
 * @param {number} offset
 * @param {number} limit
 * @param {Filter} filter
 * @returns {Promise<PhotoPage>}
 */
export async function getPhotos(offset, limit, filter) {
  const query = new URLSearchParams({ offset: String(offset), limit: String(limit), ...filter });
  return (await request(`/photos?${query}`)).json();
}

/**
 * What others did.
 * @param {{since?: number, photo?: Photo["id"]}} asked  Since which revision; and the photo that is open here.
 * @returns {Promise<Changes>}
 */
export async function getChanges(asked) {
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
  return (await request(`/changes?${query}`)).json();
}

/**
 * @param {Photo["id"]} id
 * @returns {Promise<Photo>}
 */
export async function getPhoto(id) {
  return (await request(photoPath(id))).json();
}

/**
 * The photo as a picture, ready to paint; whoever shows it lets go of its address when it is replaced.
 * @param {Photo["id"]} id
 * @param {"display" | "full"} [size]
 * @returns {Promise<HTMLImageElement>}
 */
export async function getImage(id, size = "display") {
  const blob = await (await request(`${photoPath(id)}/image?size=${size}`)).blob();
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  return image;
}

/**
 * The address of the photo as a small picture, which is here by then; null if the photo cannot be opened.
 * @param {Photo["id"]} id
 */
export async function getThumbnail(id) {
  const answer = await request(`${photoPath(id)}/thumbnail`);
  return answer.status === 204 ? null : URL.createObjectURL(await answer.blob());
}

/**
 * The whole label map at display resolution.
 * @param {Photo["id"]} id
 * @returns {Promise<Patch>}
 */
export async function getLabels(id) {
  return decodePatch(await (await request(`${photoPath(id)}/labels`)).arrayBuffer());
}

/**
 * A rectangle of the label map at full resolution.
 * @param {Photo["id"]} id
 * @param {Rect} window  In photo pixels.
 * @returns {Promise<Labels>}  Of photo pixels, too.
 */
export async function getFullLabels(id, { x0, y0, x1, y1 }) {
  return decodePatch(await (await request(`${photoPath(id)}/labels/full?x0=${x0}&y0=${y0}&x1=${x1}&y1=${y1}`)).arrayBuffer());
}

/**
 * How unsure the model is, one byte a display pixel.
 * @param {Photo["id"]} id
 * @returns {Promise<Uint8Array>}
 */
export async function getUncertainty(id) {
  return inflate(await (await request(`${photoPath(id)}/uncertainty`)).arrayBuffer());
}

/**
 * @param {Photo["id"]} id
 * @returns {Promise<History>}
 */
export async function getHistory(id) {
  return (await request(`${photoPath(id)}/history`)).json();
}

/**
 * How far the photo is now, whoever changed it.
 * @param {Photo["id"]} id
 * @returns {Promise<{version: number, status: Photo["status"]}>}
 */
export async function getVersion(id) {
  return (await request(`${photoPath(id)}/version`)).json();
}

/**
 * @param {Photo["id"]} id
 * @param {object} change  version, key, kind and the fields of its kind.
 * @returns {Promise<Patch>}
 */
export async function postInteraction(id, change) {
  return decodePatch(await (await send("POST", `${photoPath(id)}/interactions`, change)).arrayBuffer());
}

/**
 * What a change would do; nothing is stored.
 * @param {Photo["id"]} id
 * @param {object} change  version, kind and the fields of its kind.
 * @param {AbortSignal} signal  That nobody wants the answer any more.
 * @returns {Promise<Labels>}
 */
export async function postPreview(id, change, signal) {
  const answer = await request(`${photoPath(id)}/preview`, { ...json("POST", change), signal });
  return decodePatch(await answer.arrayBuffer());
}

/**
 * @param {Photo["id"]} id
 * @param {{version: number, key: string, seconds: number, complete: boolean}} change
 * @returns {Promise<Photo>}
 */
export async function postComplete(id, change) {
  return (await send("POST", `${photoPath(id)}/complete`, change)).json();
}

/**
 * @param {Photo["id"]} id
 * @param {{version: number, key: string, verdict: "reviewed" | "rejected", comment: string | null, pins: Pin[]}} verdict
 * @returns {Promise<Photo>}
 */
export async function postReview(id, verdict) {
  return (await send("POST", `${photoPath(id)}/review`, verdict)).json();
}

/** @param {{unassigned_allowed?: boolean, unlabelled_allowed?: boolean}} rule  What is to change. */
export async function putRule(rule) {
  await send("PUT", "/rule", rule);
}

/**
 * @param {number} id
 * @param {{name?: string, isthing?: boolean, color?: import("./types.js").Color, place?: number, merge: boolean}} change
 *   `place`: in the order of labels, counted from 1. `merge`: whether a label that has the name takes its place.
 */
export async function patchLabel(id, change) {
  await send("PATCH", `/labels/${id}`, change);
}

/** @param {number} id */
export async function deleteLabel(id) {
  await send("DELETE", `/labels/${id}`, {});
}

/**
 * @param {{name: string, isthing: boolean}} label
 * @returns {Promise<Label>}
 */
export async function postLabel(label) {
  return (await send("POST", "/labels", label)).json();
}

/**
 * What to export.
 * @typedef {object} ExportChoice
 * @property {string} format  What is written: coco-panoptic, coco-instances, yolo or label-png.
 * @property {string} unlabelled  What becomes of regions without a label: error, void or region.
 * @property {string} status  Which photos: reviewed, complete or all.
 */

/**
 * See whether the export can be made.
 * @param {ExportChoice} choice
 */
export async function checkExport(choice) {
  await request(`/export/check?${exportQuery(choice)}`);
}

/**
 * Where the export can be downloaded from.
 * @param {ExportChoice} choice
 * @param {string} key  What to ask for its progress with.
 */
export function exportUrl(choice, key) {
  return `${ROOT}/export?${exportQuery(choice)}&key=${key}`;
}

/**
 * How far an export is.
 * @param {string} key
 * @returns {Promise<ExportProgress>}
 */
export async function getExport(key) {
  return (await request(`/export/progress?key=${key}`)).json();
}

/** @param {ExportChoice} choice */
function exportQuery(choice) {
  return new URLSearchParams({ ...choice });
}

/** @param {Photo["id"]} id */
function photoPath(id) {
  return `/photos/${id}`;
}

/**
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {object} body
 */
function send(method, path, body) {
  return request(path, json(method, body));
}

/**
 * @param {string} method
 * @param {object} body
 * @returns {RequestInit}
 */
function json(method, body) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function request(path, options) {
  const answer = await reach(ROOT + path, options);
  if (answer.ok) return answer;
  if (answer.status === 401) throw new LoggedOut("You are no longer logged in.");
  const reason = await sentence(answer);
  throw answer.status >= 502 && answer.status <= 504 ? new Unreachable(reason) : new Refused(answer.status, reason);
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 */
async function reach(url, options) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    // To its end: one that breaks off in the middle is as good as none.
    return new Response(answer.status === 204 ? null : await answer.arrayBuffer(), answer);
  } catch (error) {
    throw new Unreachable("The server does not answer. Is Fullcanvas still running?", { cause: error });
  }
}

/**
 * What the server says is wrong, as one sentence.
 * @param {Response} answer
 */
async function sentence(answer) {
  const text = await answer.text();
  try {
    const detail = JSON.parse(text).detail;
    if (typeof detail === "string") return detail;
    if (Array.isArray(detail)) return detail.map(describe).join("; ");
    if (detail) return JSON.stringify(detail);
  } catch {
    // Not JSON: say what we know.
  }
  return `The server answered ${answer.status} ${answer.statusText}.`;
}

/** @param {any} problem  One entry of a validation error. */
function describe(problem) {
  return typeof problem === "string" ? problem : `${problem?.loc?.join(".") ?? ""} ${problem?.msg ?? JSON.stringify(problem)}`.trim();
}
