"""Half-open boxes, checked by counting pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import Region, Scribble
from fullcanvas.canvas.boxes import (
    Framing,
    box_area,
    box_of_points,
    checked_box,
    hull,
    intersection,
    region_box,
    smallest_box_area,
)

SIDE = 12
SPANS = st.lists(st.integers(0, SIDE), min_size=2, max_size=2, unique=True).map(sorted)
BOXES = st.tuples(SPANS, SPANS).map(lambda spans: (spans[0][0], spans[1][0], spans[0][1], spans[1][1]))


def mask(box):
    """The pixels of a box, painted."""
    plane = np.zeros((SIDE, SIDE), bool)
    x0, y0, x1, y1 = box
    plane[y0:y1, x0:x1] = True
    return plane


@given(st.lists(st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)), min_size=1))
def test_the_box_of_points_is_the_smallest_that_holds_them(points):
    box = box_of_points(points)
    held = mask(box)
    assert all(held[y, x] for x, y in points)
    xs, ys = zip(*points, strict=True)
    assert box_area(box) == len(range(min(xs), max(xs) + 1)) * len(range(min(ys), max(ys) + 1))


def test_a_region_grows_its_box_by_its_scribbles_or_not():
    region = Region(1, ((2, 5), (8, 5), (4, 3), (4, 9)), (Scribble(((4, 4), (11, 1))), Scribble(((0, 6),))))
    assert region_box(region, Framing(grow=False)) == (2, 3, 9, 10)
    assert region_box(region, Framing(grow=True)) == (0, 1, 12, 10)


def test_a_margin_widens_a_box_up_to_the_edge_of_the_photo():
    region = Region(1, ((2, 5), (8, 5), (4, 3), (4, 9)), (Scribble(((4, 4), (11, 1))),))
    assert region_box(region, Framing(grow=False, margin=2, width=20, height=30)) == (0, 1, 11, 12)
    assert region_box(region, Framing(grow=False, margin=4, width=12, height=11)) == (0, 0, 12, 11)
    assert region_box(region, Framing(grow=True, margin=1, width=20, height=30)) == (1, 0, 13, 11)


@given(BOXES)
def test_area_counts_pixels(box):
    assert box_area(box) == mask(box).sum()


@given(BOXES, BOXES)
def test_intersections_hold_the_common_pixels(one, other):
    common = intersection(one, other)
    both = mask(one) & mask(other)
    assert np.array_equal(both, mask(common) if common else np.zeros_like(both))


@given(BOXES)
def test_a_box_lies_in_a_photo_or_is_refused(box):
    assert checked_box(box, SIDE, SIDE, "box") == box
    for wrong in ((box[0] - SIDE, *box[1:]), (*box[:3], box[3] + SIDE), (box[2], box[1], box[0], box[3])):
        with pytest.raises(
            ValueError,
            match=r"^the crop \(.*\) is no \(x0, y0, x1, y1\) of whole pixels inside the photo",
        ):
            checked_box(wrong, SIDE, SIDE, "crop")


def test_a_box_may_be_a_list_or_an_array_of_whole_numbers():
    for given_ in ([1, 2, 5, 9], np.array([1, 2, 5, 9]), (each for each in (1, 2, 5, 9))):
        box = checked_box(given_, SIDE, SIDE, "area")
        assert box == (1, 2, 5, 9)
        assert all(type(edge) is int for edge in box)


@pytest.mark.parametrize(
    "wrong", [None, 7, "area", (0, 0, 5), (0, 0, 5, 5, 5), (0.5, 0, 5, 5), ((0, 0), (5, 5))]
)
def test_what_is_no_box_is_refused_in_words(wrong):
    with pytest.raises(
        ValueError, match=r"^the area .* is no \(x0, y0, x1, y1\) of whole pixels inside the photo"
    ):
        checked_box(wrong, SIDE, SIDE, "area")


@given(st.lists(BOXES))
def test_hulls_hold_every_box_and_touch_one_on_each_side(boxes):
    outer = hull(boxes)
    if outer is None:
        assert not boxes
        return
    assert all(intersection(outer, box) == box for box in boxes)
    assert all(any(box[side] == outer[side] for box in boxes) for side in range(4))


@given(st.lists(BOXES))
def test_the_smallest_box_of_every_pixel(boxes):
    smallest = smallest_box_area(boxes, SIDE, SIDE)
    assert smallest.dtype == np.float32
    painted = [np.where(mask(box), box_area(box), np.inf) for box in boxes]
    assert np.array_equal(smallest, np.min([np.full((SIDE, SIDE), np.inf), *painted], axis=0))
