/** What a reviewer pinned to the photo on the stage: a list above it, whose rows lead to the places. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Pin} from "./types.js" */
import { byId, element, Rows } from "./dom.js";
import { pinsOn } from "./draft.js";
import { set } from "./state.js";

/** How much of the photo's longer side is shown around a pin, which says nothing about how large that is that is wrong. */
const AROUND = 0.25;

export class Pins {
  /**
   * @param {Annotator} annotator
   * @param {Stage} stage
   */
  constructor(annotator, stage) {
    this.annotator = annotator;
    this.stage = stage;
    const list = byId("pin-list", HTMLUListElement);
    const isCurrent = (/** @type {Pin} */ pin) => pinsOn(annotator.state)[annotator.state.pin ?? -1] === pin;
    const rows = new Rows(list, (/** @type {[number, Pin]} */ [index, pin]) => JSON.stringify([index, pin, isCurrent(pin)]), ([index, pin]) => row(index, pin, isCurrent(pin)));
    annotator.store.watch((state) => [pinsOn(state), state.draft === null, state.pin], () => {
      const { state } = annotator;
      rows.show(state.draft ? [] : [...pinsOn(state).entries()]);
      list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    });
    list.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-pin]") : null;
      if (button instanceof HTMLElement) this.#visit(Number(button.dataset["pin"]));
    });
  }

  /** Go to the next pin, or after the last one to the first. */
  next() {
    const { state } = this.annotator;
    const { length } = pinsOn(state);
    if (length) this.#visit(((state.pin ?? -1) + 1) % length);
    else this.annotator.say("Nothing is pinned to this photo.");
  }

  /** @param {number} index */
  #visit(index) {
    const { photo } = this.annotator.state;
    const pin = pinsOn(this.annotator.state)[index];
    if (!photo || !pin) return;
    const scale = photo.display_width / photo.width;
    const reach = (AROUND / 2) * Math.max(photo.display_width, photo.display_height);
    const [x, y] = [(pin.x + 0.5) * scale, (pin.y + 0.5) * scale];
    this.stage.frame({ x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach });
    this.annotator.store.update(set({ pin: index }));
    this.annotator.say(`Pin ${index + 1} of ${pinsOn(this.annotator.state).length}: ${pin.text}`);
  }
}

/**
 * @param {number} index
 * @param {Pin} pin
 * @param {boolean} isCurrent
 */
function row(index, { text }, isCurrent) {
  return element("li", {}, element("button", { type: "button", "data-pin": index, "aria-current": isCurrent && "true" }, pinNumber(index), element("span", {}, text)));
}

/**
 * The number that the pin bears on the photo, too.
 * @param {number} index
 */
export function pinNumber(index) {
  return element("span", { class: "pin" }, String(index + 1));
}
