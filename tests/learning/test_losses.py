"""Projection and losses in torch, against loops and against the canvas room."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.canvas import competition as canvas_room
from fullcanvas.learning.competition import (
    label_map,
    mask_wise_loss,
    overlap_loss,
    pixel_wise_loss,
    project,
)

HEIGHT, WIDTH = 14, 18


@st.composite
def scenes(draw):
    """Boxes in a plane of 14 x 18 pixels, and a seed for logits and truth."""
    boxes = []
    for _ in range(draw(st.integers(1, 4))):
        x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
        boxes.append((x0, y0, draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT))))
    return boxes, draw(st.integers(0, 1000))


def logits_and_truth(boxes, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (len(boxes), 5, 5)).astype(np.float32)
    return logits, rng.integers(0, len(boxes) + 1, (HEIGHT, WIDTH)).astype(np.int32)


def canvas_in_numpy(boxes, logits):
    plane = canvas_room.Canvas(WIDTH, HEIGHT, WIDTH, HEIGHT)
    layers = [
        canvas_room.Layer(id_, box, each)
        for id_, (box, each) in enumerate(zip(boxes, logits, strict=True), 1)
    ]
    return plane, layers


@given(scenes())
def test_projection_is_the_canvas_rooms(scene):
    boxes, seed = scene
    logits, _ = logits_and_truth(boxes, seed)
    plane, layers = canvas_in_numpy(boxes, logits)
    expected = np.stack([canvas_room.project(layer, plane, plane.area) for layer in layers])
    ours = project(torch.from_numpy(logits), boxes, HEIGHT, WIDTH).numpy()
    np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(expected))
    inside = np.isfinite(expected)
    np.testing.assert_allclose(ours[inside], expected[inside], atol=1e-5)


@given(scenes())
def test_winners_are_the_canvas_rooms(scene):
    boxes, seed = scene
    logits, _ = logits_and_truth(boxes, seed)
    plane, layers = canvas_in_numpy(boxes, logits)
    ours = label_map(project(torch.from_numpy(logits), boxes, HEIGHT, WIDTH))
    np.testing.assert_array_equal(ours, canvas_room.Contest.of(layers, plane, plane.area).labels())


def slow_pixel_wise(canvas, truth, boxes):
    """Equation 3, pixel by pixel."""
    total = weights = 0.0
    for y in range(HEIGHT):
        for x in range(WIDTH):
            holding = [k for k, (x0, y0, x1, y1) in enumerate(boxes) if x0 <= x < x1 and y0 <= y < y1]
            own = truth[y, x] - 1
            if own not in holding:  # void, or outside the true region's box
                continue
            areas = [(boxes[k][2] - boxes[k][0]) * (boxes[k][3] - boxes[k][1]) for k in holding]
            odds = [math.exp(canvas[k, y, x]) for k in holding]
            total -= math.log(math.exp(canvas[own, y, x]) / sum(odds)) / min(areas)
            weights += 1 / min(areas)
    return total / weights if weights else 0.0


def slow_mask_wise(canvas, truth, boxes):
    """Mask R-CNN's loss, pixel by pixel: the mean over regions of the mean over their box."""
    means = []
    for k, (x0, y0, x1, y1) in enumerate(boxes):
        losses = []
        for y in range(y0, y1):
            for x in range(x0, x1):
                if truth[y, x] == 0:
                    continue
                probability = 1 / (1 + math.exp(-canvas[k, y, x]))
                losses.append(-math.log(probability if truth[y, x] == k + 1 else 1 - probability))
        if losses:
            means.append(sum(losses) / len(losses))
    return sum(means) / len(means) if means else 0.0


def slow_overlap(canvas, truth, boxes):
    """One minus the mean over regions of the IoU of probabilities, pixel by pixel."""
    common, either, sizes = ([0.0] * len(boxes) for _ in range(3))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            odds = [math.exp(logit) for logit in canvas[:, y, x]]
            own = truth[y, x] - 1
            if own < 0 or odds[own] == 0:
                continue
            sizes[own] += 1
            for k, each in enumerate(odds):
                share, true = each / sum(odds), float(k == own)
                common[k] += share * true
                either[k] += share + true - share * true
    ious = [part / whole for part, whole, size in zip(common, either, sizes, strict=True) if size]
    return 1 - sum(ious) / len(ious) if ious else 0.0


def overlap(canvas, truth, _boxes):
    return overlap_loss(canvas, truth)


@pytest.mark.parametrize(
    ("fast", "slow"),
    [(pixel_wise_loss, slow_pixel_wise), (mask_wise_loss, slow_mask_wise), (overlap, slow_overlap)],
)
@given(scene=scenes())
def test_losses_equal_their_definitions(fast, slow, scene):
    boxes, seed = scene
    logits, truth = logits_and_truth(boxes, seed)
    canvas = project(torch.from_numpy(logits).double(), boxes, HEIGHT, WIDTH)
    expected = slow(canvas.numpy(), truth, boxes)
    assert fast(canvas, truth, boxes).item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("loss", [pixel_wise_loss, mask_wise_loss, overlap])
def test_void_alone_costs_nothing(loss):
    logits, box = torch.ones(1, 5, 5, requires_grad=True), (0, 0, 4, 4)
    result = loss(project(logits, [box], HEIGHT, WIDTH), np.zeros((HEIGHT, WIDTH), np.int32), [box])
    assert result.item() == 0
    result.backward()
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("loss", [pixel_wise_loss, mask_wise_loss, overlap])
@given(scene=scenes())
def test_gradients_are_finite_where_boxes_end(loss, scene):
    boxes, seed = scene
    logits, truth = logits_and_truth(boxes, seed)
    leaf = torch.from_numpy(logits).requires_grad_()
    result = loss(project(leaf, boxes, HEIGHT, WIDTH), truth, boxes)
    result.backward()
    assert leaf.grad is not None
    assert torch.isfinite(leaf.grad).all()
