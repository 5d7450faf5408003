/** The photo alone, beside the stage and moving with it, with a mark where the pointer is. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Point, View} from "./types.js" */
import { byId } from "./dom.js";

export class Twin {
  #element = byId("twin", HTMLElement);
  #sheet = byId("twin-sheet", HTMLElement);
  #mark = byId("twin-mark", HTMLElement);

  /**
   * @param {Annotator} annotator
   * @param {Stage} stage
   */
  constructor(annotator, stage) {
    stage.twin = this;
    annotator.store.watch((state) => state.beside && state.photo !== null, (shown) => (this.#element.hidden = !shown));
    this.#element.addEventListener("wheel", (event) => stage.element.dispatchEvent(this.#moved(event, stage)), { passive: false });
  }

  /**
   * @param {View} view
   * @param {{width: number, height: number}} size  Of the photo, in display pixels.
   */
  show({ scale, x, y }, { width, height }) {
    Object.assign(this.#sheet.style, { width: `${width}px`, height: `${height}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` });
  }

  /** @param {Point | null} at  Where the pointer is on the stage, in stage pixels. */
  point(at) {
    this.#mark.hidden = at === null;
    if (at) this.#mark.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
  }

  /**
   * The same turn of the wheel, at the same place of the stage.
   * @param {WheelEvent} event
   * @param {Stage} stage
   */
  #moved(event, stage) {
    event.preventDefault();
    const here = this.#element.getBoundingClientRect();
    const there = stage.element.getBoundingClientRect();
    const { deltaY, deltaMode, ctrlKey } = event;
    const place = { clientX: event.clientX - here.left + there.left, clientY: event.clientY - here.top + there.top };
    return new WheelEvent("wheel", { deltaY, deltaMode, ctrlKey, ...place, cancelable: true });
  }
}
