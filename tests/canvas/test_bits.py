import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.canvas.bits import Packed

SIDE = st.integers(0, 19)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99), st.tuples(SIDE, SIDE, SIDE, SIDE))
def test_any_part_of_a_packed_mask_comes_back(width, height, seed, corners):
    pixels = np.random.default_rng(seed).random((height, width)) < 0.5
    x0, x1, y0, y1 = corners
    place = slice(y0, y1), slice(x0, x1)
    part = Packed.of(pixels).part(place)
    assert part.dtype == np.bool_
    np.testing.assert_array_equal(part, pixels[place])
