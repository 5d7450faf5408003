/** A magnifier beside the pointer while extreme points are placed: an answer is as good as its four points. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Point} from "./types.js" */
import { byId } from "./dom.js";
import { toDisplay } from "./view.js";

export const MAGNIFICATION = 4;
/** Once a photo pixel is so many stage pixels wide, the eye needs no help. */
const LARGE_PIXEL = 5;
const GAP = 22;

export class Loupe {
  #canvas = byId("loupe", HTMLCanvasElement);
  #picture = byId("picture", HTMLElement);

  /**
   * @param {Annotator} annotator
   * @param {Stage} stage
   */
  constructor(annotator, stage) {
    this.annotator = annotator;
    this.stage = stage;
    stage.loupe = this;
  }

  /**
   * Magnify what lies under a stage position.
   * @param {Point | null} at  Null puts the loupe away.
   * @returns {boolean}  Whether anything is magnified.
   */
  show(at) {
    const { map, state } = this.annotator;
    const image = this.#picture.querySelector("img");
    const wanted = at !== null && map !== null && image !== null && state.loupe && this.stage.photoPixels * LARGE_PIXEL > 1;
    this.#canvas.hidden = !wanted;
    const context = wanted ? this.#canvas.getContext("2d") : null;
    if (!wanted || !context) return false;
    this.#place(at);
    const side = this.#canvas.clientWidth;
    const span = side / MAGNIFICATION / this.stage.view.scale;
    const [x, y] = toDisplay(this.stage.view, ...at);
    const across = image.naturalWidth / map.width;
    const down = image.naturalHeight / map.height;
    const pixels = Math.round(side * devicePixelRatio);
    if (this.#canvas.width !== pixels) Object.assign(this.#canvas, { width: pixels, height: pixels });
    context.clearRect(0, 0, pixels, pixels);
    context.imageSmoothingEnabled = false;
    context.drawImage(image, (x - span / 2) * across, (y - span / 2) * down, span * across, span * down, 0, 0, pixels, pixels);
    drawCross(context, pixels);
    return true;
  }

  /**
   * Above and to the right of the pointer; to its left where the stage ends. Below, where a hand would cover it, only in
   * a stage that is too narrow for either.
   * @param {Point} at
   */
  #place([x, y]) {
    const { width, height } = this.stage.element.getBoundingClientRect();
    const side = this.#canvas.offsetWidth;
    const right = x + GAP + side <= width;
    const beside = right || x - GAP - side >= 0;
    const left = right ? x + GAP : Math.max(0, x - GAP - side);
    const above = y - GAP - side;
    const top = above >= 0 || beside ? Math.max(0, above) : Math.min(y + GAP, height - side);
    this.#canvas.style.transform = `translate(${left}px, ${top}px)`;
  }
}

/**
 * Two lines that leave the middle open, dark beside light: one of both shows on any photo.
 * @param {CanvasRenderingContext2D} context
 * @param {number} side
 */
function drawCross(context, side) {
  const middle = side / 2;
  const open = side / 14;
  for (const [color, offset] of /** @type {const} */ ([["rgb(0 0 0 / 60%)", 1], ["rgb(255 255 255 / 90%)", 0]])) {
    context.fillStyle = color;
    const at = Math.round(middle) + offset;
    context.fillRect(at, 0, 1, middle - open);
    context.fillRect(at, middle + open, 1, middle - open);
    context.fillRect(0, at, middle - open, 1);
    context.fillRect(middle + open, at, middle - open, 1);
  }
}
