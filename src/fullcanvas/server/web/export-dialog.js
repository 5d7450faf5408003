/** The export: what of the project, and how far it is. */

/** @import {Annotator} from "./annotator.js" */
/** @import {ExportProgress, Project} from "./types.js" */
import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { count } from "./words.js";

const ASK_MS = 500;
/** How often a download may be unknown to the server before the browser is taken not to have begun it. */
const PATIENCE = 60;

/**
 * @param {Annotator} annotator
 * @returns {() => void}  Shows the dialog.
 */
export function makeExport(annotator) {
  const dialog = byId("export-dialog", HTMLDialogElement);
  const form = byId("export-form", HTMLFormElement);
  const go = byId("export-go", HTMLButtonElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!go.disabled) void run(annotator, dialog, form);
  });
  annotator.store.watch((state) => state.project, describe);
  return () => {
    if (!go.disabled) complain("");
    dialog.showModal();
  };
}

/**
 * Say what there is to export.
 * @param {Project | null} project
 */
function describe(project) {
  if (!project) return;
  const { complete, statuses, model } = project;
  const inWork = (statuses["in_work"] ?? 0) + (statuses["rejected"] ?? 0);
  byId("export-reviewed", HTMLElement).textContent = `(${statuses["reviewed"] ?? 0})`;
  byId("export-complete", HTMLElement).textContent = `(${complete})`;
  byId("export-in-work", HTMLElement).textContent = `(${inWork}), as the model ${model.name} answers them now`;
}

/**
 * @param {Annotator} annotator
 * @param {HTMLDialogElement} dialog
 * @param {HTMLFormElement} form
 */
async function run(annotator, dialog, form) {
  const go = byId("export-go", HTMLButtonElement);
  const fields = new FormData(form);
  const chosen = (/** @type {string} */ name) => String(fields.get(name));
  const choice = { format: chosen("format"), unlabelled: chosen("unlabelled"), status: chosen("status") };
  // Until it is over: the same export twice at a time helps nobody.
  go.disabled = true;
  complain("");
  try {
    const { url, key } = await annotator.export(choice);
    // The browser writes it to the disk as it comes: a large project would not fit into the page's memory.
    element("a", { href: url, download: `${choice.format}.zip` }).click();
    const end = await follow(key);
    if (end.state === "broken_off") throw new Error("The export was broken off. What was downloaded of it cannot be used.");
    annotator.say([`${count(end.exported, "photo")} exported`, ...end.left_out.map((line) => `left out: ${line}`)].join(" · "));
    if (end.failed.length) complain([`${count(end.done - end.exported, "photo")} could not be exported:`, ...end.failed].join("\n"));
    else dialog.close();
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  } finally {
    go.disabled = false;
    byId("export-progress", HTMLElement).hidden = true;
  }
  if (!dialog.open && !byId("export-complaint", HTMLElement).hidden) dialog.showModal();
}

/**
 * Show how far an export is, until it is over.
 * @param {string} key
 * @returns {Promise<ExportProgress>}
 */
async function follow(key) {
  for (let unknown = 0; unknown < PATIENCE; ) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    const progress = await ask(key);
    if (progress) show(progress);
    else unknown++;
    if (progress && progress.state !== "under_way") return progress;
  }
  throw new Error("The browser has not begun to download the export. Does it ask you, or not allow it?");
}

/** @param {string} key */
async function ask(key) {
  try {
    return await api.getExport(key);
  } catch (error) {
    if (error instanceof api.Refused && error.status === 404) return null;
    throw error;
  }
}

/** @param {ExportProgress} progress */
function show({ done, photos }) {
  byId("export-done", HTMLProgressElement).max = photos;
  byId("export-done", HTMLProgressElement).value = done;
  byId("export-told", HTMLElement).textContent = `${done} of ${count(photos, "photo")}`;
  byId("export-progress", HTMLElement).hidden = false;
}

/** @param {string} text */
function complain(text) {
  const complaint = byId("export-complaint", HTMLElement);
  complaint.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  complaint.hidden = !text;
}
