from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from fullcanvas.simulation.annotators import Allocation, PaperAnnotator
from fullcanvas.simulation.clicks import ClickAnnotator, click_on, depth
from fullcanvas.simulation.components import error_components
from tests.simulation.maps import pairs, seeds


@given(pairs(), seeds())
def test_a_click_lies_well_inside_its_error(maps, rng):
    for error in error_components(*maps):
        x, y = click_on(error, rng)
        column, row = x - error.box[0], y - error.box[1]
        inside = depth(error.mask)
        assert inside[row, column] >= inside.max() / 2 > 0


def test_clicks_are_spread_over_what_is_at_least_half_as_deep():
    truth = np.ones((21, 21), np.int32)
    (error,) = error_components(truth, np.zeros_like(truth))
    clicks = {click_on(error, np.random.default_rng(seed)) for seed in range(300)}
    assert {round(float(depth(error.mask)[y, x])) for x, y in clicks} == set(range(6, 12))


def test_depth_counts_from_the_edge_of_the_mask_and_of_the_array():
    assert depth(np.ones((3, 5), bool)).tolist() == [[1, 1, 1, 1, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1]]


@pytest.mark.parametrize("allocation", Allocation)
def test_who_clicks_marks_exactly_and_clicks_once_per_region(allocation):
    truth = np.array([[1, 2], [3, 4]], np.int32).repeat(8, 0).repeat(8, 1)
    turned = (truth % 4 + 1).astype(np.int32)
    points = ClickAnnotator().mark(truth, np.random.default_rng(0))
    assert points == PaperAnnotator().mark(truth, np.random.default_rng(0))
    strokes = ClickAnnotator().correct(truth, turned, allocation, np.random.default_rng(0))
    assert sorted(stroke.region for stroke in strokes) == [1, 2, 3, 4]
    assert all(truth[y, x] == region for region, ((x, y),) in strokes)
