/** The map of where the model is unsure: fetched when it is shown, and again after every change. */

/** @import {Annotator} from "./annotator.js" */
/** @import {Stage} from "./stage.js" */
import { set } from "./state.js";

/**
 * @param {Annotator} annotator
 * @param {Stage} stage
 */
export function showHeat(annotator, stage) {
  const { store } = annotator;
  store.watch((state) => [state.heat, state.waiting === 0, state.photo], async () => {
    const { heat, waiting, photo } = store.state;
    if (!heat || !photo) return stage.layers.showHeat(null);
    if (waiting) return;
    const unsure = await annotator.uncertainty();
    if (store.state.photo?.version !== photo.version || !store.state.heat) return;
    stage.layers.showHeat(unsure);
    if (unsure === null) store.update(set({ heat: false, message: { text: "This server does not tell where the model is unsure.", tone: "info" } }));
  });
}
