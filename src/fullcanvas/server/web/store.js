/** A small store: one frozen state, changed by pure functions, watched by parts of the page. */

/**
 * @template S
 */
export class Store {
  /** @type {(() => void)[]} */
  #watchers = [];

  /** @param {S} state */
  constructor(state) {
    this.state = state;
  }

  /**
   * @param {(state: S) => S} reduce  Pure: returns a new state, or the same if nothing changes.
   */
  update(reduce) {
    const next = reduce(this.state);
    if (Object.is(next, this.state)) return;
    this.state = next;
    for (const check of this.#watchers) check();
  }

  /**
   * Run now, and again whenever what `pick` returns is another value (compared item by item if it is an array).
   * @template T
   * @param {(state: S) => T} pick
   * @param {(picked: T) => void} run
   */
  watch(pick, run) {
    let last = pick(this.state);
    run(last);
    this.#watchers.push(() => {
      const picked = pick(this.state);
      if (same(picked, last)) return;
      last = picked;
      run(picked);
    });
  }
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
function same(one, other) {
  if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other);
  return one.length === other.length && one.every((item, index) => Object.is(item, other[index]));
}
