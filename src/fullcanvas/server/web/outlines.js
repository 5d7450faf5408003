/** Borders as thin lines: on the stage, because on the photo they would be as wide as its pixels are by then. */

/** @import {Grid, Inks} from "./overlay.js" */
/** @import {Rect, View} from "./types.js" */
import { RIM, WHITE } from "./overlay.js";

/** From how many stage pixels a display pixel on borders are lines. */
export const LINES_SHOW_AT = 2;
const WIDTH = 1.3;

/**
 * Draw the borders that are visible: on both sides of the line between two regions, each in the colour of its own.
 * @param {CanvasRenderingContext2D} context  Scaled to stage pixels, and clear.
 * @param {{width: number, height: number}} stage
 * @param {Grid} grid
 * @param {View} view  Where the grid lies on the stage.
 * @param {Inks} inks
 */
export function drawOutlines(context, stage, grid, view, inks) {
  /** @type {Map<number, Path2D>} */
  const paths = new Map();
  /** @type {(id: number, other: number, x: number, y: number, width: number, height: number) => void} */
  const add = (id, other, x, y, width, height) => {
    const ink = inkOf(inks, id, other);
    if (!ink) return;
    const path = paths.get(ink) ?? new Path2D();
    path.rect(x, y, width, height);
    paths.set(ink, path);
  };
  const { scale } = view;
  const { width, labels } = grid;
  const { x0, y0, x1, y1 } = visible(grid, stage, view);
  for (let row = y0; row < y1; row++) {
    for (let column = x0, at = row * width + x0; column < x1; column++, at++) {
      const id = labels[at] ?? 0;
      const right = column + 1 < width ? (labels[at + 1] ?? 0) : id;
      const below = labels[at + width] ?? id;
      if (right === id && below === id) continue;
      const [left, top] = [view.x + column * scale, view.y + row * scale];
      if (right !== id) {
        add(id, right, left + scale - WIDTH, top, WIDTH, scale);
        add(right, id, left + scale, top, WIDTH, scale);
      }
      if (below !== id) {
        add(id, below, left, top + scale - WIDTH, scale, WIDTH);
        add(below, id, left, top + scale, scale, WIDTH);
      }
    }
  }
  for (const [ink, path] of paths) {
    context.fillStyle = `rgb(${ink & 255} ${(ink >> 8) & 255} ${(ink >> 16) & 255} / ${(ink >>> 24) / 255})`;
    context.fill(path);
  }
}

/**
 * What a region has on its side of a border.
 * @param {Inks} inks
 * @param {number} id
 * @param {number} other
 */
function inkOf({ border }, id, other) {
  if (border[id] !== WHITE && border[other] === WHITE) return RIM;
  return border[id] ?? 0;
}

/**
 * The part of a grid that is on the stage, and a pixel around it.
 * @param {Grid} grid
 * @param {{width: number, height: number}} stage
 * @param {View} view
 * @returns {Rect}
 */
function visible(grid, stage, { scale, x, y }) {
  return {
    x0: Math.max(0, Math.floor(-x / scale) - 1),
    y0: Math.max(0, Math.floor(-y / scale) - 1),
    x1: Math.min(grid.width, Math.ceil((stage.width - x) / scale) + 1),
    y1: Math.min(grid.height, Math.ceil((stage.height - y) / scale) + 1),
  };
}
