"""What follows from an annotation, before the label map is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, Region
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Layer
from fullcanvas.canvas.marks import marks_of
from fullcanvas.canvas.scene import Scene
from fullcanvas.inference.ink_map import InkMap
from fullcanvas.inference.model_file import ModelConfig
from fullcanvas.inference.roi import Roi


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the mask head saw of a region, and what it answered."""

    roi: Roi
    logits: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What follows from an annotation, while the label map is still another's.

    Attributes:
        annotation: what was said.
        inks: all ink, for every part of the photo through which regions are seen.
        states: of every region.
        scene: what competes.
        changes: where, in display pixels, the competition can come out differently.
    """

    annotation: Annotation
    inks: dict[Box, InkMap]
    states: dict[int, State]
    scene: Scene
    changes: list[Box]


def differ(old: Region | None, new: Region | None) -> bool:
    """Whether a region came, went, or has other points or scribbles: all that the mask head sees of it."""
    if old is None or new is None:
        return True
    return old is not new and (old.extreme_points, old.scribbles) != (new.extreme_points, new.scribbles)


def scene_of(annotation: Annotation, states: Mapping[int, State], config: ModelConfig) -> Scene:
    """What competes for the canvas, by the log and the mask head's answers."""
    layers = {
        part.id: Layer(id_, states[part.id].roi.box, states[part.id].logits, part.since, part.mask)
        for id_, region in annotation.regions.items()
        for part in region.layers
    }
    framing = config.framing(annotation.width, annotation.height)
    marks = marks_of(annotation, framing, scribbles=config.ink_constraint)
    return Scene(layers, marks)
