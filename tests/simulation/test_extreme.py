from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fullcanvas.simulation.extreme import extreme_points
from tests.simulation.maps import label_maps, seeds


@given(label_maps(most=1), st.integers(0, 4), seeds())
def test_points_lie_in_the_region_within_pert_of_their_side(labels, pert, rng):
    mask = labels > 0
    assume(mask.any())
    ys, xs = np.nonzero(mask)
    left, right, top, bottom = extreme_points(mask, rng, pert)
    assert all(mask[y, x] for x, y in (left, right, top, bottom))
    assert left[0] <= xs.min() + pert
    assert right[0] >= xs.max() - pert
    assert top[1] <= ys.min() + pert
    assert bottom[1] >= ys.max() - pert


def test_every_candidate_is_drawn_at_the_same_rate():
    mask = np.zeros((6, 5), bool)
    mask[1:5, 1:3] = True  # a left side of four pixels
    rng = np.random.default_rng(0)
    rows = [extreme_points(mask, rng)[0][1] for _ in range(4000)]
    assert np.unique(rows).tolist() == [1, 2, 3, 4]
    assert np.bincount(rows)[1:].min() > 900


def test_an_empty_region_has_none():
    with pytest.raises(ValueError, match="empty"):
        extreme_points(np.zeros((3, 3), bool), np.random.default_rng(0))
