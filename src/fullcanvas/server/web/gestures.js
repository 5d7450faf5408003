/** Pointers on the stage: which of them draw, which pan, and which pinch. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Press} from "./tools.js" */
/** @import {Point} from "./types.js" */
import { findRegion, isClosed, isPlacing, regionName, select, set } from "./state.js";
import { byId, element } from "./dom.js";
import { handleAt, press } from "./tools.js";

const WHEEL_SPEED = 0.0015;
const PINCH_SPEED = 0.01;
const LINE = 16;
/** A finger or a pen that rests for so long on one place means the region there, as a right click does. */
const HOLD_MS = 500;
/** No finger rests without moving at all; in stage pixels. */
const RESTING = 8;
/** The pointer that the keyboard is; those of the browser have numbers from 0 on. */
const KEYS = -1;

export class Gestures {
  /**
   * Where each pointer is that is down.
   * @type {Map<number, Point>}
   */
  #pointers = new Map();
  /**
   * The press under way, and the pointer that makes it.
   * @type {{pointer: number, press: Press} | null}
   */
  #press = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hold;
  /** @type {Point} Where the latest press began. */
  #start = [0, 0];
  #space = false;
  /** Once a pen was seen, fingers (and the palm) only move the photo. */
  #pen = false;
  #under = byId("under", HTMLElement);

