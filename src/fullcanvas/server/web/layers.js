/**
 * The canvases that lie on the photo: fill, borders, heat. They are painted when labels change, never to pan or zoom.
 * Only of a photo that is seen closely borders are lines on the stage, which are drawn whenever it moves.
 */

/** @import {LabelMap} from "./labelmap.js" */
/** @import {Focus, Inks} from "./overlay.js" */
/** @import {Photo, Rect, View} from "./types.js" */
import { byId, clearCanvas } from "./dom.js";
import { drawOutlines, LINES_SHOW_AT } from "./outlines.js";
import { grow, mixInks, paintBorders, paintFill, paintHeat } from "./overlay.js";

const BORDER_WIDTH = 1.3;
const WIDEST = 4;
const REST_MS = 120;
/** How long a repaint of everything may keep a frame, and how many rows it does at a time. */
const SLICE_MS = 2;
const BAND = 4;

export class Layers {
  #fill = byId("fill", HTMLCanvasElement);
  #border = byId("border", HTMLCanvasElement);
  #heat = byId("heat", HTMLCanvasElement);
  /** @type {LabelMap | null} */
  #map = null;
  /** @type {Inks} */
  #inks = mixInks([], { selected: null, lit: null, solo: false, gaps: false, hidden: [] });
  #reach = 1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  #outlines = byId("outlines", HTMLCanvasElement);
  /** @type {View} */
  #view = { scale: 1, x: 0, y: 0 };
  #stage = { width: 1, height: 1 };
  #bordersShown = true;
  #frame = 0;

  /**
   * Another photo.
   * @param {Photo} photo
   * @param {LabelMap} map
   * @param {Focus} focus
   */
  show(photo, map, focus) {
    this.#map = map;
    for (const canvas of [this.#fill, this.#border, this.#heat]) {
      canvas.width = map.width;
      canvas.height = map.height;
    }
    this.#inks = mixInks(photo.regions, focus);
    this.#paint({ x0: 0, y0: 0, x1: map.width, y1: map.height });
  }

  /**
   * The label map changed in a rectangle, or regions changed their colour.
   * @param {Photo} photo
   * @param {Focus} focus
   * @param {Rect | null} changed
   */
  refresh(photo, focus, changed) {
    const map = this.#map;
    if (!map) return;
    const before = this.#inks;
    this.#inks = mixInks(photo.regions, focus);
    if (changed) this.#paint(changed);
    for (const id of [0, ...photo.regions.map((region) => region.id)]) {
      const bounds = map.bounds.get(id);
      if (bounds && !sameInk(before, this.#inks, id)) this.#paint(bounds);
    }
  }

  /**
   * Keep the borders visible, and thin, wherever the photo lies: painted ones once zooming has come to rest.
   * @param {View} view
   * @param {{width: number, height: number}} stage
   */
  moved(view, stage) {
    this.#view = view;
    this.#stage = stage;
    clearTimeout(this.#rest);
    const reach = Math.min(WIDEST, Math.max(1, Math.round(BORDER_WIDTH / view.scale)));
    if (reach !== this.#reach) this.#rest = setTimeout(() => this.#setReach(reach), REST_MS);
    this.#showBorders();
  }

  #showBorders() {
    const close = this.#view.scale >= LINES_SHOW_AT;
    this.#border.hidden = !this.#bordersShown || close;
    this.#outlines.hidden = !this.#bordersShown || !close;
    this.#outline();
  }

  /** Draw the lines, in the next frame. */
  #outline() {
    if (this.#outlines.hidden) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const drawing = clearCanvas(this.#outlines, this.#stage);
      if (this.#map) drawOutlines(drawing, this.#stage, this.#map, this.#view, this.#inks);
    });
  }

  /** @param {number} reach */
  #setReach(reach) {
    this.#reach = reach;
    if (this.#map) this.#paintBorders(this.#map, reach, 0);
  }

  /**
   * Paint the borders anew from a row on: as much as a frame has time for, the rest in the next ones.
   * @param {LabelMap} map
   * @param {number} reach
   * @param {number} from
   */
  #paintBorders(map, reach, from) {
    if (map !== this.#map || reach !== this.#reach) return;
    const end = performance.now() + SLICE_MS;
    let y0 = from;
    for (; y0 < map.height && performance.now() < end; y0 += BAND) {
      this.#paintBorder({ x0: 0, y0, x1: map.width, y1: Math.min(map.height, y0 + BAND) });
    }
    if (y0 < map.height) requestAnimationFrame(() => this.#paintBorders(map, reach, y0));
  }

  /** @param {Uint8Array | null} unsure  One byte a display pixel, or null to take the heat away. */
  showHeat(unsure) {
    const map = this.#map;
    if (map && unsure?.length === map.labels.length) {
      context(this.#heat).putImageData(paintHeat(map, unsure), 0, 0);
    }
    this.#heat.hidden = !unsure;
  }

  /**
   * What is visible of the fill and the borders.
   * @param {number} fill  Opacity.
   * @param {boolean} border
   */
  setVisible(fill, border) {
    this.#fill.style.opacity = String(fill);
    this.#bordersShown = border;
    this.#showBorders();
  }

  /** @param {Rect} rect */
  #paint(rect) {
    if (!this.#map || rect.x1 <= rect.x0 || rect.y1 <= rect.y0) return;
    context(this.#fill).putImageData(paintFill(this.#map, rect, this.#inks), rect.x0, rect.y0);
    this.#paintBorder(rect);
    this.#outline();
  }

  /** @param {Rect} rect */
  #paintBorder(rect) {
    if (!this.#map) return;
    const wide = grow(rect, this.#reach, this.#map);
    context(this.#border).putImageData(paintBorders(this.#map, wide, this.#inks, this.#reach), wide.x0, wide.y0);
  }
}

/**
 * @param {Inks} one
 * @param {Inks} other
 * @param {number} id
 */
function sameInk(one, other, id) {
  return one.fill[id] === other.fill[id] && one.border[id] === other.border[id];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
function context(canvas) {
  const made = canvas.getContext("2d");
  if (!made) throw new Error("this browser has no 2D canvas");
  return made;
}
