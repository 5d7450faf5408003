/** The list of photos, with their status and the progress of the whole. */

/** @import {Annotator} from "./annotator.js" */
/** @import {PhotoItem, Status} from "./types.js" */
import { byId, element, Rows, within } from "./dom.js";
import { count, showTime } from "./words.js";

/** @type {Record<Status, string>} */
const STATUS = { new: "New", in_work: "In work", complete: "Complete", reviewed: "Reviewed", rejected: "Rejected" };

/** @param {Annotator} annotator */
export function showPhotos(annotator) {
  const { store } = annotator;
  const list = byId("photo-list", HTMLUListElement);
  listenToFilter(annotator);
  list.addEventListener("click", (event) => open(annotator, event));
  const isCurrent = (/** @type {PhotoItem} */ item) => item.id === current(store.state);
  const rows = new Rows(list, (/** @type {PhotoItem} */ item) => JSON.stringify([item, isCurrent(item)]), (item) => row(item, isCurrent(item)));
  const end = element("li", { class: "end" }, "More…");
  const more = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && annotator.album.listMore());
  store.watch((state) => [state.items, state.total, current(state)], () => {
    const { items, total } = store.state;
    rows.show(items);
    more.disconnect();
    end.remove();
    byId("no-photos", HTMLElement).hidden = total > 0 || !store.state.project?.photos;
    if (total <= items.length) return;
    list.append(end);
    more.observe(end);
  });
  store.watch(current, () => list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }));
  store.watch((state) => state.project, showProgress);
}

/**
 * Which photos are listed. In the field of names, Enter opens the first of them and Escape lists all again.
 * @param {Annotator} annotator
 */
function listenToFilter(annotator) {
  const { album } = annotator;
  const status = byId("filter", HTMLSelectElement);
  const name = byId("find", HTMLInputElement);
  status.addEventListener("change", () => album.filter({ status: /** @type {Status | ""} */ (status.value) }));
  name.addEventListener("input", () => album.filter({ name: name.value.trim() }));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Escape") album.filter({ name: (name.value = "") });
    else if (event.key === "Enter") album.openFirst();
    else return;
    event.preventDefault();
    byId("stage", HTMLElement).focus();
  });
}

/** @param {import("./state.js").State} state */
function current(state) {
  return state.opening ?? state.photo?.id ?? state.problem?.id ?? null;
}

/**
 * @param {PhotoItem} item
 * @param {boolean} isCurrent
 */
function row(item, isCurrent) {
  const slash = item.path.lastIndexOf("/");
  const name = element("span", { class: "name", title: item.comment ? `${item.path}: ${item.comment}` : item.path }, item.path.slice(slash + 1));
  const time = item.seconds >= 1 ? [showTime(item.seconds)] : [];
  const details = item.status === "new" ? STATUS.new : [STATUS[item.status], count(item.regions, "region"), ...time].join(" · ");
  const button = element(
    "button",
    { type: "button", "data-photo": item.id, "data-status": item.status, "aria-current": isCurrent && "true" },
    element("span", { class: "dot", "aria-hidden": "true" }),
    element("span", { class: "text" }, name, element("span", { class: "quiet" }, details)),
  );
  return element("li", {}, button);
}

/**
 * @param {Annotator} annotator
 * @param {MouseEvent} event
 */
function open(annotator, event) {
  const button = event.target instanceof Element ? event.target.closest("[data-photo]") : null;
  if (button instanceof HTMLElement) annotator.open(Number(button.dataset["photo"]));
}

/** @param {import("./types.js").Project | null} project */
function showProgress(project) {
  if (!project) return;
  const { photos, complete, statuses, seconds, name, model } = project;
  const bar = byId("progress", HTMLElement);
  bar.setAttribute("aria-valuemax", String(photos));
  bar.setAttribute("aria-valuenow", String(complete));
  within(bar, ".level").style.width = `${photos ? (100 * complete) / photos : 0}%`;
  const text = byId("progress-text", HTMLElement);
  text.textContent = `${complete} of ${photos} complete`;
  const parts = Object.entries(STATUS).map(([status, title]) => `${title}: ${statuses[status] ?? 0}`);
  text.title = [...parts, `Time spent: ${showTime(seconds)}`].join("\n");
  byId("project-name", HTMLElement).textContent = name;
  byId("model", HTMLElement).textContent = `Model: ${model.name}`;
  byId("model", HTMLElement).title = model.hash;
  document.title = `${name} – Fullcanvas`;
}
