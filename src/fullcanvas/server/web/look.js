/** Where to look next: unassigned areas first, then the places where the model is least sure. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Rect} from "./types.js" */
import { unassignedAreas } from "./labelmap.js";

/** Places are looked for on a grid of this many cells along the longer side of the photo. */
const CELLS = 12;
/** A place less unsure than this, on average over its cell, is not worth a look. */
const WORTH = 0.12 * 255;

export class Lookout {
  #version = -1;
  #turn = 0;
  /** @type {Uint8Array | null} */
  #unsure = null;

  /**
   * @param {Annotator} annotator
   * @param {Stage} stage
   */
  constructor(annotator, stage) {
    this.annotator = annotator;
    this.stage = stage;
  }

  /** Show the next place; after a change it begins with the biggest again. */
  async next() {
    const { map, state } = this.annotator;
    if (!map || !state.photo) return this.annotator.say("Open a photo first.");
    const gaps = unassignedAreas(map);
    if (!gaps.length) await this.#learn();
    if (this.annotator.map !== map) return;
    const unsure = this.#unsure;
    const places = gaps.length || !unsure ? gaps : unsurePlaces(unsure, map.width, map.height);
    this.#visit(places, gaps.length ? "Unassigned area" : "Unsure place");
  }

  /**
   * @param {Rect[]} places
   * @param {string} kind
   */
  #visit(places, kind) {
    const version = this.annotator.state.photo?.version ?? -1;
    this.#turn = version === this.#version ? this.#turn + 1 : 0;
    this.#version = version;
    const place = places[this.#turn % Math.max(1, places.length)];
    if (!place) return this.annotator.say("No pixel is unassigned, and the model is sure everywhere.");
    this.stage.frame(place);
    this.annotator.say(`${kind} ${(this.#turn % places.length) + 1} of ${places.length}.`);
  }

  async #learn() {
    if (this.#unsure && this.annotator.state.photo?.version === this.#version) return;
    this.#unsure = await this.annotator.uncertainty();
  }
}

/**
 * The cells of a grid that are unsure, the most promising first.
 * @param {Uint8Array} unsure  One byte a display pixel.
 * @param {number} width
 * @param {number} height
 * @returns {Rect[]}
 */
export function unsurePlaces(unsure, width, height) {
  const side = Math.max(8, Math.ceil(Math.max(width, height) / CELLS));
  const places = [];
  for (let y0 = 0; y0 < height; y0 += side) {
    for (let x0 = 0; x0 < width; x0 += side) {
      const rect = { x0, y0, x1: Math.min(width, x0 + side), y1: Math.min(height, y0 + side) };
      const doubt = sum(unsure, width, rect);
      if (doubt > WORTH * (rect.x1 - rect.x0) * (rect.y1 - rect.y0)) places.push({ ...rect, doubt });
    }
  }
  return places.sort((one, other) => other.doubt - one.doubt);
}

/**
 * @param {Uint8Array} values
 * @param {number} width
 * @param {Rect} rect
 */
function sum(values, width, rect) {
  let total = 0;
  for (let y = rect.y0; y < rect.y1; y++) {
    for (let at = y * width + rect.x0; at < y * width + rect.x1; at++) total += values[at] ?? 0;
  }
  return total;
}
