/** The page's state and the pure functions that change it. */

/** @import {Filter, Label, Person, Photo, PhotoItem, PhotoPage, Point, Project, Rect, Region, Session} from "./types.js" */

import { tellApart } from "./palette.js";

/**
 * Something drawn that the server has not answered yet.
 * @typedef {{key: string, kind: "stroke" | "points", points: Point[], width?: number | null}} Sketch
 *
 * @typedef {"full" | "borders" | "hidden"} Overlay
 * @typedef {"paint" | "erase" | "split" | "merge" | null} Tool
 * @typedef {{text: string, tone: "info" | "news" | "error"}} Message  The last two stay until they are dismissed.
 *
 * @typedef {object} State
 * @property {Project | null} project
 * @property {PhotoItem[]} items  The photos listed so far.
 * @property {number} total  How many there are under the filter.
 * @property {Filter} filter
 * @property {number} revision  The project's, as seen last.
 * @property {Person[]} people  Who else has which photo open.
 * @property {Photo | null} photo  The one on the stage.
 * @property {Photo["id"] | null} opening  The one on its way to the stage.
 * @property {{id: Photo["id"], detail: string} | null} problem  A photo that cannot be opened, and why.
 * @property {number | null} selected  The region that owns the next stroke.
 * @property {number | null} newest  The region that was added last.
 * @property {boolean} marking  Whether clicks place extreme points.
 * @property {boolean} stay  Whether marking goes on after four.
 * @property {boolean} aiming  Whether the arrows move a crosshair, though nothing is marked.
 * @property {Point[]} points  Extreme points placed so far.
 * @property {Sketch[]} sketches
 * @property {Overlay} overlay
 * @property {boolean} peek
 * @property {boolean} heat
 * @property {Tool} tool  What a press on the stage does; null is a scribble.
 * @property {number} brush  Its radius, in stage pixels.
 * @property {number} scale  How many stage pixels a display pixel is.
 * @property {boolean} history  Whether the list of what was done is open.
 * @property {boolean} beside  Whether the photo alone is shown beside the stage.
 * @property {boolean} loupe  Whether a loupe helps to place extreme points.
 * @property {boolean} solo  Whether only the selected region is filled.
 * @property {number | null} lit  The region whose row is pointed at.
 * @property {number | null} under  The region under the pointer on the stage.
 * @property {boolean} gaps  Whether unassigned pixels are filled.
 * @property {boolean} names  Whether regions bear their names.
 * @property {Rect | null} place  What the person was led to, in display pixels.
 * @property {readonly number[]} hidden  Regions that are not painted.
 * @property {number} opacity  Of the fill, in [0, 1].
 * @property {number} waiting  Changes not stored yet.
 * @property {boolean} busy  Whether anything is asked of the server.
 * @property {string | null} gone  Why nothing can be stored at the moment, if so.
 * @property {boolean} loggedOut  Whether that is because the server does not know who asks.
 * @property {Session | null} session  Who is at work, once known.
 * @property {string | null} conflict  What another window did, while the person has not chosen.
 * @property {import("./draft.js").Draft | null} draft  What a reviewer is about to give the photo back with.
 * @property {import("./draft.js").Draft | null} shelved  What was written of one that was given up.
 * @property {number | null} pin  The place in the list of the pin that the person was led to.
 * @property {boolean} labelling  Whether a label is being typed.
 * @property {readonly string[]} recent  The labels given so far, the last one first.
 * @property {Message | null} message
 */

/** @typedef {(state: State) => State} Reducer */

/** @type {State} */
export const START = Object.freeze({
  project: null,
  items: [],
  total: 0,
  filter: /** @type {Filter} */ ({ status: "", name: "", label: "", person: "" }),
  revision: 0,
  people: [],
  photo: null,
  opening: null,
  problem: null,
  selected: null,
  newest: null,
  marking: false,
  stay: false,
  aiming: false,
  points: [],
  sketches: [],
  overlay: "full",
  peek: false,
  heat: false,
  tool: null,
  brush: 10,
  scale: 1,
  history: false,
  beside: false,
  loupe: true,
  solo: false,
  lit: null,
  under: null,
  gaps: false,
  names: false,
  place: null,
  hidden: [],
  opacity: 0.45,
  waiting: 0,
  busy: false,
  gone: null,
  loggedOut: false,
  session: null,
  conflict: null,
  draft: null,
  shelved: null,
  pin: null,
  labelling: false,
  recent: [],
  message: null,
});

/**
 * The brush's radius in photo pixels: never less than a display pixel, which is the least that can be corrected.
 * @param {State} state
 */
