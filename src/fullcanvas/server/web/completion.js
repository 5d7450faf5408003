/** Completing a photo: what it lacks is asked about first, so that a stray key completes nothing. */

/** @import {Annotator} from "./annotator.js" */
/** @import {LabelPicker} from "./picker.js" */
/** @import {Photo, Project} from "./types.js" */
import { byId } from "./dom.js";
import { isClosed } from "./state.js";
import { count, percent } from "./words.js";

/** More unassigned than this share of the photo is hardly meant. */
const MUCH = 0.1;
/** A key that is pressed twice by mistake is pressed twice within this time. */
const MOMENT_MS = 400;

export class Completion {
  #dialog = byId("complete-dialog", HTMLDialogElement);
  #shown = 0;

  /**
   * @param {Annotator} annotator
   * @param {LabelPicker} picker
   */
  constructor(annotator, picker) {
    this.annotator = annotator;
    this.picker = picker;
    this.#dialog.addEventListener("keydown", (event) => {
      // The key that asked is not yet the answer.
      if (event.key === "Enter" && (event.repeat || performance.now() - this.#shown < MOMENT_MS)) event.preventDefault();
    });
    byId("complete-back", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    byId("complete-go", HTMLButtonElement).addEventListener("click", () => {
      this.#dialog.close();
      this.#finish();
    });
  }

  /** Complete the photo (or just go on if it is) and open the next one; ask first if it lacks much. */
  begin() {
    const { annotator } = this;
    const { photo, waiting, marking } = annotator.state;
    if (performance.now() - this.picker.chosen < MOMENT_MS || annotator.isOpening()) return;
    if (marking && !isClosed(photo)) return annotator.say("Not done: place the region's other points first, or give up ({give-up}).", "error");
    if (!photo || !waiting) return this.#look(photo);
    // What it lacks is known when all that was done is stored.
    annotator.enqueue(async () => {
      const now = annotator.state.photo;
      if (now?.id === photo.id) this.#look(now);
    });
  }

  /** @param {Photo | null} photo */
  #look(photo) {
    const { project, opening } = this.annotator.state;
    if (!photo || !project || isClosed(photo)) return this.#finish();
    const lacks = lacking(photo, project).join(" · ");
    const rule = wanted(photo, project);
    if (rule) return this.annotator.say(`${photo.path} is not complete yet: ${rule}.`, "error");
    if (!lacks) return this.#finish();
    if (opening !== null) return this.annotator.say(`${photo.path} is not complete: ${lacks}.`, "error");
    byId("complete-lacks", HTMLElement).textContent = `${photo.path}: ${lacks}.`;
    this.#shown = performance.now();
    this.#dialog.showModal();
  }

  #finish() {
    const { annotator } = this;
    const { photo, opening } = annotator.state;
    if (photo && !isClosed(photo)) annotator.setComplete(true);
    if (opening === null) annotator.album.openToDo();
  }
}

/**
 * What the project's rules want before a photo is complete, in words; null if it has all that.
 * @param {Photo} photo
 * @param {Project} project
 */
function wanted({ regions, unassigned }, { unlabelled_allowed, unassigned_allowed }) {
  const unlabelled = regions.filter(({ label }) => label === null).length;
  if (unlabelled && !unlabelled_allowed) return `${count(unlabelled, "region")} without a label, and this project wants them all labelled ({next-unlabelled})`;
  if (unassigned > 0 && !unassigned_allowed) return `${percent(unassigned)} of its pixels belong to no region, and this project wants none such ({gaps})`;
  return null;
}

/**
 * What a photo lacks, in words.
 * @param {Photo} photo
 * @param {Project} project
 */
function lacking({ regions, unassigned }, { labels }) {
  if (!regions.length) return ["no region is marked"];
  const unlabelled = regions.filter(({ label }) => label === null).length;
  const named = unlabelled && labels.length ? [`${count(unlabelled, "region")} without a label`] : [];
  return [...named, ...(unassigned > MUCH ? [`${percent(unassigned)} of the pixels belong to no region`] : [])];
}
