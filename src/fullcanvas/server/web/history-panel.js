/** The photo's history: every entry, with the branches that were left, those undone in grey; a click goes to any. */

/** @import {Annotator} from "./annotator.js" */
/** @import {History} from "./types.js" */
import { getHistory } from "./api.js";
import { byId, element, Rows } from "./dom.js";
import { set } from "./state.js";

/**
 * A row of the list: the entry that a click on it goes to, how many branches it is away from the present one, and
 * whether it is the first of its branch.
 * @typedef {{cursor: number, text: string, author: string | null, depth: number, begins: boolean, now: boolean, undone: boolean}} Row
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
    if (!found || store.state.photo !== photo) return;
    rows.show(listed(found));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  });
}

/**
 * The entries of the present branch in order; where others leave it, they come first, further in.
 * @param {History} history
 * @returns {Row[]}
 */
function listed({ cursor, tip, entries }) {
  /** @type {number[][]} What follows each entry. */
  const next = [[], ...entries.map(() => [])];
  entries.forEach(({ after }, index) => next[after]?.push(index + 1));
  const present = lineTo(tip, entries);
  const inForce = lineTo(cursor, entries);
  /** @type {Row[]} */
  const rows = [];
  const walk = (/** @type {number | undefined} */ from, /** @type {number} */ depth) => {
    for (let at = from; at !== undefined; ) {
      const { text, author } = entries[at - 1] ?? { text: "Nothing yet", author: null };
      rows.push({ cursor: at, text, author, depth, begins: depth > 0 && at === from, now: at === cursor, undone: !inForce.has(at) });
      const ways = next[at] ?? [];
      const main = ways.find((number) => present.has(number)) ?? ways.at(-1);
      for (const other of ways) if (other !== main) walk(other, depth + 1);
      at = main;
    }
  };
  walk(0, 0);
  return rows;
}

/**
 * An entry and all that lead to it; 0, the beginning, included.
 * @param {number} end
 * @param {History["entries"]} entries
 */
function lineTo(end, entries) {
  const line = new Set([0]);
  for (let at = end; at > 0; at = entries[at - 1]?.after ?? 0) line.add(at);
  return line;
}

/** @param {Row} row */
function makeRow({ cursor, text, author, depth, begins, now, undone }) {
  const number = element("span", { class: "quiet number" }, String(cursor));
  const title = depth ? `${text} (another branch)` : text;
  const attributes = { type: "button", title, "data-cursor": cursor, "data-depth": depth || null, "data-branch": begins, "aria-current": now && "step", "data-undone": undone };
  const button = element("button", attributes, number, element("span", { class: "name" }, text, ...(author ? [element("span", { class: "quiet" }, ` · ${author}`)] : [])));
  button.style.marginLeft = `${Math.min(depth, 6) * 14}px`;
  return element("li", {}, button);
}
