/** The project's labels, with their colours and kinds, and its rules for completing photos. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Color, Label, Project} from "./types.js" */
import * as api from "./api.js";
import { byId, element, icon } from "./dom.js";
import { listenToMoves } from "./label-order.js";
import { set } from "./state.js";

/**
 * @param {Annotator} annotator
 * @returns {() => void}  Shows the dialog.
 */
export function makeProjectDialog(annotator) {
  const dialog = byId("project-dialog", HTMLDialogElement);
  const list = byId("project-labels", HTMLUListElement);
  const rule = byId("project-rule", HTMLInputElement);
  const labelled = byId("project-labelled", HTMLInputElement);
  rule.addEventListener("change", () => ask(annotator, () => api.putRule({ unassigned_allowed: rule.checked })));
  labelled.addEventListener("change", () => ask(annotator, () => api.putRule({ unlabelled_allowed: labelled.checked })));
  list.addEventListener("change", (event) => changeLabel(annotator, event.target));
  list.addEventListener("click", (event) => deleteLabel(annotator, event.target));
  listenToMoves(list, (id, place) => ask(annotator, () => api.patchLabel(id, { place, merge: false }), false));
  byId("project-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    addLabel(annotator, byId("project-name-input", HTMLInputElement), byId("project-kind", HTMLSelectElement).value === "thing");
  });
  annotator.store.watch((state) => state.project, (project) => {
    if (!project) return;
    show(list, project);
    rule.checked = project.unassigned_allowed;
    labelled.checked = project.unlabelled_allowed;
  });
  return () => {
    byId("project-complaint", HTMLElement).hidden = true;
    dialog.showModal();
  };
}

/**
 * @param {HTMLUListElement} list
 * @param {Project} project
 */
function show(list, { labels }) {
  const focused = document.activeElement?.getAttribute("data-part");
  list.replaceChildren(...labels.map(row));
  const again = focused ? list.querySelector(`[data-part="${focused}"]`) : null;
  if (again instanceof HTMLElement) again.focus();
}

/**
 * @param {Label} label
 * @param {number} index
 * @param {Label[]} labels  All of them.
 */
function row({ id, name, isthing, color }, index, labels) {
  const digit = element("kbd", {}, String((index + 1) % 10));
  const handle = element("button", { type: "button", "data-move": id, "data-part": `move-${id}`, "aria-label": `Move ${name}: ${index + 1} of ${labels.length}`, title: "Drag, or press ↑ or ↓: the first ten labels have digits" }, icon("move"), ...(index < 10 ? [digit] : []));
  const hex = `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  const picker = element("input", { type: "color", value: hex, "data-label-id": id, "data-part": `color-${id}`, "aria-label": `Colour of ${name}` });
  const thing = element("option", { value: "thing", selected: isthing }, "thing");
  const stuff = element("option", { value: "stuff", selected: !isthing }, "stuff");
  const kind = element("select", { "data-label-id": id, "data-part": `kind-${id}`, "aria-label": `Kind of ${name}` }, thing, stuff);
  const text = element("input", { type: "text", value: name, maxlength: 200, autocomplete: "off", required: true, "data-label-id": id, "data-part": `name-${id}`, "aria-label": `Name of ${name}` });
  const gone = element("button", { type: "button", "data-delete": id, "data-part": `delete-${id}`, "aria-label": `Delete ${name}`, title: "Delete this label, if no region has it" }, icon("delete"));
  return element("li", {}, handle, picker, text, kind, gone);
}

/**
 * @param {Annotator} annotator
 * @param {EventTarget | null} control
 */
function changeLabel(annotator, control) {
  if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement)) return;
  const id = Number(control.dataset["labelId"]);
  const change = changeOf(control);
  const labels = annotator.state.project?.labels ?? [];
  const old = labels.find((label) => label.id === id);
  const merge = old !== undefined && change.name !== undefined && labels.some((label) => label.id !== id && label.name === change.name);
  // Merged labels cannot be told apart again.
  if (merge && !confirm(`Merge “${old.name}” into “${change.name}”? Every region labelled ${old.name} will be ${change.name}, for good.`)) control.value = old.name;
  else ask(annotator, () => api.patchLabel(id, { ...change, merge }));
}

/**
 * @param {HTMLInputElement | HTMLSelectElement} control
 * @returns {{name?: string, isthing?: boolean, color?: Color}}
 */
function changeOf(control) {
  if (control instanceof HTMLSelectElement) return { isthing: control.value === "thing" };
  return control.type === "color" ? { color: parse(control.value) } : { name: control.value.trim() };
}

/**
 * @param {Annotator} annotator
 * @param {EventTarget | null} target
 */
function deleteLabel(annotator, target) {
  const button = target instanceof Element ? target.closest("[data-delete]") : null;
  if (button) ask(annotator, () => api.deleteLabel(Number(button.getAttribute("data-delete"))));
}

/**
 * @param {Annotator} annotator
 * @param {HTMLInputElement} input
 * @param {boolean} isthing
 */
function addLabel(annotator, input, isthing) {
  const name = input.value.trim();
  if (!name) return;
  ask(annotator, async () => {
    await api.postLabel({ name, isthing });
    input.value = "";
  });
}

/**
 * Do something with the project, then show what it is now.
 * @param {Annotator} annotator
 * @param {() => Promise<unknown>} run
 * @param {boolean} [seen]  Whether that may show on the photo: by its colours, and the names of its regions.
 */
function ask(annotator, run, seen = true) {
  const complaint = byId("project-complaint", HTMLElement);
  complaint.hidden = true;
  const learn = async () => {
    const project = await api.getProject();
    annotator.store.update(set({ project }));
  };
  annotator.enqueue(async () => {
    await run();
    await learn();
    if (seen) annotator.reload();
  }, (error) => {
    complaint.textContent = error.message;
    complaint.hidden = false;
    annotator.enqueue(learn);
  });
}

/**
 * @param {string} hex  "#rrggbb".
 * @returns {Color}
 */
function parse(hex) {
  const number = Number.parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
