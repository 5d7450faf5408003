/** The list of photos: paged, filtered, walked through. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Filter, PhotoItem} from "./types.js" */
import * as api from "./api.js";
import { isClosed, listMore, set, START } from "./state.js";

const PAGE = 100;
/** To find a photo's place in a long list, or what is left in it: as many as the server lists at once. */
const LONG_PAGE = 1000;

export class Album {
  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
  }

  /**
   * Load the project and the first page of its photos, then open one: what was given back goes first.
   * @param {number | null} wanted  The photo to open, if the address asks for one.
   */
  start(wanted) {
    this.annotator.enqueue(async () => {
      // What changes while the list is on its way is told when it is asked for next.
      const { revision, people } = await api.getChanges({});
      const project = await api.getProject();
      const page = await api.getPhotos(0, PAGE, START.filter);
      this.annotator.store.update((state) => listMore(page)({ ...state, revision, people, project, items: [] }));
      const first = wanted ?? (await this.#returned());
      if (first === null) this.openToDo();
      else this.annotator.open(first);
    });
  }

  /** The first photo that was given back to whoever is at work here; null if none was. */
  async #returned() {
    const { session, project } = this.annotator.state;
    if (!session?.name || !project?.statuses["rejected"]) return null;
    const { items } = await api.getPhotos(0, LONG_PAGE, { ...START.filter, status: "rejected" });
    return items.find(({ author }) => author === session.name)?.id ?? null;
  }

  /**
   * List more photos, if there are more.
   * @param {() => void} [then]  What looks for one, so that many are listed.
   */
  listMore(then) {
    const { items, total, filter } = this.annotator.state;
    if (items.length >= total) return;
    this.annotator.enqueue(async () => {
      if (this.annotator.state.items.length === items.length && this.annotator.state.filter === filter) {
        const page = await api.getPhotos(items.length, then ? LONG_PAGE : PAGE, filter);
        // A page that came back empty ends the list, whatever the total says.
        this.annotator.store.update(listMore(page.items.length ? page : { ...page, total: items.length }));
      }
      then?.();
    });
  }

  /**
   * List other photos.
   * @param {Partial<Filter>} change  What is to be different from now on.
   */
  filter(change) {
    const { store } = this.annotator;
    const filter = { ...store.state.filter, ...change };
    store.update(set({ filter }));
    this.annotator.enqueue(async () => {
      // Whoever types a name wants no list but the last.
      if (store.state.filter !== filter) return;
      const page = await api.getPhotos(0, PAGE, filter);
      store.update((state) => listMore(page)({ ...state, items: [] }));
    });
  }

  /** Open the first photo of the list, once the latest filter has been answered. */
  openFirst() {
    this.annotator.enqueue(async () => {
      const first = this.annotator.state.items[0];
      if (first) this.annotator.open(first.id);
    });
  }

  /**
   * Open the next photo that is not complete: what somebody else has begun only when all else is done; at first any, if
   * nothing is left.
   */
  openToDo() {
    const { annotator } = this;
    // Among complete photos there is nothing to do but to look at the next.
    if (isClosed(annotator.state.filter)) return this.openNext(1);
    const isToDo = (/** @type {PhotoItem} */ item) => !isClosed(item);
    const isMine = (/** @type {PhotoItem} */ item) => isToDo(item) && (item.author === null || item.author === annotator.state.session?.name);
    this.#openFree(isMine, () => this.#openFree(isToDo, () => {
      const { items } = annotator.state;
      const any = items.find(isToDo) ?? items[0];
      if (this.#current() >= 0) annotator.say("Nothing else is left to do in this list: the other photos are complete, or open at somebody else's.");
      else if (any) annotator.open(any.id);
    }));
  }

  /** Open the next photo that awaits its review. */
  openToReview() {
    const none = "No other photo in this list awaits review, unless somebody else has it open.";
    this.#openFree(({ status }) => status === "complete", () => this.annotator.say(none));
  }

  /**
   * Open the next photo of a kind that nobody else has open: further down the list, or else from its beginning.
   * @param {(item: PhotoItem) => boolean} isWanted
   * @param {() => void} otherwise  What to do if there is none.
   */
  #openFree(isWanted, otherwise) {
    const { items, people, total } = this.annotator.state;
    const at = this.#current();
    // Who completed a photo, and still looks at it, is not in its reviewer's way.
    const isTaken = (/** @type {PhotoItem} */ item) => people.some(({ photo, name }) => photo === item.id && !(isClosed(item) && name === item.author));
    const isFree = (/** @type {PhotoItem} */ item, /** @type {number} */ place) => place !== at && isWanted(item) && !isTaken(item);
    const next = items.find((item, place) => place > at && isFree(item, place));
    if (!next && items.length < total) return this.listMore(() => this.#openFree(isWanted, otherwise));
    const found = next ?? items.find(isFree);
    if (found) this.annotator.open(found.id);
    else otherwise();
  }

  /** The photo before that on the stage in the list; undefined if there is none. */
  before() {
    return this.annotator.state.items[this.#current() - 1];
  }

  /** Where the photo on the stage, or on its way there, is in the list; -1 if it is not. */
  #current() {
    const { items, photo, opening, problem } = this.annotator.state;
    const current = opening ?? photo?.id ?? problem?.id;
    return items.findIndex((item) => item.id === current);
  }

  /**
   * Open the photo `step` places further down the list.
   * @param {1 | -1} step
   */
  openNext(step) {
    const { items, total } = this.annotator.state;
    const at = this.#current();
    const next = items[at + step];
    if (next && at >= 0) return this.annotator.open(next.id);
    const known = step < 0 && at >= 0;
    if (items.length < total && !known) return this.listMore(() => this.openNext(step));
    if (next) this.annotator.open(next.id);
    else this.annotator.say(step < 0 ? "This is the first photo." : "This is the last photo of the list.");
  }
}
