/** The list of photos: paged, filtered, walked through. */

/** @import {Annotator} from "./annotator.js" */
import * as api from "./api.js";
import * as change from "./state.js";

const PAGE = 100;

export class Album {
  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
  }

  /**
   * Load the project and the first page of its photos, then open one.
   * @param {string | null} wanted  The id of a photo to open, if it exists.
   */
  start(wanted) {
    this.annotator.enqueue(async () => {
      const project = await api.getProject();
      const page = await api.getPhotos(0, PAGE, null);
      this.annotator.store.update((state) => change.listMore(page)({ ...state, project, items: [] }));
      const first = page.items.find((item) => !change.isClosed(item)) ?? page.items[0];
      const id = page.items.find((item) => String(item.id) === wanted)?.id ?? wanted ?? first?.id;
      if (id !== undefined) this.annotator.open(id);
    });
  }

  /**
   * List more photos, if there are more.
   * @param {() => void} [then]
   */
  listMore(then) {
    const { items, total, filter } = this.annotator.state;
    if (items.length >= total) return;
    this.annotator.enqueue(async () => {
      if (this.annotator.state.items.length === items.length && this.annotator.state.filter === filter) {
        const page = await api.getPhotos(items.length, PAGE, filter);
        // A page that came back empty ends the list, whatever the total says.
        this.annotator.store.update(change.listMore(page.items.length ? page : { ...page, total: items.length }));
      }
      then?.();
    });
  }

  /**
   * List the photos of one status.
   * @param {string | null} filter
   */
  filter(filter) {
    this.annotator.enqueue(async () => {
      const page = await api.getPhotos(0, PAGE, filter);
      this.annotator.store.update((state) => change.listMore(page)({ ...state, filter, items: [] }));
    });
  }

  /**
   * Open the photo `step` places further down the list.
   * @param {1 | -1} step
   */
  openNext(step) {
    const { items, photo, opening, problem, total } = this.annotator.state;
    const current = opening ?? photo?.id ?? problem?.id;
    const at = items.findIndex((item) => item.id === current);
    const next = items[at + step];
    if (next && at >= 0) return this.annotator.open(next.id);
    const known = step < 0 && at >= 0;
    if (items.length < total && !known) return this.listMore(() => this.openNext(step));
    if (next) this.annotator.open(next.id);
    else this.annotator.say(step < 0 ? "This is the first photo." : "This is the last photo of the list.");
  }
}
