/** Other windows on the same photo: what they change is shown here as soon as nothing of ours is under way. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Gestures} from "./gestures.js" */
import { getVersion, LoggedOut } from "./api.js";

const EVERY_MS = 3000;

/**
 * @param {Annotator} annotator
 * @param {Gestures} gestures
 */
export function watchElsewhere(annotator, gestures) {
  const look = async () => {
    if (isQuiet(annotator, gestures)) await compare(annotator, gestures);
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
}

/**
 * @param {Annotator} annotator
 * @param {Gestures} gestures
 */
function isQuiet({ state }, gestures) {
  return !gestures.pressed && state.photo !== null && !state.busy && state.opening === null && state.gone === null && !document.hidden;
}

/**
 * @param {Annotator} annotator
 * @param {Gestures} gestures
 */
async function compare(annotator, gestures) {
  const { photo } = annotator.state;
  if (!photo) return;
  const answer = await getVersion(photo.id).catch((error) => {
    // A server that is away is noticed by whatever is asked of it next. Who has to log in learns it before that.
    if (error instanceof LoggedOut) annotator.reload();
    return null;
  });
  const current = annotator.state.photo;
  if (!answer || current?.id !== photo.id || !isQuiet(annotator, gestures) || answer.version <= current.version) return;
  annotator.reload();
  annotator.say("This photo was changed elsewhere; you see it as it is now.");
}
