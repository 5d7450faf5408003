from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcanvas.annotation import order_extreme_points
from fullcanvas.simulation.annotators import Allocation
from fullcanvas.simulation.components import error_components
from fullcanvas.simulation.extreme import jittered
from fullcanvas.simulation.load import load_annotator
from fullcanvas.simulation.medial import medial_stroke
from fullcanvas.simulation.robust import RobustAnnotator
from tests.simulation.maps import pairs, seeds


def stroke_along(mask):
    truth = mask.astype(np.int32)
    (error,) = error_components(truth, np.zeros_like(truth))
    return np.array(medial_stroke(error, np.random.default_rng(0)))


def test_a_bar_is_drawn_along_its_middle():
    mask = np.zeros((20, 60), bool)
    mask[6:13, 5:55] = True
    points = stroke_along(mask)
    middle = points[(points[:, 0] > 12) & (points[:, 0] < 47)]
    assert np.abs(middle[:, 1] - 9).max() <= 1
    assert np.ptp(points[:, 0]) > 35


def test_the_longest_path_of_a_t_is_its_bar():
    mask = np.zeros((40, 90), bool)
    mask[5:12, 5:85] = True
    mask[12:30, 42:49] = True
    points = stroke_along(mask)
    assert np.ptp(points[:, 0]) > 60
    assert points[:, 1].max() < 14


def test_what_the_disc_would_rub_out_is_drawn_with_a_smaller_one():
    mask = np.zeros((9, 420), bool)
    mask[4, 10:410] = True
    points = stroke_along(mask)
    assert set(points[:, 1]) == {4}
    assert np.ptp(points[:, 0]) > 300


def test_what_sticks_out_of_a_large_error_is_rubbed_out():
    """The disc has a radius of 15 here, so that 20 pixels are too few for a path to go through."""
    mask = np.zeros((220, 420), bool)
    mask[10:210, 10:210] = True
    mask[100:120, 210:410] = True
    assert np.array([x for x, _ in stroke_along(mask)]).max() < 225


def test_of_an_error_that_opening_takes_apart_the_longest_part_is_drawn():
    mask = np.zeros((60, 260), bool)
    mask[5:25, 5:45] = mask[35:55, 60:250] = True
    mask[15:45, 30:32] = mask[43:45, 30:62] = True
    points = stroke_along(mask)
    assert points[:, 0].min() > 60
    assert np.ptp(points[:, 0]) > 120


def test_a_ring_is_opened():
    rows, columns = np.mgrid[:61, :61]
    radius = np.hypot(rows - 30, columns - 30)
    points = stroke_along((radius > 20) & (radius < 27))
    # A Bezier curve cuts corners, but a whole closed ring of ends that nearly meet remains.
    assert len(points) > 40


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_is_too_small_for_a_path_gets_a_click(size):
    mask = np.zeros((7, 7), bool)
    mask[2 : 2 + size, 3] = True
    points = stroke_along(mask)
    assert points.tolist()[0] in np.argwhere(mask)[:, ::-1].tolist()
    assert len(points) == 1


@settings(max_examples=20)
@given(pairs(most=2), seeds())
def test_strokes_stay_on_the_image_and_have_no_gap(maps, rng):
    truth, prediction = maps
    for error in error_components(truth, prediction):
        points = np.array(medial_stroke(error, rng))
        x0, y0, x1, y1 = error.box
        assert (points >= (x0, y0)).all()
        assert (points < (x1, y1)).all()
        assert len(points) == 1 or (np.abs(np.diff(points, axis=0)).max(1) == 1).all()


def test_extreme_points_are_off_by_sigma():
    truth = np.zeros((400, 400), np.int32)
    truth[100:300, 100:300] = 1
    rng = np.random.default_rng(0)
    lefts = [RobustAnnotator(sigma=5).mark(truth, rng)[0][0][0] for _ in range(500)]
    assert np.mean(lefts) == pytest.approx(100, abs=1)
    assert np.std(lefts) == pytest.approx(5, rel=0.1)


@given(seeds(), st.floats(0, 20))
def test_points_that_are_off_are_ordered_anew(rng, sigma):
    points = jittered(((8, 10), (12, 10), (10, 8), (10, 12)), sigma, 30, 30, rng)
    assert order_extreme_points(points) == points


def test_points_stay_on_the_image_and_a_tiny_region_keeps_its_points():
    truth = np.zeros((3, 3), np.int32)
    truth[0, 0] = 1
    for seed in range(50):
        (four,) = RobustAnnotator(sigma=4).mark(truth, np.random.default_rng(seed))
        assert all(0 <= x < 3 and 0 <= y < 3 for x, y in four)
    assert RobustAnnotator(sigma=0.01).mark(truth, np.random.default_rng(0)) == [((0, 0),) * 4]


def test_a_late_start_gives_the_stroke_to_the_region_that_is_shown():
    truth = np.ones((30, 60), np.int32)
    truth[:, 40:] = 2
    prediction = np.where(np.arange(60) < 20, 1, 2)[None].repeat(30, 0).astype(np.int32)
    for wrong_start, region in ((0.0, 1), (1.0, 2)):
        annotator = RobustAnnotator(wrong_start=wrong_start)
        (stroke,) = annotator.correct(truth, prediction, Allocation.FREE, np.random.default_rng(0))
        assert stroke.region == region
    (stroke,) = RobustAnnotator(wrong_start=1).correct(
        truth, np.where(prediction == truth, truth, 0), Allocation.FREE, np.random.default_rng(0)
    )
    assert stroke.region == 1  # nobody is shown there


def test_it_is_loaded_by_name():
    assert load_annotator("robust") == RobustAnnotator()
    assert load_annotator("robust:1.5") == RobustAnnotator(1.5)
    assert load_annotator("robust:1.5").name == "robust:1.5"
