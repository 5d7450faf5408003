"""What a single-region model is told: its region, and strokes over pixels that the region should lose.

The paper's single-region models have no canvas. A correction there is positive (the region's own scribble) or
negative; the latter goes into channel 1 of the annotation map, where other models see everybody else's ink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation.ink import Pen, annotation_maps
from fullcanvas.annotation.points import Point
from fullcanvas.annotation.region import Region, Scribble

HEAT_MAP_WIDTH = 10.0
"""Full width at half maximum, in working pixels, of an extreme point in a heat map (DEXTR's)."""


@dataclass(frozen=True, slots=True)
class Marks:
    """A region and the negative scribbles drawn for it.

    Attributes:
        region: with its extreme points and its own scribbles.
        negatives: strokes over pixels that the region should lose; none where regions compete.
    """

    region: Region
    negatives: tuple[Scribble, ...] = ()


def maps_of(
    marks: Sequence[Marks], pen: Pen, width: int, height: int, *, shared: bool, heat: bool = False
) -> NDArray[Any]:
    """The two-channel annotation maps of some regions, image-sized.

    Args:
        marks: of N regions.
        pen: how to draw them.
        width, height: of the working plane.
        shared: whether channel 1 holds everybody else's ink, beside the region's negatives.
        heat: whether extreme points are heat maps rather than discs.

    Returns:
        uint8 (float32 with heat maps) [N, 2, height, width] in [0, 1].
    """
    window = (0, 0, width, height)
    maps = annotation_maps([each.region for each in marks], pen, width, height, shared)
    for own, each in zip(maps, marks, strict=True):
        np.maximum(own[1], pen.draw_scribbles(each.negatives, window), out=own[1])
    return _with_heat(maps, marks, pen) if heat else maps


def _with_heat(maps: NDArray[np.uint8], marks: Sequence[Marks], pen: Pen) -> NDArray[np.float32]:
    """The maps with heat maps in the place of discs."""
    _, _, height, width = maps.shape
    heated = maps.astype(np.float32)
    for own, each in zip(heated, marks, strict=True):
        scribbles = pen.draw_scribbles(each.region.scribbles, (0, 0, width, height))
        own[0] = np.maximum(heat_map(each.region.extreme_points, pen, width, height), scribbles)
    return heated


def heat_map(points: Sequence[Point], pen: Pen, width: int, height: int) -> NDArray[np.float32]:
    """The highest of one Gaussian per point, each 1 at its centre: float32 [height, width] in [0, 1]."""
    ys, xs = np.arange(height) + 0.5, np.arange(width) + 0.5
    heat = np.zeros((height, width), np.float32)
    for x, y in pen.to_working(points):
        across = ((xs - x) / HEAT_MAP_WIDTH) ** 2
        down = ((ys - y) / HEAT_MAP_WIDTH) ** 2
        np.maximum(heat, 0.5 ** (4 * (down[:, None] + across)), out=heat, casting="same_kind")
    return heat
