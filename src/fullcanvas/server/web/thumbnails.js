/** Small pictures of the photos in the list: of rows in sight alone, and while nothing else is asked of the server. */

/** @import {Annotator} from "./annotator.js" */
/** @import {PhotoItem} from "./types.js" */
import { getThumbnail } from "./api.js";
import { element } from "./dom.js";

/** A browser has six connections to a server: most of them stay free for what is done to the photo on the stage. */
const AT_ONCE = 2;

export class Thumbnails {
  /** @type {Map<PhotoItem["id"], string | null>} The addresses of those that came; null of a photo that cannot be opened. */
  #pictures = new Map();
  /** @type {Set<PhotoItem["id"]>} Those that are on their way. */
  #coming = new Set();
  #looking = false;

  /**
   * @param {Annotator} annotator
   * @param {HTMLElement} panel  It scrolls, or the list in it.
   * @param {HTMLUListElement} list  Of the photos, a row each.
   */
  constructor({ store }, panel, list) {
    this.store = store;
    this.panel = panel;
    this.list = list;
    panel.addEventListener("scroll", () => this.#look(), { capture: true, passive: true });
    new ResizeObserver(() => this.#look()).observe(panel);
    store.watch((state) => [state.items, state.busy], () => this.#look());
  }

  /**
   * The place of a photo's picture, of the same size before it has come.
   * @param {PhotoItem["id"]} id
   * @param {HTMLElement} mark  Lies over the picture.
   */
  place(id, mark) {
    const place = element("span", { class: "thumbnail" }, mark);
    show(place, this.#pictures.get(id) ?? null);
    return place;
  }

  /** Fetch what is missing in sight, from the next frame on. */
  #look() {
    if (this.#looking) return;
    this.#looking = true;
    requestAnimationFrame(() => {
      this.#looking = false;
      this.#fetch();
    });
  }

  #fetch() {
    if (this.store.state.busy) return;
    for (const row of inSight(this.list, this.panel)) {
      const id = Number(row.querySelector("[data-photo]")?.getAttribute("data-photo"));
      if (this.#coming.size >= AT_ONCE) return;
      if (id && !this.#pictures.has(id) && !this.#coming.has(id)) void this.#bring(id);
    }
  }

  /** @param {PhotoItem["id"]} id */
  async #bring(id) {
    this.#coming.add(id);
    try {
      const picture = await getThumbnail(id);
      this.#pictures.set(id, picture);
      show(this.list.querySelector(`[data-photo="${id}"] .thumbnail`), picture);
      this.#look();
    } catch {
      // A server that is away is noticed by whatever else is asked of it; what happens next looks again.
    } finally {
      this.#coming.delete(id);
    }
  }
}

/**
 * As a background: an element that comes into one row makes the browser lay all of them out.
 * @param {HTMLElement | null} place
 * @param {string | null} picture
 */
function show(place, picture) {
  if (place && picture) place.style.backgroundImage = `url("${picture}")`;
}

/**
 * The rows of a list that a person sees. (An IntersectionObserver looks at every one of ten thousand in every frame.)
 * @param {HTMLUListElement} list
 * @param {HTMLElement} panel  That shows a part of it.
 */
function* inSight(list, panel) {
  const [above, below] = [list, panel].map((each) => each.getBoundingClientRect());
  if (!above || !below) return;
  const [top, bottom] = [Math.max(above.top, below.top), Math.min(above.bottom, below.bottom)];
  const rows = list.children;
  for (let at = firstBelow(rows, top); at < rows.length; at++) {
    const row = /** @type {Element} */ (rows[at]);
    if (row.getBoundingClientRect().top >= bottom) return;
    yield row;
  }
}

/**
 * The index of the first of some rows, one below the other, that ends below a line.
 * @param {HTMLCollection} rows
 * @param {number} line  In CSS pixels.
 */
function firstBelow(rows, line) {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? Infinity) > line) to = middle;
    else from = middle + 1;
  }
  return from;
}
