/** What the person did, in the order it was done: one task under way at a time, none lost while the server is away. */

import { Refused, Unreachable } from "./api.js";

/**
 * @typedef {object} Task
 * @property {() => Promise<void>} run  May run again after it found the server away.
 * @property {boolean} change  Whether it changes a photo, so that it must not get lost.
 * @property {boolean} [step]  Whether it goes back or forth from what the person saw: after a conflict that is gone.
 * @property {(error: Error) => void} dropped  It will not be done: says why.
 *
 * @typedef {object} Listener
 * @property {(waiting: number, busy: boolean) => void} waiting  How many changes wait, and whether anything does.
 * @property {(reason: Unreachable | null) => void} gone  Nothing can be stored at the moment, or it can again.
 * @property {(detail: string | null) => void} conflict  The photo changed elsewhere: the queue waits for `resolve`. Null
 *   if no change waits about which somebody could choose.
 */

const PAUSES_MS = [300, 600, 1000, 2000, 3000];

export class Queue {
  /** @type {Task[]} */
  #tasks = [];
  #running = false;
  #conflict = false;
  #failures = 0;
  /** @type {() => void} */
  #wake = () => {};

  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
  }

  /** @param {Task} task */
  add(task) {
    this.#tasks.push(task);
    this.#report();
    void this.#work();
  }

  /** Whether nothing is waiting or under way. */
  get idle() {
    return this.#tasks.length === 0;
  }

  /** Try again now instead of after the pause. */
  retry() {
    this.#wake();
  }

  /**
   * Go on after a conflict.
   * @param {Task} reload  Done first.
   * @param {boolean} keep  Whether the waiting changes are made after it, or dropped.
   */
  resolve(reload, keep) {
    const dropped = keep ? [] : this.#tasks.filter((task) => task.change);
    this.#tasks = [reload, ...this.#tasks.filter((task) => keep || !task.change)];
    for (const task of dropped) task.dropped(new Error("Dropped in favour of the other window's changes."));
    this.#conflict = false;
    this.#report();
    void this.#work();
  }

  async #work() {
    if (this.#running) return;
    this.#running = true;
    for (let task = this.#tasks[0]; task && !this.#conflict; task = this.#tasks[0]) await this.#attempt(task);
    this.#running = false;
  }

  /** @param {Task} task */
  async #attempt(task) {
    try {
      await task.run();
    } catch (error) {
      if (error instanceof Unreachable) return this.#waitForServer(error);
      this.#reached();
      if (error instanceof Refused && error.status === 409 && task.change) return this.#stop(error.message);
      task.dropped(/** @type {Error} */ (error));
    }
    this.#reached();
    this.#tasks.shift();
    this.#report();
  }

  /** @param {string} detail */
  #stop(detail) {
    const steps = this.#tasks.filter((task) => task.step);
    this.#tasks = this.#tasks.filter((task) => !task.step);
    for (const task of steps) task.dropped(new Error("undo and redo are about what you saw, and the photo was changed elsewhere meanwhile. You see it as it is now."));
    this.#report();
    this.#conflict = true;
    this.listener.conflict(this.#tasks.some((task) => task.change) ? detail : null);
  }

  #reached() {
    if (this.#failures) this.listener.gone(null);
    this.#failures = 0;
  }

  /** @param {Unreachable} reason */
  async #waitForServer(reason) {
    this.#failures++;
    this.listener.gone(reason);
    const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length) - 1];
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  #report() {
    this.listener.waiting(this.#tasks.filter((task) => task.change).length, !this.idle);
  }
}
