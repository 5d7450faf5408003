/** The label map on the client: one region id a display pixel, and how many pixels each region has. */

/** @import {Labels, Rect} from "./types.js" */

export class LabelMap {
  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.labels = new Uint16Array(width * height);
    /** @type {Map<number, number>} */
    this.counts = new Map([[0, width * height]]);
    /**
     * A rectangle that holds all pixels that a region has, and any that it had.
     * @type {Map<number, Rect>}
     */
    this.bounds = new Map();
    /** @type {Labels | null} What lies under the patch that covers the map. */
    this.covered = null;
  }

  /**
   * The region at a display position; 0 is unassigned, and so is everything outside.
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    const column = Math.floor(x);
    const row = Math.floor(y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return 0;
    return this.labels[row * this.width + column] ?? 0;
  }

  /**
   * Write a patch into the map; whatever covered it goes.
   * @param {Labels} patch
   * @returns {Rect | null}  What may have changed.
   */
  apply(patch) {
    return union(this.cover(null), this.#write(patch));
  }

  /**
   * Lay a patch over the map, in the place of the one that covered it before; null only takes that away.
   * @param {Labels | null} patch
   * @returns {Rect | null}  What may have changed.
   */
  cover(patch) {
    const bared = this.covered && this.#write(this.covered);
    this.covered = patch && this.#read(patch.header);
    return union(bared, patch && this.#write(patch));
  }

  /**
   * @param {Rect} rect
   * @returns {Labels}  What the map holds there.
   */
  #read({ x0, y0, x1, y1 }) {
    const labels = new Uint16Array((x1 - x0) * (y1 - y0));
    for (let row = y0; row < y1; row++) {
      const from = row * this.width;
      labels.set(this.labels.subarray(from + x0, from + x1), (row - y0) * (x1 - x0));
    }
    return { header: { x0, y0, x1, y1 }, labels };
  }

  /**
   * @param {Labels} patch
   * @returns {Rect | null}
   */
  #write({ header, labels }) {
    const { x0, y0, x1, y1 } = header;
    if (x1 <= x0 || y1 <= y0) return null;
    if (x1 > this.width || y1 > this.height) throw new Error("a patch reaches out of the photo");
    const width = x1 - x0;
    for (let row = y0; row < y1; row++) {
      const from = row * this.width + x0;
      const fresh = labels.subarray((row - y0) * width, (row - y0 + 1) * width);
      this.#recount(this.labels.subarray(from, from + width), -1);
      this.#recount(fresh, 1, (id, start, end) => this.#extend(id, x0 + start, x0 + end, row));
      this.labels.set(fresh, from);
    }
    return { x0, y0, x1, y1 };
  }

  /**
   * The number of pixels of a region.
   * @param {number} id
   */
  pixels(id) {
    return this.counts.get(id) ?? 0;
  }

  /**
   * Count runs of equal ids, which are long, instead of pixels.
   * @param {Uint16Array} row
   * @param {1 | -1} sign
   * @param {(id: number, start: number, end: number) => void} [seen]  Told of each run.
   */
  #recount(row, sign, seen) {
    for (let start = 0, end = 0; start < row.length; start = end) {
      const id = row[start] ?? 0;
      while (end < row.length && row[end] === id) end++;
      this.counts.set(id, this.pixels(id) + sign * (end - start));
      seen?.(id, start, end);
    }
  }

  /**
   * @param {number} id
   * @param {number} x0
   * @param {number} x1
   * @param {number} y
   */
  #extend(id, x0, x1, y) {
    const known = this.bounds.get(id);
    if (!known) return void this.bounds.set(id, { x0, y0: y, x1, y1: y + 1 });
    known.x0 = Math.min(known.x0, x0);
    known.x1 = Math.max(known.x1, x1);
    known.y0 = Math.min(known.y0, y);
    known.y1 = Math.max(known.y1, y + 1);
  }
}

/**
 * The smallest rectangle that holds both.
 * @param {Rect | null} one
 * @param {Rect | null} other
 */
function union(one, other) {
  if (!one || !other) return one ?? other;
  return { x0: Math.min(one.x0, other.x0), y0: Math.min(one.y0, other.y0), x1: Math.max(one.x1, other.x1), y1: Math.max(one.y1, other.y1) };
}

/**
 * The connected areas of unassigned pixels.
 * @param {LabelMap} map
 * @returns {(Rect & {pixels: number})[]}
 */
export function unassignedAreas(map) {
  const seen = new Uint8Array(map.labels.length);
  const areas = [];
  for (let start = 0; start < seen.length; start++) {
    if (map.labels[start] === 0 && !seen[start]) areas.push(flood(map, seen, start));
  }
  return areas;
}

/**
 * @param {LabelMap} map
 * @param {Uint8Array} seen
 * @param {number} start
 */
function flood({ labels, width, height }, seen, start) {
  const area = { x0: width, y0: height, x1: 0, y1: 0, pixels: 0 };
  const stack = [start];
  seen[start] = 1;
  /** @param {number} next */
  const visit = (next) => {
    if (labels[next] === 0 && !seen[next]) {
      seen[next] = 1;
      stack.push(next);
    }
  };
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % width;
    const y = (at - x) / width;
    area.pixels++;
    area.x0 = Math.min(area.x0, x);
    area.x1 = Math.max(area.x1, x + 1);
    area.y0 = Math.min(area.y0, y);
    area.y1 = Math.max(area.y1, y + 1);
    if (x > 0) visit(at - 1);
    if (x < width - 1) visit(at + 1);
    if (y > 0) visit(at - width);
    if (y < height - 1) visit(at + width);
  }
  return area;
}
