/** What is drawn in stage pixels above the photo: strokes, extreme points, running boxes, handles. */

/** @import {Box, Color, Point} from "./types.js" */

/**
 * @typedef {object} Scene  Everything to draw, in stage pixels.
 * @property {{text: string, at: Point, room: number, color: Color}[]} names  In the order in which they get their room.
 * @property {{points: Point[], color: Color, width: number | null}[]} strokes  Those with a width are of a brush.
 * @property {{points: Point[], box: Box}[]} boxes  Marked boxes, waiting for their answer or being marked.
 * @property {{box: Box, points: Point[], color: Color} | null} handles  Of the selected region.
 * @property {Point | null} crosshair
 * @property {{at: Point, radius: number} | null} brush
 * @property {{at: Point, isCurrent: boolean}[]} pins  Of a review, by their numbers.
 */

const ACCENT = "rgb(255 255 255)";
const SHADE = "rgb(0 0 0 / 65%)";
const LONGEST_NAME = 28;
/** A region with less room than this, in stage pixels, shows its name when the person comes closer. */
const LEAST_ROOM = 16;

/**
 * @param {CanvasRenderingContext2D} context  Scaled to stage pixels, and clear.
 * @param {number} width
 * @param {number} height
 * @param {Scene} scene
 */
export function drawScene(context, width, height, scene) {
  drawNames(context, scene.names);
  if (scene.handles) drawHandles(context, scene.handles);
  for (const stroke of scene.strokes) drawStroke(context, stroke.points, stroke.color, stroke.width);
  for (const { points, box } of scene.boxes) drawMarked(context, points, box);
  if (scene.crosshair) drawCrosshair(context, width, height, scene.crosshair);
  if (scene.brush) drawBrush(context, scene.brush.at, scene.brush.radius);
  scene.pins.forEach(({ at, isCurrent }, index) => drawPin(context, width, at, String(index + 1), isCurrent));
}

/**
 * Names, where they have room: in their region, and not over another one.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene["names"]} names
 */
function drawNames(context, names) {
  context.font = "600 12px system-ui, sans-serif";
  context.textBaseline = "middle";
  /** @type {Box[]} */
  const taken = [];
  for (const { text, at, room, color } of names) {
    const shown = text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text;
    const width = context.measureText(shown).width + 20;
    const [x, y] = [Math.round(at[0] - width / 2), Math.round(at[1])];
    const box = /** @type {Box} */ ([x, y - 9, x + width, y + 9]);
    if (room < LEAST_ROOM || taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    context.beginPath();
    context.roundRect(x, y - 9, width, 18, 5);
    context.fillStyle = "rgb(0 0 0 / 72%)";
    context.fill();
    context.fillStyle = `rgb(${color.join(" ")})`;
    context.fillRect(x + 5, y - 4, 8, 8);
    context.fillStyle = ACCENT;
    context.fillText(shown, x + 16, y + 0.5);
  }
}

/**
 * @param {Box} one
 * @param {Box} other
 */
function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} at
 * @param {number} radius
 */
function drawBrush(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  line(context, 3, SHADE);
  line(context, 1.5, ACCENT);
}

/**
 * A ring around the place, whose pixels stay in sight, and its number beside: to its left where the stage ends.
 * @param {CanvasRenderingContext2D} context
 * @param {number} end  Of the stage.
 * @param {Point} at
 * @param {string} number
 * @param {boolean} isCurrent
 */
function drawPin(context, end, [x, y], number, isCurrent) {
  context.font = "700 12px system-ui, sans-serif";
  context.textBaseline = "middle";
  const width = Math.max(18, context.measureText(number).width + 8);
  const left = x + 9 + width > end ? x - 9 - width : x + 9;
  const top = y < 28 ? y + 9 : y - 27;
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  context.roundRect(left, top, width, 18, 6);
  line(context, 5, SHADE);
  line(context, 2.5, ACCENT);
  context.beginPath();
  context.roundRect(left, top, width, 18, 6);
  context.fillStyle = isCurrent ? "rgb(255 196 61)" : "rgb(179 53 43)";
  context.fill();
  context.fillStyle = isCurrent ? "rgb(0 0 0)" : ACCENT;
  context.fillText(number, left + (width - context.measureText(number).width) / 2, top + 9.5);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} points
 * @param {Color} color
 * @param {number | null} width  Of a brush; null is a line.
 */
function drawStroke(context, points, color, width) {
  const first = points[0];
  if (!first) return;
  context.beginPath();
  context.moveTo(...first);
  // A line of no length still draws its round caps: a click is a dot.
  for (const point of points) context.lineTo(...point);
  context.lineCap = context.lineJoin = "round";
  if (width !== null) return line(context, width, `rgb(${color.join(" ")} / 60%)`);
  line(context, 7, SHADE);
  line(context, 5, ACCENT);
  line(context, 3, `rgb(${color.join(" ")})`);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} points
 * @param {Box} box
 */
function drawMarked(context, points, box) {
  context.beginPath();
  context.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  line(context, 3, SHADE);
  context.setLineDash([6, 4]);
  line(context, 1.5, ACCENT);
  context.setLineDash([]);
  for (const point of points) drawDot(context, point, 4.5, "rgb(255 196 61)");
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {NonNullable<Scene["handles"]>} handles
 */
function drawHandles(context, { box, points, color }) {
  context.beginPath();
  context.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  line(context, 2.5, SHADE);
  line(context, 1, ACCENT);
  for (const point of points) drawDot(context, point, 5, `rgb(${color.join(" ")})`);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} point
 * @param {number} radius
 * @param {string} style
 */
function drawDot(context, [x, y], radius, style) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = style;
  line(context, 4, SHADE);
  line(context, 2.5, ACCENT);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 * @param {Point} at
 */
function drawCrosshair(context, width, height, [x, y]) {
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, 0);
  context.lineTo(Math.round(x) + 0.5, height);
  context.moveTo(0, Math.round(y) + 0.5);
  context.lineTo(width, Math.round(y) + 0.5);
  line(context, 1, "rgb(255 255 255 / 55%)");
  context.setLineDash([4, 4]);
  line(context, 1, "rgb(0 0 0 / 55%)");
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {string} style
 */
function line(context, width, style) {
  context.lineWidth = width;
  context.strokeStyle = style;
  context.stroke();
}
