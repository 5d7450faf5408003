/** Reviewing complete photos: accept one, or give it back with a comment. */

/** @import {Annotator} from "./annotator.js" */
import * as api from "./api.js";
import { byId } from "./dom.js";
import { isClosed } from "./state.js";

export class Review {
  #dialog = byId("reject-dialog", HTMLDialogElement);
  #comment = byId("reject-comment", HTMLTextAreaElement);

  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
    byId("reject-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dialog.close();
      this.#send("rejected", this.#comment.value.trim() || null);
    });
  }

  /** Accept the photo and open the next one. */
  accept() {
    if (!this.#possible()) return;
    this.#send("reviewed", null);
    this.annotator.album.openNext(1);
  }

  /** Ask why, then give the photo back. */
  reject() {
    if (!this.#possible()) return;
    this.#comment.value = this.annotator.state.photo?.comment ?? "";
    this.#dialog.showModal();
    this.#comment.focus();
  }

  #possible() {
    if (this.annotator.isOpening()) return false;
    const closed = isClosed(this.annotator.state.photo);
    if (!closed) this.annotator.say("Only a complete photo can be reviewed.");
    return closed;
  }

  /**
   * @param {"reviewed" | "rejected"} verdict
   * @param {string | null} comment
   */
  #send(verdict, comment) {
    const { annotator } = this;
    const complaint = "The photo could not be reviewed";
    annotator.changePhoto((photo, common) => api.postReview(photo.id, { ...common, verdict, comment }), complaint);
  }
}
