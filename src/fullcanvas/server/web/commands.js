/** The one table of everything that a key or a button does. The sheet of keys is made from it. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Completion} from "./completion.js" */
/** @import {Crosshair} from "./crosshair.js" */
/** @import {Gestures} from "./gestures.js" */
/** @import {Lookout} from "./look.js" */
/** @import {LabelPicker} from "./picker.js" */
/** @import {Pins} from "./pins.js" */
/** @import {Review} from "./review.js" */
/** @import {Stage} from "./stage.js" */
/** @import {Role} from "./types.js" */
import { mayReopen } from "./access.js";
import { byId } from "./dom.js";
import { endDraft, giveUpDraft, isWritten } from "./draft.js";
import { turnTo } from "./panes.js";
import * as change from "./state.js";
import { takeOver } from "./take-over.js";

/**
 * @typedef {object} Page
 * @property {Annotator} annotator
 * @property {Stage} stage
 * @property {Gestures} gestures
 * @property {Crosshair} crosshair
 * @property {Lookout} lookout
 * @property {LabelPicker} picker
 * @property {Completion} completion
 * @property {Review} review
 * @property {Pins} pins
 * @property {() => void} showHelp
 * @property {() => void} showProject
 * @property {() => void} showExport
 *
 * @typedef {object} Command
 * @property {string} id
 * @property {string} group
 * @property {string} title
 * @property {string[]} keys  Its default keys.
 * @property {(page: Page, key: string) => void} run
 * @property {(page: Page) => void} [release]  When the key comes up again.
 * @property {true} [repeats]  Whether a key that is held down does it again and again.
 * @property {Role} [least]  The least role that may do it.
 * @property {string} [shown]  What the sheet shows instead of all the keys; such keys stay as they are.
 */

