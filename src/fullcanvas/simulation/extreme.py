"""Extreme points of a true region, as an annotator would mark them (the rule of DEXTR)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point


def extreme_points(
    mask: NDArray[np.bool_], rng: np.random.Generator, pert: int = 0
) -> tuple[Point, Point, Point, Point]:
    """A random pixel of the region within `pert` pixels of each of its sides.

    Args:
        mask: bool [H, W], the region; at least one pixel.
        rng: draws among the candidates, uniformly.
        pert: tolerance in pixels; at 0 only ties are random.

    Returns:
        (x, y) of the left-most, right-most, top and bottom point.

    Raises:
        ValueError: the mask is empty.
    """
    ys, xs = np.nonzero(mask)
    if not len(xs):
        raise ValueError("an empty region has no extreme points")
    sides = (
        xs <= xs.min() + pert,
        xs >= xs.max() - pert,
        ys <= ys.min() + pert,
        ys >= ys.max() - pert,
    )
    left, right, top, bottom = (_pick(xs, ys, side, rng) for side in sides)
    return left, right, top, bottom


def _pick(
    xs: NDArray[np.intp], ys: NDArray[np.intp], side: NDArray[np.bool_], rng: np.random.Generator
) -> Point:
    index = rng.choice(np.flatnonzero(side))
    return int(xs[index]), int(ys[index])
