"""The baseline without any network: every pixel belongs to the smallest box that holds it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import box_area, box_of_points


def smallest_box_labels(annotation: Annotation) -> NDArray[np.int32]:
    """The label map int32 [H, W] of an annotation; of boxes of equal area the lower id wins.

    Boxes come from the extreme points alone: scribbles change nothing.
    """
    labels = np.zeros((annotation.height, annotation.width), np.int32)
    boxes = {id_: box_of_points(region.extreme_points) for id_, region in annotation.regions.items()}
    for id_, box in sorted(boxes.items(), key=lambda item: (-box_area(item[1]), -item[0])):
        labels[box[1] : box[3], box[0] : box[2]] = id_
    return labels
