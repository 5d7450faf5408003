/** The parts of the page that the keyboard moves between: Tab is busy with regions on the stage. */

const PANES = ["#toolbar", "#photos", "#stage", "#regions"];

/**
 * Give the focus to the next part of the page.
 * @param {1 | -1} step
 */
export function turnTo(step) {
  const at = PANES.findIndex((pane) => document.activeElement?.closest(pane));
  const pane = document.querySelector(PANES[(Math.max(0, at) + step + PANES.length) % PANES.length] ?? "#stage");
  const next = pane?.id === "stage" ? pane : (pane?.querySelector(".rows button") ?? pane?.querySelector("button:not([disabled])"));
  if (next instanceof HTMLElement) next.focus();
}
