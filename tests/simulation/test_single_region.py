"""Corrections of single masks: the worst error first, positive where pixels are missing, else negative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import Region
from fullcanvas.annotation.marks import Marks
from fullcanvas.simulation.components import error_components
from fullcanvas.simulation.single_region import OWN, REST, correct, corrected, mask_iou, two_regions


def truth():
    labels = np.zeros((20, 30), np.int32)
    labels[:, 3:15], labels[:, 15:] = 1, 2
    return labels


def test_missing_pixels_earn_a_positive_scribble_inside_the_region():
    mask = (truth() == 1) & (np.arange(30) < 10)
    (found,) = correct(truth(), 1, mask, np.random.default_rng(0))
    assert found.positive
    assert all(truth()[y, x] == 1 for x, y in found.points)
    assert any(x >= 10 for x, _ in found.points)


def test_pixels_claimed_wrongly_earn_a_negative_scribble_outside():
    mask = (truth() == 1) | ((np.arange(30) >= 15) & (np.arange(30) < 22))
    (found,) = correct(truth(), 1, mask, np.random.default_rng(0))
    assert not found.positive
    assert all(truth()[y, x] == 2 for x, y in found.points)
    assert any(x < 22 for x, _ in found.points)


def test_void_is_never_an_error_and_a_right_mask_earns_nothing():
    assert correct(truth(), 1, truth() == 1, np.random.default_rng(0)) == []
    assert correct(truth(), 1, truth() <= 1, np.random.default_rng(0)) == []


def test_a_correction_joins_the_marks_where_it_belongs():
    marks = Marks(Region(1, ((3, 5), (14, 5), (5, 0), (5, 19))))
    missing = (truth() == 1) & (np.arange(30) < 10)
    grown = corrected(truth(), marks, missing, np.random.default_rng(0))
    assert (len(grown.region.scribbles), len(grown.negatives)) == (1, 0)
    shrunk = corrected(truth(), grown, truth() > 0, np.random.default_rng(0))
    assert (len(shrunk.region.scribbles), len(shrunk.negatives)) == (1, 1)
    assert corrected(truth(), shrunk, truth() == 1, np.random.default_rng(0)) == shrunk


def iou(labels, mask):
    return ((labels == OWN) & mask).sum() / ((labels == OWN) | (mask & (labels > 0))).sum()


@given(st.integers(0, 10_000))
def test_the_error_corrected_is_the_one_that_costs_most(seed):
    rng = np.random.default_rng(seed)
    mask = truth() == 1
    for _ in range(4):
        y, x = rng.integers(0, 16), rng.integers(0, 26)
        mask[y : y + rng.integers(1, 6), x : x + rng.integers(1, 6)] ^= True
    labels = two_regions(truth(), 1)
    drawn = correct(truth(), 1, mask, rng)
    gains = {}
    for index, error in enumerate(error_components(labels, np.where(mask, OWN, REST).astype(np.int32))):
        x0, y0, x1, y1 = error.box
        better = mask.copy()
        better[y0:y1, x0:x1][error.mask] = error.region == OWN
        gains[index] = (iou(labels, better) - iou(labels, mask), error)
    if not drawn:
        assert not gains
        return
    (found,) = drawn
    best = max(gain for gain, _ in gains.values())
    worst = [error for gain, error in gains.values() if gain == pytest.approx(best)]
    hit = [
        any(
            error.box[0] <= x < error.box[2]
            and error.box[1] <= y < error.box[3]
            and error.mask[y - error.box[1], x - error.box[0]]
            for x, y in found.points
        )
        for error in worst
        if (error.region == OWN) == found.positive
    ]
    assert any(hit)


def test_void_counts_neither_for_a_mask_nor_against_it():
    mask = (truth() == 1) & (np.arange(30) < 12)
    assert mask_iou(truth(), 1, mask) == mask_iou(truth(), 1, mask | (truth() == 0)) == 9 / 12
    assert mask_iou(truth(), 2, mask) == 0


def test_several_corrections_of_one_mask_are_of_its_worst_errors_each_of_another():
    mask = truth() == 1
    mask[:6, 3:9], mask[8:12, 20:24], mask[15:17, 5:7] = False, True, False
    drawn = correct(truth(), 1, mask, np.random.default_rng(0), most=2)
    assert [correction.positive for correction in drawn] == [True, False]
    assert any(x < 9 and y < 6 for x, y in drawn[0].points)
    assert any(x < 24 and 8 <= y < 12 for x, y in drawn[1].points)
    marks = Marks(Region(1, ((3, 5), (14, 5), (5, 0), (5, 19))))
    after = corrected(truth(), marks, mask, np.random.default_rng(0), 9)
    assert (len(after.region.scribbles), len(after.negatives)) == (2, 1)
