/** The list of photos: paged, filtered, walked through. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Filter} from "./types.js" */
import * as api from "./api.js";
import { isClosed, listMore, set, START } from "./state.js";

const PAGE = 100;

export class Album {
  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
  }

  /**
   * Load the project and the first page of its photos, then open one.
   * @param {number | null} wanted  The photo to open, if the address asks for one.
   */
  start(wanted) {
    this.annotator.enqueue(async () => {
      const project = await api.getProject();
      const page = await api.getPhotos(0, PAGE, START.filter);
      this.annotator.store.update((state) => listMore(page)({ ...state, project, items: [] }));
      const first = page.items.find((item) => !isClosed(item)) ?? page.items[0];
      const id = wanted ?? first?.id;
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
