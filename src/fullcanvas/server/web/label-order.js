/** The order of labels, which digits count: rows are dragged by their handles, or moved by the arrow keys there. */

/**
 * @param {HTMLUListElement} list  A row for each label, with a handle: `data-move` is the label's id.
 * @param {(id: number, place: number) => void} move  Where a label was brought to, counted from 1.
 */
export function listenToMoves(list, move) {
  const done = (/** @type {HTMLElement} */ handle) => move(Number(handle.dataset["move"]), placeOf(handle) + 1);
  list.addEventListener("keydown", (event) => {
    const handle = handleOf(event.target);
    const from = handle ? placeOf(handle) : 0;
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: list.children.length - 1 }[event.key];
    if (!handle || to === undefined) return;
    event.preventDefault();
    if (to === from || !list.children[to]) return;
    // At once: the next press is about what this one did.
    put(handle, to);
    handle.focus();
    done(handle);
  });
  list.addEventListener("pointerdown", (event) => {
    const handle = handleOf(event.target);
    if (handle && event.button === 0) drag(handle, event.pointerId, () => done(handle));
  });
}

/**
 * Let a row follow the pointer until that comes up; if the browser takes the pointer away, the row goes back.
 * @param {HTMLElement} handle
 * @param {number} pointer  Its id.
 * @param {() => void} moved
 */
function drag(handle, pointer, moved) {
  const from = placeOf(handle);
  const over = new AbortController();
  const { signal } = over;
  handle.setPointerCapture(pointer);
  handle.addEventListener("pointermove", (event) => follow(handle, event.clientY), { signal });
  handle.addEventListener("pointerup", () => {
    over.abort();
    if (placeOf(handle) !== from) moved();
  }, { signal });
  handle.addEventListener("lostpointercapture", () => {
    over.abort();
    if (handle.isConnected) put(handle, from);
  }, { signal });
}

/**
 * Let the rows that a pointer has passed change places with its own, which stays in the page: taken out, it would lose the
 * pointer.
 * @param {HTMLElement} handle
 * @param {number} y  Of the pointer, in the window.
 */
function follow(handle, y) {
  const row = rowOf(handle);
  for (let other = row.previousElementSibling; other && y < middle(other); other = row.previousElementSibling) row.after(other);
  for (let other = row.nextElementSibling; other && y > middle(other); other = row.nextElementSibling) row.before(other);
  row.scrollIntoView({ block: "nearest" });
}

/** @param {Element} row */
function middle(row) {
  const { top, bottom } = row.getBoundingClientRect();
  return (top + bottom) / 2;
}

/**
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null}
 */
function handleOf(target) {
  return target instanceof Element ? target.closest("[data-move]") : null;
}

/** @param {HTMLElement} handle */
function rowOf(handle) {
  return /** @type {HTMLElement} */ (handle.closest("li"));
}

/**
 * The place of a handle's row, counted from 0.
 * @param {HTMLElement} handle
 */
function placeOf(handle) {
  const row = rowOf(handle);
  return [...(row.parentElement?.children ?? [])].indexOf(row);
}

/**
 * @param {HTMLElement} handle
 * @param {number} to  The place of its row, counted from 0.
 */
function put(handle, to) {
  const row = rowOf(handle);
  const others = [...(row.parentElement?.children ?? [])].filter((other) => other !== row);
  row.parentElement?.insertBefore(row, others[to] ?? null);
}
