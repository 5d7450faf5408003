/** What the page tells the person: what is being done, and what went wrong. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Keymap} from "./keys.js" */
/** @import {State} from "./state.js" */
import { byId, within } from "./dom.js";
import { isWritten } from "./draft.js";
import { set } from "./state.js";
import { count, percent } from "./words.js";

/**
 * @param {Annotator} annotator
 * @param {Keymap} keymap
 */
export function showNotices(annotator, keymap) {
  const { store } = annotator;
  byId("toast-close", HTMLButtonElement).addEventListener("click", () => store.update(set({ message: null })));
  byId("retry", HTMLButtonElement).addEventListener("click", () => annotator.retry());
  window.addEventListener("online", () => annotator.retry());
  window.addEventListener("beforeunload", (event) => {
    if (store.state.waiting || isWritten(store.state.draft)) event.preventDefault();
  });
  store.watch((state) => [state.waiting, state.gone, state.photo === null], () => showSaving(store.state));
  store.watch((state) => state.busy, (busy) => byId("stage", HTMLElement).setAttribute("aria-busy", String(busy)));
  store.watch((state) => state.message, (message) => showMessage(message, keymap));
  // For those who do not see the photo change.
  store.watch((state) => state.photo, (photo) => (byId("answer", HTMLElement).textContent = photo ? `${count(photo.regions.length, "region")}, ${percent(photo.unassigned)} unassigned` : ""));
  store.watch((state) => [state.gone, state.loggedOut, state.waiting], () => showBanner(store.state));
  store.watch((state) => [state.opening, state.photo === null, state.problem, state.gone], () => showVeil(store.state));
  store.watch((state) => [state.problem, state.project, state.items, state.filter, state.photo === null, state.opening], () => showProblem(store.state, keymap));
  watchConflict(annotator);
}

/** @param {State} state */
function showSaving({ waiting, gone, photo }) {
  const saving = byId("saving", HTMLElement);
  const text = gone ? "Not saved yet" : waiting ? "Saving…" : photo ? "Saved" : "";
  if (saving.textContent !== text) saving.textContent = text;
  saving.dataset["tone"] = gone ? "error" : waiting ? "busy" : "good";
}

/**
 * @param {State["message"]} message
 * @param {Keymap} keymap
 */
function showMessage(message, keymap) {
  const stays = message !== null && message.tone !== "info";
  const text = keymap.spell(message?.text ?? "");
  const toast = byId("toast", HTMLElement);
  byId("message", HTMLElement).textContent = stays ? "" : text;
  within(toast, "span").textContent = stays ? text : "";
  toast.dataset["tone"] = message?.tone ?? "";
  toast.hidden = !stays;
}

/** @param {State} state */
function showBanner({ gone, waiting, loggedOut }) {
  const banner = byId("banner", HTMLElement);
  banner.hidden = gone === null;
  const kept = waiting ? ` ${waiting === 1 ? "Your last change is" : `Your last ${waiting} changes are`} kept here and will be stored ${loggedOut ? "once you are" : "when it is back"}: do not close this tab.` : "";
  byId("banner-login", HTMLElement).hidden = !loggedOut;
  within(banner, "span").textContent = `${gone ?? ""}${kept}`;
}

/** @param {State} state */
function showVeil({ opening, photo, problem, project, gone }) {
  byId("veil", HTMLElement).hidden = gone !== null || (opening === null && (photo !== null || problem !== null || project !== null));
}

/**
 * @param {State} state
 * @param {Keymap} keymap
 */
function showProblem(state, keymap) {
  const notice = byId("notice", HTMLElement);
  const [title, text] = problem(state) ?? ["", ""];
  notice.hidden = !title;
  within(notice, "h2").textContent = title;
  within(notice, "p").textContent = keymap.spell(text);
}

/**
 * @param {State} state
 * @returns {[string, string] | null}
 */
function problem({ problem: broken, project, items, photo, opening }) {
  if (broken) {
    const path = items.find((item) => item.id === broken.id)?.path ?? "This photo";
    return [`${path} cannot be opened`, `${broken.detail.replace(/[.]?$/, ".")} The other photos are not affected: {next-photo} goes to the next one.`];
  }
  if (project?.photos === 0) return ["There are no photos here", "Put JPEG, PNG or other image files into the folder that Fullcanvas was started with: they appear here."];
  if (project && !photo && opening === null) return ["No photo is open", "Choose one in the list."];
  return null;
}

/** @param {Annotator} annotator */
function watchConflict(annotator) {
  const dialog = byId("conflict-dialog", HTMLDialogElement);
  const choose = (/** @type {boolean} */ keep) => () => {
    dialog.close();
    annotator.resolveConflict(keep);
  };
  byId("conflict-drop", HTMLButtonElement).addEventListener("click", choose(false));
  byId("conflict-keep", HTMLButtonElement).addEventListener("click", choose(true));
  // There is no third way out: the waiting changes must be made or dropped.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  // A browser lets nobody be locked in: it closes a dialog all the same when it is told so again.
  dialog.addEventListener("close", () => annotator.state.conflict !== null && dialog.showModal());
  annotator.store.watch((state) => state.conflict, (conflict) => {
    if (conflict === null) return;
    byId("conflict-detail", HTMLElement).textContent = conflict;
    dialog.showModal();
  });
}
