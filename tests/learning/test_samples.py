"""Training crops and photos that are validated: truth lies over its photo, marks are as inexact as said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fullcanvas.datasets import Sample
from fullcanvas.learning.config import TrainingConfig
from fullcanvas.learning.samples import make_crop, mark_regions
from fullcanvas.learning.validation import to_working


def striped(upright: bool) -> Sample:
    """A photo of black and white stripes, and its truth: 1 where it is black, 2 where it is white."""
    widths = np.random.default_rng(0).permutation(np.arange(11, 40))
    line = np.repeat(np.arange(len(widths)) % 2 + 1, widths)
    labels = np.tile(line, (300, 1)).astype(np.int32)
    labels = labels if upright else np.ascontiguousarray(labels.T)
    image = np.where(labels == 2, 255, 0).astype(np.uint8)[..., None].repeat(3, 2)
    return Sample(1, image, labels, ())


def agreement(image: NDArray[np.uint8], truth: NDArray[np.int32]) -> float:
    return float(((image[..., 0] > 127) == (truth == 2)).mean())


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("long_side", [211, 317, 500])
def test_a_truth_that_is_shrunk_lies_over_its_photo(upright: bool, long_side: int) -> None:
    assert agreement(*to_working(striped(upright), long_side)) > 0.995


@pytest.mark.parametrize("upright", [True, False])
def test_a_crop_of_a_truth_lies_over_its_photo(upright: bool) -> None:
    settings: dict[str, Any] = {"crop": 96, "working_size": 300, "scale": (0.8, 1.0)}
    config, found = TrainingConfig(**settings), []
    for seed in range(20):
        crop, kept = make_crop([striped(upright)], config, np.random.default_rng(seed), (("x", 1),))
        truth = np.array([0, *kept])[crop.truth]
        grey = crop.image.astype(float).mean(2)
        if {1, 2} <= set(kept):  # colours are changed: what is light and what is dark differs
            middle = (np.median(grey[truth == 1]) + np.median(grey[truth == 2])) / 2
            found.append(np.mean((grey > middle)[truth > 0] == (truth == 2)[truth > 0]))
    assert np.mean(found) > 0.99


def test_slivers_are_void() -> None:
    labels = np.ones((96, 96), np.int32)
    labels[40:43, 40:43], labels[60:70, 60:70] = 2, 3
    sample = Sample(1, np.zeros((96, 96, 3), np.uint8), labels, ())
    config = TrainingConfig(crop=96, working_size=96, scale=(1.0, 1.0))
    crop, kept = make_crop([sample], config, np.random.default_rng(0), (("x", 1),))
    assert sorted(kept) == [1, 3]
    assert (crop.truth == 0).any()


def test_of_too_many_regions_any_may_be_left_out() -> None:
    labels = np.arange(36).reshape(6, 6).repeat(16, 0).repeat(16, 1).astype(np.int32)
    sample = Sample(1, np.zeros((96, 96, 3), np.uint8), labels, ())
    config = TrainingConfig(crop=96, working_size=96, scale=(1.0, 1.0), most_regions=5)
    found = set[int]()
    for seed in range(40):
        _, kept = make_crop([sample], config, np.random.default_rng(seed), (("x", 1),))
        assert len(kept) == len(set(kept)) == 5
        found |= set(kept)
    assert found > set(range(8, 28))


def test_extreme_points_are_inexact_in_half_of_the_images() -> None:
    truth = np.zeros((60, 60), np.int32)
    rows, columns = np.mgrid[:60, :60]
    truth[np.hypot(rows - 30, columns - 30) < 20.5] = 1
    config = TrainingConfig(pert=4, jittered=0.0)
    exact = 0
    for seed in range(200):
        (region,) = mark_regions(truth, config, np.random.default_rng(seed))
        (left, _), (right, _), (_, top), (_, bottom) = region.extreme_points
        exact += (left, right, top, bottom) == (10, 50, 10, 50)
    assert 80 < exact < 120
