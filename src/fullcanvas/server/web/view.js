/** Where the photo lies on the stage: pure functions on views, in CSS pixels. */

/** @import {Point, Rect, View} from "./types.js" */

/** @typedef {{width: number, height: number}} Size */

const MOST_SCALE = 64;
const MARGIN = 24;

/**
 * The whole photo, centred.
 * @param {Size} photo
 * @param {Size} stage
 * @returns {View}
 */
export function fit(photo, stage) {
  return frame({ x0: 0, y0: 0, x1: photo.width, y1: photo.height }, stage, MARGIN);
}

/**
 * A rectangle of the photo, centred and as large as it gets.
 * @param {Rect} rect
 * @param {Size} stage
 * @param {number} margin
 * @returns {View}
 */
export function frame(rect, stage, margin) {
  const across = Math.max(1, stage.width - 2 * margin) / Math.max(1, rect.x1 - rect.x0);
  const down = Math.max(1, stage.height - 2 * margin) / Math.max(1, rect.y1 - rect.y0);
  const scale = Math.min(across, down, MOST_SCALE);
  return {
    scale,
    x: stage.width / 2 - (scale * (rect.x0 + rect.x1)) / 2,
    y: stage.height / 2 - (scale * (rect.y0 + rect.y1)) / 2,
  };
}

/**
 * Scale by a factor while the photo's point under (x, y) stays there.
 * @param {View} view
 * @param {number} factor
 * @param {number} x
 * @param {number} y
 * @param {number} least  The smallest scale allowed.
 * @returns {View}
 */
export function zoomAt(view, factor, x, y, least) {
  const scale = Math.min(MOST_SCALE, Math.max(least, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
}

/**
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export function pan(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/**
 * Keep at least a corner of the photo in sight.
 * @param {View} view
 * @param {Size} photo
 * @param {Size} stage
 * @returns {View}
 */
export function clamp(view, photo, stage) {
  const keep = 48;
  return {
    scale: view.scale,
    x: Math.min(stage.width - keep, Math.max(keep - photo.width * view.scale, view.x)),
    y: Math.min(stage.height - keep, Math.max(keep - photo.height * view.scale, view.y)),
  };
}

/**
 * @param {View} view
 * @param {number} x
 * @param {number} y
 * @returns {Point}  The display position at a stage position.
 */
export function toDisplay(view, x, y) {
  return [(x - view.x) / view.scale, (y - view.y) / view.scale];
}

/**
 * @param {View} view
 * @param {number} x
 * @param {number} y
 * @returns {Point}  The stage position of a display position.
 */
export function toStage(view, x, y) {
  return [x * view.scale + view.x, y * view.scale + view.y];
}
