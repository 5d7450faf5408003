"""The sampling matrices against torch's own RoIAlign and interpolation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torchvision.ops import roi_align

from fullcanvas.canvas.sampling import align_matrix, project_matrix
from fullcanvas.learning.network import align, align_maps
from tests.canvas.drawing import resample

HEIGHT, WIDTH = 24, 32


@st.composite
def boxes(draw):
    """Boxes in a plane of 24 x 32 pixels, fractions allowed, from slivers to the whole."""
    x0, y0 = draw(st.floats(-0.5, WIDTH - 1)), draw(st.floats(-0.5, HEIGHT - 1))
    return x0, y0, draw(st.floats(x0 + 0.1, WIDTH + 0.5)), draw(st.floats(y0 + 0.1, HEIGHT + 0.5))


@given(boxes(), st.integers(1, 41))
def test_alignment_equals_torchvisions(box, cells):
    x0, y0, x1, y1 = box
    for extent in (x1 - x0, y1 - y0):  # rounding decides about the number of samples in such boxes
        assume(abs(extent / cells - round(extent / cells)) > 1e-6)
    plane = np.random.default_rng(0).normal(size=(3, HEIGHT, WIDTH)).astype(np.float32)
    ours = resample(plane, align_matrix(y0, y1, cells, HEIGHT), align_matrix(x0, x1, cells, WIDTH))
    rois = torch.tensor([[0, x0, y0, x1, y1]], dtype=torch.float64)
    theirs = roi_align(torch.from_numpy(plane)[None].double(), rois, cells, sampling_ratio=-1, aligned=True)
    np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("cells", [1, 14, 28, 41])
@pytest.mark.parametrize("size", [(5, 9), (63, 97), (200, 30)])
def test_projection_equals_torchs_interpolation(cells, size):
    logits = np.random.default_rng(0).normal(size=(cells, cells)).astype(np.float32)
    height, width = size
    rows = project_matrix(0, height, cells, np.arange(height) + 0.5)
    columns = project_matrix(0, width, cells, np.arange(width) + 0.5)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(logits)[None, None].double(), size, mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(resample(logits, rows, columns), theirs[0, 0].numpy(), atol=1e-5)


@given(st.lists(boxes(), min_size=1, max_size=3), st.integers(1, 41))
def test_what_a_network_is_shown_is_aligned_so(boxes, cells):
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(3, HEIGHT, WIDTH)).astype(np.float32)
    maps = rng.integers(0, 2, (len(boxes), 2, HEIGHT, WIDTH)).astype(np.uint8)
    features = align(torch.from_numpy(embedding), np.array(boxes), cells).numpy()
    ink = align_maps(maps, boxes, cells)
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        rows, columns = align_matrix(y0, y1, cells, HEIGHT), align_matrix(x0, x1, cells, WIDTH)
        np.testing.assert_allclose(features[index], resample(embedding, rows, columns), atol=1e-4)
        np.testing.assert_allclose(ink[index], resample(maps[index], rows, columns), atol=1e-5)
