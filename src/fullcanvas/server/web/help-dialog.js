/** The sheet of all that can be done: a click on it does it, also where there is no keyboard, and one on its key changes that. */

/** @import {Command, Page} from "./commands.js" */
/** @import {Keymap} from "./keys.js" */
import { COMMANDS, POINTER } from "./commands.js";
import { byId, element } from "./dom.js";
import { keyName, showKey } from "./keys.js";

/**
 * @param {Page} page
 * @param {Keymap} keymap
 * @returns {() => void}  Shows the sheet.
 */
export function makeHelp(page, keymap) {
  const dialog = byId("help-dialog", HTMLDialogElement);
  const list = byId("key-list", HTMLElement);
  const draw = () => {
    const groups = [...new Set(COMMANDS.map((command) => command.group))];
    list.replaceChildren(...groups.map((group) => keyGroup(group, keymap)), pointerGroup());
  };
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-run], [data-change]") : null;
    if (!(button instanceof HTMLElement)) return;
    const { run, change } = button.dataset;
    const command = COMMANDS.find(({ id }) => id === (run ?? change));
    if (command && change) listen(button, command, keymap, draw);
    if (!command || !run) return;
    dialog.close();
    command.run(page, "");
  });
  return () => {
    draw();
    dialog.showModal();
  };
}

/**
 * @param {string} group
 * @param {Keymap} keymap
 */
function keyGroup(group, keymap) {
  const rows = COMMANDS.filter((command) => command.group === group).map((command) => {
    const shown = command.shown ? [command.shown] : keymap.keys(command).map(showKey);
    const keys = shown.map((key) => element("kbd", {}, key));
    const name = `${command.title}: ${shown.join(" or ") || "no key"}. Change`;
    const change = element("button", { type: "button", class: "change", "data-change": command.id, "aria-label": name }, ...(keys.length ? keys : ["none"]));
    // What is held down, or depends on which key it is, takes a key.
    const title = command.release || command.shown ? command.title : element("button", { type: "button", class: "do", "data-run": command.id }, command.title);
    return element("li", { "data-command-row": command.id, "data-least": command.least ?? null }, command.shown ? element("span", { class: "change" }, ...keys) : change, title);
  });
  return element("section", {}, element("h3", {}, group), element("ul", {}, ...rows));
}

function pointerGroup() {
  const rows = POINTER.map(([what, meaning]) => element("li", {}, element("em", {}, what ?? ""), meaning ?? ""));
  return element("section", {}, element("h3", {}, "Pointer"), element("ul", {}, ...rows));
}

/**
 * Take the next key for a command.
 * @param {HTMLElement} button
 * @param {Command} command
 * @param {Keymap} keymap
 * @param {() => void} done
 */
function listen(button, command, keymap, done) {
  button.replaceChildren("press a key…");
  button.addEventListener("blur", done, { once: true });
  button.addEventListener("keydown", (event) => {
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== "Escape") keymap.assign(command, event.key === "Backspace" ? null : keyName(event));
    button.blur();
  });
}
