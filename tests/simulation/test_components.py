from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from fullcanvas.simulation.components import error_components
from tests.simulation.maps import pairs


def ious(truth, prediction):
    known = truth > 0
    scores = []
    for region in range(1, int(truth.max(initial=0)) + 1):
        true, claimed = truth == region, (prediction == region) & known
        scores.append((true & claimed).sum() / (true | claimed).sum() if true.any() else 0.0)
    return np.array(scores)


def test_gains_computed_by_hand():
    truth = np.repeat(np.array([[1, 1, 1, 1, 2, 2, 2, 2]], np.int32), 4, 0)
    prediction = truth.copy()
    prediction[:, 3] = 2  # 4 of region 1's 16 pixels
    (error,) = error_components(truth, prediction)
    assert (error.region, error.box, error.size) == (1, (3, 0, 4, 4), 4)
    assert error.mask.all()
    assert error.gains == pytest.approx({1: 1 - 12 / 16, 2: 1 - 16 / 20})
    assert error.image_gain == pytest.approx((1 - 12 / 16) + (1 - 16 / 20))


def test_touching_corners_are_one_component_and_neighbouring_regions_two():
    truth = np.array([[1, 1], [1, 1]], np.int32)
    assert len(error_components(truth, np.array([[0, 1], [1, 0]], np.int32))) == 1
    truth = np.array([[1, 2], [1, 2]], np.int32)
    assert [error.region for error in error_components(truth, np.zeros((2, 2), np.int32))] == [1, 2]


def test_void_is_no_error_and_unassigned_is():
    truth = np.array([[0, 0, 1, 1]], np.int32)
    (error,) = error_components(truth, np.array([[1, 0, 1, 0]], np.int32))
    assert (error.box, error.size) == ((3, 0, 4, 1), 1)


@given(pairs())
def test_components_cover_the_errors_and_gain_what_they_say(maps):
    truth, prediction = maps
    wrong = (truth != prediction) & (truth > 0)
    covered = np.zeros(truth.shape, int)
    before = ious(truth, prediction)
    for error in error_components(truth, prediction):
        x0, y0, x1, y1 = error.box
        covered[y0:y1, x0:x1] += error.mask
        corrected = prediction.copy()
        corrected[y0:y1, x0:x1][error.mask] = error.region
        gains = ious(truth, corrected) - before
        assert error.size == error.mask.sum()
        assert [error.gains.get(id_, 0.0) for id_ in range(1, len(gains) + 1)] == pytest.approx(gains)
        assert error.image_gain == pytest.approx(gains.sum())
    assert np.array_equal(covered, wrong.astype(int))


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"the truth is \(1, 2\)"):
        error_components(np.ones((1, 2), np.int32), np.ones((2, 1), np.int32))
