from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from numpy.typing import NDArray

from fullcanvas.simulation.single_region import OWN, REST, correct, two_regions
from tests.simulation.maps import label_maps, pairs, seeds

TRUTH = np.repeat(np.array([[0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3]], np.int32), 6, 0)


def predicted(columns: range) -> NDArray[np.bool_]:
    mask = np.zeros(TRUTH.shape, bool)
    mask[:, columns] = True
    return mask


def test_a_missed_part_earns_a_positive_stroke_that_starts_in_what_was_found():
    stroke = correct(TRUTH, 1, predicted(range(1, 4)), np.random.default_rng(0))
    assert stroke is not None
    assert stroke.positive
    assert stroke.points[0][0] == 3
    assert all(1 <= x <= 6 for x, _ in stroke.points)


def test_a_wrong_claim_earns_a_negative_stroke_whoever_owns_it():
    stroke = correct(TRUTH, 1, predicted(range(1, 10)), np.random.default_rng(0))
    assert stroke is not None
    assert not stroke.positive
    assert stroke.points[0][0] == 10
    assert all(x >= 7 for x, _ in stroke.points)


def test_the_error_that_costs_most_is_corrected():
    mask = predicted(range(3, 8))  # two columns of 6 missed: 2 / 7 of the IoU; one claimed: 4 / 6 - 4 / 7
    stroke = correct(TRUTH, 1, mask, np.random.default_rng(0))
    assert stroke is not None
    assert stroke.positive


def test_void_is_never_corrected():
    assert correct(TRUTH, 1, predicted(range(7)), np.random.default_rng(0)) is None


@given(pairs(), seeds())
def test_strokes_stay_on_their_side(maps, rng):
    truth, prediction = maps
    assume((truth == 1).any())
    stroke = correct(truth, 1, prediction == 1, rng)
    known = truth > 0
    if stroke is None:
        assert np.array_equal((prediction == 1) & known, truth == 1)
    else:
        assert all((truth[y, x] == 1) == stroke.positive and truth[y, x] > 0 for x, y in stroke.points)


@given(label_maps())
def test_two_regions_keep_void(truth):
    two = two_regions(truth, 2)
    assert np.array_equal(two == OWN, truth == 2)
    assert np.array_equal(two == REST, (truth > 0) & (truth != 2))
