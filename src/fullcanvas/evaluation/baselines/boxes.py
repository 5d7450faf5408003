"""What all baselines know from an annotation: boxes and seeds."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import Box, Framing, box_area, region_box
from fullcanvas.simulation.overlap import BinaryMask, LabelMap


def boxes_of(annotation: Annotation) -> dict[int, Box]:
    """The boxes of the regions, smallest first, of equal ones the lower id first; scribbles enlarge them."""
    boxes = {id_: region_box(region, Framing(grow=True)) for id_, region in annotation.regions.items()}
    return dict(sorted(boxes.items(), key=lambda item: (box_area(item[1]), item[0])))


def seeds_of(annotation: Annotation) -> LabelMap:
    """Pixels that certainly belong to a region: int32 [H, W], 0 where nobody said.

    These are the extreme points and the centre lines of the scribbles, later regions above earlier ones and
    scribbles above extreme points. The discs and strokes that a mask head sees are thicker, but half of a
    disc lies outside its region.
    """
    seeds = np.zeros((annotation.height, annotation.width), np.int32)
    for region in annotation.regions.values():
        for x, y in region.extreme_points:
            seeds[y, x] = region.id
    for region in annotation.regions.values():
        for scribble in region.scribbles:
            points = np.array(scribble.points, np.int32)
            dot = len(points) == 1  # of which OpenCV draws nothing, unless it is closed
            cv2.polylines(seeds, [points], isClosed=dot, color=(region.id,), thickness=1)
    return seeds


def compose(
    annotation: Annotation, claims: Mapping[int, BinaryMask], scores: Mapping[int, float] | None = None
) -> LabelMap:
    """A label map int32 [H, W] from overlapping masks.

    A pixel goes to the highest score (of equal ones, and without scores, to the smallest box) among the
    regions that claim it, else to the smallest box that holds it; seeds belong to their regions.

    Args:
        annotation: of N regions.
        claims: bool [y1 - y0, x1 - x0] in each region's box.
        scores: of each region.
    """
    labels = np.zeros((annotation.height, annotation.width), np.int32)
    boxes = boxes_of(annotation)
    for id_, (x0, y0, x1, y1) in reversed(boxes.items()):
        labels[y0:y1, x0:x1] = id_
    best_first = sorted(boxes, key=lambda id_: -scores[id_]) if scores is not None else list(boxes)
    for id_ in reversed(best_first):
        x0, y0, x1, y1 = boxes[id_]
        labels[y0:y1, x0:x1][claims[id_]] = id_
    seeds = seeds_of(annotation)
    return np.where(seeds > 0, seeds, labels)
