from __future__ import annotations

import numpy as np
from hypothesis import given

from fullcanvas.simulation.components import error_components
from fullcanvas.simulation.scribbles import draw_scribble
from tests.simulation.maps import pairs, seeds


@given(pairs(most=2), seeds())
def test_a_scribble_stays_in_the_true_region_and_has_no_gap(maps, rng):
    truth, prediction = maps
    for error in error_components(truth, prediction):
        points = np.array(draw_scribble(truth, prediction, error, rng))
        assert (truth[points[:, 1], points[:, 0]] == error.region).all()
        assert len(points) == 1 or (np.abs(np.diff(points, axis=0)).max(1) == 1).all()


def test_it_starts_in_what_the_region_has_and_goes_into_the_error():
    truth = np.ones((20, 40), np.int32)
    prediction = truth.copy()
    prediction[:, 25:] = 2
    (error,) = error_components(truth, prediction)
    for seed in range(50):
        points = draw_scribble(truth, prediction, error, np.random.default_rng(seed))
        assert points[0][0] == 24
        assert points[-1][0] >= 25


def test_a_region_that_lost_everything_is_scribbled_from_within():
    truth = np.zeros((10, 10), np.int32)
    truth[2:8, 2:8] = 1
    (error,) = error_components(truth, np.full((10, 10), 2, np.int32))
    points = draw_scribble(truth, np.full((10, 10), 2, np.int32), error, np.random.default_rng(1))
    assert all(2 <= x < 8 and 2 <= y < 8 for x, y in points)


def test_the_longest_of_ten_tries_is_kept():
    truth = np.ones((60, 60), np.int32)
    prediction = np.full((60, 60), 2, np.int32)
    (error,) = error_components(truth, prediction)
    lengths = [
        len(draw_scribble(truth, prediction, error, np.random.default_rng(seed))) for seed in range(100)
    ]
    # Of single tries, every fourth is shorter than 60; of the longest of five, every tenth shorter than 85.
    assert np.quantile(lengths, 0.05) > 85


def test_a_region_too_thin_for_curves_gets_their_longest_run_inside():
    truth = np.zeros((30, 30), np.int32)
    truth[5:26, 5] = truth[25, 5:26] = truth[5:26, 25] = 1  # a U, one pixel wide
    prediction = np.full_like(truth, 2)
    (error,) = error_components(truth, prediction)
    lengths = []
    for seed in range(60):
        points = np.array(draw_scribble(truth, prediction, error, np.random.default_rng(seed)))
        assert (truth[points[:, 1], points[:, 0]] == 1).all()
        assert len(points) == 1 or (np.abs(np.diff(points, axis=0)).max(1) == 1).all()
        lengths.append(len(points))
    assert min(lengths) < 5 < max(lengths)
