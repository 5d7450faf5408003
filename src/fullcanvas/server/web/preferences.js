/** How the person likes to see photos, kept in the browser. */

/** @import {State} from "./state.js" */
/** @import {Store} from "./store.js" */
import { set, START } from "./state.js";

const STORED = "fullcanvas.view";
/** What hides work, or is looked at for a moment, is not: whoever comes back would miss the one and wonder at the other. */
const KEPT = /** @type {const} */ (["opacity", "brush", "loupe", "names", "beside", "history"]);

/** @param {Store<State>} store */
export function keepPreferences(store) {
  store.update(set(read()));
  store.watch((state) => KEPT.map((name) => state[name]), () => {
    const chosen = KEPT.filter((name) => store.state[name] !== START[name]).map((name) => [name, store.state[name]]);
    localStorage.setItem(STORED, JSON.stringify(Object.fromEntries(chosen)));
  });
}

/** @returns {Partial<State>}  What is not of its kind is left out. */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return Object.fromEntries(KEPT.filter((name) => typeof stored[name] === typeof START[name]).map((name) => [name, stored[name]]));
  } catch {
    return {};
  }
}
