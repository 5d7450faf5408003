"""The sampling matrices against slow code written from the definitions, and against OpenCV."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from fullcanvas.canvas.sampling import Axis, align_matrix, project_matrix
from tests.canvas.drawing import resample

PLANES = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 9), st.integers(1, 11)), elements=st.floats(-10, 10, width=32)
)


@st.composite
def spans(draw, low: float = -2, high: float = 12) -> tuple[float, float]:
    """A start and a stop, fractions allowed, maybe partly outside the plane."""
    start = draw(st.floats(low, high))
    return start, start + draw(st.floats(0.05, high))


def bilinear(plane, x, y):
    """The plane at (x, y), whole numbers being the centres of pixels: Mask R-CNN's rule for its borders."""
    height, width = plane.shape
    if not (-1 <= x <= width and -1 <= y <= height):
        return 0.0
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, top = math.floor(x), math.floor(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    upper = plane[top, left] * (1 - (x - left)) + plane[top, right] * (x - left)
    lower = plane[bottom, left] * (1 - (x - left)) + plane[bottom, right] * (x - left)
    return upper * (1 - (y - top)) + lower * (y - top)


def roi_align(plane, box, cells) -> NDArray[np.float64]:
    """RoIAlign, cell by cell and sample by sample."""
    x0, y0, x1, y1 = box
    wide, high = (x1 - x0) / cells, (y1 - y0) / cells
    across, down = max(1, math.ceil(wide)), max(1, math.ceil(high))
    aligned = np.zeros((cells, cells))
    for row, column in np.ndindex(cells, cells):
        samples = [
            bilinear(
                plane,
                x0 + (column + (i + 0.5) / across) * wide - 0.5,
                y0 + (row + (j + 0.5) / down) * high - 0.5,
            )
            for i in range(across)
            for j in range(down)
        ]
        aligned[row, column] = sum(samples) / len(samples)
    return aligned


@given(PLANES, spans(), spans(), st.integers(1, 6))
def test_alignment_is_roi_align(plane, across, down, cells):
    height, width = plane.shape
    (x0, x1), (y0, y1) = across, down
    # Where a sample falls just on the limit of the plane, rounding decides; skip boxes with such samples.
    for start, stop, size in ((x0, x1, width), (y0, y1, height)):
        count = cells * max(1, math.ceil((stop - start) / cells))
        positions = start - 0.5 + (np.arange(count) + 0.5) * (stop - start) / count
        assume(np.abs(positions + 1).min() > 1e-6)
        assume(np.abs(positions - size).min() > 1e-6)
        assume(abs((stop - start) / cells - round((stop - start) / cells)) > 1e-6)
    rows, columns = align_matrix(y0, y1, cells, height), align_matrix(x0, x1, cells, width)
    np.testing.assert_allclose(
        resample(plane, rows, columns), roi_align(plane, (x0, y0, x1, y1), cells), atol=2e-5
    )


def test_alignment_of_whole_cells_is_the_mean_of_their_pixels():
    plane = np.arange(48, dtype=np.float32).reshape(6, 8)
    rows, columns = align_matrix(2, 6, 2, 6), align_matrix(0, 8, 4, 8)
    expected = plane[2:].reshape(2, 2, 4, 2).mean((1, 3))
    np.testing.assert_allclose(resample(plane, rows, columns), expected, atol=1e-6)


@given(st.floats(0, 10), st.floats(0.05, 10), st.integers(1, 8))
def test_every_cell_inside_the_plane_weighs_one(start, extent, cells):
    matrix = align_matrix(start, start + extent, cells, 20)
    assert matrix.shape == (cells, 20)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5)
    assert (matrix >= 0).all()


@given(st.integers(1, 30), st.data(), st.integers(1, 12))
def test_an_axis_leaves_out_what_no_sample_touches(size, data, cells):
    low = data.draw(st.floats(0, size - 0.05))
    high = data.draw(st.floats(low + 0.05, size))
    full, axis = align_matrix(low, high, cells, size), Axis.of(low, high, cells, size)
    padding = (0, 0), (axis.start, size - axis.stop)
    np.testing.assert_array_equal(np.pad(axis.weights, padding), full)
    assert axis.weights.flags.c_contiguous
    assert axis.stop - axis.start <= math.ceil(high - low) + 2


def test_cells_far_outside_the_plane_are_empty():
    assert not align_matrix(30, 40, 4, 20).any()


@given(st.floats(0, 50), st.floats(0.5, 50), st.integers(1, 40), st.integers(1, 60))
def test_projection_interpolates_between_the_centres_of_cells(start, extent, cells, count):
    stop = start + extent
    centres = start + (np.arange(cells) + 0.5) * extent / cells
    positions = np.linspace(start - 1, stop + 1, count)
    values = np.sin(np.arange(cells) * 2.0)
    matrix = project_matrix(start, stop, cells, positions)
    assert matrix.shape == (count, cells)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(matrix @ values, np.interp(positions, centres, values), atol=1e-3)


@pytest.mark.parametrize("shape", [(41, 41), (7, 5), (1, 1), (2, 90)])
def test_projection_into_a_whole_box_is_bilinear_resizing(shape):
    """OpenCV resizes with half-pixel centres too; its enlarging is the same interpolation."""
    logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    width, height = 97, 63
    rows = project_matrix(10, 10 + height, shape[0], np.arange(10, 10 + height) + 0.5)
    columns = project_matrix(20, 20 + width, shape[1], np.arange(20, 20 + width) + 0.5)
    expected = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(resample(logits, rows, columns), expected.reshape(height, width), atol=1e-4)


def test_projection_of_a_part_equals_the_part_of_the_projection():
    logits = np.random.default_rng(1).normal(size=(9, 9)).astype(np.float32)
    centres = np.arange(5, 45) + 0.5
    whole = resample(logits, *(project_matrix(5, 45, 9, centres),) * 2)
    part = resample(logits, project_matrix(5, 45, 9, centres[7:20]), project_matrix(5, 45, 9, centres[3:30]))
    np.testing.assert_allclose(part, whole[7:20, 3:30], atol=1e-6)
