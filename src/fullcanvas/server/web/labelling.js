/** Labels: which region gets one, and what the project knows of them. */

/** @import {Annotator, Ticket} from "./annotator.js" */
import * as api from "./api.js";
import * as change from "./state.js";

export class Labelling {
  /** @param {Annotator} annotator */
  constructor(annotator) {
    this.annotator = annotator;
  }

  /**
   * Label the selected region, or else the one added last.
   * @param {string | null} name
   * @param {boolean} isthing  What it is if it has to be created.
   */
  give(name, isthing) {
    const target = this.target();
    if (!target) return this.annotator.say("There is no region to label yet.");
    if (name !== null) this.#knowLabel(name, isthing);
    if (name !== null) this.annotator.store.update(change.rememberLabel(name));
    this.annotator.send({ kind: "label", region: target, label: name });
  }

  /** @returns {Ticket | null}  The region that the next label goes to. */
  target() {
    const { selected, newest } = this.annotator.state;
    if (selected !== null) return { id: selected };
    if (this.annotator.added.waiting) return this.annotator.added;
    return newest === null ? null : { id: newest };
  }

  /**
   * Create a label unless the project has it.
   * @param {string} name
   * @param {boolean} isthing
   */
  #knowLabel(name, isthing) {
    if (this.annotator.state.project?.labels.some((label) => label.name === name)) return;
    this.annotator.enqueueChange(async () => {
      try {
        const label = await api.postLabel({ name, isthing });
        this.annotator.store.update(change.addLabel(label));
      } catch (error) {
        if (!(error instanceof api.Refused && error.status === 409)) throw error;
        const project = await api.getProject();
        this.annotator.store.update(change.set({ project }));
      }
    }, "The label could not be created");
  }
}
