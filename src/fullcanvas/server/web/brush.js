/** The tools beside scribbling: brush in, brush out, split along a line, merge by a click. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Press} from "./tools.js" */
/** @import {Point} from "./types.js" */
import { findRegion, regionName, set } from "./state.js";

/**
 * A press with one of these tools; null if it means nothing there, and the person has been told why.
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} x
 * @param {number} y
 * @returns {Press | null}
 */
export function pressTool(stage, annotator, x, y) {
  const { tool, selected } = annotator.state;
  if (!stage.inside(x, y)) return null;
  const under = stage.regionAt(x, y);
  if (tool === "merge") return pressMerge(annotator, under);
  const region = selected ?? under;
  if (region) return pressLine(stage, annotator, region, x, y);
  annotator.say("No region here. Start in the region that this is about, or select one.");
  return null;
}

/**
 * @param {Annotator} annotator
 * @param {number} under
 * @returns {Press | null}
 */
function pressMerge(annotator, under) {
  const { photo, selected } = annotator.state;
  const kept = findRegion(photo, selected);
  const other = findRegion(photo, under);
  if (!kept || !other || kept === other) {
    annotator.say(kept ? "Click another region: it becomes part of the selected one." : "Select the region that the others become part of.");
    return null;
  }
  return {
    move: () => {},
    end() {
      annotator.send({ kind: "merge", region: kept.id, others: [other.id] });
      annotator.say(`${regionName(other)} becomes part of ${regionName(kept)}.`);
    },
    cancel: () => {},
  };
}

/**
 * @param {Stage} stage
 * @param {Annotator} annotator
 * @param {number} region
 * @param {number} x
 * @param {number} y
 * @returns {Press}
 */
function pressLine(stage, annotator, region, x, y) {
  // As large as when the stroke began, even if the stage is zoomed or the brush changed meanwhile.
  const radius = stage.brushRadius;
  const width = annotator.state.tool === "split" ? null : 2 * radius;
  const photoPixels = stage.photoPixels;
  /** @type {Point[]} */
  let points = [stage.toPhoto(x, y)];
  const show = () => {
    stage.live = { kind: "stroke", points, width };
    stage.redraw();
  };
  show();
  return {
    move(toX, toY, straight) {
      const point = stage.toPhoto(toX, toY);
      points = straight ? [.../** @type {Point[]} */ (points.slice(0, 1)), point] : [...points, point];
      show();
    },
    end() {
      stage.live = null;
      stage.redraw();
      send(annotator, region, points, width, radius * photoPixels);
    },
    cancel() {
      stage.live = null;
      stage.redraw();
    },
  };
}

/**
 * @param {Annotator} annotator
 * @param {number} region
 * @param {Point[]} points
 * @param {number | null} width  In stage pixels.
 * @param {number} radius  In photo pixels.
 */
function send(annotator, region, points, width, radius) {
  const { tool } = annotator.state;
  const sketch = { kind: /** @type {const} */ ("stroke"), points, width };
  if (tool === "split") {
    annotator.send({ kind: "split", region, points }, sketch);
    // One line, one split: whoever wants another says so.
    annotator.store.update(set({ tool: null }));
  } else {
    annotator.send({ kind: "paint", region, points, radius, erase: tool === "erase" }, sketch);
  }
}
