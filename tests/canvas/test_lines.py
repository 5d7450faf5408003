import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.canvas.competition import Canvas
from fullcanvas.canvas.strokes import Stroke, claim, draw
from tests.canvas.drawing import Line, draw_lines

CANVAS = Canvas(40, 30, 40, 30)
POINTS = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 29)), min_size=1, max_size=5).map(tuple)


@given(POINTS)
def test_a_stroke_covers_the_pixels_that_opencv_draws(points):
    expected = np.zeros((30, 40), np.uint8)
    for start, stop in zip(points, points[1:] or points, strict=False):
        cv2.line(expected, start, stop, (7,), 1)
    drawn = np.zeros((30, 40), np.int32)
    draw_lines(drawn, [Line(7, points, CANVAS.area)], CANVAS, CANVAS.area)
    np.testing.assert_array_equal(drawn, expected)


@given(POINTS, st.integers(0, 39), st.integers(0, 29), st.integers(1, 40), st.integers(1, 30))
def test_a_part_of_the_canvas_gets_its_part_of_the_stroke(points, x0, y0, width, height):
    area = x0, y0, min(40, x0 + width), min(30, y0 + height)
    whole = np.zeros((30, 40), np.int32)
    draw_lines(whole, [Line(3, points, CANVAS.area)], CANVAS, CANVAS.area)
    part = np.zeros((area[3] - y0, area[2] - x0), np.int32)
    taken = claim(part, draw([Stroke(0, 3, points, box=CANVAS.area)], CANVAS, area))
    np.testing.assert_array_equal(part, whole[y0 : area[3], x0 : area[2]])
    np.testing.assert_array_equal(taken, part == 3)


def test_the_later_stroke_wins():
    drawn = np.zeros((30, 40), np.int32)
    strokes = [Line(2, ((5, 5), (15, 5)), CANVAS.area), Line(1, ((10, 0), (10, 10)), CANVAS.area)]
    draw_lines(drawn, strokes, CANVAS, CANVAS.area)
    assert drawn[5, 9:12].tolist() == [2, 1, 2]


def test_a_stroke_stays_inside_its_regions_box():
    drawn = np.zeros((30, 40), np.int32)
    draw_lines(drawn, [Line(1, ((0, 5), (39, 5)), (10, 0, 20, 30))], CANVAS, CANVAS.area)
    assert np.flatnonzero(drawn[5]).tolist() == list(range(10, 20))


def test_on_a_smaller_canvas_a_stroke_has_no_gaps():
    canvas = Canvas(20, 15, 400, 300)
    drawn = np.zeros((15, 20), np.int32)
    draw_lines(drawn, [Line(1, ((3, 3), (390, 290)), (0, 0, 400, 300))], canvas, canvas.area)
    assert drawn[0, 0] == drawn[14, 19] == 1
    assert drawn.any(0).all()
