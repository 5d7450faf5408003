import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fullcanvas.canvas.resolution import (
    DISPLAY_PIXELS,
    display_size,
    padded_size,
    resize,
    resize_labels,
    working_size,
)

SIDES = st.integers(1, 100_000) | st.integers(1, 10**9)


@pytest.mark.parametrize(
    ("photo", "expected"),
    [((640, 480), (512, 384)), ((1, 60_000), (1, 512)), ((1, 1), (512, 512)), ((6000, 4000), (512, 341))],
)
def test_the_long_side_becomes_the_working_size(photo, expected):
    width, height = photo
    assert working_size(width, height, 512) == expected


@pytest.mark.parametrize(("size", "expected"), [((1, 33), (32, 64)), ((64, 32), (64, 32))])
def test_padding_goes_up_to_multiples_of_32(size, expected):
    assert padded_size(*size) == expected


@given(SIDES, SIDES)
@example(1, 10**9)
@example(10**9, 2)
def test_the_display_is_the_photo_or_bounded(width, height):
    shown_width, shown_height = display_size(width, height)
    assert 1 <= shown_width <= width
    assert 1 <= shown_height <= height
    assert shown_width * shown_height <= DISPLAY_PIXELS
    if width * height <= DISPLAY_PIXELS:
        assert (shown_width, shown_height) == (width, height)


def test_the_display_keeps_the_aspect_and_uses_its_pixels():
    width, height = display_size(6000, 4000)
    assert abs(width / height - 1.5) < 0.01
    assert width * height > 0.99 * DISPLAY_PIXELS


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_resized_label_map_has_at_each_pixel_the_value_at_its_centre(height, width, new_height, new_width):
    labels = np.random.default_rng(0).integers(0, 2**24, (height, width), np.int32)
    resized = resize_labels(labels, new_width, new_height)
    rows, row_between = np.divmod((2 * np.arange(new_height) + 1) * height, 2 * new_height)
    columns, column_between = np.divmod((2 * np.arange(new_width) + 1) * width, 2 * new_width)
    assert resized.dtype == np.int32
    sure = (row_between > 0)[:, None] & (column_between > 0)  # a centre between two pixels has either value
    np.testing.assert_array_equal(resized[sure], labels[rows[:, None], columns][sure])


def test_shrinking_averages_and_enlarging_interpolates():
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = 200
    assert resize(image, 1, 1).tolist() == [[[100, 100, 100]]]
    enlarged = resize(image, 8, 2)[0, :, 0].astype(int)
    assert (np.diff(enlarged) >= 0).all()
    assert len(set(enlarged)) > 2
    assert resize(image, 2, 2) is image
