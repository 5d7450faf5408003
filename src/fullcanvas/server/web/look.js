/** Where to look next: unassigned areas and places where the model is unsure, by what a correction may gain there. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Place} from "./gain.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Photo} from "./types.js" */
import { places } from "./gain.js";
import { set } from "./state.js";

export class Lookout {
  /** @type {Photo | null} As it was when the places were looked for. */
  #photo = null;
  #turn = 0;
  /** @type {Place[]} */
  #places = [];

  /**
   * @param {Annotator} annotator
   * @param {Stage} stage
   */
  constructor(annotator, stage) {
    this.annotator = annotator;
    this.stage = stage;
  }

  /** Show the next place; after a change it begins with the most promising again. */
  async next() {
    const { map, state } = this.annotator;
    if (!map || !state.photo) return this.annotator.say("Open a photo first.");
    const unsure = state.photo === this.#photo ? null : await this.annotator.uncertainty();
    if (this.annotator.map !== map) return;
    this.#turn++;
    const { photo } = this.annotator.state;
    if (photo !== this.#photo) {
      this.#photo = photo;
      this.#places = places(map, unsure);
      this.#turn = 0;
    }
    this.#visit(this.#places[this.#turn % Math.max(1, this.#places.length)], map.labels.length);
  }

  /**
   * @param {Place | undefined} place
   * @param {number} pixels  Of the whole display.
   */
  #visit(place, pixels) {
    if (!place) return this.annotator.say("No pixel is unassigned, and the model is sure everywhere.");
    this.stage.frame(place);
    this.annotator.store.update(set({ place }));
    const number = `${(this.#turn % this.#places.length) + 1} of ${this.#places.length}`;
    const share = Math.max(0.01, (100 * place.gain) / pixels).toFixed(2);
    this.annotator.say(`${place.unassigned ? "Unassigned area" : "Unsure place"} ${number}: up to ${share} % of the photo to gain.`);
  }
}
