/** The photo itself: at display size first, in full once the person looks closely. */

/** @import {Photo} from "./types.js" */
import { getImage } from "./api.js";
import { byId } from "./dom.js";

const CLOSE = 1.2;
const REST_MS = 200;

export class Picture {
  #place = byId("picture", HTMLElement);
  #twin = byId("twin-picture", HTMLElement);
  /** @type {Photo | null} */
  #photo = null;
  #asked = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;

  /**
   * @param {Photo} photo
   * @param {HTMLImageElement} image
   */
  show(photo, image) {
    clearTimeout(this.#rest);
    this.#photo = photo;
    this.#asked = photo.width === photo.display_width && photo.height === photo.display_height;
    this.#put(image);
  }

  /**
   * @param {number} scale  Device pixels a display pixel.
   */
  zoomed(scale) {
    clearTimeout(this.#rest);
    if (scale > CLOSE && !this.#asked) this.#rest = setTimeout(() => void this.#sharpen(), REST_MS);
  }

  async #sharpen() {
    const photo = this.#photo;
    if (!photo) return;
    this.#asked = true;
    try {
      const image = await getImage(photo.id, "full");
      if (this.#photo === photo) this.#put(image);
    } catch {
      // The photo can be worked on as it is shown; the next zoom asks again.
      if (this.#photo === photo) this.#asked = false;
    }
  }

  /** @param {HTMLImageElement} image */
  #put(image) {
    image.alt = this.#photo?.path ?? "";
    image.draggable = false;
    const copy = /** @type {HTMLImageElement} */ (image.cloneNode());
    copy.alt = "";
    for (const old of this.#place.querySelectorAll("img")) URL.revokeObjectURL(old.src);
    this.#place.replaceChildren(image);
    this.#twin.replaceChildren(copy);
  }
}

/** Brightness and contrast: of what is shown only; the model sees the photo as it is. */
export function listenToAdjustments() {
  const sliders = ["brightness", "contrast"].map((name) => byId(name, HTMLInputElement));
  const show = () => {
    const changed = sliders.filter((slider) => slider.value !== "100");
    const filter = changed.map((slider) => `${slider.id}(${slider.value}%)`).join(" ");
    for (const place of ["picture", "twin-picture", "loupe"]) byId(place, HTMLElement).style.filter = filter;
  };
  const panel = byId("adjust", HTMLDetailsElement);
  byId("stage", HTMLElement).addEventListener("pointerdown", () => (panel.open = false));
  for (const slider of sliders) slider.addEventListener("input", show);
  byId("adjust-reset", HTMLButtonElement).addEventListener("click", () => {
    for (const slider of sliders) slider.value = "100";
    show();
  });
}
