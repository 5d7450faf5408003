"""Error components: connected pixels of a true region that the prediction gave to another one, or to none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.simulation.overlap import LabelMap, confusion


@dataclass(frozen=True)
class ErrorComponent:
    """One mistake of a prediction.

    Attributes:
        region: the true region, which should gain these pixels.
        box: half-open (x0, y0, x1, y1), the component's tight box.
        mask: bool [y1 - y0, x1 - x0], its pixels inside the box.
        size: how many pixels it has.
        gains: by how much the IoU of each region grows if the component is corrected, by id: of the region
            itself, and of those which lose pixels they should not have.
    """

    region: int
    box: Box
    mask: NDArray[np.bool_]
    size: int
    gains: Mapping[int, float]

    @property
    def image_gain(self) -> float:
        """By how much the summed IoU of all regions grows."""
        return sum(self.gains.values())


def error_components(truth: LabelMap, prediction: LabelMap) -> list[ErrorComponent]:
    """All error components (8-connected), region by region.

    Args:
        truth: int32 [H, W], regions 1..N; 0 is void, which is neither right nor wrong.
        prediction: int32 [H, W], the same ids; 0 is unassigned, which is an error.

    Raises:
        ValueError: the shapes differ.
    """
    overlaps = confusion(truth, prediction, int(max(truth.max(initial=0), prediction.max(initial=0))))
    overlaps[0] = 0  # void
    wrong = np.where((truth != prediction) & (truth > 0), truth, 0)
    components: list[ErrorComponent] = []
    for region in np.unique(wrong[wrong > 0]).tolist():
        components += _components_of(region, wrong == region, prediction, overlaps)
    return components


def _components_of(
    region: int, wrong: NDArray[np.bool_], prediction: LabelMap, overlaps: NDArray[np.int64]
) -> list[ErrorComponent]:
    ys, xs = np.flatnonzero(wrong.any(1)), np.flatnonzero(wrong.any(0))
    top, left = int(ys[0]), int(xs[0])
    window = wrong[top : ys[-1] + 1, left : xs[-1] + 1]
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(window.astype(np.uint8), connectivity=8)
    found = []
    for index in range(1, count):
        x, y, width, height, size = (int(value) for value in stats[index])
        mask = labelled[y : y + height, x : x + width] == index
        box = (left + x, top + y, left + x + width, top + y + height)
        claimed = prediction[box[1] : box[3], box[0] : box[2]][mask]
        found.append(ErrorComponent(region, box, mask, size, _gains(region, claimed, overlaps)))
    return found


def _gains(region: int, claimed: NDArray[np.int32], overlaps: NDArray[np.int64]) -> dict[int, float]:
    """Of the region that should have had the pixels of `claimed`, and of those that claimed them."""
    hit, true, predicted = np.diagonal(overlaps), overlaps.sum(1), overlaps.sum(0)
    union = true + predicted - hit
    gains = {region: len(claimed) / float(union[region])}
    thieves, counts = np.unique(claimed, return_counts=True)
    for thief, count in zip(thieves.tolist(), counts.tolist(), strict=True):
        if thief > 0 and hit[thief] > 0:
            gains[thief] = float(hit[thief] / (union[thief] - count) - hit[thief] / union[thief])
    return gains
