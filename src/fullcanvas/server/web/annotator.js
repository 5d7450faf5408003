/** What the page does with the server: opens photos, sends what the person did, takes the answers in. */

/** @import {Labels, Patch, Photo, Point, Rect} from "./types.js" */
/** @import {State} from "./state.js" */
/** @import {Task} from "./queue.js" */
import { Album } from "./album.js";
import * as api from "./api.js";
import { isWritten } from "./draft.js";
import { Foresight } from "./foresight.js";
import { Labelling } from "./labelling.js";
import { LabelMap } from "./labelmap.js";
import { Queue } from "./queue.js";
import * as change from "./state.js";
import { Stopwatch } from "./stopwatch.js";
import { Store } from "./store.js";
import { completed } from "./words.js";

/**
 * A region by its id, or one whose id only the answer to an earlier change will tell.
 * @typedef {{id: number | null, waiting?: boolean}} Ticket  `waiting` while that answer is on its way.
 *
 * @typedef {{kind: string, region?: number | null | Ticket} & Record<string, unknown>} Fields  Of an interaction.
 *
 * @typedef {object} Sight  Where photos are shown.
 * @property {(photo: Photo, image: HTMLImageElement, map: LabelMap) => void} show
 * @property {(changed: Rect | null) => void} refresh  The label map changed there, or only colours did.
 */

/** Kinds that go back or forth from what the person saw. */
const STEPS = ["undo", "redo", "go"];
/** Why a complete photo does not change. */
const CLOSED = "This photo is complete. Reopen it ({reopen}) to change it.";

