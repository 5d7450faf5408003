/** Where a correction is expected to gain most: pure functions on the label map and the model's uncertainty. */

/** @import {LabelMap} from "./labelmap.js" */
/** @import {Rect} from "./types.js" */
import { unassignedAreas } from "./labelmap.js";

/**
 * A place to look at. Its gain is how many display pixels are expected to be wrong there: all that are unassigned;
 * and half of the uncertainty of others, because where two regions compete with shares p and 1 - p, the uncertainty
 * 1 - |2p - 1| is twice the chance that the weaker one is right.
 * @typedef {Rect & {gain: number, unassigned: boolean}} Place
 */

/** Unsure places are as large as this part of the longer side of the photo. */
const PART = 1 / 12;
/** Where less than this share of the pixels is expected to be wrong, nobody needs to look. */
const WORTH = 0.06;
/** Unsure places are at least this many of their sides apart. */
const APART = 0.8;

/**
 * The places to look at, the most promising first.
 * @param {LabelMap} map
 * @param {Uint8Array | null} unsure  One byte a display pixel, if known.
 * @returns {Place[]}
 */
export function places(map, unsure) {
  const gaps = unassignedAreas(map).map(({ x0, y0, x1, y1, pixels }) => ({ x0, y0, x1, y1, gain: pixels, unassigned: true }));
  const doubts = unsure?.length === map.labels.length ? unsurePlaces(map, unsure) : [];
  return [...gaps, ...doubts].sort((one, other) => other.gain - one.gain);
}

/**
 * Squares of unsure pixels that hardly overlap, the most promising first.
 * @param {LabelMap} map
 * @param {Uint8Array} unsure
 * @returns {Place[]}
 */
function unsurePlaces(map, unsure) {
  const side = Math.max(8, Math.ceil(Math.max(map.width, map.height) * PART));
  const found = candidates(map, summed(map, unsure), side).sort((one, other) => other.gain - one.gain);
  /** @type {Place[]} */
  const kept = [];
  for (const place of found) {
    if (kept.every((other) => isApart(place, other, APART * side))) kept.push(place);
  }
  return kept;
}

/**
 * Squares in steps of a quarter of their side, where a look is worth it.
 * @param {LabelMap} map
 * @param {Float64Array} sums
 * @param {number} side
 * @returns {Place[]}
 */
function candidates({ width, height }, sums, side) {
  const found = [];
  const step = Math.max(2, side >> 2);
  for (let y0 = 0; y0 < height; y0 += step) {
    for (let x0 = 0; x0 < width; x0 += step) {
      const rect = { x0, y0, x1: Math.min(width, x0 + side), y1: Math.min(height, y0 + side) };
      const gain = within(sums, width + 1, rect) / 255 / 2;
      if (gain > WORTH * side * side) found.push({ ...rect, gain, unassigned: false });
    }
  }
  return found;
}

/**
 * For every corner of pixels, the uncertainty of all assigned pixels above and left of it.
 * @param {LabelMap} map
 * @param {Uint8Array} unsure
 */
function summed({ labels, width, height }, unsure) {
  const across = width + 1;
  const sums = new Float64Array(across * (height + 1));
  for (let y = 0, at = 0; y < height; y++) {
    let row = 0;
    for (let x = 1; x <= width; x++, at++) {
      row += labels[at] ? (unsure[at] ?? 0) : 0;
      sums[(y + 1) * across + x] = (sums[y * across + x] ?? 0) + row;
    }
  }
  return sums;
}

/**
 * @param {Float64Array} sums
 * @param {number} across
 * @param {Rect} rect
 */
function within(sums, across, { x0, y0, x1, y1 }) {
  const corner = (/** @type {number} */ x, /** @type {number} */ y) => sums[y * across + x] ?? 0;
  return corner(x1, y1) - corner(x0, y1) - corner(x1, y0) + corner(x0, y0);
}

/**
 * @param {Rect} one
 * @param {Rect} other
 * @param {number} distance
 */
function isApart(one, other, distance) {
  return Math.max(Math.abs(one.x0 - other.x0), Math.abs(one.y0 - other.y0)) >= distance;
}
