"""What follows from an annotation, before the label map is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, Region
from fullcanvas.canvas.boxes import hull, region_box
from fullcanvas.canvas.competition import Layer
from fullcanvas.canvas.scene import Scene
from fullcanvas.canvas.strokes import strokes_of
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.ink_map import Change, Touch
from fullcanvas.inference.model_file import ModelConfig
from fullcanvas.inference.roi import Roi
from fullcanvas.inference.viewfinder import Inks, Viewfinder


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the mask head saw of a region, and what it answered."""

    roi: Roi
    logits: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What follows from an annotation, but for the label map.

    Attributes:
        annotation: what was said.
        inks: all ink, for every crop of the photo through which regions are seen.
        states: of every leaf.
        scene: what competes.
    """

    annotation: Annotation
    inks: Inks
    states: Mapping[int, State]
    scene: Scene

    @classmethod
    def blank(cls, annotation: Annotation, viewfinder: Viewfinder) -> Outlook:
        """That of a log in which nothing was said."""
        whole = viewfinder.embedding.crop
        return cls(annotation, {whole: viewfinder.blank(whole)}, {}, Scene({}, ()))


def follow(
    before: Outlook,
    annotation: Annotation,
    viewfinder: Viewfinder,
    cancellation: Cancellation | None = None,
) -> Outlook:
    """What follows from an annotation; the mask head answers for the regions that see a difference.

    Args:
        before: from another annotation of the same photo.
        annotation: that names the model.
        viewfinder: what the model sees of the photo.
        cancellation: may cancel the head's work.

    Raises:
        ModelError: the model's answer is unusable.
        CancelledError: it was cancelled.
    """
    leaves, config = annotation.leaves, viewfinder.config
    changes = _changes(before.annotation.leaves, leaves)
    rois = _rois(before.states, annotation, changes, viewfinder)
    crops = {roi.crop for roi in rois.values()}
    inks, touches = viewfinder.inks(before.inks, crops, changes, leaves.values())
    asked = {
        id_: roi
        for id_, roi in rois.items()
        if _sees_difference(id_, roi, before.states.get(id_), touches[roi.crop], config.shared)
    }
    answers = _answers(asked, leaves, inks, viewfinder, cancellation)
    states = {id_: answers.get(id_) or before.states[id_] for id_ in leaves}
    return Outlook(annotation, inks, states, scene_of(annotation, states, config))


def _changes(old: Mapping[int, Region], new: Mapping[int, Region]) -> list[Change]:
    """The regions that came, went, or have other points or scribbles: all that the mask head sees of them."""
    pairs = ((old.get(id_), new.get(id_)) for id_ in {**old, **new})
    return [Change.of(*pair) for pair in pairs if _differ(*pair)]


def _differ(old: Region | None, new: Region | None) -> bool:
    if old is None or new is None:
        return True
    return old is not new and (old.extreme_points, old.scribbles) != (new.extreme_points, new.scribbles)


def _rois(
    states: Mapping[int, State], annotation: Annotation, changes: Sequence[Change], viewfinder: Viewfinder
) -> dict[int, Roi]:
    """What the mask head sees of every region, but for ink; the old RoI where the box is the old one."""
    framing = viewfinder.config.framing(annotation.width, annotation.height)
    kept = {id_: state.roi for id_, state in states.items() if id_ in annotation.leaves}
    boxes = {id_: roi.box for id_, roi in kept.items()}
    boxes |= {change.id: region_box(change.new, framing) for change in changes if change.new is not None}
    return viewfinder.rois(boxes, kept)


def _sees_difference(
    region: int, roi: Roi, state: State | None, touches: Sequence[Touch], shared: bool
) -> bool:
    """Whether the mask head would see anything new of a region: another box, or other ink in it."""
    if state is None or state.roi is not roi:
        return True
    return any(touch.reaches(roi.window) for touch in touches if shared or touch.region == region)


def _answers(
    asked: Mapping[int, Roi],
    leaves: Mapping[int, Region],
    inks: Inks,
    viewfinder: Viewfinder,
    cancellation: Cancellation | None,
) -> dict[int, State]:
    """What the mask head answers for some regions, all of them as one batch."""
    shared = viewfinder.config.shared
    maps = [roi.align(inks[roi.crop].maps(leaves[id_], roi.window, shared)) for id_, roi in asked.items()]
    answers = viewfinder.model.logits(list(asked.values()), maps, cancellation)
    return {id_: State(roi, logits) for (id_, roi), logits in zip(asked.items(), answers, strict=True)}


def scene_of(annotation: Annotation, states: Mapping[int, State], config: ModelConfig) -> Scene:
    """What competes for the canvas, by the log and the mask head's answers."""
    layers = {
        leaf.id: Layer(id_, states[leaf.id].roi.box, states[leaf.id].logits, leaf.since, leaf.mask)
        for id_, region in annotation.regions.items()
        for leaf in region.leaves
    }
    # Those of the leaves are known; from the points of all scribbles ever drawn they would take long.
    boxes = {
        id_: box
        for id_, region in annotation.regions.items()
        if (box := hull(states[leaf.id].roi.box for leaf in region.leaves)) is not None
    }
    strokes = strokes_of(annotation, boxes, scribbles=config.ink_constraint)
    return Scene(layers, strokes)
