from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.evaluation import metrics
from fullcanvas.evaluation.metrics import Matches
from fullcanvas.simulation.overlap import confusion
from tests.simulation.maps import label_maps, pairs


@pytest.mark.parametrize(
    ("area", "name"), [(1, "small"), (1023, "small"), (1024, "medium"), (9215, "medium"), (9216, "large")]
)
def test_size_classes_are_coco_s(area, name):
    assert metrics.size_class(area) == name


def test_the_distribution_of_iou():
    found = metrics.distribution(np.array([0.0, 0.05, 0.55, 1.0]))
    assert found["shares"] == [0.5, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.25]
    assert found["deciles"][4] == pytest.approx((0.05 + 0.55) / 2)
    assert metrics.distribution(np.array([])) == {"shares": [], "deciles": []}


@given(label_maps(least=1))
def test_the_boundary_of_the_truth_is_perfect(truth):
    regions = int(truth.max())
    assert metrics.boundary_scores(truth, truth, regions).tolist() == [1.0] * regions


def test_a_boundary_within_the_tolerance_agrees_and_one_outside_does_not():
    # The diagonal is 100 pixels long, so the tolerance is 0.8, which is 1 pixel.
    truth = np.ones((60, 80), np.int32)
    truth[:, 40:] = 2
    for shift, expected in ((0, 1.0), (1, 1.0), (2, 0.0)):
        prediction = np.ones((60, 80), np.int32)
        prediction[:, 40 + shift :] = 2
        assert metrics.boundary_scores(truth, prediction, 2).tolist() == [expected, expected]


@pytest.mark.parametrize(("moved", "agrees"), [((2, 0), 1.0), ((1, 1), 1.0), ((2, 1), 0.0), ((0, 3), 0.0)])
def test_how_far_boundaries_lie_apart_is_measured_straight(moved, agrees):
    """The diagonal is 150 pixels long, so the tolerance is 1.2, which is 2 pixels."""
    truth, prediction = np.ones((2, 90, 120), np.int32)
    truth[50, 60] = prediction[50 + moved[1], 60 + moved[0]] = 2
    assert metrics.boundary_scores(truth, prediction, 2)[1] == agrees


def test_boundary_f_is_a_harmonic_mean():
    truth = np.ones((60, 80), np.int32)
    truth[:, 40:] = 2
    prediction = truth.copy()
    prediction[:, 20] = 2  # region 1 has its true boundary, and two more of the same length
    prediction[:30, 40:50] = 1  # of the true one, half (but for a pixel within the tolerance) is lost
    claimed, true = metrics.boundary_scores(truth, prediction, 2)[0], 60
    inner = (29 + 10 + 1) + 30 + 2 * 60  # around the step, where it was, and on both sides of column 20
    precision, recall = 31 / inner, 31 / true
    assert claimed == pytest.approx(2 * precision * recall / (precision + recall), abs=0.02)


def test_void_bounds_nothing():
    truth = np.zeros((10, 20), np.int32)
    truth[:, :10] = 1
    assert metrics.boundary_scores(truth, np.ones((10, 20), np.int32), 1).tolist() == [1.0]
    prediction = np.ones((10, 20), np.int32)
    prediction[:, 5:] = 0
    assert metrics.boundary_scores(truth, prediction, 1).tolist() == [0.0]


def test_panoptic_matches_by_hand():
    truth = np.array([[1] * 10, [2] * 10, [3] * 10, [0] * 10], np.int32)
    prediction = truth.copy()
    prediction[0, 8:] = 0  # IoU 0.8
    prediction[1, :6] = 3  # 4 of 10 right; region 3 has 10 of 16
    prediction[3, :] = 2  # region 2 lies on void with 10 of its 14 pixels: not an extra one
    found = metrics.panoptic_matches(confusion(truth, prediction, 3), [5, 5, 6])
    assert found[5] == Matches(iou=0.8, matched=1, extra=0, missed=1)
    assert found[6] == Matches(iou=10 / 16, matched=1, extra=0, missed=0)
    assert found[5].quality == pytest.approx(0.8 / 1.5)
    assert metrics.panoptic_quality(found) == pytest.approx((0.8 / 1.5 + 0.625) / 2)


