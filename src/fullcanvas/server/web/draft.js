/** What a reviewer is about to give a photo back with: pure functions on the page's state. */

/** @import {Pin, Point} from "./types.js" */
/** @import {Reducer, State} from "./state.js" */
import { say } from "./state.js";

/**
 * Pins in the order in which they were put; `key` tells them apart while their numbers and texts change.
 * @typedef {{comment: string, pins: (Pin & {key: number})[]}} Draft
 */

/** As many as the server takes. */
const MOST_PINS = 50;
/** @type {readonly Pin[]} */
const NONE = [];

/** @type {Reducer}  One that is begun already goes on, and so does one that was given up. */
export const beginDraft = (state) => ({ ...state, draft: state.draft ?? state.shelved ?? { comment: "", pins: [] }, shelved: null, pin: null, message: null });

/** @type {Reducer}  What was written can be brought back. */
export const giveUpDraft = (state) => ({ ...state, draft: null, shelved: isWritten(state.draft) ? state.draft : null, pin: null });

/** @type {Reducer}  It has become a review, or there is nothing to review any more. */
export const endDraft = (state) => ({ ...state, draft: null, shelved: null, pin: null });

/** @param {string} comment */
export const writeComment = (comment) => revise((draft) => ({ ...draft, comment }));

/**
 * One more pin, with nothing said about it yet.
 * @param {Point} place
 * @returns {Reducer}
 */
export const addPin = ([x, y]) => (state) => {
  if (state.draft && state.draft.pins.length >= MOST_PINS) return say(`A photo takes ${MOST_PINS} pins at most: say the rest in words.`)(state);
  return revise(({ comment, pins }) => ({ comment, pins: [...pins, { key: 1 + Math.max(0, ...pins.map(({ key }) => key)), x: Math.floor(x), y: Math.floor(y), text: "" }] }))(state);
};

/** @param {number} key */
export const removePin = (key) => revise(({ comment, pins }) => ({ comment, pins: pins.filter((pin) => pin.key !== key) }));

/**
 * @param {number} key
 * @param {string} text
 */
export const writePin = (key, text) => revise(({ comment, pins }) => ({ comment, pins: pins.map((pin) => (pin.key === key ? { ...pin, text } : pin)) }));

/**
 * Whether anything would be lost with it.
 * @param {Draft | null} draft
 */
export function isWritten(draft) {
  return draft !== null && (draft.comment.trim() !== "" || draft.pins.length > 0);
}

/**
 * The pins to show: those of the draft; or those that the photo was given back with, until it is accepted.
 * @param {State} state
 * @returns {readonly Pin[]}
 */
export function pinsOn({ draft, photo }) {
  if (draft) return draft.pins;
  return photo?.review?.verdict === "rejected" ? photo.review.pins : NONE;
}

/**
 * @param {(draft: Draft) => Draft} change
 * @returns {Reducer}
 */
function revise(change) {
  return (state) => (state.draft ? { ...state, draft: change(state.draft) } : state);
}
