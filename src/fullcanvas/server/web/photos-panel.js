/** The list of photos, with their status and the progress of the whole. */

/** @import {Annotator} from "./annotator.js" */
/** @import {PhotoItem, Status} from "./types.js" */
import { byId, element, Rows, within } from "./dom.js";
import { isClosed } from "./state.js";
import { Thumbnails } from "./thumbnails.js";
import { count, reviewed, showTime } from "./words.js";

/** @type {Record<Status, string>} */
const STATUS = { new: "New", in_work: "In work", complete: "Complete", reviewed: "Reviewed", rejected: "Rejected" };

/** @param {Annotator} annotator */
export function showPhotos(annotator) {
  const { store } = annotator;
  const list = byId("photo-list", HTMLUListElement);
  listenToFilter(annotator);
  offerFilters(annotator);
  list.addEventListener("click", (event) => open(annotator, event));
  const thumbnails = new Thumbnails(annotator, byId("photos", HTMLElement), list);
  const isCurrent = (/** @type {PhotoItem} */ item) => item.id === current(store.state);
  const visitors = (/** @type {PhotoItem} */ item) => store.state.people.filter(({ photo }) => photo === item.id).map(({ name }) => name);
  const rows = new Rows(list, (/** @type {PhotoItem} */ item) => JSON.stringify([item, isCurrent(item), visitors(item)]), (item) => row(item, isCurrent(item), visitors(item), thumbnails));
  const end = element("li", { class: "end" }, "More…");
  const more = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && annotator.album.listMore());
  store.watch((state) => [state.items, state.total, state.people, current(state)], () => {
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
 * Filters by what was said of photos, and by whom: each is there if it leaves a choice.
 * @param {Annotator} annotator
 */
function offerFilters({ store, album }) {
  const label = byId("filter-label", HTMLSelectElement);
  const person = byId("filter-person", HTMLSelectElement);
  label.addEventListener("change", () => album.filter({ label: label.value }));
  person.addEventListener("change", () => album.filter({ person: person.value }));
  // Who or what is not there any more filters nothing, and a filter that is in use can be taken back.
  store.watch((state) => state.project?.labels, (labels = []) => {
    offer(label, labels.map(({ name }) => name));
    label.hidden = !labels.length;
    if (label.value !== store.state.filter.label) album.filter({ label: label.value });
  });
  store.watch((state) => state.project?.people, (people = []) => {
    offer(person, people);
    person.hidden = people.length < 2 && !person.value;
    if (person.value !== store.state.filter.person) album.filter({ person: person.value });
  });
}

/**
 * @param {HTMLSelectElement} select  Its first option stands for all; what is chosen stays so while it is there.
 * @param {string[]} names
 */
function offer(select, names) {
  const { value } = select;
  select.length = 1;
  select.append(...names.map((name) => element("option", { value: name, selected: name === value }, name)));
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
    if (event.isComposing) return;
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
 * @param {string[]} visitors  Who else has it open.
 * @param {Thumbnails} thumbnails
 */
function row(item, isCurrent, visitors, thumbnails) {
  const slash = item.path.lastIndexOf("/") + 1;
  const folder = slash ? [element("span", { class: "folder" }, item.path.slice(0, slash))] : [];
  const name = element("span", { class: "name", title: describe(item) }, ...folder, element("span", { class: "end-first" }, element("bdi", {}, item.path.slice(slash))));
  const time = item.seconds >= 1 ? [showTime(item.seconds)] : [];
  const author = item.author ? [item.author] : [];
  const details = item.status === "new" ? STATUS.new : [STATUS[item.status], ...author, count(item.regions, "region"), ...time].join(" · ");
  const here = visitors.length ? [element("span", { class: "here", title: `${visitors.join(", ")}: has this photo open` }, visitors.join(", ")), " "] : [];
  const button = element(
    "button",
    { type: "button", "data-photo": item.id, "data-status": item.status, "aria-current": isCurrent && "true" },
    thumbnails.place(item.id, element("span", { class: "dot", "aria-hidden": "true" })),
    element("span", { class: "text" }, name, element("span", { class: "quiet" }, ...here, details)),
  );
  return element("li", {}, button);
}

/**
 * All that is known of a photo, and does not fit its row.
 * @param {PhotoItem} item
 */
function describe({ path, status, author, review }) {
  const done = author ? [`${isClosed({ status }) ? "Completed" : "Changed last"} by ${author}`] : [];
  return [path, ...done, ...(review ? [reviewed(review)] : [])].join("\n");
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
  text.title = `Time spent: ${showTime(seconds)}`;
  for (const [status, title] of Object.entries(STATUS)) within(byId("filter", HTMLSelectElement), `[value="${status}"]`).textContent = `${title} (${statuses[status] ?? 0})`;
  byId("project-name", HTMLElement).textContent = name;
  byId("model", HTMLElement).textContent = `Model: ${model.name}`;
  byId("model", HTMLElement).title = model.hash;
  document.title = `${name} – Fullcanvas`;
}
