/** The stage: where the photo, its layers and what is being drawn are shown, and how positions on it are meant. */

/** @import {Annotator} from "./annotator.js" */
/** @import {LabelMap} from "./labelmap.js" */
/** @import {Box, Color, Photo, Point, Rect, View} from "./types.js" */
/** @import {Scene} from "./ink.js" */
/** @import {Loupe} from "./loupe.js" */
/** @import {Twin} from "./twin.js" */
import { Closeness } from "./closeness.js";
import { byId, clearCanvas } from "./dom.js";
import { pinsOn } from "./draft.js";
import { drawScene } from "./ink.js";
import { Layers } from "./layers.js";
import { MAGNIFICATION } from "./loupe.js";
import { anchors } from "./names.js";
import { Picture } from "./picture.js";
import { boxOf, brushRadius, findRegion, isPlacing, regionName, set } from "./state.js";
import * as views from "./view.js";

/**
 * What is being drawn right now, in photo pixels; of points also where the pointer is, in stage pixels.
 * @typedef {{kind: "stroke", points: Point[], width?: number | null} | {kind: "points", points: Point[], at: Point, width?: null}} Live
 */

const NEUTRAL = /** @type {Color} */ ([47, 127, 134]);
const PIXELS_SHOW_AT = 4;
const CLOSEST_FRAME = 6;

