"""Pixels that are not RGB."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fullcanvas.formats.pixels import to_rgb


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_deep_grey_is_stretched_between_its_darkest_and_brightest_number(odd: float) -> None:
    grey = np.array([[0.25, 0.5, 0.75, odd]], np.float32)
    found = to_rgb(Image.fromarray(grey))[0, :, 0].tolist()
    assert found == [0, 128, 255, 255 if odd == np.inf else 0]


@pytest.mark.parametrize("same", [7.0, np.nan, np.inf])
def test_grey_of_one_value_is_in_the_middle(same: float) -> None:
    assert to_rgb(Image.fromarray(np.full((2, 2), same, np.float32))).tolist() == [[[128] * 3] * 2] * 2
