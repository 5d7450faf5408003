/**
 * The canvases that lie on the photo: fill, borders, heat. They are painted when labels change, never to pan or zoom.
 * Only of a photo that is seen closely borders are lines on the stage, which are drawn whenever it moves.
 */

/** @import {LabelMap} from "./labelmap.js" */
/** @import {Focus, Grid, Inks} from "./overlay.js" */
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
  #inks = mixInks([], { selected: null, lit: null, solo: false, gaps: false, hidden: [], overlay: "full" });
  #reach = 1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  #outlines = byId("outlines", HTMLCanvasElement);
  /** @type {View} */
  #view = { scale: 1, x: 0, y: 0 };
  #stage = { width: 1, height: 1 };
  #bordersShown = true;
  #frame = 0;
  #fine = byId("fine", HTMLCanvasElement);
  /** @type {{grid: Grid, at: Rect} | null} Full resolution, and where it lies in display pixels. */
  #close = null;

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
    let repainted = false;
    for (const id of [0, ...photo.regions.map((region) => region.id)]) {
      const bounds = map.bounds.get(id);
      if (bounds && !sameInk(before, this.#inks, id)) {
        this.#paint(bounds);
        repainted = true;
      }
    }
    if (repainted) this.#paintFine();
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
      drawing.save();
      if (this.#close) this.#drawFine(drawing, this.#close);
      if (this.#map) drawOutlines(drawing, this.#stage, this.#map, this.#view, this.#inks);
      drawing.restore();
    });
  }

  /**
   * Draw the lines of a part at full resolution, and keep all others out of it.
   * @param {CanvasRenderingContext2D} drawing
   * @param {{grid: Grid, at: Rect}} close
   */
  #drawFine(drawing, { grid, at }) {
    const { scale, x, y } = this.#view;
    const [left, top, width, height] = [x + at.x0 * scale, y + at.y0 * scale, (at.x1 - at.x0) * scale, (at.y1 - at.y0) * scale];
    const part = new Path2D();
    part.rect(left, top, width, height);
    const around = new Path2D(part);
    around.rect(0, 0, this.#stage.width, this.#stage.height);
    const pixel = width / grid.width;
    drawing.save();
    drawing.clip(part);
    // The display's pixels are not quite square: its sides are whole numbers.
    drawing.translate(0, top);
    drawing.scale(1, height / grid.height / pixel);
    const rows = { width: this.#stage.width, height: grid.height * pixel };
    drawOutlines(drawing, rows, grid, { scale: pixel, x: left, y: 0 }, this.#inks);
    drawing.restore();
    drawing.clip(around, "evenodd");
  }

  /**
   * Show a part at full resolution, in the place of what the display has there.
   * @param {{grid: Grid, at: Rect} | null} close  Where it lies is in display pixels; null takes it away.
   */
  showFine(close) {
    if (!close && !this.#close) return;
    this.#close = close;
    this.#fine.hidden = !close;
    this.#fill.style.clipPath = close && this.#map ? hole(close.at, this.#map) : "";
    if (close) {
      const { grid, at } = close;
      Object.assign(this.#fine, { width: grid.width, height: grid.height });
      // Transformed rather than placed: a place is rounded to pixels, which here are the display's.
      const scale = `scale(${(at.x1 - at.x0) / grid.width}, ${(at.y1 - at.y0) / grid.height})`;
      Object.assign(this.#fine.style, { width: `${grid.width}px`, height: `${grid.height}px`, transform: `translate(${at.x0}px, ${at.y0}px) ${scale}` });
      this.#paintFine();
    }
    this.#outline();
  }

  #paintFine() {
    if (!this.#close) return;
    const { grid } = this.#close;
    context(this.#fine).putImageData(paintFill(grid, { x0: 0, y0: 0, x1: grid.width, y1: grid.height }, this.#inks), 0, 0);
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
   * What is visible of the fill, the borders, and the heat, if it is shown.
   * @param {number} fill  Opacity.
   * @param {boolean} border
   * @param {boolean} heat
   */
  setVisible(fill, border, heat) {
    this.#fill.style.opacity = this.#fine.style.opacity = String(fill);
    this.#heat.style.visibility = heat ? "" : "hidden";
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
 * What leaves a rectangle of a map out.
 * @param {Rect} rect
 * @param {{width: number, height: number}} map
 */
function hole({ x0, y0, x1, y1 }, { width, height }) {
  const ring = [[0, 0], [width, 0], [width, height], [0, height], [0, 0], [x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
  return `polygon(evenodd, ${ring.map(([x, y]) => `${x}px ${y}px`).join(", ")})`;
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
