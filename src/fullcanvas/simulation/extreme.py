"""Extreme points of a true region, as an annotator would mark them (the rule of DEXTR)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point, order_extreme_points

ExtremePoints = tuple[Point, Point, Point, Point]
"""(x, y) of the left-most, right-most, top and bottom point of a region."""


def extreme_points(mask: NDArray[np.bool_], rng: np.random.Generator, pert: int = 0) -> ExtremePoints:
    """A random pixel of the region within `pert` pixels of each of its sides.

    Args:
        mask: bool [H, W], the region; at least one pixel.
        rng: draws among the candidates, uniformly.
        pert: tolerance in pixels; at 0 only ties are random.

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


def jittered(
    points: ExtremePoints, sigma: float, width: int, height: int, rng: np.random.Generator
) -> ExtremePoints:
    """Extreme points that are off by a little, as a person's are.

    Args:
        points: in a photo of `width` x `height` pixels, where they stay.
        sigma: standard deviation of the error on each axis, in pixels.
        rng: draws the errors.

    Returns:
        The moved points, ordered again; the given ones if all four would meet in one pixel.
    """
    moved = np.round(np.array(points) + rng.normal(0, sigma, (4, 2))).astype(int)
    inside = np.clip(moved, 0, [width - 1, height - 1])
    found: list[Point] = [(int(x), int(y)) for x, y in inside]
    return order_extreme_points(found) if len(set(found)) > 1 else points
