/**
 * What a stroke would change, shown while it is still being drawn: asked one at a time, always for the latest.
 *
 * The server drops a question that is under way when the stroke itself arrives. After each answer it has a pause all
 * the same: browser and server may share their processors, and the stroke being drawn must not falter.
 */

/** @import {Annotator} from "./annotator.js" */
import { postPreview } from "./api.js";

/** A pause, in times that the answer before it took. */
const PAUSE = 2;

export class Foresight {
  /** @type {object | null} What to ask next. */
  #wanted = null;
  #asking = false;
  /** Of the questions of one press: they end with it. */
  #press = new AbortController();

  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
  }

  /**
   * Show what a change would do, unless a later one is asked for before the server has time for it.
   * @param {object} change  Its kind and fields.
   */
  ask(change) {
    this.#wanted = change;
    if (!this.#asking) void this.#work();
  }

  /** The press has ended: what is shown stays until the change itself is answered. */
  stop() {
    this.#wanted = null;
    this.#press.abort();
    this.#press = new AbortController();
  }

  /** The press was given up: what was shown goes. */
  giveUp() {
    this.stop();
    this.annotator.cover(null);
  }

  async #work() {
    this.#asking = true;
    while (this.#wanted) {
      const began = performance.now();
      await this.#answer(this.#wanted, this.#press.signal);
      const took = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, PAUSE * took));
    }
    this.#asking = false;
  }

  /**
   * @param {object} change
   * @param {AbortSignal} press
   */
  async #answer(change, press) {
    this.#wanted = null;
    const { photo, waiting } = this.annotator.state;
    // While changes wait to be stored, nobody knows yet what this one would be made to.
    if (!photo || waiting) return;
    // A refusal will be told when the change is made; a server that is away, too.
    const patch = await postPreview(photo.id, { ...change, version: photo.version }, press).catch(() => null);
    const now = this.annotator.state.photo;
    if (patch && !press.aborted && now?.id === photo.id && now.version === photo.version) this.annotator.cover(patch);
  }
}
