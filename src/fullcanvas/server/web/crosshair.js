/** The keyboard's pointer: a crosshair on the stage that the arrows move, and that Space presses with. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Gestures} from "./gestures.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Point} from "./types.js" */

import { isPlacing } from "./state.js";

/** What Shift makes of a step. */
const FAST = 10;
/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Crosshair {
  /** @type {Point | null} Where it is, in stage pixels; a pointer that moves takes over. */
  #at = null;

  /**
   * @param {Stage} stage
   * @param {Annotator} annotator
   * @param {Gestures} gestures
   */
  constructor(stage, annotator, gestures) {
    this.stage = stage;
    this.annotator = annotator;
    this.gestures = gestures;
    annotator.store.watch((state) => state.aiming, (aiming) => aiming && this.#move([0, 0]));
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean}  Whether the key was for the crosshair.
   */
  take({ key, shiftKey, ctrlKey, metaKey, altKey, repeat }) {
    const { state } = this.annotator;
    if (!(isPlacing(state) || state.aiming) || ctrlKey || metaKey || altKey) return false;
    const step = STEPS[key];
    if (step) {
      const pixels = Math.max(1, 1 / this.stage.photoPixels) * (shiftKey ? FAST : 1);
      this.#move([step[0] * pixels, step[1] * pixels]);
      return true;
    }
    // Whoever holds a pointer pans with the space bar.
    if (key !== " " || !this.#at || this.stage.hover !== this.#at) return false;
    if (!repeat) this.gestures.pressAt(this.#at);
    return true;
  }

  /**
   * At the edge of the stage the photo moves instead.
   * @param {Point} by  In stage pixels.
   */
  #move([dx, dy]) {
    const { width, height } = this.stage.element.getBoundingClientRect();
    const [x, y] = this.stage.hover ?? this.#at ?? [width / 2, height / 2];
    const at = /** @type {Point} */ ([within(x + dx, width), within(y + dy, height)]);
    this.stage.pan(at[0] - x - dx, at[1] - y - dy);
    this.#at = at;
    this.gestures.aim(at);
  }
}

/**
 * @param {number} place
 * @param {number} length
 */
function within(place, length) {
  return Math.min(length - 1, Math.max(0, place));
}
