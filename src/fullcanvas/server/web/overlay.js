/** From region ids to pixels: the coloured fill and the borders, computed for one rectangle at a time. */

/** @import {LabelMap} from "./labelmap.js" */
/** @import {Overlay} from "./state.js" */
/** @import {Color, Rect, Region} from "./types.js" */

/**
 * Colours as 32-bit words of a canvas (little-endian RGBA), indexed by region id; 0 is what no region has.
 * @typedef {object} Inks
 * @property {Uint32Array} fill
 * @property {Uint32Array} border
 */

/**
 * Region ids, row by row.
 * @typedef {{width: number, height: number, labels: Uint16Array}} Grid
 */

/**
 * What the person wants to see of regions.
 * @typedef {object} Focus
 * @property {number | null} selected  Its border is white, with a black rim: one of both shows on any photo.
 * @property {number | null} lit  The region that is pointed at in the list: the same.
 * @property {boolean} solo  Whether only the selected region is filled, if there is one.
 * @property {boolean} gaps  Whether unassigned pixels are filled, too.
 * @property {readonly number[]} hidden  Regions of which nothing is painted.
 * @property {Overlay} overlay  Borders alone have the regions' own colours; on the fill lighter ones.
 */

/** No label begins with it, and few photos have it. */
const GAP = /** @type {Color} */ ([255, 0, 200]);
export const WHITE = 0xffffffff;
export const RIM = word([0, 0, 0], 200);

/**
 * @param {Region[]} regions
 * @param {Focus} focus
 * @returns {Inks}
 */
export function mixInks(regions, { selected, lit, solo, gaps, hidden, overlay }) {
  const size = 1 + regions.reduce((most, region) => Math.max(most, region.id), 0);
  const fill = new Uint32Array(size);
  const border = new Uint32Array(size);
  fill[0] = gaps ? word(GAP, 255) : 0;
  for (const region of regions.filter(({ id }) => !hidden.includes(id))) {
    fill[region.id] = solo && selected !== null && region.id !== selected ? 0 : word(region.color, 255);
    border[region.id] = region.id === selected || region.id === lit ? WHITE : word(overlay === "borders" ? region.color : lighten(region.color, 0.5), 255);
  }
  return { fill, border };
}

/**
 * The rectangle grown on all sides, within the map.
 * @param {Rect} rect
 * @param {number} by
 * @param {{width: number, height: number}} size
 * @returns {Rect}
 */
export function grow(rect, by, size) {
  return {
    x0: Math.max(0, rect.x0 - by),
    y0: Math.max(0, rect.y0 - by),
    x1: Math.min(size.width, rect.x1 + by),
    y1: Math.min(size.height, rect.y1 + by),
  };
}

/**
 * The fill of a rectangle: unassigned pixels are clear.
 * @param {Grid} map
 * @param {Rect} rect
 * @param {Inks} inks
 * @returns {ImageData}
 */
export function paintFill(map, rect, inks) {
  const image = new ImageData(rect.x1 - rect.x0, rect.y1 - rect.y0);
  const out = new Uint32Array(image.data.buffer);
  let at = 0;
  for (let y = rect.y0; y < rect.y1; y++) {
    for (let i = y * map.width + rect.x0, end = i + image.width; i < end; i++) {
      out[at++] = inks.fill[map.labels[i] ?? 0] ?? 0;
    }
  }
  return image;
}

/**
 * The borders of a rectangle: pixels with another id within `reach` pixels along a row or column.
 * @param {LabelMap} map
 * @param {Rect} rect
 * @param {Inks} inks
 * @param {number} reach
 * @returns {ImageData}
 */
export function paintBorders(map, rect, inks, reach) {
  const image = new ImageData(rect.x1 - rect.x0, rect.y1 - rect.y0);
  const out = new Uint32Array(image.data.buffer);
  const rims = inks.border.includes(WHITE);
  let at = 0;
  for (let y = rect.y0; y < rect.y1; y++) {
    for (let x = rect.x0; x < rect.x1; x++, at++) {
      const id = map.labels[y * map.width + x] ?? 0;
      if ((id || rims) && isBorder(map, x, y, id, reach)) out[at] = rims && isRim(map, x, y, inks.border, reach) ? RIM : (inks.border[id] ?? 0);
    }
  }
  return image;
}

/**
 * @param {LabelMap} map
 * @param {number} x
 * @param {number} y
 * @param {number} id
 * @param {number} reach
 */
function isBorder({ labels, width, height }, x, y, id, reach) {
  const at = y * width + x;
  for (let step = 1; step <= reach; step++) {
    if (x >= step && labels[at - step] !== id) return true;
    if (x + step < width && labels[at + step] !== id) return true;
    if (y >= step && labels[at - step * width] !== id) return true;
    if (y + step < height && labels[at + step * width] !== id) return true;
  }
  return false;
}

/**
 * Whether a pixel lies beside a region with a white border, but not in one.
 * @param {LabelMap} map
 * @param {number} x
 * @param {number} y
 * @param {Uint32Array} border
 * @param {number} reach
 */
function isRim({ labels, width, height }, x, y, border, reach) {
  const at = y * width + x;
  const isWhite = (/** @type {number} */ place) => border[labels[place] ?? 0] === WHITE;
  if (isWhite(at)) return false;
  for (let step = 1; step <= reach; step++) {
    if ((x >= step && isWhite(at - step)) || (x + step < width && isWhite(at + step))) return true;
    if ((y >= step && isWhite(at - step * width)) || (y + step < height && isWhite(at + step * width))) return true;
  }
  return false;
}

/**
 * The heat of a map of uncertainty: clear where sure, yellow to red where not. Unassigned pixels are clear as well:
 * there is nothing to be unsure about, and a red plane would outshine the places to look at.
 * @param {LabelMap} map
 * @param {Uint8Array} unsure
 * @returns {ImageData}
 */
export function paintHeat(map, unsure) {
  const image = new ImageData(map.width, map.height);
  const out = new Uint32Array(image.data.buffer);
  const ramp = Uint32Array.from({ length: 256 }, (_, heat) => word([255, 220 - Math.round(heat * 0.75), 40], Math.round(heat * 0.85)));
  for (let at = 0; at < out.length; at++) out[at] = map.labels[at] ? (ramp[unsure[at] ?? 0] ?? 0) : 0;
  return image;
}

/**
 * @param {Color} color
 * @param {number} share  Of white.
 * @returns {Color}
 */
function lighten([red, green, blue], share) {
  /** @param {number} value */
  const mix = (value) => Math.round(value + (255 - value) * share);
  return [mix(red), mix(green), mix(blue)];
}

/**
 * @param {Color} color
 * @param {number} alpha
 */
function word([red, green, blue], alpha) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