def test_a_region_that_swapped_places_within_its_category_still_matches():
    truth = np.array([[1] * 4, [2] * 4], np.int32)
    table = confusion(truth, np.array([[2] * 4, [1] * 4], np.int32), 2)
    assert metrics.panoptic_matches(table, [5, 5])[5] == Matches(iou=2.0, matched=2)
    other = metrics.panoptic_matches(table, [5, 6])
    assert other == {5: Matches(extra=1, missed=1), 6: Matches(extra=1, missed=1)}


def test_panoptic_quality_needs_a_category():
    assert metrics.panoptic_quality({}) is None
    assert metrics.panoptic_quality({1: Matches()}) is None


@given(pairs(least=1), st.lists(st.integers(1, 2), min_size=4, max_size=4))
def test_every_true_region_is_matched_or_missed(maps, categories):
    truth, prediction = maps
    found = metrics.panoptic_matches(confusion(truth, prediction, 4), categories)
    present = dict.fromkeys(categories, 0)
    for region in np.unique(truth).tolist():
        present[categories[region - 1]] += 1
    for category, matches in found.items():
        assert matches.matched + matches.missed == present[category]
        assert 0 <= (matches.quality or 0) <= 1


def test_the_interval_of_equal_images_is_a_point():
    sums, counts = np.full((9, 1), 1.5), np.full((9, 1), 3)
    assert metrics.bootstrap_intervals(sums, counts, 0) == [(0.5, 0.5)]


def test_the_interval_is_that_of_the_normal_law_for_many_images():
    scores = np.random.default_rng(0).normal(0.5, 0.1, 400)
    (interval,) = metrics.bootstrap_intervals(scores[:, None], np.ones((400, 1), int), 0)
    assert interval is not None
    low, high = interval
    assert low == pytest.approx(scores.mean() - 1.96 * scores.std() / 20, abs=0.001)
    assert high == pytest.approx(scores.mean() + 1.96 * scores.std() / 20, abs=0.001)


def test_intervals_over_regions_weigh_images_by_their_regions_and_follow_the_seed():
    sums, counts = np.array([[9.0, 0.0], [0.0, 0.0]]), np.array([[9, 0], [1, 0]])
    intervals = metrics.bootstrap_intervals(sums, counts, 4)
    assert intervals == [(0.0, 1.0), None]
    random = np.random.default_rng(1).random((30, 1))
    ones = np.ones((30, 1), int)
    assert metrics.bootstrap_intervals(random, ones, 1) == metrics.bootstrap_intervals(random, ones, 1)
    assert metrics.bootstrap_intervals(random, ones, 1) != metrics.bootstrap_intervals(random, ones, 2)


def test_the_interval_of_panoptic_quality_draws_images_again():
    alike = [{1: Matches(0.8, 1), 2: Matches(0.0, 0, 0, 1)}] * 5
    assert metrics.panoptic_interval(alike, 0) == pytest.approx((0.4, 0.4))
    # One category, one pair an image: the quality of a draw is the mean of the IoUs it drew.
    ious = np.random.default_rng(0).uniform(0.5, 1, 300)
    interval = metrics.panoptic_interval([{7: Matches(float(iou), 1)} for iou in ious], 3)
    (expected,) = metrics.bootstrap_intervals(ious[:, None], np.ones((300, 1), int), 3)
    assert interval == pytest.approx(expected)
    # A category that only one image has is missing from the draws without that image.
    rare = [{1: Matches(1.0, 1)}, {2: Matches(0.6, 1)}]
    assert metrics.panoptic_interval(rare, 0) == pytest.approx((0.6, 1.0))


def test_no_category_has_no_interval():
    assert metrics.panoptic_interval([{}, {}], 0) is None
    assert metrics.panoptic_interval([{1: Matches()}], 0) is None
