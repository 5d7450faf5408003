/** What a press of the pointer on the stage means: a scribble, an extreme point, a pin, or a handle that is dragged. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Point} from "./types.js" */
import { pressTool } from "./brush.js";
import { addPin } from "./draft.js";
import * as change from "./state.js";

/**
 * A press under way; positions are stage pixels.
 * @typedef {object} Press
 * @property {(x: number, y: number, straight: boolean) => void} move
 * @property {() => void} end
 * @property {() => void} cancel
 */

const STILL = 3;
/**
 * What points: a mouse or a pen, or a finger, which covers what it points at.
 * @typedef {"fine" | "coarse"} Hand
 */

/** How near counts as on it, in stage pixels. */
const POINT_REACH = { fine: 8, coarse: 22 };
const SIDE_REACH = { fine: 4, coarse: 12 };

/**
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @param {Hand} hand
 * @returns {Press | null}  Null if a press there means nothing; then the person has been told why.
 */
export function press(stage, annotator, x, y, hand) {
  const { photo, marking, tool, draft } = annotator.state;
  if (draft) return annotator.isOpening() ? null : pressPin(stage, annotator, x, y);
  if (annotator.isOpening() || !photo) return null;
  // Told when it is over: a finger that rests there selects.
  if (change.isClosed(photo)) return { move: () => {}, end: () => void annotator.isFixed(), cancel: () => {} };
  if (tool) return pressTool(stage, annotator, x, y);
  if (marking) return pressMark(stage, annotator, x, y);
  const handle = handleAt(stage, annotator, x, y, hand);
  return handle ? pressHandle(stage, annotator, handle, x, y) : pressStroke(stage, annotator, x, y);
}

/**
 * An extreme point: placed where the pointer is let go. Positions beside the photo count as its edge.
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @returns {Press}
 */
function pressMark(stage, annotator, x, y) {
  const { store } = annotator;
  let at = stage.toPhoto(x, y);
  const preview = (/** @type {Point} */ pointer) => show(stage, { kind: "points", points: [...store.state.points, at], at: pointer });
  preview([x, y]);
  return {
    move(toX, toY) {
      at = stage.toPhoto(toX, toY);
      preview([toX, toY]);
    },
    end() {
      show(stage, null);
      // Another window may have completed the photo since the pointer came down.
      if (!store.state.marking) return;
      store.update(change.placePoint(at));
      const { points } = store.state;
      if (points.length < 4) return;
      store.update(change.afterFourth);
      annotator.addRegion(points);
    },
    cancel: () => show(stage, null),
  };
}

/**
 * A pin of a review: placed where the pointer is let go.
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @returns {Press | null}
 */
function pressPin(stage, annotator, x, y) {
  if (!stage.inside(x, y)) return null;
  let at = stage.toPhoto(x, y);
  return {
    move: (toX, toY) => void (at = stage.toPhoto(toX, toY)),
    end: () => annotator.store.update(addPin(at)),
    cancel: () => {},
  };
}

/**
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @returns {Press | null}
 */
function pressStroke(stage, annotator, x, y) {
  if (!stage.inside(x, y)) return null;
  // Whichever is selected by the time that the stroke ends: what a key does meanwhile is for the next one.
  const region = annotator.state.selected;
  if (region === null && stage.regionAt(x, y) === 0) {
    annotator.say("No region here. Start in the region that should grow, or select one; {mark} marks a new region.");
    return null;
  }
  const start = stage.toPhoto(x, y);
  /** @type {Point[]} */
  let points = [start];
  let moved = false;
  show(stage, { kind: "stroke", points });
  return {
    move(toX, toY, straight) {
      moved ||= Math.hypot(toX - x, toY - y) >= STILL;
      if (!moved) return;
      const point = stage.toPhoto(toX, toY);
      points = straight ? [start, point] : change.extend(points, point);
      show(stage, { kind: "stroke", points });
      annotator.foresight.ask({ kind: "scribble", points, region });
    },
    end() {
      show(stage, null);
      annotator.scribble(points, region);
    },
    cancel: () => show(stage, null),
  };
}

/**
 * An extreme point of the selected region (`free`), or the side of its box that runs through the point.
 * @typedef {{index: number, free: boolean}} Handle
 */

/**
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @param {Hand} hand
 * @returns {Handle | null}
 */
export function handleAt(stage, annotator, x, y, hand) {
  const { photo, selected, marking } = annotator.state;
  const region = change.findRegion(photo, selected);
  if (!region || marking || annotator.state.tool || change.isClosed(photo)) return null;
  const distances = region.extreme_points.map(([px, py]) => {
    const [sx, sy] = stage.toStage([px + 0.5, py + 0.5]);
    return Math.hypot(sx - x, sy - y);
  });
  const nearest = Math.min(...distances);
  if (nearest <= POINT_REACH[hand]) return { index: distances.indexOf(nearest), free: true };
  const side = sideAt(stage.boxOnStage(region.extreme_points), x, y, SIDE_REACH[hand]);
  return side < 0 ? null : { index: side, free: false };
}

/**
 * @param {import("./types.js").Box} box
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 * @returns {number}  0 left, 1 right, 2 top, 3 bottom, -1 none.
 */
function sideAt([x0, y0, x1, y1], x, y, reach) {
  const across = x > x0 - reach && x < x1 + reach;
  const down = y > y0 - reach && y < y1 + reach;
  if (!across || !down) return -1;
  return [x - x0, x - x1, y - y0, y - y1].findIndex((distance) => Math.abs(distance) <= reach);
}

/**
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {Handle} handle
 * @param {number} x
 * @param {number} y
 * @returns {Press | null}
 */
function pressHandle(stage, annotator, handle, x, y) {
  const region = change.findRegion(annotator.state.photo, annotator.state.selected);
  if (!region) return null;
  let at = stage.toPhoto(x, y);
  let moved = false;
  const move = (/** @type {Point[]} */ points) => points.map((point, index) => (index === handle.index ? drag(point, at, handle) : point));
  return {
    move(toX, toY) {
      moved ||= Math.hypot(toX - x, toY - y) >= STILL;
      if (!moved) return;
      at = stage.toPhoto(toX, toY);
      const points = move(region.extreme_points);
      show(stage, { kind: "points", points, at: [toX, toY] });
      annotator.foresight.ask({ kind: "move_points", region: region.id, extreme_points: points });
    },
    end() {
      show(stage, null);
      // A click that moves nothing is a click: a scribble of one point.
      if (moved) annotator.movePoints(region.id, move);
      else annotator.scribble([stage.toPhoto(x, y)], region.id);
    },
    cancel: () => show(stage, null),
  };
}

/**
 * @param {Point} from
 * @param {Point} to
 * @param {Handle} handle
 * @returns {Point}
 */
function drag(from, to, { index, free }) {
  if (free) return to;
  return index < 2 ? [to[0], from[1]] : [from[0], to[1]];
}

/**
 * @param {Stage} stage
 * @param {import("./stage.js").Live | null} live
 */
function show(stage, live) {
  stage.live = live;
  stage.redraw();
}
