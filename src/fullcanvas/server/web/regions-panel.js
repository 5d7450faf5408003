/** The lists of the photo's regions and of the project's labels. */

/** @import {Annotator} from "./annotator.js" */
/** @import {LabelPicker} from "./picker.js" */
/** @import {Label, Region} from "./types.js" */
import { byId, element, Rows, swatch } from "./dom.js";
import { count } from "./photos-panel.js";
import { regionName, select } from "./state.js";
import { showTime } from "./stopwatch.js";

/**
 * @param {Annotator} annotator
 * @param {LabelPicker} picker
 */
export function showRegions(annotator, picker) {
  const { store } = annotator;
  const list = byId("region-list", HTMLUListElement);
  list.addEventListener("click", (event) => choose(annotator, picker, event));
  const sign = (/** @type {Region} */ region) => JSON.stringify([region, annotator.map?.pixels(region.id), store.state.selected, store.state.newest, store.state.hidden.includes(region.id)]);
  const rows = new Rows(list, sign, (region) => row(annotator, region));
  const empty = byId("no-regions", HTMLElement);
  store.watch((state) => [state.photo, state.selected, state.newest, state.hidden], () => {
    const regions = store.state.photo?.regions ?? [];
    rows.show(regions);
    empty.hidden = regions.length > 0 || store.state.photo === null;
    list.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
    const unlabelled = regions.filter((region) => region.label === null).length;
    const without = unlabelled ? ` · ${unlabelled} without label` : "";
    byId("region-count", HTMLElement).textContent = regions.length ? `${regions.length}${without}` : "";
  });
}

/**
 * @param {Annotator} annotator
 * @param {Region} region
 */
function row(annotator, region) {
  const { selected, newest, hidden } = annotator.state;
  const share = annotator.map ? (100 * annotator.map.pixels(region.id)) / annotator.map.labels.length : 0;
  const lost = annotator.map !== null && annotator.map.pixels(region.id) === 0;
  const details = `${hidden.includes(region.id) ? "hidden · " : ""}${lost ? "no pixels" : `${share < 10 ? share.toFixed(1) : Math.round(share)} %`}${region.scribbles ? ` · ${count(region.scribbles, "scribble")}` : ""}${region.seconds >= 1 ? ` · ${showTime(region.seconds)}` : ""}`;
  const button = element(
    "button",
    { type: "button", "data-region": region.id, "aria-pressed": String(region.id === selected), "data-newest": selected === null && region.id === newest },
    swatch(region.color),
    element("span", { class: "text" }, element("span", { class: region.label ? "name" : "name unnamed" }, regionName(region)), element("span", { class: "quiet" }, details)),
  );
  const tag = element("button", { type: "button", class: "tag", "data-label-region": region.id, "aria-label": `Label ${regionName(region)}` }, region.label ? "✎" : "label");
  return element("li", {}, button, tag);
}

/**
 * @param {Annotator} annotator
 * @param {LabelPicker} picker
 * @param {MouseEvent} event
 */
function choose(annotator, picker, event) {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const { region, labelRegion } = button?.dataset ?? {};
  if (region !== undefined) {
    const id = Number(region);
    annotator.store.update(select(annotator.state.selected === id ? null : id));
  }
  if (labelRegion !== undefined) {
    annotator.store.update(select(Number(labelRegion)));
    picker.open();
  }
}

/** @param {Annotator} annotator */
export function showLabels(annotator) {
  const list = byId("label-list", HTMLUListElement);
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-label]") : null;
    const label = button instanceof HTMLElement && annotator.state.project?.labels[Number(button.dataset["label"])];
    if (label) annotator.labelling.give(label.name, label.isthing);
  });
  annotator.store.watch((state) => state.project?.labels, (labels) => list.replaceChildren(...(labels ?? []).map(chip)));
}

/**
 * @param {Label} label
 * @param {number} index
 */
function chip(label, index) {
  const digit = index < 10 ? [element("kbd", {}, String((index + 1) % 10))] : [];
  const title = `${label.name}: ${label.isthing ? "thing" : "stuff"}`;
  const button = element("button", { type: "button", "data-label": index, title }, swatch(label.color), label.name, ...digit);
  return element("li", {}, button);
}
