"""Ink against its definition: a pixel is inked where its centre is near enough to a point or a line."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import Region, Scribble
from fullcanvas.annotation import ink as drawing
from fullcanvas.annotation.ink import Pen, annotation_maps
from tests.annotation.strategies import regions

WIDTH, HEIGHT = 60, 40
WHOLE = (0, 0, WIDTH, HEIGHT)
CORNERS = ((0, 20), (59, 20), (30, 0), (30, 39))

INKS = st.builds(
    Pen,
    st.floats(0.3, 2.5),
    st.floats(0.3, 2.5),
    disc_diameter=st.floats(1.5, 9),
    stroke_width=st.floats(1.5, 9),
)


def windows(width: int = WIDTH, height: int = HEIGHT) -> st.SearchStrategy[tuple[int, int, int, int]]:
    """Boxes with area inside the plane."""
    xs = st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True).map(sorted)
    ys = st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True).map(sorted)
    return st.tuples(xs, ys).map(lambda both: (both[0][0], both[1][0], both[0][1], both[1][1]))


def distance_to_line(x: float, y: float, points: list[tuple[float, float]]) -> float:
    """From (x, y) to the line through the points, by the schoolbook."""
    nearest = min(math.dist((x, y), point) for point in points)
    for (ax, ay), (bx, by) in pairwise(points):
        length = math.dist((ax, ay), (bx, by))
        if length and 0 <= (along := ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length) <= length:
            nearest = min(
                nearest, math.dist((x, y), (ax + along * (bx - ax) / length, ay + along * (by - ay) / length))
            )
    return nearest


def assert_is_ink(plane, region, pen):
    """Every pixel is as its distances say; the few whose distance is the limit itself may be either."""

    def working(point):
        return (point[0] + 0.5) * pen.scale_x, (point[1] + 0.5) * pen.scale_y

    for row, column in np.ndindex(plane.shape):
        centre = column + 0.5, row + 0.5
        slack = [math.dist(centre, working(point)) - pen.disc_diameter / 2 for point in region.extreme_points]
        slack += [
            distance_to_line(*centre, [working(point) for point in scribble.points])
            - (pen.stroke_width if len(scribble.points) > 1 else pen.disc_diameter) / 2
            for scribble in region.scribbles
        ]
        if abs(min(slack)) > 1e-9:
            assert plane[row, column] == (min(slack) < 0), (row, column)


def test_an_extreme_point_is_a_disc_six_pixels_across():
    disc = Pen(2, 2).draw(Region(1, ((5, 5),) * 4), (7, 7, 15, 15))
    assert disc.dtype == np.uint8
    assert ["".join(".#"[value] for value in row) for row in disc] == [
        "........",
        "..####..",
        ".######.",
        ".######.",
        ".######.",
        ".######.",
        "..####..",
        "........",
    ]


@pytest.mark.parametrize(("end", "axis"), [((50, 20), 0), ((30, 35), 1)])
def test_a_scribble_is_three_pixels_wide(end, axis):
    start = (10, 20) if axis == 0 else (30, 5)
    region = Region(1, ((0, 0),) * 4, (Scribble((start, end)),))
    plane = Pen().draw(region, WHOLE)
    across = plane[:, 20:40].sum(0) if axis == 0 else plane[10:30].sum(1)
    assert set(across.tolist()) == {3}


def test_a_click_is_a_disc_as_an_extreme_point_is():
    clicked = Region(1, ((0, 0),) * 4, (Scribble(((30, 20),)),))
    marked = Region(1, (*((0, 0),) * 3, (30, 20)))
    assert np.array_equal(Pen(2, 2).draw(clicked, WHOLE), Pen(2, 2).draw(marked, WHOLE))


@given(regions(24, 16), INKS)
def test_ink_is_where_its_definition_says(region, pen):
    assert_is_ink(pen.draw(region, (0, 0, 30, 20)), region, pen)


def test_a_long_scribble_has_no_gaps_and_no_bulges():
    """Long lines are drawn in pieces; the joints must not show."""
    region = Region(1, CORNERS, (Scribble(((1, 1), (58, 37), (3, 36))),))
    assert_is_ink(Pen().draw(region, WHOLE), region, Pen())


@given(regions(WIDTH, HEIGHT), INKS, windows())
def test_a_window_holds_what_the_whole_plane_holds_there(region, pen, window):
    x0, y0, x1, y1 = window
    assert np.array_equal(pen.draw(region, window), pen.draw(region, WHOLE)[y0:y1, x0:x1])


@given(regions(WIDTH, HEIGHT), st.lists(INKS, min_size=1, max_size=3), windows())
def test_ink_that_is_remembered_is_what_is_drawn_afresh(region, inks, window):
    with pytest.MonkeyPatch.context() as patch:
        for largest in (drawing._LARGEST_REMEMBERED, 100):  # of the larger ones only the extent is
            patch.setattr(drawing, "_LARGEST_REMEMBERED", largest)
            drawing._drawn.cache_clear()
            assert_drawn_afresh(region, inks, window)
    drawing._drawn.cache_clear()


def assert_drawn_afresh(region, inks, window):
    for pen in [*inks, *inks]:
        afresh = np.zeros((window[3] - window[1], window[2] - window[0]), np.uint8)
        for scribble in region.scribbles:
            pieces = drawing._pieces(pen.to_working(scribble.points))
            width = pen.stroke_width if len(scribble.points) > 1 else pen.disc_diameter
            drawing._draw_pieces(afresh, window, *pieces, width)
        assert np.array_equal(pen.draw_scribbles(region.scribbles, window), afresh)


def corners(region):
    """The least and the greatest x and y of all points."""
    points = [*region.extreme_points, *(point for scribble in region.scribbles for point in scribble.points)]
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys)), (max(xs), max(ys))


@given(regions(WIDTH, HEIGHT), INKS, windows(), st.integers(-70, 70), st.integers(-70, 70))
def test_on_the_plane_of_a_close_up_everything_lies_elsewhere(region, pen, window, left, top):
    def inside(points):
        return tuple((x - left, y - top) for x, y in points)

    scribbles = tuple(Scribble(inside(scribble.points)) for scribble in region.scribbles)
    shifted = Region(1, inside(region.extreme_points), scribbles)
    closer = replace(pen, left=left, top=top)
    plane = closer.draw(region, window)
    assert np.array_equal(plane, pen.draw(shifted, window))
    (low, high), (low_there, high_there) = corners(region), corners(shifted)
    extent = closer.extent(low, high, WIDTH, HEIGHT)
    assert extent == pen.extent(low_there, high_there, WIDTH, HEIGHT)
    if extent is None:
        assert not plane.any()


@given(regions(WIDTH, HEIGHT), INKS)
def test_all_ink_lies_in_its_extent(region, pen):
    width, height = math.ceil(WIDTH * pen.scale_x), math.ceil(HEIGHT * pen.scale_y)
    low, high = corners(region)
    x0, y0, x1, y1 = pen.extent(low, high, width, height) or (0, 0, 0, 0)
    plane = pen.draw(region, (0, 0, width, height))
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height
    assert plane[y0:y1, x0:x1].sum() == plane.sum()


def test_strokes_at_the_border_are_cut_off_there():
    region = Region(1, ((0, 0),) * 4, (Scribble(((0, 0), (59, 0), (59, 39))),))
    plane = Pen().draw(region, WHOLE)
    assert plane[0].all()
    assert plane[:, -1].all()
    assert plane[1, 5:50].all()
    assert not plane[2:, 5:50].any()


@pytest.mark.parametrize("sizes", [{"disc_diameter": 1.4}, {"stroke_width": 1}])
def test_ink_too_thin_to_be_sure_of_a_pixel_is_refused(sizes):
    with pytest.raises(ValueError, match=r"thinner than 1\.5 pixels"):
        Pen(**sizes)


@given(st.lists(regions(WIDTH, HEIGHT), max_size=4), INKS)
def test_annotation_maps_hold_own_ink_and_everybody_elses(listed, pen):
    maps = annotation_maps(listed, pen, WIDTH, HEIGHT)
    assert maps.shape == (len(listed), 2, HEIGHT, WIDTH)
    own = [pen.draw(region, WHOLE) for region in listed]
    for index, (first, second) in enumerate(maps):
        others = own[:index] + own[index + 1 :]
        assert np.array_equal(first, own[index])
        assert np.array_equal(second, np.any(others, axis=0) if others else np.zeros_like(first))


def test_ink_under_ones_own_is_still_somebody_elses():
    region = Region(1, CORNERS)
    maps = annotation_maps([region, Region(2, CORNERS)], Pen(), WIDTH, HEIGHT)
    assert maps.any((2, 3)).all()
    assert np.array_equal(maps[0, 1], maps[0, 0])


def test_without_sharing_nobody_sees_the_others():
    maps = annotation_maps([Region(1, CORNERS), Region(2, CORNERS)], Pen(), WIDTH, HEIGHT, shared=False)
    assert maps[:, 0].any()
    assert not maps[:, 1].any()