export class Annotator {
  /** @type {Store<State>} */
  store = new Store(change.START);
  album = new Album(this);
  labelling = new Labelling(this);
  foresight = new Foresight(this);
  /** @type {LabelMap | null} */
  map = null;
  /** @type {Sight | null} */
  sight = null;
  /**
   * The region added last, answered or not.
   * @type {Ticket}
   */
  added = { id: null };
  /**
   * The version of each photo that the page has seen last.
   * @type {Map<Photo["id"], number>}
   */
  #versions = new Map();
  #openings = 0;
  #stopwatch = new Stopwatch();
  #queue = new Queue({
    waiting: (waiting, busy) => this.store.update(change.set({ waiting, busy })),
    gone: (error) => this.store.update(change.set({ gone: error?.message ?? null, loggedOut: error instanceof api.LoggedOut })),
    conflict: (conflict) => (conflict === null ? this.resolveConflict(true) : this.store.update(change.set({ conflict }))),
  });

  get state() {
    return this.store.state;
  }

  /** Try to reach the server again now. */
  retry() {
    this.#queue.retry();
  }

  /**
   * Bring a photo to the stage, after everything done so far is stored; not while something is half done there.
   * @param {Photo["id"]} id
   */
  open(id) {
    if (this.isHalfDone()) return;
    const opening = ++this.#openings;
    this.store.update(change.beginOpening(id));
    this.enqueue(async () => {
      if (opening === this.#openings) await this.#load(id);
    }, (error) => this.#cannotOpen(id, error));
  }

  /**
   * A new region.
   * @param {Point[]} points  Its four extreme points, in any order.
   */
  addRegion(points) {
    const ticket = (this.added = /** @type {Ticket} */ ({ id: null }));
    this.send({ kind: "add_region", extreme_points: points, label: null }, { kind: "points", points }, ticket);
  }

  /**
   * A stroke that grows a region.
   * @param {Point[]} points
   * @param {number | null} region  Null is the one under its start.
   */
  scribble(points, region) {
    this.send({ kind: "scribble", points, region }, { kind: "stroke", points });
  }

  /**
   * Move some of a region's extreme points; the others are where they are once it is this change's turn.
   * @param {number} region
   * @param {(points: Point[]) => Point[]} move  From left, right, top, bottom to four in any order.
   */
  movePoints(region, move) {
    const points = () => {
      const found = change.findRegion(this.state.photo, region);
      return found && move(found.extreme_points);
    };
    const seen = points();
    const fields = () => {
      const extreme_points = points();
      if (!extreme_points) throw new Error("the region is not there any more.");
      return { kind: "move_points", region, extreme_points };
    };
    this.send(fields, seen ? { kind: "points", points: seen } : undefined);
  }

  /** Delete the selected region. */
  deleteSelected() {
    const region = this.state.selected;
    if (region === null) this.say("Select the region to delete first: Tab, or click its row.");
    else if (!this.isFixed()) {
      this.send({ kind: "delete", region });
      // Once is enough, however often the key is pressed before the answer.
      this.store.update(change.select(null));
    }
  }

  /** @param {"undo" | "redo"} kind */
  step(kind) {
    const { photo, waiting } = this.state;
    if (photo && (waiting || change.mayStep(photo, kind))) this.send({ kind });
    else this.say(`There is nothing to ${kind}.`);
  }

  /**
   * Go to a point of the photo's history.
   * @param {number} cursor  How many entries are in force then.
   */
  goTo(cursor) {
    this.send({ kind: "go", cursor });
  }

  /** Show the photo on the stage as it is stored now. */
  reload() {
    const { photo } = this.state;
    if (photo) this.enqueue(() => this.#load(photo.id));
  }

  /** Whether points of a region are placed, or a review is written, that would be lost with the photo. The person is told so. */
  isHalfDone() {
    const { points, draft } = this.state;
    const first = points.length ? "place the region's other points" : isWritten(draft) ? "give the photo back" : null;
    if (first) this.say(`Not done: ${first} first, or give up ({give-up}).`, "error");
    return first !== null;
  }

  /**
   * Whether another photo is on its way to the stage: what is done now is not meant for the one that is still there.
   * The person is told so.
   */
  isOpening() {
    const opening = this.state.opening !== null;
    if (opening) this.say("Not done: the photo is still being opened.", "error");
    return opening;
  }

  /** Whether the photo on the stage takes no changes: another one is on its way, or it is complete. The person is told so. */
  isFixed() {
    if (this.isOpening()) return true;
    const closed = change.isClosed(this.state.photo);
    if (closed) this.say(CLOSED, "error");
    return closed;
  }

  /** @param {boolean} complete */
  setComplete(complete) {
    const seconds = this.#stopwatch.take();
    const complaint = `This photo could not be ${complete ? "completed" : "reopened"}`;
    this.changePhoto(async (photo, common) => {
      const changed = await api.postComplete(photo.id, { ...common, seconds, complete });
      if (complete) this.say(completed(changed));
      return changed;
    }, complaint);
  }

  /**
   * Change the photo on the stage as a whole.
   * @param {(photo: Photo, common: {version: number, key: string}) => Promise<Photo>} run
   * @param {string} complaint  Begins the message if the server refuses.
   */
  changePhoto(run, complaint) {
    const { photo } = this.state;
    if (!photo) return;
    const key = makeKey();
    this.enqueueChange(async () => {
      this.#takePhoto(await run(photo, { version: this.#version(photo), key }));
      // What is stored has the photo's own resolution, and may be another model's: pixels may differ from those shown.
      if (this.state.photo?.id === photo.id && this.state.opening === null) this.#takePatch(await api.getLabels(photo.id), null);
      const project = await api.getProject();
      this.store.update(change.set({ project }));
    }, complaint);
  }

  /**
   * Where to download the project, everything done so far included, and the key to its progress.
   * @param {api.ExportChoice} choice
   */
  async export(choice) {
    // Only its turn is waited for: what is done during a long export must not wait for it.
    await new Promise((resolve) => this.enqueue(async () => resolve(undefined)));
    await api.checkExport(choice);
    const key = makeKey();
    return { url: api.exportUrl(choice, key), key };
  }

  /** @returns {Promise<Uint8Array | null>}  How unsure the model is about the photo on the stage, if it can tell. */
  uncertainty() {
    const { photo } = this.state;
    return new Promise((resolve) => {
      if (!photo) return resolve(null);
      this.enqueue(async () => resolve(await api.getUncertainty(photo.id)), () => resolve(null));
    });
  }

  /**
   * Choose after another window changed the photo: load its state, then make the waiting changes or drop them.
   * @param {boolean} keep
   */
  resolveConflict(keep) {
    const { photo } = this.state;
    if (!photo) return;
    this.store.update(change.set({ conflict: null }));
    const task = this.#task(() => this.#load(photo.id), (error) => this.#cannotOpen(photo.id, error));
    this.#queue.resolve(task, keep);
  }

  /**
   * @param {string} text
   * @param {"info" | "error"} [tone]
   */
  say(text, tone) {
    this.store.update(change.say(text, tone));
  }

  /**
   * Send an interaction with the photo on the stage.
   * @param {Fields | (() => Fields)} fields  Or what makes them, once it is this change's turn.
   * @param {{kind: "stroke" | "points", points: Point[], width?: number | null}} [sketch]  What to show until it is answered.
   * @param {Ticket} [ticket]  Learns the region of the answer.
   */
  send(fields, sketch, ticket) {
    const { photo } = this.state;
    // A stroke that began before the photo was complete has shown what it would change.
    if (this.isFixed()) return this.cover(null);
    if (!photo) return this.say("Not done: no photo is open.", "error");
    const key = makeKey();
    const seconds = this.#stopwatch.take();
    const step = typeof fields === "object" && STEPS.includes(fields.kind);
    if (ticket) ticket.waiting = true;
    if (sketch) this.store.update(change.addSketch({ key, ...sketch }));
    const done = () => {
      if (ticket) ticket.waiting = false;
      this.store.update(change.removeSketch(key));
    };
    const dropped = () => {
      done();
      this.cover(null);
    };
    this.enqueueChange(async () => {
      const now = typeof fields === "function" ? fields() : fields;
      // A key that is held down asks once more than there is.
      if (!change.mayStep(this.state.photo, now.kind)) return this.say(`There is nothing to ${now.kind}.`);
      const region = resolveRegion(now.region);
      const patch = await api.postInteraction(photo.id, { ...now, region, seconds, version: this.#version(photo), key });
      if (ticket) ticket.id = patch.header.region;
      const added = ticket ? patch.header.region : step ? change.broughtBack(this.state.photo, patch.header.photo) : null;
      this.#takePatch(patch, added);
      done();
    }, "Not done", dropped, step);
  }

  /**
   * Show a patch of what is not stored, instead of the one that was shown so before; null takes that away.
   * @param {Labels | null} patch
   */
  cover(patch) {
    const changed = this.map?.cover(patch);
    if (changed) this.sight?.refresh(changed);
  }

  /** @param {Photo["id"]} id */
  async #load(id) {
    const photo = await api.getPhoto(id);
    const [image, patch] = await Promise.all([api.getImage(id), api.getLabels(id)]);
    const map = new LabelMap(photo.display_width, photo.display_height);
    map.apply(patch);
    // The map's own header is the newer of the two, if another window changed the photo in between.
    const latest = patch.header.photo ?? photo;
    this.#versions.set(latest.id, latest.version);
    if (this.state.photo?.id !== latest.id) this.#stopwatch.take();
    this.map = map;
    this.store.update(change.showPhoto(latest));
    // As the store has it: there, regions of one label are told apart by their colours.
    this.sight?.show(this.state.photo ?? latest, image, map);
  }

  /**
   * @param {Photo["id"]} id
   * @param {Error} error
   */
  #cannotOpen(id, error) {
    if (this.state.opening === id) this.store.update(change.showProblem(id, error.message));
  }

  /**
   * @param {Patch} patch
   * @param {number | null} added
   */
  #takePatch(patch, added) {
    const { photo } = patch.header;
    if (!photo) throw new Error("an answer came without its photo.");
    const shown = this.state.photo?.id === photo.id && this.map;
    const changed = shown ? shown.apply(patch) : null;
    this.#takePhoto(photo, added);
    if (shown) this.sight?.refresh(changed);
  }

  /**
   * @param {Photo} photo
   * @param {number | null} [added]
   */
  #takePhoto(photo, added = null) {
    this.#versions.set(photo.id, photo.version);
    this.store.update(change.refreshPhoto(photo, added));
  }

  /** @param {Photo} photo */
  #version(photo) {
    return this.#versions.get(photo.id) ?? photo.version;
  }

  /**
   * @param {() => Promise<void>} run
   * @param {(error: Error) => void} [dropped]
   */
  enqueue(run, dropped) {
    this.#queue.add(this.#task(run, dropped));
  }

  /**
   * @param {() => Promise<void>} run
   * @param {string} complaint  Begins the message if the server refuses.
   * @param {() => void} [after]
   * @param {boolean} [step]  Whether it goes back or forth from what the person saw.
   */
  enqueueChange(run, complaint, after, step = false) {
    const dropped = (/** @type {Error} */ error) => {
      after?.();
      this.say(`${complaint}: ${error.message}`, "error");
    };
    this.#queue.add({ ...this.#task(run, dropped), change: true, step });
  }

  /**
   * @param {() => Promise<void>} run
   * @param {(error: Error) => void} [dropped]
   * @returns {Task}
   */
  #task(run, dropped = (error) => this.say(error.message, "error")) {
    return { run, change: false, dropped };
  }
}

/** A name for a change that no other change has, so that it is never made twice. */
function makeKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("");
}

/**
 * @param {number | null | undefined | Ticket} region
 * @returns {number | null | undefined}
 */
function resolveRegion(region) {
  if (region === null || typeof region !== "object") return region;
  if (region.id === null) throw new Error("the region it was for could not be added.");
  return region.id;
}