export class Stage {
  element = byId("stage", HTMLElement);
  layers = new Layers();
  #closeness;
  /** @type {View} */
  view = { scale: 1, x: 0, y: 0 };
  /** @type {Live | null} */
  live = null;
  /** @type {Twin | null} */
  twin = null;
  /** @type {Loupe | null} */
  loupe = null;
  /** @type {Point | null} Where the pointer is, in stage pixels. */
  hover = null;
  #sheet = byId("sheet", HTMLElement);
  #picture = new Picture();
  #ink = byId("ink", HTMLCanvasElement);
  #zoom = byId("zoom", HTMLElement);
  #size = { width: 1, height: 1 };
  /** @type {Photo["id"] | null} */
  #shown = null;
  /** @type {ReturnType<typeof anchors> | null} Where names stand, until the label map changes. */
  #anchors = null;
  #frame = 0;

  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
    annotator.sight = this;
    this.#closeness = new Closeness(annotator, this.layers);
    new ResizeObserver(() => this.#resize()).observe(this.element);
    const { store } = annotator;
    store.watch((state) => [state.photo, state.selected, state.lit, state.solo, state.gaps, state.hidden, state.overlay], () => this.refresh(null));
    store.watch((state) => [state.photo, state.selected, state.points, state.sketches, state.marking, state.aiming, state.tool, state.brush, state.loupe], () => this.redraw());
    store.watch((state) => state.selected, () => this.#reveal());
    store.watch((state) => [state.names, state.place, state.overlay, state.peek, pinsOn(state), state.pin], () => this.redraw());
    store.watch((state) => [state.overlay, state.peek, state.heat, state.opacity, state.photo === null], () => this.#showLayers());
  }

  /**
   * @param {Photo} photo
   * @param {HTMLImageElement} image
   * @param {LabelMap} map
   */
  show(photo, image, map) {
    this.#picture.show(photo, image);
    this.#sheet.style.width = `${map.width}px`;
    this.#sheet.style.height = `${map.height}px`;
    this.#anchors = null;
    this.#closeness.changed();
    this.layers.show(photo, map, this.annotator.state);
    // The same photo again stays where it is: close enough, it is shown in full once more.
    if (this.#shown === photo.id) this.#move(this.view);
    else this.fit();
    this.#shown = photo.id;
  }

  /** @param {Rect | null} changed */
  refresh(changed) {
    const { photo } = this.annotator.state;
    if (changed) {
      this.#anchors = null;
      this.#closeness.changed();
    }
    if (photo && photo.id === this.#shown) this.layers.refresh(photo, this.annotator.state, changed);
  }

  /** The whole photo. */
  fit() {
    const { map } = this.annotator;
    if (map) this.#move(views.fit(map, this.#size));
  }

  /**
   * Zoom to a rectangle of display pixels, but not closer than makes sense, and not further than the whole photo.
   * @param {Rect} rect
   * @param {number} [closest]  The scale that makes sense.
   */
  frame(rect, closest = CLOSEST_FRAME) {
    const { map } = this.annotator;
    if (!map) return;
    const fitted = views.fit(map, this.#size);
    const framed = views.frame(rect, this.#size, Math.min(this.#size.width, this.#size.height) / 5);
    const back = Math.min(1, closest / framed.scale);
    const near = views.zoomAt(framed, back, this.#size.width / 2, this.#size.height / 2, 0);
    this.#move(near.scale < fitted.scale ? fitted : near);
  }

  /** Zoom to the selected region, whose pixels may be smaller than the display's. */
  frameSelected() {
    const { photo, selected } = this.annotator.state;
    const region = findRegion(photo, selected);
    if (!photo || !region) return this.annotator.say("Select the region to zoom to first: Tab, or click its row.");
    const [across, down] = [photo.display_width / photo.width, photo.display_height / photo.height];
    const [x0, y0, x1, y1] = region.box;
    this.frame({ x0: x0 * across, y0: y0 * down, x1: x1 * across, y1: y1 * down }, CLOSEST_FRAME / across);
  }

  /** Bring the selected region into sight if none of its box is, but not under a drag. */
  #reveal() {
    const { photo, selected } = this.annotator.state;
    const region = findRegion(photo, selected);
    if (!photo || !region || this.live || photo.id !== this.#shown) return;
    const [left, top, right, bottom] = this.boxOnStage(region.extreme_points);
    const { width, height } = this.#size;
    if (right < 0 || bottom < 0 || left > width || top > height) this.pan((width - left - right) / 2, (height - top - bottom) / 2);
  }

  /**
   * @param {number} factor
   * @param {number} [x]  The stage position that stays; the middle if left out.
   * @param {number} [y]
   */
  zoom(factor, x = this.#size.width / 2, y = this.#size.height / 2) {
    const { map } = this.annotator;
    if (map) this.#move(views.zoomAt(this.view, factor, x, y, views.fit(map, this.#size).scale / 4));
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.#move(views.pan(this.view, dx, dy));
  }

  /**
   * The photo position under a stage position, moved into the photo if it lies outside.
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  toPhoto(x, y) {
    const { photo } = this.annotator.state;
    const { map } = this.annotator;
    if (!photo || !map) return [0, 0];
    const [column, row] = views.toDisplay(this.view, x, y);
    return [within(column / map.width, photo.width), within(row / map.height, photo.height)];
  }

  /**
   * Whether a stage position lies in the photo.
   * @param {number} x
   * @param {number} y
   */
  inside(x, y) {
    const { map } = this.annotator;
    const [column, row] = views.toDisplay(this.view, x, y);
    return map !== null && column >= 0 && row >= 0 && column < map.width && row < map.height;
  }

  /**
   * The region at a stage position; 0 if there is none.
   * @param {number} x
   * @param {number} y
   */
  regionAt(x, y) {
    return this.annotator.map?.at(...views.toDisplay(this.view, x, y)) ?? 0;
  }

  /**
   * The stage position of a photo position.
   * @param {Point} point
   * @returns {Point}
   */
  toStage([x, y]) {
    const { photo } = this.annotator.state;
    const { map } = this.annotator;
    if (!photo || !map) return [0, 0];
    return views.toStage(this.view, (x * map.width) / photo.width, (y * map.height) / photo.height);
  }

  /** The brush's radius in stage pixels. */
  get brushRadius() {
    return brushRadius(this.annotator.state) / this.photoPixels;
  }

  /** How many photo pixels a stage pixel is. */
  get photoPixels() {
    const { photo } = this.annotator.state;
    const { map } = this.annotator;
    return photo && map ? photo.width / map.width / this.view.scale : 1;
  }

  /**
   * The box of some pixels, on the stage.
   * @param {Point[]} points
   * @returns {Box}
   */
  boxOnStage(points) {
    const [x0, y0, x1, y1] = boxOf(points);
    return [...this.toStage([x0, y0]), ...this.toStage([x1, y1])];
  }

  /** Draw what is being drawn, in the next frame. */
  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #resize() {
    const { width, height } = this.element.getBoundingClientRect();
    const fitted = this.#isFitted();
    this.#size = { width, height };
    if (fitted) this.fit();
    else this.#move(this.view);
    this.#draw();
  }

  #isFitted() {
    const { map } = this.annotator;
    if (!map) return true;
    const fitted = views.fit(map, this.#size);
    return Math.abs(fitted.scale - this.view.scale) < 1e-6 && Math.abs(fitted.x - this.view.x) < 1;
  }

  /** @param {View} view */
  #move(view) {
    const { map } = this.annotator;
    if (!map) return;
    this.view = views.clamp(view, map, this.#size);
    const { scale, x, y } = this.view;
    this.#sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.#sheet.classList.toggle("close", scale * devicePixelRatio >= PIXELS_SHOW_AT);
    this.#zoom.textContent = `${Math.round(((scale * map.width) / (this.annotator.state.photo?.width ?? map.width)) * 100)} %`;
    this.twin?.show(this.view, map);
    this.layers.moved(this.view, this.#size);
    this.#closeness.moved(this.view, this.#size);
    this.#picture.zoomed(scale * devicePixelRatio);
    if (scale !== this.annotator.state.scale) this.annotator.store.update(set({ scale }));
    this.redraw();
  }

  #showLayers() {
    const { overlay, peek, heat, opacity, photo } = this.annotator.state;
    this.#sheet.hidden = photo === null;
    if (photo === null) this.#shown = null;
    this.layers.setVisible(overlay === "full" && !peek && !heat ? opacity : 0, overlay !== "hidden" && !peek && photo !== null, !peek);
  }

  #draw() {
    drawScene(clearCanvas(this.#ink, this.#size), this.#size.width, this.#size.height, this.#scene());
    if (this.loupe?.show(this.#aim())) this.#picture.zoomed(this.view.scale * devicePixelRatio * MAGNIFICATION);
  }

  /**
   * Where an extreme point is about to be placed, in stage pixels.
   * @returns {Point | null}
   */
  #aim() {
    if (this.live) return this.live.kind === "points" ? this.live.at : null;
    return this.annotator.state.marking ? this.hover : null;
  }

  /** @returns {Scene} */
  #scene() {
    const { state } = this.annotator;
    const { photo, selected, points, sketches, marking, aiming, tool } = state;
    if (!photo || this.#shown !== photo.id) return { names: [], strokes: [], boxes: [], handles: null, crosshair: null, brush: null, pins: [] };
    const drawn = [...sketches, ...(this.live ? [this.live] : [])];
    const marked = marking && this.live?.kind !== "points" ? this.#running(points) : [];
    const region = this.live?.kind === "points" && !marking ? null : findRegion(photo, selected);
    return {
      names: this.#names(photo),
      strokes: drawn.filter(({ kind }) => kind === "stroke").map((stroke) => this.#stroke(stroke.points, stroke.width ?? null)),
      boxes: [...drawn.filter(({ kind }) => kind === "points").map((drawing) => this.#marked(drawing.points)), ...marked, ...this.#place()],
      handles: region && { ...this.#marked(region.extreme_points), color: region.color },
      crosshair: isPlacing(state) || aiming ? this.hover : null,
      brush: this.hover && (tool === "paint" || tool === "erase") ? { at: this.hover, radius: this.brushRadius } : null,
      pins: this.#pins(),
    };
  }

  /** What is pinned to the photo, unless the person wants to see the photo alone. */
  #pins() {
    const { state } = this.annotator;
    if (state.overlay === "hidden" || state.peek) return [];
    return pinsOn(state).map(({ x, y }, index) => ({ at: this.toStage([x + 0.5, y + 0.5]), isCurrent: index === state.pin }));
  }

  /**
   * The names of the regions that are shown, those with most room first.
   * @param {Photo} photo
   * @returns {Scene["names"]}
   */
  #names({ regions, width }) {
    const { names, overlay, peek, hidden } = this.annotator.state;
    const { map } = this.annotator;
    if (!map || !names || overlay === "hidden" || peek) return [];
    this.#anchors ??= anchors(map);
    const scale = width / map.width;
    const shown = regions.filter(({ id }) => !hidden.includes(id)).flatMap((region) => {
      const anchor = this.#anchors?.get(region.id);
      return anchor ? [{ text: regionName(region), color: region.color, at: this.toStage([anchor.x * scale, anchor.y * scale]), room: anchor.room * this.view.scale }] : [];
    });
    return shown.sort((one, other) => other.room - one.room);
  }

  /** Where the person was led to. */
  #place() {
    const { place } = this.annotator.state;
    if (!place) return [];
    const box = /** @type {Box} */ ([...views.toStage(this.view, place.x0, place.y0), ...views.toStage(this.view, place.x1, place.y1)]);
    return [{ points: [], box }];
  }

  /**
   * @param {Point[]} points
   * @param {number | null} width  Of a brush, in stage pixels; null is a line.
   */
  #stroke(points, width) {
    const { photo, selected } = this.annotator.state;
    const start = points[0] ? this.toStage(points[0]) : null;
    const owner = selected ?? (start ? this.regionAt(...start) : null);
    return { points: points.map((point) => this.toStage(point)), color: findRegion(photo, owner)?.color ?? NEUTRAL, width };
  }

  /**
   * The box so far, reaching to the pointer.
   * @param {Point[]} points
   */
  #running(points) {
    if (!points.length) return [];
    const reached = this.hover ? [...points, this.toPhoto(...this.hover)] : points;
    return [{ points: this.#marked(points).points, box: this.boxOnStage(reached) }];
  }

  /**
   * @param {Point[]} points
   * @returns {{points: Point[], box: Box}}
   */
  #marked(points) {
    return { points: points.map(([x, y]) => this.toStage([Math.floor(x) + 0.5, Math.floor(y) + 0.5])), box: this.boxOnStage(points) };
  }
}

/**
 * A fraction of a side as a position that lies in the photo.
 * @param {number} fraction
 * @param {number} side
 */
function within(fraction, side) {
  return Math.min(side - 0.01, Math.max(0, fraction * side));
}
