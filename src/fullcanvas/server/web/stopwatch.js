/** How long the person works: pauses in which nothing is touched do not count. */

const LONGEST_PAUSE_MS = 20_000;
const MOST_SECONDS = 3600;

export class Stopwatch {
  #spent = 0;
  /** @type {number | null} */
  #last = null;

  constructor() {
    const note = () => this.#note();
    for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"]) window.addEventListener(kind, note, { passive: true, capture: true });
  }

  /** The seconds of work since they were taken last. */
  take() {
    this.#note();
    const seconds = Math.min(MOST_SECONDS, Math.round(this.#spent / 100) / 10);
    this.#spent = 0;
    return seconds;
  }

  #note() {
    const now = performance.now();
    const pause = this.#last === null ? 0 : now - this.#last;
    if (pause <= LONGEST_PAUSE_MS) this.#spent += pause;
    this.#last = now;
  }
}
