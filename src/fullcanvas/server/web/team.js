/** The others at work: the list shows what they changed and where they are, and whoever gets a photo back is told. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Reducer, State} from "./state.js" */
/** @import {Changes, Filter, PhotoItem, Project} from "./types.js" */
import { getChanges, getPhoto, getProject } from "./api.js";
import { refreshPhoto, say, set } from "./state.js";

const EVERY_MS = 3000;

/** @param {Annotator} annotator */
export function watchTeam(annotator) {
  const ask = async () => {
    const { project, gone } = annotator.state;
    if (project && gone === null && !document.hidden) await learn(annotator);
    setTimeout(ask, EVERY_MS);
  };
  setTimeout(ask, EVERY_MS);
}

/**
 * Asked beside the queue: what others do must not delay what is done here.
 * @param {Annotator} annotator
 */
async function learn({ store }) {
  const { revision: since, opening, photo } = store.state;
  const open = opening ?? photo?.id;
  // A server that is away is noticed by whatever else is asked of it.
  const changes = await getChanges(open === undefined ? { since } : { since, photo: open }).catch(() => null);
  if (!changes) return;
  const returned = changes.photos.filter((item) => isReturned(item, store.state));
  store.update(takeChanges(changes));
  if (changes.labels_version !== store.state.project?.labels_version) await learnLabels(store);
  if (returned.length) store.update(say(returned.map(tell).join(" "), "news"));
}

/**
 * Labels have changed: show them as they are now, and the regions on the stage in their colours.
 * @param {Annotator["store"]} store
 */
async function learnLabels(store) {
  const { photo, opening } = store.state;
  // A photo that is on its way comes in the colours of now.
  const shown = opening === null && photo ? getPhoto(photo.id) : null;
  const [project, answer] = await Promise.all([getProject(), shown]).catch(() => [null, null]);
  if (project) store.update(set({ project }));
  const now = store.state.photo;
  // Of another version, more is different than colours: whoever brings that, or watches for it, shows it all.
  if (answer && now?.id === answer.id && now.version === answer.version) store.update(refreshPhoto(answer));
}

/**
 * Whether a photo has just been given back to whoever is at work here.
 * @param {PhotoItem} item
 * @param {State} state
 */
function isReturned({ id, status, review, author }, { items, session }) {
  const before = items.find((item) => item.id === id);
  const mine = session?.name && session.name === author;
  // A rejected photo also changes when a label of its regions is renamed.
  return Boolean(mine && status === "rejected" && before?.review?.time !== review?.time);
}

/** @param {PhotoItem} item */
function tell({ path, review, comment }) {
  return `${review?.reviewer ?? "Somebody"} gave ${path} back${comment ? `: ${comment}` : "."}`;
}

/**
 * What others did. Photos that are listed stay listed, whatever became of them: nobody's list moves under their hand.
 * @param {Changes} changes
 * @returns {Reducer}
 */
const takeChanges = ({ revision, photos, statuses, people }) => (state) => {
  const known = new Map(photos.map((photo) => [photo.id, photo]));
  const listed = new Set(state.items.map(({ id }) => id));
  const came = photos.filter((photo) => !listed.has(photo.id) && isWanted(photo, state));
  const items = photos.length ? [...state.items.map((item) => later(item, known.get(item.id))), ...came] : state.items;
  return {
    ...state,
    revision,
    people: same(people, state.people) ? state.people : people,
    project: state.project && takePeople(takeStatuses(state.project, statuses), photos),
    items: came.length ? items.toSorted(byPath) : items,
    total: state.total + came.length,
  };
};

/**
 * Of two states of a photo the later one.
 * @param {PhotoItem} item
 * @param {PhotoItem} [other]
 */
function later(item, other) {
  return other && other.version >= item.version ? other : item;
}

/**
 * @param {PhotoItem} one
 * @param {PhotoItem} other
 */
function byPath(one, other) {
  return one.path < other.path ? -1 : 1;
}

/**
 * Whether a photo belongs into the part of the list that is there: it is asked for, and not further down.
 * @param {PhotoItem} photo
 * @param {State} state
 */
function isWanted(photo, { filter, items, total }) {
  return isAskedFor(photo, filter) && (items.length >= total || photo.path < (items.at(-1)?.path ?? ""));
}

/**
 * As the server answers it.
 * @param {PhotoItem} photo
 * @param {Filter} filter
 */
function isAskedFor(photo, { status, name, label, person }) {
  const said = (!label || photo.labels.includes(label)) && (!person || peopleOf(photo).includes(person));
  return said && (!status || photo.status === status) && photo.path.toLowerCase().includes(name.toLowerCase());
}

/**
 * @param {Project} project
 * @param {Record<string, number>} statuses
 * @returns {Project}  The same if nothing is different.
 */
function takeStatuses(project, statuses) {
  if (same(statuses, project.statuses)) return project;
  const photos = Object.values(statuses).reduce((sum, number) => sum + number, 0);
  return { ...project, statuses, photos, complete: (statuses["complete"] ?? 0) + (statuses["reviewed"] ?? 0) };
}

/**
 * Who changed or completed a photo last, and who reviewed it last.
 * @param {PhotoItem} photo
 */
function peopleOf({ author, review }) {
  return [author, review?.reviewer ?? null].filter((name) => name !== null);
}

/**
 * @param {Project} project
 * @param {PhotoItem[]} photos
 * @returns {Project}  The same if they are nobody else's.
 */
function takePeople(project, photos) {
  const people = [...new Set([...project.people, ...photos.flatMap(peopleOf)])];
  return people.length > project.people.length ? { ...project, people: people.toSorted() } : project;
}

/**
 * Whether two things that came from the server say the same.
 * @param {unknown} one
 * @param {unknown} other
 */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
