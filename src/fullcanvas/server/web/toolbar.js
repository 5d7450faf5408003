/** The bar of tools: buttons made from the table of commands, the opacity, the share of unassigned pixels. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Command, Page} from "./commands.js" */
/** @import {State} from "./state.js" */
import { byId, icon, within } from "./dom.js";
import { Keymap, showKey } from "./keys.js";
import { isClosed, set } from "./state.js";

/** The commands that take a tool up, or put it down. */
const TOOLS = ["paint", "erase", "split", "merge"];
/** Those that need a region. */
const SHAPES = [...TOOLS, "fill"];

/**
 * Make every button that names a command do it.
 * @param {Page} page
 * @param {Keymap} keymap
 */
export function showToolbar(page, keymap) {
  for (const button of document.querySelectorAll("button[data-command]")) {
    const command = keymap.commands.find(({ id }) => button instanceof HTMLElement && id === button.dataset["command"]);
    if (button instanceof HTMLButtonElement && command) bind(button, command, page, keymap);
  }
  const opacity = byId("opacity", HTMLInputElement);
  opacity.addEventListener("input", () => page.annotator.store.update(set({ opacity: Number(opacity.value) / 100 })));
  page.annotator.store.watch((state) => state.opacity, (value) => (opacity.value = String(Math.round(value * 100))));
  watch(page.annotator);
}

/**
 * @param {HTMLButtonElement} button
 * @param {Command} command
 * @param {Page} page
 * @param {Keymap} keymap
 */
function bind(button, command, page, keymap) {
  button.type = "button";
  if (command.least) button.dataset["least"] = command.least;
  if (button.dataset["icon"]) button.prepend(icon(button.dataset["icon"]));
  button.addEventListener("click", () => command.run(page, ""));
  const describe = () => {
    const keys = keymap.keys(command);
    button.title = `${command.title}${keys[0] ? ` (${showKey(keys[0])})` : ""}`;
    if (!button.textContent?.trim()) button.setAttribute("aria-label", shortTitle(command));
    button.setAttribute("aria-keyshortcuts", keys.map((key) => key.replace("Mod", "Control")).join(" "));
  };
  describe();
  button.addEventListener("pointerenter", describe);
}

/**
 * What a command is called where there is no room to explain it.
 * @param {Command} command
 */
function shortTitle({ title }) {
  return title.split(/[:;]/, 1)[0] ?? title;
}

/** @param {Annotator} annotator */
function watch({ store }) {
  store.watch((state) => [state.photo, state.waiting, state.selected, state.opening], () => enable(store.state));
  store.watch((state) => [state.overlay, state.heat, state.beside, state.marking, state.tool], () => press(store.state));
  store.watch((state) => state.photo, showUnassigned);
}

/** @param {State} state */
function enable({ photo, waiting, selected, opening }) {
  const open = photo !== null && opening === null;
  const changeable = open && !isClosed(photo);
  find("mark").disabled = !changeable;
  find("undo").disabled = !changeable || !(photo.can_undo || waiting);
  find("redo").disabled = !changeable || !(photo.can_redo || waiting);
  find("delete").disabled = !changeable || selected === null;
  for (const id of SHAPES) find(id).disabled = !changeable || !(photo.regions.length || waiting);
  find("complete").disabled = !open;
  const done = isClosed(photo);
  within(find("complete"), "span").textContent = done ? "Complete ✓" : "Complete";
}

/** @param {State} state */
function press({ overlay, heat, beside, marking, tool }) {
  find("hide").setAttribute("aria-pressed", String(overlay === "hidden"));
  find("borders").setAttribute("aria-pressed", String(overlay === "borders"));
  find("heat").setAttribute("aria-pressed", String(heat));
  find("beside").setAttribute("aria-pressed", String(beside));
  find("mark").setAttribute("aria-pressed", String(marking));
  for (const id of TOOLS) find(id).setAttribute("aria-pressed", String(tool === id));
}

/** @param {State["photo"]} photo */
function showUnassigned(photo) {
  const meter = byId("unassigned", HTMLElement);
  const share = photo ? photo.unassigned * 100 : null;
  within(meter, "strong").textContent = share === null ? "–" : `${percent(share)} %`;
  within(meter, ".level").style.width = `${share ?? 0}%`;
  meter.dataset["done"] = String(share === 0);
}

/**
 * A percentage that says 0 or 100 only if it is exactly that.
 * @param {number} share
 */
function percent(share) {
  if (share === 0 || share === 100) return String(share);
  return Math.min(99.9, Math.max(0.1, share)).toFixed(1);
}

/** @param {string} command */
function find(command) {
  const button = document.querySelector(`#toolbar [data-command="${command}"]`);
  if (!(button instanceof HTMLButtonElement)) throw new Error(`the page has no button ${command}`);
  return button;
}
