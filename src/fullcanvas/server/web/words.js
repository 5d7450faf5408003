/** Numbers as people say them, the same everywhere on the page. */

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * A percentage that says 0 or 100 only if it is exactly that.
 * @param {number} share  In [0, 1].
 */
export function percent(share) {
  if (share === 0 || share === 1) return `${100 * share} %`;
  return `${Math.min(99.9, Math.max(0.1, 100 * share)).toFixed(1)} %`;
}

/** @param {number} seconds */
export function showTime(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A review in words: its verdict, who gave it and when, where that is known, and the comment.
 * @param {import("./types.js").Review} review
 */
export function reviewed({ verdict, comment, reviewer, time }) {
  const by = reviewer === null ? "" : ` by ${reviewer}`;
  const when = reviewer === null || time === null ? "" : `, ${new Date(1000 * time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
  return `${verdict === "rejected" ? "Rejected" : "Accepted"}${by}${when}${comment ? `: ${comment}` : ""}`;
}

/**
 * What was completed, and what it lacks: the next photo is on the stage by then.
 * @param {import("./types.js").Photo} photo
 */
export function completed({ path, unassigned, regions }) {
  const unlabelled = regions.filter(({ label }) => label === null).length;
  const lacks = [...(unassigned ? [`${percent(unassigned)} unassigned`] : []), ...(unlabelled ? [`${count(unlabelled, "region")} without a label`] : [])];
  return [`${path} is complete`, ...lacks].join(" · ");
}
