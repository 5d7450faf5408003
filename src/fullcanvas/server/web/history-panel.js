/** The photo's history: every entry in order, those undone in grey; a click goes to any point of it. */

/** @import {Annotator} from "./annotator.js" */
/** @import {History, HistoryEntry, Photo} from "./types.js" */
import { getHistory } from "./api.js";
import { byId, element, Rows } from "./dom.js";
import { findRegion, regionName, set } from "./state.js";

/** What each kind of entry is called. A kind of a later version is called by its own name. */
const DEEDS = /** @type {Record<string, string>} */ ({
  add_region: "Marked",
  scribble: "Scribble",
  move_points: "Points moved",
  label: "Labelled",
  delete: "Deleted",
  paint: "Painted",
  merge: "Merged",
  split: "Split",
  fill: "Filled",
  import_mask: "Imported",
});

/**
 * A row of the list: the point of the history that a click on it goes to.
 * @typedef {{cursor: number, text: string, now: boolean, undone: boolean}} Row
 */

/** @param {Annotator} annotator */
export function showHistory(annotator) {
  const { store } = annotator;
  const panel = byId("history", HTMLDetailsElement);
  const list = byId("history-list", HTMLUListElement);
  const rows = new Rows(list, (/** @type {Row} */ row) => JSON.stringify(row), makeRow);
  panel.addEventListener("toggle", () => store.update(set({ history: panel.open })));
  store.watch((state) => state.history, (open) => (panel.open = open));
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-cursor]") : null;
    if (button instanceof HTMLElement) annotator.goTo(Number(button.dataset["cursor"]));
  });
  store.watch((state) => [state.history, state.photo, state.waiting === 0], async () => {
    const { history, photo, waiting } = store.state;
    if (!history || !photo || waiting) return;
    // Asked beside the queue: a list to read must not delay what is done, nor complain when the server is away.
    const found = await getHistory(photo.id).catch(() => null);
    if (!found || store.state.photo?.id !== photo.id) return;
    rows.show(listed(found, store.state.photo));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  });
}

/**
 * @param {History} history
 * @param {Photo} photo
 * @returns {Row[]}
 */
function listed({ cursor, entries }, photo) {
  const texts = ["Nothing yet", ...entries.map((entry) => told(entry, photo))];
  return texts.map((text, index) => ({ cursor: index, text, now: index === cursor, undone: index > cursor }));
}

/**
 * @param {HistoryEntry} entry
 * @param {Photo} photo
 */
function told({ kind, region, label }, photo) {
  const known = findRegion(photo, region);
  const who = known ? regionName(known) : region === null ? "" : `Region ${region}`;
  const deed = DEEDS[kind] ?? kind.replaceAll("_", " ");
  if (kind === "label") return label === null ? `No label: Region ${region}` : `${deed} Region ${region}: ${label}`;
  return who ? `${deed}: ${who}` : deed;
}

/** @param {Row} row */
function makeRow({ cursor, text, now, undone }) {
  const number = element("span", { class: "quiet number" }, String(cursor));
  const attributes = { type: "button", "data-cursor": cursor, "aria-current": now && "step", "data-undone": undone };
  return element("li", {}, element("button", attributes, number, element("span", { class: "name" }, text)));
}
