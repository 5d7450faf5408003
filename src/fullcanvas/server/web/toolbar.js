/** The bar of tools: buttons made from the table of commands, the opacity, the share of unassigned pixels. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Command, Page} from "./commands.js" */
/** @import {State} from "./state.js" */
import { byId, icon, within } from "./dom.js";
import { Keymap, showKey } from "./keys.js";
import { isClosed, set } from "./state.js";
import { percent } from "./words.js";

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
  byId("toolbar", HTMLElement).addEventListener("keydown", walk);
  watch(page.annotator);
}

/**
 * In a bar of tools the arrows go from one to the next; elsewhere they go to other photos.
 * @param {KeyboardEvent} event
 */
function walk(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !(event.target instanceof HTMLButtonElement)) return;
  const buttons = [...document.querySelectorAll("#toolbar button")].filter((button) => button instanceof HTMLButtonElement && !button.disabled && button.checkVisibility());
  const next = buttons.at((buttons.indexOf(event.target) + step) % buttons.length);
  if (next instanceof HTMLElement) next.focus();
  event.stopPropagation();
  event.preventDefault();
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
  store.watch((state) => [state.photo, state.waiting, state.selected, state.opening, state.marking, state.points], () => enable(store.state));
  store.watch((state) => [state.overlay, state.names, state.gaps, state.heat, state.beside, state.marking, state.tool], () => press(store.state));
  store.watch((state) => state.photo, showUnassigned);
}

/** @param {State} state */
function enable({ photo, waiting, selected, opening, marking, points }) {
  const open = photo !== null && opening === null;
  const changeable = open && !isClosed(photo);
  find("mark").disabled = !changeable;
  const back = marking && points.length > 0;
  find("undo").disabled = !changeable || !(back || photo.can_undo || waiting);
  find("redo").disabled = !changeable || !(photo.can_redo || waiting);
  find("delete").disabled = !changeable || !(back || selected !== null);
  for (const id of SHAPES) find(id).disabled = !changeable || !(photo.regions.length || waiting);
  find("complete").disabled = !open;
  within(find("complete"), "span").textContent = isClosed(photo) ? "Next photo" : "Complete";
}

/** @param {State} state */
function press({ overlay, names, gaps, heat, beside, marking, tool }) {
  find("hide").setAttribute("aria-pressed", String(overlay === "hidden"));
  find("borders").setAttribute("aria-pressed", String(overlay === "borders"));
  for (const [id, on] of Object.entries({ names, gaps, heat, beside, mark: marking })) find(id).setAttribute("aria-pressed", String(on));
  for (const id of TOOLS) find(id).setAttribute("aria-pressed", String(tool === id));
}

/** @param {State["photo"]} photo */
function showUnassigned(photo) {
  const meter = byId("unassigned", HTMLElement);
  within(meter, "strong").textContent = photo ? percent(photo.unassigned) : "–";
  within(meter, ".level").style.width = `${100 * (photo?.unassigned ?? 0)}%`;
  meter.dataset["done"] = String(photo?.unassigned === 0);
}

/** @param {string} command */
function find(command) {
  const button = document.querySelector(`#toolbar [data-command="${command}"]`);
  if (!(button instanceof HTMLButtonElement)) throw new Error(`the page has no button ${command}`);
  return button;
}