export function brushRadius({ photo, brush, scale }) {
  return photo ? (Math.max(brush / scale, 1) * photo.width) / photo.display_width : 1;
}

/**
 * Replace some fields.
 * @param {Partial<State>} fields
 * @returns {Reducer}
 */
export const set = (fields) => (state) => ({ ...state, ...fields });

/**
 * @param {string} text
 * @param {Message["tone"]} [tone]
 * @returns {Reducer}
 */
export const say = (text, tone = "info") => set({ message: { text, tone } });

/**
 * @param {Photo["id"]} id
 * @returns {Reducer}
 */
export const beginOpening = (id) => (state) => ({
  ...endMarking(state),
  opening: id,
  problem: null,
  draft: null,
  shelved: null,
  labelling: false,
  peek: false,
  // An error tells of something that was not done, news of what others did: they stay until they are read.
  message: state.message?.tone === "info" ? null : state.message,
});

/**
 * A photo arrived on the stage: the first time, or after it was reloaded.
 * @param {Photo} photo
 * @returns {Reducer}
 */
export const showPhoto = (photo) => (state) => {
  const kept = state.photo?.id === photo.id ? state : { ...state, selected: null, newest: null, lit: null, heat: false, hidden: [], pin: null };
  return refreshPhoto(photo)({ ...kept, photo, opening: null, problem: null });
};

/**
 * A photo cannot be opened.
 * @param {Photo["id"]} id
 * @param {string} detail
 * @returns {Reducer}
 */
export const showProblem = (id, detail) =>
  set({ problem: { id, detail }, photo: null, opening: null, selected: null, newest: null, sketches: [], heat: false });

/**
 * What the server now says about a photo, on the stage or not.
 * @param {Photo} photo
 * @param {number | null} [added]  The region it just added.
 * @returns {Reducer}
 */
export const refreshPhoto = (photo, added = null) => (state) => {
  const listed = { ...state, items: state.items.map((item) => (item.id === photo.id ? summary(photo) : item)) };
  if (state.photo?.id !== photo.id) return listed;
  const last = lastAdded(photo);
  const newest = added ?? (findRegion(photo, state.newest) ? state.newest : last);
  // What is complete takes no points and no strokes, whoever completed it.
  const ready = isClosed(photo) ? endMarking(listed) : listed;
  return { ...ready, photo: tellApart(photo), newest, place: null, selected: findRegion(photo, state.selected) ? state.selected : null };
};

/**
 * Whether there is something to undo or to redo, if that is the kind of a change.
 * @param {Photo | null} photo
 * @param {string} kind
 */
export function mayStep(photo, kind) {
  return kind === "undo" ? photo?.can_undo : kind === "redo" ? photo?.can_redo : true;
}

/**
 * The region that was added last, if a step in the history brought it back.
 * @param {Photo | null} before
 * @param {Photo | null} after
 */
export function broughtBack(before, after) {
  const last = lastAdded(after);
  return findRegion(before, last) ? null : last;
}

/** @param {Photo | null} photo */
function lastAdded(photo) {
  return Math.max(0, ...(photo?.regions ?? []).map(({ id }) => id)) || null;
}

/**
 * @param {Photo} photo
 * @returns {PhotoItem}
 */
function summary({ id, path, status, version, regions, seconds, author, comment, review }) {
  const unlabelled = regions.filter((region) => region.label === null).length;
  const labels = [...new Set(regions.flatMap(({ label }) => label ?? []))];
  return { id, path, status, version, seconds, author, comment, review, regions: regions.length, unlabelled, labels };
}

/**
 * @param {PhotoPage} page
 * @returns {Reducer}
 */
export const listMore = (page) => (state) => ({ ...state, total: page.total, items: [...state.items, ...page.items] });

/**
 * @param {number | null} id
 * @returns {Reducer}
 */
export const select = (id) => (state) => (state.selected === id ? state : { ...state, selected: id });

/**
 * Select the region that lies `step` rows further down the list, around its ends.
 * @param {1 | -1} step
 * @returns {Reducer}
 */
export const selectNext = (step) => (state) => {
  const ids = state.photo?.regions.map((region) => region.id) ?? [];
  if (!ids.length) return say("There is no region to select yet: press {mark} and click four extreme points.")(state);
  const at = state.selected === null ? (step > 0 ? -1 : 0) : ids.indexOf(state.selected);
  return select(ids[(at + step + ids.length) % ids.length] ?? null)(state);
};

/**
 * Begin to mark a region; once more, before any point is placed, ends it.
 * @param {boolean} stay
 * @returns {Reducer}
 */
