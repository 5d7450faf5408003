/** The few things that this page needs to build elements. */

/**
 * An element by its id, of the given class.
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * A descendant by selector.
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function within(parent, selector) {
  const found = parent.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null>} [attributes]  Those that are false or null are left out.
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * A small square of a colour.
 * @param {import("./types.js").Color} color
 */
export function swatch(color) {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.backgroundColor = `rgb(${color.join(" ")})`;
  return made;
}

/**
 * An icon of icons.svg.
 * @param {string} name
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  made.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  made.append(use);
  return made;
}

/**
 * A list whose rows are replaced only if they would look different; the focus stays where it was.
 * @template T
 */
export class Rows {
  /** @type {{sign: string, row: HTMLLIElement}[]} */
  #shown = [];

  /**
   * @param {HTMLUListElement} list
   * @param {(item: T) => string} sign  Everything that a row depends on.
   * @param {(item: T) => HTMLLIElement} make
   */
  constructor(list, sign, make) {
    this.list = list;
    this.sign = sign;
    this.make = make;
  }

  /** @param {readonly T[]} items */
  show(items) {
    for (const { row } of this.#shown.splice(items.length)) row.remove();
    items.forEach((item, index) => this.#place(item, index));
  }

  /**
   * @param {T} item
   * @param {number} index
   */
  #place(item, index) {
    const before = this.#shown[index];
    const sign = this.sign(item);
    if (before?.sign === sign) return;
    const row = this.make(item);
    const focused = before ? [...before.row.querySelectorAll("button")].indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)) : -1;
    if (before) before.row.replaceWith(row);
    else this.list.append(row);
    if (focused >= 0) row.querySelectorAll("button")[focused]?.focus();
    this.#shown[index] = { sign, row };
  }
}

/**
 * A canvas that covers its place, cleared, and scaled to CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number}} place  In CSS pixels.
 * @returns {CanvasRenderingContext2D}
 */
export function clearCanvas(canvas, place) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  // The ratio changes when the window moves to another screen or the person zooms the page.
  const [width, height] = [Math.round(place.width * devicePixelRatio), Math.round(place.height * devicePixelRatio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, place.width, place.height);
  return context;
}
