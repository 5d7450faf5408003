/** Reviewing complete photos: accept one, or give it back with a comment, and pins at the places that it is about. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Draft} from "./draft.js" */
import * as api from "./api.js";
import { byId, element, Rows } from "./dom.js";
import * as drafts from "./draft.js";
import { pinNumber } from "./pins.js";
import { isClosed } from "./state.js";

export class Review {
  #form = byId("reject-form", HTMLFormElement);
  #comment = byId("reject-comment", HTMLTextAreaElement);
  #list = byId("reject-pins", HTMLUListElement);

  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
    this.#listen();
    const { store } = annotator;
    // Not the texts: a row that is typed in stays.
    const rows = new Rows(this.#list, (/** @type {[number, Draft["pins"][number]]} */ [index, { key }]) => `${index} ${key}`, ([index, pin]) => row(index, pin));
    store.watch((state) => state.draft !== null, (shown) => {
      this.#form.hidden = !shown;
      this.#comment.value = store.state.draft?.comment ?? "";
    });
    let before = 0;
    store.watch((state) => state.draft?.pins, (pins = []) => {
      rows.show([...pins.entries()]);
      if (pins.length > before) [...this.#list.querySelectorAll("input")].at(-1)?.focus();
      before = pins.length;
    });
  }

  /** Accept the photo (or just go on if it is) and open the next one that awaits review. */
  accept() {
    if (!this.#possible() || this.annotator.isHalfDone()) return;
    if (this.annotator.state.photo?.status === "reviewed") this.annotator.album.openToReview();
    else this.#send({ verdict: "reviewed", comment: null, pins: [] });
  }

  /** Ask what has to be done, and where; then the photo is given back, and the next one that awaits review opened. */
  reject() {
    if (!this.#possible()) return;
    this.annotator.store.update(drafts.beginDraft);
    this.#comment.focus();
  }

  #listen() {
    const { store } = this.annotator;
    this.#comment.addEventListener("input", () => store.update(drafts.writeComment(this.#comment.value)));
    this.#list.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLInputElement) store.update(drafts.writePin(keyOf(target), target.value));
    });
    this.#list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button) store.update(drafts.removePin(keyOf(button)));
    });
    this.#form.addEventListener("keydown", (event) => {
      // Whoever has said what is wrong there goes on to the next place; the photo is given back by its button alone.
      const said = event.key === "Enter" && event.target instanceof HTMLInputElement;
      if (event.isComposing || (!said && event.key !== "Escape")) return;
      event.preventDefault();
      byId("stage", HTMLElement).focus();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { draft } = store.state;
      if (draft) this.#send({ verdict: "rejected", comment: draft.comment.trim() || null, pins: draft.pins.map(({ x, y, text }) => ({ x, y, text })) });
    });
  }

  #possible() {
    if (this.annotator.isOpening()) return false;
    const closed = isClosed(this.annotator.state.photo);
    if (!closed) this.annotator.say("Only a complete photo can be reviewed.");
    return closed;
  }

  /**
   * Store the verdict, and open the next photo that awaits one.
   * @param {Omit<import("./types.js").Review, "reviewer" | "time">} review
   */
  #send(review) {
    const { annotator } = this;
    const told = review.verdict === "reviewed" ? "accepted" : "given back";
    annotator.store.update(drafts.endDraft);
    annotator.changePhoto(async (photo, common) => {
      const judged = await api.postReview(photo.id, { ...common, ...review });
      annotator.say(`${photo.path} is ${told}`);
      return judged;
    }, "The photo could not be reviewed");
    annotator.album.openToReview();
  }
}

/**
 * @param {number} index
 * @param {Draft["pins"][number]} pin
 */
function row(index, { key, text }) {
  const name = `Pin ${index + 1}`;
  const said = element("input", { type: "text", "data-key": key, "aria-label": name, placeholder: "What is wrong here?", value: text, required: true, maxlength: 500, autocomplete: "off" });
  return element("li", {}, pinNumber(index), said, element("button", { type: "button", "data-key": key, "aria-label": `Take ${name.toLowerCase()} off` }, "×"));
}

/** @param {HTMLElement} control  Of a pin's row. */
function keyOf(control) {
  return Number(control.dataset["key"]);
}
