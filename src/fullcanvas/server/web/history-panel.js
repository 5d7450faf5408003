/** The photo's history: every entry in order, those undone in grey; a click goes to any point of it. */

/** @import {Annotator} from "./annotator.js" */
/** @import {History} from "./types.js" */
import { getHistory } from "./api.js";
import { byId, element, Rows } from "./dom.js";
import { set } from "./state.js";

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
    rows.show(listed(found));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  });
}

/**
 * @param {History} history
 * @returns {Row[]}
 */
function listed({ cursor, entries }) {
  const texts = ["Nothing yet", ...entries.map((entry) => entry.text)];
  return texts.map((text, index) => ({ cursor: index, text, now: index === cursor, undone: index > cursor }));
}

/** @param {Row} row */
function makeRow({ cursor, text, now, undone }) {
  const number = element("span", { class: "quiet number" }, String(cursor));
  const attributes = { type: "button", title: text, "data-cursor": cursor, "aria-current": now && "step", "data-undone": undone };
  return element("li", {}, element("button", attributes, number, element("span", { class: "name" }, text)));
}