export const beginMarking = (stay) => (state) =>
  !state.photo
    ? say("Open a photo first.")(state)
    : state.marking && state.stay === stay && !state.points.length
      ? endMarking(state)
      : { ...state, marking: true, tool: null, stay, points: [], selected: null, message: null };

/**
 * Take a tool up, or put it down if it is in hand.
 * @param {Exclude<Tool, null>} tool
 * @returns {Reducer}
 */
export const takeTool = (tool) => (state) => ({ ...endMarking(state), tool: state.tool === tool ? null : tool, message: null });

/**
 * @param {number} factor
 * @returns {Reducer}
 */
export const resizeBrush = (factor) => (state) => ({ ...state, brush: Math.min(150, Math.max(1, Math.round(state.brush * factor + Math.sign(factor - 1)))) });

/** @type {Reducer} */
export const endMarking = set({ marking: false, stay: false, points: [], tool: null });

/**
 * One more extreme point; the fourth is taken by whoever adds the region.
 * @param {Point} point
 * @returns {Reducer}
 */
export const placePoint = (point) => (state) => ({ ...state, points: [...state.points, point] });

/** @type {Reducer} */
export const takeBackPoint = (state) => ({ ...state, points: state.points.slice(0, -1) });

/**
 * The region is on its way: it is the one that the next label is for, and no other that was selected meanwhile.
 * @type {Reducer}
 */
export const afterFourth = (state) => ({ ...state, points: [], marking: state.stay, selected: null });

/**
 * @param {Sketch} sketch
 * @returns {Reducer}
 */
export const addSketch = (sketch) => (state) => ({ ...state, sketches: [...state.sketches, sketch] });

/**
 * @param {string} key
 * @returns {Reducer}
 */
export const removeSketch = (key) => (state) => ({ ...state, sketches: state.sketches.filter((sketch) => sketch.key !== key) });

/**
 * @param {Overlay} overlay
 * @returns {Reducer}  Shows it so, or in full if it is so already.
 */
export const toggleOverlay = (overlay) => (state) => ({ ...state, overlay: state.overlay === overlay ? "full" : overlay });

/**
 * Hide the selected region, or show it again; without one, show all.
 * @type {Reducer}
 */
export const toggleHidden = (state) => {
  const { selected, hidden } = state;
  if (selected === null) return hidden.length ? { ...state, hidden: [] } : say("Select the region to hide first: Tab, or click its row.")(state);
  return { ...state, hidden: hidden.includes(selected) ? hidden.filter((id) => id !== selected) : [...hidden, selected] };
};

/**
 * @param {number} by
 * @returns {Reducer}
 */
export const changeOpacity = (by) => (state) => ({ ...state, opacity: Math.min(1, Math.max(0.05, state.opacity + by)) });

/**
 * @param {string} name
 * @returns {Reducer}
 */
export const rememberLabel = (name) => (state) => ({ ...state, recent: [name, ...state.recent.filter((other) => other !== name)] });

/**
 * @param {Label} label
 * @returns {Reducer}
 */
export const addLabel = (label) => (state) =>
  state.project ? { ...state, project: { ...state.project, labels: [...state.project.labels, label] } } : state;

/**
 * Whether a photo does not change unless it is reopened.
 * @param {{status: string} | null} photo
 */
export function isClosed(photo) {
  return photo?.status === "complete" || photo?.status === "reviewed";
}

/**
 * Whether a press on the stage places a point: an extreme one, or a pin.
 * @param {State} state
 */
export function isPlacing({ marking, draft }) {
  return marking || draft !== null;
}

/**
 * @param {Photo | null} photo
 * @param {number | null} id
 * @returns {Region | null}
 */
export function findRegion(photo, id) {
  return photo?.regions.find((region) => region.id === id) ?? null;
}

/**
 * What a region is called in lists and messages.
 * @param {Region} region
 */
export function regionName(region) {
  return region.label ?? `Region ${region.id}`;
}

/**
 * A line with one more point, unless that lies in the pixel that the line ends in: the server counts pixels only.
 * @param {Point[]} points
 * @param {Point} next
 * @returns {Point[]}
 */
export function extend(points, next) {
  const [x, y] = points.at(-1) ?? [-1, -1];
  return Math.floor(x) === Math.floor(next[0]) && Math.floor(y) === Math.floor(next[1]) ? points : [...points, next];
}

/**
 * The box of some points, half-open.
 * @param {Point[]} points  At least one.
 * @returns {import("./types.js").Box}
 */
export function boxOf(points) {
  const xs = points.map((point) => Math.floor(point[0]));
  const ys = points.map((point) => Math.floor(point[1]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
}
