"""Colours change where there is a photo, and nowhere else."""

import numpy as np
import pytest

from fullcanvas.learning.colouring import Colouring, coloured, draw_colouring
from fullcanvas.learning.samples import Crops
from tests.learning.test_paper_models import CLASSES, setting

PHOTO = np.random.default_rng(0).integers(60, 190, (20, 30, 3), dtype=np.uint8)


def test_nothing_changes_nothing():
    assert np.abs(coloured(PHOTO, Colouring(1, 1, 0, np.ones(3))).astype(int) - PHOTO).max() <= 1


def test_without_saturation_a_photo_is_grey_and_as_bright_as_before():
    grey = coloured(PHOTO, Colouring(0, 1, 0, np.ones(3))).astype(int)
    assert (grey == grey[..., :1]).all()
    assert np.abs(grey[..., 0] - PHOTO.mean(2)).max() <= 1


def test_one_photo_in_twenty_is_grey():
    rng = np.random.default_rng(0)
    assert sum(draw_colouring(rng).saturation == 0 for _ in range(2000)) == pytest.approx(100, abs=40)


def test_beyond_a_small_photo_a_crop_is_black(toy_set):
    config, sets = setting(toy_set, CLASSES, scale=[0.4, 0.4])
    crops = Crops(sets, config.training, config.network.classes)
    for number in range(8):
        crop = crops[number]
        beyond = np.ones(crop.truth.shape, bool)
        inside = np.flatnonzero((crop.truth > 0).any(1)), np.flatnonzero((crop.truth > 0).any(0))
        beyond[inside[0][0] : inside[0][-1] + 1, inside[1][0] : inside[1][-1] + 1] = False
        assert beyond.mean() > 0.3
        assert (crop.image[beyond] == 0).all()
