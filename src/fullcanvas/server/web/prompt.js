/** The line above the photo: what is being done to it, or else what to do next. */

/** @import {Command, Page} from "./commands.js" */
/** @import {Keymap} from "./keys.js" */
/** @import {State, Tool} from "./state.js" */
/** @import {Photo, Region} from "./types.js" */
import { mayReopen } from "./access.js";
import { byId, element } from "./dom.js";
import { brushRadius, findRegion, isClosed, regionName } from "./state.js";
import { reviewed } from "./words.js";

/**
 * A line, in which {command} stands for the key of that command.
 * @typedef {object} Prompt
 * @property {"now" | "next"} tone  What goes on, or advice.
 * @property {string} text
 */

/** Where less than this share of the photo is unassigned, there is hardly a region left to mark. */
const LITTLE = 0.03;

/** @type {Record<Exclude<Tool, null>, string>} */
const TOOLS = {
  paint: "Brush in{size}: drag over the pixels that the region gets.",
  erase: "Brush out{size}: drag over the pixels that the region loses.",
  split: "Split: draw a line across the region.",
  merge: "Merge: click the regions that become part of the selected one.",
};

/**
 * @param {Page} page
 * @param {Keymap} keymap
 */
export function showPrompt(page, keymap) {
  const { store } = page.annotator;
  const line = byId("prompt", HTMLElement);
  store.watch((state) => [state.marking, state.stay, state.points, state.aiming, state.photo, state.opening, state.tool, state.brush, state.scale, state.selected, state.session, state.draft === null], () => {
    const { tone, text } = prompt(store.state);
    line.dataset["tone"] = tone;
    // A line that says the same stays, so that it is not read out again.
    if (line.textContent !== keymap.spell(text)) line.replaceChildren(...keymap.parts(text).map((part) => (part.command ? keyButton(part.text, part.command, page) : part.text)));
    showButtons(store.state);
    byId("photo-name", HTMLElement).textContent = store.state.photo?.path ?? "";
  });
  store.watch((state) => [state.people, state.photo?.id], () => showOthers(store.state));
  store.watch((state) => [state.photo?.review, isClosed(state.photo), state.draft === null], () => showReview(store.state));
  // Until another photo comes, though the first change makes it this model's: the stage must not move under a stroke.
  store.watch((state) => [state.photo?.id, state.project === null], () => showModels(store.state));
}

/**
 * A key that can be clicked: whoever has a tablet has no other.
 * @param {string} key
 * @param {Command} command
 * @param {Page} page
 */
function keyButton(key, command, page) {
  const button = element("button", { type: "button", class: "key", title: command.title }, element("kbd", {}, key));
  button.addEventListener("click", () => command.run(page, ""));
  return button;
}

/** @param {State} state  Says who else has the photo open: what they do to it and what is done here may be at odds. */
function showOthers({ people, photo }) {
  const line = byId("also-here", HTMLElement);
  const names = people.filter((person) => person.photo === photo?.id).map(({ name }) => name);
  line.hidden = names.length === 0;
  line.textContent = names.length ? `${names.join(", ")} here, too` : "";
}

/**
 * Why the photo was given back: to whoever works on it, and again to whoever reviews what was made of that.
 * @param {State} state
 */
function showReview({ photo, draft }) {
  const comment = byId("comment", HTMLElement);
  const line = byId("comment-text", HTMLElement);
  const review = photo?.review?.verdict === "rejected" && !draft ? photo.review : null;
  const text = review ? reviewed(review) : "";
  comment.hidden = review === null;
  comment.dataset["done"] = String(isClosed(photo));
  if (line.textContent !== text) line.textContent = text;
}

/** @param {State} state  Says it if the photo was begun with another model than the project's. */
function showModels({ photo, project }) {
  const begun = photo?.begun_with ?? null;
  const line = byId("begun-with", HTMLElement);
  line.hidden = begun === null || project === null;
  line.textContent = line.hidden ? "" : `Begun with another model (${begun?.slice(0, 8)}); ${project?.model.name} (${project?.model.hash.slice(0, 8)}) answers now, so regions may look different.`;
}

/** @param {State} state */
function showButtons(state) {
  const { photo, marking, tool, draft } = state;
  const done = isClosed(photo) && !draft;
  for (const button of ["prompt-reopen", "prompt-accept", "prompt-reject"]) byId(button, HTMLElement).hidden = !done;
  byId("prompt-reopen", HTMLElement).hidden ||= !mayReopen(state);
  byId("prompt-accept", HTMLElement).hidden ||= photo?.status === "reviewed";
  const giveUp = byId("prompt-give-up", HTMLElement);
  giveUp.hidden = !marking && !tool && !draft;
  giveUp.textContent = tool ? "Put down" : "Give up";
}

/**
 * @param {State} state
 * @returns {Prompt}
 */
function prompt(state) {
  const { photo, opening, tool, marking, stay, aiming, points, draft } = state;
  if (draft) return { tone: "now", text: "Say what has to be done, and click in the photo to pin something to its place" };
  if (tool) return { tone: "now", text: TOOLS[tool].replace("{size}", ` {thinner} {thicker} ${size(state)}`) };
  if (marking) return { tone: "now", text: `${points.length} of 4: click the left-most, right-most, top and bottom pixel of ${stay ? "the next" : "the"} region, in any order` };
  if (!photo || opening !== null) return { tone: "next", text: "" };
  if (isClosed(photo)) return { tone: "now", text: `${closedBy(photo)}: its label map is kept as it is` };
  if (aiming) return { tone: "now", text: "The arrows move the crosshair, with Shift ten times as far; Space begins a stroke and ends it. {aim} lets go of the arrows" };
  return { tone: photo.regions.length < 2 ? "now" : "next", text: advice(photo, findRegion(photo, state.selected)) };
}

/** @param {Photo} photo  One that is complete. */
function closedBy({ status, author, review }) {
  const [what, who] = status === "reviewed" ? ["Reviewed", review?.reviewer] : ["Complete", author];
  return who ? `${what}, by ${who}` : what;
}

/**
 * How wide the brush is. Large photos are corrected at the resolution at which they are shown as a whole: there is a least.
 * @param {State} state
 */
function size(state) {
  const radius = brushRadius(state);
  return `${2 * Math.floor(radius) + 1} photo pixels wide${radius === brushRadius({ ...state, brush: 0 }) ? " (the least)" : ""}`;
}

/**
 * The next step of whoever does one after the other.
 * @param {Photo} photo
 * @param {Region | null} selected
 */
function advice({ regions, unassigned }, selected) {
  if (!regions.length) return "Press {mark}, then click the four extreme points of anything: an object or a piece of background";
  if (selected) return `${regionName(selected)} gets what you draw over, wherever you start. {zoom-to} zooms to it, {give-up} lets go of it`;
  if (regions.length === 1) return "A region alone has its whole box. {mark} marks what is around it, too: then they share out the pixels";
  if (unassigned > LITTLE) return "{mark} marks what is left. Or drag from a region into the pixels that it should gain";
  if (regions.some(({ label }) => label === null)) return "{next-unlabelled} goes to a region without a label; a digit, or {label} and a few letters, gives one";
  if (unassigned) return "Drag from a region into what it should gain: {next-look} goes to where that is most. {fill} closes the last gaps";
  return "Drag from a region into what it should gain. {next-look} goes to unsure places, {complete} completes the photo";
}
