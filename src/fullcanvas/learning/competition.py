"""Projection of logit maps onto the canvas, and the losses (sections 3.1 and 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fullcanvas.canvas.boxes import Box, smallest_box_area
from fullcanvas.canvas.sampling import project_matrix

_LEAST_WEIGHT = 1e-12
"""Far below the weight of any pixel, the inverse of a box's area."""


def project(logits: Tensor, boxes: Sequence[Box], height: int, width: int) -> Tensor:
    """Logit maps [N, M, M] on the canvas: [N, height, width], minus infinity outside each box."""
    cells = logits.shape[-1]
    ys, xs = np.arange(height) + 0.5, np.arange(width) + 0.5
    rows = np.stack([project_matrix(y0, y1, cells, ys) for _, y0, _, y1 in boxes])
    columns = np.stack([project_matrix(x0, x1, cells, xs) for x0, _, x1, _ in boxes])
    canvas = torch.from_numpy(rows).to(logits) @ logits @ torch.from_numpy(columns).to(logits).mT
    return canvas.masked_fill(~inside(boxes, height, width, logits.device), float("-inf"))


def inside(boxes: Sequence[Box], height: int, width: int, device: torch.device) -> Tensor:
    """Which pixels each box holds: bool [N, height, width]."""
    x0, y0, x1, y1 = torch.tensor(boxes, device=device).T[:, :, None]
    ys, xs = torch.arange(height, device=device), torch.arange(width, device=device)
    in_rows, in_columns = (y0 <= ys) & (ys < y1), (x0 <= xs) & (xs < x1)
    held: Tensor = in_rows[:, :, None] & in_columns[:, None, :]
    return held


def label_map(canvas: Tensor) -> NDArray[np.int32]:
    """The winner of every pixel: [N, H, W] -> int32 [H, W] of 1..N, 0 where there is no box."""
    best, index = canvas.max(0)
    winner = torch.where(torch.isfinite(best), index + 1, 0)
    return winner.cpu().numpy().astype(np.int32)


def pixel_wise_loss(canvas: Tensor, truth: NDArray[np.int32], boxes: Sequence[Box]) -> Tensor:
    """Cross entropy over regions, a pixel weighted by the inverse area of the smallest box that holds it.

    Void pixels and pixels outside their true region's box carry no loss (section 3.3, equation 3).

    Args:
        canvas: [N, H, W], projected logits.
        truth: int32 [H, W] of 0..N.
        boxes: N boxes in the canvas's pixels.

    Returns:
        A scalar: the weighted mean, or 0 (with gradients of 0) where no pixel counts.
    """
    counts, _, own = _counted(canvas, truth)
    areas = torch.from_numpy(smallest_box_area(boxes, *truth.shape)).to(canvas)
    weight = torch.where(counts, 1 / areas, 0)
    losses = torch.where(counts, canvas, 0).logsumexp(0) - torch.where(counts, own, 0)
    return (losses * weight).sum() / weight.sum().clamp_min(_LEAST_WEIGHT)


def overlap_loss(canvas: Tensor, truth: NDArray[np.int32]) -> Tensor:
    """One minus the mean IoU over regions, every pixel shared out among them by its probabilities.

    It is what is measured in the end, made smooth: a thin region counts as much as one that fills its box.

    Args:
        canvas: [N, H, W], projected logits.
        truth: int32 [H, W] of 0..N.

    Returns:
        A scalar in [0, 1]. The same pixels carry it as in `pixel_wise_loss`; a region that has none of them
        does not count.
    """
    counts, index, _ = _counted(canvas, truth)
    shares = torch.where(counts, canvas, 0).softmax(0) * counts
    whole = torch.zeros_like(shares).scatter_(0, index[None], counts[None].to(shares))
    size, common = whole.sum((1, 2)), (shares * whole).sum((1, 2))
    overlaps = common / (shares.sum((1, 2)) + size - common).clamp_min(_LEAST_WEIGHT)
    present = size > 0
    return ((1 - overlaps) * present).sum() / present.sum().clamp_min(1)


def _counted(canvas: Tensor, truth: NDArray[np.int32]) -> tuple[Tensor, Tensor, Tensor]:
    """Which pixels carry a loss, bool [H, W]; the index and the logit of the true region of each pixel.

    What does not count is masked, not left out: to pick single pixels takes longer, unless most are void.
    """
    target = torch.from_numpy(truth.astype(np.int64)).to(canvas.device)
    index = (target - 1).clamp_min(0)
    own = canvas.gather(0, index[None])[0]
    return (target > 0) & torch.isfinite(own), index, own


def mask_wise_loss(canvas: Tensor, truth: NDArray[np.int32], boxes: Sequence[Box]) -> Tensor:
    """Mask R-CNN's loss: binary cross entropy per region over its box, regions weighted equally.

    Arguments as in `pixel_wise_loss`; void pixels carry no loss.
    """
    target = torch.from_numpy(truth.astype(np.int64)).to(canvas.device)
    losses = []
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        known = target[y0:y1, x0:x1] > 0
        if known.any():
            wanted = (target[y0:y1, x0:x1] == index + 1)[known].to(canvas.dtype)
            losses.append(
                functional.binary_cross_entropy_with_logits(canvas[index, y0:y1, x0:x1][known], wanted)
            )
    return torch.stack(losses).mean() if losses else 0 * canvas[torch.isfinite(canvas)].sum()
