/** The lists of the photo's regions and of the project's labels. */

/** @import {Annotator} from "./annotator.js" */
/** @import {LabelPicker} from "./picker.js" */
/** @import {Label, Region} from "./types.js" */
import { byId, element, Rows, swatch } from "./dom.js";
import { regionName, select } from "./state.js";
import { count, percent, showTime } from "./words.js";

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
  const missing = byId("unlabelled", HTMLButtonElement);
  /** @type {number | null} The newest region when the list was shown last. */
  let shown = null;
  store.watch((state) => [state.photo, state.selected, state.newest, state.hidden], () => {
    const regions = store.state.photo?.regions ?? [];
    rows.show(regions);
    empty.hidden = regions.length > 0 || store.state.photo === null;
    // The newest only once: whoever looks elsewhere in the list is not taken back to it.
    const wanted = store.state.newest === shown ? "[aria-pressed=true]" : "[aria-pressed=true], [data-newest]";
    shown = store.state.newest;
    list.querySelector(wanted)?.scrollIntoView({ block: "nearest" });
    const unlabelled = regions.filter((region) => region.label === null).length;
    byId("region-count", HTMLElement).textContent = regions.length ? String(regions.length) : "";
    missing.textContent = `${unlabelled} without label`;
    missing.hidden = unlabelled === 0;
  });
  // After the rows: those that are drawn anew are not marked.
  showPointing(annotator, list);
}

/**
 * A row that is pointed at lights up its region on the stage; a region that is pointed at there marks its row.
 * @param {Annotator} annotator
 * @param {HTMLUListElement} list
 */
function showPointing({ store }, list) {
  const light = (/** @type {number | null} */ lit) => store.update((state) => (state.lit === lit ? state : { ...state, lit }));
  list.addEventListener("pointerover", (event) => light(regionOf(event.target)));
  list.addEventListener("pointerleave", () => light(null));
  store.watch((state) => [state.under, state.photo, state.selected, state.newest, state.hidden], () => {
    list.querySelector("[data-under]")?.removeAttribute("data-under");
    list.querySelector(`[data-region="${store.state.under}"]`)?.setAttribute("data-under", "");
  });
}

/**
 * @param {Annotator} annotator
 * @param {Region} region
 */
function row({ state, map }, region) {
  const { selected, newest } = state;
  const facts = details(state, map, region);
  const button = element(
    "button",
    { type: "button", title: `${regionName(region)} · ${facts}`, "data-region": region.id, "aria-pressed": String(region.id === selected), "data-newest": selected === null && region.id === newest },
    swatch(region.color),
    element("span", { class: "text" }, element("span", { class: region.label ? "name" : "name unnamed" }, regionName(region)), element("span", { class: "quiet" }, facts)),
  );
  const tag = element("button", { type: "button", class: region.label ? "tag" : "tag missing", "data-label-region": region.id, "aria-label": `Label ${regionName(region)}` }, region.label ? "✎" : "label");
  return element("li", {}, button, tag);
}

/**
 * What a row tells of a region beside its name.
 * @param {import("./state.js").State} state
 * @param {import("./labelmap.js").LabelMap | null} map
 * @param {Region} region
 */
function details({ hidden }, map, { id, label, scribbles, seconds }) {
  const pixels = map?.pixels(id) ?? 0;
  const share = map ? pixels / map.labels.length : 0;
  const facts = [
    hidden.includes(id) && "hidden",
    pixels ? (share < 0.1 ? percent(share) : `${Math.round(100 * share)} %`) : "no pixels",
    // Many regions have the same label; the history calls them by their numbers.
    label !== null && `#${id}`,
    scribbles > 0 && count(scribbles, "scribble"),
    seconds >= 1 && showTime(seconds),
  ];
  return facts.filter(Boolean).join(" · ");
}

/**
 * The region whose row an element is in.
 * @param {EventTarget | null} target
 */
function regionOf(target) {
  const row = target instanceof Element ? target.closest("li")?.querySelector("[data-region]") : null;
  return row instanceof HTMLElement ? Number(row.dataset["region"]) : null;
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
