/** The tools beside scribbling: brush in, brush out, split along a line, merge by a click. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Press} from "./tools.js" */
/** @import {Photo, Point} from "./types.js" */
import { brushRadius, extend, findRegion, regionName, set } from "./state.js";

/**
 * What became part of another region while the page still shows the photo as it was before: a double click merges once.
 * @type {WeakMap<Photo, Set<number>>}
 */
const merged = new WeakMap();

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
  const asked = (photo && merged.get(photo)) ?? new Set();
  if (asked.has(other.id)) return null;
  return {
    move: () => {},
    end() {
      if (photo) merged.set(photo, asked.add(other.id));
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
  const { tool } = annotator.state;
  const width = tool === "split" ? null : 2 * stage.brushRadius;
  const radius = brushRadius(annotator.state);
  const start = stage.toPhoto(x, y);
  /** @type {Point[]} */
  let points = [start];
  const asked = () => (tool === "split" ? { kind: tool, region, points } : { kind: "paint", region, points, radius, erase: tool === "erase" });
  /** @param {boolean} drawn */
  const show = (drawn) => {
    stage.live = drawn ? { kind: "stroke", points, width } : null;
    stage.redraw();
  };
  show(true);
  return {
    move(toX, toY, straight) {
      const point = stage.toPhoto(toX, toY);
      points = straight ? [start, point] : extend(points, point);
      show(true);
      if (tool !== "split") annotator.foresight.ask(asked());
    },
    end() {
      show(false);
      // What is split off is the newest region, as one that is marked.
      const ticket = tool === "split" ? (annotator.added = { id: null }) : undefined;
      annotator.send(asked(), { kind: "stroke", points, width }, ticket);
      // One line, one split: whoever wants another says so.
      if (tool === "split") annotator.store.update(set({ tool: null }));
    },
    cancel: () => show(false),
  };
}
