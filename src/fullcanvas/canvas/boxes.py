"""Boxes: half-open (x0, y0, x1, y1) in pixels, so that x1 - x0 is a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import index

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point, Region

Box = tuple[int, int, int, int]


def box_of_points(points: Iterable[Point]) -> Box:
    """The smallest box that holds every pixel of `points`, of which there is at least one."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


@dataclass(frozen=True, slots=True)
class Framing:
    """How a region's box follows from what the person marked.

    Attributes:
        grow: whether the region's own scribbles enlarge it (the product) or not (the paper).
        margin: by how many pixels it is wider on each side, so that points a little inside the region cut
            nothing off; 0 in the paper.
        width, height: of the photo, at whose edges the margin is cut off.
    """

    grow: bool
    margin: int = 0
    width: int = 0
    height: int = 0


def region_box(region: Region, framing: Framing) -> Box:
    """The box outside of which the region's logit is minus infinity."""
    points = list(region.extreme_points)
    if framing.grow:
        points += [point for scribble in region.scribbles for point in scribble.points]
    x0, y0, x1, y1 = box_of_points(points)
    if not framing.margin:
        return x0, y0, x1, y1
    low = max(x0 - framing.margin, 0), max(y0 - framing.margin, 0)
    return *low, min(x1 + framing.margin, framing.width), min(y1 + framing.margin, framing.height)


def box_area(box: Box) -> int:
    """The number of pixels in the box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def intersection(one: Box, other: Box) -> Box | None:
    """The box of the pixels that both hold, or None."""
    x0, y0 = max(one[0], other[0]), max(one[1], other[1])
    x1, y1 = min(one[2], other[2]), min(one[3], other[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def checked_box(box: Iterable[int], width: int, height: int, what: str) -> Box:
    """A box that a caller gives, if it lies in a photo.

    Args:
        box: half-open, in photo pixels: four whole numbers, in a list or an array, too.
        width, height: of the photo.
        what: the box is, for the message.

    Raises:
        ValueError: it is none, or holds no pixel, or one outside the photo.
    """
    try:
        edges = tuple(map(index, box))
    except TypeError:
        edges = ()
    if len(edges) == 4:
        x0, y0, x1, y1 = edges
        if 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height:
            return x0, y0, x1, y1
    raise ValueError(
        f"the {what} {box!r:.80} is no (x0, y0, x1, y1) of whole pixels "
        f"inside the photo of {width} x {height} pixels"
    )


def hull(boxes: Iterable[Box]) -> Box | None:
    """The smallest box that holds all of `boxes`, or None if there are none."""
    listed = list(boxes)
    if not listed:
        return None
    x0, y0, x1, y1 = zip(*listed, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def within(window: Box, outer: Box) -> tuple[slice, slice]:
    """The rows and columns of `window` in an array that holds the pixels of `outer`, which contains it."""
    x0, y0 = outer[:2]
    return slice(window[1] - y0, window[3] - y0), slice(window[0] - x0, window[2] - x0)


def smallest_box_area(boxes: Sequence[Box], height: int, width: int) -> NDArray[np.float32]:
    """For every pixel the area of the smallest box that holds it: float32 [height, width], inf in no box.

    Its inverse weighs the pixel-wise loss (section 3.3 of the paper).
    """
    smallest = np.full((height, width), np.inf, np.float32)
    for box in sorted(boxes, key=box_area, reverse=True):
        smallest[box[1] : box[3], box[0] : box[2]] = box_area(box)
    return smallest
