from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from fullcanvas.simulation.overlap import confusion, region_ious
from tests.simulation.maps import pairs

TRUTH = np.array([[1, 1, 1, 1, 2, 2, 0, 0]] * 2, np.int32)
PREDICTION = np.array([[1, 1, 2, 0, 2, 2, 2, 1]] * 2, np.int32)


def test_the_confusion_counts_pixels():
    assert confusion(TRUTH, PREDICTION, 2).tolist() == [[0, 2, 2], [2, 4, 2], [0, 0, 4]]


def test_iou_ignores_void_and_counts_unassigned_pixels():
    ious = region_ious(confusion(TRUTH, PREDICTION, 2))
    assert ious.tolist() == [4 / 8, 4 / 6]


@given(pairs(least=1))
def test_iou_is_intersection_over_union(maps):
    truth, prediction = maps
    regions = int(max(truth.max(), prediction.max()))
    ious = region_ious(confusion(truth, prediction, regions))
    for region in range(1, regions + 1):
        true, claimed = truth == region, prediction == region
        union = (true | claimed).sum()
        assert ious[region - 1] == ((true & claimed).sum() / union if union else 1.0)


def test_ids_and_shapes_are_checked():
    known = np.array([[0, 1]], np.int32)
    for strange in ([[0, 2]], [[-1, 1]]):
        with pytest.raises(ValueError, match=r"the prediction holds ids outside 0\.\.1"):
            confusion(known, np.array(strange, np.int32), 1)
        with pytest.raises(ValueError, match=r"the truth holds ids outside 0\.\.1"):
            confusion(np.array(strange, np.int32), known, 1)
    with pytest.raises(ValueError, match="the truth is"):
        confusion(np.ones((2, 2), np.int32), np.ones((2, 3), np.int32), 1)


def test_a_region_that_nobody_knows_is_right_and_one_that_is_only_claimed_is_wrong():
    truth = np.array([[1, 1]], np.int32)
    assert region_ious(confusion(truth, np.array([[1, 3]], np.int32), 3)).tolist() == [0.5, 1.0, 0.0]