const ZOOM = 1.25;
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/** @type {readonly Command[]} */
export const COMMANDS = [
  { id: "mark", group: "Regions", title: "Mark a region: click its four extreme points", keys: ["N"], run: mark(false) },
  { id: "mark-more", group: "Regions", title: "Mark region after region", keys: ["Shift+N"], run: mark(true) },
  { id: "take-over", group: "Regions", title: "Begin with the regions of the photo before, as in frames of a video", keys: ["Shift+V"], run: ({ annotator }) => takeOver(annotator) },
  { id: "aim", group: "Regions", title: "Draw with the keyboard: the arrows move a crosshair, Space begins and ends a stroke", keys: ["I"], run: update((state) => ({ ...state, aiming: !state.aiming })) },
  { id: "give-up", group: "Regions", title: "Give up marking; let go of the selection", keys: ["Escape"], run: giveUp },
  { id: "next-region", group: "Regions", title: "Select the next region", keys: ["Tab"], repeats: true, run: update(change.selectNext(1)) },
  { id: "previous-region", group: "Regions", title: "Select the region before", keys: ["Shift+Tab"], repeats: true, run: update(change.selectNext(-1)) },
  { id: "select-under", group: "Regions", title: "Select the region under the pointer", keys: ["S"], run: ({ gestures }) => gestures.selectUnderPointer() },
  { id: "delete", group: "Regions", title: "Delete the selected region; while marking, take the last point back", keys: ["Delete", "Backspace"], run: remove },
  { id: "paint", group: "Shapes", title: "Brush in: the selected region, or the one under the start, gets the pixels", keys: ["D"], run: take("paint") },
  { id: "erase", group: "Shapes", title: "Brush out: it loses them, each to the next best region", keys: ["X"], run: take("erase") },
  { id: "thinner", group: "Shapes", title: "Smaller brush", keys: [","], repeats: true, run: update(change.resizeBrush(0.8)) },
  { id: "thicker", group: "Shapes", title: "Larger brush", keys: ["."], repeats: true, run: update(change.resizeBrush(1.25)) },
  { id: "split", group: "Shapes", title: "Split a region: draw a line across it", keys: ["C"], run: take("split") },
  { id: "merge", group: "Shapes", title: "Merge: click regions that become part of the selected one", keys: ["M"], run: take("merge") },
  { id: "fill", group: "Shapes", title: "Fill: what is unassigned goes to the nearest region", keys: ["L"], run: ({ annotator }) => annotator.send({ kind: "fill" }) },
  { id: "undo", group: "History", title: "Undo; while marking, take the last point back", keys: ["Z", "Mod+Z"], repeats: true, run: undo },
  { id: "redo", group: "History", title: "Redo", keys: ["Shift+Z", "Mod+Shift+Z", "Mod+Y"], repeats: true, run: ({ annotator }) => annotator.step("redo") },
  { id: "history", group: "History", title: "The list of all that was done, to go to any point of it", keys: ["G"], run: update((state) => ({ ...state, history: !state.history })) },
  { id: "digit", group: "Labels", title: "Give the selected or newest region label 1 … 10 of the list", keys: DIGITS, shown: "1 … 9, 0", run: labelByDigit },
  { id: "label", group: "Labels", title: "Type a label", keys: ["/"], run: ({ picker }) => picker.open() },
  { id: "next-unlabelled", group: "Labels", title: "Select the next region without a label", keys: ["K"], run: nextUnlabelled },
  { id: "next-look", group: "View", title: "Go to where a correction may gain most: an unassigned area or an unsure place", keys: ["J"], run: ({ lookout }) => void lookout.next() },
  { id: "next-pin", group: "View", title: "Go to what the reviewer pinned, one place after the other", keys: ["Shift+J"], run: ({ pins }) => pins.next() },
  { id: "fit", group: "View", title: "Fit the whole photo", keys: ["F"], run: ({ stage }) => stage.fit() },
  { id: "zoom-to", group: "View", title: "Zoom to the selected region", keys: ["Shift+S"], run: ({ stage }) => stage.frameSelected() },
  { id: "zoom-in", group: "View", title: "Zoom in", keys: ["+", "="], repeats: true, run: ({ stage }) => stage.zoom(ZOOM) },
  { id: "zoom-out", group: "View", title: "Zoom out", keys: ["-"], repeats: true, run: ({ stage }) => stage.zoom(1 / ZOOM) },
  { id: "hide", group: "View", title: "Hide or show the overlay", keys: ["H"], run: update(change.toggleOverlay("hidden")) },
  { id: "borders", group: "View", title: "Borders only", keys: ["B"], run: update(change.toggleOverlay("borders")) },
  { id: "solo", group: "View", title: "Fill only the selected region", keys: ["O"], run: update((state) => ({ ...state, solo: !state.solo })) },
  { id: "hide-region", group: "View", title: "Hide or show the selected region; without one, show all", keys: ["Shift+H"], run: update(change.toggleHidden) },
  { id: "names", group: "View", title: "Show the names of the regions on the photo", keys: ["T"], run: update((state) => ({ ...state, names: !state.names })) },
  { id: "gaps", group: "View", title: "Show the pixels that no region has", keys: ["W"], run: update((state) => ({ ...state, gaps: !state.gaps })) },
  { id: "peek", group: "View", title: "Hold to see the photo alone", keys: ["P"], run: peek(true), release: peek(false) },
  { id: "heat", group: "View", title: "Show where the model is unsure", keys: ["U"], run: update((state) => ({ ...state, heat: !state.heat })) },
  { id: "beside", group: "View", title: "The photo alone, beside the stage", keys: ["V"], run: update((state) => ({ ...state, beside: !state.beside })) },
  { id: "loupe", group: "View", title: "The loupe that helps to place extreme points, or none", keys: ["Q"], run: update((state) => ({ ...state, loupe: !state.loupe })) },
  { id: "less", group: "View", title: "Fainter overlay", keys: ["["], repeats: true, run: update(change.changeOpacity(-0.1)) },
  { id: "more", group: "View", title: "Stronger overlay", keys: ["]"], repeats: true, run: update(change.changeOpacity(0.1)) },
  { id: "complete", group: "Photos", title: "Complete the photo and go on", keys: ["Enter"], run: ({ completion }) => completion.begin() },
  { id: "reopen", group: "Photos", title: "Reopen a complete photo", keys: ["Shift+Enter"], run: reopen },
  { id: "accept", group: "Photos", title: "Review: accept a complete photo and go on to the next", keys: ["A"], least: "reviewer", run: ({ review }) => review.accept() },
  { id: "reject", group: "Photos", title: "Review: give a complete photo back, with a comment and pins, and go on", keys: ["R"], least: "reviewer", run: ({ review }) => review.reject() },
  { id: "next-photo", group: "Photos", title: "Next photo", keys: ["ArrowRight"], repeats: true, run: ({ annotator }) => annotator.album.openNext(1) },
  { id: "previous-photo", group: "Photos", title: "Previous photo", keys: ["ArrowLeft"], repeats: true, run: ({ annotator }) => annotator.album.openNext(-1) },
  { id: "find", group: "Photos", title: "Find a photo by its name", keys: ["Shift+F"], run: () => byId("find", HTMLInputElement).select() },
  { id: "export", group: "Photos", title: "Export: COCO panoptic, COCO instances, YOLO, label PNGs", keys: ["E"], least: "reviewer", run: ({ showExport }) => showExport() },
  { id: "project", group: "Page", title: "The project: its labels, and when a photo may be complete", keys: ["Y"], least: "admin", run: ({ showProject }) => showProject() },
  { id: "next-pane", group: "Page", title: "Move the focus: tools, photos, stage, regions", keys: ["F6"], run: () => turnTo(1) },
  { id: "previous-pane", group: "Page", title: "Move the focus back", keys: ["Shift+F6"], run: () => turnTo(-1) },
  { id: "save", group: "Page", title: "Save: not needed, everything is stored as you go", keys: ["Mod+S"], run: tellStored },
  { id: "help", group: "Page", title: "This sheet", keys: ["?"], run: ({ showHelp }) => showHelp() },
];

