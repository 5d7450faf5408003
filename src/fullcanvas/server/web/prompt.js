/** The line above the photo: what is being done to it, or else what to do next. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Keymap} from "./keys.js" */
/** @import {State, Tool} from "./state.js" */
import { byId, element } from "./dom.js";
import { showKey } from "./keys.js";
import { findRegion, isClosed, regionName } from "./state.js";

/**
 * A line in parts: words as they are, and commands that stand for their keys.
 * @typedef {object} Prompt
 * @property {"now" | "next" | "bad"} tone  What goes on, advice, or a complaint.
 * @property {(string | {command: string})[]} parts
 */

/** Where less than this share of the photo is unassigned, there is hardly a region left to mark. */
const LITTLE = 0.03;

/** @type {Record<Exclude<Tool, null>, string>} */
const TOOLS = {
  paint: "Brush in: drag over the pixels that the region gets.",
  erase: "Brush out: drag over the pixels that the region loses.",
  split: "Split: draw a line across the region.",
  merge: "Merge: click the regions that become part of the selected one.",
};

/**
 * @param {Annotator} annotator
 * @param {Keymap} keymap
 */
export function showPrompt({ store }, keymap) {
  const line = byId("prompt", HTMLElement);
  let shown = "";
  store.watch((state) => [state.marking, state.stay, state.points, state.photo, state.opening, state.tool, state.brush, state.selected], () => {
    const { tone, parts } = prompt(store.state);
    const made = parts.map((part) => (typeof part === "string" ? part : element("kbd", {}, keyOf(keymap, part.command))));
    const now = made.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
    line.dataset["tone"] = tone;
    // A line that says the same stays, so that it is not read out again.
    if (now !== shown) line.replaceChildren(...made);
    shown = now;
    showButtons(store.state);
    byId("photo-name", HTMLElement).textContent = store.state.photo?.path ?? "";
  });
}

/**
 * @param {Keymap} keymap
 * @param {string} id
 */
function keyOf(keymap, id) {
  const command = keymap.commands.find((each) => each.id === id);
  return showKey((command && keymap.keys(command)[0]) ?? "–");
}

/** @param {State} state */
function showButtons({ photo, marking, tool }) {
  const done = isClosed(photo);
  for (const button of ["prompt-reopen", "prompt-accept", "prompt-reject"]) byId(button, HTMLElement).hidden = !done;
  byId("prompt-accept", HTMLElement).hidden ||= photo?.status === "reviewed";
  const giveUp = byId("prompt-give-up", HTMLElement);
  giveUp.hidden = !marking && !tool;
  giveUp.textContent = tool ? "Put down" : "Give up";
}

/**
 * @param {State} state
 * @returns {Prompt}
 */
function prompt(state) {
  const { photo, opening, tool, brush, marking, stay, points } = state;
  if (tool) return { tone: "now", parts: [TOOLS[tool], ...(tool === "paint" || tool === "erase" ? [` Brush: ${brush} px `, key("thinner"), " ", key("thicker")] : [])] };
  if (marking) return { tone: "now", parts: [`Click the left-most, right-most, top and bottom pixel of ${stay ? "the next" : "the"} region, in any order: ${points.length} of 4`] };
  if (!photo || opening !== null) return { tone: "next", parts: [] };
  if (isClosed(photo)) return { tone: "now", parts: [`${photo.status === "reviewed" ? "Reviewed" : "Complete"}: its label map is kept as it is, and exported so`] };
  if (photo.comment) return { tone: "bad", parts: [`Rejected: ${photo.comment}`] };
  return { tone: photo.regions.length < 2 ? "now" : "next", parts: advice(state, photo) };
}

/**
 * The next step of whoever does one after the other.
 * @param {State} state
 * @param {NonNullable<State["photo"]>} photo
 * @returns {Prompt["parts"]}
 */
function advice({ selected }, photo) {
  const { regions, unassigned } = photo;
  const owner = findRegion(photo, selected);
  if (!regions.length) return ["Press ", key("mark"), ", then click the four extreme points of anything: an object or a piece of background"];
  if (owner) return [`${regionName(owner)} gets what you draw over, wherever you start. `, key("give-up"), " lets go of it"];
  if (regions.length === 1) return ["A region alone has its whole box. ", key("mark"), " marks what is around it, too: then they share out the pixels"];
  if (unassigned > LITTLE) return [key("mark"), " marks what is left. Or drag from a region into the pixels that it should gain"];
  if (regions.some(({ label }) => label === null)) return [key("next-unlabelled"), " goes to a region without a label; a digit, or ", key("label"), " and a few letters, gives one"];
  if (unassigned) return ["Drag from a region into what it should gain. ", key("next-look"), " goes to the last gaps, ", key("fill"), " closes them"];
  return ["Drag from a region into what it should gain. ", key("next-look"), " goes to unsure places, ", key("complete"), " completes the photo"];
}

/** @param {string} command */
function key(command) {
  return { command };
}
