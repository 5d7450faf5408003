/** What is on the stage of a large photo, at full resolution: fetched once the person looks closely and nothing changes. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Layers} from "./layers.js" */
/** @import {Rect, View} from "./types.js" */
import { getFullLabels } from "./api.js";

const REST_MS = 350;
const AGAIN_MS = 3000;
const MOST_PIXELS = 4_000_000;

export class Closeness {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  /** @type {Rect | null} What is on the stage, in photo pixels. */
  #window = null;
  /** @type {Rect | null} What of it is shown at full resolution. */
  #shown = null;

  /**
   * @param {Annotator} annotator
   * @param {Layers} layers
   */
  constructor(annotator, layers) {
    this.annotator = annotator;
    this.layers = layers;
  }

  /**
   * The photo lies elsewhere on the stage.
   * @param {View} view
   * @param {{width: number, height: number}} stage
   */
  moved(view, stage) {
    this.#window = this.#windowOf(view, stage);
    if (!this.#window) this.changed();
    else if (!this.#shown || !holds(this.#shown, this.#window)) this.#restart();
  }

  /** What was fetched holds no longer. */
  changed() {
    this.#shown = null;
    this.layers.showFine(null);
    this.#restart();
  }

  #restart() {
    clearTimeout(this.#rest);
    this.#rest = this.#window ? setTimeout(() => void this.#fetch(), REST_MS) : undefined;
  }

  async #fetch() {
    const { map } = this.annotator;
    const { photo, waiting } = this.annotator.state;
    const rest = this.#rest;
    const window = this.#window;
    if (!photo || !map || !window) return;
    if (waiting || map.covered) return this.#restart();
    const labels = await getFullLabels(photo.id, window).catch(() => null);
    if (rest !== this.#rest || photo.version !== this.annotator.state.photo?.version) return;
    if (!labels) {
      // Somebody's change goes first, or the server is away: until then it is shown as it was before.
      this.#rest = setTimeout(() => void this.#fetch(), AGAIN_MS);
      return;
    }
    this.#shown = window;
    const { header } = labels;
    const [across, down] = [map.width / photo.width, map.height / photo.height];
    const at = { x0: header.x0 * across, y0: header.y0 * down, x1: header.x1 * across, y1: header.y1 * down };
    this.layers.showFine({ grid: { width: header.x1 - header.x0, height: header.y1 - header.y0, labels: labels.labels }, at });
  }

  /**
   * What is on the stage, if it is so close that the display's pixels are coarse.
   * @param {View} view
   * @param {{width: number, height: number}} stage
   * @returns {Rect | null}
   */
  #windowOf({ scale, x, y }, stage) {
    const { photo } = this.annotator.state;
    const { map } = this.annotator;
    if (!photo || !map || photo.width === map.width) return null;
    const [across, down] = [(scale * map.width) / photo.width, (scale * map.height) / photo.height];
    const x0 = Math.max(0, Math.floor(-x / across));
    const y0 = Math.max(0, Math.floor(-y / down));
    const x1 = Math.min(photo.width, Math.ceil((stage.width - x) / across));
    const y1 = Math.min(photo.height, Math.ceil((stage.height - y) / down));
    return across >= 1 && x1 > x0 && y1 > y0 && (x1 - x0) * (y1 - y0) <= MOST_PIXELS ? { x0, y0, x1, y1 } : null;
  }
}

/**
 * @param {Rect} outer
 * @param {Rect} inner
 */
function holds(outer, inner) {
  return outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1;
}
