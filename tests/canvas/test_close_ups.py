"""Close-ups: where they lie follows from the box, and they show it with what surrounds it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.canvas.close_ups import MOST_STRETCHED, crop_for

WORKING, BELOW = 512, 48
SIZES = st.tuples(st.integers(1, 6000), st.integers(1, 6000))


@st.composite
def photos_and_boxes(draw: st.DrawFn) -> tuple[int, int, tuple[int, int, int, int]]:
    """A photo's width and height, and a box in it."""
    width, height = draw(SIZES)
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
    return width, height, (x0, y0, x1, y1)


@st.composite
def small_boxes(draw: st.DrawFn) -> tuple[int, int, tuple[int, int, int, int]]:
    """The same, of boxes that are small in their photo."""
    width, height = draw(st.tuples(st.integers(400, 6000), st.integers(400, 6000)))
    x0, y0 = draw(st.integers(0, width - 30)), draw(st.integers(0, height - 30))
    return width, height, (x0, y0, x0 + draw(st.integers(1, 30)), y0 + draw(st.integers(1, 30)))


@given(st.one_of(photos_and_boxes(), small_boxes()))
def test_a_crop_holds_the_box_and_lies_in_the_photo(case: tuple[int, int, tuple[int, int, int, int]]) -> None:
    width, height, box = case
    x0, y0, x1, y1 = crop_for(box, width, height, WORKING, BELOW)
    assert 0 <= x0 <= box[0] < box[2] <= x1 <= width
    assert 0 <= y0 <= box[1] < box[3] <= y1 <= height


@given(small_boxes())
def test_a_close_up_has_the_shape_of_the_photo_and_is_no_smaller_than_needed(
    case: tuple[int, int, tuple[int, int, int, int]],
) -> None:
    width, height, box = case
    x0, y0, x1, y1 = crop_for(box, width, height, WORKING, BELOW)
    times = width / (x1 - x0)
    level = round(math.log2(times))
    assert (x1 - x0, y1 - y0) == (math.ceil(width / 2**level), math.ceil(height / 2**level))
    scale, extent = WORKING / max(width, height), max(box[2] - box[0], box[3] - box[1])
    if level:
        assert scale * 2**level <= MOST_STRETCHED
        assert extent * scale * 2 ** (level - 1) < BELOW
    else:
        too_large = 2 * (extent + 1) > min(width, height) // 2
        assert extent * scale >= BELOW or scale * 2 > MOST_STRETCHED or too_large


@given(small_boxes())
def test_what_surrounds_the_box_is_seen_too(case: tuple[int, int, tuple[int, int, int, int]]) -> None:
    width, height, box = case
    crop = crop_for(box, width, height, WORKING, BELOW)
    for axis, size in enumerate((width, height)):
        low, high, side = crop[axis], crop[axis + 2], crop[axis + 2] - crop[axis]
        centre = (box[axis] + box[axis + 2]) / 2
        assert low == 0 or centre - low >= side / 4 - 2
        assert high == size or high - centre >= side / 4 - 2


@given(photos_and_boxes())
def test_a_model_without_close_ups_sees_the_whole_photo(
    case: tuple[int, int, tuple[int, int, int, int]],
) -> None:
    width, height, box = case
    assert crop_for(box, width, height, WORKING, 0) == (0, 0, width, height)


@pytest.mark.parametrize(
    ("box", "crop"),
    [
        ((100, 100, 160, 150), (0, 0, 640, 480)),  # 48 working pixels wide
        ((100, 100, 159, 150), (0, 0, 320, 240)),
        ((300, 200, 330, 230), (160, 120, 480, 360)),
        ((630, 0, 640, 10), (320, 0, 640, 240)),
        ((250, 100, 251, 101), (160, 0, 480, 240)),  # never closer: a pixel would be 3.2 wide
    ],
)
def test_where_close_ups_of_a_small_photo_lie(
    box: tuple[int, int, int, int], crop: tuple[int, int, int, int]
) -> None:
    assert crop_for(box, 640, 480, WORKING, BELOW) == crop


def test_a_photo_pixel_is_stretched_over_two_and_a_half_working_pixels_at_most() -> None:
    """A quarter of 800 x 600 would stretch it over 2.56."""
    assert crop_for((250, 100, 251, 101), 800, 600, WORKING, BELOW) == (0, 0, 400, 300)
    x0, _, x1, _ = crop_for((250, 100, 251, 101), 840, 600, WORKING, BELOW)  # over 2.44
    assert x1 - x0 == 840 / 4


def test_regions_side_by_side_share_a_close_up() -> None:
    crops = {crop_for((x, 300, x + 20, 320), 640, 480, WORKING, BELOW) for x in range(0, 620, 5)}
    assert len(crops) == 3


def test_a_large_photo_is_looked_at_closer_still() -> None:
    assert crop_for((2000, 1500, 2040, 1530), 6000, 4000, WORKING, BELOW) == (1875, 1375, 2250, 1625)


def test_no_close_up_of_a_narrow_photo_cuts_a_box_off() -> None:
    assert crop_for((100, 0, 130, 30), 4000, 60, WORKING, BELOW) == (0, 0, 4000, 60)
    for low in range(60):
        for high in range(low + 1, 61):
            _, y0, _, y1 = crop_for((100, low, 130, high), 4000, 60, WORKING, BELOW)
            x0, _, x1, _ = crop_for((low, 100, high, 130), 60, 4000, WORKING, BELOW)
            assert (x0, x1) == (y0, y1)
            assert x0 <= low < high <= x1