/** What the pointer does; the sheet lists it beside the keys. */
export const POINTER = [
  ["drag from a region", "a scribble: it grows into the stroke"],
  ["click", "a scribble of one point"],
  ["Shift while dragging", "a straight scribble"],
  ["right click, Ctrl+click; a finger or a pen that rests", "select the region under the pointer"],
  ["drag a point or side of the selected box", "move its extreme points"],
  ["arrows while marking, with Shift ten times as far", "move the crosshair"],
  ["Space, once the arrows have moved it", "place a point there"],
  ["wheel, pinch", "zoom at the pointer"],
  ["Space+drag, middle button, two fingers", "pan"],
];

/** @param {change.Reducer} reduce */
function update(reduce) {
  return (/** @type {Page} */ { annotator }) => annotator.store.update(reduce);
}

/** @param {boolean} stay */
function mark(stay) {
  return (/** @type {Page} */ { annotator }) => {
    if (!annotator.isFixed()) annotator.store.update(change.beginMarking(stay));
  };
}

/** @param {Exclude<change.Tool, null>} tool */
function take(tool) {
  return (/** @type {Page} */ { annotator }) => {
    if (!annotator.isFixed()) annotator.store.update(change.takeTool(tool));
  };
}

/** @param {boolean} on */
function peek(on) {
  return update(change.set({ peek: on }));
}

/** @param {Page} page */
function giveUp({ annotator, gestures, picker }) {
  const { state, store } = annotator;
  if (state.labelling) picker.close();
  else if (gestures.cancel()) annotator.say("Stroke given up.");
  else if (state.marking || state.tool) store.update(change.endMarking);
  else if (state.aiming) store.update(change.set({ aiming: false }));
  else if (state.draft) giveUpReview(annotator);
  else store.update((now) => ({ ...change.select(null)(now), place: null, message: null }));
}

/** @param {Annotator} annotator */
function giveUpReview(annotator) {
  const written = isWritten(annotator.state.draft);
  annotator.store.update(giveUpDraft);
  if (written) annotator.say("Given up. {reject} brings back what was written.");
}

/** @param {Page} page */
function remove({ annotator }) {
  const { marking, points } = annotator.state;
  if (marking && points.length) annotator.store.update(change.takeBackPoint);
  else if (!marking) annotator.deleteSelected();
}

/** @param {Page} page */
function undo({ annotator }) {
  const { marking, points } = annotator.state;
  if (marking && points.length) annotator.store.update(change.takeBackPoint);
  else annotator.step("undo");
}

/**
 * @param {Page} page
 * @param {string} key
 */
function labelByDigit({ annotator }, key) {
  const label = annotator.state.project?.labels[DIGITS.indexOf(key)];
  if (label) annotator.labelling.give(label.name, label.isthing);
  else annotator.say(`There is no label ${key} yet: press {label} and type one.`);
}

/** @param {Page} page */
function nextUnlabelled({ annotator }) {
  const { photo, selected } = annotator.state;
  const ids = (photo?.regions ?? []).filter((region) => region.label === null).map((region) => region.id);
  const next = ids.find((id) => id > (selected ?? 0)) ?? ids[0];
  if (next === undefined) annotator.say("Every region has a label.");
  else annotator.store.update(change.select(next));
}

/** @param {Page} page  Without this, the browser would offer to save the page. */
function tellStored({ annotator }) {
  annotator.say(annotator.state.waiting ? "What you did last is being stored: everything is, as you go." : "Everything is stored as you go: there is nothing to save.");
}

/** @param {Page} page */
function reopen({ annotator }) {
  if (annotator.isOpening() || annotator.isHalfDone()) return;
  annotator.store.update(endDraft);
  if (!change.isClosed(annotator.state.photo)) annotator.say("This photo is not complete.");
  else if (mayReopen(annotator.state)) annotator.setComplete(false);
  else annotator.say("Who completed a photo may reopen it until it is reviewed; anybody else, and later on, it takes the role reviewer.");
}
