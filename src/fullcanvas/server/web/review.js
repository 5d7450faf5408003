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

  /** Accept the photo (or just go on if it is) and open the next one that awaits review. */
  accept() {
    if (!this.#possible()) return;
    if (this.annotator.state.photo?.status === "reviewed") this.annotator.album.openToReview();
    else this.#send("reviewed", null);
  }

  /** Ask why, then give the photo back and open the next one that awaits review. */
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
   * Store the verdict, and open the next photo that awaits one.
   * @param {"reviewed" | "rejected"} verdict
   * @param {string | null} comment
   */
  #send(verdict, comment) {
    const { annotator } = this;
    const told = verdict === "reviewed" ? "accepted" : "given back";
    annotator.changePhoto(async (photo, common) => {
      const judged = await api.postReview(photo.id, { ...common, verdict, comment });
      annotator.say(`${photo.path} is ${told}`);
      return judged;
    }, "The photo could not be reviewed");
    annotator.album.openToReview();
  }
}
