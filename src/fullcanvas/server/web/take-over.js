/** A photo that begins with the regions of the one before it: frames of a video look alike. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Point} from "./types.js" */
import { getLabels } from "./api.js";
import { count } from "./words.js";

/**
 * Add the regions of the photo before in the list, with their points and labels, to the photo on the stage.
 * @param {Annotator} annotator
 */
export function takeOver(annotator) {
  const { photo } = annotator.state;
  if (!photo || annotator.isFixed()) return;
  const before = annotator.album.before();
  if (!before) return annotator.say("There is no photo before this one in the list, from which regions could be taken over.");
  if (photo.regions.length) return annotator.say("Regions are taken over by a photo that has none yet; delete these first.");
  annotator.enqueue(async () => {
    // Not by opening it: the others would see this person there.
    const { photo: taken } = (await getLabels(before.id)).header;
    const { photo: now, opening } = annotator.state;
    // Whoever went on to another photo meanwhile, or marked a region, does not want them any more.
    if (!taken || opening !== null || now?.id !== photo.id || now.regions.length) return;
    const { regions, width, height } = taken;
    const placed = (/** @type {Point} */ [x, y]) => [(x * photo.width) / width, (y * photo.height) / height];
    for (const { extreme_points, label } of regions) {
      annotator.send({ kind: "add_region", extreme_points: extreme_points.map(placed), label });
    }
    annotator.say(regions.length ? `${count(regions.length, "region")} taken over from ${before.path}: drag the points of what has moved` : `${before.path} has no regions.`);
  });
}
