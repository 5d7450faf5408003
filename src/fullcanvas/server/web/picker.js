/** Labels by typing: a combobox that offers the project's labels and creates new ones. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Label} from "./types.js" */
import { allows } from "./access.js";
import { byId, element, swatch } from "./dom.js";
import { findRegion, regionName, set } from "./state.js";

/**
 * One line of the list: a label to give, or null to take the label away.
 * @typedef {{name: string | null, isthing: boolean, text: string, label: Label | null}} Option
 */

export class LabelPicker {
  #root = byId("picker", HTMLElement);
  #input = byId("picker-input", HTMLInputElement);
  #list = byId("picker-list", HTMLUListElement);
  #nothing = byId("picker-nothing", HTMLElement);
  /** @type {Option[]} */
  #options = [];
  #active = 0;
  /** When a label was chosen last: the same key pressed twice is no command. */
  chosen = -Infinity;

  /**
   * @param {Annotator} annotator
   * @param {() => void} after  Gives the focus back.
   */
  constructor(annotator, after) {
    this.annotator = annotator;
    this.after = after;
    this.#input.addEventListener("input", () => this.#offer());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("blur", () => this.close(false));
    this.#list.addEventListener("pointerdown", (event) => this.#click(event));
    annotator.store.watch((state) => state.labelling, (open) => (this.#root.hidden = !open));
  }

  /** Begin to type a label for the selected or newest region. */
  open() {
    const { annotator } = this;
    if (annotator.isFixed()) return;
    const target = annotator.labelling.target();
    if (!target) return annotator.say("There is no region to label yet.");
    const region = findRegion(annotator.state.photo, target.id);
    this.#input.placeholder = region ? `Label for ${regionName(region)}…` : "Label for the new region…";
    this.#input.value = "";
    annotator.store.update(set({ labelling: true }));
    this.#offer();
    this.#input.focus();
  }

  /** @param {boolean} [refocus] */
  close(refocus = true) {
    if (!this.annotator.state.labelling) return;
    this.annotator.store.update(set({ labelling: false }));
    if (refocus) this.after();
  }

  #offer() {
    this.#options = this.#allowed();
    this.#active = 0;
    this.#show();
  }

  /** What to offer to this person: only an admin makes new labels. */
  #allowed() {
    const { project, session, recent } = this.annotator.state;
    const found = offers(project?.labels ?? [], recent, this.#input.value);
    return allows(session, "admin") ? found : found.filter(({ name, label }) => label !== null || name === null);
  }

  #show() {
    const rows = this.#options.map(({ text, label }, index) =>
      element(
        "li",
        { id: `picker-${index}`, role: "option", "aria-selected": String(index === this.#active), "data-index": index },
        ...(label ? [swatch(label.color)] : []),
        text,
      ),
    );
    this.#nothing.hidden = rows.length > 0;
    this.#nothing.textContent = `The project has no label “${this.#input.value.trim()}”, and only an admin can make one: ask for it, or take another.`;
    this.#list.hidden = rows.length === 0;
    this.#list.replaceChildren(...rows);
    this.#input.setAttribute("aria-activedescendant", rows.length ? `picker-${this.#active}` : "");
    rows[this.#active]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    // An input method's own: its Enter takes the word that it offers, and its arrows choose among them.
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#options.length) this.#active = (this.#active + step + this.#options.length) % this.#options.length;
    else if (event.key === "Enter") this.#choose(this.#active);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab") this.#complete();
    else return;
    event.preventDefault();
    if (step) this.#show();
  }

  /** Write the active label out. */
  #complete() {
    const name = this.#options[this.#active]?.name;
    if (!name) return;
    this.#input.value = name;
    this.#offer();
  }

  /** @param {PointerEvent} event */
  #click(event) {
    event.preventDefault();
    const row = event.target instanceof Element ? event.target.closest("[data-index]") : null;
    if (row instanceof HTMLElement) this.#choose(Number(row.dataset["index"]));
  }

  /** @param {number} index */
  #choose(index) {
    const option = this.#options[index];
    if (!option) return;
    this.annotator.labelling.give(option.name, option.isthing);
    this.chosen = performance.now();
    this.close();
  }
}

/**
 * What to offer for the text typed so far: labels that begin with it, labels that contain all its words, new ones.
 * Among those, the labels given last come first: the next region is often of the same class as one before.
 * @param {Label[]} labels
 * @param {readonly string[]} recent
 * @param {string} typed
 * @returns {Option[]}
 */
function offers(labels, recent, typed) {
  const text = typed.trim();
  const wanted = text.toLowerCase();
  const used = recent.flatMap((name) => labels.filter((label) => label.name === name));
  const ordered = [...used, ...labels.filter((label) => !used.includes(label))];
  const begins = ordered.filter(({ name }) => name.toLowerCase().startsWith(wanted));
  const words = wanted.split(/\s+/);
  const contains = ordered.filter((label) => !begins.includes(label) && words.every((word) => label.name.toLowerCase().includes(word)));
  const known = [...begins, ...contains].map((label) => ({ name: label.name, isthing: label.isthing, text: label.name, label }));
  if (!text) return [...known, { name: null, isthing: true, text: "No label", label: null }];
  if (labels.some(({ name }) => name === text)) return known;
  const fresh = [true, false].map((isthing) => ({ name: text, isthing, text: `New ${isthing ? "thing" : "stuff"} “${text}”`, label: null }));
  return [...known, ...fresh];
}
