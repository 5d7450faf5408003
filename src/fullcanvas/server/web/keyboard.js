/** From key presses to commands. */

/** @import {Page} from "./commands.js" */
/** @import {Keymap} from "./keys.js" */
import { allows } from "./access.js";
import { keyName } from "./keys.js";

const WRITES = "input:not([type=range], [type=radio], [type=checkbox]), textarea";

/**
 * @param {Page} page
 * @param {Keymap} keymap
 */
export function listenToKeys(page, keymap) {
  /** @type {Map<string, () => void>} What to do when a held key comes up. */
  const held = new Map();
  const releaseAll = () => {
    for (const release of held.values()) release();
    held.clear();
  };
  window.addEventListener("blur", releaseAll);
  window.addEventListener("keyup", (event) => {
    if (event.key === " ") page.gestures.holdSpace(false);
    held.get(event.code)?.();
    held.delete(event.code);
  });
  window.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || isFor(event.target, event)) return;
    if (page.crosshair.take(event)) return event.preventDefault();
    const command = keymap.find(keyName(event));
    if (!command && event.key === " ") return hold(page, event);
    if (!command) return;
    event.preventDefault();
    if (event.repeat && !command.repeats) return;
    if (!allows(page.annotator.state.session, command.least)) return page.annotator.say(`This takes the role ${command.least}: ask an admin.`);
    command.run(page, event.key);
    if (command.release) held.set(event.code, () => command.release?.(page));
  });
}

/**
 * Whether a key belongs to the control that has the focus.
 * @param {EventTarget | null} target
 * @param {KeyboardEvent} event
 */
function isFor(target, event) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches(WRITES)) return true;
  if (event.key === "Tab") return target.id !== "stage" && target !== document.body;
  // Not letters: to whoever has just chosen a status, they are commands.
  if (target.matches("select")) return event.key.length > 1 || event.key === " ";
  if (target.matches("input")) return event.key.startsWith("Arrow") || event.key === " ";
  return target.matches("button, summary, a[href]") && (event.key === "Enter" || event.key === " ");
}

/**
 * @param {Page} page
 * @param {KeyboardEvent} event
 */
function hold(page, event) {
  event.preventDefault();
  page.gestures.holdSpace(true);
}
