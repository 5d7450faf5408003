"""Points: pixels of the photo, and how positions become such."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from numbers import Real

from fullcanvas.annotation.errors import AnnotationError

Point = tuple[int, int]
"""A pixel (x, y): column and row, counted from the top left of the upright photo."""
Position = Iterable[float]
"""A place (x, y) in pixels, fractions allowed: a tuple, a list or an array of two numbers."""
Positions = Iterable[Position]
"""Several of them: any iterable, an array [n, 2] too."""


def to_pixels(points: Positions, width: int, height: int) -> tuple[Point, ...]:
    """The pixels that hold the given positions; pixel (x, y) covers [x, x + 1) x [y, y + 1).

    Args:
        points: pairs of numbers (x, y).
        width, height: of the image, in pixels.

    Raises:
        AnnotationError: a position is not a pair of finite numbers, or lies outside the image.
    """
    return tuple(_to_pixel(x, y, width, height) for x, y in to_pairs(points))


def to_pairs(points: Positions) -> Iterator[tuple[float, float]]:
    """Positions as pairs of floats (x, y), in whatever image.

    Args:
        points: as in `to_pixels`.

    Raises:
        AnnotationError: a position is not a pair of numbers.
    """
    if not isinstance(points, Iterable):
        raise AnnotationError(f"points are pairs of numbers (x, y), not {points!r:.80}")
    return map(_pair, points)


def _pair(point: Position) -> tuple[float, float]:
    try:
        x, y = map(_number, point)
    except (TypeError, ValueError, OverflowError):
        raise AnnotationError(f"a point is a pair of numbers (x, y), not {point!r:.80}") from None
    return x, y


def _to_pixel(x: float, y: float, width: int, height: int) -> Point:
    if 0 <= x < width and 0 <= y < height:
        return math.floor(x), math.floor(y)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise AnnotationError(f"point ({x}, {y}) is not finite")
    raise AnnotationError(f"point ({x:g}, {y:g}) lies outside the image of {width} x {height} pixels")


def _number(value: object) -> float:
    if type(value) is int or type(value) is float:
        return float(value)  # logs hold many, and to ask whether something is a Real takes long
    if isinstance(value, bool) or not isinstance(value, Real):
        # float() would read "7" too, and a string of two digits would pass for a point.
        raise TypeError
    return float(value)


def order_extreme_points(points: Sequence[Point]) -> tuple[Point, Point, Point, Point]:
    """Four extreme points given in any order, put into the order left, right, top, bottom.

    Of the 24 orders it takes the one whose sides reach out farthest (the first of equals), so every
    point is used once even where one of them is extreme on two sides.

    Raises:
        AnnotationError: there are not four points.
    """
    if len(points) != 4:
        raise AnnotationError(f"a region has four extreme points, not {len(points)}")
    left, right, top, bottom = max(permutations(points), key=_reach)
    return left, right, top, bottom


def _reach(points: Sequence[Point]) -> int:
    left, right, top, bottom = points
    return right[0] - left[0] + bottom[1] - top[1]
