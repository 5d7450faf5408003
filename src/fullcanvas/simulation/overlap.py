"""How a label map overlaps with the truth: the confusion of regions, and their intersections over unions.

Prediction and truth use the same ids: region i of the prediction is meant to be region i of the truth. Void
pixels (0 in the truth) count for no region.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LabelMap = NDArray[np.int32]
BinaryMask = NDArray[np.bool_]
"""Pixels as an array, [H, W]; `annotation.Mask` holds them as run lengths."""


def confusion(truth: LabelMap, prediction: NDArray[np.integer], regions: int) -> NDArray[np.int64]:
    """How many pixels of each true region the prediction gave to which region.

    Args:
        truth: int32 [H, W], 0 is void.
        prediction: whole numbers [H, W], 0 is unassigned.
        regions: N, the number of true regions.

    Returns:
        int64 [N + 1, N + 1]; row 0 counts what was predicted on void.

    Raises:
        ValueError: the shapes differ, or an id is above N or below 0.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"the truth is {truth.shape}, the prediction {prediction.shape}")
    size = regions + 1
    for name, labels in (("truth", truth), ("prediction", prediction)):
        if labels.size and not 0 <= labels.min() <= labels.max() < size:
            raise ValueError(f"the {name} holds ids outside 0..{regions}")
    pairs = truth.ravel().astype(np.int64) * size + prediction.ravel()
    return np.bincount(pairs, minlength=size * size).reshape(size, size)


def region_ious(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """The IoU of each region 1..N, from `confusion`: float64 [N] in [0, 1].

    1 for a region that neither truth nor prediction holds, for both agree; 0 for one that only one of them
    holds.
    """
    known = table[1:]
    hit = np.diagonal(table)[1:]
    union = known.sum(1) + known[:, 1:].sum(0) - hit
    return np.where(union > 0, hit / np.maximum(union, 1), 1.0)
