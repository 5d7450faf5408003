"""What single-region models see: negative scribbles in channel 1, heat maps in the place of discs."""

from __future__ import annotations

import numpy as np

from fullcanvas.annotation import Region, Scribble
from fullcanvas.annotation.ink import Pen, annotation_maps
from fullcanvas.annotation.marks import Marks, heat_map, maps_of

FIRST = Region(1, ((2, 10), (30, 12), (16, 3), (15, 28)), (Scribble(((8, 8), (20, 9))),))
SECOND = Region(2, ((20, 20), (38, 22), (30, 14), (29, 30)))
STROKE = Scribble(((5, 25), (12, 25)))


def test_without_negatives_the_maps_are_everybodys():
    for shared in (True, False):
        maps = maps_of([Marks(FIRST), Marks(SECOND)], Pen(), 40, 32, shared=shared)
        np.testing.assert_array_equal(maps, annotation_maps([FIRST, SECOND], Pen(), 40, 32, shared))


def test_negatives_are_the_regions_own_and_lie_in_channel_one():
    maps = maps_of([Marks(FIRST, (STROKE,)), Marks(SECOND)], Pen(), 40, 32, shared=False)
    expected = Pen().draw_scribbles([STROKE], (0, 0, 40, 32))
    assert expected.sum() > 20
    np.testing.assert_array_equal(maps[0, 1], expected)
    assert not maps[1, 1].any()


def test_a_heat_map_is_one_at_its_points_and_half_at_half_its_width():
    heat = heat_map([(10, 10), (30, 10)], Pen(), 40, 32)
    assert heat[10, 10] == heat[10, 30] == 1
    assert heat[10, 5] == heat[15, 10] == np.float32(0.5)
    assert heat[10, 20] == np.float32(0.5**4)  # not added up


def test_on_the_plane_of_a_close_up_a_heat_map_lies_elsewhere():
    closer = Pen(2, 2, left=7, top=3)
    heat = heat_map([(10, 10), (20, 12)], closer, 40, 32)
    np.testing.assert_array_equal(heat, heat_map([(3, 7), (13, 9)], Pen(2, 2), 40, 32))


def test_heat_maps_follow_the_scale_and_leave_scribbles_alone():
    pen = Pen(scale_x=0.5, scale_y=0.5)
    maps = maps_of([Marks(FIRST, (STROKE,))], pen, 20, 16, shared=False, heat=True)
    assert maps.dtype == np.float32
    y, x = divmod(int(heat_map([(30, 12)], pen, 20, 16).argmax()), 20)
    assert (x, y) in {(15, 6), (14, 5), (15, 5), (14, 6)}  # its centre is at (15.25, 6.25)
    assert (maps[0, 0][pen.draw_scribbles(FIRST.scribbles, (0, 0, 20, 16)) > 0] == 1).all()
    np.testing.assert_array_equal(maps[0, 1], pen.draw_scribbles([STROKE], (0, 0, 20, 16)))
