"""Points, extreme points and scribbles, and what cannot be one."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given

from fullcanvas.annotation import AnnotationError, Scribble, order_extreme_points, to_pixels
from tests.annotation.strategies import extreme_points


def test_positions_fall_into_the_pixel_that_holds_them():
    assert to_pixels([(0, 0), (0.99, 1.0), (3.5, 2.999)], 4, 3) == ((0, 0), (0, 1), (3, 2))


def test_numpy_numbers_are_numbers():
    (point,) = to_pixels(np.array([[3, 2]], np.int64), 4, 3)
    assert point == (3, 2)
    assert to_pixels(np.array([[1.5, 0.5]], np.float32), 4, 3) == ((1, 0),)
    assert all(type(value) is int for value in point)


@pytest.mark.parametrize("point", [(-1, 0), (0, -0.001), (4, 0), (0, 3), (1e300, 0)])
def test_points_outside_are_refused(point):
    with pytest.raises(AnnotationError, match=r"lies outside the image of 4 x 3 pixels"):
        to_pixels([(0, 0), point], 4, 3)


@pytest.mark.parametrize("point", [(math.nan, 0), (0, math.inf), (-math.inf, 0)])
def test_points_that_are_not_finite_are_refused(point):
    with pytest.raises(AnnotationError, match="is not finite"):
        to_pixels([point], 4, 3)


@pytest.mark.parametrize(
    "point", [(1,), (1, 2, 3), 5, None, "12", ("1", "2"), (None, 1), (True, 1), (1, 10**400), (1j, 0)]
)
def test_what_is_not_a_pair_of_numbers_is_refused(point):
    with pytest.raises(AnnotationError, match="a point is a pair of numbers"):
        to_pixels([point], 4, 3)


def test_a_scribble_needs_a_point():
    with pytest.raises(AnnotationError, match="at least one point"):
        Scribble(())


LEFT, RIGHT, TOP, BOTTOM = (2, 10), (20, 12), (9, 1), (11, 30)


@pytest.mark.parametrize("clicks", list(permutations([LEFT, RIGHT, TOP, BOTTOM])))
def test_extreme_points_may_come_in_any_order(clicks):
    assert order_extreme_points(clicks) == (LEFT, RIGHT, TOP, BOTTOM)


@given(extreme_points(30, 20))
def test_ordered_extreme_points_are_the_same_points_and_reach_farthest(points):
    left, right, top, bottom = ordered = order_extreme_points(points)
    assert sorted(ordered) == sorted(points)
    # No other order reaches out farther.
    reach = right[0] - left[0] + bottom[1] - top[1]
    assert reach == max(b[0] - a[0] + d[1] - c[1] for a, b, c, d in permutations(points))


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_other_numbers_of_points_are_refused(count):
    with pytest.raises(AnnotationError, match=f"four extreme points, not {count}"):
        order_extreme_points([(i, i) for i in range(count)])


def test_a_region_of_one_pixel_has_extreme_points_too():
    assert order_extreme_points([(3, 3)] * 4) == ((3, 3),) * 4