  /**
   * @param {Stage} stage
   * @param {Annotator} annotator
   */
  constructor(stage, annotator) {
    this.stage = stage;
    this.annotator = annotator;
    const { element } = stage;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#cancelled(event));
    element.addEventListener("pointerleave", () => this.#hover(null));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("blur", () => this.holdSpace(false));
    // What is being drawn on a photo is not meant for the next one.
    annotator.store.watch((state) => state.opening, () => this.cancel());
  }

  /** Whether something is being drawn, marked or dragged: what the photo shows should not change under it. */
  get pressed() {
    return this.#press !== null;
  }

  /**
   * While the space bar is held, dragging pans.
   * @param {boolean} held
   */
  holdSpace(held) {
    this.#space = held;
    this.stage.element.classList.toggle("grab", held);
  }

  /** Give up the press under way. Returns whether there was one. */
  cancel() {
    clearTimeout(this.#hold);
    const current = this.#press;
    this.#press = null;
    current?.press.cancel();
    this.annotator.foresight.giveUp();
    return current !== null;
  }

  /**
   * The keyboard's crosshair moves: it hovers, and draws while a press of its own is under way.
   * @param {Point} at
   */
  aim(at) {
    this.#hover(at);
    if (this.#press?.pointer === KEYS) this.#press.press.move(...at, false);
  }

  /**
   * Begin a press with the keyboard's crosshair, or end the one that it makes; a point is placed at once.
   * @param {Point} at
   */
  pressAt(at) {
    if (this.#press) return void (this.#press.pointer === KEYS && this.#end());
    const { state } = this.annotator;
    const atOnce = isPlacing(state) || isClosed(state.photo);
    const begun = press(this.stage, this.annotator, ...at, "fine");
    if (begun) this.#press = { pointer: KEYS, press: begun };
    if (begun && atOnce) this.#end();
  }

  /** Select the region under the pointer. */
  selectUnderPointer() {
    const { hover } = this.stage;
    const region = hover ? this.stage.regionAt(...hover) : 0;
    if (region) this.annotator.store.update(select(region));
    else this.annotator.say("There is no region under the pointer.");
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.target instanceof Element && event.target.closest("button, .notice, .toast, .banner")) return;
    // Else a mouse's events follow a tap, and take the focus from where the tap has put it.
    event.preventDefault();
    const at = this.#position(event);
    if (event.pointerType === "pen") this.#takePen();
    else if (event.pointerType === "touch" && this.#pen && this.#press) return;
    if (this.#press?.pointer === KEYS) this.cancel();
    this.stage.element.focus();
    this.stage.element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, at);
    if (this.#pointers.size > 1) return void (event.pointerType === "touch" && this.cancel());
    if (event.button === 2 || (event.button === 0 && (event.ctrlKey || event.metaKey))) {
      this.#hover(at);
      return this.selectUnderPointer();
    }
    if (event.button === 0 && !this.#pans(event)) this.#begin(event, at);
    this.stage.element.classList.toggle("grabbing", this.#pans(event));
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} at
   */
  #begin(event, at) {
    const { state } = this.annotator;
    const hand = event.pointerType === "touch" ? "coarse" : "fine";
    // Whoever places a point takes their time, and so does who drags one.
    const mayHold = event.pointerType !== "mouse" && !isPlacing(state) && !handleAt(this.stage, this.annotator, ...at, hand);
    const begun = press(this.stage, this.annotator, ...at, hand);
    if (begun) this.#press = { pointer: event.pointerId, press: begun };
    if (mayHold) this.#hold = setTimeout(() => this.#held(at), HOLD_MS);
    this.#start = at;
  }

  /** @param {Point} at */
  #held(at) {
    this.cancel();
    this.#hover(at);
    this.selectUnderPointer();
  }

  /** A pen came down: whatever lies on the screen besides is the palm. */
  #takePen() {
    this.#pen = true;
    this.#pointers.clear();
    this.cancel();
  }

  /** @param {PointerEvent} event */
  #pans(event) {
    return event.button === 1 || this.#space || (event.pointerType === "touch" && this.#pen);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#position(event);
    if (event.pointerType !== "touch") this.#hover(at);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    this.#pointers.set(event.pointerId, at);
    if (Math.hypot(at[0] - this.#start[0], at[1] - this.#start[1]) > RESTING) clearTimeout(this.#hold);
    if (this.#press?.pointer === event.pointerId) return this.#draw(this.#press.press, event);
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, at);
    else if (this.#pointers.size === 1 && this.stage.element.classList.contains("grabbing")) {
      this.stage.pan(at[0] - before[0], at[1] - before[1]);
    }
  }

  /**
   * @param {Press} current
   * @param {PointerEvent} event
   */
  #draw(current, event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) current.move(...this.#position(each), event.shiftKey);
  }

  /**
   * Two fingers: the photo follows both.
   * @param {number} pointer
   * @param {Point} before
   * @param {Point} at
   */
  #pinch(pointer, before, at) {
    const other = [...this.#pointers].find(([id]) => id !== pointer)?.[1];
    if (!other) return;
    const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
    const is = Math.hypot(at[0] - other[0], at[1] - other[1]);
    if (was > 0 && is > 0) this.stage.zoom(is / was, (before[0] + other[0]) / 2, (before[1] + other[1]) / 2);
    this.stage.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#release(event);
    if (this.#press?.pointer === event.pointerId) this.#end();
  }

  /** What is drawn counts. */
  #end() {
    const done = this.#press?.press;
    this.#press = null;
    this.annotator.foresight.stop();
    done?.end();
  }

  /** @param {PointerEvent} event */
  #cancelled(event) {
    this.#release(event);
    if (this.#press?.pointer === event.pointerId && this.cancel()) {
      this.annotator.say("The stroke was interrupted: draw it again.", "error");
    }
  }

  /** @param {PointerEvent} event */
  #release(event) {
    clearTimeout(this.#hold);
    this.#pointers.delete(event.pointerId);
    if (!this.#pointers.size) this.stage.element.classList.remove("grabbing");
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const distance = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    this.stage.zoom(Math.exp(-distance * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED)), ...this.#position(event));
  }

  /** @param {Point | null} at */
  #hover(at) {
    const { state } = this.annotator;
    this.stage.hover = at;
    this.stage.twin?.point(at);
    if (isPlacing(state) || state.aiming || state.tool) this.stage.redraw();
    const region = at ? findRegion(state.photo, this.stage.regionAt(...at)) : null;
    const under = region?.id ?? null;
    if (under !== state.under) this.annotator.store.update(set({ under }));
    const [x, y] = at ? this.stage.toPhoto(...at) : [0, 0];
    // Set apart: after a name that runs from right to left, x and y would change places.
    const name = region ? [element("bdi", {}, regionName(region)), " · "] : [];
    this.#under.replaceChildren(...(at && state.photo ? [...name, `${Math.floor(x)}, ${Math.floor(y)}`] : []));
    const handle = at && !this.#press ? handleAt(this.stage, this.annotator, ...at, "fine") : null;
    this.stage.element.dataset["handle"] = handle ? (handle.free ? "point" : handle.index < 2 ? "across" : "down") : "";
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #position(event) {
    const { left, top } = this.stage.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }
}
