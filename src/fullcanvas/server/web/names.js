/** Where the names of regions stand on the photo: where each has most room. */

/** @import {LabelMap} from "./labelmap.js" */

/**
 * The middle of a region's longest run of pixels along a row, in display pixels, and how long that is.
 * @typedef {{x: number, y: number, room: number}} Anchor
 */

/**
 * @param {LabelMap} map
 * @returns {Map<number, Anchor>}  Of each region that has pixels.
 */
export function anchors(map) {
  return new Map([...longestRuns(map)].map(([id, { from, to, first, last }]) => [id, { x: (from + to) / 2, y: (first + last + 1) / 2, room: to - from }]));
}

/**
 * The longest run of each region, and the rows right below it that have the very same.
 * @param {LabelMap} map
 */
function longestRuns({ labels, width, height }) {
  /** @type {Map<number, {from: number, to: number, first: number, last: number}>} */
  const found = new Map();
  for (let y = 0; y < height; y++) {
    const row = labels.subarray(y * width, (y + 1) * width);
    for (let from = 0, to = 0; from < width; from = to) {
      const id = row[from] ?? 0;
      while (to < width && row[to] === id) to++;
      const best = id ? found.get(id) : null;
      if (id && (!best || to - from > best.to - best.from)) found.set(id, { from, to, first: y, last: y });
      else if (best?.from === from && best.to === to && best.last === y - 1) best.last = y;
    }
  }
  return found;
}
