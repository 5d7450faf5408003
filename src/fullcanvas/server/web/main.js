/** Puts the page together. */

import { showAccess } from "./access.js";
import { Annotator } from "./annotator.js";
import { COMMANDS } from "./commands.js";
import { Completion } from "./completion.js";
import { Crosshair } from "./crosshair.js";
import { makeExport } from "./export-dialog.js";
import { Gestures } from "./gestures.js";
import { watchElsewhere } from "./elsewhere.js";
import { showHeat } from "./heat.js";
import { makeHelp } from "./help-dialog.js";
import { showHistory } from "./history-panel.js";
import { listenToKeys } from "./keyboard.js";
import { Keymap } from "./keys.js";
import { Lookout } from "./look.js";
import { Loupe } from "./loupe.js";
import { showNotices } from "./notices.js";
import { Pins } from "./pins.js";
import { listenToAdjustments } from "./picture.js";
import { showPhotos } from "./photos-panel.js";
import { LabelPicker } from "./picker.js";
import { makeProjectDialog } from "./project-dialog.js";
import { keepPreferences } from "./preferences.js";
import { showPrompt } from "./prompt.js";
import { showLabels, showRegions } from "./regions-panel.js";
import { Review } from "./review.js";
import { Stage } from "./stage.js";
import { watchTeam } from "./team.js";
import { showToolbar } from "./toolbar.js";
import { Twin } from "./twin.js";

const annotator = new Annotator();
keepPreferences(annotator.store);
const stage = new Stage(annotator);
new Twin(annotator, stage);
new Loupe(annotator, stage);
const gestures = new Gestures(stage, annotator);
const crosshair = new Crosshair(stage, annotator, gestures);
const picker = new LabelPicker(annotator, () => stage.element.focus());
const completion = new Completion(annotator, picker);
const review = new Review(annotator);
const pins = new Pins(annotator, stage);
const keymap = new Keymap(COMMANDS);
const lookout = new Lookout(annotator, stage);
const page = { annotator, stage, gestures, crosshair, lookout, picker, completion, review, pins, showHelp: () => showHelp(), showExport: makeExport(annotator), showProject: makeProjectDialog(annotator) };
const showHelp = makeHelp(page, keymap);

showNotices(annotator, keymap);
showPrompt(page, keymap);
showAccess(annotator);
showPhotos(annotator);
showRegions(annotator, picker);
showLabels(annotator);
showToolbar(page, keymap);
showHeat(annotator, stage);
showHistory(annotator);
listenToKeys(page, keymap);
listenToAdjustments();

// The photo on the stage is in the address, so that a reload finds it again, and a link leads to it.
annotator.store.watch((state) => state.photo?.id, (id) => {
  if (id !== undefined) history.replaceState(null, "", `#${id}`);
});
window.addEventListener("hashchange", () => {
  const wanted = inAddress();
  if (wanted !== null) annotator.open(wanted);
  // Where that is refused, the address says again what is on the stage.
  const { opening, photo } = annotator.state;
  if (photo && opening === null) history.replaceState(null, "", `#${photo.id}`);
});
// After a click with the pointer (a click by key has no detail) the keys belong to the stage again: before the control
// does its work, so that a dialog that it opens gives them back to the stage when it closes.
document.addEventListener("click", (event) => {
  if (event.detail > 0 && event.target instanceof Element && event.target.closest("button, summary, input[type=range]")) stage.element.focus();
}, true);
stage.element.focus();
watchElsewhere(annotator, gestures);
watchTeam(annotator);
annotator.album.start(inAddress());

/** @returns {number | null}  The id of the photo that the address asks for. */
function inAddress() {
  return Number(location.hash.slice(1)) || null;
}

// For people who look behind the page, and for its tests: reading only.
Object.defineProperty(window, "fullcanvas", {
  value: Object.freeze({
    state: () => annotator.state,
    regionAt: (/** @type {number} */ x, /** @type {number} */ y) => annotator.map?.at(x, y) ?? 0,
    labels: () => annotator.map?.labels.slice(),
    toClient: (/** @type {number} */ x, /** @type {number} */ y) => {
      const { left, top } = stage.element.getBoundingClientRect();
      const [column, row] = stage.toStage([x, y]);
      return [left + column, top + row];
    },
  }),
});
